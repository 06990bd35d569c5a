//! One account at work: what is known of it, what was done to it, and how each step is begun, audited and ended.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_bootstrap::{Aws, AwsError, AwsErrorKind, Certainty, Done, Looking, NewKey, Pace};
use onboard_core::{
    AccountReport, Arn, AwsObserved, Chosen, ErrorKind, ErrorReport, ExternalId, Plan, RoleName, Situation, Step,
    StepReport, StepResult, Times, TurbotObserved, UserName, Wanted, With,
};

use crate::claim::{Claim, ClaimError};
use crate::clock::Moment;
use crate::event::Event;
use crate::failure;
use crate::halt::Halt;
use crate::journals;
use crate::recorder::{JOURNAL, Recorder};
use crate::session::{Job, Session};

/// How often an effect is begun anew because the claim was out of date when its request was about to be sent.
const RENEWALS: u32 = 4;

/// What both sides showed at one look.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) aws: AwsObserved,
    pub(crate) turbot: Option<TurbotObserved>,
}

/// One account at work.
pub(crate) struct Worker<'a> {
    pub(crate) session: &'a Session,
    pub(crate) begun: Moment,
    pub(crate) wanted: &'a Wanted,
    pub(crate) job: &'a Job,
    pub(crate) aws: Aws,
    pub(crate) chosen: Chosen,
    pub(crate) report: AccountReport,
    pub(crate) claim: Option<Claim>,
    /// The newest look.
    pub(crate) look: Option<Look>,
    /// The role's or user's ARN and unique id, once known.
    pub(crate) arn: Option<Arn>,
    pub(crate) unique_id: Option<String>,
    /// The new key, whose secret lives here and nowhere else.
    pub(crate) key: Option<NewKey>,
    pub(crate) external_id: Option<ExternalId>,
    /// What the first look after the acceptance showed.
    pub(crate) seen_after_import: Option<TurbotObserved>,
    /// Turbot left the credential it was asked to delete.
    pub(crate) credential_left: bool,
    /// The claim was made in the place of a run that had stopped, whose journal is gone by that.
    pub(crate) took_over: bool,
    /// How many effects this run has had on AWS.
    pub(crate) effects: u32,
    /// The unique id of the role or user that this run made.
    pub(crate) made: Option<String>,
    /// The steps that had their effect, or may have had it, and that can be taken back.
    pub(crate) done: Vec<Step>,
    /// What was begun is being taken back: that is not stopped any more.
    pub(crate) undoing: bool,
    /// What is done takes away what was made, by undo or by `cleanup`.
    pub(crate) removing: bool,
}

/// Reads and waits at AWS.
pub(crate) fn aws_pace(times: &Times) -> Pace {
    Pace { interval: times.aws_interval(), streak: 3, limit: times.propagation }
}

impl<'a> Worker<'a> {
    /// Connects; nothing is asked yet.
    pub(crate) async fn begin(session: &'a Session, job: &'a Job, chosen: Chosen) -> Result<Self, Box<AccountReport>> {
        let wanted = &job.wanted;
        let begun = Moment::now();
        let mut report = AccountReport::new(wanted.account_id.as_str(), wanted.turbot_id.as_str(), wanted.with);
        report.title = Some(wanted.title.clone());
        report.offset_millis = begun.millis_after(session.begun);
        match session.enter(&job.aws, &wanted.account_id).await {
            Ok((aws, note)) => Ok(Self {
                session,
                begun,
                wanted,
                job,
                aws,
                chosen,
                report: {
                    report.warnings.extend(note);
                    report
                },
                claim: None,
                look: None,
                arn: None,
                unique_id: None,
                key: None,
                external_id: None,
                seen_after_import: None,
                credential_left: false,
                took_over: false,
                effects: 0,
                made: None,
                done: Vec::new(),
                undoing: false,
                removing: false,
            }),
            Err(error) => {
                report.fail(error);
                report.millis = begun.millis();
                Err(Box::new(report))
            }
        }
    }

    /// The report, at the end of the work.
    pub(crate) fn ended(mut self) -> AccountReport {
        self.report.millis = self.begun.millis();
        // An external ID that was only chosen is in force nowhere.
        if self.report.steps.is_empty() && self.arn.is_none() {
            self.report.external_id = None;
        }
        self.report
    }

    pub(crate) fn pace(&self) -> Pace {
        aws_pace(&self.session.times)
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.session.note(&self.wanted.account_id, text);
    }

    pub(crate) fn waiting(&self, what: &str, waited: Duration, at_most: Duration) {
        (self.session.events)(Event::Waiting {
            account_id: self.wanted.account_id.to_string(),
            what: what.to_owned(),
            waited,
            at_most,
        });
    }

