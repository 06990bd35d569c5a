//! What happens, as it happens: for whoever shows it.

use std::time::Duration;

use onboard_core::{ErrorKind, StepResult};

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step begins.
    StepBegun {
        /// The AWS account.
        account_id: String,
        /// The step's name.
        step: &'static str,
        /// The step as a sentence.
        sentence: String,
    },
    /// A step ended.
    StepEnded {
        /// The AWS account.
        account_id: String,
        /// The step's name.
        step: &'static str,
        /// How.
        result: StepResult,
        /// After how many milliseconds.
        millis: u64,
    },
    /// Something is waited for; said again and again while it lasts.
    Waiting {
        /// The AWS account.
        account_id: String,
        /// What for.
        what: String,
        /// For how long already.
        waited: Duration,
        /// For how long at most.
        at_most: Duration,
    },
    /// Something a person may want to know.
    Note {
        /// The AWS account.
        account_id: String,
        /// What.
        text: String,
    },
    /// The work on a fleet begins.
    FleetBegun {
        /// How many accounts there are.
        accounts: usize,
    },
    /// The work on one of a fleet's accounts begins.
    AccountBegun {
        /// The AWS account.
        account_id: String,
    },
    /// The work on one of a fleet's accounts ended.
    AccountEnded {
        /// The AWS account.
        account_id: String,
        /// What came of it, in a word: an outcome, or what became of its plan.
        came_to: &'static str,
        /// Why it did not come out as asked.
        failure: Option<ErrorKind>,
    },
    /// No account of the fleet is under way any more.
    FleetEnded,
}
