//! One account, from bare AWS to verified in Turbot, on real HTTP.

mod common;

use std::sync::Arc;

use common::World;
use onboard_core::{AccountReport, ErrorKind, ImportState, Outcome, With};
use onboard_engine::{Agreed, FleetSettings, Job, apply, fleet};
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

#[tokio::test]
async fn a_fault_of_the_program_is_one_accounts_failure_and_quotes_nothing() {
    let world = World::new(Options::default()).await;
    let session = Arc::new(world.session("r-fleet", |_| {}));
    let secret = world.sandbox.environment().into_iter().find(|(name, _)| name == "TURBOT_SECRET_KEY").unwrap().1;
    let jobs: Arc<[Job]> = (0..3).map(|_| world.job(world.wanted(With::Role))).collect();
    let settings = FleetSettings { concurrency: 1, canary: 0, max_failures: None, imports: 1 };
    let work = |n: usize| {
        let (session, jobs, secret) = (Arc::clone(&session), Arc::clone(&jobs), secret.clone());
        async move {
            assert_ne!(n, 1, "with {secret} in hand");
            apply(&session, &jobs[n], &Agreed, None).await
        }
    };
    let reports: Vec<AccountReport> = fleet(&session, &jobs, &settings, work).await;
    let outcomes: Vec<Outcome> = reports.iter().map(|report| report.outcome).collect();
    assert_eq!(outcomes, [Outcome::Imported, Outcome::Failed, Outcome::AlreadyImported]);
    let error = reports[1].error.as_ref().unwrap();
    assert_eq!(error.kind, ErrorKind::Bug);
    assert!(!format!("{reports:?}{:?}", world.events.lock().unwrap()).contains(&secret));
}
