//! What must hold of the world when a plan has been carried out, and what must never have been touched.

use std::collections::BTreeSet;

use super::look::Run;
use super::oracle::{external_id, marked_adopted, nobodys, ours, partition, record, speaks_of, trusted};
use super::scenes::Scene;
use super::world::{Deletes, World};
use crate::plan::{Decision, Goal, Plan, plan};
use crate::{Origin, Principal, RoleSeen, Step, UserSeen, With};

/// Whether a role or user may be changed at all in this scene.
fn open(scene: &Scene, with: With, name: &str, id: &str, tags: &std::collections::BTreeMap<String, String>) -> bool {
    let wanted = &scene.run.wanted;
    let record = record(scene).filter(|r| speaks_of(r, with, name, id, tags));
    let consented = wanted.adopt && wanted.with == with && name.eq_ignore_ascii_case(wanted.principal_name());
    let adopted_then = record.as_ref().is_some_and(|r| r.origin == Origin::Adopted);
    ours(wanted, tags) || (nobodys(tags) && (consented || adopted_then))
}

/// Everything that must stand in the end as it stood in the beginning.
pub(super) fn protected(scene: &Scene) -> (Vec<RoleSeen>, Vec<UserSeen>) {
    let roles = scene.world.roles.iter();
    let users = scene.world.users.iter();
    (
        roles.filter(|r| !open(scene, With::Role, r.name.as_str(), &r.unique_id, &r.tags)).cloned().collect(),
        users.filter(|u| !open(scene, With::Keys, u.name.as_str(), &u.unique_id, &u.tags)).cloned().collect(),
    )
}

/// The keys that stood before any run of ours, or that somebody has been given.
pub(super) fn protected_keys(scene: &Scene) -> BTreeSet<String> {
    let record = record(scene);
    let mut keys = BTreeSet::new();
    for user in &scene.world.users {
        let all = user.keys.iter().map(|k| k.id.to_string());
        let spoken =
            record.as_ref().filter(|r| speaks_of(r, With::Keys, user.name.as_str(), &user.unique_id, &user.tags));
        match spoken {
            Some(record) => keys.extend(record.prior_keys.iter().cloned()),
            None => keys.extend(all),
        }
    }
    keys
}

pub(super) fn touched(step: &Step) -> Option<Principal> {
    match step {
        Step::CreateRole { .. }
        | Step::CreateUser { .. }
        | Step::Claim { .. }
        | Step::Note { .. }
        | Step::ReadBack { .. }
        | Step::ProveKey { .. }
        | Step::ProveExternalId { .. }
        | Step::Import { .. }
        | Step::AwaitVisible { .. }
        | Step::AwaitDeletion { .. }
        | Step::HandOver { .. }
        | Step::Release { .. }
        | Step::SetMaintenance { .. } => None,
        Step::SetTrust { role, .. } | Step::SetRole { role, .. } | Step::DeleteRole { role } => {
            Some(Principal::Role(role.clone()))
        }
        Step::SetBoundary { principal, .. }
        | Step::Tag { principal, .. }
        | Step::Untag { principal, .. }
        | Step::Attach { principal, .. }
        | Step::Detach { principal, .. }
        | Step::DeleteInline { principal, .. } => Some(principal.clone()),
        Step::CreateKey { user }
        | Step::DeactivateKey { user, .. }
        | Step::DeleteKey { user, .. }
        | Step::DeleteUser { user } => Some(Principal::User(user.clone())),
    }
}

/// Plans and applies until there is nothing more to tidy up first; gives the last plan.
pub(super) fn drive(run: &Run, goal: Goal, world: &mut World) -> Result<Plan, Decision> {
    for _ in 0..4 {
        let decision = run.look(world, false, |s| plan(goal, s));
        let Decision::Go(plan) = decision else { return Err(decision) };
        if let Err(error) = run.apply(world, &plan.steps) {
            panic!("{error}\nof the plan {:#?}\nin {world:#?}", plan.steps);
        }
        if !plan.then_again {
            return Ok(plan);
        }
    }
    panic!("it tidies up for ever: {world:#?}");
}

