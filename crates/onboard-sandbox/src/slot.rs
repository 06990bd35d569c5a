//! Things that are eventually consistent: writes act on the newest state, reads may see an older one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// The read of a thing for which lags are counted; each kind of read lags by itself.
pub(crate) type Reader = String;

/// How long a write is not seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lag {
    pub(crate) now: Instant,
    pub(crate) hidden: Duration,
    pub(crate) reads: u32,
}

struct Version<T> {
    value: Option<Arc<T>>,
    settled_at: Instant,
    unseen_reads: u32,
    reads: HashMap<Reader, u32>,
}

/// Older states kept for one thing; the oldest are forgotten beyond that.
const KEPT: usize = 8;

struct Slot<T> {
    /// Oldest first; the first is settled, the last is the truth.
    versions: Vec<Version<T>>,
}

impl<T> Slot<T> {
    fn truth(&self) -> Option<&Arc<T>> {
        self.versions.last()?.value.as_ref()
    }

    fn seen(&mut self, reader: &str, now: Instant) -> Option<Arc<T>> {
        let mut seen = 0;
        for (i, version) in self.versions.iter_mut().enumerate().skip(1) {
            let reads = version.reads.entry(reader.to_owned()).or_default();
            if *reads < version.unseen_reads {
                *reads += 1;
            } else if now >= version.settled_at {
                seen = i;
            }
        }
        self.versions.get(seen)?.value.clone()
    }

    fn write(&mut self, value: Option<T>, lag: Lag) {
        let settled = lag.reads == 0 && lag.hidden.is_zero();
        if settled {
            self.versions.clear();
        } else if self.versions.is_empty() {
            self.versions.push(Version::settled(None, lag.now));
        }
        // What everyone sees by now needs no older state behind it.
        if let Some(newest) =
            self.versions.iter().rposition(|version| version.unseen_reads == 0 && version.settled_at <= lag.now)
        {
            self.versions.drain(..newest);
        }
        if self.versions.len() >= KEPT {
            self.versions.remove(0);
        }
        self.versions.push(Version {
            value: value.map(Arc::new),
            settled_at: lag.now + lag.hidden,
            unseen_reads: lag.reads,
            reads: HashMap::new(),
        });
    }
}

impl<T> Version<T> {
    fn settled(value: Option<Arc<T>>, now: Instant) -> Self {
        Self { value, settled_at: now, unseen_reads: 0, reads: HashMap::new() }
    }
}

/// Things of one kind in one account, by a key that is unique among them.
pub(crate) struct Table<T> {
    slots: BTreeMap<String, Slot<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: BTreeMap::new() }
    }
}

impl<T> Table<T> {
    pub(crate) fn truth(&self, key: &str) -> Option<&Arc<T>> {
        self.slots.get(key)?.truth()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<T>> {
        self.slots.values().filter_map(Slot::truth)
    }

    pub(crate) fn len(&self) -> usize {
        self.all().count()
    }

    pub(crate) fn seen(&mut self, key: &str, reader: &str, now: Instant) -> Option<Arc<T>> {
        self.slots.get_mut(key)?.seen(reader, now)
    }

    pub(crate) fn all_seen(&mut self, reader: &str, now: Instant) -> Vec<Arc<T>> {
        self.slots.values_mut().filter_map(|slot| slot.seen(reader, now)).collect()
    }

    pub(crate) fn put(&mut self, key: &str, value: T, lag: Lag) {
        self.slots.entry(key.to_owned()).or_insert_with(|| Slot { versions: Vec::new() }).write(Some(value), lag);
    }

    pub(crate) fn remove(&mut self, key: &str, lag: Lag) {
        if lag.reads == 0 && lag.hidden.is_zero() {
            self.slots.remove(key);
        } else if let Some(slot) = self.slots.get_mut(key) {
            slot.write(None, lag);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(now: Instant, millis: u64, reads: u32) -> Lag {
        Lag { now, hidden: Duration::from_millis(millis), reads }
    }

    #[test]
    fn reads_lag_by_count_for_each_kind_of_read() {
        let now = Instant::now();
        let mut table = Table::default();
        table.put("a", 1, lag(now, 0, 2));
        assert_eq!(table.truth("a").map(|v| **v), Some(1));
        let read = |table: &mut Table<i32>, reader: &str| table.seen("a", reader, now).map(|v| *v);
        assert_eq!([read(&mut table, "get"), read(&mut table, "get"), read(&mut table, "get")], [None, None, Some(1)]);
        table.put("a", 2, lag(now, 0, 1));
        assert_eq!([read(&mut table, "get"), read(&mut table, "get")], [Some(1), Some(2)]);
        assert_eq!(read(&mut table, "list"), None);
    }

    #[test]
    fn reads_lag_by_time_and_deletions_too() {
        let now = Instant::now();
        let mut table = Table::default();
        table.put("a", 1, lag(now, 0, 0));
        table.remove("a", lag(now, 100, 0));
        assert!(table.truth("a").is_none());
        assert_eq!(table.seen("a", "get", now).as_deref(), Some(&1));
        table.put("a", 2, lag(now + Duration::from_millis(50), 100, 0));
        assert_eq!(table.seen("a", "get", now + Duration::from_millis(60)).as_deref(), Some(&1));
        assert_eq!(table.seen("a", "get", now + Duration::from_millis(120)), None);
        assert_eq!(table.seen("a", "get", now + Duration::from_millis(150)).as_deref(), Some(&2));
    }
}
