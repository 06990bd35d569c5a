//! Cleanup removes what this tool made, gives back what it adopted, and touches nothing else.

use onboard_sandbox::{Blocker, Fault, Moment, PolicyKind, What};
use serde_json::json;

use crate::harness::{NAME, World};
use crate::scene::{ADMINISTRATOR, BOTH, READ_ONLY, Untouched, ended, imported_and_kept, kept_and_gone_from_turbot};

#[test]
fn nothing_there_is_success() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    let account = ended(world.verb("cleanup", &[]), 0, "unchanged", "");
    assert_eq!(account["leftovers"], json!([]));
    untouched.never_touched();
}

#[test]
fn what_was_made_goes_with_everything_on_it() {
    for with in BOTH {
        let world = World::new();
        let untouched = Untouched::from_here(&world);
        imported_and_kept(&world, with, &["--policy-arn", ADMINISTRATOR, "--policy-arn", READ_ONLY]);
        let account = ended(world.verb("cleanup", &["--with", with]), 0, "done", "");
        assert_eq!(account["leftovers"], json!([]), "{account:#}");
        assert!(account["warnings"].to_string().contains("stays in Turbot"), "{account:#}");
        assert_eq!(world.left(), Vec::<String>::new());
        assert!(world.sandbox.cloud().access_keys(&world.account).iter().all(|k| k.user.as_deref() != Some(NAME)));
        // Turbot's own role, which it made by the import, is none of ours.
        assert!(world.sandbox.cloud().role(&world.account, "turbot_superuser").is_some());
        assert!(world.sandbox.cloud().delete_role_force(&world.account, "turbot_superuser"));
        untouched.restored();
    }
}

#[test]
fn both_kinds_go_whichever_is_named() {
    let world = World::new();
    imported_and_kept(&world, "role", &[]);
    world.sandbox.turbot().remove_account("aab");
    imported_and_kept(&world, "keys", &[]);
    assert_eq!(world.left().len(), 2);
    ended(world.verb("cleanup", &[]), 0, "done", "");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn what_a_killed_run_left_goes() {
    for (with, call) in [
        ("role", "iam:CreatePolicy"),
        ("role", "iam:CreateRole"),
        ("role", "iam:AttachRolePolicy"),
        ("keys", "iam:CreateUser"),
        ("keys", "iam:CreateAccessKey"),
    ] {
        let mut world = World::new();
        world.set("lease", "1s");
        let untouched = Untouched::from_here(&world);
        let held = world.script().hold(call, Moment::AfterEffect, 1);
        let run = world.start_verb("apply", &["--with", with]);
        held.reached();
        run.kill(&world);
        held.release();
        // The dead run's claim is respected for the lease; the person at the keyboard knows better.
        ended(world.verb("cleanup", &["--take-over"]), 0, "done", "");
        untouched.restored();
    }
}

#[test]
fn foreign_things_of_that_name_are_not_touched() {
    for with in BOTH {
        let world = World::new();
        let cloud = world.sandbox.cloud();
        if with == "role" {
            let trust = crate::scene::trust("210987654321", Some("x"));
            cloud.create_role_unchecked(&world.account, NAME, "/", &trust, &[READ_ONLY]).unwrap();
        } else {
            cloud.create_user_unchecked(&world.account, NAME, "/", &[READ_ONLY]);
        }
        let untouched = Untouched::from_here(&world);
        let account = ended(world.verb("cleanup", &[]), 0, "unchanged", "");
        assert!(account["warnings"].to_string().contains("is not touched"), "{account:#}");
        untouched.never_touched();
    }
}

#[test]
fn a_user_that_somebody_else_uses_stays() {
    for blocker in [Blocker::MfaDevice, Blocker::SshKey, Blocker::ServiceCredential, Blocker::SigningCertificate] {
        let world = World::new();
        kept_and_gone_from_turbot(&world, "keys");
        world.sandbox.cloud().add_blocker(&world.account, NAME, blocker);
        let untouched = Untouched::from_here(&world);
        ended(world.verb("cleanup", &[]), 3, "refused", "not-ours");
        untouched.never_touched();
    }
}

#[test]
fn what_cannot_be_removed_is_named_with_what_removes_it() {
    let world = World::new();
    imported_and_kept(&world, "role", &[]);
    let denied = What::AccessDenied { policy: PolicyKind::ServiceControl, arn: None };
    world.sandbox.add_fault(Fault::new("iam:DeleteRole", denied).times(0));
    let account = ended(world.verb("cleanup", &[]), 4, "failed", "denied");
    let left = account["leftovers"].as_array().unwrap();
    let role = left.iter().find(|l| l["kind"] == "role").unwrap_or_else(|| panic!("{account:#}"));
    assert!(role["id"].as_str().unwrap().ends_with(&format!("role/{NAME}")));
    assert!(role["remove_with"].as_str().unwrap().starts_with("turbot-onboard cleanup"));
    // Nothing that Turbot might need was given back: what is left is inert, and the next run takes it from there.
    world.sandbox.clear_faults();
    ended(world.verb("cleanup", &[]), 0, "done", "");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn lost_answers_of_removals_do_not_matter() {
    for (with, call) in [
        ("role", "iam:DetachRolePolicy"),
        ("role", "iam:DeleteRole"),
        ("role", "iam:DeletePolicy"),
        ("keys", "iam:UpdateAccessKey"),
        ("keys", "iam:DeleteAccessKey"),
        ("keys", "iam:DeleteUser"),
    ] {
        for what in [What::Reset, What::InternalError, What::Truncated] {
            let world = World::new();
            imported_and_kept(&world, with, &[]);
            world.sandbox.add_fault(Fault::new(call, what.clone()).after());
            let run = world.verb("cleanup", &[]);
            assert_eq!((run.code, world.left()), (0, vec![]), "{call} {what:?}: {}", run.said());
        }
    }
}

#[test]
fn consent_is_asked_for_only_if_there_is_something() {
    let world = World::new();
    let bare = ["cleanup", "--account-id", &world.account, "--turbot-id", "aab", "--output", "json"];
    ended(world.run(&bare), 0, "unchanged", "");
    imported_and_kept(&world, "role", &[]);
    let untouched = Untouched::from_here(&world);
    ended(world.run(&bare), 2, "refused", "needs-consent");
    untouched.never_touched();
}

#[test]
fn without_turbots_keys_too() {
    let mut world = World::new();
    imported_and_kept(&world, "role", &[]);
    for name in ["TURBOT_ACCESS_KEY", "TURBOT_SECRET_KEY", "TURBOT_URL"] {
        world.environment.remove(name);
    }
    ended(world.verb("cleanup", &[]), 0, "done", "");
    assert_eq!(world.left(), Vec::<String>::new());
}
