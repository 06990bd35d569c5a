//! A plan on disk: what a reviewer approves, sealed, and what `apply --plan` holds the world against.

use std::borrow::Borrow;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use onboard_core::{AccountReport, Chosen, ErrorKind, ErrorReport, Plan, Secret, VERSION, Wanted, first_beyond};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::planned::Planned;

/// The plan's schema.
pub const PLAN_SCHEMA: &str = "turbot-onboard/plan/1";
/// How long a saved plan may be applied.
const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// The largest plan that is read.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The document of a plan: everything a reviewer needs, and the seal. `unplanned` are the reports of the accounts that
/// cannot be planned: the document says so only where there are some.
#[must_use]
pub fn plan_document<P: Borrow<Planned>>(
    planned: &[P],
    unplanned: &[AccountReport],
    turbot_url: &str,
    made_at: Timestamp,
    secret: &Secret,
) -> Value {
    let first = planned.first().map(Borrow::borrow);
    let caller = first.map(|p| {
        json!({
            "account": p.caller.account,
            "arn": p.caller.arn,
            "partition": p.caller.partition(),
            "endpoint": p.endpoint,
        })
    });
    let turbot = first.map(|p| {
        json!({
            "url": turbot_url,
            "cluster_urn": p.wanted.cluster_id.urn(),
            "master_account_id": p.wanted.master_account_id,
        })
    });
    let accounts: Vec<Value> = planned
        .iter()
        .map(Borrow::borrow)
        .map(|p| {
            json!({
                "wanted": p.wanted,
                "chosen": p.chosen,
                "observed": p.observed,
                "steps": p.plan.steps.iter().map(onboard_core::Step::view).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut document = json!({
        "schema": PLAN_SCHEMA,
        "tool_version": VERSION,
        "made_at": made_at.to_string(),
        "expires_at": made_at.checked_add(LIFE).unwrap_or(Timestamp::MAX).to_string(),
        "caller": caller,
        "turbot": turbot,
        "accounts": accounts,
    });
    if !unplanned.is_empty() {
        document["unplanned"] = unplanned
            .iter()
            .map(|r| json!({"account_id": r.account_id, "turbot_id": r.turbot_id, "error": r.error, "warnings": r.warnings}))
            .collect();
    }
    let seal = seal(&document, secret);
    document["seal"] = Value::String(seal);
    document
}

/// An HMAC over the document without its seal, keys sorted, under a key derived from the Turbot secret key: who applies
/// a plan can tell that somebody with the same Turbot key made it, and that nothing was changed since.
pub(crate) fn seal(document: &Value, secret: &Secret) -> String {
    use std::fmt::Write as _;
    let code = mac(&mac_key(secret), &canonical(document)).finalize().into_bytes();
    code.iter().fold(String::from("hmac-sha256:"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mac_key(secret: &Secret) -> Vec<u8> {
    mac(secret.expose().as_bytes(), b"turbot-onboard/plan/1 seal").finalize().into_bytes().to_vec()
}

fn mac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac
}

fn canonical(document: &Value) -> Vec<u8> {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let mut keys: Vec<&String> = object.keys().collect();
                keys.sort();
                Value::Object(keys.into_iter().map(|k| (k.clone(), sorted(&object[k]))).collect::<Map<_, _>>())
            }
            Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    let mut document = document.clone();
    if let Some(object) = document.as_object_mut() {
        object.remove("seal");
    }
    sorted(&document).to_string().into_bytes()
}

/// Writes a plan: a new file, 0600, never over another, following no link.
///
/// # Errors
/// It exists already, or cannot be written.
pub fn write_plan(path: &Path, document: &Value) -> Result<(), ErrorReport> {
    let fail = |e: std::io::Error| {
        ErrorReport::new(ErrorKind::Settings, format!("the plan {} cannot be written", path.display()))
            .because(e.to_string())
            .hint("choose a new file: an existing one is never overwritten")
    };
    let text = serde_json::to_string_pretty(document)
        .map_err(|e| ErrorReport::new(ErrorKind::Bug, "writing the plan").because(e.to_string()))?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fail)?;
    file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all()).map_err(fail)
}

/// One account of a saved plan.
#[derive(Debug, Clone)]
pub struct SavedAccount {
    /// What was wanted.
    pub wanted: Wanted,
    /// The values chosen then.
    pub chosen: Chosen,
    steps: Vec<Value>,
}

/// A saved plan that was read, is sealed with our key, and is not too old.
#[derive(Debug, Clone)]
pub struct SavedPlan {
    /// Its accounts.
    pub accounts: Vec<SavedAccount>,
    /// The AWS accounts that could not be planned when it was made.
    pub unplanned: Vec<String>,
    /// The Turbot URL it was made for.
    pub turbot_url: String,
}

fn again(message: impl Into<String>) -> ErrorReport {
    ErrorReport::new(ErrorKind::PlanAgain, message)
        .hint("plan again: turbot-onboard plan --out FILE; nothing was changed")
}

impl SavedPlan {
    /// Reads a plan and checks its seal and its age.
    ///
    /// # Errors
    /// It cannot be read or is damaged (2); it is foreign, changed or expired (3).
    pub fn open(path: &Path, secret: &Secret, now: Timestamp) -> Result<Self, ErrorReport> {
        let damaged = |cause: String| {
            let plan = onboard_core::shown(&path.display().to_string());
            ErrorReport::new(ErrorKind::Settings, format!("the plan {plan} cannot be used")).because(cause)
        };
        let file = std::fs::File::open(path).map_err(|e| damaged(e.to_string()))?;
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text).map_err(|e| damaged(e.to_string()))?;
        Self::parse(&text, secret, now, damaged)
    }

    /// Reads a plan's text; `damaged` says which plan it is that cannot be used.
    pub(crate) fn parse(
        text: &str,
        secret: &Secret,
        now: Timestamp,
        damaged: impl Fn(String) -> ErrorReport,
    ) -> Result<Self, ErrorReport> {
        // The parser's words repeat what it found.
        let damaged = |cause: String| damaged(onboard_core::escaped(&cause).into_owned());
        let document: Value = serde_json::from_str(text).map_err(|e| damaged(format!("it is not a plan: {e}")))?;
        if document["schema"] != PLAN_SCHEMA {
            let found = document["schema"].as_str().unwrap_or("none");
            return Err(damaged(format!("its schema is {}, not {PLAN_SCHEMA}", onboard_core::shown(found))));
        }
        Self::check_seal(&document, secret)?;
        let expires: Timestamp = document["expires_at"].as_str().and_then(|t| t.parse().ok()).unwrap_or(Timestamp::MIN);
        if now > expires {
            return Err(again(format!("the plan expired at {expires}")));
        }
        let accounts = document["accounts"].as_array().cloned().unwrap_or_default();
        let accounts = accounts
            .into_iter()
            .map(|mut account| {
                let part = |value: Value, what: &str| (value, what.to_owned());
                let (wanted, _) = part(account["wanted"].take(), "wanted");
                let (chosen, _) = part(account["chosen"].take(), "chosen");
                Ok(SavedAccount {
                    wanted: serde_json::from_value(wanted).map_err(|e| damaged(format!("accounts[].wanted: {e}")))?,
                    chosen: serde_json::from_value(chosen).map_err(|e| damaged(format!("accounts[].chosen: {e}")))?,
                    steps: account["steps"].as_array().cloned().unwrap_or_default(),
                })
            })
            .collect::<Result<_, ErrorReport>>()?;
        let unplanned = document["unplanned"].as_array().into_iter().flatten();
        let unplanned = unplanned.filter_map(|account| account["account_id"].as_str().map(str::to_owned)).collect();
        let turbot_url = document["turbot"]["url"].as_str().unwrap_or_default().to_owned();
        Ok(Self { accounts, unplanned, turbot_url })
    }

    fn check_seal(document: &Value, secret: &Secret) -> Result<(), ErrorReport> {
        let broken = || again("the plan was changed after it was made, or was made with another Turbot key");
        let seal = document["seal"].as_str().and_then(|s| s.strip_prefix("hmac-sha256:")).ok_or_else(broken)?;
        let bytes: Option<Vec<u8>> = (0..seal.len())
            .step_by(2)
            .map(|i| seal.get(i..i + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .collect();
        // Compared in constant time by the library.
        mac(&mac_key(secret), &canonical(document)).verify_slice(&bytes.ok_or_else(broken)?).map_err(|_| broken())
    }

    /// Compares the plan with where it is applied.
    ///
    /// # Errors
    /// Another Turbot than the plan's.
    pub fn check_turbot(&self, url: &str) -> Result<(), ErrorReport> {
        if self.turbot_url == url {
            return Ok(());
        }
        Err(again(format!("the plan was made for {}, not for {url}", onboard_core::shown(&self.turbot_url))))
    }
}

impl SavedAccount {
    /// Holds a new plan against the saved one: its steps, or what remains of them.
    ///
    /// # Errors
    /// A step that the saved plan does not have: the world has changed.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), ErrorReport> {
        match first_beyond(&plan.steps, &self.steps) {
            None => Ok(()),
            Some(step) => Err(again("the world has changed since the plan was made")
                .because(format!("now it would also be necessary to {}", step.sentence()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_seal_holds_for_its_document_and_key_alone() {
        let document = json!({"schema": PLAN_SCHEMA, "accounts": [{"b": 1, "a": [1, 2]}]});
        let mut sealed = document.clone();
        sealed["seal"] = Value::String(seal(&document, &secret("k")));
        assert!(SavedPlan::check_seal(&sealed, &secret("k")).is_ok());
        assert!(SavedPlan::check_seal(&sealed, &secret("other")).is_err());
        let mut changed = sealed.clone();
        changed["accounts"][0]["b"] = json!(2);
        assert!(SavedPlan::check_seal(&changed, &secret("k")).is_err());
        let reordered: Value = serde_json::from_str(&format!(
            r#"{{"accounts":[{{"a":[1,2],"b":1}}],"schema":"{PLAN_SCHEMA}","seal":{}}}"#,
            sealed["seal"]
        ))
        .unwrap();
        assert!(SavedPlan::check_seal(&reordered, &secret("k")).is_ok());
        for bad in ["", "hmac-sha256:", "hmac-sha256:zz", "x"] {
            sealed["seal"] = json!(bad);
            assert!(SavedPlan::check_seal(&sealed, &secret("k")).is_err(), "{bad}");
        }
    }
}
