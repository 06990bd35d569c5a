//! One account: observe, plan, apply, verify; again where the world was another, at most three times.

mod ending;
mod undoing;

use std::collections::BTreeSet;
use std::time::Duration;

use onboard_core::{
    AccountReport, AwsObserved, Chosen, Decision, ErrorKind, ErrorReport, Goal, ImportState, Origin, Outcome, Plan,
    Presence, Situation, Step, Wait, WaitFor, Wanted, remains_of,
};

use crate::claim::ClaimError;
use crate::clock::Moment;
use crate::halt::Halt;
use crate::planned::{Answer, Consent, Planned};
use crate::saved_plan::SavedAccount;
use crate::session::{Job, Session};
use crate::worker::{Look, Worker};

pub(crate) use ending::{interrupted, unrecorded};

/// How often a plan is made anew before the world counts as unsteady.
const MAX_PASSES: u32 = 3;

/// How many more looks must miss what was there before it counts as gone.
const MISSING_LOOKS: u32 = 4;

/// How many more looks must say so before what carries our tags counts as not ours: another run may be making it, and
/// the reads of a look are spread over as much time as the machine and the network take for them.
const DOUBTS: u32 = 3;

/// What a run is to do with its plans.
pub(crate) type Planner = fn(&Situation<'_>) -> Decision;

pub(crate) fn plan_apply(situation: &Situation<'_>) -> Decision {
    onboard_core::plan(Goal::Apply, situation)
}

pub(crate) fn plan_bootstrap(situation: &Situation<'_>) -> Decision {
    onboard_core::plan(Goal::Bootstrap, situation)
}

/// What a verb asks of the loop.
pub(crate) struct Order<'o> {
    pub(crate) planner: Planner,
    /// Both the role and the user are looked at.
    pub(crate) both: bool,
    /// Turbot is looked at, where it is configured.
    pub(crate) turbot: bool,
    pub(crate) consent: &'o dyn Consent,
    pub(crate) saved: Option<&'o SavedAccount>,
    pub(crate) hand: &'o mut dyn crate::HandOff,
}

