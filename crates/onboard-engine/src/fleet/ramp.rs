//! When another account may be begun: canaries first, never more than fit, none once too many failed alike.

use std::collections::HashMap;

use onboard_core::ErrorKind;

use super::{FleetSettings, MaxFailures};

/// Whether another account may be begun.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// This one, now.
    Now(usize),
    /// None before one that is under way has ended.
    Later,
    /// None any more.
    Never,
}

/// A fleet's count; a function of what was begun and what ended, and nothing else.
#[derive(Debug)]
pub(super) struct Ramp {
    total: usize,
    width: usize,
    canary: usize,
    /// So many failures for one cause are too many.
    limit: Option<usize>,
    begun: usize,
    ended: usize,
    canaries_ended: usize,
    causes: HashMap<ErrorKind, usize>,
    stopped: Option<String>,
}

impl Ramp {
    pub(super) fn new(total: usize, settings: &FleetSettings) -> Self {
        let limit = settings.max_failures.map(|most| match most {
            MaxFailures::Count(count) => count.max(1),
            MaxFailures::Percent(percent) => (total * usize::from(percent)).div_ceil(100).max(1),
        });
        Self {
            total,
            width: settings.concurrency.max(1),
            canary: settings.canary.min(total),
            limit,
            begun: 0,
            ended: 0,
            canaries_ended: 0,
            causes: HashMap::new(),
            stopped: None,
        }
    }

    /// Why no other account is begun, if that was decided.
    pub(super) fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// Begins the next account, if one may be begun.
    pub(super) fn take(&mut self) -> Take {
        let next = self.begun;
        if self.stopped.is_some() || next == self.total {
            return Take::Never;
        }
        let canaries_first = next >= self.canary && self.canaries_ended < self.canary;
        if canaries_first || next - self.ended >= self.width {
            return Take::Later;
        }
        self.begun += 1;
        Take::Now(next)
    }

    /// Counts an account that ended.
    pub(super) fn ended(&mut self, n: usize, failure: Option<ErrorKind>) {
        self.ended += 1;
        let canary = n < self.canary;
        self.canaries_ended += usize::from(canary);
        // An interruption stops the fleet by itself, and is nobody's failure.
        let Some(kind) = failure.filter(|kind| *kind != ErrorKind::Interrupted) else { return };
        let count = self.causes.entry(kind).or_insert(0);
        *count += 1;
        if self.stopped.is_some() {
            return;
        }
        if canary {
            self.stopped =
                Some(format!("one of the {} accounts that went first failed ({})", self.canary, kind.as_str()));
        } else if self.limit.is_some_and(|limit| *count >= limit) {
            self.stopped = Some(format!("{count} accounts failed for the same cause ({})", kind.as_str()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(total: usize, concurrency: usize, canary: usize, max_failures: Option<MaxFailures>) -> Ramp {
        Ramp::new(total, &FleetSettings { concurrency, canary, max_failures, imports: 1 })
    }

    fn taken(ramp: &mut Ramp) -> Vec<usize> {
        std::iter::from_fn(|| match ramp.take() {
            Take::Now(n) => Some(n),
            Take::Later | Take::Never => None,
        })
        .collect()
    }

    #[test]
    fn never_more_than_fit_and_in_order() {
        let mut ramp = ramp(5, 2, 0, None);
        assert_eq!(taken(&mut ramp), [0, 1]);
        assert_eq!(ramp.take(), Take::Later);
        ramp.ended(1, None);
        assert_eq!(taken(&mut ramp), [2]);
        ramp.ended(0, Some(ErrorKind::Denied));
        ramp.ended(2, None);
        assert_eq!(taken(&mut ramp), [3, 4]);
        assert_eq!((ramp.take(), ramp.stopped()), (Take::Never, None));
    }

    #[test]
    fn canaries_first_and_the_rest_only_if_all_succeed() {
        let mut good = ramp(5, 4, 2, None);
        assert_eq!(taken(&mut good), [0, 1]);
        good.ended(0, None);
        assert_eq!(good.take(), Take::Later);
        good.ended(1, None);
        assert_eq!(taken(&mut good), [2, 3, 4]);
        let mut bad = ramp(5, 1, 2, None);
        assert_eq!(taken(&mut bad), [0]);
        bad.ended(0, Some(ErrorKind::Denied));
        assert_eq!(bad.take(), Take::Never);
        assert!(bad.stopped().unwrap().contains("denied"));
    }

    #[test]
    fn failures_are_counted_by_cause() {
        let mut ramp = ramp(100, 10, 0, Some(MaxFailures::Count(3)));
        assert_eq!(taken(&mut ramp).len(), 10);
        for (n, kind) in [(0, ErrorKind::Denied), (1, ErrorKind::Denied), (2, ErrorKind::TurbotUnreachable)] {
            ramp.ended(n, Some(kind));
        }
        assert_eq!(taken(&mut ramp).len(), 3, "three failures, but not for one cause");
        ramp.ended(3, Some(ErrorKind::TurbotUnreachable));
        ramp.ended(4, Some(ErrorKind::TurbotUnreachable));
        assert_eq!(ramp.take(), Take::Never);
        assert!(ramp.stopped().unwrap().contains("turbot-unreachable"), "{:?}", ramp.stopped());
    }

    #[test]
    fn a_percentage_is_of_the_whole_fleet() {
        for (total, percent, limit) in [(200, 5, 10), (10, 5, 1), (33, 10, 4), (3, 100, 3)] {
            assert_eq!(ramp(total, 1, 0, Some(MaxFailures::Percent(percent))).limit, Some(limit));
        }
    }

    #[test]
    fn an_interruption_is_no_failure() {
        let mut ramp = ramp(5, 2, 1, Some(MaxFailures::Count(1)));
        ramp.take();
        ramp.ended(0, Some(ErrorKind::Interrupted));
        assert_eq!(ramp.stopped(), None);
    }
}
