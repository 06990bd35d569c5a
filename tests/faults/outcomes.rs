//! The table of outcomes: what must come of a fault, by what the call is for. The first rule that fits holds, and one
//! fits every cell. The documentation is made from this table, and every cell is held against it.

use crate::class::Class;
use crate::point::{Point, Purpose};

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Imported and clean, as if nothing had been.
    Imported,
    /// Fails; nothing was made yet, or it is taken back.
    Undone(Kind),
    /// Fails, and so does the undo: what is left is named, if AWS can be asked.
    NotUndone(Kind),
    /// Fails since AWS does not show what was made: it is deleted unseen, or, where AWS refuses that, named.
    Unseen(Kind),
    /// Turbot accepted, and what follows fails: nothing is taken back; what is left is named, if AWS can be asked.
    Accepted(Kind),
    /// Not known, or not seen: nothing is taken back; what stands is named, if AWS can be asked.
    Pending(Kind),
}

/// The error's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That of the fault itself: see [`own_kind`].
    Own,
    /// This one, whatever the fault.
    Is(&'static str),
}

use End::{Accepted, Imported, NotUndone, Pending, Undone, Unseen};
use Kind::{Is, Own};

/// One rule.
pub struct Rule {
    /// For these purposes.
    purposes: &'static [Purpose],
    /// Only for calls whose name begins so; empty for all.
    call: &'static str,
    /// For these classes; empty for all.
    classes: &'static [Class],
    /// What comes of it if the fault is there once.
    pub once: End,
    /// What comes of it if the fault stays.
    pub lasting: End,
}

const fn rule(
    purposes: &'static [Purpose],
    call: &'static str,
    classes: &'static [Class],
    once: End,
    lasting: End,
) -> Rule {
    Rule { purposes, call, classes, once, lasting }
}

/// No usable answer, and no effect.
const LOST_BEFORE: &[Class] = &[Class::FaultBefore, Class::ResetBefore, Class::SilentBefore, Class::Html];
/// The effect, and no usable answer.
const LOST_AFTER: &[Class] =
    &[Class::FaultAfter, Class::ResetAfter, Class::SilentAfter, Class::Truncated, Class::Malformed];
/// Refusals that do not pass.
const DEFINITE: &[Class] = &[
    Class::ExpiredToken,
    Class::DeniedByServiceControl,
    Class::DeniedByResourceControl,
    Class::DeniedByBoundary,
    Class::DeniedBySession,
    Class::DeniedByIdentity,
    Class::DeniedByTrust,
    Class::Quota,
];

const DENIED: &[Class] = &[
    Class::DeniedByServiceControl,
    Class::DeniedByResourceControl,
    Class::DeniedByBoundary,
    Class::DeniedBySession,
    Class::DeniedByIdentity,
    Class::DeniedByTrust,
];

use Purpose as P;

