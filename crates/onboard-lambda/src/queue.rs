//! The handler `event`: messages of a queue, each an event of a new account. What fails is named, so that the queue gives
//! it again, and at last to its dead-letter queue.

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Context, Error, LambdaEvent};
use onboard_core::{AwsAccountId, ErrorKind, Report};
use serde::{Deserialize, Serialize};
use turbot_onboard::headless::Which;

use crate::event::{self, Asked};
use crate::failure::error_type;
use crate::log;
use crate::work::{Ended, Work, left_of, time_for_work};

/// How long is waited before an account is tried again in the same invocation: in a new account the role to be assumed
/// may take minutes to be there.
const PAUSE: Duration = Duration::from_secs(30);

/// Messages as Lambda reads them from a queue.
#[derive(Debug, Deserialize)]
pub(crate) struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    body: String,
}

/// The messages that are to be given again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failures {
    batch_item_failures: Vec<Failed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    item_identifier: String,
}

/// Does what the messages ask for, one after the other.
///
/// # Errors
/// None: an account that failed is its message's failure.
pub(crate) async fn handle(work: Arc<Work>, invocation: LambdaEvent<Batch>) -> Result<Failures, Error> {
    let context = invocation.context;
    let mut batch_item_failures = Vec::new();
    for message in invocation.payload.records {
        if let Err(why) = take(&work, &message, &context).await {
            log::error(&format!("the message {} failed: {why}", message.message_id));
            batch_item_failures.push(Failed { item_identifier: message.message_id });
        }
    }
    Ok(Failures { batch_item_failures })
}

async fn take(work: &Work, message: &Message, context: &Context) -> Result<(), String> {
    let id = match event::read(&message.body) {
        Ok(Asked::Onboard(id)) => id,
        Ok(Asked::Nothing(why)) => {
            log::info(&format!("the message {} asks for nothing: {why}", message.message_id));
            return Ok(());
        }
        Err(malformed) => return Err(malformed.to_string()),
    };
    onboard(work, &id, context).await
}

async fn onboard(work: &Work, id: &AwsAccountId, context: &Context) -> Result<(), String> {
    loop {
        let report = match work.onboard(Which::Member(id.clone()), context).await {
            Ended::LeftOut(why) => {
                log::info(&format!("the account {id} is left out: {why}"));
                return Ok(());
            }
            Ended::Reported(report) => report,
        };
        let text = serde_json::to_string(&report).unwrap_or_default();
        if report.summary.exit_code == 0 {
            log::info(&text);
            return Ok(());
        }
        let left = time_for_work(left_of(context));
        let pause = PAUSE.min(left / 8);
        if !may_pass(&report) || left < Duration::from_secs(1) {
            return Err(format!("{}: {text}", error_type(&report)));
        }
        log::warning(id.as_str(), &format!("tried again in {} s: {text}", pause.as_secs()));
        tokio::time::sleep(pause).await;
    }
}

/// Whether the same may come out otherwise soon.
fn may_pass(report: &Report) -> bool {
    let kinds = report.accounts.iter().filter_map(|account| account.error.as_ref()).map(|error| error.kind);
    kinds.into_iter().any(|kind| {
        matches!(kind, ErrorKind::TurbotUnreachable | ErrorKind::TurbotUnavailable)
            // What AWS did not let happen, and what is pending.
            || matches!(kind.exit_code(), 4 | 6)
    })
}