    /// Looks at both sides, side by side. `both` looks for the role and the user, whichever is wanted.
    pub(crate) async fn observe(&mut self, both: bool, turbot: bool) -> Result<&Look, Halt> {
        let wanted = self.wanted;
        let maintenance = wanted.maintenance.is_some();
        let (begun, pace) = (Moment::now(), self.pace());
        let (mut aws, turbot, own) = loop {
            let own = match &self.claim {
                Some(claim) => Some(claim.own().await.ok_or_else(|| Halt::claim(&ClaimError::Lost))?),
                None => None,
            };
            let looking = Looking { own_journal: own.clone(), ..looking(wanted, both) };
            let turbot_look = async {
                match &self.session.turbot {
                    Some(client) if turbot => {
                        let ids = (&wanted.cluster_id, &wanted.turbot_id, &wanted.account_id);
                        Some(self.session.look_at_turbot(client, ids, maintenance).await)
                    }
                    _ => None,
                }
            };
            let since = Moment::now();
            let (aws, turbot) = tokio::join!(Box::pin(self.aws.observe(&looking)), Box::pin(turbot_look));
            let aws = match aws {
                Ok(aws) => aws,
                Err(error) => return Err(self.observe_failed(&error).await),
            };
            let Some(claim) = &self.claim else {
                break (aws, turbot, own);
            };
            // A look counts once it shows our own claim: everything that went before the claim shows then as well.
            match claim.arrived(&aws.journals, since).await {
                Ok(true) => break (aws, turbot, own),
                Ok(false) if begun.elapsed() > pace.limit => return Err(Halt::claim(&ClaimError::Unseen)),
                Ok(false) => self.pause(pace.interval).await?,
                Err(error) => {
                    if let (ClaimError::Taken, Some(claim)) = (&error, self.claim.take()) {
                        claim.withdraw().await;
                    }
                    return Err(Halt::claim(&error));
                }
            }
        };
        aws.journals = journals::seen(aws.journals, own);
        if let Some(Ok(Some(window))) = turbot.as_ref().and_then(|t| t.maintenance.as_ref()) {
            self.report.maintenance = Some(window.clone());
        }
        Ok(self.look.insert(Look { aws, turbot }))
    }

    /// A wrong account explains a denial better than the denial does.
    async fn observe_failed(&self, error: &AwsError) -> Halt {
        if let Ok(caller) = self.aws.caller().await
            && caller.account != self.wanted.account_id
        {
            return Halt::Failed(
                ErrorReport::new(
                    ErrorKind::WrongAccount,
                    format!("the credentials belong to account {}, not to {}", caller.account, self.wanted.account_id),
                )
                .hint("use the account's own credentials (--profile), or enter it with --assume-role OrganizationAccountAccessRole"),
            );
        }
        Halt::Failed(failure::of_aws("looking at the account in AWS", error))
    }

    /// The planner's view of the newest look.
    pub(crate) fn situation<'s>(&'s self, look: &'s Look) -> Situation<'s> {
        Situation {
            wanted: self.wanted,
            aws: &look.aws,
            turbot: look.turbot.as_ref(),
            chosen: &self.chosen,
            times: &self.session.times,
            spelling: &self.session.spelling,
            run: &self.session.run,
            take_over: self.session.take_over,
        }
    }

    /// What the newest look says of the role or user that is wanted.
    pub(crate) fn remember_principal(&mut self, plan: &Plan) {
        if let Some(look) = &self.look {
            let found = match self.wanted.with {
                With::Role => {
                    look.aws.role(self.wanted.role_name.as_str()).map(|r| (r.arn.clone(), r.unique_id.clone()))
                }
                With::Keys => {
                    look.aws.user(self.wanted.user_name.as_str()).map(|u| (u.arn.clone(), u.unique_id.clone()))
                }
            };
            if let Some((arn, unique_id)) = found {
                self.set_principal(arn, unique_id);
            }
        }
        if let Some(external_id) = &plan.external_id {
            self.external_id = Some(external_id.clone());
            self.report.external_id = Some(external_id.to_string());
        }
        for warning in plan.warnings.iter().filter(|warning| !journals::names_nothing(warning)) {
            self.warn(warning.clone());
        }
    }

    pub(crate) fn set_principal(&mut self, arn: Arn, unique_id: String) {
        match self.wanted.with {
            With::Role => self.report.role_arn = Some(arn.to_string()),
            With::Keys => self.report.user_arn = Some(arn.to_string()),
        }
        self.arn = Some(arn);
        self.unique_id = Some(unique_id);
    }

    pub(crate) fn warn(&mut self, warning: String) {
        if !self.report.warnings.contains(&warning) {
            self.report.warnings.push(warning);
        }
    }

    /// Whether the plan's steps can be begun: nobody asked to stop.
    pub(crate) fn check_stop(&self) -> Result<(), Halt> {
        if self.session.stop.is_requested() { Err(Halt::Interrupted) } else { Ok(()) }
    }

    /// Begins a step: says so.
    pub(crate) fn begin_step(&self, step: &Step) -> Moment {
        (self.session.events)(Event::StepBegun {
            account_id: self.wanted.account_id.to_string(),
            step: step.name(),
            sentence: step.sentence(),
        });
        Moment::now()
    }

