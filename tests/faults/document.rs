//! The table of outcomes as documentation, made from the rules.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::class::Class;
use crate::outcomes::rule_of;
use crate::point::{Point, Purpose};

const HEAD: &str = "\
# What comes of a fault

What `turbot-onboard apply` on a fresh account comes to when one of its calls meets a fault: once, and from there on for
ever. The table is made from the rules that the tests hold every call of a whole run against (`tests/faults/outcomes.rs`);
`UPDATE_DOCS=1 cargo test -p turbot-onboard --test faults` writes it anew.

Each cell names the exit code, `error.kind` and what stands afterwards:

- *imported*: as if nothing had been; the account is in Turbot, nothing of ours is left in AWS.
- *nothing is left*: nothing had been made yet, or it was taken back.
- *cannot be taken back; named*: the fault hinders the undo as well; both failures are reported, and what is left is in
  `leftovers` with the command that removes it (null where AWS cannot be asked).
- *deleted unseen, or named*: AWS does not show what was made; a deletion is tried all the same, and where AWS refuses
  it, because something hangs on it, what is left is named.
- *in Turbot; the rest is named*: Turbot accepted the import, and what was to follow fails; nothing is taken back.
- *stands, named; nothing is sent twice*: the outcome is not known, or the claim is lost; nothing is taken back.

In every case: no more than one import has an effect, nothing foreign is touched, and the same command again, without the
fault, ends imported and clean.
";

/// The document.
pub fn document(points: &[Point]) -> String {
    let mut text = HEAD.to_owned();
    for purpose in Purpose::ALL {
        let calls: BTreeSet<&str> = points.iter().filter(|p| p.purpose == purpose).map(|p| p.call.as_str()).collect();
        assert!(!calls.is_empty(), "no call of a fresh run is for {purpose:?}");
        let _ = write!(text, "\n## {}\n\n", capital(purpose.words()));
        let names: Vec<String> = calls.iter().map(|call| format!("`{call}`")).collect();
        let _ = write!(text, "{}\n\n| fault | once | for ever |\n| --- | --- | --- |\n", names.join(", "));
        for (faults, once, lasting) in rows(points, purpose) {
            let _ = writeln!(text, "| {} | {once} | {lasting} |", faults.join("; "));
        }
    }
    text
}

/// Classes with the same outcomes share a row.
fn rows(points: &[Point], purpose: Purpose) -> Vec<(Vec<String>, String, String)> {
    let mut rows: Vec<(Vec<String>, String, String)> = Vec::new();
    for class in Class::ALL {
        // Where calls of one purpose differ, each outcome has its row, with the calls it is of.
        let mut ends: Vec<(String, String, BTreeSet<&str>)> = Vec::new();
        for point in points.iter().filter(|p| p.purpose == purpose && class.applies_to(p)) {
            let rule = rule_of(point, class).unwrap_or_else(|| panic!("no rule for {point:?}, {class:?}"));
            let words = |lasting| rule.end(lasting).words(class, point.is_turbot());
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
