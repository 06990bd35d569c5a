//! The real binary killed with SIGKILL at its external calls, each at three moments; then the same command runs again,
//! and once more. Whatever was cut off, the account ends as promised, and the last run finds nothing to do.
//!
//! A sample of the cut points runs here; `CRASH_ALL=1` takes all of them, `CRASH_PAIRS=N` that many pairs of cuts in a
//! row, drawn from `CRASH_SEED`, and `CRASH_ONLY=TEXT` the scenarios whose name has that text. `CRASH_AT_ONCE=N` are at
//! work side by side.
#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "how long it took is printed, and waits are bounded"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod case;
mod cut;
mod final_state;
mod handed;
mod sample;
mod scenario;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use case::Case;
use sample::Draw;
use scenario::Scenario;

/// Cases at work side by side: they wait for leases and for Turbot more than they work. Twice as many were more than two slow
/// cores, which serve the emulators besides, could do within the times that the cases give.
const AT_ONCE: usize = 7;
/// Cut points of each scenario in the short run.
const FEW: usize = 2;
/// Cut points of the main paths in the short run.
const MAIN: usize = 6;
/// Pairs of cuts in the short run.
const PAIRS: usize = 4;

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn killed_anywhere_and_run_again() {
    let begun = Instant::now();
    let all = std::env::var_os("CRASH_ALL").is_some();
    let only = std::env::var("CRASH_ONLY").unwrap_or_default();
    let seed = number("CRASH_SEED", 20_261_123) as u64;
    let scenarios: Vec<Scenario> = scenario::all().into_iter().filter(|s| s.name.contains(&only)).collect();

    let wholes = Mutex::new(Vec::new());
    side_by_side(&scenarios, |scenario| {
        let points = case::points_of_a_whole_run(scenario);
        wholes.lock().unwrap().push((scenario.name, points));
    });
    let wholes = wholes.into_inner().unwrap();
    let points = |scenario: &Scenario| {
        wholes.iter().find(|(name, _)| *name == scenario.name).map_or(&[][..], |(_, points)| points.as_slice())
    };

    let mut draw = Draw::from(seed);
    let mut cases = Vec::new();
    for scenario in &scenarios {
        let mut points = points(scenario).to_vec();
        if !all {
            points = draw.some(&points, if scenario.main { MAIN } else { FEW });
        }
        cases.extend(points.into_iter().map(|cut| Case { scenario, cuts: vec![cut] }));
    }
    let singles = cases.len();
    let mains: Vec<&Scenario> = scenarios.iter().filter(|s| s.main).collect();
    let pairs = if mains.is_empty() { 0 } else { number("CRASH_PAIRS", if all { 200 } else { PAIRS }) };
    for _ in 0..pairs {
        let scenario = *draw.one(&mains);
        let cuts = [(); 2].map(|()| *draw.one(points(scenario)));
        cases.push(Case { scenario, cuts: cuts.to_vec() });
    }

    let failures = Mutex::new(Vec::new());
    let killed = AtomicUsize::new(0);
    side_by_side(&cases, |case| match std::panic::catch_unwind(|| case.run()) {
        Ok(times) => {
            killed.fetch_add(times, Ordering::Relaxed);
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default();
            failures.lock().unwrap().push(format!("{case}:\n{text}"));
        }
    });
    let failures = failures.into_inner().unwrap();
    let known: usize = scenarios.iter().map(|s| points(s).len()).sum();
    println!(
        "crashes: {} scenarios with {known} cut points; {singles} points and {pairs} pairs tried (seed {seed}), {} kills, \
         {} s; {} failed",
        scenarios.len(),
        killed.into_inner(),
        begun.elapsed().as_secs(),
        failures.len(),
    );
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n\n"));
}

/// Works on all of them, several at a time.
fn side_by_side<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..number("CRASH_AT_ONCE", AT_ONCE).min(items.len()) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}
