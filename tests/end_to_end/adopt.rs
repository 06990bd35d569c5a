//! What this tool did not make: left alone, or adopted by name; and given back exactly as it was.

use onboard_sandbox::{Editable, Fault, Moment, What};
use serde_json::json;

use crate::harness::{NAME, World};
use crate::scene::{ADMINISTRATOR, READ_ONLY, Untouched, ended, role_tag, trust};

/// A role of that name with a life of its own.
pub fn foreign_role(world: &World) {
    let cloud = world.sandbox.cloud();
    cloud.create_role_unchecked(&world.account, NAME, "/", &trust("012345678901", None), &[READ_ONLY]).unwrap();
    cloud.edit_role(&world.account, NAME, own_life);
}

/// A user of that name with a life and a key of its own; the key's id.
pub fn foreign_user(world: &World) -> String {
    let cloud = world.sandbox.cloud();
    cloud.create_user_unchecked(&world.account, NAME, "/", &[READ_ONLY]);
    cloud.edit_user(&world.account, NAME, own_life);
    let key = cloud.add_key(&world.account, NAME);
    world.secrets.lock().unwrap().add(&key.secret_access_key);
    key.access_key_id
}

fn own_life(it: &mut Editable) {
    it.tags = vec![("team".into(), "data".into()), ("owner".into(), "ada".into())];
    it.description = Some("theirs".into());
    it.max_session_duration = 14_400;
}

pub fn refuse_the_import(world: &World) {
    let body = json!({"code": "UnprocessableEntity", "message": "no such title"}).to_string();
    world.sandbox.add_fault(Fault::new("turbot:POST /accounts", What::Status { code: 422, body }));
}

#[test]
fn what_is_not_ours_is_refused_unless_it_is_adopted_by_name() {
    for with in ["role", "keys"] {
        let world = World::new();
        if with == "role" {
            foreign_role(&world);
        } else {
            foreign_user(&world);
        }
        let untouched = Untouched::from_here(&world);
        for verb in ["plan", "apply", "bootstrap"] {
            let more: &[&str] = if verb == "bootstrap" { &["--handoff", "h.json"] } else { &[] };
            let run = world.verb(verb, &[&["--with", with], more].concat());
            let account = ended(run, 3, "refused", "not-ours");
            assert!(account["error"]["hint"].as_str().unwrap().contains("--adopt"), "{account:#}");
        }
        // The plan that would adopt it changes nothing either.
        world.verb("plan", &["--with", with, "--adopt", "--detailed-exitcode"]).exits(8);
        ended(world.verb("cleanup", &[]), 0, "unchanged", "");
        untouched.never_touched();
    }
}

#[test]
fn an_adopted_role_is_imported_kept_and_marked() {
    let world = World::new();
    foreign_role(&world);
    let before = world.sandbox.cloud().role(&world.account, NAME).unwrap();
    let account = ended(world.verb("apply", &["--adopt"]), 0, "imported", "");
    assert_eq!(account["leftovers"], json!([]), "{account:#}");
    let role = world.sandbox.cloud().role(&world.account, NAME).unwrap();
    // Not deleted, although that is the default for what is made; its own words and tags stay.
    assert_eq!(role.unique_id, before.unique_id);
    assert_eq!((&role.description, role.max_session_duration), (&before.description, 14_400));
    assert_eq!(role.attached, [READ_ONLY, ADMINISTRATOR]);
    assert_eq!(role_tag(&world, "team").as_deref(), Some("data"));
    assert_eq!(role_tag(&world, "turbot-onboard:adopted").as_deref(), Some("true"));
    assert!(role.trust.contains(account["external_id"].as_str().unwrap()));

    let untouched = Untouched::from_here(&world);
    ended(world.verb("apply", &[]), 0, "already-imported", "");
    ended(world.verb("verify", &[]), 0, "matches", "");
    untouched.never_touched();

    // Cleanup takes back what was added, and never the role.
    let account = ended(world.verb("cleanup", &[]), 0, "done", "");
    let role = world.sandbox.cloud().role(&world.account, NAME).unwrap();
    assert_eq!((&role.attached, &role.tags), (&before.attached, &before.tags));
    assert_eq!(account["leftovers"], json!([]), "{account:#}");
    assert!(account["warnings"].to_string().contains("trust policy"), "{account:#}");
}

