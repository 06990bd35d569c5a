//! Making a call: repetitions, what an attempt left open, and the one classification of what went wrong.

use std::error::Error as StdError;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_iam::operation::create_access_key::CreateAccessKeyOutput;
use aws_sdk_iam::operation::create_policy::CreatePolicyOutput;
use aws_sdk_iam::operation::create_role::CreateRoleOutput;
use aws_sdk_iam::operation::create_user::CreateUserOutput;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, Error as OperationError,
    FinalizerInterceptorContextRef, Output,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::time::Instant;

use crate::cause::{chain, never_connected};
use crate::connect::Aws;
use crate::error::{AwsError, AwsErrorKind, Certainty, classify};
use crate::removal::Patience;
use crate::witness::{Attempts, Witness, WitnessedEnd, WitnessedOutcome};

/// What a call gave, with AWS's request id for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// The result.
    pub value: T,
    /// AWS's request id.
    pub request_id: Option<String>,
}

impl<T> Done<T> {
    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Done<U> {
        Done { value: f(self.value), request_id: self.request_id }
    }

    pub(crate) fn try_map<U>(self, f: impl FnOnce(T) -> Result<U, AwsError>) -> Result<Done<U>, AwsError> {
        let request_id = self.request_id;
        match f(self.value) {
            Ok(value) => Ok(Done { value, request_id }),
            Err(error) => Err(AwsError { request_id: error.request_id.or(request_id), ..error }),
        }
    }
}

/// How a call may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Repeating changes nothing: the SDK repeats what is transient, we add what it does not know.
    Safely,
    /// A creation: an answer may be lost after the effect, so it is repeated (by us) only after a definite refusal.
    Creation,
}

impl Aws {
    /// Makes a read.
    pub(crate) async fn read<T, E, F, Fut>(&self, operation: &'static str, send: F) -> Result<T, AwsError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        Ok(self.attempt(None, operation, Repeat::Safely, Patience::none(), send).await?.value)
    }

    /// Makes a call that has an effect, before the handle's witness. `patience` names the refusals that are waited out.
    pub(crate) async fn call<T, E, F, Fut>(
        &self,
        operation: &'static str,
        repeat: Repeat,
        patience: Patience,
        send: F,
    ) -> Result<Done<T>, AwsError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        self.attempt(self.witness(), operation, repeat, patience, send).await
    }

    async fn attempt<T, E, F, Fut>(
        &self,
        witness: Option<&Arc<dyn Witness>>,
        operation: &'static str,
        repeat: Repeat,
        patience: Patience,
        send: F,
    ) -> Result<Done<T>, AwsError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let mut certainty = Certainty::NotDone;
        let mut skew_repeated = false;
        let mut attempt = 1;
        loop {
            let attempts = match witness {
                Some(witness) => Attempts::of_effect(words::<E>, Arc::clone(witness), operation, self.clone()),
                None => Attempts::unwitnessed(words::<E>),
            };
            let (result, open, unrecorded) = ATTEMPTS
                .scope(attempts, async {
                    // On the heap: the SDK's futures are tens of kilobytes, and callers join many of them.
                    let result = Box::pin(send()).await;
                    let (open, unrecorded) = ATTEMPTS.with(|attempts| (attempts.left_open(), attempts.close()));
                    (result, open, unrecorded)
                })
                .await;
            if open {
                certainty = Certainty::MaybeDone;
            }
            if let Some(why) = unrecorded {
                // An effect that happened and is not on record is as good as unknown.
                let certainty = if result.is_ok() { Certainty::MaybeDone } else { certainty };
                return Err(AwsError { certainty, ..AwsError::new(AwsErrorKind::Unrecorded, operation, why) });
            }
            let error = match result {
                Ok(value) => {
                    let request_id = value.request_id().map(str::to_owned);
                    return Ok(Done { value, request_id });
                }
                Err(error) => {
                    let error = self.explain(classify(operation, &error, certainty));
                    AwsError { message: self.secrets().clean(error.message), ..error }
                }
            };
            tracing::debug!(operation, kind = %error.kind, attempt, certainty = ?error.certainty, "call failed");
            if error.kind == AwsErrorKind::ClockSkew && !skew_repeated {
                // The refusal itself carried AWS's time: once more with it.
                skew_repeated = true;
                continue;
            }
            if patience.covers(error.kind, Instant::now()) {
                tokio::time::sleep(self.patience().interval).await;
                continue;
            }
            let again = match repeat {
                // The SDK repeats the rest of what passes by itself.
                Repeat::Safely => {
                    matches!(error.kind, AwsErrorKind::ConcurrentModification | AwsErrorKind::Malformed)
                }
                Repeat::Creation => {
                    error.certainty == Certainty::NotDone
                        && matches!(
                            error.kind,
                            AwsErrorKind::Throttled | AwsErrorKind::ConcurrentModification | AwsErrorKind::Network
                        )
                }
            };
            if !again || attempt >= self.max_attempts() {
                return Err(error);
            }
            tokio::time::sleep(jittered(self.backoff(), attempt)).await;
            attempt += 1;
        }
    }
}

