//! One account's failure is its own; canaries go first; too many failures for one cause stop the rest.

use serde_json::Value;

use crate::harness::World;
use crate::scene::{ROLE, fleet, manifest, many, nothing_left, of, organization, outcomes, report};

/// The role by which the account is entered is gone: its caller is denied.
fn lock_out(world: &World, n: usize) {
    let account = world.sandbox.cloud().member(n);
    assert!(world.sandbox.cloud().delete_role_force(&account, ROLE));
}

fn kinds(report: &Value) -> Vec<&str> {
    let accounts = report["accounts"].as_array().unwrap();
    accounts.iter().map(|a| a["error"]["kind"].as_str().unwrap_or("")).collect()
}

#[test]
fn all_others_go_on_and_the_codes_differ() {
    let mut world = organization(many(9));
    manifest(&world, 9, &[]);
    lock_out(&world, 2);
    lock_out(&world, 7);
    let run = fleet(&world, "apply", &["--concurrency", "3"]).exits(7);
    let mixed = report(&run, &world, 9);
    assert_eq!(outcomes(&mixed), of(&[("imported", 7), ("failed", 2)]));
    assert_eq!(mixed["summary"]["outcome"], "mixed");
    assert_eq!((kinds(&mixed)[2], kinds(&mixed)[7]), ("denied", "denied"));
    nothing_left(&mut world, 9);
}

#[test]
fn where_all_fail_alike_the_code_is_that_failures() {
    let world = organization(many(4));
    manifest(&world, 4, &[]);
    (0..4).for_each(|n| lock_out(&world, n));
    let run = fleet(&world, "apply", &[]).exits(4);
    assert_eq!(outcomes(&report(&run, &world, 4)), of(&[("failed", 4)]));
    let run = fleet(&world, "plan", &["--out", "none.plan"]).exits(4);
    assert_eq!(outcomes(&report(&run, &world, 4)), of(&[("failed", 4)]));
    assert!(!world.path("none.plan").exists());
}

#[test]
fn a_canary_that_fails_keeps_the_others_out() {
    let world = organization(many(8));
    manifest(&world, 8, &[]);
    lock_out(&world, 1);
    let stopped = report(&fleet(&world, "apply", &["--canary", "2"]).exits(7), &world, 8);
    assert_eq!(outcomes(&stopped), of(&[("imported", 1), ("failed", 1), ("skipped", 6)]));
    let why = stopped["accounts"][5]["warnings"][0].as_str().unwrap();
    assert_eq!(why, "not begun: one of the 2 accounts that went first failed (denied)");
    let good = report(&fleet(&world, "apply", &["--canary", "1"]).exits(7), &world, 8);
    assert_eq!(outcomes(&good), of(&[("already-imported", 1), ("failed", 1), ("imported", 6)]));
}

#[test]
fn too_many_failures_for_one_cause_stop_the_rest() {
    let world = organization(many(12));
    manifest(&world, 12, &[]);
    (0..5).for_each(|n| lock_out(&world, n));
    let arguments = ["--max-failures", "3", "--concurrency", "1"];
    let stopped = report(&fleet(&world, "apply", &arguments).exits(7), &world, 12);
    assert_eq!(outcomes(&stopped), of(&[("failed", 3), ("skipped", 9)]));
    let why = stopped["accounts"][11]["warnings"][0].as_str().unwrap();
    assert_eq!(why, "not begun: 3 accounts failed for the same cause (denied)");
    // A percentage is of all accounts, and five of them are not too many here.
    let gone = report(&fleet(&world, "apply", &["--max-failures", "50%", "--concurrency", "2"]).exits(7), &world, 12);
    assert_eq!(outcomes(&gone), of(&[("failed", 5), ("imported", 7)]));
    for wrong in ["0", "-1", "101%", "x"] {
        fleet(&world, "verify", &[&format!("--max-failures={wrong}")]).exits(2);
    }
}
