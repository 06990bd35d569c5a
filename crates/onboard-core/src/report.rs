//! The report: what came of every account, for one or for thousands alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Difference, ErrorKind, Outcome, Stop, With};

/// The report's schema.
pub const REPORT_SCHEMA: &str = "turbot-onboard/report/1";

/// What one run did: the document on standard output with `--output json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `turbot-onboard/report/1`.
    pub schema: &'static str,
    /// The run's id, which the audit log and the journal carry as well.
    pub run: String,
    /// The verb, such as `apply`.
    pub verb: String,
    /// The tool's version.
    pub tool_version: &'static str,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// Every account, in the order given.
    pub accounts: Vec<AccountReport>,
    /// The sum of it.
    pub summary: Summary,
}

/// The sum of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The run's outcome: the accounts' common one, or `mixed`.
    pub outcome: Outcome,
    /// The exit code.
    pub exit_code: u8,
    /// How many accounts there were.
    pub accounts: usize,
    /// How many had each outcome.
    pub outcomes: BTreeMap<String, usize>,
}

/// What came of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountReport {
    /// The AWS account.
    pub account_id: String,
    /// Its id in Turbot.
    pub turbot_id: String,
    /// Its title in Turbot, as wanted; `None` where nobody came to it.
    pub title: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// `role` or `keys`.
    pub with: With,
    /// The role's ARN, where there is or was one.
    pub role_arn: Option<String>,
    /// The user's ARN, where there is or was one.
    pub user_arn: Option<String>,
    /// The id of the key handed to Turbot.
    pub access_key_id: Option<String>,
    /// The external ID in the role's trust policy.
    pub external_id: Option<String>,
    /// What became of the import call.
    pub import: ImportReport,
    /// Every step that was begun, in order.
    pub steps: Vec<StepReport>,
    /// The maintenance window, where it was read or set.
    pub maintenance: Option<String>,
    /// `verify`: what is not as wanted.
    pub differences: Vec<Difference>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Why it did not come out as asked.
    pub error: Option<ErrorReport>,
    /// Why what was begun could not be taken back; never in place of the error itself.
    pub undo_error: Option<ErrorReport>,
    /// What is left in the account that Turbot does not need; `None` where it was not looked at.
    pub leftovers: Option<Vec<Leftover>>,
    /// When it was begun: milliseconds after the run.
    pub offset_millis: u64,
    /// How long it took in all, waits and looks included, in milliseconds.
    pub millis: u64,
}

/// What became of the import call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// How often it was sent in this run.
    pub requests: u32,
    /// Where it stands.
    pub state: ImportState,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportState {
    /// None was asked for.
    None,
    /// It did not reach Turbot.
    NotSent,
    /// Turbot said no.
    Refused,
    /// It was sent, and the answer is not known.
    Unknown,
    /// It was sent, and the answer is awaited.
    InFlight,
    /// Turbot accepted it.
    Accepted,
}

/// One step that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// The step's name.
    pub step: &'static str,
    /// What it did it to.
    pub target: String,
    /// How it ended.
    pub result: StepResult,
    /// When it was begun: milliseconds after the account.
    pub offset_millis: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepResult {
    /// Done.
    Done,
    /// There was nothing to do any more.
    Unchanged,
    /// It failed, and had no effect.
    Failed,
    /// It was done, and taken back.
    Undone,
    /// It is not known whether it had its effect.
    Unknown,
}

/// Why it did not come out as asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    /// Its kind, of a closed list.
    pub kind: ErrorKind,
    /// What was being done.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// The next step.
    pub hint: Option<String>,
}

impl ErrorReport {
    /// An error with its kind and words.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: vec![], hint: None }
    }

    /// The same with a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// The same with a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Stop> for ErrorReport {
    fn from(stop: Stop) -> Self {
        Self { kind: stop.kind, message: stop.message, causes: vec![], hint: stop.hint }
    }
}

/// Something that is left in the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// `role`, `user`, `access-key` or `journal`.
    pub kind: &'static str,
    /// Its ARN or id.
    pub id: String,
    /// Why it is still there.
    pub why: String,
    /// The command that removes it.
    pub remove_with: String,
}

