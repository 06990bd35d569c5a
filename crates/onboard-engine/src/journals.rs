//! What the journals of an account say together: a claim that says nothing yet, and those it was made beside.

use onboard_core::{Journal, Origin, Record};

/// The name in a journal that says nothing yet: no role or user can have it, since IAM's names have no colon.
const NOTHING_YET: &str = ":nothing-yet";

/// The record of a claim under which nothing was begun: nothing can be undone by it, and no key be taken for lost.
pub(crate) fn bare(record: &Record) -> Record {
    Record {
        name: NOTHING_YET.to_owned(),
        unique_id: None,
        origin: Origin::Stood,
        prior_keys: vec![],
        attaches: vec![],
        trust_before: None,
        import_requested: None,
        import_unsettled: false,
        import_accepted: None,
        handed_over: None,
        ..record.clone()
    }
}

/// Whether a record says nothing yet.
pub(crate) fn is_bare(record: &Record) -> bool {
    record.name == NOTHING_YET
}

/// What several journals say together: the newest that says something, and of imports what any of them knows. A
/// take-over that was itself killed leaves two.
pub(crate) fn together(journals: &[Journal]) -> Option<Record> {
    let mut said = journals.iter().rev().filter_map(|j| j.record.as_ref()).filter(|r| !is_bare(r));
    let mut newest = said.next()?.clone();
    for older in said {
        if (older.with, &older.name) == (newest.with, &newest.name) {
            newest.unique_id = newest.unique_id.or_else(|| older.unique_id.clone());
        }
        newest.import_unsettled |= older.import_unsettled;
        newest.import_requested = newest.import_requested.or(older.import_requested);
        newest.import_accepted = newest.import_accepted.or(older.import_accepted);
        newest.handed_over = newest.handed_over.or(older.handed_over);
    }
    Some(newest)
}

/// The journals as a plan is to see them.
///
/// Our own is what we wrote, not what a read shows of it; before it says anything it is not there, so that the plan is
/// the one that was made without it. Older ones beside it have been taken over. Of others the newest claim counts,
/// with what was said before it where it says nothing yet.
pub(crate) fn seen(mut journals: Vec<Journal>, own: Option<Journal>) -> Vec<Journal> {
    if let Some(own) = own {
        journals.retain(|j| j.generation > own.generation);
        if !own.record.as_ref().is_some_and(is_bare) {
            journals.insert(0, own);
        }
        return journals;
    }
    if let Some(said) = together(&journals)
        && let Some(claim) = journals.last_mut().and_then(|j| j.record.as_mut()).filter(|r| is_bare(r))
    {
        *claim = Record { run: claim.run.clone(), claimed_at: claim.claimed_at, ..said };
    }
    journals
}

/// Whether a text speaks of such a record: that is of no use to a person.
pub(crate) fn names_nothing(text: &str) -> bool {
    text.contains(NOTHING_YET)
}
