//! `apply --adopt` of a role that stands: what is another than on a fresh account. 'Nothing is left' means that the role
//! is as its owner had it.

use super::prelude::*;

/// The rules, in order.
pub const RULES: &[Rule] = &[
    // A role that AWS does not show at all is made anew, and there it is: nothing of it is known, nothing is changed.
    rule(&[P::Look, P::Again], "iam:GetRole", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    // A list that never shows what hangs on it: it is taken off all the same.
    rule(&[P::Look, P::Again, P::ReadBack], "iam:ListAttached", &[Class::NotVisible], Good, Undone(Own)),
    // The role stands from the first: an answer that cannot be read is one that failed.
    rule(&[P::Look, P::Again], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Look, P::Again], "", &[], Good, Undone(Own)),
    rule(&[P::Trust, P::Mark], "", LOST_AFTER, Good, Good),
    rule(&[P::Trust, P::Mark], "", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    // Whether it was changed is not known, and giving it back fails as well.
    rule(&[P::Trust], "", LOST_BEFORE, Good, NotUndone(Own)),
    rule(&[P::Trust, P::Mark], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Trust, P::Mark], "", &[], Good, Undone(Own)),
    // It is never deleted unseen: the journal stays until AWS shows what is to be given back.
    rule(&[P::ReadBack], "", &[Class::NotVisible], Good, NotUndone(Own)),
];
