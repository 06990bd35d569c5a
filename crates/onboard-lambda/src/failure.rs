//! How a function says that an account did not come out as asked: an error whose type a state machine can tell apart, and
//! whose message is the report.

use lambda_runtime::Diagnostic;
use onboard_core::{AccountReport, Report};

/// The longest text of a report in an error. Step Functions keeps 32,768 characters of an error's cause, in which the
/// report is a text within a text: every quote of it is written as two characters.
const LONGEST: usize = 14_000;
/// The longest text of a report in an answer: what a state passes on may have 256 KiB, in which the report may be a text
/// within a text as well.
const LONGEST_ANSWER: usize = 120_000;
/// The longest text that a report keeps of what others said, where it has to be shortened.
const SHORT: usize = 300;

/// An account that did not come out as asked.
#[derive(Debug)]
pub(crate) struct Failure(Report);

impl Failure {
    pub(crate) fn of(report: Report) -> Self {
        Self(report)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = error_type(&failure.0);
        let report = within(failure.0, LONGEST);
        Self { error_type, error_message: serde_json::to_string(&report).unwrap_or_default() }
    }
}

/// `Onboard.` and the outcome: `Onboard.Pending`, `Onboard.Refused`; settings that are wrong are `Onboard.Usage`.
pub(crate) fn error_type(report: &Report) -> String {
    if report.summary.exit_code == 2 {
        return "Onboard.Usage".to_owned();
    }
    let word = report.summary.outcome.as_str();
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    format!("Onboard.{}", word.split('-').map(capital).collect::<String>())
}

/// The report as an answer.
pub(crate) fn answer(report: Report) -> Report {
    within(report, LONGEST_ANSWER)
}

/// The report, without what is of least use where its text would be longer than that.
fn within(mut report: Report, longest: usize) -> Report {
    if serde_json::to_string(&report).is_ok_and(|text| text.len() > longest) {
        report.accounts.iter_mut().for_each(shorten);
    }
    report
}

fn shorten(account: &mut AccountReport) {
    let cut = |text: &mut String| {
        if let Some((end, _)) = text.char_indices().nth(SHORT) {
            text.truncate(end);
            text.push('…');
        }
    };
    // Ids are as the row has them, where nothing was found right with them.
    cut(&mut account.account_id);
    cut(&mut account.turbot_id);
    account.steps.clear();
    account.differences.clear();
    for error in account.error.iter_mut().chain(&mut account.undo_error) {
        cut(&mut error.message);
        error.causes.truncate(4);
        error.causes.iter_mut().chain(&mut error.hint).for_each(cut);
    }
    account.warnings.truncate(4);
    account.warnings.iter_mut().chain(&mut account.title).for_each(cut);
    account.warnings.push("the report was too long for the state machine; the function's log has the steps".to_owned());
}

#[cfg(test)]
mod tests {
    use onboard_core::{ErrorKind, ErrorReport, ImportState, Leftover, StepReport, StepResult, With};

    use super::*;

    fn report_of(kind: ErrorKind) -> Report {
        let mut account = AccountReport::new("111122223333", "aab", With::Role);
        account.import.state = ImportState::Refused;
        account.fail(ErrorReport::new(kind, "x"));
        Report::new("r".into(), "apply", "2026-01-01T00:00:00Z".into(), vec![account])
    }

    #[test]
    fn the_type_is_the_outcome() {
        for (kind, name) in [
            (ErrorKind::InFlight, "Onboard.Pending"),
            (ErrorKind::OutOfTime, "Onboard.Pending"),
            (ErrorKind::TurbotRefused, "Onboard.Refused"),
            (ErrorKind::Denied, "Onboard.Failed"),
            (ErrorKind::Settings, "Onboard.Usage"),
        ] {
            let diagnostic = Diagnostic::from(Failure::of(report_of(kind)));
            assert_eq!(diagnostic.error_type, name);
            let said: serde_json::Value = serde_json::from_str(&diagnostic.error_message).unwrap();
            assert_eq!(said["accounts"][0]["error"]["kind"], kind.as_str());
        }
    }

    #[test]
    fn the_longest_report_fits_into_a_cause() {
        let mut report = report_of(ErrorKind::Denied);
        let account = &mut report.accounts[0];
        let long = "\"ü\\\n".repeat(5_000);
        account.title = Some(long.clone());
        account.warnings = vec![long.clone(); 20];
        account.error =
            Some(ErrorReport::new(ErrorKind::Denied, long.clone()).because(long.clone()).hint(long.clone()));
        account.undo_error.clone_from(&account.error);
        let leftover =
            Leftover { kind: "role", id: "r".repeat(200), why: "w".repeat(200), remove_with: "c".repeat(200) };
        account.leftovers = Some(vec![leftover; 4]);
        let step = StepReport {
            step: "create-role",
            target: "t".repeat(500),
            result: StepResult::Done,
            offset_millis: 0,
            millis: 0,
        };
        account.steps = vec![step; 100];
        let answered = serde_json::to_string(&answer(report.clone())).unwrap();
        assert!(serde_json::to_string(&answered).unwrap().len() < 256 * 1024, "{}", answered.len());
        let diagnostic = Diagnostic::from(Failure::of(report));
        let said: serde_json::Value = serde_json::from_str(&diagnostic.error_message).unwrap();
        assert!(said["accounts"][0]["warnings"].to_string().contains("the function's log"));
        let cause = serde_json::to_string(&diagnostic).unwrap();
        assert!(cause.chars().count() <= 32_768, "{}", cause.chars().count());
    }
}
