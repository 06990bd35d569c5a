//! The accounts of the cluster, each visible for a span of time, and the imports that led to them.

use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::answer::Refusal;
use super::options::TurbotOptions;

/// An account as the simulated Turbot has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TurbotAccount {
    /// Its Turbot id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// The AWS account it shows: 12 digits.
    pub aws_account_id: String,
    /// The setting of its maintenance window, if it has one of its own.
    pub window: Option<String>,
    /// Whether it is shown now.
    pub visible: bool,
}

/// An import, from its POST on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportRecord {
    /// Position among all imports, from 1.
    pub seq: u64,
    /// Milliseconds from the simulated Turbot's start to the POST.
    pub started: u64,
    /// Milliseconds to its outcome; none while it is in work.
    pub ended: Option<u64>,
    /// The Turbot id it asked for, where the payload could be read.
    pub id: Option<String>,
    /// The AWS account of its credential, where it could be used.
    pub aws_account_id: Option<String>,
    /// The ARN of the role, or the id of the access key.
    pub credential: Option<String>,
    /// What it was answered, or will be.
    pub outcome: ImportOutcome,
    /// Whether it made an account in the cluster, shown or not.
    pub effective: bool,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportOutcome {
    /// Its credential was good; the work goes on.
    InWork,
    /// It made an account.
    Done,
    /// It was refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The text.
        message: String,
    },
}

pub(super) struct Entry {
    pub(super) account: TurbotAccount,
    pub(super) visible_from: Instant,
    pub(super) gone_at: Option<Instant>,
}

impl Entry {
    fn shows(&self, now: Instant) -> bool {
        self.visible_from <= now && !self.is_gone(now)
    }

    fn is_gone(&self, now: Instant) -> bool {
        self.gone_at.is_some_and(|gone| gone <= now)
    }
}

/// An import in work: nothing else may take its Turbot id or its AWS account.
struct InWork {
    seq: u64,
    id: String,
    aws_account_id: Option<String>,
}

#[derive(Default)]
pub(super) struct Accounts {
    entries: Vec<Entry>,
    in_work: Vec<InWork>,
    pub(super) records: Vec<ImportRecord>,
}

impl Accounts {
    pub(super) fn all(&self, now: Instant) -> Vec<TurbotAccount> {
        let there = self.entries.iter().filter(|entry| !entry.is_gone(now));
        there.map(|entry| TurbotAccount { visible: entry.shows(now), ..entry.account.clone() }).collect()
    }

    pub(super) fn visible(&self, id: &str, now: Instant) -> Result<&TurbotAccount, Refusal> {
        let found = self.entries.iter().find(|entry| entry.account.id == id && entry.shows(now));
        found.map(|entry| &entry.account).ok_or_else(|| Refusal::not_found(&format!("account {id}")))
    }

    pub(super) fn visible_mut(&mut self, id: &str, now: Instant) -> Result<&mut TurbotAccount, Refusal> {
        let found = self.entries.iter_mut().find(|entry| entry.account.id == id && entry.shows(now));
        found.map(|entry| &mut entry.account).ok_or_else(|| Refusal::not_found(&format!("account {id}")))
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut TurbotAccount> {
        self.entries.iter_mut().find(|entry| entry.account.id == id).map(|entry| &mut entry.account)
    }

    /// Puts an account there, in place of one of the same id.
    pub(super) fn put(&mut self, entry: Entry) {
        self.remove(&entry.account.id);
        self.entries.push(entry);
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.account.id != id);
        self.entries.len() < before
    }

    /// Takes the Turbot id for an import, unless it is taken or too much is in work.
    pub(super) fn begin(&mut self, seq: u64, id: &str, options: &TurbotOptions, now: Instant) -> Result<(), Refusal> {
        if options.max_imports.is_some_and(|most| self.in_work.len() >= most) {
            let mut busy = Refusal::new(429, "TooManyRequests", "too many imports are in work");
            busy.retry_after = Some(options.retry_after.as_secs());
            return Err(busy);
        }
        if self.in_work.iter().any(|work| work.id == id) {
            return Err(conflict(format!("an import of the account {id} is in work")));
        }
        if self.entries.iter().any(|entry| entry.account.id == id && !entry.is_gone(now)) {
            return Err(conflict(format!("an account {id} exists already")));
        }
        self.in_work.push(InWork { seq, id: id.to_owned(), aws_account_id: None });
        Ok(())
    }

    /// Takes the AWS account for an import.
    pub(super) fn claim(&mut self, seq: u64, aws: &str, now: Instant) -> Result<(), Refusal> {
        let known = self.entries.iter().find(|entry| entry.account.aws_account_id == aws && !entry.is_gone(now));
        if let Some(entry) = known {
            let id = &entry.account.id;
            return Err(conflict(format!("the AWS account {aws} is in the cluster already, as {id}")));
        }
        if self.in_work.iter().any(|work| work.aws_account_id.as_deref() == Some(aws)) {
            return Err(conflict(format!("an import of the AWS account {aws} is in work")));
        }
        if let Some(work) = self.in_work.iter_mut().find(|work| work.seq == seq) {
            work.aws_account_id = Some(aws.to_owned());
        }
        Ok(())
    }

    /// Gives back what an import took.
    pub(super) fn end(&mut self, seq: u64) {
        self.in_work.retain(|work| work.seq != seq);
    }

    pub(super) fn record(&mut self, seq: u64) -> Option<&mut ImportRecord> {
        self.records.iter_mut().find(|record| record.seq == seq)
    }

    /// The list as the API shows it.
    pub(super) fn listing(&self, options: &TurbotOptions, now: Instant) -> Value {
        let hidden = |id: &str| options.list_hides.iter().any(|h| h == id || h == "*");
        let shown = self.entries.iter().filter(|entry| entry.shows(now) && !hidden(&entry.account.id));
        let mut items: Vec<Value> = shown.map(|entry| json(&entry.account, options)).collect();
        match options.list_page {
            Some(page) if items.len() > page => {
                items.truncate(page);
                json!({"items": items, "paging": {"next": format!("after-{page}")}})
            }
            _ => json!({"items": items}),
        }
    }
}

fn conflict(message: String) -> Refusal {
    Refusal::new(409, "Conflict", message)
}

/// An account as the API writes it.
pub(super) fn json(account: &TurbotAccount, options: &TurbotOptions) -> Value {
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(account.id));
    fields.insert("urn".to_owned(), json!(urn(&options.cluster_id, &account.id)));
    fields.insert("title".to_owned(), json!(account.title));
    fields.insert("description".to_owned(), json!(account.description));
    let aws = &account.aws_account_id;
    let number = aws.parse::<u64>().ok().filter(|_| options.account_id_as_number);
    fields.insert("awsAccountId".to_owned(), number.map_or_else(|| json!(aws), |n| json!(n)));
    fields.insert("tags".to_owned(), json!({}));
    Value::Object(fields)
}

pub(super) fn urn(cluster: &str, id: &str) -> String {
    format!("urn:turbot:{cluster}:{id}")
}
