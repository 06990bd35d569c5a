//! The maintenance window: Turbot's policy `Turbot > Environment > Maintenance Window` on one account.

use std::time::Duration;

use onboard_core::{LookFailure, LookFault, MaintenanceLevel, TurbotRefusal, UpdateVerb, shown};
use reqwest::Method;
use serde_json::{Value, json};

use crate::Turbot;
use crate::account::kind;
use crate::client::Inner;
use crate::exchange::{Ending, OF_A_LOOK};
use crate::said::Said;

/// The policy's URN: its display path without spaces, as Turbot's own code writes it.
const POLICY: &str = "Turbot:Environment:MaintenanceWindow";
/// How often a window that was just set is read back before it counts as not in force, and the pause between.
const READ_BACKS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// How setting the window ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaintenanceSet {
    /// It was set, and reads back as wanted.
    Set {
        /// The value in force, as Turbot spells it.
        value: String,
    },
    /// A setting stood already, with the wanted value.
    AlreadySet {
        /// The value in force, as Turbot spells it.
        value: String,
    },
    /// Turbot took it, and it could not be read back.
    Unconfirmed {
        /// Why not.
        why: String,
    },
}

/// How setting the window failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaintenanceError {
    /// A definite no.
    #[error("the maintenance window was refused with {}: {}{}", .0.status, .0.message, missing_right(.0))]
    Refused(TurbotRefusal),
    /// A setting stands with another value, and it was not replaced.
    #[error(
        "the account already has a maintenance window of its own, {}, where {} is wanted: {why}",
        seen.as_deref().map_or_else(|| "which cannot be read".to_owned(), shown), shown(wanted)
    )]
    Standing {
        /// The value that is wanted.
        wanted: String,
        /// The value that stands, where it can be read.
        seen: Option<String>,
        /// Why it was not replaced.
        why: String,
    },
    /// It was taken, and another value is in force.
    #[error("the maintenance window was set to {}, and {} is in force", shown(wanted), seen.as_deref().map_or_else(|| "nothing".to_owned(), shown))]
    NotInForce {
        /// The value that was set.
        wanted: String,
        /// The value in force.
        seen: Option<String>,
    },
    /// 429: not taken.
    #[error("the maintenance window was not taken, Turbot is busy: {message}")]
    NotTaken {
        /// `Retry-After`, where it was given.
        retry_after: Option<Duration>,
        /// What Turbot said.
        message: String,
    },
    /// There was no connection: nothing was sent.
    #[error("{0}")]
    NotSent(LookFailure),
    /// There was no definite answer, and reading back did not show the wanted value.
    #[error("it is not known whether the maintenance window was set: {why}")]
    Unknown {
        /// What happened, and what was read back.
        why: String,
    },
}

/// The right that a 403 or 404 means: the import needs less than the window does.
fn missing_right(refusal: &TurbotRefusal) -> &'static str {
    match refusal.status {
        401 => "; the Turbot key is unknown, wrong or expired",
        403 => {
            "; setting it needs Turbot/Admin on the account or above, and active (Turbot/Operator, which imports, is \
             not enough)"
        }
        404 => "; the account is not known, or the key may not see it",
        _ => "",
    }
}

impl Turbot {
    /// The maintenance window in force on an account; `None` is a 404.
    ///
    /// How a policy is read is not public: this is the URL it is set with, by analogy with v1's options. The value is
    /// looked for as `value`, and as `value` inside of that.
    ///
    /// # Errors
    /// No usable answer, or none that holds a value.
    pub async fn maintenance_window(&self, account_urn: &str) -> Result<Option<String>, LookFailure> {
        let inner = &*self.inner;
        let what = format!("reading the maintenance window of {account_urn}");
        let url = inner.url.v3(&["resources", account_urn, "policies", POLICY]);
        let Some(value) = inner.read(&what, &url, OF_A_LOOK).await? else { return Ok(None) };
        match window(&value) {
            Some(window) => Ok(Some(window.to_owned())),
            None => {
                Err(inner.failure(LookFault::Malformed, &what, &format!("{} without a `value` in it", kind(&value))))
            }
        }
    }

    /// Sets the maintenance window of an account as a required exception, and reads it back.
    ///
    /// A 409 says that a setting stands, not which: it is read, and replaced only with the call that
    /// [`MaintenanceSpelling::replaced_with`](onboard_core::MaintenanceSpelling::replaced_with) names. Raising the level has Turbot build infrastructure in the account,
    /// which lowering it does not remove.
    ///
    /// # Errors
    /// A refusal (with the missing right), a standing or differing value, or no definite answer.
    pub async fn set_maintenance_window(
        &self,
        account_urn: &str,
        level: MaintenanceLevel,
    ) -> Result<MaintenanceSet, MaintenanceError> {
        let wanted = self.inner.spelling.of(level);
        match self.write_window(Method::POST, account_urn, wanted).await? {
            Written::Taken => self.confirmed(account_urn, wanted).await,
            Written::Standing(said) => self.over_standing(account_urn, wanted, said).await,
            Written::Unknown(why) => match self.read_back(account_urn, wanted).await {
                Ok(Some(value)) if same(&value, wanted) => Ok(MaintenanceSet::Set { value }),
                Ok(seen) => {
                    let seen = seen.as_deref().map_or_else(|| "nothing".to_owned(), shown);
                    Err(MaintenanceError::Unknown { why: format!("{why}; {seen} is in force") })
                }
                Err(failure) => Err(MaintenanceError::Unknown { why: format!("{why}; {failure}") }),
            },
        }
    }

