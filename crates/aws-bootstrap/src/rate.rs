//! How often a service of the caller's own account is asked, whichever accounts the answers are about. AWS publishes the
//! rates; where it says that it is too much all the same, the rate falls at once and rises again with what goes well.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::time::Instant;

/// Between two falls: what was asked before the first one says the same once more.
const ROUND: Duration = Duration::from_secs(1);
/// The rate never falls below this part of the published one.
const LEAST: f64 = 1.0 / 64.0;

/// One rate, shared by all accounts.
#[derive(Debug)]
pub(crate) struct Rate {
    most: f64,
    burst: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    per_second: f64,
    /// When the next call's turn is, were there no burst.
    next: Option<Instant>,
    fell: Option<Instant>,
}

impl Rate {
    /// So many calls a second, and so many at once after a pause.
    pub(crate) fn new(per_second: f64, burst: f64) -> Self {
        let state = State { per_second, next: None, fell: None };
        Self { most: per_second, burst, state: Mutex::new(state) }
    }

    /// Waits until it is this call's turn.
    pub(crate) async fn turn(&self) {
        let at = {
            let now = Instant::now();
            let mut state = self.lock();
            let pause = Duration::from_secs_f64(1.0 / state.per_second);
            let ahead = Duration::from_secs_f64(self.burst / state.per_second);
            let next = state.next.map_or(now, |next| next.max(now));
            state.next = Some(next + pause);
            // A burst is a turn that comes before its time.
            next.checked_sub(ahead).unwrap_or(now).max(now)
        };
        tokio::time::sleep_until(at).await;
    }

    /// AWS took it: a little more of what it published.
    pub(crate) fn went_well(&self) {
        let mut state = self.lock();
        state.per_second = (state.per_second + self.most / 600.0).min(self.most);
    }

    /// AWS said that it is too much: half of it.
    pub(crate) fn too_much(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        if state.fell.is_none_or(|at| now.duration_since(at) >= ROUND) {
            state.per_second = (state.per_second / 2.0).max(self.most * LEAST);
            state.fell = Some(now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells a rate what came of every attempt, those that the SDK repeats by itself included.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) Arc<Rate>);

impl Intercept for Told {
    fn name(&self) -> &'static str {
        "Told"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(response) = context.response() else { return Ok(()) };
        let body = response.body().bytes().unwrap_or_default();
        let throttled = |body: &[u8]| {
            ["Throttl", "TooManyRequests", "SlowDown", "LimitExceeded"]
                .iter()
                .any(|word| body.windows(word.len()).any(|w| w == word.as_bytes()))
        };
        match response.status().as_u16() {
            200..=299 => self.0.went_well(),
            429 | 503 => self.0.too_much(),
            400 if throttled(body) => self.0.too_much(),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_the_rate() {
        let rate = Rate::new(10.0, 5.0);
        let begun = Instant::now();
        for _ in 0..6 {
            rate.turn().await;
        }
        assert!(begun.elapsed() < Duration::from_millis(20), "{:?}", begun.elapsed());
        for _ in 0..20 {
            rate.turn().await;
        }
        let took = begun.elapsed().as_secs_f64();
        assert!((1.95..2.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn it_falls_once_a_round_and_rises_again() {
        let rate = Rate::new(600.0, 1.0);
        rate.too_much();
        rate.too_much();
        assert!((rate.lock().per_second - 300.0).abs() < 0.1);
        for _ in 0..20 {
            tokio::time::sleep(ROUND).await;
            rate.too_much();
        }
        assert!(rate.lock().per_second > 9.0, "it never stops altogether");
        for _ in 0..600 {
            rate.went_well();
        }
        assert!((rate.lock().per_second - 600.0).abs() < 0.1);
    }
}
