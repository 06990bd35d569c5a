//! Every call of a fresh run, every fault, once and for ever: each cell has its defined outcome.
#![allow(missing_docs, unreachable_pub, clippy::print_stdout, reason = "a test; how many cells were tried is printed")]

#[path = "../harness/mod.rs"]
mod harness;

mod cell;
mod class;
mod document;
mod outcomes;
mod point;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cell::Cell;
use class::Class;
use point::Point;

/// Cells of the default run, spread evenly over all.
const SAMPLE: usize = 150;
/// Cells at a time: most of a cell is waiting.
const AT_ONCE: usize = 8;

fn modes() -> [(&'static str, Vec<Point>); 2] {
    ["role", "keys"].map(|with| (with, point::points(with)))
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (with, points) in modes() {
        for point in points {
            for class in Class::ALL.into_iter().filter(|class| class.applies_to(&point)) {
                for lasting in [false, true] {
                    cells.push(Cell { with, point: point.clone(), class, lasting });
                }
            }
        }
    }
    cells
}

/// `FAULTS_ALL=1` runs every cell, `FAULTS_SAMPLE=n` about so many, `FAULTS_ONLY=text` those whose name has the text.
#[test]
fn every_cell_has_its_outcome() {
    let all = cells();
    let total = all.len();
    let only = std::env::var("FAULTS_ONLY").unwrap_or_default();
    let whole = std::env::var_os("FAULTS_ALL").is_some();
    let chosen: Vec<Cell> = if whole || !only.is_empty() {
        all.into_iter().filter(|cell| cell.name().contains(&only)).collect()
    } else {
        // An odd step meets faults that are there once and those that stay.
        let sample = std::env::var("FAULTS_SAMPLE").ok().and_then(|n| n.parse().ok()).unwrap_or(SAMPLE);
        let step = (total / sample).max(1) | 1;
        all.into_iter().step_by(step).collect()
    };
    println!("{} of {total} cells", chosen.len());
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let at_once = std::env::var("FAULTS_AT_ONCE").map_or(AT_ONCE, |n| n.parse().expect("a number"));
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(cell) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = cell::run(cell) {
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
    for cell in cells() {
        assert!(outcomes::rule_of(&cell.point, cell.class).is_some(), "{}", cell.name());
    }
}

#[test]
fn the_documentation_is_this_table() {
    let mut points: Vec<Point> = modes().into_iter().flat_map(|(_, points)| points).collect();
    points.sort();
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/faults.md"));
    let text = document::document(&points);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    let standing = std::fs::read_to_string(path).unwrap_or_default();
    assert!(standing == text, "docs/faults.md is not of these rules: UPDATE_DOCS=1 writes it anew");
}