impl AccountReport {
    /// A report about an account of which nothing is known yet.
    #[must_use]
    pub fn new(account_id: impl Into<String>, turbot_id: impl Into<String>, with: With) -> Self {
        Self {
            account_id: account_id.into(),
            turbot_id: turbot_id.into(),
            title: None,
            outcome: Outcome::Unchanged,
            with,
            role_arn: None,
            user_arn: None,
            access_key_id: None,
            external_id: None,
            import: ImportReport { requests: 0, state: ImportState::None },
            steps: vec![],
            maintenance: None,
            differences: vec![],
            warnings: vec![],
            error: None,
            undo_error: None,
            leftovers: None,
            offset_millis: 0,
            millis: 0,
        }
    }

    /// Ends it with an error: the kind decides the outcome, except that a maintenance window that could not be set
    /// leaves an import an import.
    pub fn fail(&mut self, error: ErrorReport) {
        let imported = matches!(self.outcome, Outcome::Imported | Outcome::AlreadyImported);
        if !(error.kind == ErrorKind::Maintenance && imported) {
            self.outcome = error.kind.outcome();
        }
        if self.outcome == Outcome::Refused && error.kind.exit_code() == 5 && self.import.state != ImportState::Refused
        {
            self.outcome = Outcome::Failed;
        }
        self.error = Some(error);
    }

    /// The exit code this account alone would give.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.error.as_ref().map_or_else(|| self.outcome.exit_code(), |e| e.kind.exit_code())
    }
}

impl Report {
    /// Sums the accounts up.
    #[must_use]
    pub fn new(run: String, verb: &str, started_at: String, accounts: Vec<AccountReport>) -> Self {
        let mut outcomes = BTreeMap::new();
        for account in &accounts {
            let name = serde_json::to_value(account.outcome).ok();
            let name = name.as_ref().and_then(|v| v.as_str()).unwrap_or("failed").to_owned();
            *outcomes.entry(name).or_insert(0) += 1;
        }
        let codes: Vec<u8> = accounts.iter().map(AccountReport::exit_code).collect();
        let interrupted = codes.contains(&Outcome::Interrupted.exit_code());
        let same_code = codes.windows(2).all(|w| w[0] == w[1]);
        let same_outcome = accounts.windows(2).all(|w| w[0].outcome == w[1].outcome);
        let outcome = match accounts.first() {
            None => Outcome::Unchanged,
            Some(_) if interrupted => Outcome::Interrupted,
            Some(first) if same_outcome => first.outcome,
            Some(_) if same_code && codes[0] == 0 => Outcome::Done,
            Some(_) => Outcome::Mixed,
        };
        let exit_code = match codes.first() {
            None => 0,
            Some(_) if interrupted => Outcome::Interrupted.exit_code(),
            Some(first) if same_code => *first,
            Some(_) => Outcome::Mixed.exit_code(),
        };
        let summary = Summary { outcome, exit_code, accounts: accounts.len(), outcomes };
        Self {
            schema: REPORT_SCHEMA,
            run,
            verb: verb.to_owned(),
            tool_version: crate::VERSION,
            started_at,
            accounts,
            summary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(outcome: Outcome, error: Option<ErrorKind>) -> AccountReport {
        let mut report = AccountReport::new("111122223333", "aab", With::Role);
        report.outcome = outcome;
        if let Some(kind) = error {
            report.fail(ErrorReport::new(kind, "x"));
        }
        report
    }

    #[test]
    fn codes() {
        let report = |accounts| Report::new("r".into(), "apply", "t".into(), accounts).summary;
        assert_eq!(report(vec![account(Outcome::Imported, None)]).exit_code, 0);
        let same =
            vec![account(Outcome::Failed, Some(ErrorKind::Denied)), account(Outcome::Failed, Some(ErrorKind::Quota))];
        assert_eq!(report(same).exit_code, 4);
        let mixed = vec![account(Outcome::Imported, None), account(Outcome::Failed, Some(ErrorKind::Quota))];
        let summary = report(mixed);
        assert_eq!((summary.exit_code, summary.outcome), (7, Outcome::Mixed));
        let interrupted =
            vec![account(Outcome::Imported, None), account(Outcome::Failed, Some(ErrorKind::Interrupted))];
        assert_eq!(report(interrupted).exit_code, 130);
        let fine = vec![account(Outcome::Imported, None), account(Outcome::AlreadyImported, None)];
        assert_eq!((report(fine.clone()).exit_code, report(fine).outcome), (0, Outcome::Done));
    }

    #[test]
    fn a_maintenance_window_that_is_refused_leaves_the_import() {
        let account = account(Outcome::Imported, Some(ErrorKind::Maintenance));
        assert_eq!((account.outcome, account.exit_code()), (Outcome::Imported, 5));
    }
}
