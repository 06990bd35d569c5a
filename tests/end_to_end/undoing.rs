//! What this run did is taken back by what it knows of it, however old the looks are; and what nobody can tell whose it
//! is by now is named.

use std::time::Duration;

use onboard_sandbox::{Consistency, Fault, Moment, PolicyKind, What};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::adopt::{foreign_role, foreign_user, refuse_the_import};
use crate::harness::{NAME, World};
use crate::scene::{BOTH, Untouched, ended, kept_and_gone_from_turbot};

/// From now on reads show what stood this long ago.
fn reads_lag(world: &World, lag: Duration) {
    world.sandbox.cloud().set_consistency(Consistency { stale_reads: lag, ..Consistency::default() });
}

/// Somebody interrupts the run when this call has had its effect.
fn interrupted_after(world: &World, call: &str, more: &[&str]) -> Value {
    let held = world.script().hold(call, Moment::AfterEffect, 1);
    let run = world.start_verb("apply", more);
    held.reached();
    run.signal(Signal::INT);
    held.release();
    ended(run.finish(world), 130, "interrupted", "interrupted")
}

fn strip_tags(world: &World, with: &str) {
    let cloud = world.sandbox.cloud();
    if with == "role" {
        cloud.edit_role(&world.account, NAME, |role| role.tags.clear());
    } else {
        cloud.edit_user(&world.account, NAME, |user| user.tags.clear());
    }
}

#[test]
fn somebodys_own_is_given_back_whatever_reads_show() {
    let lag = Duration::from_millis(1300);
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
        reads_lag(&world, lag);
        let account = interrupted_after(&world, call, &["--with", with, "--adopt"]);
        assert!(account["undo_error"].is_null(), "{call}: {account:#}");
        untouched.restored();
    }
    // A step that AWS refuses ends it the same way.
    let world = World::new();
    foreign_role(&world);
    let untouched = Untouched::from_here(&world);
    reads_lag(&world, lag);
    let denied = What::AccessDenied { policy: PolicyKind::ServiceControl, arn: None };
    world.sandbox.add_fault(Fault::new("iam:TagRole", denied).times(0));
    let account = ended(world.verb("apply", &["--adopt"]), 4, "failed", "denied");
    assert!(account["undo_error"].is_null(), "{account:#}");
    untouched.restored();
}

#[test]
fn a_new_key_that_no_list_shows_goes() {
    let world = World::new();
    // A user of ours that stood, without a key.
    kept_and_gone_from_turbot(&world, "keys");
    for key in world.sandbox.cloud().user(&world.account, NAME).unwrap().access_keys {
        world.sandbox.cloud().delete_access_key_force(&key.id);
    }
    let untouched = Untouched::from_here(&world);
    reads_lag(&world, Duration::from_secs(2));
    let account = interrupted_after(&world, "iam:CreateAccessKey", &["--with", "keys"]);
    assert!(account["undo_error"].is_null(), "{account:#}");
    untouched.restored();
}

#[test]
fn a_conflict_is_waited_out_although_somebody_asked_to_stop() {
    for (with, call, delete) in
        [("role", "iam:AttachRolePolicy", "iam:DeleteRole"), ("keys", "iam:CreateAccessKey", "iam:DeleteUser")]
    {
        let world = World::new();
        let untouched = Untouched::from_here(&world);
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot delete entity, \
                    must detach all policies first.</Message></Error><RequestId>r</RequestId></ErrorResponse>";
        let conflict = What::Status { code: 409, body: body.into() };
        world.sandbox.add_fault(Fault::new(delete, conflict).times(12));
        let account = interrupted_after(&world, call, &["--with", with]);
        assert!(account["undo_error"].is_null(), "{account:#}");
        untouched.restored();
    }
}

#[test]
fn what_this_run_made_goes_although_its_tags_are_gone() {
    for (with, call) in [("role", "iam:AttachRolePolicy"), ("keys", "iam:CreateAccessKey")] {
        let world = World::new();
        let untouched = Untouched::from_here(&world);
        let held = world.script().hold(call, Moment::AfterEffect, 1);
        refuse_the_import(&world);
        let run = world.start_verb("apply", &["--with", with]);
        held.reached();
        strip_tags(&world, with);
        held.release();
        let account = ended(run.finish(&world), 5, "refused", "turbot-refused");
        assert!(account["undo_error"].is_null(), "{account:#}");
        assert!(account["error"]["hint"].as_str().unwrap().contains("has been taken back"), "{account:#}");
        untouched.restored();
    }
}

/// Where only the journal says that it is ours, nothing is deleted, and nothing is forgotten.
#[test]
fn what_an_earlier_run_made_and_carries_no_tags_is_named() {
    for (with, call, other) in [("role", "iam:AttachRolePolicy", "keys"), ("keys", "iam:CreateAccessKey", "role")] {
        let mut world = World::new();
        world.set("lease", "1s");
        let held = world.script().hold(call, Moment::AfterEffect, 1);
        let run = world.start_verb("apply", &["--with", with]);
        held.reached();
        run.kill(&world);
        held.release();
        strip_tags(&world, with);
        let before = world.left();
        assert_eq!(before.len(), 2, "{before:?}");
        for (verb, more) in [("cleanup", &[][..]), ("apply", &["--with", other][..])] {
            let account = ended(world.verb(verb, more), 3, "refused", "not-ours");
            assert!(account["error"]["message"].as_str().unwrap().contains("unique id"), "{account:#}");
            assert!(account["leftovers"].to_string().contains("journal"), "{account:#}");
            assert_eq!(world.left(), before, "nothing is deleted, and the journal stays");
        }
        let tags = [("turbot-id", "aab"), ("cluster", "urn:turbot:mhe")];
        let tags = tags.map(|(key, value)| (format!("turbot-onboard:{key}"), value.to_owned())).to_vec();
        if with == "role" {
            world.sandbox.cloud().edit_role(&world.account, NAME, |role| role.tags = tags);
        } else {
            world.sandbox.cloud().edit_user(&world.account, NAME, |user| user.tags = tags);
        }
        ended(world.verb("cleanup", &[]), 0, "done", "");
        assert_eq!(world.left(), Vec::<String>::new());
    }
}

