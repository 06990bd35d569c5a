//! `cleanup`.

use super::prelude::*;

/// Of an unfinished run. As long as it has not taken over, what stands is named; from then on a failure ends in the undo,
/// which removes the same.
pub const UNFINISHED: &[Rule] = &[
    rule(&[P::Presence, P::PresenceAgain], "", SOFT, Good, Good),
    rule(&[P::Presence], "", &[], Stands(Own), Stands(Own)),
    rule(&[P::PresenceAgain], "", &[], Undone(Own), Undone(Own)),
    // What the journal says was made is looked for several times before it counts as gone.
    rule(&[P::Look, P::Again], "iam:GetRole", &[Class::NotVisible], Good, Gone),
    rule(&[P::Look, P::Again], "iam:GetUser", &[Class::NotVisible], Good, Gone),
    // Before anything is removed the claim is looked at.
    rule(&[P::Again], "iam:GetPolicy", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    // What hangs on it, or its journal, is listed and never shown: AWS refuses what would be done.
    rule(&[P::Look, P::Again], "", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    rule(&[P::LookOther], "", &[Class::NotVisible], Good, Good),
    // What is not there is answered with 404, broken as it may be.
    rule(&[P::LookOther, P::AgainOther], "iam:Get", &[Class::Malformed, Class::BareId], Good, Good),
    rule(&[P::LookOther, P::AgainOther], "iam:ListA", &[Class::Malformed], Good, Good),
    rule(&[P::Look, P::Again], "iam:GetLoginProfile", &[Class::Malformed], Good, Good),
    rule(&[P::LookOther], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::LookOther], "", &[], Good, Stands(Own)),
    rule(&[P::Look], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::Look], "", &[], Good, Stands(Own)),
    // The undo looks for what the journal speaks of alone.
    rule(&[P::AgainOther], "", &[Class::NotVisible], Good, Good),
    // (and for the role of the name that is given, which is the default one)
    rule(&[P::AgainOther], "iam:GetRole", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(&[P::AgainOther], "iam:GetRole", &[], Good, NotUndone(Own)),
    rule(&[P::AgainOther], "iam:ListAttachedRole", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(&[P::AgainOther], "iam:ListAttachedRole", &[], Good, NotUndone(Own)),
    rule(&[P::AgainOther], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::AgainOther], "", &[], Good, Undone(Own)),
    rule(&[P::Again], "", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(&[P::Again], "", &[], Good, NotUndone(Own)),
    rule(&[P::Remove], "", LOST_AFTER, Good, Good),
    // 'Not found' is the success of a deletion.
    rule(&[P::Remove], "", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(&[P::Remove], "", &[], Good, NotUndone(Own)),
    rule(&[P::Release], "", &[Class::Malformed], Good, Good),
    rule(&[P::Release], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::Release], "", &[], Good, Stands(Own)),
];

/// Of a finished run: it made nothing by this journal, and nothing is undone.
pub const FINISHED: &[Rule] = &[
    rule(&[P::Note, P::Health], "", &[], Good, Good),
    rule(&[P::Cluster], "", &[], Stands(Own), Stands(Own)),
    rule(&[P::Presence], "", SOFT, Good, Good),
    rule(&[P::Presence], "", &[], Stands(Own), Stands(Own)),
    // What was seen once, and then not, is looked for several times before it counts as gone.
    rule(&[P::LookOther, P::AgainOther], "", &[Class::NotVisible], Good, Good),
    // What is not there is answered with 404, broken as it may be.
    rule(&[P::LookOther, P::AgainOther], "iam:Get", &[Class::Malformed, Class::BareId], Good, Good),
    rule(&[P::LookOther, P::AgainOther], "iam:ListA", &[Class::Malformed], Good, Good),
    rule(&[P::Look, P::Again], "iam:GetLoginProfile", &[Class::Malformed], Good, Good),
    rule(&[P::Look, P::Again], "iam:GetRole", &[Class::NotVisible], Good, Gone),
    rule(&[P::Look, P::Again], "iam:GetUser", &[Class::NotVisible], Good, Gone),
    // Before anything is removed the claim is looked at.
    rule(&[P::Again], "iam:GetPolicy", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    // What hangs on it is never shown, and AWS refuses to delete it.
    rule(&[P::Look, P::Again], "", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    rule(&[P::Look, P::LookOther, P::Again, P::AgainOther], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::Look, P::LookOther, P::Again, P::AgainOther], "", &[], Good, Stands(Own)),
    rule(&[P::Claim, P::Remove], "", LOST_AFTER, Good, Good),
    rule(&[P::Begin], "", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    rule(&[P::Claim, P::Begin, P::Remove], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::Claim, P::Begin, P::Remove], "", &[], Good, Stands(Own)),
    rule(&[P::Release], "", &[Class::Malformed], Good, Good),
    rule(&[P::Release], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::Release], "", &[], Good, Stands(Own)),
];