impl Worker<'_> {
    /// The loop: it ends with an outcome, or with why it stopped.
    pub(crate) async fn run(&mut self, order: &mut Order<'_>) -> Result<Outcome, Halt> {
        let (mut passes, mut approved, mut doubts) = (0, None, 0);
        // When another run was last seen at work.
        let mut other: Option<Moment> = None;
        let mut failure = None;
        // What looks of this run have shown of ours, and how often it was missing since.
        let (mut shown, mut missing) = (BTreeSet::new(), 0);
        // Since when a claim shows that this run made and gave up.
        let mut given_up: Option<Moment> = None;
        let begun = Moment::now();
        loop {
            self.check_stop()?;
            match self.observe(order.both, order.turbot).await {
                Ok(_) => {}
                // Somebody else's claim came first: ours was given back, and theirs is waited for.
                Err(Halt::Again(why)) if passes < MAX_PASSES => {
                    self.note(format!("looking again: {why}"));
                    passes += 1;
                    other = Some(Moment::now());
                    self.pause(self.session.times.aws_interval()).await?;
                    continue;
                }
                Err(halt) => return Err(halt),
            }
            if self.shows_a_claim_given_up() {
                if given_up.get_or_insert_with(Moment::now).elapsed() > self.session.times.propagation {
                    return Err(Halt::claim(&ClaimError::Lost));
                }
                self.pause(self.session.times.aws_interval()).await?;
                continue;
            }
            let decision = match &self.look {
                Some(look) => (order.planner)(&self.situation(look)),
                None => return Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "no look"))),
            };
            let plan = match decision {
                // The reads of one look are not of one moment: another run may have begun between them, and what it
                // made look like somebody else's. Where one was seen, all of it must have had the time to show.
                Decision::Stop(stop)
                    if matches!(stop.kind, ErrorKind::NotOurs | ErrorKind::CannotConverge | ErrorKind::Conflict)
                        && (doubts < self.doubts()
                            || other.is_some_and(|seen| seen.elapsed() < self.session.times.propagation)) =>
                {
                    self.pause(self.session.times.aws_interval() * (1 << doubts)).await?;
                    doubts = DOUBTS.min(doubts + 1);
                    continue;
                }
                Decision::Stop(stop) => return Err(stop.into()),
                Decision::Wait(wait) => {
                    self.wait(&wait, begun).await?;
                    if wait.what == WaitFor::Claim {
                        other = Some(Moment::now());
                    }
                    continue;
                }
                // A read that does not find what was there may be stale: a plan that takes it for gone is not believed
                // before several looks say so.
                Decision::Go(plan)
                    if missing < MISSING_LOOKS && takes_for_gone(&plan) && self.misses(&plan, &shown) =>
                {
                    missing += 1;
                    self.pause(self.session.times.aws_interval()).await?;
                    continue;
                }
                Decision::Go(plan) => plan,
            };
            shown.extend(self.look.iter().flat_map(|look| ours(self.wanted, &look.aws)));
            self.remember_principal(&plan);
            if let Some(saved) = order.saved {
                saved.check(&plan).map_err(Halt::Failed)?;
            }
            self.approve(&plan, &mut approved, order.consent)?;
            let carried = match plan.steps.iter().find(|step| matches!(step, Step::Claim { .. })) {
                Some(step) if self.claim.is_none() => match self.take_claim(step).await {
                    // Another run may have come and gone since the look: what is done is planned under the claim.
                    Ok(()) => continue,
                    Err(halt) => Err(halt),
                },
                _ => self.carry_out(&plan, order.hand).await,
            };
            let why = match carried {
                Ok(()) if plan.then_again => "what unfinished runs had left was taken back".to_owned(),
                Ok(()) => return Ok(self.outcome_of(&plan)),
                Err(Halt::Again(why)) => {
                    (failure, other) = (None, Some(Moment::now()));
                    why
                }
                Err(Halt::Unclear(error)) => {
                    let why = format!("{}: {}", error.message, error.causes.join(": "));
                    failure = Some(error);
                    why
                }
                Err(halt) => return Err(halt),
            };
            self.note(format!("looking again: {why}"));
            passes += 1;
            if passes >= MAX_PASSES {
                // What AWS's answers left open was looked at every time: what is left is that AWS fails.
                if let Some(error) = failure {
                    return Err(Halt::Failed(error));
                }
                return Err(Halt::Pending(
                    ErrorReport::new(ErrorKind::Unsteady, "the account kept changing while it was worked on")
                        .because(why)
                        .hint("run the same command again: it looks at what was done and goes on from there"),
                ));
            }
            // What was just deleted may show for some seconds: the second time is given more of them.
            self.pause(self.session.times.aws_interval() * if passes > 1 { 5 } else { 1 }).await?;
        }
    }

    /// Whether the newest look misses what an unfinished run had made, what an earlier look of this run has shown, or what
    /// an unfinished run did to somebody's own.
    fn misses(&self, plan: &Plan, shown: &BTreeSet<String>) -> bool {
        let Some(look) = &self.look else {
            return false;
        };
        let there: BTreeSet<String> = ours(self.wanted, &look.aws).collect();
        let record = look.aws.journal().and_then(|journal| journal.record.as_ref());
        let made = record.filter(|r| r.origin == Origin::Made).and_then(|r| r.unique_id.as_ref());
        let untouched = record.is_some_and(|r| r.origin == Origin::Adopted)
            && !plan.steps.iter().any(|step| {
                matches!(step, Step::SetTrust { .. } | Step::Untag { .. } | Step::Detach { .. } | Step::Tag { .. })
            });
        untouched || made.is_some_and(|id| !there.contains(id)) || shown.iter().any(|id| !there.contains(id))
    }

    /// How often a look that stops the run is doubted: what carries none of our tags no other run has made.
    fn doubts(&self) -> u32 {
        let ours_is_there = self.look.as_ref().is_some_and(|look| ours(self.wanted, &look.aws).next().is_some());
        if ours_is_there { DOUBTS } else { 1 }
    }

    /// Whether a journal object of this run shows that is no claim any more: nothing may be done under it.
    fn shows_a_claim_given_up(&self) -> bool {
        let journals = self.look.iter().flat_map(|look| &look.aws.journals);
        self.claim.is_none() && journals.filter_map(|j| j.record.as_ref()).any(|record| record.run == self.session.run)
    }

    fn outcome_of(&self, plan: &Plan) -> Outcome {
        // What a later pass finds imported was imported by this run if Turbot accepted it from this run.
        if plan.end == Outcome::AlreadyImported && self.report.import.state == ImportState::Accepted {
            return Outcome::Imported;
        }
        // Nothing stood but the journal of a run that had stopped, and that is gone with the claim.
        if plan.end == Outcome::Unchanged && self.took_over {
            return Outcome::Done;
        }
        plan.end
    }

    /// Asks before the first effect, and again only if a later plan goes beyond what was approved.
    fn approve(&self, plan: &Plan, approved: &mut Option<Vec<Step>>, consent: &dyn Consent) -> Result<(), Halt> {
        let within = approved.as_ref().is_some_and(|steps| remains_of(&plan.steps, steps));
        if plan.steps.is_empty() || within {
            return Ok(());
        }
        let Some(look) = &self.look else {
            return Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "no look")));
        };
        match consent.ask(&self.planned(plan, look)) {
            Answer::Yes => {
                *approved = Some(plan.steps.clone());
                Ok(())
            }
            answer => Err(no_consent(answer, self.effects > 0)),
        }
    }

    pub(crate) fn planned(&self, plan: &Plan, look: &Look) -> Planned {
        Planned {
            wanted: self.wanted.clone(),
            plan: plan.clone(),
            chosen: self.chosen.clone(),
            caller: look.aws.caller.clone(),
            alias: look.aws.alias.clone(),
            organization: look.aws.organization.clone(),
            endpoint: self.aws.endpoint(),
            observed: crate::planned::observed(look, self.wanted),
        }
    }

    /// Waits for another run, an answer or the account, looking now and then.
    async fn wait(&mut self, wait: &Wait, begun: Moment) -> Result<(), Halt> {
        self.note(wait.message.clone());
        let times = &self.session.times;
        match wait.what {
            WaitFor::Claim => {
                // Another run may go on for as long as an import takes; then somebody has to look.
                if begun.elapsed() > times.settle() + times.lease {
                    return Err(Halt::Pending(
                        ErrorReport::new(ErrorKind::ClaimHeld, wait.message.clone())
                            .hint("wait for the other run, or take over from it with --take-over if it is dead"),
                    ));
                }
                let (from, step) = (Moment::now(), times.aws_interval() * 5);
                while from.elapsed() < wait.at_most {
                    self.waiting("the other run to end", from.elapsed(), wait.at_most);
                    self.pause(step.min(wait.at_most.saturating_sub(from.elapsed()) + Duration::from_millis(1)))
                        .await?;
                    let journals = self.aws.journals().await.map_err(|e| Halt::aws("looking at the claim", &e))?;
                    let newest = journals.last().and_then(|j| j.record.as_ref()).map(|r| (r.run.clone(), r.claimed_at));
                    let before = self
                        .look
                        .as_ref()
                        .and_then(|l| l.aws.journal()?.record.as_ref())
                        .map(|r| (r.run.clone(), r.claimed_at));
                    if newest != before {
                        return Ok(());
                    }
                }
                Ok(())
            }
            WaitFor::Answer | WaitFor::Visibility => {
                let presence = self.side().poll_visible(wait.at_most).await?;
                if wait.what == WaitFor::Visibility && !matches!(presence, Presence::Visible(_)) {
                    self.pause(self.session.times.aws_interval()).await?;
                }
                Ok(())
            }
        }
    }
}