/// What is not as it must be after `apply` or `bootstrap` of a scene whose account was not in Turbot.
pub(super) fn amiss(scene: &Scene, plan: &Plan, after: &World) -> Vec<String> {
    let wanted = &scene.run.wanted;
    let mut amiss = vec![];
    let mut check = |fine: bool, what: &str| {
        if !fine {
            amiss.push(what.to_owned());
        }
    };
    let there = after.accounts.iter().any(|a| a.id.as_deref() == Some(wanted.turbot_id.as_str()));
    let posts = after.posts - scene.world.posts;
    let gone = match scene.goal {
        Goal::Apply => {
            check(there && posts == 1, "the import was not sent exactly once");
            check(after.journals.is_empty(), "a journal is left");
            plan.delete_credential && after.deletes != Deletes::Never
        }
        Goal::Bootstrap => {
            check(!there && posts == 0, "bootstrap sent an import");
            let handed = after.journals.last().and_then(|j| j.record.as_ref()).is_some_and(|r| r.handed_over.is_some());
            check(handed, "the journal does not say that it was handed over");
            false
        }
    };
    match wanted.with {
        With::Role => match after.find_role(wanted.role_name.as_str()) {
            None => check(gone, "there is no role"),
            Some(_) if gone => check(false, "the role is left"),
            Some(role) => amiss.extend(role_amiss(scene, role)),
        },
        With::Keys => match after.find_user(wanted.user_name.as_str()) {
            None => check(gone, "there is no user"),
            Some(user) if gone => {
                let adopted = scene
                    .world
                    .find_user(wanted.user_name.as_str())
                    .is_some_and(|u| !ours(wanted, &u.tags) || marked_adopted(&user.tags));
                // What somebody gave it meanwhile is theirs: then it is not empty, and stays with a warning.
                let somebodys = !user.inline.is_empty();
                check(adopted || somebodys, "the empty user is left");
                check(!somebodys || !plan.warnings.is_empty(), "the user stays and nobody is told");
                check(user.keys.iter().all(|k| !after.given.contains(&k.id)), "the key given to Turbot is left");
            }
            Some(user) => {
                amiss.extend(user_amiss(scene, user));
                if !after.given.iter().any(|g| user.keys.iter().any(|k| k.id == *g && k.active)) {
                    amiss.push("the key that was given is not there".into());
                }
            }
        },
    }
    amiss
}

/// What is not as wanted in a role that is to be used.
pub(super) fn role_amiss(scene: &Scene, role: &RoleSeen) -> Vec<String> {
    let wanted = &scene.run.wanted;
    let adopted = marked_adopted(&role.tags);
    let mut amiss = vec![];
    let external_id = external_id(scene);
    let own = partition(scene);
    let exact = Some((own.as_str(), wanted.master_account_id.as_str(), external_id.as_str()));
    if trusted(&role.trust) != exact {
        amiss.push(format!("the trust policy is {}", role.trust));
    }
    if !adopted {
        let stands = (&role.description, role.max_session_duration, &role.boundary);
        if stands != (&wanted.role_description, wanted.max_session_duration, &wanted.permissions_boundary) {
            amiss.push(format!("the role is {role:?}"));
        }
    }
    amiss.extend(common_amiss(scene, &role.attached, &role.tags));
    amiss
}

pub(super) fn user_amiss(scene: &Scene, user: &UserSeen) -> Vec<String> {
    let mut amiss = common_amiss(scene, &user.attached, &user.tags);
    if !marked_adopted(&user.tags) && user.boundary != scene.run.wanted.permissions_boundary {
        amiss.push(format!("the user is {user:?}"));
    }
    amiss
}

fn common_amiss(
    scene: &Scene,
    attached: &[crate::PolicyArn],
    tags: &std::collections::BTreeMap<String, String>,
) -> Vec<String> {
    let wanted = &scene.run.wanted;
    let mut amiss = vec![];
    if !wanted.policies_in(&partition(scene)).iter().all(|p| attached.contains(p)) {
        amiss.push(format!("the policies are {attached:?}"));
    }
    if !wanted.ownership_tags().iter().all(|(k, v)| tags.get(k) == Some(v)) {
        amiss.push(format!("the tags are {tags:?}"));
    }
    let set = |k: &String, v: &String| tags.get(k) == Some(v);
    let present = |k: &String| tags.keys().any(|t| t.to_lowercase() == k.to_lowercase());
    // An owner's own tag keeps its value; every other is as wanted.
    if !wanted.tags.iter().all(|(k, v)| set(k, v) || (marked_adopted(tags) && present(k))) {
        amiss.push(format!("the tags {:?} are {tags:?}", wanted.tags));
    }
    amiss
}
