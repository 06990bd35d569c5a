//! What can go wrong with a call.

use onboard_sandbox::{Fault, PolicyKind, What};

use crate::point::Point;

/// A class of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Throttled,
    ThrottledRetryAfter,
    FaultBefore,
    FaultAfter,
    ResetBefore,
    ResetAfter,
    SilentBefore,
    SilentAfter,
    Truncated,
    Malformed,
    Html,
    ExpiredToken,
    ClockSkew,
    DeniedByServiceControl,
    DeniedByResourceControl,
    DeniedByBoundary,
    DeniedBySession,
    DeniedByIdentity,
    DeniedByTrust,
    Quota,
    Concurrent,
    NotVisible,
    BareId,
}

/// An ARN as denials name it.
pub const DENIER: &str = "arn:aws:organizations::999988887777:policy/o-aa111bb222/service_control_policy/p-11112222";

impl Class {
    pub const ALL: [Self; 23] = [
        Self::Throttled,
        Self::ThrottledRetryAfter,
        Self::FaultBefore,
        Self::FaultAfter,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::SilentBefore,
        Self::SilentAfter,
        Self::Truncated,
        Self::Malformed,
        Self::Html,
        Self::ExpiredToken,
        Self::ClockSkew,
        Self::DeniedByServiceControl,
        Self::DeniedByResourceControl,
        Self::DeniedByBoundary,
        Self::DeniedBySession,
        Self::DeniedByIdentity,
        Self::DeniedByTrust,
        Self::Quota,
        Self::Concurrent,
        Self::NotVisible,
        Self::BareId,
    ];

    /// In words, for the documentation; Turbot's form of it, where it has another.
    pub fn words(self) -> &'static str {
        match self {
            Self::Throttled => "throttled (Turbot: 429)",
            Self::ThrottledRetryAfter => "throttled, with `Retry-After`",
            Self::FaultBefore => "500 before the effect",
            Self::FaultAfter => "500 after the effect",
            Self::ResetBefore => "connection reset before the effect",
            Self::ResetAfter => "connection reset after the effect",
            Self::SilentBefore => "no answer, no effect",
            Self::SilentAfter => "no answer, after the effect",
            Self::Truncated => "the answer breaks off",
            Self::Malformed => "the answer is broken XML or JSON",
            Self::Html => "a proxy's 502 page",
            Self::ExpiredToken => "expired token (Turbot: 401)",
            Self::ClockSkew => "signature refused for the time",
            Self::DeniedByServiceControl => "denied: service control policy",
            Self::DeniedByResourceControl => "denied: resource control policy",
            Self::DeniedByBoundary => "denied: permissions boundary",
            Self::DeniedBySession => "denied: session policy",
            Self::DeniedByIdentity => "denied: identity-based policy (Turbot: 403)",
            Self::DeniedByTrust => "denied: trust policy",
            Self::Quota => "quota reached (Turbot: 400)",
            Self::Concurrent => "concurrent modification (Turbot: 409)",
            Self::NotVisible => "not visible yet, for three reads (404)",
            Self::BareId => "the bare unique id in place of the ARN, for three reads",
        }
    }

    /// Whether a call has it. Turbot knows neither AWS's policies nor its signatures; 'not found' is the answer of calls
    /// that name something, and to a deletion it is a success.
    pub fn applies_to(self, point: &Point) -> bool {
        match self {
            Self::ClockSkew
            | Self::DeniedByServiceControl
            | Self::DeniedByResourceControl
            | Self::DeniedByBoundary
            | Self::DeniedBySession
            | Self::DeniedByTrust => !point.is_turbot(),
            Self::NotVisible => {
                let naming = ["GetRole", "GetUser", "GetPolicy", "ListAttached", "ListAccessKeys", "Tag", "Attach"];
                point.is_turbot() || naming.iter().any(|name| point.call.starts_with(&format!("iam:{name}")))
            }
            Self::BareId => {
                ["iam:GetRole", "iam:GetUser", "iam:CreateRole", "iam:CreateUser"].contains(&point.call.as_str())
            }
            _ => true,
        }
    }

    /// The fault at a point, once or from there on for ever.
    pub fn fault(self, point: &Point, lasting: bool) -> Fault {
        let deny = |policy, arn: Option<&str>| What::AccessDenied { policy, arn: arn.map(str::to_owned) };
        let (what, after) = match self {
            Self::Throttled => (What::Throttle { retry_after: None }, false),
            Self::ThrottledRetryAfter => (What::Throttle { retry_after: Some(1) }, false),
            Self::FaultBefore => (What::InternalError, false),
            Self::FaultAfter => (What::InternalError, true),
            Self::ResetBefore => (What::Reset, false),
            Self::ResetAfter => (What::Reset, true),
            Self::SilentBefore => (What::Timeout, false),
            Self::SilentAfter => (What::Timeout, true),
            Self::Truncated => (What::Truncated, true),
            Self::Malformed => (What::Malformed, true),
            Self::Html => (What::Html, false),
            Self::ExpiredToken => (What::ExpiredToken, false),
            Self::ClockSkew => (What::ClockSkew, false),
            Self::DeniedByServiceControl => (deny(PolicyKind::ServiceControl, Some(DENIER)), false),
            Self::DeniedByResourceControl => (deny(PolicyKind::ResourceControl, Some(DENIER)), false),
            Self::DeniedByBoundary => (deny(PolicyKind::Boundary, None), false),
            Self::DeniedBySession => (deny(PolicyKind::Session, None), false),
            Self::DeniedByIdentity => (deny(PolicyKind::Identity, None), false),
            Self::DeniedByTrust => (deny(PolicyKind::Trust, None), false),
            Self::Quota => (What::Quota, false),
            Self::Concurrent => (What::ConcurrentModification, false),
            Self::NotVisible => (What::NotFound, false),
            Self::BareId => (What::BareId, true),
        };
        let times = match (lasting, self) {
            (true, _) => 0,
            (false, Self::NotVisible | Self::BareId) => 3,
            (false, _) => 1,
        };
        let fault = Fault::new(point.call.as_str(), what).nth(point.nth).times(times);
        if after { fault.after() } else { fault }
    }
}
