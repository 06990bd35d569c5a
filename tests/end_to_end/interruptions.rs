//! SIGINT and SIGTERM: the first ends cleanly and says where things stand, the second leaves at once. The same command
//! then goes on from there.

use std::process::Stdio;

use onboard_sandbox::Moment;
use rustix::process::Signal;
use serde_json::json;

use crate::harness::World;
use crate::scene::{BOTH, Untouched, ended};

#[test]
fn before_anything_was_sent_to_turbot_everything_is_taken_back() {
    let points = [
        ("role", "iam:ListPolicies"),
        ("role", "iam:CreatePolicy"),
        ("role", "iam:CreateRole"),
        ("role", "iam:AttachRolePolicy"),
        ("role", "iam:TagPolicy"),
        ("keys", "iam:CreateUser"),
        ("keys", "iam:CreateAccessKey"),
    ];
    for (n, (with, call)) in points.into_iter().enumerate() {
        for moment in [Moment::Before, Moment::AfterEffect] {
            let world = World::new();
            let untouched = Untouched::from_here(&world);
            let held = world.script().hold(call, moment, 1);
            let run = world.start_verb("apply", &["--with", with]);
            held.reached();
            run.signal(if n % 2 == 0 { Signal::INT } else { Signal::TERM });
            // The call under way is finished, not torn.
            held.release();
            let account = ended(run.finish(&world), 130, "interrupted", "interrupted");
            assert_eq!((&account["import"]["state"], &account["undo_error"]), (&json!("none"), &json!(null)));
            assert_eq!(account["leftovers"], json!([]), "{call} {moment:?}: {account:#}");
            untouched.restored();
            assert_eq!(world.sandbox.turbot().imports().len(), 0);
            ended(world.verb("apply", &["--with", with]), 0, "imported", "");
        }
    }
}

#[test]
fn an_import_in_flight_is_named_and_left_alone() {
    for with in BOTH {
        for moment in [Moment::Before, Moment::AfterEffect] {
            let world = World::new();
            let held = world.script().hold("turbot:POST /accounts", moment, 1);
            let run = world.start_verb("apply", &["--with", with]);
            held.reached();
            run.signal(Signal::INT);
            let finished = run.finish(&world);
            assert!(finished.said().contains("in flight"), "{}", finished.said());
            let account = ended(finished, 130, "interrupted", "interrupted");
            assert_eq!(account["import"], json!({"requests": 1, "state": "in-flight"}));
            let left = account["leftovers"].to_string();
            assert!(left.contains("journal"), "{left}");
            held.release();
            // Whatever became of it: one import, and a clean account in the end.
            let account = world.verb("apply", &["--with", with]).exits(0).account();
            assert!(["imported", "already-imported"].contains(&account["outcome"].as_str().unwrap()), "{account:#}");
            assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
        }
    }
}

#[test]
fn after_the_acceptance_nothing_is_taken_back() {
    let world = World::new();
    world.sandbox.turbot().change(|turbot| {
        turbot.delete = onboard_sandbox::Deletion::AfterVisible { after: std::time::Duration::from_secs(60) };
    });
    let run = {
        let held = world.script().hold("turbot:POST /accounts", Moment::AfterAnswer, 1);
        let run = world.start_verb("apply", &["--visibility", "60s"]);
        held.reached();
        held.release();
        run
    };
    // It waits for Turbot to delete the role.
    let asked = world.sandbox.log().len();
    while world.calls_since(asked).iter().filter(|c| c.call.name == "iam:GetRole").count() < 3 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    run.signal(Signal::TERM);
    let account = ended(run.finish(&world), 130, "interrupted", "interrupted");
    assert_eq!(account["import"]["state"], "accepted");
    assert_eq!(world.left().len(), 2, "the role that Turbot has, and the journal");
    assert_eq!(world.effective_imports(), 1);
}

#[test]
fn the_second_signal_leaves_at_once() {
    let world = World::new();
    let held = world.script().hold("iam:AttachRolePolicy", Moment::Before, 1);
    let run = world.start_verb("apply", &[]);
    held.reached();
    run.signal(Signal::INT);
    // The first was heard when it is said; a signal that comes before would be the same one.
    std::thread::sleep(std::time::Duration::from_millis(300));
    run.signal(Signal::TERM);
    let finished = run.finish(&world).exits(130);
    assert!(finished.said().contains("Left at once"), "{}", finished.said());
    assert_eq!(finished.stdout, "", "no report that nobody waited for");
    held.release();
    ended(world.verb("apply", &["--take-over"]), 0, "imported", "");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn verbs_that_only_look_stop_as_well() {
    for verb in ["plan", "verify", "doctor", "maintenance show"] {
        let world = World::new();
        let held = world.script().hold("turbot:GET /cluster", Moment::Before, 1);
        let run = world.start_verb(verb, &[]);
        held.reached();
        run.signal(Signal::INT);
        let finished = run.finish(&world);
        held.release();
        assert_eq!(finished.code, 130, "{verb}: {}", finished.said());
    }
}

#[test]
fn a_reader_who_leaves_changes_neither_the_work_nor_the_code() {
    let world = World::new();
    let mut command = world.command(&["apply", "--account-id", &world.account, "--turbot-id", "aab", "--yes"]);
    command.stdout(left_pipe()).stderr(left_pipe());
    assert_eq!(world.start(command).finish(&world).code, 0);
    assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    for verb in ["plan", "verify"] {
        let mut command = world.command(&[verb, "--account-id", &world.account, "--turbot-id", "aab"]);
        command.stdout(left_pipe());
        assert_eq!(world.start(command).finish(&world).code, 0);
    }
}

/// A pipe whose reader has left.
fn left_pipe() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}
