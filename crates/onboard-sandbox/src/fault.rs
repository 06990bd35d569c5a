use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::gate::CallInfo;
use crate::lock;

/// Something that goes wrong at a chosen call. As JSON: `{"call": "iam:CreateRole", "nth": 1, "when": "after",
/// "what": "reset"}`; `what` is a word, or an object of one word and its settings
/// (`{"throttle": {"retry-after": 2}}`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fault {
    /// The call's name, with `*` for any text: `iam:CreateRole`, `sts:*`, `turbot:POST /accounts`.
    pub call: String,
    /// Only calls by, or into, this account (or Turbot account id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The first call that is hit, counted from 1 over the calls that matched since the fault was added.
    #[serde(default = "one")]
    pub nth: u32,
    /// How many calls in a row are hit; 0 means all from there on.
    #[serde(default = "one")]
    pub times: u32,
    /// Whether the call's effect takes place.
    #[serde(default)]
    pub when: When,
    /// What the caller meets.
    pub what: What,
}

fn one() -> u32 {
    1
}

impl Fault {
    /// A fault that hits the first call of that name, before its effect.
    pub fn new(call: impl Into<String>, what: What) -> Self {
        Self { call: call.into(), account: None, nth: 1, times: 1, when: When::Before, what }
    }

    /// The same fault from the nth matching call on (1-based).
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }

    /// The same fault for so many calls in a row; 0 means for ever.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// The same fault after the effect: the call succeeds, its answer does not arrive.
    #[must_use]
    pub fn after(self) -> Self {
        Self { when: When::After, ..self }
    }

    /// The same fault for one account only.
    #[must_use]
    pub fn account(self, account: impl Into<String>) -> Self {
        Self { account: Some(account.into()), ..self }
    }
}

/// Whether a fault strikes before or after what the call does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// The call has no effect.
    #[default]
    Before,
    /// The call has its effect; only the answer is replaced.
    After,
}

/// The policy kind that an access-denied fault names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// `service control policy`
    ServiceControl,
    /// `resource control policy`
    ResourceControl,
    /// `permissions boundary`
    Boundary,
    /// `session policy`
    Session,
    /// `identity-based policy`
    Identity,
    /// `role trust policy`
    Trust,
}

impl PolicyKind {
    /// The kind's name in AWS's access-denied texts.
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Identity => "identity-based policy",
            Self::Trust => "role trust policy",
        }
    }
}

/// What a caller meets when a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum What {
    /// 400 `Throttling` (Organizations: `TooManyRequestsException`; Turbot: 429).
    Throttle {
        /// Seconds, sent as `Retry-After`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// 500 with the service's own error form.
    InternalError,
    /// 503 with the service's own error form.
    Unavailable,
    /// The TCP connection is reset without an answer.
    Reset,
    /// No answer ever; the connection stays open until the client or the sandbox ends it.
    Timeout,
    /// The headers of the whole answer, half of its body, then the connection is closed.
    Truncated,
    /// A whole answer whose body is broken XML or JSON.
    Malformed,
    /// A whole answer in which a role's or user's ARN is its bare unique id, as IAM now and then has it of a new one.
    BareId,
    /// A proxy's 502 page in HTML.
    Html,
    /// 403 with the access-denied text of this policy kind.
    AccessDenied {
        /// Which kind of policy denies.
        policy: PolicyKind,
        /// The denying policy; with it the text speaks of an explicit deny.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arn: Option<String>,
    },
    /// `ExpiredToken`.
    ExpiredToken,
    /// `SignatureDoesNotMatch` for a clock that is wrong.
    ClockSkew,
    /// `LimitExceeded` (Organizations: `ConstraintViolationException`).
    Quota,
    /// 409 `ConcurrentModification`.
    ConcurrentModification,
    /// 404 `NoSuchEntity`.
    NotFound,
    /// The call goes on as it would, later.
    Delay {
        /// How much later.
        millis: u64,
    },
    /// Any status and body.
    Status {
        /// The HTTP status.
        code: u16,
        /// The body as it is sent.
        body: String,
    },
}

