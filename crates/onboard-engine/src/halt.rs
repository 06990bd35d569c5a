//! Why work on an account stops, and what may be done then.

use aws_bootstrap::{AwsError, AwsErrorKind, Certainty};
use onboard_core::{ErrorKind, ErrorReport, StepResult, Stop};

use crate::claim::ClaimError;
use crate::failure;

/// Why work on an account stops before its plan is done.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The world is not the plan's: observe and plan anew.
    Again(String),
    /// An effect on AWS may have happened and its answer was lost: observe and plan anew. If that does not help it is
    /// the failure.
    Unclear(ErrorReport),
    /// A definite failure: what was begun may be undone.
    Failed(ErrorReport),
    /// The outcome is not known, or another run is at work: nothing is undone.
    Pending(ErrorReport),
    /// Somebody asked to stop.
    Interrupted,
    /// The audit log cannot be written: nothing more may be done at all.
    Audit(ErrorReport),
}

impl Halt {
    /// Something could not be recorded: the text names the audit log and the cause.
    pub(crate) fn unrecorded(why: impl Into<String>) -> Self {
        Self::Audit(failure::unrecorded(&why.into()))
    }

    /// An AWS failure in a step. One that may have had its effect is looked at again before anything else.
    pub(crate) fn aws(doing: &str, error: &AwsError) -> Self {
        match error.kind {
            AwsErrorKind::Unrecorded => Self::unrecorded(&error.message),
            AwsErrorKind::AlreadyExists | AwsErrorKind::NotFound | AwsErrorKind::Conflict => {
                Self::Again(format!("{doing}: {error}"))
            }
            _ if error.certainty == Certainty::MaybeDone => Self::Unclear(failure::of_aws(doing, error)),
            _ => Self::Failed(failure::of_aws(doing, error)),
        }
    }

    /// What is known of the step that it stopped.
    pub(crate) fn of_its_step(&self) -> StepResult {
        match self {
            Self::Failed(_) | Self::Audit(_) => StepResult::Failed,
            Self::Again(_) | Self::Unclear(_) | Self::Pending(_) | Self::Interrupted => StepResult::Unknown,
        }
    }

    pub(crate) fn claim(error: &ClaimError) -> Self {
        match error {
            ClaimError::Taken => Self::Again("another run claimed the account first".into()),
            ClaimError::Lost => Self::Pending(
                ErrorReport::new(
                    ErrorKind::ClaimLost,
                    "the claim on the account is no longer this run's; this run changes nothing more",
                )
                .because("another run took it over, somebody deleted the journal, or AWS does not show it")
                .hint("wait for the other run, then run the same command again"),
            ),
            ClaimError::Unseen => Self::Failed(
                ErrorReport::new(
                    ErrorKind::NotPropagated,
                    "what was written into the journal did not show in AWS in time",
                )
                .hint("AWS takes its time: run the same command again, or give it longer with --propagation"),
            ),
            ClaimError::Slow => Self::Pending(failure::of_slow_claim()),
            ClaimError::Aws(error) if error.is(AwsErrorKind::Unrecorded) => Self::unrecorded(&error.message),
            ClaimError::Aws(error) => Self::Failed(failure::of_aws("keeping the claim on the account", error)),
        }
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        if stop.kind.exit_code() == 6 { Self::Pending(stop.into()) } else { Self::Failed(stop.into()) }
    }
}