    /// Ends a step: says so and keeps it for the report.
    pub(crate) fn end_step(&mut self, step: &Step, begun: Moment, result: StepResult) {
        let millis = begun.millis();
        (self.session.events)(Event::StepEnded {
            account_id: self.wanted.account_id.to_string(),
            step: step.name(),
            result,
            millis,
        });
        let (target, offset_millis) = (step.view().target, begun.millis_after(self.begun));
        self.report.steps.push(StepReport { step: step.name(), target, result, offset_millis, millis });
    }

    /// The recorder of what a step does.
    pub(crate) fn recorder(&self, step: &Step) -> Recorder {
        let view = step.view();
        self.recording(view.step, &view.target).changing(view.before, view.after)
    }

    /// The recorder of those who write the journal.
    pub(crate) fn journal_recorder(&self) -> Recorder {
        self.recording(JOURNAL, "the journal under /turbot-onboard/")
    }

    fn recording(&self, step: &'static str, target: &str) -> Recorder {
        Recorder::new(&self.session.audit, &self.wanted.account_id, &self.wanted.turbot_id, step, target)
    }

    /// One effect on AWS: the claim is confirmed; the audit log says of every request what is about to happen, and
    /// afterwards what did. A request that comes when the claim would have to be confirmed again is not sent: it is
    /// confirmed first.
    pub(crate) async fn effect<T, F>(&mut self, step: &Step, effect: impl Fn(Aws) -> F) -> Result<T, AwsHalt>
    where
        F: Future<Output = Result<Done<T>, AwsError>>,
    {
        self.effects += 1;
        for _ in 0..RENEWALS {
            let mut left = Duration::MAX;
            if let Some(claim) = &self.claim {
                let lost = |e| AwsHalt::Halt(Halt::claim(&e));
                left = if self.removing {
                    claim.ensure_now().await.map_err(lost)?
                } else {
                    claim.ensure().await.map_err(lost)?;
                    claim.left().await
                };
            }
            let (recorder, late) = self.recorder(step).within(left);
            match Box::pin(effect(self.aws.witnessed(Arc::new(recorder)))).await {
                Ok(done) => return Ok(done.value),
                Err(error) if late.load(Ordering::SeqCst) => match error.certainty {
                    Certainty::NotDone => {}
                    Certainty::MaybeDone => {
                        return Err(AwsHalt::Halt(Halt::Again(format!("{}: {error}", step.sentence()))));
                    }
                },
                Err(error) if error.is(AwsErrorKind::Unrecorded) => {
                    return Err(AwsHalt::Halt(Halt::unrecorded(&error.message)));
                }
                Err(error) => return Err(AwsHalt::Aws(error)),
            }
        }
        Err(AwsHalt::Halt(Halt::Pending(failure::of_slow_claim())))
    }

    /// The same for effects that need no look at why they failed.
    pub(crate) async fn plain_effect<T, F>(&mut self, step: &Step, effect: impl Fn(Aws) -> F) -> Result<T, Halt>
    where
        F: Future<Output = Result<Done<T>, AwsError>>,
    {
        self.effect(step, effect).await.map_err(|halt| halt.into_halt(step))
    }

    /// An effect that AWS may refuse as long as it does not know what was just made: repeated for the propagation time.
    pub(crate) async fn fresh_effect<T, F>(&mut self, step: &Step, effect: impl Fn(Aws) -> F) -> Result<T, Halt>
    where
        F: Future<Output = Result<Done<T>, AwsError>>,
    {
        let (begun, pace) = (Moment::now(), self.pace());
        loop {
            match self.effect(step, &effect).await {
                Err(AwsHalt::Aws(error)) if error.is(AwsErrorKind::NotFound) && begun.elapsed() < pace.limit => {
                    self.pause(pace.interval).await?;
                }
                other => return other.map_err(|halt| halt.into_halt(step)),
            }
        }
    }

    /// Waits, unless somebody asks to stop; taking back is not stopped.
    pub(crate) async fn pause(&self, duration: Duration) -> Result<(), Halt> {
        if self.undoing {
            tokio::time::sleep(duration).await;
            return Ok(());
        }
        self.session.stop.or(tokio::time::sleep(duration)).await.ok_or(Halt::Interrupted)
    }
}

/// An effect that failed: for a reason of AWS's, which the step may know how to take, or for one of ours.
pub(crate) enum AwsHalt {
    Aws(AwsError),
    Halt(Halt),
}

impl AwsHalt {
    pub(crate) fn into_halt(self, step: &Step) -> Halt {
        match self {
            Self::Aws(error) => Halt::aws(&step.sentence(), &error),
            Self::Halt(halt) => halt,
        }
    }
}

pub(crate) fn looking(wanted: &Wanted, both: bool) -> Looking {
    let roles: Vec<RoleName> = if both || wanted.with == With::Role { vec![wanted.role_name.clone()] } else { vec![] };
    let users: Vec<UserName> = if both || wanted.with == With::Keys { vec![wanted.user_name.clone()] } else { vec![] };
    Looking { roles, users, deep: true, own_journal: None }
}
