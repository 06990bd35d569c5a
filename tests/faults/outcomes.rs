//! What may come of a fault, and which rule says so: the first that fits holds, and one fits every cell. The
//! documentation is made from the rules, and every cell is held against them.

use crate::class::Class;
use crate::mode::Chapter;
use crate::point::{Point, Purpose};

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As if nothing had been: what a run of this mode comes to.
    Good,
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
    /// Fails; what stood before, or what is still there of it, stands and is named.
    Stands(Kind),
    /// AWS does not show what is to be removed, look after look: it counts as gone.
    Gone,
    /// What was asked is so but for the maintenance window.
    NoWindow,
    /// `doctor`: this check, and perhaps others, failed.
    Check(&'static str),
}

/// The error's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That of the fault itself: see [`own_kind`].
    Own,
    /// This one, whatever the fault.
    Is(&'static str),
}

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

pub const fn rule(
    purposes: &'static [Purpose],
    call: &'static str,
    classes: &'static [Class],
    once: End,
    lasting: End,
) -> Rule {
    Rule { purposes, call, classes, once, lasting }
}

/// No usable answer, and no effect.
pub const LOST_BEFORE: &[Class] = &[Class::FaultBefore, Class::ResetBefore, Class::SilentBefore, Class::Html];
/// The effect, and no usable answer.
pub const LOST_AFTER: &[Class] =
    &[Class::FaultAfter, Class::ResetAfter, Class::SilentAfter, Class::Truncated, Class::Malformed];
/// Refusals that do not pass.
pub const DEFINITE: &[Class] = &[
    Class::ExpiredToken,
    Class::DeniedByServiceControl,
    Class::DeniedByResourceControl,
    Class::DeniedByBoundary,
    Class::DeniedBySession,
    Class::DeniedByIdentity,
    Class::DeniedByTrust,
    Class::Quota,
];

/// Answers of Turbot's that leave open whether it knows the account.
pub const SOFT: &[Class] =
    &[Class::DeniedByIdentity, Class::Malformed, Class::Quota, Class::Concurrent, Class::NotVisible];
pub const DENIED: &[Class] = &[
    Class::DeniedByServiceControl,
    Class::DeniedByResourceControl,
    Class::DeniedByBoundary,
    Class::DeniedBySession,
    Class::DeniedByIdentity,
    Class::DeniedByTrust,
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
pub fn rule_of(chapter: Chapter, point: &Point, class: Class) -> Option<&'static Rule> {
    let mut rules = chapter.tables().iter().copied().flatten();
    rules.find(|rule| rule.fits(point.purpose, &point.call, class))
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
    pub fn kind(self, chapter: Chapter, class: Class, turbot: bool) -> Option<&'static str> {
        match self {
            Self::Good => chapter.good().2,
            Self::NoWindow => Some("maintenance"),
            Self::Check(_) | Self::Gone => None,
            Self::Undone(kind)
            | Self::NotUndone(kind)
            | Self::Unseen(kind)
            | Self::Accepted(kind)
            | Self::Pending(kind)
            | Self::Stands(kind) => Some(match kind {
                Own => own_kind(class, turbot),
                Is(name) => name,
            }),
        }
    }

    /// In words, for the documentation.
    pub fn words(self, chapter: Chapter, class: Class, turbot: bool) -> String {
        let what = match self {
            Self::Good => {
                let (code, outcome, kind) = chapter.good();
                let kind = kind.map(|kind| format!(" `{kind}`")).unwrap_or_default();
                return format!("{code} {outcome}{kind}").trim_end().to_owned();
            }
            Self::Check(check) => return format!("3, `{check}` failed"),
            Self::Gone => return "0, counts as gone".to_owned(),
            Self::NoWindow => "the window is as it was",
            Self::Undone(_) => "nothing is left",
            Self::NotUndone(_) => "cannot be taken back; named",
            Self::Unseen(_) => "deleted unseen, or named",
            Self::Accepted(_) => "in Turbot; the rest is named",
            Self::Pending(_) => "stands, named; nothing is sent twice",
            Self::Stands(_) => "what stands is named",
        };
        let kind = self.kind(chapter, class, turbot).unwrap_or_default();
        format!("{} `{kind}`, {what}", exit_code(kind))
    }
}

/// The exit code that goes with a kind, by the contract's own list.
pub fn exit_code(kind: &str) -> u8 {
    let kinds = onboard_core::ErrorKind::ALL;
    kinds.iter().find(|k| k.as_str() == kind).unwrap_or_else(|| panic!("{kind} is no kind")).exit_code()
}
