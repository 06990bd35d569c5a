//! The handler `account`: a Distributed Map's child. Its input is a row of the manifest.
//!
//! It may be run twice for the same row, at once or one after the other: retries and redrives do so, and the account
//! itself is the journal.

use std::sync::Arc;

use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use onboard_core::{AccountReport, ErrorKind, ErrorReport, Report, With};
use serde_json::{Map, Value};
use turbot_onboard::headless::Which;

use crate::failure::{Failure, answer};
use crate::work::{Ended, Work, report};

/// Onboards the row's account; the answer is its report.
///
/// # Errors
/// The account did not come out as asked: the error holds the report.
pub(crate) async fn handle(work: Arc<Work>, invocation: LambdaEvent<Value>) -> Result<Report, Failure> {
    let context = invocation.context;
    let nothing = || report(context.request_id.clone(), Timestamp::now(), vec![]);
    let row = match invocation.payload {
        Value::Object(row) => row,
        other => return Err(no_row(&other, context.request_id)),
    };
    if is_comment(&row) {
        return Ok(nothing());
    }
    match work.onboard(Which::Row(row), &context).await {
        Ended::Reported(report) if report.summary.exit_code == 0 => Ok(answer(*report)),
        Ended::Reported(report) => Err(Failure::of(*report)),
        // Of a row nobody leaves anything out.
        Ended::LeftOut(_) => Ok(nothing()),
    }
}

/// `discover` writes at a manifest's end which accounts it left out, as comments. Step Functions' reader knows no
/// comments, and takes their lines for rows, whose first cells are in whichever columns come first.
fn is_comment(row: &Map<String, Value>) -> bool {
    let text = |name| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let begins = |text: &str| text.starts_with('#');
    let nameless = text("account_id").is_empty() && text("turbot_id").is_empty();
    begins(text("account_id")) || (nameless && row.values().filter_map(Value::as_str).any(begins))
}

fn no_row(found: &Value, run: String) -> Failure {
    let kind = match found {
        Value::Array(_) => "a list",
        Value::String(_) => "a text",
        Value::Null => "nothing",
        _ => "a number or a truth value",
    };
    let error = ErrorReport::new(ErrorKind::Settings, format!("the input is {kind}, and no row of a manifest"))
        .hint("the input is an object with the columns of a manifest, such as account_id and turbot_id");
    let mut account = AccountReport::new("", "", With::Role);
    account.fail(error);
    Failure::of(report(run, Timestamp::now(), vec![account]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comment_is_known_by_its_beginning_and_no_account_is_taken_for_one() {
        for (row, comment) in [
            (json!({"account_id": "# Left out:", "turbot_id": ""}), true),
            (json!({"account_id": "#   111122223333 (a", "turbot_id": " b): suspended"}), true),
            (json!({"title": "# a note", "account_id": "", "turbot_id": ""}), true),
            (json!({"title": "#1", "account_id": "111122223333", "turbot_id": ""}), false),
            (json!({"title": "x", "account_id": "", "turbot_id": ""}), false),
            (json!({}), false),
        ] {
            assert_eq!(is_comment(row.as_object().unwrap()), comment, "{row}");
        }
    }
}