/// Whether a plan makes and sends nothing: what it does not name it takes for gone.
fn takes_for_gone(plan: &Plan) -> bool {
    !plan.steps.iter().any(|step| {
        matches!(step, Step::CreateRole { .. } | Step::CreateUser { .. } | Step::Import { .. } | Step::HandOver { .. })
    })
}

/// The unique ids of what carries our tags.
fn ours<'s>(wanted: &'s Wanted, aws: &'s AwsObserved) -> impl Iterator<Item = String> + 's {
    let roles = aws.roles.iter().map(|role| (&role.tags, &role.unique_id));
    let users = aws.users.iter().map(|user| (&user.tags, &user.unique_id));
    let id = wanted.turbot_id.as_str();
    roles
        .chain(users)
        .filter(move |(tags, _)| tags.get("turbot-onboard:turbot-id").is_some_and(|tag| tag == id))
        .map(|(_, unique_id)| unique_id.clone())
}

/// The answer was no, or there was nobody to ask; perhaps to what goes beyond an earlier answer.
pub(crate) fn no_consent(answer: Answer, begun: bool) -> Halt {
    let changed = if begun { "nothing more is changed" } else { "nothing was changed" };
    Halt::Failed(match answer {
        Answer::CannotAsk => ErrorReport::new(
            ErrorKind::NeedsConsent,
            format!("this changes the account, and there is no terminal to ask at; {changed}"),
        )
        .hint("look at it with `turbot-onboard plan`, then consent with --yes"),
        Answer::No | Answer::Yes => ErrorReport::new(ErrorKind::Declined, format!("the answer was no; {changed}")),
    })
}

