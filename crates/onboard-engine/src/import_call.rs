//! The import call: intent before effect, a look before every repetition, and what each answer means.

use std::time::Duration;

use onboard_core::{
    AccountReport, Credential, ErrorKind, ErrorReport, ImportAnswer, ImportState, LookFailure, LookFault, Presence,
    TurbotAccount, TurbotObserved, TurbotRefusal,
};
use serde_json::{Value, json};
use turbot_import::{ImportRequest, Turbot};

use crate::clock::Moment;
use crate::failure;
use crate::fleet::Place;
use crate::halt::Halt;
use crate::intent::Intent;
use crate::recorder::{Effected, Recorder};
use crate::session::Session;
use crate::turbot_side::TurbotSide;

/// How often the intent is written anew where it was out of date before the import could be sent.
const MAX_DECLARATIONS: u32 = 3;

/// How the audit log names the import call.
const IMPORT: &str = "turbot:import";

/// What Turbot is given, without what is secret.
fn handed(request: &ImportRequest, credential: &Credential) -> Value {
    let credential = match credential {
        Credential::Role { arn, external_id } => json!({"role_arn": arn, "external_id": external_id}),
        Credential::Keys { id, .. } => json!({"access_key_id": id}),
    };
    json!({
        "credential": credential,
        "check_mode": request.check_mode,
        "delete_credential": request.delete_credential,
    })
}

/// Turbot did not take the import, and the intent could not be taken back: what Turbot said is what is told, and nothing
/// is undone, since by its journal the import is in flight.
fn unended(told: ErrorReport, halt: Halt) -> Halt {
    match halt {
        Halt::Failed(error) | Halt::Unclear(error) => {
            let why = std::iter::once(error.message).chain(error.causes).collect::<Vec<_>>().join(": ");
            Halt::Failed(
                told.because(format!("the intent to import could not be taken back, and nothing was undone: {why}"))
                    .hint("run cleanup, or the same command again, when the import has had its time to settle"),
            )
        }
        halt => halt,
    }
}

fn not_sent(failure: &LookFailure) -> ErrorReport {
    let kind = if failure.fault == LookFault::Tls { ErrorKind::TurbotTls } else { ErrorKind::TurbotUnreachable };
    ErrorReport::new(kind, "the import could not be sent")
        .because(failure.message.clone())
        .hint("check the network to Turbot, then run the same command again")
}

/// Turbot says that it takes no imports now.
fn not_taken(message: &str) -> ErrorReport {
    ErrorReport::new(ErrorKind::TurbotRefused, "Turbot takes no imports now (429)")
        .because(message)
        .hint("run the same command again later")
}

/// 409, and another account has the Turbot id, or the AWS account another id.
fn taken(seen: &TurbotAccount, same_id: bool, refusal: &TurbotRefusal) -> ErrorReport {
    let theirs = seen.aws_account_id.as_ref().map_or_else(|| "another AWS account".into(), ToString::to_string);
    ErrorReport::new(
        ErrorKind::Conflict,
        format!("in Turbot, {} is {theirs}", onboard_core::shown(seen.id.as_deref().unwrap_or("?"))),
    )
    .because(format!("HTTP 409: {}", refusal.message))
    .hint(if same_id {
        "choose another --turbot-id, or check --account-id"
    } else {
        "use that --turbot-id, or have the other entry removed from Turbot first"
    })
}

/// What to do after an answer.
enum Next {
    /// It is in.
    Accepted,
    /// Send it again, after so long and after a look.
    Again(Duration),
}

/// One account's import.
pub(crate) struct Importer<'a> {
    pub(crate) side: TurbotSide<'a>,
    /// Where the intent is written before anything is sent.
    pub(crate) intent: Intent<'a>,
    pub(crate) report: &'a mut AccountReport,
    /// What the first look after the acceptance showed.
    pub(crate) seen: Option<TurbotObserved>,
}

