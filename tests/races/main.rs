//! Two real processes of the same command at once, interleaved by a deterministic schedule; a process that sleeps past
//! its lease and wakes; a person who deletes things in mid-run; signals and a closed pipe.
//!
//! A sample of the schedules runs here; `RACE_ALL=1` takes all of them, `RACE_ONLY=TEXT` those whose name has that text.
//! `RACE_AT_ONCE=N` are played side by side.
#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "how long it took is printed, and waits are bounded"
)]

#[allow(dead_code, reason = "the crashes use the rest")]
#[path = "../crashes/final_state.rs"]
mod final_state;
#[path = "../harness/mod.rs"]
mod harness;

mod duet;
mod meddling;
mod schedule;
mod signals;
mod stage;
mod wishes;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Schedules at work side by side: they wait for leases more than they work.
const AT_ONCE: usize = 7;
/// Of the schedules, every so many-th in the short run: odd, since many come in pairs.
const STRIDE: usize = 31;

#[test]
fn two_runs_in_every_order() {
    let begun = Instant::now();
    let all = schedule::all();
    let known = all.len();
    let only = std::env::var("RACE_ONLY").ok();
    let schedules: Vec<_> = match (&only, std::env::var_os("RACE_ALL")) {
        (Some(text), _) => all.into_iter().filter(|s| s.name().contains(text)).collect(),
        (None, Some(_)) => all,
        (None, None) => {
            all.into_iter().enumerate().filter(|(n, s)| s.always || n % STRIDE == 0).map(|(_, s)| s).collect()
        }
    };
    let failures = Mutex::new(Vec::new());
    let at_once = std::env::var("RACE_AT_ONCE").map_or(AT_ONCE, |n| n.parse().expect("a number"));
    side_by_side(&schedules, at_once, |schedule| {
        if let Err(panic) = std::panic::catch_unwind(|| duet::play(schedule)) {
            failures.lock().unwrap().push(format!("{}:\n{}", schedule.name(), said(panic.as_ref())));
        }
    });
    let failures = failures.into_inner().unwrap();
    println!(
        "races: {} of {known} schedules played, {} s; {} failed",
        schedules.len(),
        begun.elapsed().as_secs(),
        failures.len()
    );
    assert!(failures.is_empty(), "{} schedules failed:\n{}", failures.len(), failures.join("\n\n"));
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default()
}

/// Works on all of them, several at a time.
fn side_by_side<T: Sync>(items: &[T], at_once: usize, work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(items.len()) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}
