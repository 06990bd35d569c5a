//! The claim on an account: the journal object this run made, kept alive while it works, and given up when it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_bootstrap::{Aws, AwsError, AwsErrorKind, Certainty, Pace};
use jiff::Timestamp;
use onboard_core::{Caller, Journal, PolicyArn, Record, RunId, When};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::clock::Moment;

/// Why a claim could not be made or kept.
#[derive(Debug)]
pub(crate) enum ClaimError {
    /// Another run has it.
    Taken,
    /// Another run took it over: nothing may be written any more.
    Lost,
    /// What was written into the journal did not show in time.
    Unseen,
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
    aws: Aws,
    run: RunId,
    lease: Duration,
    lost: AtomicBool,
    state: Mutex<State>,
}

struct State {
    journal: Journal,
    record: Record,
    /// When it was last certain that the claim is ours, measured from before the question was asked.
    confirmed: Moment,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Made, and what the journals of the runs before it turned out to say.
pub(crate) struct Claimed {
    pub(crate) claim: Claim,
    /// The older runs had written something that the plan did not know: look again.
    pub(crate) news: bool,
    pub(crate) request_id: Option<String>,
}

/// Creates the journal object of a generation: names are unique, so this is the test-and-set.
pub(crate) async fn acquire(
    aws: &Aws,
    caller: &Caller,
    generation: u32,
    record: &Record,
    lease: Duration,
    pace: &Pace,
) -> Result<Claimed, ClaimError> {
    let before = Moment::now();
    let record = Record { claimed_at: When::At(aws.now()), ..record.clone() };
    let arn = journal_arn(caller, generation);
    let (journal, request_id) = match aws.create_journal(caller.partition(), &caller.account, generation, &record).await
    {
        Ok(done) => (done.value, done.request_id),
        Err(error) if error.is(AwsErrorKind::AlreadyExists) => return Err(ClaimError::Taken),
        Err(error) if error.certainty == Certainty::MaybeDone => {
            let journal = lost_answer(aws, &arn, generation, &record, caller, pace, error).await?;
            (journal, None)
        }
        Err(error) => return Err(error.into()),
    };
    let shared = Arc::new(Shared {
        aws: aws.clone(),
        run: record.run.clone(),
        lease,
        lost: AtomicBool::new(false),
        state: Mutex::new(State { journal, record, confirmed: before }),
    });
    let keeper = tokio::spawn(keep(Arc::clone(&shared)));
    let claim = Claim { shared, keeper };
    let news = if generation > 1 { claim.inherit(pace).await? } else { false };
    Ok(Claimed { claim, news, request_id })
}

fn journal_arn(caller: &Caller, generation: u32) -> PolicyArn {
    let name = Journal::name_of(generation);
    let text = format!("arn:{}:iam::{}:policy{}{name}", caller.partition(), caller.account, onboard_core::JOURNAL_PATH);
    PolicyArn::new(text).expect("a partition, an account id and a policy name make a policy ARN")
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
        self.write(&mut state, |_| {}).await?;
        self.confirm(&mut state).await
    }

