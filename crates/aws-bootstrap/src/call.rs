//! Making a call: repetitions, what an attempt left open, and the one classification of what went wrong.

use std::cell::Cell;
use std::error::Error as StdError;
use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::time::Instant;

use crate::cause::never_connected;
use crate::connect::Aws;
use crate::error::{AwsError, AwsErrorKind, Certainty, classify};
use crate::removal::Patience;

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
        E: StdError + ProvideErrorMetadata + 'static,
    {
        Ok(self.call(operation, Repeat::Safely, Patience::none(), send).await?.value)
    }

    /// Makes a call. `patience` names the refusals that are waited out.
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
        E: StdError + ProvideErrorMetadata + 'static,
    {
        let mut certainty = Certainty::NotDone;
        let mut skew_repeated = false;
        let mut attempt = 1;
        loop {
            let skew_before = self.clock().skew();
            let (result, open) = OPEN
                .scope(Cell::new(false), async {
                    // On the heap: the SDK's futures are tens of kilobytes, and callers join many of them.
                    let result = Box::pin(send()).await;
                    (result, OPEN.with(Cell::get))
                })
                .await;
            if open {
                certainty = Certainty::MaybeDone;
            }
            let error = match result {
                Ok(value) => {
                    let request_id = value.request_id().map(str::to_owned);
                    return Ok(Done { value, request_id });
                }
                Err(error) => self.explain(classify(operation, &error, certainty)),
            };
            tracing::debug!(operation, kind = %error.kind, attempt, certainty = ?error.certainty, "call failed");
            if error.kind == AwsErrorKind::ClockSkew && !skew_repeated && self.clock().skew() != skew_before {
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
    /// Whether any attempt of the call under way left open if its effect happened.
    static OPEN: Cell<bool>;
}

/// Keeps a call that another one needs (credentials for it) out of the other's reckoning.
pub(crate) async fn apart<F: Future>(call: F) -> F::Output {
    OPEN.scope(Cell::new(false), call).await
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
        let Some(Err(error)) = context.output_or_error() else { return Ok(()) };
        let refused = context.response().is_some_and(|r| (400..500).contains(&r.status().as_u16()));
        let never_sent = error.as_connector_error().is_some_and(|e| e.is_user() || never_connected(e));
        if transmitted && !refused && !never_sent {
            // Outside of a call of ours (a waiter, a test) there is nobody to tell.
            let _ = OPEN.try_with(|open| open.set(true));
        }
        Ok(())
    }
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
