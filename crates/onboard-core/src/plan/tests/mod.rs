//! The planner against a simulated world and a slow, obvious oracle.

mod cleaning;
mod decisions;
mod facts;
mod history;
mod killed;
mod look;
mod oracle;
mod refusals;
mod scenes;
mod world;

use proptest::test_runner::Config;

/// Cases in proportion to what one costs; `PROPTEST_CASES` sets them all. Failures shrink to choices whose meaning
/// changes with the scenes, so they are not kept.
fn cases(default: u32) -> Config {
    let config = Config { failure_persistence: None, ..Config::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => Config { cases: default, ..config },
    }
}
