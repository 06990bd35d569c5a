//! Events of new accounts, as EventBridge delivers them.
//!
//! - AWS Control Tower, [lifecycle events](https://docs.aws.amazon.com/controltower/latest/userguide/lifecycle-events.html):
//!   `CreateManagedAccount`, and `UpdateManagedAccount`, which a creation that was tried again ends with.
//! - AWS Organizations: `CreateAccountResult`, and `AccountJoinedOrganization`, which also tells of invited accounts. The
//!   latter's whole form is not documented: the account is looked for where the documented events have it, and then
//!   anywhere among its details.

use onboard_core::{AwsAccountId, escaped};
use serde_json::Value;

/// What an event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// This account is to be onboarded.
    Onboard(AwsAccountId),
    /// Nothing, and why.
    Nothing(String),
}

/// Why an event cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

/// Reads an event.
///
/// # Errors
/// It is none of those above, or says no account.
pub(crate) fn read(text: &str) -> Result<Asked, Malformed> {
    let event: Value = serde_json::from_str(text).map_err(|error| Malformed(format!("it is no JSON: {error}")))?;
    let detail = &event["detail"];
    let name = detail["eventName"].as_str().ok_or_else(|| Malformed("it has no detail.eventName".to_owned()))?;
    let from = event["source"].as_str().unwrap_or_default();
    let (source, status, account) = match name {
        "CreateManagedAccount" => {
            ("aws.controltower", Some("createManagedAccountStatus"), &["account", "accountId"][..])
        }
        "UpdateManagedAccount" => {
            ("aws.controltower", Some("updateManagedAccountStatus"), &["account", "accountId"][..])
        }
        "CreateAccountResult" => ("aws.organizations", Some("createAccountStatus"), &["accountId"][..]),
        "AccountJoinedOrganization" => ("aws.organizations", None, &[][..]),
        other => return Err(Malformed(format!("nothing is known of the event {}", escaped(other)))),
    };
    // Only AWS's own services can put `aws.` events on a bus; anything else with such a name is somebody's own.
    if from != source {
        return Err(Malformed(format!("{name} comes from {source}, and this from {}", onboard_core::shown(from))));
    }
    let details = &detail["serviceEventDetails"];
    let Some(status) = status else {
        return joined(details, name).map(Asked::Onboard);
    };
    let status = &details[status];
    match status["state"].as_str() {
        Some("SUCCEEDED") => {}
        Some(other) => {
            let why = status["failureReason"].as_str().or(status["message"].as_str()).unwrap_or_default();
            return Ok(Asked::Nothing(format!("{name} ended {}: {}", escaped(other), escaped(why))));
        }
        None => return Err(Malformed(format!("{name} says no state"))),
    }
    let id = account.iter().fold(status, |value, part| &value[*part]);
    account_id(id, name).map(Asked::Onboard)
}

fn account_id(value: &Value, name: &str) -> Result<AwsAccountId, Malformed> {
    let text = value.as_str().ok_or_else(|| Malformed(format!("{name} says no account")))?;
    AwsAccountId::new(text).map_err(|error| Malformed(format!("{name}: {error}")))
}

/// The account of an event whose form is not documented: the one value of a key `accountId`, however deep. Two that
/// differ say nothing.
fn joined(details: &Value, name: &str) -> Result<AwsAccountId, Malformed> {
    let mut found = Vec::new();
    collect(details, &mut found);
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [id] => Ok(id.clone()),
        [] => Err(Malformed(format!("{name} says no account"))),
        _ => Err(Malformed(format!("{name} says several accounts"))),
    }
}

fn collect(value: &Value, found: &mut Vec<AwsAccountId>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(text) if key.eq_ignore_ascii_case("accountId") => found.extend(AwsAccountId::new(text).ok()),
                    _ => collect(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str, name: &str, details: &Value) -> String {
        json!({"version": "0", "source": source, "detail-type": "AWS Service Event via CloudTrail",
            "account": "111111111111", "region": "us-east-1",
            "detail": {"eventName": name, "serviceEventDetails": details}})
        .to_string()
    }

    fn onboard(id: &str) -> Result<Asked, Malformed> {
        Ok(Asked::Onboard(AwsAccountId::new(id).unwrap()))
    }

    #[test]
    fn an_account_that_joined_is_found_wherever_it_stands() {
        let read = |details: &Value| read(&event("aws.organizations", "AccountJoinedOrganization", details));
        let id = "222233334444";
        for details in [
            json!({"accountId": id, "joinedMethod": "Invited"}),
            json!({"accountJoinedOrganization": {"accountId": id, "joinedTime": "x"}}),
            json!({"account": [{"AccountId": id}], "again": {"accountId": id}}),
        ] {
            assert_eq!(read(&details), onboard(id), "{details}");
        }
        for details in [
            json!({}),
            json!(null),
            json!({"accountId": "2222"}),
            json!({"name": id}),
            json!({"accountId": id, "other": {"accountId": "555566667777"}}),
        ] {
            assert!(read(&details).is_err(), "{details}");
        }
    }

    #[test]
    fn what_ended_otherwise_asks_for_nothing() {
        let failed = json!({"createAccountStatus": {"state": "FAILED", "failureReason": "EMAIL_ALREADY_EXISTS"}});
        let asked = read(&event("aws.organizations", "CreateAccountResult", &failed)).unwrap();
        assert_eq!(asked, Asked::Nothing("CreateAccountResult ended FAILED: EMAIL_ALREADY_EXISTS".into()));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let good = json!({"createAccountStatus": {"state": "SUCCEEDED", "accountId": "222233334444"}});
        assert_eq!(read(&event("aws.organizations", "CreateAccountResult", &good)), onboard("222233334444"));
        for text in [
            "",
            "{",
            "null",
            "[]",
            "{}",
            r#"{"detail": {"eventName": 7}}"#,
            &event("aws.organizations", "CloseAccountResult", &good),
            &event("somebody", "CreateAccountResult", &good),
            &event("aws.organizations", "CreateAccountResult", &json!({})),
            &event("aws.organizations", "CreateAccountResult", &json!({"createAccountStatus": {"state": "SUCCEEDED"}})),
            &event(
                "aws.controltower",
                "CreateManagedAccount",
                &json!({"createManagedAccountStatus": {"state": "SUCCEEDED", "account": {"accountId": 222_233_334_444_u64}}}),
            ),
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
