//! Writes one step's effects into the audit log: those on AWS as their witness, the others by their own words.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_bootstrap::{Witness, WitnessedEffect, WitnessedEnd, WitnessedOutcome};
use jiff::Timestamp;
use onboard_core::{AwsAccountId, TurbotAccountId};
use serde_json::Value;

use crate::audit::{Audit, AuditRecord, quoted};
use crate::clock::Moment;
use crate::halt::Halt;

/// The step that the journal's writings are recorded under: claimed, renewed, written and given up by any step.
pub(crate) const JOURNAL: &str = "journal";

/// What became of an effect.
pub(crate) type Effected<'e> = WitnessedOutcome<'e>;

/// Records the effects of one step on one account.
#[derive(Clone)]
pub(crate) struct Recorder {
    audit: Audit,
    account_id: String,
    turbot_id: String,
    step: &'static str,
    target: String,
    was: Value,
    becomes: Value,
    /// Until when a request may be sent, and whether one was not because of it.
    until: Option<(Moment, Duration, Arc<AtomicBool>)>,
}

impl Recorder {
    pub(crate) fn new(
        audit: &Audit,
        account_id: &AwsAccountId,
        turbot_id: &TurbotAccountId,
        step: &'static str,
        target: &str,
    ) -> Self {
        let (account_id, turbot_id) = (account_id.to_string(), turbot_id.to_string());
        let target = quoted(target);
        let (was, becomes) = (Value::Null, Value::Null);
        Self { audit: audit.clone(), account_id, turbot_id, step, target, was, becomes, until: None }
    }

    /// The same with what stands there and what will.
    pub(crate) fn changing(self, was: Value, becomes: Value) -> Self {
        Self { was, becomes, ..self }
    }

    /// The same for requests that may be sent only so long from now. The flag says whether one came too late.
    pub(crate) fn within(self, time: Duration) -> (Self, Arc<AtomicBool>) {
        let late = Arc::new(AtomicBool::new(false));
        (Self { until: Some((Moment::now(), time, Arc::clone(&late))), ..self }, late)
    }

    /// Something is about to be done that is not a call to AWS.
    pub(crate) fn before(&self, operation: &str, time: Timestamp) -> Result<(), Halt> {
        self.announce(operation, time).map_err(Halt::unrecorded)
    }

    /// What became of it.
    pub(crate) fn after(&self, operation: &str, time: Timestamp, came: Effected<'_>) -> Result<(), Halt> {
        self.end(operation, time, came, None, None).map_err(Halt::unrecorded)
    }

    fn announce(&self, operation: &str, time: Timestamp) -> Result<(), String> {
        self.audit.write(AuditRecord {
            phase: "before",
            was: Some(&self.was),
            becomes: Some(&self.becomes),
            ..self.record(operation, time)
        })
    }

    fn end(
        &self,
        operation: &str,
        time: Timestamp,
        came: Effected<'_>,
        request_id: Option<&str>,
        made: Option<&str>,
    ) -> Result<(), String> {
        let (outcome, error) = match came {
            Effected::Done => ("done", None),
            Effected::Failed(why) => ("failed", Some(quoted(why))),
            Effected::Unknown(why) => ("unknown", Some(quoted(why))),
        };
        let (request_id, made) = (request_id.map(quoted), made.map(quoted));
        self.audit.write(AuditRecord {
            phase: "after",
            outcome: Some(outcome),
            request_id: request_id.as_deref(),
            made: made.as_deref(),
            error: error.as_deref(),
            ..self.record(operation, time)
        })
    }

    fn record<'r>(&'r self, operation: &'r str, time: Timestamp) -> AuditRecord<'r> {
        AuditRecord {
            time: time.to_string(),
            account_id: Some(&self.account_id),
            turbot_id: Some(&self.turbot_id),
            step: Some(self.step),
            operation: Some(operation),
            target: Some(&self.target),
            ..AuditRecord::default()
        }
    }
}

impl Witness for Recorder {
    fn before(&self, effect: &WitnessedEffect) -> Result<(), String> {
        let operation = format!("iam:{}", effect.operation);
        self.announce(&operation, effect.time)?;
        if let Some((from, time, late)) = &self.until
            && from.elapsed() >= *time
        {
            late.store(true, Ordering::SeqCst);
            let why = "not sent: the claim on the account has to be confirmed again";
            self.end(&operation, effect.time, Effected::Failed(why), None, None)?;
            return Err(why.to_owned());
        }
        Ok(())
    }

    fn after(&self, effect: &WitnessedEffect, came: &WitnessedEnd<'_>) -> Result<(), String> {
        let operation = format!("iam:{}", effect.operation);
        self.end(&operation, effect.time, came.outcome, came.request_id, came.made)
    }
}
