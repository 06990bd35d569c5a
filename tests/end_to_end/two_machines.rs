//! Two runs for one account, on two machines: one at a time, and whoever lost the claim changes nothing more.

use std::time::Duration;

use onboard_sandbox::{Fault, Moment, What};

use crate::harness::World;
use crate::scene::{BOTH, ended};

#[test]
fn the_second_waits_and_finds_it_imported() {
    for with in BOTH {
        let world = World::new();
        world.sandbox.turbot().change(|turbot| turbot.import_time = Duration::from_secs(2));
        let first = world.start_verb("apply", &["--with", with]);
        while world.sandbox.turbot().imports().is_empty() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let second = world.verb("apply", &["--with", with]);
        assert!(second.said().contains("another run"), "{}", second.said());
        let account = ended(second, 0, "already-imported", "");
        assert_eq!(account["import"]["requests"], 0);
        ended(first.finish(&world), 0, "imported", "");
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

#[test]
fn both_at_once_make_one_import() {
    let world = World::new();
    let runs: Vec<_> = (0..3).map(|_| world.start_verb("apply", &["--settle", "30s"])).collect();
    let mut outcomes: Vec<String> = runs
        .into_iter()
        .map(|run| run.finish(&world).exits(0).account()["outcome"].as_str().unwrap().to_owned())
        .collect();
    outcomes.sort();
    assert_eq!(outcomes, ["already-imported", "already-imported", "imported"]);
    assert_eq!((world.left(), world.sandbox.turbot().imports().len()), (vec![], 1));
}

#[test]
fn a_dead_runs_claim_is_respected_for_the_lease_and_then_taken_over() {
    for with in BOTH {
        let world = World::new();
        let call = if with == "role" { "iam:AttachRolePolicy" } else { "iam:CreateAccessKey" };
        let held = world.script().hold(call, Moment::AfterEffect, 1);
        let dead = world.start_verb("apply", &["--with", with]);
        held.reached();
        dead.kill(&world);
        held.release();
        // Verbs that only look say so and do not wait.
        ended(world.verb("plan", &["--with", with]), 6, "pending", "claim-held");
        let account = ended(world.verb("apply", &["--with", with]), 0, "imported", "");
        assert_eq!(account["import"]["requests"], 1);
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

#[test]
fn taken_over_by_name_the_first_ends_without_another_effect() {
    for with in BOTH {
        let world = World::new();
        let call = if with == "role" { "iam:AttachRolePolicy" } else { "iam:AttachUserPolicy" };
        let held = world.script().hold(call, Moment::Before, 1);
        let first = world.start_verb("apply", &["--with", with]);
        held.reached();
        ended(world.verb("apply", &["--with", with, "--take-over"]), 0, "imported", "");
        let from = world.sandbox.log().iter().map(|c| c.call.seq).max();
        held.release();
        let account = ended(first.finish(&world), 6, "pending", "claim-lost");
        assert_eq!(account["import"]["requests"], 0);
        // What it had sent before was carried out or refused. After that it tried what its claim, confirmed just before,
        // still allowed, or to renew that; no try had an effect, for there was nothing of its name any more.
        let after: Vec<_> = world.sandbox.log().into_iter().filter(|c| Some(c.call.seq) > from).collect();
        let effects =
            after.iter().filter(|c| !c.call.operation.starts_with("Get") && !c.call.operation.starts_with("List"));
        for effect in effects.filter(|c| c.call.service == "iam") {
            assert_eq!(effect.error.as_deref(), Some("NoSuchEntity"), "{effect:#?}");
        }
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

#[test]
fn a_take_over_never_skips_the_settle_time() {
    let mut world = World::new();
    for (option, value) in [("timeout", "1500ms"), ("settle", "4s")] {
        world.set(option, value);
    }
    let held = world.script().hold("turbot:POST /accounts", Moment::Before, 1);
    let dead = world.start_verb("apply", &[]);
    held.reached();
    let sent = jiff::Timestamp::now();
    dead.kill(&world);
    // The import never comes to Turbot as long as it is held; the next run cannot know.
    let account = ended(world.verb("apply", &["--take-over"]), 0, "imported", "");
    assert_eq!(account["import"]["requests"], 1);
    let after = jiff::Timestamp::now().duration_since(sent);
    assert!(after >= jiff::SignedDuration::from_secs(4), "it was sent again after {after:#}");
    held.release();
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn a_run_that_goes_on_for_ever_is_not_waited_for_for_ever() {
    let mut world = World::new();
    for (option, value) in [("timeout", "1s"), ("settle", "1500ms"), ("lease", "1s")] {
        world.set(option, value);
    }
    let held = world.script().hold("iam:AttachRolePolicy", Moment::Before, 1);
    let first = world.start_verb("apply", &[]);
    held.reached();
    let account = ended(world.verb("apply", &[]), 6, "pending", "claim-held");
    assert!(account["error"]["hint"].as_str().unwrap().contains("--take-over"), "{account:#}");
    held.release();
    ended(first.finish(&world), 0, "imported", "");
    assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
}

/// Where AWS is slower than the lease, nobody can say whose the account is: it is for the next run, and nothing is undone.
#[test]
fn a_claim_that_is_confirmed_too_late_is_pending() {
    let mut world = World::new();
    world.set("lease", "1s");
    world.sandbox.add_fault(Fault::new("iam:GetPolicy", What::Delay { millis: 1200 }).times(0));
    let account = ended(world.verb("apply", &[]), 6, "pending", "claim-lost");
    assert!(account["error"]["hint"].as_str().unwrap().contains("--lease"), "{account:#}");
    world.sandbox.clear_faults();
    ended(world.verb("apply", &["--take-over"]), 0, "imported", "");
    assert_eq!(world.left(), Vec::<String>::new());
}