/// Exponential backoff with full jitter's upper half: never so short that it is no pause.
fn jittered(first: Duration, attempt: u32) -> Duration {
    let longest = first.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(first.saturating_mul(20));
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

tokio::task_local! {
    /// The attempts of the call under way.
    static ATTEMPTS: Attempts;
}

/// Keeps a call that another one needs (credentials for it) out of the other's reckoning.
pub(crate) async fn apart<F: Future>(call: F) -> F::Output {
    ATTEMPTS.scope(Attempts::unwitnessed(|_| None), call).await
}

/// Judges every attempt of a call, those that the SDK repeats by itself included: a throttled second attempt does not
/// make certain what a lost answer to the first left open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttemptJudge;

#[derive(Debug)]
struct Transmitted;

impl aws_smithy_types::config_bag::Storable for Transmitted {
    type Storer = aws_smithy_types::config_bag::StoreReplace<Self>;
}

impl Intercept for AttemptJudge {
    fn name(&self) -> &'static str {
        "AttemptJudge"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Outside of a call of ours (a waiter, a test) there is nobody to tell.
        ATTEMPTS.try_with(Attempts::announce).unwrap_or(Ok(()))?;
        cfg.interceptor_state().store_put(Transmitted);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if context.output_or_error().is_ok() && response.body().bytes().is_some_and(ends_early) {
            return Err("the answer ends early".into());
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let transmitted = cfg.load::<Transmitted>().is_some();
        cfg.interceptor_state().unset::<Transmitted>();
        let request_id = context.response().and_then(|r| r.headers().request_id());
        let tell = |outcome, made| {
            let _ = ATTEMPTS.try_with(|attempts| attempts.end(&WitnessedEnd { outcome, request_id, made }));
        };
        let error = match context.output_or_error() {
            Some(Err(error)) => error,
            Some(Ok(output)) => {
                tell(WitnessedOutcome::Done, made(output));
                return Ok(());
            }
            None => return Ok(()),
        };
        let status = context.response().map(|r| r.status().as_u16());
        let refused = status.is_some_and(|status| (400..500).contains(&status));
        let never_sent = error.as_connector_error().is_some_and(|e| e.is_user() || never_connected(e));
        let known = error.as_operation_error().and_then(|e| ATTEMPTS.try_with(|a| a.words(e)).ok().flatten());
        let words = known.unwrap_or_else(|| chain(error));
        let words = status.map_or_else(|| words.clone(), |status| format!("HTTP {status}: {words}"));
        if transmitted && !refused && !never_sent {
            let _ = ATTEMPTS.try_with(Attempts::leave_open);
            tell(WitnessedOutcome::Unknown(&words), None);
        } else {
            tell(WitnessedOutcome::Failed(&words), None);
        }
        Ok(())
    }
}

/// The unique id of what a creation made.
fn made(output: &Output) -> Option<&str> {
    if let Some(made) = output.downcast_ref::<CreateRoleOutput>() {
        return made.role().map(|role| role.role_id());
    }
    if let Some(made) = output.downcast_ref::<CreateUserOutput>() {
        return made.user().map(|user| user.user_id());
    }
    if let Some(made) = output.downcast_ref::<CreatePolicyOutput>() {
        return made.policy().and_then(|policy| policy.policy_id());
    }
    output.downcast_ref::<CreateAccessKeyOutput>()?.access_key().map(|key| key.access_key_id())
}

/// Code and message of an operation's error.
fn words<E: StdError + ProvideErrorMetadata + Send + Sync + 'static>(error: &OperationError) -> Option<String> {
    let error = error.downcast_ref::<E>()?;
    let (code, message) = (error.code()?, error.message().unwrap_or_default());
    Some(if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") })
}

/// Whether an XML answer lacks its end. The SDK reads such a list as a shorter one, and such a key's secret as a part of
/// it.
fn ends_early(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let mut text = text.trim();
    if let Some(declared) = text.strip_prefix("<?xml") {
        text = declared.split_once("?>").map_or("", |(_, rest)| rest.trim_start());
    }
    let Some(root) = text.strip_prefix('<') else { return false };
    let name: &str = root.split([' ', '>', '/', '\t', '\r', '\n']).next().unwrap_or_default();
    let closed =
        text.strip_suffix('>').map(str::trim_end).and_then(|t| t.strip_suffix(name)).is_some_and(|t| t.ends_with("</"));
    let empty = text.ends_with("/>") && !root.contains('<');
    !closed && !empty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_must_have_its_end() {
        for whole in [
            "",
            "{\"json\":",
            "plain",
            "<A/>",
            "<A x='1' />",
            "<A></A>",
            "<?xml version='1.0'?>\n<A b=\"c\"><B>x</B></A >\n",
        ] {
            assert!(!ends_early(whole.as_bytes()), "{whole}");
        }
        for cut in
            ["<A>", "<A><B/>", "<A><B>x</B>", "<A><B>x</B></A", "<?xml version='1.0'?>\n<A><B>x", "<A><AA></AA>", "<"]
        {
            assert!(ends_early(cut.as_bytes()), "{cut}");
        }
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        let first = Duration::from_millis(100);
        for _ in 0..50 {
            assert!((50..=100).contains(&jittered(first, 1).as_millis()));
            assert!((100..=200).contains(&jittered(first, 2).as_millis()));
            assert!((1000..=2000).contains(&jittered(first, 30).as_millis()));
        }
    }
}
