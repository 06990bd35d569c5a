//! AWS's time: the local clock, corrected by the `Date` of AWS's answers.
//!
//! Signatures are refused outside a window of 15 minutes, and the times in journal tags are compared between machines:
//! both follow AWS's clock, not the machine's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use jiff::{SignedDuration, Timestamp};

/// Beyond this difference the newest answer is believed outright; below it the correction moves as little as it can.
const FAR_OFF: SignedDuration = SignedDuration::from_secs(2);

/// The corrected clock; all clients that share an HTTP client share it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    skew: Mutex<Option<SignedDuration>>,
}

impl Clock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// What is added to the local clock; `None` until an answer with a `Date` came.
    pub(crate) fn skew(&self) -> Option<SignedDuration> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// AWS's time.
    pub(crate) fn now(&self) -> Timestamp {
        let local = timestamp(local_now());
        local.checked_add(self.skew().unwrap_or_default()).unwrap_or(local)
    }

    /// Takes note of an answer's `Date`. It has whole seconds and was written at some moment between the sending and
    /// the receiving, so it bounds the skew from both sides: a clock within the bounds is left alone, which keeps the
    /// answers' rounding out of the corrected time.
    pub(crate) fn observe(&self, date: Timestamp, sent: SystemTime, received: SystemTime) {
        let low = date.duration_since(timestamp(received));
        let high = date.duration_since(timestamp(sent)).saturating_add(SignedDuration::from_secs(1));
        if low > high {
            return; // The local clock was set back in between.
        }
        let mut skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        let current = skew.unwrap_or_default();
        let far = current < low.saturating_sub(FAR_OFF) || current > high.saturating_add(FAR_OFF);
        let corrected = if far { low.saturating_add(high.saturating_sub(low) / 2) } else { current.clamp(low, high) };
        *skew = Some(corrected);
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
    use std::time::Duration;

    use super::*;

    fn at(secs: u64, millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(secs) + Duration::from_millis(millis)
    }

    fn date(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    #[test]
    fn a_right_clock_is_left_alone() {
        let clock = Clock::new();
        assert_eq!(clock.skew(), None);
        for (d, sent, received) in
            [(100, (100, 0), (100, 50)), (100, (100, 950), (101, 10)), (101, (100, 990), (101, 1))]
        {
            clock.observe(date(d), at(sent.0, sent.1), at(received.0, received.1));
            assert_eq!(clock.skew(), Some(SignedDuration::ZERO));
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_and_refined() {
        let clock = Clock::new();
        clock.observe(date(1600), at(1000, 200), at(1000, 300));
        let first = clock.skew().unwrap();
        // True skew lies in [599.7, 600.8].
        assert!(
            first >= SignedDuration::from_millis(599_700) && first <= SignedDuration::from_millis(600_800),
            "{first:?}"
        );
        // A true skew of 600.6 s: the next answers narrow it from below.
        clock.observe(date(1601), at(1000, 400), at(1000, 401));
        assert!(clock.skew().unwrap() >= SignedDuration::from_millis(600_599));
        // And back, when the local clock is set right.
        clock.observe(date(2000), at(2000, 100), at(2000, 120));
        assert!(clock.skew().unwrap().abs() < SignedDuration::from_secs(1));
    }

    #[test]
    fn dates() {
        assert_eq!(http_date("Mon, 23 Nov 2026 22:11:00 GMT"), Some("2026-11-23T22:11:00Z".parse().unwrap()));
        for bad in ["", "yesterday", "2026-11-23T22:11:00Z"] {
            assert_eq!(http_date(bad), None, "{bad}");
        }
    }
}
