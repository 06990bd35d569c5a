//! `apply --assume-role --maintenance full`: what it has beside a fresh `apply`.

use super::prelude::*;

/// The rest is met by the fresh runs.
pub fn meets(purpose: P) -> bool {
    matches!(
        purpose,
        P::Enter | P::Note | P::Look | P::Window | P::SetWindow | P::WindowBack | P::Release | P::Presence | P::Cluster
    )
}

/// The rules, in order.
pub const RULES: &[Rule] = &[
    // Whoever cannot enter the account has done nothing in it.
    rule(&[P::Enter], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Enter], "", &[], Good, Undone(Own)),
    // A window that cannot be read is set all the same; one that cannot be read back is set, with a warning.
    rule(&[P::Window, P::WindowBack], "", &[], Good, Good),
    // Without a usable answer the reading back tells. Nothing of this touches the import.
    rule(&[P::SetWindow], "", LOST_AFTER, Good, Good),
    rule(&[P::SetWindow], "", &[], NoWindow, NoWindow),
];
