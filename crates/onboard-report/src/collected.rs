//! One report, or several as one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use onboard_core::{Outcome, REPORT_SCHEMA, Report};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, or lacks what a report has.
    #[error("it is no report document")]
    Shape(#[source] serde_json::Error),
    /// It is another document.
    #[error("its schema is {found}, not {REPORT_SCHEMA}")]
    Schema {
        /// What it says it is, safe to show.
        found: String,
    },
    /// Its time is none.
    #[error("its started_at is no time")]
    Time(#[source] jiff::Error),
}

/// A run that accounts are reported of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id, which the audit log and the journal carry as well.
    pub id: String,
    /// Its verb.
    pub verb: String,
    /// The version that ran.
    pub tool_version: String,
    /// When it began.
    pub started_at: Timestamp,
}

/// What one or several runs did, each account once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The runs, oldest first.
    pub runs: Vec<Run>,
    /// The accounts, each with the place of its run in `runs`, in the order of the documents.
    pub accounts: Vec<(usize, Account)>,
    /// How many results a later run's result of the same account took the place of.
    pub superseded: usize,
}

#[derive(Deserialize)]
struct Named {
    schema: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    run: String,
    verb: String,
    tool_version: String,
    started_at: String,
    accounts: Vec<Account>,
}

impl Collected {
    /// A report document as it was written.
    ///
    /// # Errors
    /// The text is none.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let named: Named = serde_json::from_str(text).map_err(DocumentError::Shape)?;
        if named.schema != REPORT_SCHEMA {
            return Err(DocumentError::Schema { found: onboard_core::shown(&named.schema) });
        }
        Self::of_document(serde_json::from_str(text).map_err(DocumentError::Shape)?)
    }

    /// The report of a run that just ended.
    ///
    /// # Errors
    /// Its time is none: a bug.
    pub fn of_report(report: &Report) -> Result<Self, DocumentError> {
        let value = serde_json::to_value(report).map_err(DocumentError::Shape)?;
        Self::of_document(serde_json::from_value(value).map_err(DocumentError::Shape)?)
    }

    fn of_document(document: Document) -> Result<Self, DocumentError> {
        let started_at = document.started_at.parse().map_err(DocumentError::Time)?;
        let Document { run: id, verb, tool_version, accounts, .. } = document;
        let run = Run { id, verb, tool_version, started_at };
        Ok(Self {
            runs: vec![run],
            accounts: accounts.into_iter().map(|account| (0, account)).collect(),
            superseded: 0,
        })
    }

    /// Several as one: of an account that several runs report, the latest result counts. It stands where the account
    /// was met first.
    #[must_use]
    pub fn merge(mut parts: Vec<Self>) -> Self {
        parts.sort_by_key(|part| part.runs.first().map(|run| run.started_at));
        let mut whole = Self { runs: vec![], accounts: vec![], superseded: 0 };
        let mut places: HashMap<(String, String), usize> = HashMap::new();
        for part in parts {
            let first = whole.runs.len();
            whole.runs.extend(part.runs);
            whole.superseded += part.superseded;
            for (run, account) in part.accounts {
                let run = first + run;
                let key = (account.account_id.clone(), account.turbot_id.clone());
                match places.get(&key) {
                    // What a damaged hand-off hid has no name, and is no account met before.
                    Some(place) if !key.0.is_empty() && whole.accounts[*place].0 != run => {
                        whole.accounts[*place] = (run, account);
                        whole.superseded += 1;
                    }
                    _ => {
                        places.insert(key, whole.accounts.len());
                        whole.accounts.push((run, account));
                    }
                }
            }
        }
        whole
    }

    /// The verb, if it is one.
    #[must_use]
    pub fn verb(&self) -> Option<&str> {
        let first = self.runs.first()?.verb.as_str();
        self.runs.iter().all(|run| run.verb == first).then_some(first)
    }

    /// How many accounts had each outcome, in the order of the documentation.
    #[must_use]
    pub fn outcomes(&self) -> BTreeMap<Outcome, usize> {
        let mut outcomes = BTreeMap::new();
        for (_, account) in &self.accounts {
            *outcomes.entry(account.outcome).or_insert(0) += 1;
        }
        outcomes
    }

    /// How long the longest of the runs took, in milliseconds.
    #[must_use]
    pub fn makespan(&self) -> u64 {
        self.accounts.iter().map(|(_, account)| account.ended_at()).max().unwrap_or(0)
    }

    /// All of it as one report document.
    #[must_use]
    pub fn document(&self) -> Value {
        let codes: BTreeSet<u8> = self.accounts.iter().map(|(_, account)| account.exit_code()).collect();
        let outcomes = self.outcomes();
        let exit_code = match codes.len() {
            0 => 0,
            _ if codes.contains(&Outcome::Interrupted.exit_code()) => Outcome::Interrupted.exit_code(),
            1 => codes.first().copied().unwrap_or(0),
            _ => Outcome::Mixed.exit_code(),
        };
        let outcome = match (outcomes.len(), exit_code) {
            (0, _) => Outcome::Unchanged,
            (_, 130) => Outcome::Interrupted,
            (1, _) => outcomes.keys().next().copied().unwrap_or(Outcome::Unchanged),
            (_, 0) => Outcome::Done,
            _ => Outcome::Mixed,
        };
        let joined = |text: fn(&Run) -> &str| {
            let mut seen = Vec::new();
            for run in &self.runs {
                if !seen.contains(&text(run)) {
                    seen.push(text(run));
                }
            }
            seen.join(", ")
        };
        let named: BTreeMap<&str, usize> = outcomes.iter().map(|(outcome, n)| (outcome.as_str(), *n)).collect();
        let started_at = self.runs.first().map(|run| run.started_at.to_string());
        json!({
            "schema": REPORT_SCHEMA,
            "run": joined(|run| &run.id),
            "verb": joined(|run| &run.verb),
            "tool_version": joined(|run| &run.tool_version),
            "started_at": started_at,
            "accounts": self.accounts.iter().map(|(_, account)| account).collect::<Vec<_>>(),
            "summary": {
                "outcome": outcome.as_str(),
                "exit_code": exit_code,
                "accounts": self.accounts.len(),
                "outcomes": named,
            },
        })
    }
}
