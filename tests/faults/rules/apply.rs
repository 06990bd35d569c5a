//! `apply` on a fresh account.

use super::prelude::*;

/// The rules, in order.
pub const RULES: &[Rule] = &[
    // What decides nothing stops nothing.
    rule(&[P::Note, P::Health], "", &[], Good, Good),
    // Turbot, before anything is made: without the cluster and a usable look nothing is begun.
    rule(&[P::Cluster], "", &[], Undone(Own), Undone(Own)),
    // A key that may not list, or an unreadable list, proves no absence: a first import goes on, with a warning.
    rule(&[P::Presence], "", SOFT, Good, Good),
    rule(&[P::Presence], "", &[], Undone(Own), Undone(Own)),
    // The import: a definite no is taken back, 429 is waited out, and what is not known is neither sent twice nor undone.
    rule(&[P::Import], "", &[Class::Throttled, Class::ThrottledRetryAfter], Good, Undone(Is("turbot-refused"))),
    rule(&[P::Import], "", LOST_AFTER, Good, Good),
    rule(&[P::Import], "", LOST_BEFORE, Pending(Is("unknown-outcome")), Pending(Is("unknown-outcome"))),
    rule(&[P::Import], "", &[Class::Concurrent], Pending(Is("unknown-outcome")), Pending(Is("unknown-outcome"))),
    rule(&[P::Import], "", &[], Undone(Is("turbot-refused")), Undone(Is("turbot-refused"))),
    // After it either the account or the list is enough to see it.
    rule(&[P::Seen], "", &[], Good, Good),
    // AWS, before anything is made.
    rule(&[P::Look, P::Again], "", &[Class::NotVisible], Good, Unseen(Own)),
    // A broken 'there is none' is still one: these are read as broken only once the role or user stands.
    rule(
        &[P::Look, P::Again],
        "iam:GetRole",
        &[Class::Malformed, Class::BareId],
        Good,
        NotUndone(Is("not-propagated")),
    ),
    rule(
        &[P::Look, P::Again],
        "iam:GetUser",
        &[Class::Malformed, Class::BareId],
        Good,
        NotUndone(Is("not-propagated")),
    ),
    rule(&[P::Look, P::Again], "iam:ListA", &[Class::Malformed], Good, NotUndone(Is("not-propagated"))),
    rule(&[P::Look], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Look], "", &[], Good, Undone(Own)),
    rule(&[P::Again], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Again], "", &[], Good, Undone(Own)),
    // Creations whose answer was lost are found by the next look; an access key without its secret is of no use.
    rule(&[P::Claim, P::Create, P::Attach], "", LOST_AFTER, Good, Good),
    // The unique id alone says what was made; the ARN is read back.
    rule(&[P::Create], "", &[Class::BareId], Good, Good),
    rule(&[P::Claim], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Claim], "", &[], Good, Undone(Own)),
    rule(&[P::Attach], "", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    rule(&[P::Create, P::CreateKey, P::Attach, P::Journal], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Create, P::CreateKey, P::Attach], "", &[], Good, Undone(Own)),
    rule(&[P::Journal], "", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    rule(&[P::Journal], "", &[], Good, Undone(Own)),
    // Reads without which nothing can be taken back either.
    // A new key that is denied may only have to become known.
    rule(&[P::ProveKey], "iam:GetAccountSummary", DENIED, Good, Undone(Is("not-propagated"))),
    rule(&[P::ProveKey], "", DENIED, Good, NotUndone(Is("not-propagated"))),
    rule(&[P::ProveKey], "iam:GetAccountSummary", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::ProveKey], "iam:GetAccountSummary", &[], Good, Undone(Own)),
    rule(&[P::ReadBack, P::ReadKey, P::ProveKey, P::Confirm], "", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(&[P::ReadKey], "iam:ListAttached", &[Class::NotVisible], Good, Good),
    rule(&[P::ReadBack, P::ReadKey, P::ProveKey], "", &[Class::NotVisible], Good, Unseen(Own)),
    // An unreadable answer may be the bare unique id that AWS gives in place of a new role's ARN: it counts as 'not yet'.
    rule(
        &[P::ReadBack, P::ReadKey],
        "",
        &[Class::Truncated, Class::Malformed, Class::BareId],
        Good,
        NotUndone(Is("not-propagated")),
    ),
    rule(&[P::ReadBack, P::ReadKey, P::ProveKey, P::Confirm], "", &[], Good, NotUndone(Own)),
    // After the acceptance nothing is taken back.
    rule(&[P::Accepted], "", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    rule(&[P::Tidy], "", LOST_AFTER, Good, Good),
    // The second answer says that it is gone, broken as it is.
    rule(&[P::Release], "", &[Class::Malformed], Good, Good),
    rule(&[P::Deletion], "", &[Class::NotVisible], Good, Good),
    rule(&[P::Accepted, P::Deletion, P::Tidy, P::Release], "", DEFINITE, Accepted(Own), Accepted(Own)),
    rule(&[P::Accepted, P::Deletion, P::Tidy, P::Release], "", &[], Good, Accepted(Own)),
];