impl<'a> Importer<'a> {
    /// Sends the import until there is an outcome. Ok is acceptance: the point of no return.
    pub(crate) async fn import(&mut self, request: &ImportRequest, credential: &Credential) -> Result<(), Halt> {
        let turbot = self.side.session.turbot().map_err(Halt::Failed)?.clone();
        let begun = Moment::now();
        // Waiting for a place among the imports is no time that Turbot or AWS took.
        let mut queued = Duration::ZERO;
        let mut first = true;
        loop {
            let from = Moment::now();
            let place = self.place().await?;
            queued += from.elapsed();
            if !std::mem::take(&mut first) && matches!(self.side.presence().await?, Presence::Visible(_)) {
                if self.intent.unsettled().await {
                    return self.accepted().await;
                }
                // None of ours was taken: whatever Turbot imported with, it was not this.
                return Err(Halt::Again("Turbot shows the account, and every import of this run was refused".into()));
            }
            if self.side.session.stop.is_requested() {
                return Err(Halt::Interrupted);
            }
            let mut declared = Moment::now();
            if let Err(halt) = self.intent.declare().await {
                // Nothing was sent: without its intent, what was made may be taken back. Should this fail as well, the
                // journal says that something may be in flight, and the next run waits.
                let _ = self.intent.ends().await;
                return Err(halt);
            }
            if self.side.session.stop.is_requested() {
                // Nothing was sent: the intent is taken back.
                self.intent.ends().await?;
                return Err(Halt::Interrupted);
            }
            let recorder = self.recorder().changing(Value::Null, handed(request, credential));
            if let Err(halt) = recorder.before(IMPORT, self.intent.now()) {
                self.intent.ends().await?;
                return Err(halt);
            }
            // Others count the settle time from the intent: an import that was sent long after it would outlast it.
            let within = self.side.session.times.settle().saturating_sub(self.side.session.times.timeout);
            let mut tries = 0;
            while !self.intent.stands(declared, within).await {
                tries += 1;
                if tries > MAX_DECLARATIONS {
                    self.record(Effected::Failed("not sent: the intent was out of date"))?;
                    self.intent.ends().await?;
                    return Err(Halt::Failed(
                        ErrorReport::new(
                            ErrorKind::NotPropagated,
                            "the intent to import was out of date each time it was written",
                        )
                        .hint("this machine or AWS is too slow for the times given: raise --settle and --lease"),
                    ));
                }
                declared = Moment::now();
                self.intent.declare_again().await?;
            }
            self.report.import.requests += 1;
            self.report.import.state = ImportState::InFlight;
            let Some(answer) = self.send(&turbot, request, credential).await else {
                self.record(Effected::Unknown("interrupted while the answer was awaited"))?;
                return Err(Halt::Interrupted);
            };
            self.record_answer(&answer)?;
            match &answer {
                ImportAnswer::Accepted { .. } => place.went_well(),
                ImportAnswer::NotTaken { retry_after, .. } => place.too_much(*retry_after),
                ImportAnswer::Unknown { .. } => place.too_much(None),
                ImportAnswer::Refused(_) | ImportAnswer::Conflict(_) | ImportAnswer::NotSent(_) => {}
            }
            drop(place);
            match self.interpret(answer, begun.elapsed().saturating_sub(queued)).await? {
                Next::Accepted => return self.accepted().await,
                Next::Again(pause) => {
                    self.side.note(format!("Turbot is asked again in {} ms", pause.as_millis()));
                    self.side.pause(pause).await?;
                }
            }
        }
    }