    async fn write(&self, state: &mut State, change: impl FnOnce(&mut Record)) -> Result<Option<String>, ClaimError> {
        self.check()?;
        let mut record = state.record.clone();
        change(&mut record);
        record.claimed_at = When::At(self.aws.now());
        match self.aws.write_journal(&state.journal.arn, &record, &state.record).await {
            Ok(done) => {
                state.record = record;
                Ok(done.request_id)
            }
            Err(error) if error.is(AwsErrorKind::NotFound) => Err(self.lose()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the journals: ours must stand, be ours, and be the newest.
    async fn confirm(&self, state: &mut State) -> Result<(), ClaimError> {
        self.check()?;
        let before = Moment::now();
        let (own, generations) =
            tokio::try_join!(self.aws.read_journal(&state.journal.arn), self.aws.journal_generations())?;
        let ours = own.is_some_and(|journal| {
            journal.policy_id == state.journal.policy_id
                && journal.record.as_ref().is_some_and(|record| record.run == self.run)
        });
        if !ours || generations.iter().any(|g| *g > state.journal.generation) {
            return Err(self.lose());
        }
        state.confirmed = before;
        Ok(())
    }
}

impl Claim {
    /// Takes over what older generations say, then removes them. True if they said more than was known.
    async fn inherit(&self, pace: &Pace) -> Result<bool, ClaimError> {
        // The holder of an older generation may have written its intent just before it saw ours: wait until ours is
        // seen everywhere, and only then read theirs.
        self.seen_steadily(pace, |_| true).await?;
        let mut state = self.shared.state.lock().await;
        let mut news = false;
        for older in self.shared.aws.journals().await? {
            if older.generation >= state.journal.generation {
                continue;
            }
            if let Some(theirs) = &older.record {
                let mut merged = state.record.clone();
                merged.import_requested = theirs.import_requested.or(merged.import_requested);
                merged.import_accepted = theirs.import_accepted.or(merged.import_accepted);
                merged.handed_over = theirs.handed_over.or(merged.handed_over);
                merged.import_unsettled |= theirs.import_unsettled;
                if merged.name == theirs.name && merged.with == theirs.with {
                    merged.unique_id = theirs.unique_id.clone().or(merged.unique_id);
                }
                if merged != state.record {
                    news = true;
                    self.shared.write(&mut state, |record| *record = merged).await?;
                }
            }
            self.shared.aws.delete_journal(&older.arn).await?;
        }
        Ok(news)
    }

    /// Reads our own journal object until it shows what it must in a streak of reads.
    async fn seen_steadily(&self, pace: &Pace, shows: impl Fn(&Record) -> bool) -> Result<(), ClaimError> {
        let arn = self.shared.state.lock().await.journal.arn.clone();
        let started = Moment::now();
        let mut streak = 0;
        while streak < pace.streak {
            match self.shared.aws.read_journal(&arn).await? {
                Some(journal) if journal.record.as_ref().is_some_and(&shows) => streak += 1,
                _ => streak = 0,
            }
            if streak < pace.streak && started.elapsed() > pace.limit {
                return Err(ClaimError::Unseen);
            }
            if streak < pace.streak {
                tokio::time::sleep(pace.interval).await;
            }
        }
        Ok(())
    }

    /// What the journal says now.
    pub(crate) async fn record(&self) -> Record {
        self.shared.state.lock().await.record.clone()
    }

    /// The ARN of the journal object.
    pub(crate) async fn arn(&self) -> PolicyArn {
        self.shared.state.lock().await.journal.arn.clone()
    }

    /// Makes sure that the claim was confirmed less than half a lease ago: asked before every effect.
    pub(crate) async fn ensure(&self) -> Result<(), ClaimError> {
        self.shared.check()?;
        let mut state = self.shared.state.lock().await;
        if state.confirmed.elapsed() < self.shared.lease / 2 {
            return Ok(());
        }
        self.shared.write(&mut state, |_| {}).await?;
        self.shared.confirm(&mut state).await
    }

    /// Writes a change into the journal.
    pub(crate) async fn write(&self, change: impl FnOnce(&mut Record)) -> Result<Option<String>, ClaimError> {
        self.ensure().await?;
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
        self.seen_steadily(pace, |record| record.import_requested == requested).await?;
        let mut state = self.shared.state.lock().await;
        self.shared.confirm(&mut state).await
    }

    /// Deletes the journal object: the outcome is definite.
    pub(crate) async fn release(&self) -> Result<Option<String>, ClaimError> {
        self.ensure().await?;
        let state = self.shared.state.lock().await;
        let done = self.shared.aws.delete_journal(&state.journal.arn).await?;
        self.shared.lost.store(true, Ordering::SeqCst);
        Ok(done.request_id)
    }

    /// Gives the claim up and leaves the journal: the next run need not wait for the lease.
    pub(crate) async fn let_go(&self) {
        self.keeper.abort();
        if self.ensure().await.is_ok() {
            let mut state = self.shared.state.lock().await;
            let released = Record { claimed_at: When::At(Timestamp::UNIX_EPOCH), ..state.record.clone() };
            // If this fails the next run waits for the lease: nothing is lost.
            if self.shared.aws.write_journal(&state.journal.arn, &released, &state.record).await.is_ok() {
                state.record = released;
            }
        }
        self.shared.lost.store(true, Ordering::SeqCst);
    }
}
