//! `apply` on an imported account whose role, kept, has lost its policy. 'Nothing is left' means that the role is in use
//! as before, and no journal stands.

use super::prelude::*;

/// The rules, in order.
pub const RULES: &[Rule] = &[
    rule(&[P::Note, P::Health], "", &[], Good, Good),
    rule(&[P::Cluster], "", &[], Undone(Own), Undone(Own)),
    // Either the account or the list is enough to see it, if neither says that Turbot cannot be asked.
    rule(&[P::Presence], "", SOFT, Good, Good),
    rule(&[P::Presence], "", &[], Undone(Own), Undone(Own)),
    // A role that AWS does not show is not there: it is not made anew, and nothing else is to be done.
    rule(&[P::Look, P::Again], "iam:GetRole", &[Class::NotVisible], Good, Good),
    rule(&[P::Look, P::Again], "iam:ListAttached", &[Class::NotVisible], Good, Undone(Own)),
    rule(&[P::Look, P::Again], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Look, P::Again], "", &[], Good, Undone(Own)),
    rule(&[P::Claim, P::Attach], "", LOST_AFTER, Good, Good),
    rule(&[P::Attach], "", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    rule(&[P::Journal], "", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    rule(&[P::Claim, P::Attach, P::Journal], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Claim, P::Attach, P::Journal], "", &[], Good, Undone(Own)),
    // What stood before is not taken back; but without reading nothing is known, and the journal stays.
    rule(&[P::ReadBack], "", &[Class::NotVisible], Good, Undone(Own)),
    rule(&[P::ReadBack], "", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(
        &[P::ReadBack],
        "",
        &[Class::Truncated, Class::Malformed, Class::BareId],
        Good,
        NotUndone(Is("not-propagated")),
    ),
    rule(&[P::ReadBack], "", &[], Good, NotUndone(Own)),
    rule(&[P::Release], "", &[Class::Malformed], Good, Good),
    rule(&[P::Release], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::Release], "", &[], Good, Stands(Own)),
];
