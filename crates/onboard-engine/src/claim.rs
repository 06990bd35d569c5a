//! The claim on an account: the journal object this run made, kept alive while it works, and given up when it ends.

mod taking;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_bootstrap::{Aws, AwsError, AwsErrorKind, Certainty, Pace};
use jiff::Timestamp;
use onboard_core::{Journal, PolicyArn, Record, RunId, When};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::clock::Moment;
use crate::journals;
use crate::recorder::Recorder;

pub(crate) use taking::{Terms, acquire};

/// How often a claim is renewed in a row where every time more than half a lease goes by meanwhile.
const RENEWALS: u32 = 4;

/// Why a claim could not be made or kept.
#[derive(Debug)]
pub(crate) enum ClaimError {
    /// Another run has it.
    Taken,
    /// Another run took it over: nothing may be written any more.
    Lost,
    /// What was written into the journal did not show in time.
    Unseen,
    /// Every time it was renewed, more than half a lease had gone by before that was confirmed.
    Slow,
    /// AWS failed.
    Aws(AwsError),
}

impl From<AwsError> for ClaimError {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

/// A claim held.
pub(crate) struct Claim {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

struct Shared {
    /// Its effects are recorded.
    aws: Aws,
    recorder: Recorder,
    run: RunId,
    lease: Duration,
    pace: Pace,
    lost: AtomicBool,
    state: Mutex<State>,
}

struct State {
    journal: Journal,
    record: Record,
    /// When the time of the claim was last written, measured from before the writing: others count the lease from it.
    renewed: Moment,
    /// The newest such time after which the claim was found to be ours still. Half a lease is counted from it, and
    /// not from the finding: whoever sleeps between the two would work on while others count the lease as over.
    confirmed: Moment,
}

/// How long something is waited for, twice.
struct Patience {
    limit: Duration,
    since: Moment,
    again: bool,
}

impl Patience {
    fn of(pace: &Pace) -> Self {
        Self { limit: pace.limit, since: Moment::now(), again: true }
    }

    fn is_over(&self) -> bool {
        self.since.elapsed() > self.limit
    }

    fn once_more(&mut self) -> bool {
        self.since = Moment::now();
        std::mem::replace(&mut self.again, false)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn keep(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(shared.lease / 4).await;
        // A renewal that fails for a passing reason leaves the confirmation to age; effects then wait for a new one.
        if matches!(shared.renew().await, Err(ClaimError::Lost)) {
            return;
        }
    }
}

impl Shared {
    fn lose(&self) -> ClaimError {
        self.lost.store(true, Ordering::SeqCst);
        ClaimError::Lost
    }

    fn check(&self) -> Result<(), ClaimError> {
        if self.lost.load(Ordering::SeqCst) { Err(ClaimError::Lost) } else { Ok(()) }
    }

    async fn renew(&self) -> Result<(), ClaimError> {
        let mut state = self.state.lock().await;
        self.touch(&mut state).await?;
        self.confirm(&mut state).await
    }

