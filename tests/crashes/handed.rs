//! What hand-offs must come to. `more` are further options of the runs on the AWS side: whether they take over.

use crate::final_state::{self as state, Checked, done_or_unchanged, imported_now_or_before};
use crate::harness::{Finished, World};

/// The AWS side's own run closes the journal, once Turbot shows the account.
pub fn closed_by_apply(world: &World, with: &str, more: &[&str]) -> Checked {
    state::already_imported(world, &world.verb("apply", &[&["--with", with], more].concat()))?;
    state::imported_clean(world)
}

/// It handed over now, or an earlier run had: then the file stands and is never overwritten.
pub fn over_or_before(world: &World, finished: &Finished, more: &[&str]) -> Checked {
    let file = world.path("handoff.json");
    let full = std::fs::metadata(&file).is_ok_and(|m| m.len() > 0);
    match finished.code {
        0 => state::ensure(full, || "nothing was handed over".into()),
        2 => state::ensure(full, || "the file is not there, and yet it is refused".into()),
        // The journal says that a key was handed over, and the file was never written.
        3 => {
            state::ensure(!full, || "refused, and the file is there".into())?;
            done_or_unchanged(world, &world.verb("cleanup", more))?;
            let again = world.verb("bootstrap", &["--with", "keys", "--handoff", &file.display().to_string()]);
            state::ensure(again.code == 0, || format!("after cleanup bootstrap exits with {}", again.code))
        }
        code => Err(format!("it exits with {code}")),
    }
}

pub fn over_before(_: &World, finished: &Finished) -> Checked {
    state::ensure(finished.code == 2, || format!("it exits with {}: the file is never overwritten", finished.code))
}

/// What was handed over is of use to Turbot, and the AWS side can be closed.
pub fn imported(world: &World, with: &str, more: &[&str]) -> Checked {
    let file = world.path("handoff.json");
    let words = ["import", "--handoff", &file.display().to_string(), "--output", "json", "--yes"];
    imported_now_or_before(world, &world.run(&words))?;
    closed_by_apply(world, with, more)
}
