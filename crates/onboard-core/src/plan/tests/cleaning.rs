//! `cleanup`: nothing of ours is left, everything else stands, and the second time there is nothing to do.

use proptest::prelude::*;

use super::cases;
use super::facts::{drive, touched};
use super::oracle::{marked_adopted, nobodys, ours, record, speaks_of};
use super::scenes::{Scene, any_scene, calm_scene};
use super::world::World;
use crate::plan::{Decision, Goal, Plan, cleanup, plan};
use crate::{Origin, Principal, Step, With};

fn planned(scene: &Scene) -> Option<Plan> {
    match scene.run.look(&scene.world, true, cleanup) {
        Decision::Go(plan) => Some(plan),
        Decision::Wait(_) | Decision::Stop(_) => None,
    }
}

/// Roles and users that cleanup may not touch: not ours by their tags, nor adopted by an unfinished run.
fn foreign(scene: &Scene, with: With, name: &str, id: &str, tags: &std::collections::BTreeMap<String, String>) -> bool {
    let adopting = record(scene)
        .is_some_and(|r| r.origin == Origin::Adopted && speaks_of(&r, with, name, id, tags) && nobodys(tags));
    !ours(&scene.run.wanted, tags) && !adopting
}

fn of_ours(world: &World, scene: &Scene) -> usize {
    let wanted = &scene.run.wanted;
    world.roles.iter().filter(|r| ours(wanted, &r.tags)).count()
        + world.users.iter().filter(|u| ours(wanted, &u.tags)).count()
        + world.journals.len()
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn nothing_of_ours_is_left_and_everything_else_is(scene in any_scene()) {
        let Some(plan) = planned(&scene) else { return Ok(()) };
        let mut world = scene.world.clone();
        scene.run.apply(&mut world, &plan.steps).map_err(TestCaseError::fail)?;
        prop_assert_eq!(of_ours(&world, &scene), 0, "{:#?}", plan.steps);
        prop_assert_eq!(world.posts, 0);
        for role in &scene.world.roles {
            let now = world.find_role(role.name.as_str());
            let named = |s: &Step| touched(s) == Some(Principal::Role(role.name.clone()));
            if foreign(&scene, With::Role, role.name.as_str(), &role.unique_id, &role.tags) {
                prop_assert_eq!(now, Some(role));
                prop_assert!(!plan.steps.iter().any(named));
            } else if marked_adopted(&role.tags) {
                prop_assert!(now.is_some(), "an adopted role is gone");
            }
        }
        for user in &scene.world.users {
            let now = world.find_user(user.name.as_str());
            if foreign(&scene, With::Keys, user.name.as_str(), &user.unique_id, &user.tags) {
                prop_assert_eq!(now, Some(user));
            } else if marked_adopted(&user.tags) {
                let now = now.expect("an adopted user is gone");
                let prior = user.tags.get("turbot-onboard:prior-keys").cloned().unwrap_or_default();
                let kept = |id: &str| prior.split(' ').any(|p| p == id);
                prop_assert!(user.keys.iter().filter(|k| kept(k.id.as_str())).all(|k| now.keys.contains(k)));
            }
        }
        let mut later = Scene { world, ..scene };
        later.run = later.run.next("next-run");
        let again = planned(&later).expect("the second time it does not go");
        prop_assert_eq!(again.steps, vec![]);
    }

    /// Whatever a run began, or brought to its end: cleanup leaves the account as it was before.
    #[test]
    fn cleanup_after_anything_leaves_what_was(scene in calm_scene(), n in 0usize..64, again in any::<bool>()) {
        let mut world = scene.world.clone();
        let wanted = &scene.run.wanted;
        let stood = world.roles.iter().any(|r| ours(wanted, &r.tags)) || world.users.iter().any(|u| ours(wanted, &u.tags));
        let other = |tags| !ours(wanted, tags) && !nobodys(tags);
        if stood || world.roles.iter().any(|r| other(&r.tags)) || world.users.iter().any(|u| other(&u.tags)) {
            return Ok(());
        }
        let Decision::Go(plan) = scene.run.look(&world, false, |s| plan(scene.goal, s)) else { return Ok(()) };
        let n = n % (plan.steps.len() + 1);
        scene.run.apply(&mut world, &plan.steps[..n]).unwrap();
        world.killed();
        world.pass(3600);
        let released = world.journals.is_empty();
        let next = scene.run.next("next-run");
        // Perhaps once more, with another policy: what is attached later is ours as well.
        if again && released && scene.goal == Goal::Apply {
            let mut more = next.clone();
            more.wanted.adopt = false;
            more.wanted.policies = vec![world.caller.partition().managed_policy("PowerUserAccess")];
            drop(drive(&more, Goal::Apply, &mut world));
            world.killed();
            world.pass(3600);
        }
        let cleaner = next.next("cleaning-run");
        let decision = cleaner.look(&world, true, cleanup);
        let Decision::Go(plan) = decision else { return Err(TestCaseError::fail(format!("{decision:#?}"))) };
        cleaner.apply(&mut world, &plan.steps).map_err(TestCaseError::fail)?;
        prop_assert!(world.journals.is_empty());
        for role in &scene.world.roles {
            let Some(now) = world.find_role(role.name.as_str()) else {
                // Turbot was asked to delete it, and did.
                prop_assert!(wanted.delete_credential == Some(true), "{:#?}", plan.steps);
                continue;
            };
            let mut now = now.clone();
            if released {
                // The old trust policy went with the journal; cleanup says so.
                now.trust.clone_from(&role.trust);
            }
            prop_assert_eq!(&now, role, "{:#?}", plan.steps);
        }
        for user in &scene.world.users {
            prop_assert_eq!(world.find_user(user.name.as_str()), Some(user), "{:#?}", plan.steps);
        }
        let counts = (world.roles.len() <= scene.world.roles.len(), world.users.len() <= scene.world.users.len());
        prop_assert_eq!(counts, (true, true));
    }
}
