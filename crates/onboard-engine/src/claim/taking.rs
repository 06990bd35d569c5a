//! Making the claim: alone, or in the place of a run that gave no sign of life.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aws_bootstrap::{Aws, AwsError, AwsErrorKind, Certainty, Pace};
use onboard_core::{Caller, Journal, PolicyArn, Record, When};
use tokio::sync::Mutex;

use super::{Claim, ClaimError, Patience, Shared, State, keep};
use crate::clock::Moment;
use crate::journals;
use crate::recorder::Recorder;
use crate::stop::StopSignal;

/// How a claim is made.
pub(crate) struct Terms<'t> {
    pub(crate) lease: Duration,
    /// `--take-over`: a lease that is not over yet is not waited out.
    pub(crate) at_once: bool,
    pub(crate) pace: Pace,
    pub(crate) stop: &'t StopSignal,
}

/// Creates the journal object of a generation: names are unique, so this is the test-and-set.
///
/// The object says nothing yet: what was seen before the claim may be over by now, since another run may have come and
/// gone in between. Whoever claims looks anew and then writes what it is about. A take-over goes on with what the
/// journal taken over says.
pub(crate) async fn acquire(
    aws: &Aws,
    recorder: Recorder,
    caller: &Caller,
    generation: u32,
    record: &Record,
    terms: &Terms<'_>,
) -> Result<(Claim, Option<String>), ClaimError> {
    let aws = &aws.witnessed(Arc::new(recorder.clone()));
    let before = Moment::now();
    let record = journals::bare(&Record { claimed_at: When::At(aws.now()), ..record.clone() });
    let arn = journal_arn(caller, generation);
    let (journal, request_id) = match aws.create_journal(caller.partition(), &caller.account, generation, &record).await
    {
        Ok(done) => (done.value, done.request_id),
        Err(error) if error.is(AwsErrorKind::AlreadyExists) => {
            await_appearance(aws, generation, &terms.pace).await?;
            return Err(ClaimError::Taken);
        }
        Err(error) if error.certainty == Certainty::MaybeDone => {
            let journal = lost_answer(aws, &arn, generation, &record, caller, &terms.pace, error).await?;
            (journal, None)
        }
        Err(error) => return Err(error.into()),
    };
    let shared = Arc::new(Shared {
        aws: aws.clone(),
        recorder,
        run: record.run.clone(),
        lease: terms.lease,
        pace: terms.pace,
        lost: AtomicBool::new(false),
        state: Mutex::new(State { journal, record, renewed: before, confirmed: before }),
    });
    let keeper = tokio::spawn(keep(Arc::clone(&shared)));
    let claim = Claim { shared, keeper };
    // The first generation has nothing to inherit; that it shows is seen by the look that follows (`arrived`).
    if generation > 1 {
        let inherited = match claim.arrive(&terms.pace).await {
            Ok(()) => claim.inherit(terms).await,
            Err(error) => Err(error),
        };
        if let Err(error) = inherited {
            // What was lost before anything was done under it was only somebody else's turn.
            let lost = matches!(error, ClaimError::Lost);
            claim.withdraw().await;
            return Err(if lost { ClaimError::Taken } else { error });
        }
    }
    Ok((claim, request_id))
}

fn journal_arn(caller: &Caller, generation: u32) -> PolicyArn {
    let name = Journal::name_of(generation);
    let text = format!("arn:{}:iam::{}:policy{}{name}", caller.partition(), caller.account, onboard_core::JOURNAL_PATH);
    PolicyArn::new(text).expect("a partition, an account id and a policy name make a policy ARN")
}

/// Another run's claim came first, and reads may not show it yet: looked for now and then, so that the next look finds
/// whose it is. It may also be gone again; a dozen reads decide.
async fn await_appearance(aws: &Aws, generation: u32, pace: &Pace) -> Result<(), ClaimError> {
    for _ in 0..12 {
        if aws.journal_generations().await?.iter().any(|g| *g >= generation) {
            return Ok(());
        }
        tokio::time::sleep(pace.interval).await;
    }
    Ok(())
}

/// The answer of CreatePolicy was lost: whose object stands there now is the truth.
async fn lost_answer(
    aws: &Aws,
    arn: &PolicyArn,
    generation: u32,
    record: &Record,
    caller: &Caller,
    pace: &Pace,
    error: AwsError,
) -> Result<Journal, ClaimError> {
    let started = Moment::now();
    loop {
        if let Some(journal) = aws.read_journal(arn).await? {
            let ours = journal.record.as_ref().is_some_and(|r| r.run == record.run);
            return if ours { Ok(journal) } else { Err(ClaimError::Taken) };
        }
        if started.elapsed() > pace.limit {
            return Err(error.into());
        }
        match aws.create_journal(caller.partition(), &caller.account, generation, record).await {
            Ok(done) => return Ok(done.value),
            // Ours or another's: it becomes visible, and then its tags tell.
            Err(again) if again.is(AwsErrorKind::AlreadyExists) || again.certainty == Certainty::MaybeDone => {}
            Err(again) => return Err(again.into()),
        }
        tokio::time::sleep(pace.interval).await;
    }
}

