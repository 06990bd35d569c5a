//! `bootstrap --handoff`: what is another than in `apply`.

use super::prelude::*;

/// The rules, in order.
pub const RULES: &[Rule] = &[
    // Nothing is in the file yet: what was made is taken back.
    rule(&[P::HandOver], "", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    rule(&[P::HandOver], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::HandOver], "", &[], Good, Undone(Own)),
    // The next run waits for the lease: nothing is lost.
    rule(&[P::LetGo], "", &[], Good, Good),
];
