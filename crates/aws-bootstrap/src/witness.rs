//! The witness of effects: told before the request of an effect is sent, and of what came of it, attempt by attempt.
//!
//! What it may not be able to write down is not sent: a refusal to witness is the end of the call.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use aws_smithy_runtime_api::client::interceptors::context::Error;
use jiff::Timestamp;

use crate::connect::Aws;

/// Somebody who keeps a record of effects, such as an audit log.
pub trait Witness: Send + Sync {
    /// The request of an effect is about to be sent.
    ///
    /// # Errors
    /// Why it cannot be recorded: then it is not sent, and the call fails as
    /// [`AwsErrorKind::Unrecorded`](crate::AwsErrorKind::Unrecorded).
    fn before(&self, effect: &WitnessedEffect) -> Result<(), String>;

    /// What came of the request that was announced last.
    ///
    /// # Errors
    /// Why it cannot be recorded: the call fails as [`AwsErrorKind::Unrecorded`](crate::AwsErrorKind::Unrecorded),
    /// whatever came of it, and is not repeated.
    fn after(&self, effect: &WitnessedEffect, came: &WitnessedEnd<'_>) -> Result<(), String>;
}

/// One request of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WitnessedEffect {
    /// The call, by its API name: `CreateRole`.
    pub operation: &'static str,
    /// AWS's time, as far as it is known.
    pub time: Timestamp,
}

/// What came of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WitnessedEnd<'w> {
    /// Whether the effect happened.
    pub outcome: WitnessedOutcome<'w>,
    /// AWS's request id, where it gave one.
    pub request_id: Option<&'w str>,
    /// The unique id of what was made: of a role, user, policy or access key.
    pub made: Option<&'w str>,
}

/// Whether an effect happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WitnessedOutcome<'w> {
    /// It did.
    Done,
    /// It did not; why, in foreign words.
    Failed(&'w str),
    /// It may have; what is in the way of knowing, in foreign words.
    Unknown(&'w str),
}

/// The words of an operation's own error, which the SDK hands to interceptors without its type.
pub(crate) type Words = fn(&Error) -> Option<String>;

/// The attempts of one call: what they left open, and who is told of them.
pub(crate) struct Attempts {
    open: Cell<bool>,
    words: Words,
    told: Option<Told>,
}

struct Told {
    witness: Arc<dyn Witness>,
    operation: &'static str,
    /// Knows the time, and the secrets that nobody is told.
    aws: Aws,
    /// A request was announced, and its end was not told yet.
    announced: Cell<bool>,
    /// Why something could not be recorded.
    unrecorded: RefCell<Option<String>>,
}

impl Attempts {
    /// Attempts that nobody is told of.
    pub(crate) fn unwitnessed(words: Words) -> Self {
        Self { open: Cell::new(false), words, told: None }
    }

    /// Attempts at an effect.
    pub(crate) fn of_effect(words: Words, witness: Arc<dyn Witness>, operation: &'static str, aws: Aws) -> Self {
        let told = Told { witness, operation, aws, announced: Cell::new(false), unrecorded: RefCell::new(None) };
        Self { told: Some(told), ..Self::unwitnessed(words) }
    }

    /// Whether any attempt left open if its effect happened.
    pub(crate) fn left_open(&self) -> bool {
        self.open.get()
    }

    /// An attempt left open if its effect happened.
    pub(crate) fn leave_open(&self) {
        self.open.set(true);
    }

    pub(crate) fn words(&self, error: &Error) -> Option<String> {
        (self.words)(error)
    }

    /// A request is about to be sent.
    ///
    /// # Errors
    /// It must not be: it cannot be recorded.
    pub(crate) fn announce(&self) -> Result<(), String> {
        let Some(told) = &self.told else { return Ok(()) };
        if let Some(why) = told.unrecorded.borrow().as_ref() {
            return Err(why.clone());
        }
        told.witness.before(&told.effect()).inspect_err(|why| told.miss(why))?;
        told.announced.set(true);
        Ok(())
    }

    /// The request that was announced came to its end.
    pub(crate) fn end(&self, came: &WitnessedEnd<'_>) {
        let Some(told) = &self.told else { return };
        if !told.announced.replace(false) {
            return;
        }
        let clean = |words: &str| told.aws.secrets().clean(words.to_owned());
        let told_words;
        let outcome = match came.outcome {
            WitnessedOutcome::Done => WitnessedOutcome::Done,
            WitnessedOutcome::Failed(words) => {
                told_words = clean(words);
                WitnessedOutcome::Failed(&told_words)
            }
            WitnessedOutcome::Unknown(words) => {
                told_words = clean(words);
                WitnessedOutcome::Unknown(&told_words)
            }
        };
        if let Err(why) = told.witness.after(&told.effect(), &WitnessedEnd { outcome, ..*came }) {
            told.miss(&why);
        }
    }

    /// The call is over: a request whose end nobody told (its future was dropped by a time-out) is told as unknown.
    /// Why something could not be recorded, if so.
    pub(crate) fn close(&self) -> Option<String> {
        let unknown = WitnessedOutcome::Unknown("no answer within the time-out");
        self.end(&WitnessedEnd { outcome: unknown, request_id: None, made: None });
        self.told.as_ref()?.unrecorded.borrow().clone()
    }
}

impl Told {
    fn effect(&self) -> WitnessedEffect {
        WitnessedEffect { operation: self.operation, time: self.aws.now() }
    }

    fn miss(&self, why: &str) {
        self.unrecorded.borrow_mut().get_or_insert_with(|| why.to_owned());
    }
}