/// When each of these journals was claimed.
fn claims(journals: &[Journal]) -> Vec<(u32, Option<When>)> {
    journals.iter().map(|j| (j.generation, j.record.as_ref().map(|r| r.claimed_at))).collect()
}

impl Claim {
    /// Waits until a read and the list show our journal object: what the list does not show by then is not there.
    async fn arrive(&self, pace: &Pace) -> Result<(), ClaimError> {
        let mut patience = Patience::of(pace);
        let mut state = self.shared.state.lock().await;
        let own = state.journal.generation;
        loop {
            let (seen, generations) = tokio::try_join!(
                self.shared.aws.read_journal(&state.journal.arn),
                self.shared.aws.journal_generations()
            )?;
            if generations.iter().any(|g| *g > own) {
                return Err(ClaimError::Taken);
            }
            let shown = seen.is_some_and(|journal| !journal.stood_before(&state.journal));
            if shown && generations.contains(&own) {
                state.confirmed = state.renewed;
                return Ok(());
            }
            if patience.is_over() {
                self.still_there(&mut state, &mut patience).await?;
            }
            tokio::time::sleep(pace.interval).await;
        }
    }

    /// Takes over what older generations say, then removes them.
    async fn inherit(&self, terms: &Terms<'_>) -> Result<(), ClaimError> {
        // The holder of an older generation may have written its intent just before it saw ours: wait until ours is
        // seen everywhere, and only then read theirs.
        self.seen_steadily(&terms.pace, |_| true).await?;
        let mut older = self.older_steadily(&terms.pace).await?;
        if !terms.at_once {
            older = self.wait_for_their_lease(older, terms.stop).await?;
        }
        let Some(base) = older.last() else {
            return Err(ClaimError::Taken);
        };
        // A write tells the truth where a read may be old: a journal that is gone was finished by somebody else, and
        // what it said is over.
        let mut state = self.shared.state.lock().await;
        if let Some(theirs) = &base.record {
            let write = self.shared.in_time(&mut state, |aws| {
                let (arn, theirs) = (base.arn.clone(), theirs.clone());
                async move { aws.write_journal(&arn, &theirs, &theirs).await }
            });
            match write.await {
                Ok(_) => {}
                Err(ClaimError::Aws(error)) if error.is(AwsErrorKind::NotFound) => return Err(ClaimError::Taken),
                Err(error) => return Err(error),
            }
        }
        if let Some(said) = journals::together(&older) {
            let run = state.record.run.clone();
            self.shared.write(&mut state, |record| *record = Record { run, ..said }).await?;
        }
        for journal in &older {
            self.shared.delete(&mut state, &journal.arn).await?;
        }
        Ok(())
    }

    /// It gave a sign of life after it was looked at: until its lease is over it may still be at work.
    async fn wait_for_their_lease(&self, seen: Vec<Journal>, stop: &StopSignal) -> Result<Vec<Journal>, ClaimError> {
        let mut older = seen;
        loop {
            let left = older.iter().filter_map(|j| j.record.as_ref()).map(|r| self.lease_left(r)).max();
            let left = left.unwrap_or_default();
            if left.is_zero() {
                return Ok(older);
            }
            stop.or(tokio::time::sleep(left)).await.ok_or(ClaimError::Taken)?;
            let now = self.older().await?;
            // A time that cannot be read, or is to come, is never over.
            if claims(&now) == claims(&older) {
                return Ok(now);
            }
            older = now;
        }
    }

    /// What older generations say in a streak of reads: a read may be old, and what it leaves out would be forgotten.
    async fn older_steadily(&self, pace: &Pace) -> Result<Vec<Journal>, ClaimError> {
        let (begun, mut seen, mut streak) = (Moment::now(), self.older().await?, 1);
        while streak < pace.streak && begun.elapsed() < pace.limit {
            tokio::time::sleep(pace.interval).await;
            let now = self.older().await?;
            streak = if now == seen { streak + 1 } else { 1 };
            seen = now;
        }
        Ok(seen)
    }

    async fn older(&self) -> Result<Vec<Journal>, ClaimError> {
        let own = self.shared.state.lock().await.journal.generation;
        let mut journals = self.shared.aws.journals().await?;
        journals.retain(|j| j.generation < own);
        Ok(journals)
    }

    fn lease_left(&self, record: &Record) -> Duration {
        let age: Duration = record.claimed_at.age(self.shared.aws.now()).try_into().unwrap_or_default();
        self.shared.lease.saturating_sub(age)
    }
}