#[test]
fn cleanup_does_not_take_one_stale_look_for_the_end() {
    // What was handed over, and what Turbot has accepted.
    for accepted in [false, true] {
        let world = World::new();
        let untouched = Untouched::from_here(&world);
        if accepted {
            world.sandbox.turbot().change(|turbot| {
                turbot.visible_after = Duration::from_secs(600);
                turbot.delete = onboard_sandbox::Deletion::AfterVisible { after: Duration::from_secs(60) };
            });
            ended(world.verb("apply", &["--visibility", "100ms"]), 6, "pending", "not-visible");
        } else {
            let file = world.path("handoff.json").display().to_string();
            world.secrets.lock().unwrap().allow_file(&world.path("handoff.json"));
            ended(world.verb("bootstrap", &["--handoff", &file]), 0, "done", "");
        }
        let from = world.sandbox.log().len();
        assert_eq!(world.left().len(), 2);
        // The look that the plan is made of shows it; the next, under the claim, does not.
        for call in ["iam:GetRole", "iam:ListAttachedRolePolicies"] {
            world.sandbox.add_fault(Fault::new(call, What::NotFound).nth(2));
        }
        ended(world.verb("cleanup", &[]), 0, "done", "");
        assert!(world.calls_since(from).iter().any(|call| call.call.name == "iam:DeleteRole"));
        assert_eq!(world.left(), Vec::<String>::new(), "accepted: {accepted}");
        if !accepted {
            untouched.restored();
        }
    }
}

#[test]
fn a_policy_that_is_not_there_is_named_by_its_option() {
    let typo = "arn:aws:iam::aws:policy/AdministratorAcces";
    for with in BOTH {
        for option in ["--policy-arn", "--permissions-boundary"] {
            let world = World::new();
            let untouched = Untouched::from_here(&world);
            let account = ended(world.verb("apply", &["--with", with, option, typo]), 4, "failed", "aws");
            let error = &account["error"];
            assert!(error["hint"].as_str().unwrap().contains(option), "{account:#}");
            assert!(error.to_string().contains(typo), "{account:#}");
            assert_eq!((&account["undo_error"], &account["leftovers"]), (&json!(null), &json!([])), "{account:#}");
            untouched.restored();
        }
    }
}

/// What the report says of what was made is so.
#[test]
fn a_refusal_says_what_became_of_what_was_made() {
    let hint = |account: &Value| account["error"]["hint"].as_str().unwrap().to_owned();
    let world = World::new();
    refuse_the_import(&world);
    let account = ended(world.verb("apply", &["--on-failure", "keep"]), 5, "refused", "turbot-refused");
    assert!(!hint(&account).contains("taken back") && hint(&account).contains("stands"), "{account:#}");
    assert_eq!(world.left().len(), 2);

    let world = World::new();
    refuse_the_import(&world);
    let denied = What::AccessDenied { policy: PolicyKind::ServiceControl, arn: None };
    world.sandbox.add_fault(Fault::new("iam:DeleteRole", denied).times(0));
    let account = ended(world.verb("apply", &[]), 5, "refused", "turbot-refused");
    assert!(account["undo_error"].is_object(), "{account:#}");
    assert!(!hint(&account).contains("has been taken back") && hint(&account).contains("stands"), "{account:#}");

    let world = World::new();
    let file = world.path("handoff.json").display().to_string();
    world.secrets.lock().unwrap().allow_file(&world.path("handoff.json"));
    ended(world.verb("bootstrap", &["--handoff", &file]), 0, "done", "");
    refuse_the_import(&world);
    let run = world.run(&["import", "--handoff", &file, "--output", "json", "--yes"]);
    let account = ended(run, 5, "refused", "turbot-refused");
    assert!(!hint(&account).contains("taken back") && hint(&account).contains("import again"), "{account:#}");
}

/// Turbot's words are told although the intent cannot be taken back, and its state is not 'in flight'.
#[test]
fn turbots_answer_is_told_although_the_journal_cannot_be_written() {
    let busy = What::Throttle { retry_after: Some(60) };
    let body = json!({"code": "InvalidInput", "message": "Unable to assume the role"}).to_string();
    for (what, words) in [(busy, "429"), (What::Status { code: 400, body }, "Unable to assume")] {
        let world = World::new();
        world.sandbox.add_fault(Fault::new("turbot:POST /accounts", what));
        let denied = What::AccessDenied { policy: PolicyKind::ServiceControl, arn: None };
        world.sandbox.add_fault(Fault::new("iam:UntagPolicy", denied).times(0));
        let account = ended(world.verb("apply", &[]), 5, "refused", "turbot-refused");
        assert_eq!(account["import"]["state"], "refused", "{account:#}");
        let error = account["error"].to_string();
        assert!(error.contains(words) && error.contains("could not be taken back"), "{account:#}");
        assert_eq!(world.left().len(), 2, "nothing was undone");
    }
}
