//! Another machine's clock, known from the `Date` of its answers.
//!
//! Times that are compared between machines follow the one clock that all of them see, not their own.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Beyond this difference the newest answer is believed outright; below it the correction moves as little as it can.
const FAR_OFF: SignedDuration = SignedDuration::from_secs(2);

/// How far its clock is ahead of the local one.
#[derive(Debug, Default)]
pub struct Skew {
    known: Mutex<Option<SignedDuration>>,
}

impl Skew {
    /// What is added to the local clock; `None` until an answer with a `Date` came.
    #[must_use]
    pub fn known(&self) -> Option<SignedDuration> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A time by the local clock as the other one has it.
    #[must_use]
    pub fn corrected(&self, local: Timestamp) -> Timestamp {
        local.checked_add(self.known().unwrap_or_default()).unwrap_or(local)
    }

    /// Takes note of an answer's `Date`. It has whole seconds and was written at some moment between the sending and
    /// the receiving, so it bounds the skew from both sides: a clock within the bounds is left alone, which keeps the
    /// answers' rounding out of the corrected time.
    pub fn observe(&self, date: Timestamp, sent: Timestamp, received: Timestamp) {
        let low = date.duration_since(received);
        let high = date.duration_since(sent).saturating_add(SignedDuration::from_secs(1));
        if low > high {
            return; // The local clock was set back in between.
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let current = known.unwrap_or_default();
        let far = current < low.saturating_sub(FAR_OFF) || current > high.saturating_add(FAR_OFF);
        let corrected = if far { low.saturating_add(high.saturating_sub(low) / 2) } else { current.clamp(low, high) };
        *known = Some(corrected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64, millis: i64) -> Timestamp {
        Timestamp::from_millisecond(secs * 1000 + millis).unwrap()
    }

    #[test]
    fn a_right_clock_is_left_alone() {
        let skew = Skew::default();
        assert_eq!((skew.known(), skew.corrected(at(7, 0))), (None, at(7, 0)));
        for (date, sent, received) in
            [(100, (100, 0), (100, 50)), (100, (100, 950), (101, 10)), (101, (100, 990), (101, 1))]
        {
            skew.observe(at(date, 0), at(sent.0, sent.1), at(received.0, received.1));
            assert_eq!(skew.known(), Some(SignedDuration::ZERO));
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_and_refined() {
        let skew = Skew::default();
        skew.observe(at(1600, 0), at(1000, 200), at(1000, 300));
        let first = skew.known().unwrap();
        // The true skew lies in [599.7, 600.8].
        assert!(
            first >= SignedDuration::from_millis(599_700) && first <= SignedDuration::from_millis(600_800),
            "{first:?}"
        );
        assert_eq!(skew.corrected(at(0, 0)).duration_since(at(0, 0)), first);
        // A true skew of 600.6 s: the next answers narrow it from below.
        skew.observe(at(1601, 0), at(1000, 400), at(1000, 401));
        assert!(skew.known().unwrap() >= SignedDuration::from_millis(600_599));
        // And back, when the local clock is set right.
        skew.observe(at(2000, 0), at(2000, 100), at(2000, 120));
        assert!(skew.known().unwrap().abs() < SignedDuration::from_secs(1));
    }
}