impl What {
    /// The word that names this in JSON.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Throttle { .. } => "throttle",
            Self::InternalError => "internal-error",
            Self::Unavailable => "unavailable",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::BareId => "bare-id",
            Self::Html => "html",
            Self::AccessDenied { .. } => "access-denied",
            Self::ExpiredToken => "expired-token",
            Self::ClockSkew => "clock-skew",
            Self::Quota => "quota",
            Self::ConcurrentModification => "concurrent-modification",
            Self::NotFound => "not-found",
            Self::Delay { .. } => "delay",
            Self::Status { .. } => "status",
        }
    }
}

/// The faults that are armed, each with its count of matching calls.
#[derive(Default)]
pub(crate) struct FaultBook(Mutex<Vec<(Fault, u32)>>);

impl FaultBook {
    pub(crate) fn add(&self, fault: Fault) {
        lock(&self.0).push((fault, 0));
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Counts the call in every fault that matches it and returns those that strike, in the order they were added.
    pub(crate) fn strike(&self, call: &CallInfo) -> Vec<Fault> {
        let mut struck = Vec::new();
        for (fault, count) in lock(&self.0).iter_mut() {
            if !matches(fault, call) {
                continue;
            }
            *count = count.saturating_add(1);
            let past = count.saturating_sub(fault.nth.max(1));
            if *count >= fault.nth && (fault.times == 0 || past < fault.times) {
                struck.push(fault.clone());
            }
        }
        struck
    }
}

fn matches(fault: &Fault, call: &CallInfo) -> bool {
    let account = match &fault.account {
        None => true,
        Some(wanted) => call.account.as_ref() == Some(wanted) || call.target.as_ref() == Some(wanted),
    };
    account && crate::pattern::matches(&fault.call, &call.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, account: &str) -> CallInfo {
        CallInfo {
            seq: 1,
            service: String::new(),
            operation: String::new(),
            name: name.to_owned(),
            nth: 1,
            account: Some(account.to_owned()),
            target: None,
            access_key_id: None,
            params: Vec::new(),
        }
    }

    #[test]
    fn counts_only_matching_calls_since_it_was_added() {
        let book = FaultBook::default();
        book.add(Fault::new("iam:Create*", What::InternalError).nth(2).times(2).account("1"));
        let strikes = |name, account| !book.strike(&call(name, account)).is_empty();
        assert!(!strikes("iam:CreateRole", "1"));
        assert!(!strikes("iam:GetRole", "1"));
        assert!(!strikes("iam:CreateRole", "2"));
        assert!(strikes("iam:CreateUser", "1"));
        assert!(strikes("iam:CreateRole", "1"));
        assert!(!strikes("iam:CreateRole", "1"));
    }

    #[test]
    fn zero_times_is_for_ever() {
        let book = FaultBook::default();
        book.add(Fault::new("*", What::Reset).times(0));
        assert!((0..9).all(|_| book.strike(&call("sts:AssumeRole", "1")).len() == 1));
    }

    #[test]
    fn reads_as_kebab_case_json() {
        let faults: Vec<Fault> = serde_json::from_str(
            r#"[{"call":"iam:CreateRole","when":"after","what":"reset"},
                {"call":"sts:*","times":0,"what":{"access-denied":{"policy":"service-control","arn":"arn:aws:x"}}},
                {"call":"turbot:POST /accounts","nth":2,"what":{"throttle":{"retry-after":1}}},
                {"call":"*","what":{"status":{"code":418,"body":"{}"}}}]"#,
        )
        .unwrap();
        assert_eq!(faults[0].when, When::After);
        assert_eq!(faults[2].what, What::Throttle { retry_after: Some(1) });
        let again: Vec<Fault> = serde_json::from_str(&serde_json::to_string(&faults).unwrap()).unwrap();
        assert_eq!(again, faults);
    }
}