    /// A place among the imports that Turbot is given at once, with a sign of life every second.
    async fn place(&self) -> Result<Place<'a>, Halt> {
        let session: &'a Session = self.side.session;
        let (begun, at_most) = (Moment::now(), session.times.timeout);
        let place = session.imports.place(at_most);
        tokio::pin!(place);
        loop {
            tokio::select! {
                biased;
                place = &mut place => return place.map_err(|closed| {
                    let seconds = closed.as_secs();
                    Halt::Failed(not_taken(&format!("it asked for none to be sent for another {seconds} s")))
                }),
                () = session.stop.requested() => return Err(Halt::Interrupted),
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    self.side.waiting("Turbot to be done with other imports", begun.elapsed(), at_most);
                }
            }
        }
    }

    /// Sends it, with a sign of life every second; `None` if somebody asked to stop while the answer was awaited.
    async fn send(&self, turbot: &Turbot, request: &ImportRequest, credential: &Credential) -> Option<ImportAnswer> {
        let (begun, at_most) = (Moment::now(), self.side.session.times.timeout);
        let call = turbot.import(request, credential);
        tokio::pin!(call);
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return Some(answer),
                () = self.side.session.stop.requested() => return None,
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    self.side.waiting("Turbot's answer to the import (5 minutes and more are usual)", begun.elapsed(), at_most);
                }
            }
        }
    }

    /// `spent` is how long the import has been tried.
    async fn interpret(&mut self, answer: ImportAnswer, spent: Duration) -> Result<Next, Halt> {
        let times = &self.side.session.times;
        let (limit, interval) = (times.propagation, times.aws_interval());
        let in_time = spent < limit;
        // Longer pauses the longer it lasts, up to a twelfth of the propagation time (10 s).
        let pause = (spent / 4).clamp(interval * 2, limit / 12 + interval * 2);
        match answer {
            ImportAnswer::Accepted { .. } => Ok(Next::Accepted),
            ImportAnswer::NotSent(failure) => {
                self.report.import.state = ImportState::NotSent;
                self.ends(|| not_sent(&failure)).await?;
                if in_time { Ok(Next::Again(pause)) } else { Err(Halt::Failed(not_sent(&failure))) }
            }
            ImportAnswer::NotTaken { retry_after, message } => {
                self.report.import.state = ImportState::Refused;
                self.ends(|| not_taken(&message)).await?;
                let wait = retry_after.unwrap_or(pause);
                if spent + wait > times.timeout {
                    Err(Halt::Failed(not_taken(&message)))
                } else {
                    Ok(Next::Again(wait))
                }
            }
            ImportAnswer::Refused(refusal) => {
                self.report.import.state = ImportState::Refused;
                // Whether an earlier import was taken after all shows in the look before the next one is sent.
                if refusal.is_propagation() && in_time {
                    self.side.note(format!("Turbot cannot use the credential yet: {}", refusal.message));
                    self.ends(|| failure::of_refusal(&refusal)).await?;
                    return Ok(Next::Again(pause));
                }
                self.refused(&refusal).await
            }
            ImportAnswer::Conflict(refusal) => self.conflicted(&refusal).await,
            ImportAnswer::Unknown { why } => self.unknown(why).await,
        }
    }

    /// A definite end: the intent goes. Where it cannot, what Turbot said is told all the same.
    async fn ends(&mut self, told: impl Fn() -> ErrorReport) -> Result<(), Halt> {
        self.intent.ends().await.map_err(|halt| unended(told(), halt))
    }

    /// The answer is not known: perhaps the account shows; nothing is sent again, and nothing undone.
    async fn unknown(&mut self, why: String) -> Result<Next, Halt> {
        self.report.import.state = ImportState::Unknown;
        self.side.note(format!("the import's answer is not known ({why}); looking at Turbot for the account"));
        match self.side.poll_visible(self.side.session.times.visibility).await? {
            Presence::Visible(_) => Ok(Next::Accepted),
            Presence::Conflict { seen, same_id: true } => Err(self.wrong_account(&seen, true)),
            Presence::Conflict { .. } | Presence::Absent | Presence::Unknown(_) => Err(Halt::Pending(
                ErrorReport::new(ErrorKind::UnknownOutcome, "the import was sent, and its outcome is not known")
                    .because(why)
                    .hint("run the same command again: it looks first, and sends no second import before the first one is settled"),
            )),
        }
    }

    /// A refusal is final only if every earlier import had a definite answer and the account does not show.
    async fn refused(&mut self, refusal: &TurbotRefusal) -> Result<Next, Halt> {
        match self.side.presence().await? {
            Presence::Visible(_) if self.intent.unsettled().await => return Ok(Next::Accepted),
            Presence::Visible(_) => {
                self.ends(|| failure::of_refusal(refusal)).await?;
                return Err(Halt::Again(
                    "Turbot refused the import, and shows the account: it was imported otherwise".into(),
                ));
            }
            Presence::Conflict { .. } | Presence::Absent | Presence::Unknown(_) => {}
        }
        let unsettled = self.intent.unsettled().await;
        self.ends(|| failure::of_refusal(refusal)).await?;
        if unsettled {
            return Err(Halt::Pending(ErrorReport {
                kind: ErrorKind::UnknownOutcome,
                message: "Turbot refused this import, but an earlier one never had an answer".into(),
                hint: Some("nothing was taken back. Look in Turbot for what became of the earlier import: if nothing did, cleanup removes what it was given".into()),
                ..failure::of_refusal(refusal)
            }));
        }
        Err(Halt::Failed(failure::of_refusal(refusal)))
    }

    /// 409: something of that name exists. A look decides what.
    async fn conflicted(&mut self, refusal: &TurbotRefusal) -> Result<Next, Halt> {
        let unsettled = self.intent.unsettled().await;
        match self.side.presence().await? {
            Presence::Visible(_) if unsettled => Ok(Next::Accepted),
            Presence::Visible(_) => {
                self.report.import.state = ImportState::Refused;
                self.ends(|| failure::of_refusal(refusal)).await?;
                Err(Halt::Again("Turbot says that the account exists, and it shows".into()))
            }
            Presence::Conflict { seen, same_id } => {
                self.report.import.state = ImportState::Refused;
                self.ends(|| taken(&seen, same_id, refusal)).await?;
                Err(Halt::Failed(taken(&seen, same_id, refusal)))
            }
            Presence::Absent | Presence::Unknown(_) => {
                self.report.import.state = ImportState::Unknown;
                Err(Halt::Pending(
                    ErrorReport::new(
                        ErrorKind::UnknownOutcome,
                        "Turbot says that it exists already, and it does not show",
                    )
                    .because(format!("HTTP 409: {}", refusal.message))
                    .hint("run the same command again to look again; or look in Turbot for what stands there"),
                ))
            }
        }
    }

    /// The point of no return. The note and the first look go side by side: neither needs the other.
    async fn accepted(&mut self) -> Result<(), Halt> {
        self.report.import.state = ImportState::Accepted;
        let (seen, noted) = tokio::join!(self.side.look(false), self.intent.accepted());
        self.seen = seen.ok();
        noted
    }

    /// Looks until the account shows, for a bounded time, and compares what shows with what was meant.
    pub(crate) async fn await_visible(&mut self) -> Result<(), Halt> {
        let presence = match self.seen.take().map(|s| self.side.presence_in(&s)) {
            Some(visible @ Presence::Visible(_)) => visible,
            _ => self.side.poll_visible(self.side.session.times.visibility).await?,
        };
        match presence {
            Presence::Visible(account) => {
                let target = &self.side.target;
                let mut warnings = Vec::new();
                if let Some(urn) = account.urn.filter(|u| *u != target.urn()) {
                    warnings.push(format!("its URN in Turbot is {}, not {}", onboard_core::shown(&urn), target.urn()));
                }
                if account.aws_account_id.is_none() {
                    warnings.push("Turbot does not say which AWS account stands behind it".into());
                }
                if let Some(title) = account.title.filter(|t| *t != target.title) {
                    warnings.push(format!(
                        "its title in Turbot is {}, not {}",
                        onboard_core::shown(&title),
                        onboard_core::shown(&target.title)
                    ));
                }
                self.report.warnings.extend(warnings);
                Ok(())
            }
            Presence::Conflict { seen, same_id } => Err(self.wrong_account(&seen, same_id)),
            Presence::Absent | Presence::Unknown(_) => Err(Halt::Pending(
                ErrorReport::new(
                    ErrorKind::NotVisible,
                    "Turbot accepted the import, and the account does not show yet",
                )
                .hint("run the same command again later: it looks first, and goes on from there"),
            )),
        }
    }

    /// Accepted with these credentials, and yet another account: nothing may be taken back by itself.
    fn wrong_account(&self, seen: &TurbotAccount, same_id: bool) -> Halt {
        let target = &self.side.target;
        let message = if same_id {
            let theirs = seen.aws_account_id.as_ref().map_or("an unknown AWS account", |account| account.as_str());
            format!("{} shows with {theirs}, not with {}", target.urn(), target.account_id)
        } else {
            let id = onboard_core::shown(seen.id.as_deref().unwrap_or("?"));
            format!("the AWS account {} shows under the id {id}, not as {}", target.account_id, target.urn())
        };
        Halt::Failed(
            ErrorReport::new(ErrorKind::WrongAwsAccount, message)
                .hint("have Turbot's administrators look at that entry; cleanup removes what was made in AWS"),
        )
    }

    fn recorder(&self) -> Recorder {
        let target = &self.side.target;
        Recorder::new(&self.side.session.audit, &target.account_id, &target.turbot_id, "import", &target.urn())
    }

    /// What came of the request: an answer that is not on record leaves the import in flight, and is told all the same.
    fn record(&self, effected: Effected<'_>) -> Result<(), Halt> {
        self.recorder().after(IMPORT, self.intent.now(), effected).map_err(|halt| match (halt, effected) {
            (Halt::Audit(error), Effected::Done) => Halt::Audit(error.because("Turbot's answer was: accepted")),
            (Halt::Audit(error), Effected::Failed(why)) => {
                Halt::Audit(error.because(format!("Turbot's answer was: refused, {why}")))
            }
            (halt, _) => halt,
        })
    }

    fn record_answer(&self, answer: &ImportAnswer) -> Result<(), Halt> {
        let refused = match answer {
            ImportAnswer::Refused(refusal) | ImportAnswer::Conflict(refusal) => {
                format!("HTTP {}: {}", refusal.status, refusal.message)
            }
            _ => String::new(),
        };
        self.record(match answer {
            ImportAnswer::Accepted { .. } => Effected::Done,
            ImportAnswer::Refused(_) | ImportAnswer::Conflict(_) => Effected::Failed(&refused),
            ImportAnswer::NotTaken { message, .. } => Effected::Failed(message),
            ImportAnswer::NotSent(failure) => Effected::Failed(&failure.message),
            ImportAnswer::Unknown { why } => Effected::Unknown(why),
        })
    }
}
