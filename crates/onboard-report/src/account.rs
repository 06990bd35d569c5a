//! What a report says of one account, as it stands in the document.

use onboard_core::{Difference, ErrorKind, ImportState, Outcome, StepResult, With};
use serde::{Deserialize, Serialize};

use crate::phase::Phase;

/// One account of a report. What older versions did not write yet is read as absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the published schema")]
pub struct Account {
    pub account_id: String,
    pub turbot_id: String,
    #[serde(default)]
    pub title: Option<String>,
    pub outcome: Outcome,
    pub with: With,
    pub role_arn: Option<String>,
    pub user_arn: Option<String>,
    pub access_key_id: Option<String>,
    pub external_id: Option<String>,
    pub import: ImportFacts,
    pub steps: Vec<StepTaken>,
    pub maintenance: Option<String>,
    #[serde(default)]
    pub differences: Vec<Difference>,
    pub warnings: Vec<String>,
    pub error: Option<Failure>,
    #[serde(default)]
    pub undo_error: Option<Failure>,
    pub leftovers: Option<Vec<Left>>,
    #[serde(default)]
    pub offset_millis: u64,
    #[serde(default)]
    pub millis: u64,
}

/// What became of the import call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the published schema")]
pub struct ImportFacts {
    pub requests: u32,
    pub state: ImportState,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the published schema")]
pub struct StepTaken {
    pub step: String,
    pub target: String,
    pub result: StepResult,
    #[serde(default)]
    pub offset_millis: u64,
    pub millis: u64,
}

/// Why something did not come out as asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the published schema")]
pub struct Failure {
    pub kind: ErrorKind,
    pub message: String,
    pub causes: Vec<String>,
    pub hint: Option<String>,
}

/// Something left in the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the published schema")]
pub struct Left {
    pub kind: String,
    pub id: String,
    pub why: String,
    pub remove_with: String,
}

impl Account {
    /// The exit code this account alone would give.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.error.as_ref().map_or_else(|| self.outcome.exit_code(), |error| error.kind.exit_code())
    }

    /// It came out as asked.
    #[must_use]
    pub fn is_as_asked(&self) -> bool {
        self.exit_code() == 0
    }

    /// When it was over, in milliseconds after its run began. A document without times has its steps' at least.
    #[must_use]
    pub fn ended_at(&self) -> u64 {
        self.offset_millis.saturating_add(self.took())
    }

    /// How long it took in all.
    #[must_use]
    pub fn took(&self) -> u64 {
        let steps = self.steps.iter().map(|step| step.offset_millis.saturating_add(step.millis)).max();
        self.millis.max(steps.unwrap_or(0))
    }

    /// How long each phase took, in the phases' order; what no step accounts for went to looks and waits.
    #[must_use]
    pub fn by_phase(&self) -> [u64; Phase::ALL.len()] {
        let mut sums = [0_u64; Phase::ALL.len()];
        for step in &self.steps {
            let sum = &mut sums[Phase::of(&step.step) as usize];
            *sum = sum.saturating_add(step.millis);
        }
        let steps = sums.iter().fold(0_u64, |sum, millis| sum.saturating_add(*millis));
        sums[Phase::Waits as usize] = self.took().saturating_sub(steps);
        sums
    }

    /// What is left in it.
    #[must_use]
    pub fn left(&self) -> &[Left] {
        self.leftovers.as_deref().unwrap_or_default()
    }
}
