//! What Turbot shows of an account, and what its answers mean.

use std::time::Duration;

use serde::Serialize;

use crate::{AwsAccountId, ClusterId, TurbotAccountId};

/// One account as Turbot's API shows it; unknown fields are left aside, missing ones are `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TurbotAccount {
    /// Its Turbot id.
    pub id: Option<String>,
    /// Its URN, `urn:turbot:<cluster>:<id>`; listings may omit it.
    pub urn: Option<String>,
    /// The AWS account behind it, padded to 12 digits; `None` where Turbot did not say.
    pub aws_account_id: Option<AwsAccountId>,
    /// Its title.
    pub title: Option<String>,
}

/// Why a look at Turbot gave no answer that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookFault {
    /// No connection, a name that does not resolve, or a time-out.
    Unreachable,
    /// TLS failed: an unknown authority, a wrong host, an expired certificate.
    Tls,
    /// A redirect, which is never followed with credentials.
    Redirect,
    /// 5xx, a load balancer's page, 408, 425 or 429.
    Unavailable,
    /// 401: the key is unknown, expired or wrong.
    Unauthorized,
    /// 403: the key lacks the right, or its grant is not active.
    Forbidden,
    /// The answer could not be understood: not JSON, or a needed field is missing.
    Malformed,
    /// 404 where the resource itself must exist (the cluster): probably not a Turbot v3 API.
    NotFound,
    /// Any other 4xx.
    Refused,
}

/// A look that failed: what kind, and the whole story in words (no secret in it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct LookFailure {
    /// The kind, for decisions.
    pub fault: LookFault,
    /// What was asked, what came back.
    pub message: String,
}

/// What `GET .../turbot/health` says. It is advisory: no decision rests on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "detail")]
pub enum Health {
    /// 200.
    Ok,
    /// 400 or 503, with the failing parts named where the body does.
    Failing(String),
    /// No usable answer.
    Unknown(String),
}

/// Everything that was read of Turbot for one account, at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurbotObserved {
    /// Health.
    pub health: Health,
    /// The `X-Turbot-Version` header, where there was one.
    pub version: Option<String>,
    /// The `urn` of `GET cluster`.
    pub cluster_urn: Result<String, LookFailure>,
    /// `GET accounts/{id}`: `Ok(None)` is a 404.
    pub by_id: Result<Option<TurbotAccount>, LookFailure>,
    /// Those items of the listing that carry this Turbot id or this AWS account.
    pub listed: Result<Vec<TurbotAccount>, LookFailure>,
    /// The maintenance window in force on the account, where it was asked for and could be read.
    pub maintenance: Option<Result<Option<String>, LookFailure>>,
}

/// Whether the account is in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there, with the AWS account that was meant (or none was shown: then the title says nothing either).
    Visible(TurbotAccount),
    /// It is proved absent: the cluster is the wanted one, by id 404, and the listing holds neither id nor AWS account.
    Absent,
    /// The Turbot id belongs to another AWS account, or the AWS account is known under another Turbot id.
    Conflict {
        /// What stands there.
        seen: TurbotAccount,
        /// Whether it is our Turbot id that shows another AWS account (else the AWS account has another Turbot id).
        same_id: bool,
    },
    /// It cannot be said.
    Unknown(LookFailure),
}

