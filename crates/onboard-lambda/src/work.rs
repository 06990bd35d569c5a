//! One account in the time that an invocation has: settings, session, the engine's `apply`, a report of one account.
//!
//! ```text
//! row or account ─→ settings (a thread of its own: it may ask AWS) ─→ session ─→ apply ─→ report
//!                     Secrets Manager ─┘          deadline − margin ─→ the wish to stop ─┘
//! ```

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::Context;
use onboard_core::{AccountReport, ErrorKind, ErrorReport, ImportState, Report, With};
use onboard_engine::{Agreed, Job, Session, StopSignal, apply, broke_off};
use turbot_onboard::headless::{Prepared, Ready, Surroundings, Which};

use crate::log;
use crate::turbot_keys::TurbotKeys;

/// The verb that is done.
const VERB: &str = "apply";
/// How long before its deadline an invocation stops by itself: enough to let go of what was begun, and to say so.
const MARGIN: Duration = Duration::from_secs(60);

/// What all invocations share.
pub(crate) struct Work {
    surroundings: Arc<Surroundings>,
    turbot_keys: TurbotKeys,
}

/// What an invocation came to.
pub(crate) enum Ended {
    /// The account's report.
    Reported(Box<Report>),
    /// By the settings the account is not to be onboarded.
    LeftOut(String),
}

impl Work {
    pub(crate) fn new(surroundings: Surroundings, turbot_keys: TurbotKeys) -> Self {
        Self { surroundings: Arc::new(surroundings), turbot_keys }
    }

    /// Onboards the account, as the command's `apply --yes` does.
    pub(crate) async fn onboard(&self, which: Which, invocation: &Context) -> Ended {
        let started_at = Timestamp::now();
        let named = named(&which);
        let stop = StopSignal::new();
        let bell = tokio::spawn(ring(stop.clone(), left_of(invocation)));
        let prepared = self.prepare(which, stop.clone()).await;
        let ended = match prepared {
            Ok(Prepared::LeftOut(why)) => Ended::LeftOut(why),
            Ok(Prepared::Ready(ready)) => {
                let Ready { session, job, warnings } = *ready;
                let account = job.wanted.account_id.as_str().to_owned();
                warnings.iter().for_each(|warning| log::warning(&account, warning));
                let run = session.run.clone();
                let turbot_id = job.wanted.turbot_id.to_string();
                let mut report = match Session::new(session) {
                    // A task of its own: the runtime would send what a panic says to Lambda.
                    Ok(session) => tokio::spawn(work(session, job))
                        .await
                        .unwrap_or_else(|_| failed(account, turbot_id, broke_off("the work on this account"))),
                    Err(error) => failed(account, turbot_id, error),
                };
                if stop.is_requested() {
                    out_of_time(&mut report);
                }
                reported(run.as_str(), started_at, report)
            }
            Err(error) => reported(&invocation.request_id, started_at, failed(named.0, named.1, error)),
        };
        bell.abort();
        ended
    }

    async fn prepare(&self, which: Which, stop: StopSignal) -> Result<Prepared, ErrorReport> {
        let keys = self.turbot_keys.read().await?;
        let surroundings = Arc::clone(&self.surroundings);
        let prepare = move || surroundings.prepare(VERB, &which, keys.as_ref(), log::events(), stop);
        tokio::task::spawn_blocking(prepare).await.unwrap_or_else(|_| Err(broke_off("reading the settings")))
    }
}

/// Whoever starts the state machine, or lets events be sent, has agreed.
async fn work(session: Session, job: Job) -> AccountReport {
    apply(&session, &job, &Agreed, None).await
}

/// How much of the time that is left is the work's.
pub(crate) fn time_for_work(left: Duration) -> Duration {
    left.saturating_sub(MARGIN.min(left / 2))
}

/// When Lambda ends the invocation.
fn deadline(invocation: &Context) -> Timestamp {
    Timestamp::try_from(invocation.deadline()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// How much time an invocation has.
pub(crate) fn left_of(invocation: &Context) -> Duration {
    Timestamp::now().duration_until(deadline(invocation)).try_into().unwrap_or_default()
}

async fn ring(stop: StopSignal, left: Duration) {
    tokio::time::sleep(time_for_work(left)).await;
    stop.request();
}

/// Whoever ran out of time was not interrupted by anybody: the account waits for the next run.
fn out_of_time(report: &mut AccountReport) {
    if report.error.as_ref().is_none_or(|error| error.kind != ErrorKind::Interrupted) {
        return;
    }
    report.fail(if matches!(report.import.state, ImportState::InFlight | ImportState::Unknown) {
        ErrorReport::new(
            ErrorKind::InFlight,
            "the function's time was over while Turbot's answer to the import was awaited: it is in flight",
        )
        .hint("run it again: it finds the import, and goes on from there")
    } else {
        ErrorReport::new(ErrorKind::OutOfTime, "the function's time was over before the work was done")
            .hint("run it again: it goes on from what it finds in the account")
    });
}

fn named(which: &Which) -> (String, String) {
    match which {
        Which::Row(row) => {
            let text = |name| row.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            (text("account_id").to_owned(), text("turbot_id").to_owned())
        }
        Which::Member(id) => (id.to_string(), String::new()),
    }
}

fn failed(account_id: String, turbot_id: String, error: ErrorReport) -> AccountReport {
    let mut report = AccountReport::new(account_id, turbot_id, With::Role);
    report.fail(error);
    report
}

fn reported(run: &str, started_at: Timestamp, account: AccountReport) -> Ended {
    Ended::Reported(Box::new(report(run.to_owned(), started_at, vec![account])))
}

/// A report of these accounts.
pub(crate) fn report(run: String, started_at: Timestamp, accounts: Vec<AccountReport>) -> Report {
    Report::new(run, VERB, started_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_kept_and_of_a_short_time_half() {
        let seconds = Duration::from_secs;
        for (left, work) in [(900, 840), (120, 60), (20, 10), (0, 0)] {
            assert_eq!(time_for_work(seconds(left)), seconds(work), "{left}");
        }
    }

    #[test]
    fn whoever_ran_out_of_time_is_pending_and_whoever_failed_has_failed() {
        let of = |kind, state| {
            let mut report = failed("111122223333".into(), "aab".into(), ErrorReport::new(kind, "x"));
            report.import.state = state;
            out_of_time(&mut report);
            (report.error.as_ref().unwrap().kind, report.outcome.as_str(), report.exit_code())
        };
        assert_eq!(of(ErrorKind::Interrupted, ImportState::InFlight), (ErrorKind::InFlight, "pending", 6));
        assert_eq!(of(ErrorKind::Interrupted, ImportState::None), (ErrorKind::OutOfTime, "pending", 6));
        assert_eq!(of(ErrorKind::Interrupted, ImportState::Accepted), (ErrorKind::OutOfTime, "pending", 6));
        assert_eq!(of(ErrorKind::Denied, ImportState::None), (ErrorKind::Denied, "failed", 4));
    }
}
