//! AWS's time: the local clock, corrected by the `Date` of AWS's answers.
//!
//! Signatures are refused outside a window of 15 minutes, and the times in journal tags are compared between machines:
//! both follow AWS's clock, not the machine's.

use std::sync::Arc;
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use jiff::{SignedDuration, Timestamp};
use onboard_core::Skew;

/// The corrected clock; all clients that share an HTTP client share it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    skew: Skew,
}

impl Clock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// What is added to the local clock; `None` until an answer with a `Date` came.
    pub(crate) fn skew(&self) -> Option<SignedDuration> {
        self.skew.known()
    }

    /// AWS's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.skew.corrected(timestamp(local_now()))
    }

    /// Takes note of an answer's `Date`.
    pub(crate) fn observe(&self, date: Timestamp, sent: SystemTime, received: SystemTime) {
        self.skew.observe(date, timestamp(sent), timestamp(received));
    }
}

/// The SDK's view of the corrected clock: it signs, and expires credentials, by it.
#[derive(Debug, Clone)]
pub(crate) struct CorrectedTime(pub(crate) Arc<Clock>);

impl TimeSource for CorrectedTime {
    fn now(&self) -> SystemTime {
        SystemTime::try_from(self.0.now()).unwrap_or_else(|_| local_now())
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: this is where the local clock is read and corrected")]
pub(crate) fn local_now() -> SystemTime {
    SystemTime::now()
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Reads a `Date` header.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(http_date("Mon, 23 Nov 2026 22:11:00 GMT"), Some("2026-11-23T22:11:00Z".parse().unwrap()));
        for bad in ["", "yesterday", "2026-11-23T22:11:00Z"] {
            assert_eq!(http_date(bad), None, "{bad}");
        }
    }
}
