//! `apply` that goes on with an unfinished run: what is another than on a fresh account. As long as it has not taken
//! over, what the earlier run made stands and is named; from then on it is taken back as if this run had made it.

use super::prelude::*;

/// With a role.
pub const ROLE: &[Rule] = &[
    // Listed and never readable: whoever claims finds the name taken.
    rule(&[P::Look], "iam:GetPolicy", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
];

/// With keys.
pub const KEYS: &[Rule] = &[
    // A 404 is one, broken as it may be.
    rule(
        &[P::Presence, P::PresenceAgain],
        "turbot:GET /accounts/{id}",
        &[Class::NotVisible, Class::Malformed],
        Good,
        Good,
    ),
    // A key whose secret was lost is deleted only where the account is proved absent.
    rule(&[P::Presence, P::PresenceAgain], "", SOFT, Pending(Is("unknown-outcome")), Pending(Is("unknown-outcome"))),
    rule(&[P::Look, P::Again], "iam:GetLoginProfile", &[Class::Malformed], Good, Good),
    // Without its journal the user's key is of unknown origin.
    rule(&[P::Look], "iam:GetPolicy", &[Class::NotVisible], Good, Stands(Is("not-ours"))),
];

/// The rules of both, in order.
pub const RULES: &[Rule] = &[
    rule(&[P::Presence, P::PresenceAgain], "", SOFT, Good, Good),
    rule(&[P::Presence], "", &[], Stands(Own), Stands(Own)),
    rule(&[P::PresenceAgain], "", &[], Undone(Own), Undone(Own)),
    // A role or user that AWS never shows is made anew, and its name is taken.
    rule(&[P::Look, P::Again], "iam:GetRole", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    rule(&[P::Look, P::Again], "iam:GetUser", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    rule(&[P::Look], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::Look], "", &[], Good, Stands(Own)),
    rule(&[P::Again], "", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(&[P::Again], "", &[], Good, NotUndone(Own)),
    rule(&[P::DropKey], "", LOST_AFTER, Good, Good),
    rule(&[P::DropKey], "", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(&[P::DropKey], "", &[], Good, NotUndone(Own)),
];
