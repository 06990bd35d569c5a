//! A fleet that is interrupted: every account has an outcome, and the same command again goes on.

use std::time::Duration;

use onboard_sandbox::{Options, TurbotOptions};
use rustix::process::Signal;

use crate::scene::{arguments, fleet, manifest, many, nothing_left, of, organization, outcomes, report};

#[test]
fn every_account_has_an_outcome_and_the_next_run_goes_on() {
    let turbot = TurbotOptions { import_time: Duration::from_secs(4), ..TurbotOptions::default() };
    let mut world = organization(Options { turbot, ..many(10) });
    manifest(&world, 10, &[]);
    let run = world.start(world.command(&arguments("apply", &["--concurrency", "3"])));
    let begun = crate::scene::now();
    while world.sandbox.turbot().imports().len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no import is sent");
        std::thread::sleep(Duration::from_millis(50));
    }
    run.signal(Signal::INT);
    let run = run.finish_within(Duration::from_secs(60), &world).exits(130);
    let cut = report(&run, &world, 10);
    let counted = outcomes(&cut);
    assert_eq!(counted["interrupted"] + counted.get("imported").copied().unwrap_or(0), 3, "{counted:?}");
    assert_eq!(counted["skipped"], 7, "{counted:?}");
    assert_eq!(cut["accounts"][9]["error"]["kind"], "interrupted");
    assert_eq!(cut["summary"]["outcome"], "interrupted");

    let done = report(&fleet(&world, "apply", &[]).exits(0), &world, 10);
    let counted = outcomes(&done);
    assert_eq!(counted.values().sum::<u64>(), 10);
    assert!(counted.keys().all(|name| name == "imported" || name == "already-imported"), "{counted:?}");
    assert_eq!(world.effective_imports(), 10);
    nothing_left(&mut world, 10);
    assert_eq!(outcomes(&report(&fleet(&world, "verify", &[]).exits(0), &world, 10)), of(&[("matches", 10)]));
}
