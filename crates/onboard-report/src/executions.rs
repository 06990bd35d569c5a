//! What a Distributed Map's children came to, as Step Functions' ResultWriter writes it: lists of executions, each with
//! its input and its output or cause, in `SUCCEEDED_n.json`, `FAILED_n.json` and `PENDING_n.json`.
//!
//! [Source of the form](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html). A child's
//! output is a report; the cause of one that failed is the error of a function, whose message is a report.

use jiff::Timestamp;
use onboard_core::{AccountReport, ErrorKind, ErrorReport, ImportState, Outcome, Report, With, escaped};
use serde::Deserialize;
use serde_json::Value;

use crate::collected::{Collected, DocumentError, Run};

/// The longest foreign text that is repeated, in characters.
const LONGEST: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Execution {
    status: Option<String>,
    name: Option<String>,
    input: Option<String>,
    output: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    start_date: Option<String>,
}

/// The error of a function.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    error_message: String,
}

impl Collected {
    /// The children of one file of a map run, each with its own run; `None` if the text is no list of executions.
    ///
    /// # Errors
    /// It is a list of something else.
    pub fn of_executions(text: &str) -> Option<Result<Vec<Self>, DocumentError>> {
        text.trim_start().starts_with('[').then(|| {
            let executions: Vec<Execution> = serde_json::from_str(text).map_err(DocumentError::Shape)?;
            // A manifest's comments are children without an account.
            Ok(executions.iter().map(collect).filter(|part| !part.accounts.is_empty()).collect())
        })
    }

    /// The children of one map run as its one run: it began when the first of them did. Of an account that several
    /// children report, the latest counts.
    #[must_use]
    pub fn of_map_run(id: &str, children: Vec<Self>) -> Self {
        let mut whole = Self::merge(children);
        let begun = |run: &Run| (run.started_at > Timestamp::UNIX_EPOCH).then_some(run.started_at);
        let Some(first) = whole.runs.iter().filter_map(begun).min() else {
            return whole;
        };
        for (place, account) in &mut whole.accounts {
            let began = whole.runs.get(*place).and_then(begun).unwrap_or(first);
            let after = u64::try_from(first.duration_until(began).as_millis()).unwrap_or_default();
            account.offset_millis = account.offset_millis.saturating_add(after);
            *place = 0;
        }
        let mut run = whole.runs.swap_remove(0);
        id.clone_into(&mut run.id);
        run.started_at = first;
        whole.runs = vec![run];
        whole
    }
}

fn collect(execution: &Execution) -> Collected {
    let output = execution.output.as_deref().and_then(report_in);
    let cause = || {
        let error: FunctionError = serde_json::from_str(execution.cause.as_deref()?).ok()?;
        Collected::parse(&error.error_message).ok()
    };
    output.or_else(cause).unwrap_or_else(|| without_report(execution))
}

/// A report, as it is or as the payload of a function's answer.
fn report_in(output: &str) -> Option<Collected> {
    if let Ok(report) = Collected::parse(output) {
        return Some(report);
    }
    let answer: Value = serde_json::from_str(output).ok()?;
    Collected::parse(&answer.get("Payload")?.to_string()).ok()
}

