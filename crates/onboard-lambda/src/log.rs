//! What is said while the work is done: lines of JSON on standard error, which Lambda keeps in the function's log.

use std::io::Write as _;
use std::sync::Arc;

use onboard_core::StepResult;
use onboard_engine::{Event, Events};
use serde_json::{Value, json};

/// Something that somebody has to look at.
pub(crate) fn error(message: &str) {
    line(&json!({"level": "error", "message": message}));
}

/// Something that went as it should.
pub(crate) fn info(message: &str) {
    line(&json!({"level": "info", "message": message}));
}

/// Something a person may want to know of an account.
pub(crate) fn warning(account: &str, message: &str) {
    line(&json!({"level": "warning", "account_id": account, "message": message}));
}

/// What happens to an account, as far as the audit's records do not say it already.
pub(crate) fn events() -> Events {
    Arc::new(|event| match event {
        Event::StepEnded { account_id, step, result, millis } => {
            let level = if result == StepResult::Failed { "warning" } else { "info" };
            let result = json!(result);
            line(&json!({"level": level, "account_id": account_id, "step": step, "result": result, "millis": millis}));
        }
        Event::Note { account_id, text } => {
            line(&json!({"level": "info", "account_id": account_id, "message": text}));
        }
        _ => {}
    })
}

/// One write for the whole line: it is not torn by another's.
fn line(value: &Value) {
    let line = format!("{value}\n");
    // Nobody listening is no failure.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
