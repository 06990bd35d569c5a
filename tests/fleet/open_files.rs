//! Every connection is an open file, of which many systems give a program 256 or 1,024 to begin with.

use crate::harness::{Finished, World};
use crate::scene::{arguments, manifest, many, of, organization, outcomes, report};

/// 64 accounts at once, which have some 400 connections, under a limit of `ulimit`'s.
fn under(limit: &str) -> Finished {
    let world: World = organization(many(64));
    manifest(&world, 64, &[]);
    let plain = world.command(&arguments("cleanup", &["--concurrency", "64"]));
    let run = world.start(world.limited(&plain, limit)).finish(&world).exits(0);
    assert_eq!(outcomes(&report(&run, &world, 64)), of(&[("unchanged", 64)]));
    run
}

#[test]
fn a_limit_that_may_be_raised_is_raised() {
    let run = under("-S -n 256");
    assert!(!run.stderr.contains("files open"), "{}", run.stderr);
}

#[test]
fn where_it_may_not_be_raised_fewer_accounts_are_at_work_and_none_fails() {
    let run = under("-n 256");
    let warning = "warning: 16 accounts at once, not 64: this process may have 256 files open";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
}