impl TurbotObserved {
    /// Decides, from all that was read, whether the account is there. Absence is proved, not assumed.
    #[must_use]
    pub fn presence(&self, cluster: &ClusterId, id: &TurbotAccountId, aws: &AwsAccountId) -> Presence {
        let listed = self.listed.as_deref().unwrap_or_default();
        let with_id = |a: &&TurbotAccount| a.id.as_deref() == Some(id.as_str());
        // The account by id is the authority; the listing fills in what it leaves out.
        let by_id = match &self.by_id {
            Ok(Some(account)) => Some(account.clone()),
            Ok(None) | Err(_) => listed.iter().find(with_id).cloned(),
        };
        if let Some(mut account) = by_id {
            if account.aws_account_id.is_none() {
                account.aws_account_id = listed.iter().find(with_id).and_then(|a| a.aws_account_id.clone());
            }
            let elsewhere =
                listed.iter().find(|a| a.aws_account_id.as_ref() == Some(aws) && a.id.is_some() && !with_id(a));
            return match (&account.aws_account_id, elsewhere) {
                (Some(seen), _) if seen != aws => Presence::Conflict { seen: account, same_id: true },
                // Which AWS account it is was not said; but this one is known, under another id.
                (None, Some(other)) => Presence::Conflict { seen: other.clone(), same_id: false },
                (Some(_) | None, _) => Presence::Visible(account),
            };
        }
        if let Some(other) = listed.iter().find(|a| a.aws_account_id.as_ref() == Some(aws)) {
            return Presence::Conflict { seen: other.clone(), same_id: false };
        }
        match (&self.cluster_urn, &self.by_id, &self.listed) {
            (Ok(urn), Ok(None), Ok(_)) if *urn == cluster.urn() => Presence::Absent,
            (Err(failure), _, _) | (_, Err(failure), _) | (_, _, Err(failure)) => Presence::Unknown(failure.clone()),
            (Ok(urn), ..) => Presence::Unknown(LookFailure {
                fault: LookFault::Malformed,
                message: format!("this is the cluster {urn}, not {}", cluster.urn()),
            }),
        }
    }
}

/// What a refusal is about, as far as its text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalAbout {
    /// Turbot could not assume the role: perhaps it is not known everywhere yet.
    CannotAssume,
    /// AWS did not know the access key yet.
    UnknownKey,
    /// 401: Turbot's own key is wrong or expired.
    TurbotKey,
    /// 403: the Turbot key lacks Turbot/Operator at the cluster, or its grant is not active.
    MissingRight,
    /// Something in the payload.
    Payload,
    /// A redirect, which is not followed.
    Redirect,
    /// Anything else.
    Other,
}

/// Turbot's refusal of an import, or of a maintenance window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TurbotRefusal {
    /// The HTTP status.
    pub status: u16,
    /// The body's `code`, a number or a text.
    pub code: Option<String>,
    /// The body's `message`, or what there was of a body, bounded and never a secret.
    pub message: String,
    /// What it is about.
    pub about: RefusalAbout,
}

impl TurbotRefusal {
    /// Whether the same call may be made again soon, after a look: the credential may not be known everywhere yet.
    #[must_use]
    pub fn is_propagation(&self) -> bool {
        matches!(self.about, RefusalAbout::CannotAssume | RefusalAbout::UnknownKey)
    }
}

/// What the import's answer means. Every possible answer is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportAnswer {
    /// Any 2xx, whatever its body.
    Accepted {
        /// The HTTP status.
        status: u16,
    },
    /// A definite no: 3xx, 400, 401, 403, 404, 405, 413, 415, 422.
    Refused(TurbotRefusal),
    /// 429: not taken; to be sent again after the time given.
    NotTaken {
        /// `Retry-After`, where it was given.
        retry_after: Option<Duration>,
        /// What Turbot said.
        message: String,
    },
    /// 409: something of that name exists. A look decides what.
    Conflict(TurbotRefusal),
    /// No connection or no TLS: nothing was sent.
    NotSent(LookFailure),
    /// Anything after the first byte went out without a definite answer: time-out, reset, truncation, 408, 425, 5xx.
    Unknown {
        /// What happened.
        why: String,
    },
}

/// The three levels of Turbot's maintenance window (`Turbot > Environment > Maintenance Window`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaintenanceLevel {
    /// No infrastructure is made in the AWS account (maintenance mode).
    NoChanges,
    /// Forced changes, 'check mode'.
    Check,
    /// Anytime, 'full mode'.
    Full,
}

impl MaintenanceLevel {
    /// `no-changes`, `check` or `full`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoChanges => "no-changes",
            Self::Check => "check",
            Self::Full => "full",
        }
    }
}

/// The call that replaces a maintenance window that stands. Which one Turbot wants is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UpdateVerb {
    /// `PUT` on the policy's URL.
    Put,
    /// `PATCH` on the policy's URL.
    Patch,
}

/// How maintenance is spelled in the API. Only 'No changes' is public; the rest are settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaintenanceSpelling {
    /// `No changes`.
    pub no_changes: String,
    /// `Forced changes`, assumed.
    pub check: String,
    /// `Anytime`, assumed.
    pub full: String,
    /// The call that replaces a window that stands; without it, one is reported and left as it is.
    pub replaced_with: Option<UpdateVerb>,
}

