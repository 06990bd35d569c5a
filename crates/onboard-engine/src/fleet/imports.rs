//! How many imports Turbot is given at once. Its tolerance is not public: when it says that it is too much, fewer are
//! sent, and after a while more again. Nothing else is slowed down by it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Between two narrowings: what was sent before the first says the same once more.
const ROUND: Duration = Duration::from_secs(1);

/// The limit, shared by all accounts of a run.
#[derive(Debug)]
pub(crate) struct Imports {
    most: usize,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    /// How many may be under way now; a fraction is on its way to the next one.
    width: f64,
    busy: usize,
    /// Turbot's Retry-After: none is sent before.
    closed_until: Option<Instant>,
    narrowed: Option<Instant>,
}

/// A place among the imports under way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'l> {
    limit: &'l Imports,
}

impl Imports {
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let state = State { width: most as f64, busy: 0, closed_until: None, narrowed: None };
        Self { most, state: Mutex::new(state), freed: Notify::new() }
    }

    /// Waits for a place. May be dropped at any time.
    ///
    /// # Errors
    /// For how long Turbot asked for no imports, where that is longer than `closed_at_most`.
    pub(crate) async fn place(&self, closed_at_most: Duration) -> Result<Place<'_>, Duration> {
        loop {
            // Heard before the look: a place that is given back in between is not missed.
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            let opens = {
                let mut state = self.lock();
                match state.closed_until.filter(|until| *until > Instant::now()) {
                    Some(until) if until.duration_since(Instant::now()) > closed_at_most => {
                        return Err(until.duration_since(Instant::now()));
                    }
                    Some(until) => Some(until),
                    None if state.has_room() => {
                        state.busy += 1;
                        // The next one in the queue looks for itself.
                        self.freed.notify_one();
                        return Ok(Place { limit: self });
                    }
                    None => None,
                }
            };
            match opens {
                Some(until) => tokio::time::sleep_until(until).await,
                None => freed.await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let busy = self.busy as f64;
        busy + 1.0 <= self.width.max(1.0)
    }
}

impl Place<'_> {
    /// Turbot took it: there may be one more for every round of them.
    pub(crate) fn went_well(&self) {
        let mut state = self.limit.lock();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let most = self.limit.most as f64;
        state.width = (state.width + 1.0 / state.width.max(1.0)).min(most);
        drop(state);
        self.limit.freed.notify_one();
    }

    /// Turbot said that it is too much, or failed: half as many, and none before it wants any again.
    pub(crate) fn too_much(&self, retry_after: Option<Duration>) {
        let now = Instant::now();
        let mut state = self.limit.lock();
        if state.narrowed.is_none_or(|at| now.duration_since(at) >= ROUND) {
            state.width = (state.width / 2.0).max(1.0);
            state.narrowed = Some(now);
        }
        if let Some(after) = retry_after {
            state.closed_until = state.closed_until.max(Some(now + after));
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.limit.lock().busy -= 1;
        self.limit.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A thousand five-minute imports at width W take ceil(1000/W) imports' time, and not more.
    #[tokio::test(start_paused = true)]
    async fn imports_overlap_up_to_the_limit() {
        let limit = Arc::new(Imports::new(8));
        let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let begun = Instant::now();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..1000 {
            let (limit, busy, most) = (limit.clone(), busy.clone(), most.clone());
            all.spawn(async move {
                let place = limit.place(HOUR).await.unwrap();
                most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(300)).await;
                busy.fetch_sub(1, Ordering::SeqCst);
                place.went_well();
            });
        }
        while all.join_next().await.is_some() {}
        assert_eq!(most.load(Ordering::SeqCst), 8);
        let rounds = begun.elapsed().as_secs_f64() / 300.0;
        assert!((125.0..125.1).contains(&rounds), "{rounds}");
    }

    #[tokio::test(start_paused = true)]
    async fn too_much_halves_it_waits_and_recovers() {
        let limit = Imports::new(8);
        let begun = Instant::now();
        let first = limit.place(HOUR).await.unwrap();
        first.too_much(Some(Duration::from_secs(7)));
        first.too_much(None);
        drop(first);
        assert!((limit.lock().width - 4.0).abs() < 0.01, "narrowed once a round");
        let place = limit.place(HOUR).await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 7);
        drop(place);
        for _ in 0..60 {
            limit.place(HOUR).await.unwrap().went_well();
        }
        assert!((limit.lock().width - 8.0).abs() < 0.01, "{}", limit.lock().width);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_closed_for_too_long_is_not_waited_for() {
        let limit = Imports::new(8);
        let first = limit.place(HOUR).await.unwrap();
        first.too_much(Some(HOUR * 24));
        let begun = Instant::now();
        assert_eq!(limit.place(HOUR).await.unwrap_err(), HOUR * 24);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        tokio::time::sleep(HOUR * 23).await;
        drop(first);
        drop(limit.place(HOUR).await.unwrap());
        assert_eq!(begun.elapsed(), HOUR * 24);
    }

    #[tokio::test(start_paused = true)]
    async fn it_never_closes_altogether() {
        let limit = Imports::new(1);
        for _ in 0..5 {
            limit.place(HOUR).await.unwrap().too_much(None);
            tokio::time::sleep(ROUND).await;
        }
        drop(limit.place(HOUR).await.unwrap());
    }
}
