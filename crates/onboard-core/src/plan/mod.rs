//! The planner: a pure, synchronous, deterministic function of what is wanted, what was observed, and the few values
//! chosen beforehand. It makes every choice; whoever carries the plan out makes none.

mod adoption;
mod checks;
mod compare;
mod onboard;
mod principal;
mod removal;

use std::time::Duration;

use crate::{
    AwsObserved, ErrorKind, ExternalId, MaintenanceSpelling, Outcome, RunId, Step, Times, TurbotObserved, Wanted,
};

pub use checks::{look_stop, turbot_presence};
pub use compare::{Difference, compare};
pub use onboard::is_kept;
pub use principal::kept_external_id;
pub use removal::{Own, cleanup, of_record, undo};

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Both halves.
    Apply,
    /// The AWS half alone; the credential is handed over to somebody else.
    Bootstrap,
}

/// Values that a plan needs and cannot derive: chosen once, saved with it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// The external ID for a role that has none worth keeping: at least 122 random bits.
    pub external_id: ExternalId,
}

/// Everything the planner looks at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// What AWS shows.
    pub aws: &'a AwsObserved,
    /// What Turbot shows; `None` where a verb works without it and it is not configured.
    pub turbot: Option<&'a TurbotObserved>,
    /// The chosen values.
    pub chosen: &'a Chosen,
    /// The times in force.
    pub times: &'a Times,
    /// How maintenance levels are spelled.
    pub spelling: &'a MaintenanceSpelling,
    /// This run: a journal of its own needs no claim.
    pub run: &'a RunId,
    /// `--take-over`: the lease of another run's claim is skipped (never the settle time).
    pub take_over: bool,
}

/// What is to be done, complete: a dry run and a real one cannot differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The outcome when all are done.
    pub end: Outcome,
    /// What a person should know, and what nothing is done about.
    pub warnings: Vec<String>,
    /// The external ID in force for the role.
    pub external_id: Option<ExternalId>,
    /// Whether Turbot is asked to delete the credential.
    pub delete_credential: bool,
    /// Whether this only tidies up, after which everything is to be looked at anew.
    pub then_again: bool,
}

/// What is waited for before anything can be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitFor {
    /// Another run's claim.
    Claim,
    /// The answer of an import that may be in flight.
    Answer,
    /// An accepted account to become visible.
    Visibility,
}

/// A decision to wait and look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What for.
    pub what: WaitFor,
    /// For how long at most, from the look.
    pub at_most: Duration,
    /// In words.
    pub message: String,
}

/// A decision not to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// What kind of reason.
    pub kind: ErrorKind,
    /// The reason, in words.
    pub message: String,
    /// The next step for a person.
    pub hint: Option<String>,
}

impl Stop {
    /// A reason with its next step.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        Self { kind, message: message.into(), hint: (!hint.is_empty()).then_some(hint) }
    }
}

/// What the planner decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Do this.
    Go(Plan),
    /// Wait and look again.
    Wait(Wait),
    /// Do not go on.
    Stop(Stop),
}

impl From<Stop> for Decision {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Wait> for Decision {
    fn from(wait: Wait) -> Self {
        Self::Wait(wait)
    }
}

/// Decides what to do to bring the account where it is wanted.
#[must_use]
pub fn plan(goal: Goal, situation: &Situation<'_>) -> Decision {
    onboard::decide(goal, situation).unwrap_or_else(|decision| decision)
}

/// Whether the steps planned now are those planned before, or what remains of them.
///
/// The tool's own book-keeping and the tidying of lost keys are left aside; what is left must be a subsequence.
#[must_use]
pub fn remains_of(now: &[Step], before: &[Step]) -> bool {
    let views = |steps: &[Step]| -> Vec<serde_json::Value> {
        steps.iter().map(|step| serde_json::to_value(step.view()).unwrap_or_default()).collect()
    };
    first_beyond(now, &views(before)).is_none()
}

/// The first step planned now that a saved plan (its steps as documents have them) does not have in that place: a
/// killed `apply` of a saved plan resumes as long as there is none.
#[must_use]
pub fn first_beyond<'s>(now: &'s [Step], saved: &[serde_json::Value]) -> Option<&'s Step> {
    let mut saved = saved.iter();
    now.iter().filter(|step| !step.is_housekeeping()).find(|step| {
        let view = serde_json::to_value(step.view()).unwrap_or_default();
        // The account's window can be read only once the account is there: what it was is news to the saved plan.
        let any_before = matches!(step, Step::SetMaintenance { .. });
        let same = |key: &str, other: &serde_json::Value| other[key] == view[key] || (any_before && key == "before");
        !saved.any(|other| ["step", "effect", "target", "before", "after"].iter().all(|key| same(key, other)))
    })
}

#[cfg(test)]
mod tests;
