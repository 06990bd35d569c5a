//! `apply` that Turbot refuses, from the refusal on: what was made is taken back. The calls before it are those of the
//! fresh runs.

use super::prelude::*;

pub fn meets(purpose: P) -> bool {
    matches!(
        purpose,
        P::Refusal | P::EndIntent | P::UndoLook | P::ListKeys | P::SeeGone | P::Remove | P::Release | P::Last
    )
}

/// What is told first is the refusal, whatever becomes of the undo.
const REFUSED: Kind = Is("turbot-refused");

/// The rules, in order.
pub const RULES: &[Rule] = &[
    // The refusal stands whatever the look after it shows, unless that shows the account.
    rule(&[P::Refusal], "", &[], Good, Good),
    // With the intent in the journal the import counts as in flight: nothing is taken back, and the next run waits.
    rule(&[P::EndIntent], "", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    rule(&[P::EndIntent], "", DEFINITE, Stands(REFUSED), Stands(REFUSED)),
    rule(&[P::EndIntent], "", &[], Good, Stands(REFUSED)),
    // Before anything is removed the claim is looked at; nothing hinders where all of it was removed by then.
    rule(&[P::UndoLook, P::SeeGone], "iam:GetPolicy", &[Class::NotVisible], Good, NotUndone(REFUSED)),
    // The key that this run made is removed by its id.
    rule(&[P::ListKeys], "", &[Class::NotVisible], Good, Good),
    rule(&[P::SeeGone], "", &[Class::NotVisible], Good, Good),
    rule(
        &[P::UndoLook, P::ListKeys, P::SeeGone, P::Remove, P::Release],
        "",
        DEFINITE,
        NotUndone(REFUSED),
        NotUndone(REFUSED),
    ),
    // A broken 'there is none' is still one.
    rule(&[P::SeeGone], "iam:GetRole", &[Class::Malformed, Class::BareId], Good, Good),
    rule(&[P::SeeGone], "iam:GetUser", &[Class::Malformed, Class::BareId], Good, Good),
    rule(&[P::SeeGone], "iam:ListA", &[Class::Malformed], Good, Good),
    rule(&[P::UndoLook], "iam:GetLoginProfile", &[Class::Malformed], Good, Good),
    rule(&[P::UndoLook, P::ListKeys, P::SeeGone], "", &[], Good, NotUndone(REFUSED)),
    // The second answer says that it is gone, broken as it is.
    rule(&[P::Remove], "iam:De", &[Class::Malformed], Good, Good),
    // Of the role, the user and this run's own key AWS's answer decides: that they are not shown may be an old read.
    rule(&[P::Remove], "iam:Delete", LOST_AFTER, Good, NotUndone(REFUSED)),
    // Of the rest a newer look says whether it was done.
    rule(&[P::Remove], "", LOST_AFTER, Good, Good),
    rule(&[P::Remove], "", &[], Good, NotUndone(REFUSED)),
    rule(&[P::Release], "", &[Class::Malformed], Good, Good),
    rule(&[P::Release], "", &[], Good, Stands(REFUSED)),
    // Nothing is left, and where AWS cannot be asked nothing is said of it.
    rule(&[P::Last], "", &[Class::NotVisible], Good, Good),
    rule(&[P::Last], "", DEFINITE, Undone(REFUSED), Undone(REFUSED)),
    rule(&[P::Last], "", &[], Good, Undone(REFUSED)),
];
