//! Bounded waits on named conditions: IAM shows a change everywhere only after some seconds, and has no call that says
//! when. A condition counts as met when several reads in a row say so.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::AwsError;

/// How often a condition is read, how often in a row it must be met, and for how long 'not yet' is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two reads.
    pub interval: Duration,
    /// How many reads in a row must find the condition met; at least one.
    pub streak: u32,
    /// How long 'not yet' is accepted. A streak that began in time may end after it.
    pub limit: Duration,
}

impl Default for Pace {
    /// Three reads in a row, a second apart, within two minutes (Terraform's propagation time-out).
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), streak: 3, limit: Duration::from_secs(120) }
    }
}

/// What one read says of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It is met.
    Good,
    /// It is not met yet, and why.
    NotYet(String),
    /// It will never be met: what was found in its place.
    Wrong(String),
}

/// Why a wait ended without its condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// It was not met in time.
    #[error("{what} did not come about in time: {last}")]
    TimedOut {
        /// What was awaited.
        what: &'static str,
        /// What the last read said.
        last: String,
    },
    /// It cannot be met any more.
    #[error("{what} is not to be had: {found}")]
    Wrong {
        /// What was awaited.
        what: &'static str,
        /// What was found in its place.
        found: String,
    },
    /// A read failed for another reason, or AWS could not be asked until the time was over.
    #[error("failed to read whether {what} came about")]
    Aws {
        /// What was awaited.
        what: &'static str,
        /// The failure.
        #[source]
        error: AwsError,
    },
}

/// Reads a condition until it was met in a streak. Transient failures of a read (throttled, 5xx, no connection) break
/// the streak and are endured within the limit; any other failure ends the wait.
///
/// # Errors
/// [`WaitError`], by the situation.
pub async fn await_streak<F, Fut>(pace: &Pace, what: &'static str, mut read: F) -> Result<(), WaitError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Reading, AwsError>>,
{
    let started = Instant::now();
    let mut good = 0;
    loop {
        let failure = match read().await {
            Ok(Reading::Good) => {
                good += 1;
                if good >= pace.streak.max(1) {
                    return Ok(());
                }
                None
            }
            Ok(Reading::Wrong(found)) => return Err(WaitError::Wrong { what, found }),
            Ok(Reading::NotYet(last)) => Some(WaitError::TimedOut { what, last }),
            Err(error) if error.kind.is_transient() => Some(WaitError::Aws { what, error }),
            Err(error) => return Err(WaitError::Aws { what, error }),
        };
        if let Some(failure) = failure {
            good = 0;
            if started.elapsed() >= pace.limit {
                return Err(failure);
            }
        }
        tokio::time::sleep(pace.interval).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::error::AwsErrorKind;

    const PACE: Pace = Pace { interval: Duration::from_secs(1), streak: 3, limit: Duration::from_secs(10) };

    async fn run(readings: Vec<Result<Reading, AwsError>>) -> (Result<(), WaitError>, usize) {
        let left = RefCell::new(readings.into_iter());
        let reads = RefCell::new(0);
        let result = await_streak(&PACE, "it", || async {
            *reads.borrow_mut() += 1;
            left.borrow_mut().next().unwrap_or_else(|| Ok(Reading::NotYet("no more".into())))
        })
        .await;
        (result, reads.into_inner())
    }

    fn failure(kind: AwsErrorKind) -> Result<Reading, AwsError> {
        Err(AwsError::new(kind, "Test", ""))
    }

    #[tokio::test(start_paused = true)]
    async fn a_streak_is_unbroken() {
        use Reading::*;
        let not = || Ok(NotYet("x".into()));
        assert_eq!(
            run(vec![
                Ok(Good),
                Ok(Good),
                not(),
                Ok(Good),
                failure(AwsErrorKind::Throttled),
                Ok(Good),
                Ok(Good),
                Ok(Good)
            ])
            .await,
            (Ok(()), 8)
        );
        assert_eq!(run(vec![Ok(Good), Ok(Good), Ok(Good)]).await, (Ok(()), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_are_bounded() {
        let (result, reads) = run(vec![]).await;
        assert_eq!(result, Err(WaitError::TimedOut { what: "it", last: "no more".into() }));
        assert_eq!(reads, 11);
        let (result, _) = run((0..99).map(|_| failure(AwsErrorKind::Unavailable)).collect()).await;
        assert!(matches!(result, Err(WaitError::Aws { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_come_ends_the_wait() {
        assert_eq!(
            run(vec![Ok(Reading::Wrong("other".into()))]).await,
            (Err(WaitError::Wrong { what: "it", found: "other".into() }), 1)
        );
        assert_eq!(run(vec![failure(AwsErrorKind::Denied)]).await.1, 1);
    }
}
