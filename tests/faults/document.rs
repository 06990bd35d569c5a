//! The table of outcomes as documentation, made from the rules.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::class::Class;
use crate::mode::{Chapter, Mode};
use crate::outcomes::rule_of;
use crate::point::{Point, Purpose};

const HEAD: &str = "\
# What comes of a fault

What a run of `turbot-onboard` comes to when one of its calls meets a fault: once, and from there on for ever. There is a
chapter for each kind of run, and a table for what its calls are for. It is made from the rules that the tests hold every
call of a whole run against (`tests/faults/rules`); `UPDATE_DOCS=1 cargo test -p turbot-onboard --test faults` writes it
anew. Of reads of a wait that are alike, the fresh runs meet each and the others the first and the last; of
`--assume-role --maintenance` and of the refused import only the calls are met that the fresh runs do not have.

Each cell names the exit code, `error.kind` and what stands afterwards:

- *0 imported*, *0 done* and the like: as if nothing had been. Of a fresh `apply`, the account is in Turbot and nothing of
  ours is left in AWS; a role that was adopted, or is kept, is in use.
- *nothing is left*: nothing had been made yet, or it was taken back; an adopted role is as its owner had it, and a role
  in use stays in use.
- *cannot be taken back; named*: the fault hinders the undo as well; both failures are reported, and what is left is in
  `leftovers` with the command that removes it (null where AWS cannot be asked). What a call without an answer may have
  removed, or may not have changed, is named as well.
- *deleted unseen, or named*: AWS does not show what was made; a deletion is tried all the same, and where AWS refuses
  it, because something hangs on it, what is left is named.
- *in Turbot; the rest is named*: Turbot accepted the import, and what was to follow fails; nothing is taken back.
- *stands, named; nothing is sent twice*: the outcome is not known, or the claim is lost; nothing is taken back.
- *what stands is named*: what an earlier run left, or what is still there of it, is in `leftovers`.
- *counts as gone*: AWS does not show what is to be removed in several looks; should it show later, the same command
  removes it.
- *the window is as it was*: all but the maintenance window is as asked.

In every case: no more than one import has an effect, nothing foreign is touched, and the same command again, without the
fault, ends as it would have without one; a third time it changes nothing, and no administrator's role or key stands that
Turbot does not use.
";

/// The document.
pub fn document(modes: &[(&'static Mode, Vec<Point>)]) -> String {
    let mut text = HEAD.to_owned();
    for chapter in Chapter::ALL {
        let of_it = modes.iter().filter(|(mode, _)| mode.chapter == chapter);
        let mut points: Vec<Point> = of_it.flat_map(|(_, points)| points).cloned().collect();
        points.sort();
        assert!(!points.is_empty(), "no run is of {chapter:?}");
        let _ = write!(text, "\n## {}\n", capital(chapter.words()));
        for purpose in Purpose::ALL {
            section(&mut text, chapter, &points, purpose);
        }
    }
    text
}

fn section(text: &mut String, chapter: Chapter, points: &[Point], purpose: Purpose) {
    let calls: BTreeSet<&str> = points.iter().filter(|p| p.purpose == purpose).map(|p| p.call.as_str()).collect();
    if calls.is_empty() {
        return;
    }
    let names: Vec<String> = calls.iter().map(|call| format!("`{call}`")).collect();
    let _ = write!(text, "\n### {}\n\n{}\n", capital(purpose.words()), names.join(", "));
    let _ = write!(text, "\n| fault | once | for ever |\n| --- | --- | --- |\n");
    for (faults, once, lasting) in rows(chapter, points, purpose) {
        let _ = writeln!(text, "| {} | {once} | {lasting} |", faults.join("; "));
    }
}

/// Classes with the same outcomes share a row.
fn rows(chapter: Chapter, points: &[Point], purpose: Purpose) -> Vec<(Vec<String>, String, String)> {
    let mut rows: Vec<(Vec<String>, String, String)> = Vec::new();
    for class in Class::ALL {
        // Where calls of one purpose differ, each outcome has its row, with the calls it is of.
        let mut ends: Vec<(String, String, BTreeSet<&str>)> = Vec::new();
        for point in points.iter().filter(|p| p.purpose == purpose && class.applies_to(p)) {
            let rule = rule_of(chapter, point, class).unwrap_or_else(|| panic!("no rule for {point:?}, {class:?}"));
            let words = |lasting| rule.end(lasting).words(chapter, class, point.is_turbot());
            let (once, lasting) = (words(false), words(true));
            match ends.iter_mut().find(|(o, l, _)| (o, l) == (&once, &lasting)) {
                Some((_, _, calls)) => {
                    calls.insert(&point.call);
                }
                None => ends.push((once, lasting, BTreeSet::from([point.call.as_str()]))),
            }
        }
        let several = ends.len() > 1;
        for (once, lasting, calls) in ends {
            let of = if several { format!(" (at {})", Vec::from_iter(calls).join(", ")) } else { String::new() };
            let fault = format!("{}{of}", class.words());
            match rows.iter_mut().find(|(_, o, l)| (o, l) == (&once, &lasting)) {
                Some((faults, ..)) => faults.push(fault),
                None => rows.push((vec![fault], once, lasting)),
            }
        }
    }
    rows
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