/// The rules, in order.
pub const RULES: &[Rule] = &[
    // What decides nothing stops nothing.
    rule(&[P::Note, P::Health], "", &[], Imported, Imported),
    // Turbot, before anything is made: without the cluster and a usable look nothing is begun.
    rule(&[P::Cluster], "", &[], Undone(Own), Undone(Own)),
    // A key that may not list, or an unreadable list, proves no absence: a first import goes on, with a warning.
    rule(
        &[P::Presence],
        "",
        &[Class::DeniedByIdentity, Class::Malformed, Class::Quota, Class::Concurrent, Class::NotVisible],
        Imported,
        Imported,
    ),
    rule(&[P::Presence], "", &[], Undone(Own), Undone(Own)),
    // The import: a definite no is taken back, 429 is waited out, and what is not known is neither sent twice nor undone.
    rule(&[P::Import], "", &[Class::Throttled, Class::ThrottledRetryAfter], Imported, Undone(Is("turbot-refused"))),
    rule(&[P::Import], "", LOST_AFTER, Imported, Imported),
    rule(&[P::Import], "", LOST_BEFORE, Pending(Is("unknown-outcome")), Pending(Is("unknown-outcome"))),
    rule(&[P::Import], "", &[Class::Concurrent], Pending(Is("unknown-outcome")), Pending(Is("unknown-outcome"))),
    rule(&[P::Import], "", &[], Undone(Is("turbot-refused")), Undone(Is("turbot-refused"))),
    // After it either the account or the list is enough to see it.
    rule(&[P::Seen], "", &[], Imported, Imported),
    // AWS, before anything is made.
    rule(&[P::Look, P::Again], "", &[Class::NotVisible], Imported, Unseen(Own)),
    // A broken 'there is none' is still one: these are read as broken only once the role or user stands.
    rule(
        &[P::Look, P::Again],
        "iam:GetRole",
        &[Class::Malformed, Class::BareId],
        Imported,
        NotUndone(Is("not-propagated")),
    ),
    rule(
        &[P::Look, P::Again],
        "iam:GetUser",
        &[Class::Malformed, Class::BareId],
        Imported,
        NotUndone(Is("not-propagated")),
    ),
    rule(&[P::Look, P::Again], "iam:ListA", &[Class::Malformed], Imported, NotUndone(Is("not-propagated"))),
    rule(&[P::Look], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Look], "", &[], Imported, Undone(Own)),
    rule(&[P::Again], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Again], "", &[], Imported, Undone(Own)),
    // Creations whose answer was lost are found by the next look; an access key without its secret is of no use.
    rule(&[P::Claim, P::Create, P::Attach], "", LOST_AFTER, Imported, Imported),
    // The unique id alone says what was made; the ARN is read back.
    rule(&[P::Create], "", &[Class::BareId], Imported, Imported),
    rule(&[P::Claim], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Claim], "", &[], Imported, Undone(Own)),
    rule(&[P::Attach], "", &[Class::NotVisible], Imported, Pending(Is("unsteady"))),
    rule(&[P::Create, P::CreateKey, P::Attach, P::Journal], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Create, P::CreateKey, P::Attach], "", &[], Imported, Undone(Own)),
    rule(&[P::Journal], "", &[Class::NotVisible], Imported, Pending(Is("claim-lost"))),
    rule(&[P::Journal], "", &[], Imported, Undone(Own)),
    // Reads without which nothing can be taken back either.
    // A new key that is denied may only have to become known.
    rule(&[P::ProveKey], "iam:GetAccountSummary", DENIED, Imported, Undone(Is("not-propagated"))),
    rule(&[P::ProveKey], "", DENIED, Imported, NotUndone(Is("not-propagated"))),
    rule(&[P::ProveKey], "iam:GetAccountSummary", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::ProveKey], "iam:GetAccountSummary", &[], Imported, Undone(Own)),
    rule(&[P::ReadBack, P::ReadKey, P::ProveKey, P::Confirm], "", DEFINITE, Undone(Own), NotUndone(Own)),
    rule(&[P::Confirm], "", &[Class::NotVisible], Imported, Undone(Own)),
    rule(&[P::ReadKey], "iam:ListAttached", &[Class::NotVisible], Imported, Imported),
    rule(&[P::ReadBack, P::ReadKey, P::ProveKey], "", &[Class::NotVisible], Imported, Unseen(Own)),
    // An unreadable answer may be the bare unique id that AWS gives in place of a new role's ARN: it counts as 'not yet'.
    rule(
        &[P::ReadBack, P::ReadKey],
        "",
        &[Class::Truncated, Class::Malformed, Class::BareId],
        Imported,
        NotUndone(Is("not-propagated")),
    ),
    rule(&[P::ReadBack, P::ReadKey, P::ProveKey, P::Confirm], "", &[], Imported, NotUndone(Own)),
    // After the acceptance nothing is taken back.
    rule(&[P::Accepted], "", &[Class::NotVisible], Imported, Pending(Is("claim-lost"))),
    rule(&[P::Tidy], "", LOST_AFTER, Imported, Imported),
    // The second answer says that it is gone, broken as it is.
    rule(&[P::Release], "", &[Class::Malformed], Imported, Imported),
    rule(&[P::Deletion], "", &[Class::NotVisible], Imported, Imported),
    rule(&[P::Accepted, P::Deletion, P::Tidy, P::Release], "", DEFINITE, Accepted(Own), Accepted(Own)),
    rule(&[P::Accepted, P::Deletion, P::Tidy, P::Release], "", &[], Imported, Accepted(Own)),
];

impl Rule {
    fn fits(&self, purpose: Purpose, call: &str, class: Class) -> bool {
        self.purposes.contains(&purpose)
            && call.starts_with(self.call)
            && (self.classes.is_empty() || self.classes.contains(&class))
    }

    pub fn end(&self, lasting: bool) -> End {
        if lasting { self.lasting } else { self.once }
    }
}

/// The rule of a cell.
pub fn rule_of(point: &Point, class: Class) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.fits(point.purpose, &point.call, class))
}

/// The kind of error that a fault itself is.
pub fn own_kind(class: Class, turbot: bool) -> &'static str {
    if turbot {
        return match class {
            Class::ResetBefore | Class::ResetAfter | Class::SilentBefore | Class::SilentAfter | Class::Truncated => {
                "turbot-unreachable"
            }
            Class::ExpiredToken | Class::DeniedByIdentity => "missing-right",
            _ => "turbot-unavailable",
        };
    }
    match class {
        Class::Throttled | Class::ThrottledRetryAfter => "throttled",
        Class::ExpiredToken => "credentials",
        Class::ClockSkew => "clock-skew",
        Class::DeniedByServiceControl
        | Class::DeniedByResourceControl
        | Class::DeniedByBoundary
        | Class::DeniedBySession
        | Class::DeniedByIdentity
        | Class::DeniedByTrust => "denied",
        Class::Quota => "quota",
        Class::Concurrent => "changed",
        Class::NotVisible => "not-propagated",
        _ => "aws-unavailable",
    }
}

impl End {
    /// The error's kind; `None` for success.
    pub fn kind(self, class: Class, turbot: bool) -> Option<&'static str> {
        match self {
            Imported => None,
            Undone(kind) | NotUndone(kind) | Unseen(kind) | Accepted(kind) | Pending(kind) => Some(match kind {
                Own => own_kind(class, turbot),
                Is(name) => name,
            }),
        }
    }

    /// In words, for the documentation.
    pub fn words(self, class: Class, turbot: bool) -> String {
        let what = match self {
            Imported => return "0 imported".to_owned(),
            Undone(_) => "nothing is left",
            NotUndone(_) => "cannot be taken back; named",
            Unseen(_) => "deleted unseen, or named",
            Accepted(_) => "in Turbot; the rest is named",
            Pending(_) => "stands, named; nothing is sent twice",
        };
        let kind = self.kind(class, turbot).unwrap_or_default();
        format!("{} `{kind}`, {what}", exit_code(kind))
    }
}

/// The exit code that goes with a kind, by the contract's own list.
pub fn exit_code(kind: &str) -> u8 {
    let kinds = onboard_core::ErrorKind::ALL;
    kinds.iter().find(|k| k.as_str() == kind).unwrap_or_else(|| panic!("{kind} is no kind")).exit_code()
}