impl Default for MaintenanceSpelling {
    fn default() -> Self {
        let [no_changes, check, full] = ["No changes", "Forced changes", "Anytime"].map(str::to_owned);
        Self { no_changes, check, full, replaced_with: None }
    }
}

impl MaintenanceSpelling {
    /// The API's value for a level.
    #[must_use]
    pub fn of(&self, level: MaintenanceLevel) -> &str {
        match level {
            MaintenanceLevel::NoChanges => &self.no_changes,
            MaintenanceLevel::Check => &self.check,
            MaintenanceLevel::Full => &self.full,
        }
    }

    /// The level a value stands for, whatever its case (Turbot's page prints 'No Changes', its code sends 'No changes').
    #[must_use]
    pub fn level(&self, value: &str) -> Option<MaintenanceLevel> {
        [MaintenanceLevel::NoChanges, MaintenanceLevel::Check, MaintenanceLevel::Full]
            .into_iter()
            .find(|l| self.of(*l).eq_ignore_ascii_case(value.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, aws: Option<&str>) -> TurbotAccount {
        TurbotAccount {
            id: Some(id.into()),
            urn: None,
            aws_account_id: aws.map(|a| AwsAccountId::new(a).unwrap()),
            title: None,
        }
    }

    fn failure(fault: LookFault) -> LookFailure {
        LookFailure { fault, message: "x".into() }
    }

    #[test]
    fn absence_is_proved() {
        let cluster = ClusterId::new("mhe").unwrap();
        let id = TurbotAccountId::new("aab").unwrap();
        let aws = AwsAccountId::new("111122223333").unwrap();
        let seen = TurbotObserved {
            health: Health::Ok,
            version: None,
            cluster_urn: Ok("urn:turbot:mhe".into()),
            by_id: Ok(None),
            listed: Ok(vec![]),
            maintenance: None,
        };
        let presence = |s: &TurbotObserved| s.presence(&cluster, &id, &aws);
        assert_eq!(presence(&seen), Presence::Absent);
        for fault in [LookFault::Forbidden, LookFault::Unavailable] {
            let blind = TurbotObserved { listed: Err(failure(fault)), ..seen.clone() };
            assert_eq!(presence(&blind), Presence::Unknown(failure(fault)));
            let blind = TurbotObserved { by_id: Err(failure(fault)), ..seen.clone() };
            assert_eq!(presence(&blind), Presence::Unknown(failure(fault)));
        }
        let other_cluster = TurbotObserved { cluster_urn: Ok("urn:turbot:other".into()), ..seen.clone() };
        assert!(matches!(presence(&other_cluster), Presence::Unknown(_)));
        // The listing alone is enough to see it, and to see a conflict.
        let listed = TurbotObserved { listed: Ok(vec![account("aab", Some("111122223333"))]), ..seen.clone() };
        assert!(matches!(presence(&listed), Presence::Visible(_)));
        let other_id = TurbotObserved { listed: Ok(vec![account("zzz", Some("111122223333"))]), ..seen.clone() };
        assert!(matches!(presence(&other_id), Presence::Conflict { same_id: false, .. }));
        let other_aws = TurbotObserved { by_id: Ok(Some(account("aab", Some("999999999999")))), ..seen.clone() };
        assert!(matches!(presence(&other_aws), Presence::Conflict { same_id: true, .. }));
        // By id without an AWS account: the listing fills it in.
        let filled = TurbotObserved {
            by_id: Ok(Some(account("aab", None))),
            listed: Ok(vec![account("aab", Some("999999999999"))]),
            ..seen
        };
        assert!(matches!(presence(&filled), Presence::Conflict { same_id: true, .. }));
    }

    #[test]
    fn spellings() {
        let spelling = MaintenanceSpelling::default();
        assert_eq!(spelling.level("No Changes"), Some(MaintenanceLevel::NoChanges));
        assert_eq!(spelling.of(MaintenanceLevel::Full), "Anytime");
        assert_eq!(spelling.level("sometimes"), None);
    }
}