    /// Writes the time of the claim and nothing else: if the object should be another run's by now, that run notices by
    /// nothing but a longer lease.
    async fn touch(&self, state: &mut State) -> Result<(), ClaimError> {
        self.check()?;
        let sent = Moment::now();
        let record = Record { claimed_at: When::At(self.aws.now()), ..state.record.clone() };
        match self.aws.write_journal(&state.journal.arn, &record, &state.record).await {
            Ok(_) => {
                (state.record, state.renewed) = (record, sent);
                Ok(())
            }
            Err(error) if error.is(AwsErrorKind::NotFound) => Err(self.lose()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a change into our journal object.
    async fn write(&self, state: &mut State, change: impl FnOnce(&mut Record)) -> Result<Option<String>, ClaimError> {
        self.check()?;
        let (arn, before) = (state.journal.arn.clone(), state.record.clone());
        let mut wanted = before.clone();
        change(&mut wanted);
        let written = self.in_time(state, |aws| {
            let (arn, before) = (arn.clone(), before.clone());
            let record = Record { claimed_at: When::At(aws.now()), ..wanted.clone() };
            async move {
                let sent = Moment::now();
                let done = aws.write_journal(&arn, &record, &before).await?;
                Ok((record, sent, done.request_id))
            }
        });
        match written.await {
            Ok((record, sent, request_id)) => {
                (state.record, state.renewed) = (record, sent);
                Ok(request_id)
            }
            Err(ClaimError::Aws(error)) if error.is(AwsErrorKind::NotFound) => Err(self.lose()),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, state: &mut State, journal: &PolicyArn) -> Result<Option<String>, ClaimError> {
        let delete = self.in_time(state, |aws| {
            let journal = journal.clone();
            async move { aws.delete_journal(&journal).await }
        });
        Ok(delete.await?.request_id)
    }

    /// Sends what may only hit a journal object that is still ours or our predecessor's: names are used again, and a
    /// machine that slept meanwhile would hit that of a later run. What comes too late is not sent before the claim was
    /// confirmed again. An attempt without an answer changes nothing in that: each of these may be sent twice.
    async fn in_time<T, F>(&self, state: &mut State, send: impl Fn(Aws) -> F) -> Result<T, ClaimError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        for _ in 0..RENEWALS {
            self.ensure(state).await?;
            let (recorder, late) = self.recorder.clone().within(self.left(state));
            match send(self.aws.witnessed(Arc::new(recorder))).await {
                Ok(done) => return Ok(done),
                Err(_) if late.load(Ordering::SeqCst) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ClaimError::Slow)
    }

    /// Reads the journals: ours must stand, be ours, and be the newest. That it is not found, or that its name still shows
    /// what stood there before, is no proof that it is gone as long as AWS may not show it everywhere; until it shows,
    /// nothing is confirmed.
    async fn confirm(&self, state: &mut State) -> Result<(), ClaimError> {
        let started = Moment::now();
        loop {
            self.check()?;
            let (own, generations) =
                tokio::try_join!(self.aws.read_journal(&state.journal.arn), self.aws.journal_generations())?;
            let newer = generations.iter().any(|g| *g > state.journal.generation);
            let old = own.as_ref().is_none_or(|journal| journal.stood_before(&state.journal));
            if old && !newer && started.elapsed() < self.pace.limit {
                tokio::time::sleep(self.pace.interval).await;
                continue;
            }
            let ours = own.is_some_and(|journal| {
                journal.policy_id == state.journal.policy_id
                    && journal.record.as_ref().is_some_and(|record| record.run == self.run)
            });
            if !ours || newer {
                return Err(self.lose());
            }
            state.confirmed = state.renewed;
            return Ok(());
        }
    }

    /// Renews the claim until it was ours less than half a lease ago: a machine that slept meanwhile begins anew.
    async fn ensure(&self, state: &mut State) -> Result<(), ClaimError> {
        for _ in 0..RENEWALS {
            self.check()?;
            if self.is_fresh(state) {
                return Ok(());
            }
            self.touch(state).await?;
            self.confirm(state).await?;
        }
        if self.is_fresh(state) { Ok(()) } else { Err(ClaimError::Slow) }
    }

    fn is_fresh(&self, state: &State) -> bool {
        !self.left(state).is_zero()
    }

    /// How long the claim counts as confirmed.
    fn left(&self, state: &State) -> Duration {
        (self.lease / 2).saturating_sub(state.confirmed.elapsed())
    }
}

impl Claim {
    /// Whether a look under the claim shows our journal object, and no newer one: only then is what else it shows newer
    /// than every run before ours. `since` is when the look began.
    pub(crate) async fn arrived(&self, seen: &[Journal], since: Moment) -> Result<bool, ClaimError> {
        self.shared.check()?;
        let mut state = self.shared.state.lock().await;
        let own = state.journal.generation;
        if seen.iter().any(|j| j.generation > own) {
            // Under a claim that says nothing yet nothing was done either: it can be given back.
            return Err(if journals::is_bare(&state.record) { ClaimError::Taken } else { self.shared.lose() });
        }
        let shown = seen.iter().any(|j| j.generation == own && j.policy_id == state.journal.policy_id);
        if shown && state.renewed <= since {
            state.confirmed = state.renewed;
        }
        Ok(shown)
    }

    /// Gives back a claim under which nothing was done, as if it had never been made.
    pub(crate) async fn withdraw(&self) {
        self.keeper.abort();
        let state = self.shared.state.lock().await;
        if self.shared.check().is_ok() && journals::is_bare(&state.record) {
            // When the lease is over the name may be another run's; then the next run finds an object that says nothing.
            let left = self.shared.lease.saturating_sub(state.renewed.elapsed());
            let (recorder, _) = self.shared.recorder.clone().within(left);
            // If this fails the next run waits for the lease: nothing is lost.
            let _ = self.shared.aws.witnessed(Arc::new(recorder)).delete_journal(&state.journal.arn).await;
        }
        self.shared.lost.store(true, Ordering::SeqCst);
    }

    /// The journal object as this run wrote it, whatever reads show; `None` if the claim was lost.
    pub(crate) async fn own(&self) -> Option<Journal> {
        let state = self.shared.state.lock().await;
        self.shared.check().ok()?;
        Some(Journal { record: Some(state.record.clone()), ..state.journal.clone() })
    }

    /// Reads our own journal object until it shows what it must in a streak of reads.
    async fn seen_steadily(&self, pace: &Pace, shows: impl Fn(&Record) -> bool) -> Result<(), ClaimError> {
        let own = self.shared.state.lock().await.journal.clone();
        let mut patience = Patience::of(pace);
        let mut streak = 0;
        while streak < pace.streak {
            match self.shared.aws.read_journal(&own.arn).await? {
                Some(journal) if !journal.stood_before(&own) && journal.record.as_ref().is_some_and(&shows) => {
                    streak += 1;
                }
                _ => streak = 0,
            }
            if streak < pace.streak && patience.is_over() {
                let mut state = self.shared.state.lock().await;
                self.still_there(&mut state, &mut patience).await?;
            }
            if streak < pace.streak {
                tokio::time::sleep(pace.interval).await;
            }
        }
        Ok(())
    }

    /// The same, and each read confirms the claim as well: with the last one the streak is over and the claim is ours.
    async fn ours_steadily(&self, pace: &Pace, shows: impl Fn(&Record) -> bool) -> Result<(), ClaimError> {
        let ours = self.shared.state.lock().await.journal.clone();
        let (mut patience, mut streak) = (Patience::of(pace), 0);
        loop {
            let renewed = self.shared.state.lock().await.renewed;
            let (own, generations) =
                tokio::try_join!(self.shared.aws.read_journal(&ours.arn), self.shared.aws.journal_generations())?;
            let own = own.filter(|journal| !journal.stood_before(&ours));
            let another = own.as_ref().is_some_and(|journal| {
                journal.policy_id != ours.policy_id || journal.record.as_ref().is_none_or(|r| r.run != self.shared.run)
            });
            if another || generations.iter().any(|g| *g > ours.generation) {
                return Err(self.shared.lose());
            }
            let good = own.and_then(|journal| journal.record).is_some_and(|record| shows(&record));
            streak = if good { streak + 1 } else { 0 };
            if streak >= pace.streak {
                let mut state = self.shared.state.lock().await;
                state.confirmed = state.confirmed.max(renewed);
                return Ok(());
            }
            if patience.is_over() {
                let mut state = self.shared.state.lock().await;
                self.still_there(&mut state, &mut patience).await?;
            }
            tokio::time::sleep(pace.interval).await;
        }
    }

    /// Our journal object did not show in time. A write tells whether it is gone; if it stands, this machine may have
    /// slept meanwhile, and it is given the same time once more.
    async fn still_there(&self, state: &mut State, patience: &mut Patience) -> Result<(), ClaimError> {
        self.shared.touch(state).await?;
        if patience.once_more() { Ok(()) } else { Err(ClaimError::Unseen) }
    }

    /// What the journal says now.
    pub(crate) async fn record(&self) -> Record {
        self.shared.state.lock().await.record.clone()
    }

    /// The ARN of the journal object.
    pub(crate) async fn arn(&self) -> PolicyArn {
        self.shared.state.lock().await.journal.arn.clone()
    }

    /// Makes sure that the claim was ours less than half a lease ago: asked before every effect.
    pub(crate) async fn ensure(&self) -> Result<(), ClaimError> {
        self.shared.check()?;
        let mut state = self.shared.state.lock().await;
        self.shared.ensure(&mut state).await
    }

    /// Asks AWS whether the claim is ours this very moment: before anything is taken away that another run, told to take
    /// over without waiting for the lease, may be about to hand over. Whoever sends later than the time returned asks again.
    pub(crate) async fn ensure_now(&self) -> Result<Duration, ClaimError> {
        let mut state = self.shared.state.lock().await;
        self.shared.ensure(&mut state).await?;
        self.shared.confirm(&mut state).await?;
        Ok(self.shared.left(&state).min(self.shared.lease / 8))
    }

    /// How long that will be so, without asking AWS.
    pub(crate) async fn left(&self) -> Duration {
        self.shared.left(&*self.shared.state.lock().await)
    }

    /// Whether that is still so, without asking AWS.
    pub(crate) async fn is_fresh(&self) -> bool {
        let state = self.shared.state.lock().await;
        self.shared.check().is_ok() && self.shared.is_fresh(&state)
    }

    /// Writes a change into the journal.
    pub(crate) async fn write(&self, change: impl FnOnce(&mut Record)) -> Result<Option<String>, ClaimError> {
        self.shared.check()?;
        let mut state = self.shared.state.lock().await;
        self.shared.write(&mut state, change).await
    }

    /// Writes the intent to import, waits until it is seen everywhere, and confirms the claim: then, and only then, the
    /// import may be sent.
    pub(crate) async fn intend_import(&self, now: Timestamp, pace: &Pace) -> Result<(), ClaimError> {
        let requested = Some(When::At(now));
        self.write(|record| {
            // An earlier import without a definite answer stays open, whatever becomes of this one.
            record.import_unsettled |= record.import_requested.is_some() || record.import_accepted.is_some();
            record.import_requested = requested;
            record.import_accepted = None;
        })
        .await?;
        self.ours_steadily(pace, |record| record.import_requested == requested).await?;
        self.ensure().await
    }

    /// The same intent with the present time: nothing was sent since it was written.
    pub(crate) async fn renew_intent(&self, now: Timestamp, pace: &Pace) -> Result<(), ClaimError> {
        let requested = Some(When::At(now));
        self.write(|record| record.import_requested = requested).await?;
        self.ours_steadily(pace, |record| record.import_requested == requested).await?;
        self.ensure().await
    }

    /// Deletes the journal object: the outcome is definite.
    pub(crate) async fn release(&self) -> Result<Option<String>, ClaimError> {
        let mut state = self.shared.state.lock().await;
        let arn = state.journal.arn.clone();
        let open = AtomicBool::new(false);
        let delete = self.shared.in_time(&mut state, |aws| {
            let (arn, open) = (arn.clone(), &open);
            async move {
                let deleted = aws.delete_journal(&arn).await;
                open.fetch_or(deleted.as_ref().is_err_and(|e| e.certainty == Certainty::MaybeDone), Ordering::SeqCst);
                deleted
            }
        });
        let request_id = match delete.await {
            Ok(done) => done.request_id,
            // It is not there, and an attempt of ours without an answer may be why.
            Err(ClaimError::Lost) if open.load(Ordering::SeqCst) => None,
            Err(error) => return Err(error),
        };
        self.shared.lost.store(true, Ordering::SeqCst);
        Ok(request_id)
    }

    /// Gives the claim up and leaves the journal: the next run need not wait for the lease.
    pub(crate) async fn let_go(&self) {
        self.keeper.abort();
        let mut state = self.shared.state.lock().await;
        if self.shared.check().is_ok() {
            let (arn, before) = (state.journal.arn.clone(), state.record.clone());
            // If this fails the next run waits for the lease: nothing is lost.
            if journals::is_bare(&before) {
                // Nothing was done under it.
                let _ = self.shared.delete(&mut state, &arn).await;
            } else {
                let released = Record { claimed_at: When::At(Timestamp::UNIX_EPOCH), ..before.clone() };
                let write = self.shared.in_time(&mut state, |aws| {
                    let (arn, released, before) = (arn.clone(), released.clone(), before.clone());
                    async move { aws.write_journal(&arn, &released, &before).await }
                });
                let _ = write.await;
            }
        }
        self.shared.lost.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