#[test]
fn an_adopted_user_keeps_its_own_key() {
    let world = World::new();
    let own = foreign_user(&world);
    let before = world.sandbox.cloud().user(&world.account, NAME).unwrap();
    let account = ended(world.verb("apply", &["--with", "keys", "--adopt"]), 0, "imported", "");
    let keys = |world: &World| {
        let user = world.sandbox.cloud().user(&world.account, NAME).unwrap();
        user.access_keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    let made = account["access_key_id"].as_str().unwrap().to_owned();
    let (mut both, seen) = (vec![own.clone(), made], keys(&world));
    both.sort();
    assert_eq!(seen.iter().collect::<std::collections::BTreeSet<_>>(), both.iter().collect());
    ended(world.verb("cleanup", &[]), 0, "done", "");
    assert_eq!(keys(&world), [own]);
    let user = world.sandbox.cloud().user(&world.account, NAME).unwrap();
    assert_eq!((user.attached, user.tags), (before.attached, before.tags));
}

#[test]
fn an_adopted_credential_goes_only_if_that_is_asked_for() {
    let world = World::new();
    let own = foreign_user(&world);
    let more = ["--with", "keys", "--adopt", "--delete-credential", "true"];
    ended(world.verb("apply", &more), 0, "imported", "");
    let user = world.sandbox.cloud().user(&world.account, NAME).expect("an adopted user is never deleted");
    assert_eq!(user.access_keys.iter().map(|k| &k.id).collect::<Vec<_>>(), [&own]);
}

#[test]
fn a_refusal_gives_an_adopted_role_or_user_back_exactly() {
    for with in ["role", "keys"] {
        let world = World::new();
        if with == "role" {
            foreign_role(&world);
        } else {
            foreign_user(&world);
        }
        let untouched = Untouched::from_here(&world);
        refuse_the_import(&world);
        let account = ended(world.verb("apply", &["--with", with, "--adopt"]), 5, "refused", "turbot-refused");
        assert!(account["undo_error"].is_null(), "{account:#}");
        untouched.restored();
        // Nothing of it is left to be resumed: the same command without the fault begins anew.
        ended(world.verb("apply", &["--with", with, "--adopt"]), 0, "imported", "");
    }
}

#[test]
fn a_failure_at_any_step_gives_it_back() {
    let denied = || What::AccessDenied { policy: onboard_sandbox::PolicyKind::ServiceControl, arn: None };
    for (with, call) in [
        ("role", "iam:UpdateAssumeRolePolicy"),
        ("role", "iam:TagRole"),
        ("role", "iam:AttachRolePolicy"),
        ("keys", "iam:TagUser"),
        ("keys", "iam:AttachUserPolicy"),
        ("keys", "iam:CreateAccessKey"),
    ] {
        let world = World::new();
        if with == "role" {
            foreign_role(&world);
        } else {
            foreign_user(&world);
        }
        let untouched = Untouched::from_here(&world);
        world.sandbox.add_fault(Fault::new(call, denied()));
        ended(world.verb("apply", &["--with", with, "--adopt"]), 4, "failed", "denied");
        untouched.restored();
    }
}

#[test]
fn a_killed_adoption_is_given_back_by_the_next_run_that_is_refused() {
    for call in ["iam:CreatePolicy", "iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:AttachRolePolicy"] {
        for moment in [Moment::Before, Moment::AfterEffect] {
            let mut world = World::new();
            world.set("lease", "1s");
            foreign_role(&world);
            let untouched = Untouched::from_here(&world);
            let held = world.script().hold(call, moment, 1);
            let run = world.start_verb("apply", &["--adopt"]);
            held.reached();
            run.kill(&world);
            held.release();
            refuse_the_import(&world);
            ended(world.verb("apply", &["--adopt"]), 5, "refused", "turbot-refused");
            untouched.restored();
        }
    }
}

#[test]
fn a_boundary_of_theirs_is_not_replaced() {
    let world = World::new();
    foreign_role(&world);
    let untouched = Untouched::from_here(&world);
    let more = ["--adopt", "--permissions-boundary", ADMINISTRATOR];
    ended(world.verb("apply", &more), 3, "refused", "cannot-converge");
    untouched.never_touched();
}

#[test]
fn a_user_with_two_keys_has_no_room_for_a_third() {
    let world = World::new();
    foreign_user(&world);
    let second = world.sandbox.cloud().add_key(&world.account, NAME);
    world.secrets.lock().unwrap().add(&second.secret_access_key);
    let untouched = Untouched::from_here(&world);
    ended(world.verb("apply", &["--with", "keys", "--adopt"]), 3, "refused", "cannot-converge");
    untouched.never_touched();
}
