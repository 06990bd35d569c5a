//! A run that stops dead at any point is finished by the next one, and the one after that finds nothing to do.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::World;
use futures::StreamExt as _;
use onboard_core::{AccountReport, Outcome, Times, Wanted, With};
use onboard_engine::{Agreed, apply};
use onboard_sandbox::{CallInfo, Deletion, Gate, Moment, Options, TurbotOptions};
use tokio::sync::Notify;

/// Holds one call of the run for ever at one moment, and says so: the run is then dropped, as if it had been killed.
struct Cut {
    at: (usize, Moment),
    seen: std::sync::atomic::AtomicUsize,
    reached: Notify,
    armed: AtomicBool,
}

impl Gate for Cut {
    fn at<'a>(
        &'a self,
        _call: &'a CallInfo,
        moment: Moment,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            if !self.armed.load(Ordering::SeqCst) {
                return;
            }
            let n = if moment == self.at.1 { self.seen.fetch_add(1, Ordering::SeqCst) } else { return };
            if n == self.at.0 {
                self.armed.store(false, Ordering::SeqCst);
                self.reached.notify_one();
                if moment != Moment::AfterAnswer {
                    std::future::pending::<()>().await;
                }
            }
        })
    }
}

/// Of the points of a run whose credential is deleted late, every so many-th: they differ from the others' after the import
/// alone, and `scripts/soak crashes` has them all.
const LATE: usize = 4;

fn times() -> Times {
    Times {
        timeout: Duration::from_millis(1200),
        settle: Duration::from_millis(4000),
        lease: Duration::from_millis(2000),
        propagation: Duration::from_millis(3000),
        visibility: Duration::from_millis(3000),
    }
}

async fn run(world: &World, run: &str, wanted: Wanted) -> AccountReport {
    let session = world.session(run, |s| s.times = times());
    apply(&session, &world.job(wanted), &Agreed, None).await
}

fn options(delete: Deletion) -> Options {
    Options { turbot: TurbotOptions { delete, ..TurbotOptions::default() }, ..Options::default() }
}

async fn cut_everywhere(with: With, delete: Deletion) -> usize {
    cut_at_every(1, with, delete).await
}

async fn cut_at_every(nth: usize, with: With, delete: Deletion) -> usize {
    let calls = {
        let world = World::new(options(delete)).await;
        let report = run(&world, "whole", world.wanted(with)).await;
        assert_eq!(report.outcome, Outcome::Imported, "{report:#?}");
        world.sandbox.log().len()
    };
    let points = [Moment::Before, Moment::AfterEffect, Moment::AfterAnswer]
        .into_iter()
        .flat_map(|moment| (0..calls).map(move |n| (n, moment)))
        .step_by(nth);
    futures::stream::iter(points)
        .map(|(n, moment)| tokio::spawn(cut_once(with, delete, n, moment)))
        // The four tests run side by side: together no more worlds than two cores can keep the leases of.
        .buffer_unordered(4)
        .map(|done| done.expect("no cut point fails"))
        .count()
        .await
}

/// The first run is dropped at one moment of its n-th call; the second finishes; the third finds nothing to do.
async fn cut_once(with: With, delete: Deletion, n: usize, moment: Moment) {
    let world = World::new(options(delete)).await;
    let cut = Arc::new(Cut { at: (n, moment), seen: 0.into(), reached: Notify::new(), armed: AtomicBool::new(true) });
    world.sandbox.set_gate(Some(Arc::clone(&cut) as Arc<dyn Gate>));
    let finished = {
        let whole = run(&world, "first", world.wanted(with));
        tokio::pin!(whole);
        tokio::select! {
            _ = &mut whole => true,
            () = cut.reached.notified() => false,
        }
    };
    world.sandbox.set_gate(None);
    let place = format!(
        "{with:?} {delete:?} cut {moment:?} call {n} (finished: {finished}): {}",
        world.sandbox.log().last().map(|c| c.call.name.clone()).unwrap_or_default()
    );
    let second = run(&world, "second", world.wanted(with)).await;
    let told = world.events.lock().unwrap().join("\n");
    assert!(matches!(second.outcome, Outcome::Imported | Outcome::AlreadyImported), "{place}: {second:#?}\n{told}");
    let from = world.sandbox.log().len();
    let third = run(&world, "third", world.wanted(with)).await;
    assert_eq!(third.outcome, Outcome::AlreadyImported, "{place}: {third:#?}");
    assert_eq!(world.writes_since(from), Vec::<String>::new(), "{place}");
    let effective = world.sandbox.turbot().imports().iter().filter(|i| i.effective).count();
    assert_eq!(effective, 1, "{place}");
    let left = world.left();
    assert!(left.is_empty(), "{place}: {left:?}\n{second:#?}\n{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_role() {
    let points = cut_everywhere(With::Role, Deletion::BeforeVisible).await;
    assert!(points > 60, "{points}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_role_deleted_late() {
    let after = Duration::from_millis(60);
    cut_at_every(LATE, With::Role, Deletion::AfterVisible { after }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keys() {
    let points = cut_everywhere(With::Keys, Deletion::BeforeVisible).await;
    assert!(points > 60, "{points}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keys_deleted_late() {
    let after = Duration::from_millis(60);
    cut_at_every(LATE, With::Keys, Deletion::AfterVisible { after }).await;
}