/// A child that was not begun, or whose function ended without a word.
fn without_report(execution: &Execution) -> Collected {
    let row: Value = execution.input.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let begun = execution.status.as_deref() != Some("PENDING");
    let short = |text: &Option<String>| -> String {
        escaped(text.as_deref().unwrap_or_default()).chars().take(LONGEST).collect()
    };
    let with = if row["with"] == "keys" { With::Keys } else { With::Role };
    let mut account = AccountReport::new(text("account_id"), text("turbot_id"), with);
    account.title = Some(text("title")).filter(|title| !title.is_empty());
    if begun {
        account.import.state = ImportState::Unknown;
        let message = format!("the function ended without a report: {}", short(&execution.error));
        let mut error = ErrorReport::new(ErrorKind::UnknownOutcome, message)
            .hint("run it again: it goes on from what it finds in the account");
        error.causes.extend(Some(short(&execution.cause)).filter(|cause| !cause.is_empty()));
        account.fail(error);
    } else {
        account.outcome = Outcome::Skipped;
        account.warnings.push("not begun: the map run ended before".to_owned());
    }
    let started_at =
        execution.start_date.as_deref().and_then(|date| date.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let run = execution.name.clone().unwrap_or_default();
    let report = Report::new(run, "apply", started_at.to_string(), vec![account]);
    Collected::of_report(&report).expect("a report of our own is one")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(id: &str, started_at: &str, failure: Option<ErrorKind>) -> String {
        let mut account = AccountReport::new(id, "aab", With::Role);
        match failure {
            Some(kind) => account.fail(ErrorReport::new(kind, "no")),
            None => account.outcome = Outcome::Imported,
        }
        serde_json::to_string(&Report::new(format!("run-{id}"), "apply", started_at.into(), vec![account])).unwrap()
    }

    fn execution(status: &str, more: Value) -> Value {
        let mut execution = json!({
            "ExecutionArn": "arn:aws:states:us-east-1:111111111111:execution:fleet/accounts:1", "Name": "1",
            "Status": status, "StartDate": "2026-01-01T00:00:09.123Z", "RedriveCount": 0,
            "Input": json!({"account_id": "333333333333", "turbot_id": "aad", "with": "keys"}).to_string(),
        });
        execution.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        execution
    }

    #[test]
    fn children_are_one_run_with_each_account_at_its_time() {
        let (first, second) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z");
        let cause = json!({"errorType": "Onboard.Refused",
            "errorMessage": report("222222222222", second, Some(ErrorKind::TurbotRefused)), "stackTrace": []});
        let crashed = json!({"Error": "Runtime.ExitError", "Cause": "{\"errorType\":\"Runtime.ExitError\"}"});
        let answer: Value = serde_json::from_str(&report("111111111111", first, None)).unwrap();
        let succeeded = json!([execution("SUCCEEDED", json!({"Output": json!({"Payload": answer}).to_string()}))]);
        let failed = json!([
            execution("FAILED", json!({"Error": "Onboard.Refused", "Cause": cause.to_string()})),
            execution("FAILED", crashed),
        ]);
        let pending =
            json!([{"Status": "PENDING", "Input": "{\"account_id\": \"444444444444\", \"turbot_id\": \"aae\"}"}]);
        let files = [succeeded, failed, pending].map(|file| Collected::of_executions(&file.to_string()));
        let children = files.into_iter().flat_map(|file| file.unwrap().unwrap()).collect();
        let whole = Collected::of_map_run("map-run", children);
        let runs: Vec<_> = whole.runs.iter().map(|run| (run.id.as_str(), run.started_at.to_string())).collect();
        assert_eq!(runs, [("map-run", first.to_owned())]);
        let of = |id: &str| whole.accounts.iter().find(|(_, a)| a.account_id == id).unwrap().1.clone();
        assert_eq!((of("111111111111").outcome, of("111111111111").offset_millis), (Outcome::Imported, 0));
        assert_eq!((of("222222222222").exit_code(), of("222222222222").offset_millis), (5, 5000));
        let crashed = of("333333333333");
        assert_eq!((crashed.exit_code(), crashed.with, crashed.offset_millis), (6, With::Keys, 9123));
        assert!(crashed.error.unwrap().message.contains("Runtime.ExitError"));
        assert_eq!((of("444444444444").outcome, of("444444444444").exit_code()), (Outcome::Skipped, 7));
    }

    #[test]
    fn of_an_account_the_latest_child_counts_and_comments_are_none() {
        let failed = report("111111111111", "2026-01-01T00:00:00Z", Some(ErrorKind::InFlight));
        let done = report("111111111111", "2026-01-01T00:10:00Z", None);
        let comment = serde_json::to_string(&Report::new("x".into(), "apply", "2026-01-01T00:00:00Z".into(), vec![]));
        let file = json!([
            execution("SUCCEEDED", json!({"Output": done})),
            execution("FAILED", json!({"Cause": json!({"errorMessage": failed}).to_string()})),
            execution("SUCCEEDED", json!({"Output": comment.unwrap()})),
        ]);
        let whole = Collected::of_map_run("m", Collected::of_executions(&file.to_string()).unwrap().unwrap());
        assert_eq!((whole.accounts.len(), whole.superseded), (1, 1));
        assert_eq!(whole.accounts[0].1.outcome, Outcome::Imported);
    }

    #[test]
    fn anything_else_is_none_or_said() {
        assert!(Collected::of_executions("{}").is_none());
        assert!(Collected::of_executions("[1]").unwrap().is_err());
        let none = Collected::of_executions("[]").unwrap().unwrap();
        assert!(Collected::of_map_run("m", none).accounts.is_empty());
        let odd = json!([{"Input": "no JSON", "Output": "no report", "StartDate": "yesterday"}]).to_string();
        let odd = Collected::of_executions(&odd).unwrap().unwrap();
        assert_eq!(odd[0].accounts[0].1.exit_code(), 6);
    }
}