    /// What to do where a setting stands.
    async fn over_standing(&self, urn: &str, wanted: &str, said: String) -> Result<MaintenanceSet, MaintenanceError> {
        let seen = self.maintenance_window(urn).await;
        let replaced_with = self.inner.spelling.replaced_with;
        let standing =
            |seen: Option<String>, why: String| MaintenanceError::Standing { wanted: wanted.to_owned(), seen, why };
        let seen = match seen {
            Ok(Some(value)) if same(&value, wanted) => return Ok(MaintenanceSet::AlreadySet { value }),
            Ok(seen) => seen,
            Err(failure) if replaced_with.is_none() => {
                return Err(standing(None, format!("{said}; reading it failed: {failure}")));
            }
            Err(_) => None,
        };
        let Some(verb) = replaced_with else {
            let why = "which call replaces a setting is not public; change it in Turbot's console, or name the call in the \
                       configuration file, [maintenance_values] replaced_with = \"PUT\"";
            return Err(standing(seen, why.to_owned()));
        };
        let method = match verb {
            UpdateVerb::Put => Method::PUT,
            UpdateVerb::Patch => Method::PATCH,
        };
        match self.write_window(method.clone(), urn, wanted).await {
            Ok(Written::Taken) => self.confirmed(urn, wanted).await,
            Ok(Written::Standing(said)) => Err(standing(seen, format!("{method} was answered with 409: {said}"))),
            Ok(Written::Unknown(why)) => match self.read_back(urn, wanted).await {
                Ok(Some(value)) if same(&value, wanted) => Ok(MaintenanceSet::Set { value }),
                _ => Err(MaintenanceError::Unknown { why }),
            },
            Err(MaintenanceError::Refused(refusal)) if refusal.status != 403 => {
                Err(standing(seen, format!("{method} was refused with {}: {}", refusal.status, refusal.message)))
            }
            Err(other) => Err(other),
        }
    }

    /// Reads back what was taken.
    async fn confirmed(&self, urn: &str, wanted: &str) -> Result<MaintenanceSet, MaintenanceError> {
        match self.read_back(urn, wanted).await {
            Ok(Some(value)) if same(&value, wanted) => Ok(MaintenanceSet::Set { value }),
            Ok(Some(seen)) => Err(MaintenanceError::NotInForce { wanted: wanted.to_owned(), seen: Some(seen) }),
            // A 404 on an account whose policy was just taken: this installation reads policies in another way.
            Ok(None) => Ok(MaintenanceSet::Unconfirmed {
                why: "Turbot took it, and answers 404 where it should read back".to_owned(),
            }),
            Err(failure) => Ok(MaintenanceSet::Unconfirmed { why: failure.message }),
        }
    }

    /// Reads until the wanted value shows, a few times.
    async fn read_back(&self, urn: &str, wanted: &str) -> Result<Option<String>, LookFailure> {
        let mut seen = self.maintenance_window(urn).await;
        for _ in 1..READ_BACKS {
            match &seen {
                Ok(Some(value)) if !same(value, wanted) => {}
                Err(failure) if matches!(failure.fault, LookFault::Unavailable | LookFault::Unreachable) => {}
                _ => break,
            }
            tokio::time::sleep(PAUSE).await;
            seen = self.maintenance_window(urn).await;
        }
        seen
    }

    async fn write_window(&self, method: Method, urn: &str, wanted: &str) -> Result<Written, MaintenanceError> {
        let inner: &Inner = &self.inner;
        let url = format!("{}?exception=true", inner.url.v3(&["resources", urn, "policies", POLICY]));
        let body = json!({"requirement": "MUST", "notes": "", "expirationTimestamp": "", "value": wanted}).to_string();
        let what = "setting the maintenance window";
        let answer = match inner.send(what, inner.effect(method, &url, body), OF_A_LOOK).await {
            Ok(answer) => answer,
            Err(trouble) if trouble.unsent => {
                return Err(MaintenanceError::NotSent(inner.failure(trouble.fault, what, &trouble.story)));
            }
            Err(trouble) => return Ok(Written::Unknown(trouble.story)),
        };
        if let Ending::CutOff(why) = &answer.ending {
            return Ok(Written::Unknown(format!("an answer of status {} that broke off: {why}", answer.status)));
        }
        let said = Said::read(&answer.body, inner.redactor());
        match answer.status {
            200..=299 => Ok(Written::Taken),
            409 => Ok(Written::Standing(said.sentence())),
            429 => Err(MaintenanceError::NotTaken { retry_after: answer.retry_after, message: said.sentence() }),
            408 | 425 | 500.. => Ok(Written::Unknown(format!("{}: {}", answer.status, said.sentence()))),
            status => Err(MaintenanceError::Refused(said.refusal(status))),
        }
    }
}

enum Written {
    Taken,
    Standing(String),
    Unknown(String),
}

/// Turbot's help page prints 'No Changes' where its code sends 'No changes'.
fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

fn window(value: &Value) -> Option<&str> {
    let value = value.get("value")?;
    let text = value.as_str().or_else(|| value.get("value")?.as_str());
    text.filter(|t| !t.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_read_from_either_shape() {
        assert_eq!(window(&json!({"value": "Anytime"})), Some("Anytime"));
        assert_eq!(window(&json!({"value": {"value": "No changes", "requirement": "MUST"}})), Some("No changes"));
        for none in [json!({}), json!({"value": null}), json!({"value": ""}), json!([]), json!({"value": {"x": 1}})] {
            assert_eq!(window(&none), None, "{none}");
        }
    }

    #[test]
    fn refusals_name_the_right() {
        let refusal = Said::read(b"{\"message\":\"no\"}", &crate::redact::Redactor::default()).refusal(403);
        assert!(MaintenanceError::Refused(refusal).to_string().contains("Turbot/Admin"));
    }
}