/// Both halves.
pub async fn apply(session: &Session, job: &Job, consent: &dyn Consent, saved: Option<&SavedAccount>) -> AccountReport {
    if let Some(report) = quick(session, job).await {
        return report;
    }
    let chosen = saved.map(|saved| saved.chosen.clone()).or_else(|| consent.chosen(&job.wanted)).unwrap_or_else(fresh);
    let mut worker = match Worker::begin(session, job, chosen).await {
        Ok(worker) => worker,
        Err(report) => return *report,
    };
    if let Err(error) = session.turbot() {
        worker.report.fail(error);
        return worker.ended();
    }
    if session.quick
        && let Some(report) = worker.trust_turbot().await
    {
        return report;
    }
    let mut order =
        Order { planner: plan_apply, both: false, turbot: true, consent, saved, hand: &mut crate::handoff::Nowhere };
    let result = worker.run(&mut order).await;
    worker.finish(result, false).await
}

/// `--quick` for one of a fleet: Turbot's one listing says that it is done, and nothing is asked about it alone.
async fn quick(session: &Session, job: &Job) -> Option<AccountReport> {
    let (Some(turbot), Some(shared), true) = (&session.turbot, &session.shared_turbot, session.quick) else {
        return None;
    };
    let wanted = &job.wanted;
    let listed = shared.lists(turbot, &wanted.cluster_id, &wanted.turbot_id, &wanted.account_id).await;
    (listed && wanted.maintenance.is_none()).then(|| {
        let mut report = AccountReport::new(wanted.account_id.as_str(), wanted.turbot_id.as_str(), wanted.with);
        report.outcome = Outcome::AlreadyImported;
        report.warnings.push(UNSEEN.into());
        report
    })
}

/// What `--quick` leaves out.
const UNSEEN: &str = "--quick: Turbot shows the account; AWS was not looked at for leftovers of unfinished runs";

impl Worker<'_> {
    /// `--quick`: an account that Turbot shows is done, unseen in AWS.
    async fn trust_turbot(&mut self) -> Option<AccountReport> {
        let seen = self.side().look(false).await.ok()?;
        let wanted = self.wanted;
        let presence = seen.presence(&wanted.cluster_id, &wanted.turbot_id, &wanted.account_id);
        if !matches!(presence, Presence::Visible(_)) || wanted.maintenance.is_some() {
            return None;
        }
        let mut report = self.report.clone();
        report.outcome = Outcome::AlreadyImported;
        report.millis = self.begun.millis();
        report.warnings.push(UNSEEN.into());
        Some(report)
    }
}

/// Values for a plan: an external ID of 122 random bits from the operating system.
pub(crate) fn fresh() -> Chosen {
    let id = uuid::Uuid::new_v4().hyphenated().to_string();
    Chosen { external_id: onboard_core::ExternalId::new(id).expect("a UUID is a valid external ID") }
}
