//! One account: observe, plan, apply, verify; again where the world was another, at most three times.

use std::time::Duration;

use onboard_core::{
    AccountReport, Chosen, Decision, ErrorKind, ErrorReport, Goal, ImportState, Leftover, Outcome, Plan, Presence,
    Situation, Step, StepResult, Wait, WaitFor, With, remains_of, undo,
};

use crate::clock::Moment;
use crate::halt::Halt;
use crate::planned::{Answer, Consent, Planned};
use crate::saved_plan::SavedAccount;
use crate::session::{Job, Session};
use crate::worker::{Look, Worker, looking};

/// How often a plan is made anew before the world counts as unsteady.
const MAX_PASSES: u32 = 3;

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
        let (mut passes, mut approved) = (0, None);
        let mut failure = None;
        let begun = Moment::now();
        loop {
            self.check_stop()?;
            match self.observe(order.both, order.turbot).await {
                Ok(_) => {}
                // Somebody else's claim came first: ours was given back, and theirs is waited for.
                Err(Halt::Again(why)) if passes < MAX_PASSES => {
                    self.note(format!("looking again: {why}"));
                    passes += 1;
                    self.pause(self.session.times.aws_interval()).await?;
                    continue;
                }
                Err(halt) => return Err(halt),
            }
            let decision = match &self.look {
                Some(look) => (order.planner)(&self.situation(look)),
                None => return Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "no look"))),
            };
            let plan = match decision {
                Decision::Stop(stop) => return Err(stop.into()),
                Decision::Wait(wait) => {
                    self.wait(&wait, begun).await?;
                    continue;
                }
                Decision::Go(plan) => plan,
            };
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
                    failure = None;
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
            self.pause(self.session.times.aws_interval()).await?;
        }
    }

    fn outcome_of(&self, plan: &Plan) -> Outcome {
        // What a later pass finds imported was imported by this run if Turbot accepted it from this run.
        if plan.end == Outcome::AlreadyImported && self.report.import.state == ImportState::Accepted {
            return Outcome::Imported;
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
            answer => Err(no_consent(answer)),
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

    /// Ends a verb that has nothing to do with what stands in AWS.
    pub(crate) fn finish_without_look(mut self, result: Result<Outcome, Halt>) -> AccountReport {
        match result {
            Ok(outcome) => self.report.outcome = outcome,
            Err(Halt::Failed(error) | Halt::Unclear(error) | Halt::Pending(error) | Halt::Audit(error)) => {
                self.report.fail(error);
            }
            Err(Halt::Again(why)) => self.report.fail(ErrorReport::new(ErrorKind::Unsteady, why)),
            Err(Halt::Interrupted) => self.report.fail(ErrorReport::new(ErrorKind::Interrupted, "interrupted")),
        }
        self.report
    }

    /// Ends the work: undoes what may be undone, lets the claim go, says what is left.
    pub(crate) async fn finish(mut self, result: Result<Outcome, Halt>, both: bool) -> AccountReport {
        match result {
            Ok(outcome) => {
                self.report.outcome = outcome;
                if let Some(claim) = self.claim.take() {
                    claim.let_go().await;
                }
                self.leftovers_at_success();
                return self.report;
            }
            Err(Halt::Failed(error) | Halt::Unclear(error)) => {
                let maintenance = error.kind == ErrorKind::Maintenance;
                if maintenance {
                    self.report.outcome = if self.report.import.state == ImportState::Accepted {
                        Outcome::Imported
                    } else {
                        Outcome::AlreadyImported
                    };
                }
                self.report.fail(error);
                self.take_back().await;
                if maintenance {
                    self.leftovers_at_success();
                    return self.report;
                }
            }
            Err(Halt::Pending(error)) => {
                self.report.fail(error);
                if let Some(claim) = self.claim.take() {
                    claim.let_go().await;
                }
            }
            Err(Halt::Again(why)) => {
                self.report.fail(
                    ErrorReport::new(ErrorKind::Unsteady, "the account changed while it was worked on").because(why),
                );
                if let Some(claim) = self.claim.take() {
                    claim.let_go().await;
                }
            }
            Err(Halt::Interrupted) => {
                let in_flight = self.report.import.state == ImportState::InFlight;
                self.report.fail(if in_flight {
                    ErrorReport::new(
                        ErrorKind::Interrupted,
                        "interrupted while Turbot's answer to the import was awaited: it is in flight",
                    )
                    .hint("run the same command again: it waits for the import to settle and goes on from there")
                } else {
                    ErrorReport::new(ErrorKind::Interrupted, "interrupted").hint("run the same command again to go on")
                });
                self.take_back().await;
            }
            Err(Halt::Audit(error)) => {
                self.report.fail(unrecorded(error, self.report.import.state));
                // Without the audit log nothing more is done, not even undone.
                self.claim = None;
            }
        }
        self.leftovers_by_look(both).await;
        self.report
    }

    /// Undo, where it may be: before Turbot accepted anything, and with no import whose answer is not known.
    async fn take_back(&mut self) {
        let Some(claim) = self.claim.take() else {
            return;
        };
        let record = claim.record().await;
        if crate::journals::is_bare(&record) {
            claim.let_go().await;
            return;
        }
        let open = record.import_requested.is_some()
            || record.import_unsettled
            || record.import_accepted.is_some()
            || record.handed_over.is_some();
        if open || self.session.keep_on_failure {
            claim.let_go().await;
            return;
        }
        self.claim = Some(claim);
        match self.undo().await {
            Ok(()) => self.note("what was begun has been taken back"),
            Err(halt) => {
                let error = match halt {
                    Halt::Failed(error) | Halt::Unclear(error) | Halt::Pending(error) | Halt::Audit(error) => error,
                    Halt::Again(why) => {
                        ErrorReport::new(ErrorKind::Unsteady, "taking back what was begun").because(why)
                    }
                    Halt::Interrupted => ErrorReport::new(ErrorKind::Interrupted, "taking back what was begun"),
                };
                self.report.undo_error = Some(error.hint("run cleanup, or the same command again"));
                if let Some(claim) = self.claim.take() {
                    claim.let_go().await;
                }
            }
        }
    }

    /// Takes back what the unfinished runs made, until a look finds nothing more of it; then the journal goes.
    async fn undo(&mut self) -> Result<(), Halt> {
        let (begun, pace) = (Moment::now(), self.pace());
        // What this run made and AWS does not show yet is waited for: nothing of ours stays behind a stale read.
        let mut awaited = self.unique_id.is_some()
            && self.report.steps.iter().any(|s| s.step.starts_with("create-") && s.result == StepResult::Done);
        let mut clean = 0;
        while clean < 2 {
            let Some(claim) = &self.claim else {
                return Ok(());
            };
            let record = claim.record().await;
            let aws = self
                .aws
                .observe(&looking(self.wanted, false))
                .await
                .map_err(|e| Halt::aws("looking at what is to be taken back", &e))?;
            let steps = undo(&record, &aws);
            if !steps.is_empty() {
                awaited = false;
                clean = 0;
                for step in &steps {
                    let began = self.begin_step(step);
                    let result = self.single(step).await;
                    let shown = if result.is_ok() { StepResult::Done } else { StepResult::Failed };
                    self.end_step(step, began, shown);
                    result?;
                }
            } else if !awaited || begun.elapsed() > pace.limit {
                clean += 1;
            }
            if begun.elapsed() > pace.limit * 2 {
                return Err(Halt::Again("AWS keeps showing what was deleted".into()));
            }
            if clean < 2 {
                tokio::time::sleep(pace.interval).await;
            }
        }
        for step in &mut self.report.steps {
            if step.result == StepResult::Done && is_undone(step.step) {
                step.result = StepResult::Undone;
            }
        }
        let generation = match &self.claim {
            Some(claim) => onboard_core::Journal::generation_of(claim.arn().await.name()).unwrap_or(1),
            None => 1,
        };
        let step = Step::Release { generation };
        let began = self.begin_step(&step);
        let released = self.release().await;
        self.end_step(&step, began, if released.is_ok() { StepResult::Done } else { StepResult::Failed });
        released
    }

    /// After success: what Turbot left, or what stands although it should not.
    fn leftovers_at_success(&mut self) {
        let mut leftovers = Vec::new();
        let finished = matches!(self.report.outcome, Outcome::Imported | Outcome::AlreadyImported);
        if finished && (self.credential_left || self.stands_unwanted()) {
            let why = "Turbot was asked to delete it, or no longer needs it";
            leftovers.extend(self.principal_leftover(why));
        }
        self.report.leftovers = Some(leftovers);
    }

    /// An imported account whose plan had no steps: ours still stands, and nobody asked to keep it.
    fn stands_unwanted(&self) -> bool {
        let untouched = self.report.steps.is_empty();
        let keep = self.wanted.delete_credential == Some(false);
        untouched
            && !keep
            && self.look.as_ref().is_some_and(|look| {
                let ours = |tags: &std::collections::BTreeMap<String, String>| {
                    self.wanted
                        .ownership_tags()
                        .iter()
                        .filter(|(k, _)| !k.ends_with("version"))
                        .all(|(k, v)| tags.get(k) == Some(v))
                        && !tags.contains_key("turbot-onboard:adopted")
                };
                match self.wanted.with {
                    With::Role => look.aws.role(self.wanted.role_name.as_str()).is_some_and(|r| ours(&r.tags)),
                    With::Keys => look.aws.user(self.wanted.user_name.as_str()).is_some_and(|u| ours(&u.tags)),
                }
            })
    }

    fn principal_leftover(&self, why: &str) -> Option<Leftover> {
        let kind = match self.wanted.with {
            With::Role => "role",
            With::Keys => "user",
        };
        let arn = self.arn.as_ref()?;
        Some(Leftover { kind, id: arn.to_string(), why: why.to_owned(), remove_with: self.cleanup_command() })
    }

    /// The command that removes what is left: with everything it needs that is no secret.
    pub(crate) fn cleanup_command(&self) -> String {
        let (wanted, aws) = (self.wanted, &self.job.aws);
        let mut words: Vec<(&str, &str)> = vec![
            ("account-id", wanted.account_id.as_str()),
            ("turbot-id", wanted.turbot_id.as_str()),
            ("cluster-id", wanted.cluster_id.as_str()),
            ("master-account-id", wanted.master_account_id.as_str()),
        ];
        if wanted.role_name.as_str() != onboard_core::DEFAULT_NAME {
            words.push(("role-name", wanted.role_name.as_str()));
        }
        if wanted.user_name.as_str() != onboard_core::DEFAULT_NAME {
            words.push(("user-name", wanted.user_name.as_str()));
        }
        for (option, value) in [("profile", &aws.profile), ("region", &aws.region), ("assume-role", &aws.assume_role)] {
            if let Some(value) = value {
                words.push((option, value));
            }
        }
        let words: Vec<String> =
            words.iter().map(|(option, value)| format!("--{option} {}", shell_word(value))).collect();
        format!("turbot-onboard cleanup {}", words.join(" "))
    }

    /// After anything else: AWS is looked at once more.
    async fn leftovers_by_look(&mut self, both: bool) {
        let Ok(seen) = self.aws.observe(&looking(self.wanted, both)).await else {
            return;
        };
        if seen.caller.account != self.wanted.account_id {
            return;
        }
        let command = self.cleanup_command();
        let mut leftovers = Vec::new();
        let mut left = |kind, id: String, why: String| {
            leftovers.push(Leftover { kind, id, why, remove_with: command.clone() });
        };
        let mine = |tags: &std::collections::BTreeMap<String, String>| {
            tags.get("turbot-onboard:turbot-id").is_some_and(|id| *id == *self.wanted.turbot_id.as_str())
                && tags.get("turbot-onboard:cluster") == Some(&self.wanted.cluster_id.urn())
        };
        let why = match self.report.outcome {
            Outcome::Pending => "the outcome is not known yet: Turbot may need it",
            Outcome::Interrupted => "the run was interrupted",
            _ => "it was not taken back",
        };
        for role in seen.roles.iter().filter(|r| mine(&r.tags)) {
            left("role", role.arn.to_string(), why.to_owned());
        }
        for user in seen.users.iter().filter(|u| mine(&u.tags)) {
            left("user", user.arn.to_string(), why.to_owned());
            for key in &user.keys {
                left("access-key", key.id.to_string(), why.to_owned());
            }
        }
        for journal in &seen.journals {
            left("journal", journal.arn.to_string(), "an unfinished run's own record".to_owned());
        }
        self.report.leftovers = Some(leftovers);
    }
}

/// Why the work ends without the audit log: an import that may be in flight is what matters most then.
pub(crate) fn unrecorded(error: ErrorReport, import: ImportState) -> ErrorReport {
    let in_flight = matches!(import, ImportState::InFlight | ImportState::Unknown);
    ErrorReport { kind: if in_flight { ErrorKind::InFlight } else { error.kind }, ..error }
}

/// The answer was no, or there was nobody to ask.
pub(crate) fn no_consent(answer: Answer) -> Halt {
    Halt::Failed(match answer {
        Answer::CannotAsk => ErrorReport::new(
            ErrorKind::NeedsConsent,
            "this changes the account, and there is no terminal to ask at; nothing was changed",
        )
        .hint("look at it with `turbot-onboard plan`, then consent with --yes"),
        Answer::No | Answer::Yes => ErrorReport::new(ErrorKind::Declined, "the answer was no; nothing was changed"),
    })
}

/// A word as a POSIX shell takes it.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

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

/// Both halves.
pub async fn apply(session: &Session, job: &Job, consent: &dyn Consent, saved: Option<&SavedAccount>) -> AccountReport {
    let chosen = saved.map_or_else(fresh, |saved| saved.chosen.clone());
    let mut worker = match Worker::begin(session, job, chosen).await {
        Ok(worker) => worker,
        Err(report) => return *report,
    };
    if let Err(error) = session.turbot() {
        worker.report.fail(error);
        return worker.report;
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
        report
            .warnings
            .push("--quick: Turbot shows the account; AWS was not looked at for leftovers of unfinished runs".into());
        Some(report)
    }
}

/// Values for a plan: an external ID of 122 random bits from the operating system.
pub(crate) fn fresh() -> Chosen {
    let id = uuid::Uuid::new_v4().hyphenated().to_string();
    Chosen { external_id: onboard_core::ExternalId::new(id).expect("a UUID is a valid external ID") }
}
