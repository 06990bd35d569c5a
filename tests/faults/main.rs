//! Every call of every kind of run, every fault, once and for ever: each cell has its defined outcome.
#![allow(missing_docs, unreachable_pub, clippy::print_stdout, reason = "a test; how many cells were tried is printed")]

#[path = "../harness/mod.rs"]
mod harness;

#[path = "../crashes/final_state.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod final_state;

mod cell;
mod class;
mod document;
#[path = "../crashes/handed.rs"]
mod handed;
mod mode;
mod outcomes;
mod point;
mod rules;
mod scene;
mod seen;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use cell::Cell;
use class::Class;
use mode::{MODES, Mode};
use point::{Point, Purpose};

/// Cells of the default run, spread evenly over all.
const SAMPLE: usize = 150;
/// Cells that failed once: they are in every run.
const FAILED_ONCE: &[&str] = &[
    "drifted role: iam:AttachRolePolicy #1 (Attach): NotVisible for ever",
    "refused keys: iam:DetachUserPolicy #1 (Remove): Truncated for ever",
];
/// Cells at a time: most of a cell is waiting.
const AT_ONCE: usize = 7;

/// Every mode with the calls of its run, found out once and side by side.
fn modes() -> &'static [(&'static Mode, Vec<Point>)] {
    static FOUND: OnceLock<Vec<(&'static Mode, Vec<Point>)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let side_by_side = |modes: &'static [Mode]| {
            std::thread::scope(|scope| {
                let found: Vec<_> = modes.iter().map(|mode| scope.spawn(move || (mode, mode.points()))).collect();
                found.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            })
        };
        MODES.chunks(5).flat_map(side_by_side).collect()
    })
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (mode, points) in modes() {
        for point in points {
            for class in Class::ALL.into_iter().filter(|class| class.applies_to(point)) {
                for lasting in [false, true].into_iter().filter(|lasting| !lasting || is_whole(points, point, class)) {
                    cells.push(Cell { mode, point: point.clone(), class, lasting });
                }
            }
        }
    }
    cells
}

/// A journal that is never shown from a later read of a take-over on was read in full before: how far it came is a matter
/// of time, and what comes of it is said by the first read.
fn is_whole(points: &[Point], point: &Point, class: Class) -> bool {
    let alike = |p: &&Point| p.call == point.call && p.purpose == Purpose::Arrive;
    class != Class::NotVisible || point.purpose != Purpose::Arrive || points.iter().find(alike) == Some(point)
}

/// `FAULTS_ALL=1` runs every cell, `FAULTS_ONLY=text` those whose name has the text (`^text`: begins with it),
/// `FAULTS_SAMPLE=n` about so many of them.
#[test]
fn every_cell_has_its_outcome() {
    let all = cells();
    let total = all.len();
    let only = std::env::var("FAULTS_ONLY").unwrap_or_default();
    let whole = std::env::var_os("FAULTS_ALL").is_some();
    let sample: Option<usize> = std::env::var("FAULTS_SAMPLE").ok().and_then(|n| n.parse().ok());
    let meant =
        |name: String| only.strip_prefix('^').map_or_else(|| name.contains(&only), |from| name.starts_with(from));
    let all: Vec<Cell> = all.into_iter().filter(|cell| meant(cell.name())).collect();
    let chosen: Vec<Cell> = if whole || (!only.is_empty() && sample.is_none()) {
        all
    } else {
        // An odd step meets faults that are there once and those that stay.
        let step = (all.len() / sample.unwrap_or(SAMPLE)).max(1) | 1;
        let is_chosen = |n: usize, cell: &Cell| n.is_multiple_of(step) || FAILED_ONCE.contains(&cell.name().as_str());
        all.into_iter().enumerate().filter(|(n, cell)| is_chosen(*n, cell)).map(|(_, cell)| cell).collect()
    };
    println!("{} of {total} cells", chosen.len());
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let at_once = std::env::var("FAULTS_AT_ONCE").map_or(AT_ONCE, |n| n.parse().expect("a number"));
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(cell) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let run = std::panic::catch_unwind(|| cell::run(cell));
                    if let Err(why) = run.unwrap_or_else(|_| Err(format!("{}: it panicked", cell.name()))) {
                        println!("FAILED {why}");
                        failures.lock().unwrap().push(cell.name());
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} cells: {failures:#?}", failures.len(), chosen.len());
}

#[test]
fn no_cell_is_undefined() {
    let cells = cells();
    for cell in &cells {
        assert!(outcomes::rule_of(cell.mode.chapter, &cell.point, cell.class).is_some(), "{}", cell.name());
    }
    for failed in FAILED_ONCE {
        assert!(cells.iter().any(|cell| cell.name() == *failed), "there is no cell '{failed}' any more");
    }
}

#[test]
fn the_documentation_is_this_table() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/faults.md"));
    let text = document::document(modes());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    let standing = std::fs::read_to_string(path).unwrap_or_default();
    assert!(standing == text, "docs/faults.md is not of these rules: UPDATE_DOCS=1 writes it anew");
}
