//! Fleets: many accounts at work, each as if it were alone.
//!
//! ```text
//! jobs (the manifest's order) -> ramp: may another begin? -> a task for each account in flight -> its own loop
//!    shared by all: HTTP client, STS's rate, Turbot's listing, the import limit, audit log, events, the wish to stop
//! ended task -> ramp: counts by cause, stops or goes on -> result in the job's place
//! ```
//!
//! What is in flight is bounded by `concurrency`; an account that was not begun costs its job and nothing else. One
//! account's failure, a panic included, is its own result.

mod discover;
mod imports;
mod ramp;
mod roles;
mod turbot;
mod turbot_ids;

use std::collections::HashMap;
use std::sync::Arc;

use onboard_core::{AccountReport, ErrorKind, ErrorReport, Outcome};
use tokio::task::JoinSet;

use crate::doctor::{Check, CheckResult, DoctorReport};
use crate::event::Event;
use crate::failure;
use crate::planned::Planned;
use crate::session::{Job, Session};
pub use discover::{Discovered, Discovering, FoundAccount, LeftOut, discover};
pub(crate) use imports::{Imports, Place};
use ramp::{Ramp, Take};
pub(crate) use turbot::SharedTurbot;

/// How a fleet is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetSettings {
    /// How many accounts at once.
    pub concurrency: usize,
    /// How many go first; 0 for none.
    pub canary: usize,
    /// When no other account is begun.
    pub max_failures: Option<MaxFailures>,
    /// How many imports Turbot is given at once.
    pub imports: usize,
}

impl FleetSettings {
    /// How many imports Turbot is given at once where nobody says otherwise: its tolerance is not public.
    pub const IMPORTS: usize = 8;
}

/// When no other account is begun: once so many failed for one and the same cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxFailures {
    /// So many accounts.
    Count(usize),
    /// So many of a hundred of the fleet's accounts.
    Percent(u8),
}

/// What a verb makes of one account.
pub trait Ended: Send + 'static {
    /// Why it did not come out as asked; a difference that was found is no failure.
    fn failure(&self) -> Option<ErrorKind>;

    /// What came of it in a word, for whoever watches.
    fn came_to(&self) -> &'static str;

    /// The result of an account whose report says why there is no other.
    fn of(report: AccountReport) -> Self;
}

impl Ended for AccountReport {
    fn failure(&self) -> Option<ErrorKind> {
        self.error.as_ref().map(|error| error.kind)
    }

    fn came_to(&self) -> &'static str {
        self.outcome.as_str()
    }

    fn of(report: AccountReport) -> Self {
        report
    }
}

impl Ended for Result<Box<Planned>, Box<AccountReport>> {
    fn failure(&self) -> Option<ErrorKind> {
        self.as_ref().err().and_then(|report| report.failure())
    }

    fn came_to(&self) -> &'static str {
        match self {
            Ok(planned) if planned.plan.steps.is_empty() => "nothing to do",
            Ok(_) => "planned",
            Err(report) => report.came_to(),
        }
    }

    fn of(report: AccountReport) -> Self {
        Err(Box::new(report))
    }
}

impl Ended for DoctorReport {
    fn failure(&self) -> Option<ErrorKind> {
        self.failed.then_some(ErrorKind::CheckFailed)
    }

    fn came_to(&self) -> &'static str {
        if self.failed { "failed" } else { "passed" }
    }

    fn of(report: AccountReport) -> Self {
        let mut checks = vec![];
        match report.error {
            Some(error) => checks.push(Check::failed("fleet", error)),
            None => checks.extend(report.warnings.into_iter().map(|warning| Check {
                check: "fleet",
                result: CheckResult::Unknown,
                message: warning,
                hint: None,
            })),
        }
        Self::blank(report.account_id, report.turbot_id, checks)
    }
}

/// Does the work on every account; the results are in the jobs' order, and none is missing.
pub async fn fleet<T, F>(
    session: &Session,
    jobs: &Arc<[Job]>,
    settings: &FleetSettings,
    work: impl Fn(usize) -> F,
) -> Vec<T>
where
    T: Ended,
    F: Future<Output = T> + Send + 'static,
{
    let tell = |event| (session.events)(event);
    let mut ramp = Ramp::new(jobs.len(), settings);
    let mut results: Vec<Option<T>> = (0..jobs.len()).map(|_| None).collect();
    let mut flying: JoinSet<T> = JoinSet::new();
    let mut numbers = HashMap::new();
    tell(Event::FleetBegun { accounts: jobs.len() });
    loop {
        while !session.stop.is_requested()
            && let Take::Now(n) = ramp.take()
        {
            tell(Event::AccountBegun { account_id: jobs[n].wanted.account_id.to_string() });
            numbers.insert(flying.spawn(work(n)).id(), n);
        }
        let Some(ended) = flying.join_next_with_id().await else { break };
        let (id, result) = match ended {
            Ok((id, result)) => (id, Ok(result)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some(n) = numbers.remove(&id) else { continue };
        let result = result.unwrap_or_else(|_| {
            let mut report = blank(&jobs[n]);
            report.fail(failure::broke_off("the work on this account"));
            T::of(report)
        });
        ramp.ended(n, result.failure());
        tell(Event::AccountEnded {
            account_id: jobs[n].wanted.account_id.to_string(),
            came_to: result.came_to(),
            failure: result.failure(),
        });
        results[n] = Some(result);
    }
    tell(Event::FleetEnded);
    let left = |n: usize| T::of(not_begun(&jobs[n], ramp.stopped()));
    results.into_iter().enumerate().map(|(n, result)| result.unwrap_or_else(|| left(n))).collect()
}

fn blank(job: &Job) -> AccountReport {
    AccountReport::new(job.wanted.account_id.as_str(), job.wanted.turbot_id.as_str(), job.wanted.with)
}

/// The report of an account that was not begun: the fleet stopped before, or somebody interrupted it.
fn not_begun(job: &Job, why: Option<&str>) -> AccountReport {
    let mut report = blank(job);
    match why {
        Some(why) => report.warnings.push(format!("not begun: {why}")),
        None => report.fail(
            ErrorReport::new(ErrorKind::Interrupted, "interrupted before it was begun; nothing was changed")
                .hint("run the same command again to go on"),
        ),
    }
    report.outcome = Outcome::Skipped;
    report
}
