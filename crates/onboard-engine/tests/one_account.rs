//! One account, from bare AWS to verified in Turbot, on real HTTP.

mod common;

use common::World;
use onboard_core::{ImportState, Outcome, With};
use onboard_sandbox::Options;

#[tokio::test]
async fn a_fresh_account_with_a_role() {
    let world = World::new(Options::default()).await;
    let report = world.apply("run-1", world.wanted(With::Role)).await;
    assert_eq!(report.outcome, Outcome::Imported, "{report:#?}");
    assert_eq!((report.import.requests, report.import.state), (1, ImportState::Accepted));
    assert_eq!(report.leftovers.as_deref(), Some(&[][..]));
    world.assert_clean();
    let from = world.sandbox.log().len();
    let again = world.apply("run-2", world.wanted(With::Role)).await;
    assert_eq!(again.outcome, Outcome::AlreadyImported, "{again:#?}");
    assert_eq!(world.writes_since(from), Vec::<String>::new());
}

#[tokio::test]
async fn a_fresh_account_with_keys() {
    let world = World::new(Options::default()).await;
    let report = world.apply("run-1", world.wanted(With::Keys)).await;
    assert_eq!(report.outcome, Outcome::Imported, "{report:#?}");
    assert_eq!(report.leftovers.as_deref(), Some(&[][..]));
    world.assert_clean();
    let from = world.sandbox.log().len();
    let again = world.apply("run-2", world.wanted(With::Keys)).await;
    assert_eq!(again.outcome, Outcome::AlreadyImported, "{again:#?}");
    assert_eq!(world.writes_since(from), Vec::<String>::new());
}
