use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use serde::Serialize;

use crate::gate::CallInfo;
use crate::lock;

/// A call that was answered, or whose answer was withheld.
#[derive(Clone, Debug, Serialize)]
pub struct CallRecord {
    /// What was called, by whom.
    pub call: CallInfo,
    /// Milliseconds from the sandbox's start to the request's arrival.
    pub started: u64,
    /// Milliseconds from the sandbox's start to the answer (or to the moment it was withheld).
    pub ended: u64,
    /// The HTTP status; 0 where no answer was sent (reset, timeout).
    pub status: u16,
    /// The error code of the answer, such as `NoSuchEntity`.
    pub error: Option<String>,
    /// The request id of the answer's header.
    pub request_id: String,
    /// What the fault that was hit does, such as `throttle`.
    pub fault: Option<String>,
}

/// The request log: the last calls in full, and a count of all of them by name.
pub(crate) struct Log {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    records: VecDeque<CallRecord>,
    counts: BTreeMap<String, u64>,
    seq: u64,
}

impl Log {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, inner: Mutex::default() }
    }

    /// The next position among all calls, and among the calls of this name.
    pub(crate) fn number(&self, name: &str) -> (u64, u64) {
        let mut inner = lock(&self.inner);
        inner.seq += 1;
        let seq = inner.seq;
        let nth = inner.counts.entry(name.to_owned()).or_default();
        *nth += 1;
        (seq, *nth)
    }

    pub(crate) fn push(&self, record: CallRecord) {
        let mut inner = lock(&self.inner);
        if inner.records.len() >= self.limit {
            inner.records.pop_front();
        }
        inner.records.push_back(record);
    }

    pub(crate) fn records(&self) -> Vec<CallRecord> {
        let mut records: Vec<_> = lock(&self.inner).records.iter().cloned().collect();
        records.sort_by_key(|record| record.call.seq);
        records
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.inner).counts.clone()
    }
}
