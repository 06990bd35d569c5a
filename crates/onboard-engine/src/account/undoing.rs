//! Taking back what was begun: of this run by what it knows it did, of earlier ones by what AWS shows.

use std::time::Duration;

use onboard_core::{
    AccessKeyId, AwsObserved, ErrorKind, ErrorReport, Journal, Origin, Own, Principal, Record, Step, StepResult, With,
    of_record, undo,
};

use crate::clock::Moment;
use crate::halt::Halt;
use crate::worker::{Worker, looking};

/// How many looks in a row must show nothing more to be taken back.
const CLEAN_LOOKS: u32 = 2;

/// How often a removal may leave open what it did, and a newer look decide, however long its answer was waited for.
const OPEN_ENDS: u32 = 2;

/// What came of a try to take back what was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TakenBack {
    /// All of it is.
    Whole,
    /// Nothing was begun.
    Nothing,
    /// It may not be, or it failed.
    Not,
}

impl Worker<'_> {
    /// Undo, where it may be: before Turbot accepted anything, and with no import whose answer is not known.
    pub(super) async fn take_back(&mut self) -> TakenBack {
        let Some(claim) = self.claim.take() else {
            return TakenBack::Nothing;
        };
        let record = claim.record().await;
        if crate::journals::is_bare(&record) {
            claim.let_go().await;
            return TakenBack::Nothing;
        }
        let open = record.import_requested.is_some()
            || record.import_unsettled
            || record.import_accepted.is_some()
            || record.handed_over.is_some();
        if open || self.session.keep_on_failure {
            claim.let_go().await;
            return TakenBack::Not;
        }
        self.claim = Some(claim);
        (self.undoing, self.removing) = (true, true);
        match self.undo().await {
            Ok(()) => {
                self.note("what was begun has been taken back");
                TakenBack::Whole
            }
            Err(halt) => {
                let error = match halt {
                    Halt::Failed(error) | Halt::Unclear(error) | Halt::Pending(error) | Halt::Audit(error) => error,
                    Halt::Again(why) => {
                        ErrorReport::new(ErrorKind::Unsteady, "taking back what was begun").because(why)
                    }
                    Halt::Interrupted => ErrorReport::new(ErrorKind::Interrupted, "taking back what was begun"),
                };
                let hinted = error.hint.is_some() && error.kind == ErrorKind::NotOurs;
                let hint = "run cleanup, or the same command again";
                self.report.undo_error = Some(if hinted { error } else { error.hint(hint) });
                if let Some(claim) = self.claim.take() {
                    claim.let_go().await;
                }
                TakenBack::Not
            }
        }
    }

    /// Takes back what the unfinished runs made, until looks find nothing more of it; then the journal goes.
    async fn undo(&mut self) -> Result<(), Halt> {
        let (begun, pace) = (Moment::now(), self.pace());
        let Some(claim) = &self.claim else {
            return Ok(());
        };
        let record = claim.record().await;
        let generation = Journal::generation_of(claim.arn().await.name()).unwrap_or(1);
        let made = self.made.clone();
        let key = self.report.access_key_id.clone().and_then(|id| AccessKeyId::new(id).ok());
        // What these runs made or took over, and AWS does not show, is waited for: nothing of ours stays behind a stale
        // read. Somebody's own is never deleted unseen.
        let known = record.unique_id.is_some() && record.origin != Origin::Stood;
        let mut awaited = made.is_some() || known;
        // Once, whatever a look shows: it may be older than what this run did.
        let (mut done, mut own_key) = (Some(std::mem::take(&mut self.done)), key.as_ref());
        let (mut clean, mut why) = (0, None);
        let (mut open_ends, mut forgiven) = (0, Duration::ZERO);
        while clean < CLEAN_LOOKS {
            let record = match &self.claim {
                Some(claim) => claim.record().await,
                None => return Ok(()),
            };
            let aws = self
                .aws
                .observe(&looking(self.wanted, false))
                .await
                .map_err(|e| Halt::aws("looking at what is to be taken back", &e))?;
            let waited = begun.elapsed().saturating_sub(forgiven);
            let shown = shows(&record, &aws);
            let own = Own { made: made.as_deref(), key: own_key, done: done.as_deref() };
            let steps = undo(&record, &aws, own)?;
            if !steps.is_empty() {
                let sent = Moment::now();
                match self.take_back_by(&steps).await {
                    Ok(()) => {
                        awaited &= !shown;
                        (own_key, why) = (None, None);
                        if shown {
                            done = None;
                        }
                    }
                    // Not there, in use, or its answer lost: by a newer look there may be something else to do.
                    Err(halt @ (Halt::Again(_) | Halt::Unclear(_))) if open_ends < OPEN_ENDS => {
                        open_ends += 1;
                        forgiven += sent.elapsed();
                        why = Some(halt);
                    }
                    Err(halt @ Halt::Again(_)) => why = Some(halt),
                    Err(halt) => return Err(halt),
                }
                clean = 0;
            } else if !awaited || shown {
                awaited = false;
                clean += 1;
            } else if waited > pace.limit && record.origin == Origin::Adopted {
                return Err(Halt::Failed(
                    ErrorReport::new(
                        ErrorKind::NotPropagated,
                        "AWS does not show what is to be given back to its owner",
                    )
                    .because("its journal stays"),
                ));
            } else if waited > pace.limit {
                // AWS answers a deletion by what stands, whatever its reads show: gone, or in use and so still there.
                let step = match of_record(&record) {
                    Some(Principal::Role(role)) => Step::DeleteRole { role },
                    Some(Principal::User(user)) => Step::DeleteUser { user },
                    None => return Err(Halt::Again("the journal names no role or user".into())),
                };
                self.take_back_by(&[step]).await?;
                awaited = false;
            }
            if waited > pace.limit * 2 {
                return Err(why.unwrap_or_else(|| Halt::Again("AWS keeps showing what was deleted".into())));
            }
            if clean < CLEAN_LOOKS {
                self.pause(pace.interval).await?;
            }
        }
        for step in &mut self.report.steps {
            if step.result == StepResult::Done && is_undone(step.step) {
                step.result = StepResult::Undone;
            }
        }
        let step = Step::Release { generation };
        let began = self.begin_step(&step);
        let released = self.release().await;
        self.end_step(&step, began, if released.is_ok() { StepResult::Done } else { StepResult::Failed });
        released
    }

    async fn take_back_by(&mut self, steps: &[Step]) -> Result<(), Halt> {
        for step in steps {
            let began = self.begin_step(step);
            let result = self.single(step).await;
            self.end_step(step, began, result.as_ref().map_or_else(Halt::of_its_step, |()| StepResult::Done));
            result?;
        }
        Ok(())
    }
}

/// Whether something stands by the name that a record is about.
fn shows(record: &Record, aws: &AwsObserved) -> bool {
    match record.with {
        With::Role => aws.role(&record.name).is_some(),
        With::Keys => aws.user(&record.name).is_some(),
    }
}

/// Whether undoing takes such a step back.
fn is_undone(step: &str) -> bool {
    matches!(
        step,
        "create-role"
            | "create-user"
            | "create-access-key"
            | "attach-policy"
            | "set-trust-policy"
            | "tag"
            | "set-permissions-boundary"
    )
}
