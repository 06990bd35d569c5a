use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use tokio::time::Instant;

/// The sandbox's two clocks: AWS's wall clock (the system's plus an offset that tests may set) and a monotonic one
/// for latencies and visibility, which no offset moves.
pub(crate) struct Clock {
    offset_millis: AtomicI64,
    started: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { offset_millis: AtomicI64::new(0), started: Instant::now() }
    }

    pub(crate) fn set_offset_millis(&self, offset: i64) {
        self.offset_millis.store(offset, Ordering::Relaxed);
    }

    /// AWS's time, cut to the second as IAM shows it.
    pub(crate) fn now(&self) -> Timestamp {
        let millis = Timestamp::now().as_millisecond() + self.offset_millis.load(Ordering::Relaxed);
        Timestamp::from_second(millis.div_euclid(1000)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    pub(crate) fn monotonic(&self) -> Instant {
        Instant::now()
    }

    /// When the sandbox started, by the monotonic clock.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn millis_since_start(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// `2026-11-23T22:11:00Z`, the form of IAM and STS answers.
pub(crate) fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `20261123T221100Z`, the form of `X-Amz-Date`.
pub(crate) fn compact(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `Mon, 23 Nov 2026 22:11:00 GMT`, the form of the `Date` header.
pub(crate) fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads the form of `X-Amz-Date`.
pub(crate) fn parse_compact(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    let (date, time) = digits.split_once('T')?;
    if date.len() != 8 || time.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'T') {
        return None;
    }
    let iso = format!("{}-{}-{}T{}:{}:{}Z", &date[..4], &date[4..6], &date[6..], &time[..2], &time[2..4], &time[4..]);
    iso.parse().ok()
}
