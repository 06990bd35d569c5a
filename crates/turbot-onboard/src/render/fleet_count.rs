//! How far a fleet has come: done, in flight, failed, how fast, and how long it may still take.

use std::time::Duration;

use super::progress::clock;

/// The count of a fleet under way.
#[derive(Debug)]
pub(super) struct FleetCount {
    accounts: usize,
    pub(super) in_flight: usize,
    done: usize,
    failed: usize,
    began: Duration,
    /// When it was last said, where there is no terminal.
    pub(super) said: Duration,
}

impl FleetCount {
    pub(super) fn new(accounts: usize, now: Duration) -> Self {
        Self { accounts, in_flight: 0, done: 0, failed: 0, began: now, said: now }
    }

    pub(super) fn ended(&mut self, failed: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.done += 1;
        self.failed += usize::from(failed);
    }

    /// All of it in one line.
    pub(super) fn text(&self, now: Duration) -> String {
        let Self { accounts, in_flight, done, failed, .. } = self;
        let mut text = format!("{done} of {accounts} accounts done, {in_flight} in flight, {failed} failed");
        let took = now.saturating_sub(self.began);
        if self.done > 0 && took > Duration::ZERO {
            #[expect(clippy::cast_precision_loss, reason = "a fleet has some ten thousands of accounts")]
            let (done, left) = (self.done as f64, self.accounts.saturating_sub(self.done) as f64);
            let rate = done / took.as_secs_f64();
            let rest = Duration::from_secs_f64((left / rate).min(1e7));
            text.push_str(&format!(", {:.1} a minute, about {} left", rate * 60.0, clock(rest)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_rate_and_time_left() {
        let mut count = FleetCount::new(200, Duration::from_secs(10));
        count.in_flight = 50;
        assert_eq!(count.text(Duration::from_secs(11)), "0 of 200 accounts done, 50 in flight, 0 failed");
        for n in 0..50 {
            count.ended(n < 2);
        }
        assert_eq!(
            count.text(Duration::from_secs(70)),
            "50 of 200 accounts done, 0 in flight, 2 failed, 50.0 a minute, about 03:00 left"
        );
    }
}
