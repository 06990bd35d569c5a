//! The verbs beside `apply`: the same loop with another planner, or a look without effects.

use onboard_core::{
    AccountReport, Decision, ErrorKind, ErrorReport, MaintenanceLevel, Outcome, Plan, Presence, Stop, Wait, WaitFor,
    cleanup as plan_cleanup, compare,
};

use crate::account::{Order, Planner, fresh, plan_apply, plan_bootstrap};
use crate::clock::Moment;
use crate::halt::Halt;
use crate::handoff::{HandOff, HandedAccount, Nowhere, OpenHandoff};
use crate::import_call::Importer;
use crate::intent::Intent;
use crate::planned::{Answer, Consent, Planned};
use crate::session::{Job, Session};
use crate::turbot_side::{Target, TurbotSide};
use crate::worker::Worker;

/// What would be done; nothing is changed.
///
/// # Errors
/// The report of why nothing can be planned.
pub async fn plan(session: &Session, job: &Job) -> Result<Planned, Box<AccountReport>> {
    plan_for(Planning::Apply, session, job).await
}

/// The verb whose plan is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planning {
    /// `apply`.
    Apply,
    /// `bootstrap`.
    Bootstrap,
    /// `cleanup`.
    Cleanup,
}

/// What a verb would do; nothing is changed.
///
/// # Errors
/// The report of why nothing can be planned.
pub async fn plan_for(verb: Planning, session: &Session, job: &Job) -> Result<Planned, Box<AccountReport>> {
    let (planner, both): (Planner, bool) = match verb {
        Planning::Apply => (plan_apply, false),
        Planning::Bootstrap => (plan_bootstrap, false),
        Planning::Cleanup => (|situation| plan_cleanup(situation), true),
    };
    let mut worker = Worker::begin(session, job, fresh()).await?;
    let planned = async {
        if verb == Planning::Apply {
            session.turbot().map_err(Halt::Failed)?;
        }
        worker.observe(both, true).await?;
        let look = worker.look.clone().ok_or_else(|| Halt::Failed(ErrorReport::new(ErrorKind::Bug, "no look")))?;
        match planner(&worker.situation(&look)) {
            Decision::Go(plan) => Ok(worker.planned(&plan, &look)),
            Decision::Stop(stop) => Err(stop.into()),
            Decision::Wait(wait) => Err(waited(wait).into()),
        }
    }
    .await;
    match planned {
        Ok(planned) => Ok(planned),
        Err(halt) => Err(Box::new(worker.finish(Err(halt), false).await)),
    }
}

/// Verbs that only look do not wait: they say what is under way.
fn waited(wait: Wait) -> Stop {
    match wait.what {
        WaitFor::Claim => Stop::new(ErrorKind::ClaimHeld, wait.message, "wait for the other run to end"),
        WaitFor::Answer => Stop::new(ErrorKind::InFlight, wait.message, "apply waits for it and goes on from there"),
        WaitFor::Visibility => {
            Stop::new(ErrorKind::NotVisible, wait.message, "apply waits for it and goes on from there")
        }
    }
}

/// The AWS half alone.
pub async fn bootstrap(session: &Session, job: &Job, consent: &dyn Consent, hand: &mut dyn HandOff) -> AccountReport {
    let mut worker = match Worker::begin(session, job, consent.chosen(&job.wanted).unwrap_or_else(fresh)).await {
        Ok(worker) => worker,
        Err(report) => return *report,
    };
    let mut order = Order { planner: plan_bootstrap, both: false, turbot: true, consent, saved: None, hand };
    let result = worker.run(&mut order).await;
    worker.finish(result, false).await
}

/// Removes what this tool made in the account.
pub async fn cleanup(session: &Session, job: &Job, consent: &dyn Consent) -> AccountReport {
    let mut worker = match Worker::begin(session, job, fresh()).await {
        Ok(worker) => worker,
        Err(report) => return *report,
    };
    let planner = |situation: &onboard_core::Situation<'_>| match plan_cleanup(situation) {
        // Another run's claim is waited for, as everywhere; an import in flight is not: it may take its time.
        Decision::Wait(wait) if wait.what != WaitFor::Claim => Decision::Stop(waited(wait)),
        decision => decision,
    };
    worker.removing = true;
    let mut order = Order { planner, both: true, turbot: true, consent, saved: None, hand: &mut Nowhere };
    let result = worker.run(&mut order).await;
    worker.finish(result, true).await
}

/// Both sides read back and compared with what is wanted.
pub async fn verify(session: &Session, job: &Job) -> AccountReport {
    let mut worker = match Worker::begin(session, job, fresh()).await {
        Ok(worker) => worker,
        Err(report) => return *report,
    };
    let result = async {
        session.turbot().map_err(Halt::Failed)?;
        worker.observe(false, true).await?;
        let look = worker.look.clone().ok_or_else(|| Halt::Failed(ErrorReport::new(ErrorKind::Bug, "no look")))?;
        let compared = compare(&worker.situation(&look));
        let nothing = Plan {
            steps: vec![],
            end: Outcome::Matches,
            warnings: vec![],
            external_id: look
                .aws
                .role(job.wanted.role_name.as_str())
                .and_then(|role| onboard_core::kept_external_id(role, &job.wanted.master_account_id)),
            delete_credential: true,
            then_again: false,
        };
        match compared {
            Ok(differences) => {
                worker.remember_principal(&nothing);
                let outcome = if differences.is_empty() { Outcome::Matches } else { Outcome::Differs };
                worker.report.differences = differences;
                Ok(outcome)
            }
            Err(Decision::Stop(stop)) => Err(Halt::from(stop)),
            Err(Decision::Wait(wait)) => Err(waited(wait).into()),
            Err(Decision::Go(_)) => {
                Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "a comparison that wants to act")))
            }
        }
    }
    .await;
    worker.finish(result, false).await
}

/// The account's maintenance window as it is.
pub async fn maintenance_show(session: &Session, job: &Job) -> AccountReport {
    maintenance(session, job, None).await
}

/// Sets the account's maintenance window and reads it back.
pub async fn maintenance_set(
    session: &Session,
    job: &Job,
    level: MaintenanceLevel,
    consent: &dyn Consent,
) -> AccountReport {
    maintenance(session, job, Some((level, consent))).await
}

async fn maintenance(session: &Session, job: &Job, set: Option<(MaintenanceLevel, &dyn Consent)>) -> AccountReport {
    let mut worker = match Worker::begin(session, job, fresh()).await {
        Ok(worker) => worker,
        Err(report) => return *report,
    };
    let result = async {
        let look = session.stop.or(worker.side().look(true)).await.ok_or(Halt::Interrupted)?;
        let seen = look.map_err(Halt::Failed)?;
        match worker.side().presence_in(&seen) {
            Presence::Visible(_) => {}
            Presence::Conflict { .. } => {
                return Err(Halt::Failed(
                    ErrorReport::new(
                        ErrorKind::Conflict,
                        format!("{} is not the AWS account {}", job.wanted.account_urn(), job.wanted.account_id),
                    )
                    .hint("check --turbot-id and --account-id"),
                ));
            }
            Presence::Absent => {
                return Err(Halt::Failed(
                    ErrorReport::new(
                        ErrorKind::Conflict,
                        format!("{} is not in the cluster", job.wanted.account_urn()),
                    )
                    .hint("import it first: turbot-onboard apply"),
                ));
            }
            Presence::Unknown(failure) => {
                return Err(Halt::Failed(onboard_core::look_stop(&failure).into()));
            }
        }
        let window = seen.maintenance.unwrap_or(Ok(None));
        let Some((level, consent)) = set else {
            let value = window.map_err(|failure| Halt::Failed(onboard_core::look_stop(&failure).into()))?;
            if value.is_none() {
                worker.warn(
                    "the account has no maintenance window of its own that could be read; one may be inherited".into(),
                );
            }
            worker.report.maintenance = value;
            return Ok(Outcome::Done);
        };
        let before = window.ok().flatten();
        if before.as_deref().and_then(|v| session.spelling.level(v)) == Some(level) {
            worker.report.maintenance = before;
            return Ok(Outcome::Unchanged);
        }
        worker.warn("what a wider window lets Turbot create stays when the window is narrowed again".into());
        let step = onboard_core::Step::SetMaintenance { urn: job.wanted.account_urn(), before, level };
        match consent.ask_maintenance(&job.wanted, &step) {
            Answer::Yes => {}
            answer => return Err(crate::account::no_consent(answer, false)),
        }
        worker.check_stop()?;
        worker.single(&step).await?;
        Ok(Outcome::Done)
    }
    .await;
    let mut report = worker.finish_without_look(result);
    if report.error.as_ref().is_some_and(|e| e.kind == ErrorKind::Maintenance) {
        report.outcome = Outcome::Failed;
    }
    report
}

/// The Turbot half alone, from a hand-off: one report for each of its accounts, in their order.
pub async fn import(session: &Session, handoff: &mut OpenHandoff, consent: &dyn Consent) -> Vec<AccountReport> {
    let mut reports = Vec::with_capacity(handoff.len());
    for n in 0..handoff.len() {
        reports.push(import_one(session, handoff, n, consent).await);
    }
    reports
}

async fn import_one(session: &Session, handoff: &mut OpenHandoff, n: usize, consent: &dyn Consent) -> AccountReport {
    let begun = Moment::now();
    let account = match handoff.account(n) {
        Ok(account) => account,
        Err(why) => {
            let mut report = AccountReport::new("", "", onboard_core::With::Role);
            report.fail(ErrorReport::new(ErrorKind::Settings, "the hand-off is damaged").because(why));
            return report;
        }
    };
    let mut report =
        AccountReport::new(account.account_id.as_str(), account.turbot_id.as_str(), account.credential.with());
    report.title = Some(account.title.clone());
    report.offset_millis = begun.millis_after(session.begun);
    match &account.credential {
        onboard_core::Credential::Role { arn, external_id } => {
            report.role_arn = Some(arn.to_string());
            report.external_id = Some(external_id.to_string());
        }
        onboard_core::Credential::Keys { id, .. } => {
            report.user_arn = account.user_arn.as_ref().map(ToString::to_string);
            report.access_key_id = Some(id.to_string());
        }
    }
    let result = import_account(session, handoff, n, &account, consent, &mut report).await;
    match result {
        Ok(outcome) => report.outcome = outcome,
        Err(Halt::Failed(error)) if error.kind == ErrorKind::TurbotRefused => {
            let stands = "the credential stands: correct that and import again, or remove it with cleanup";
            let hint = error.hint.as_ref().map_or_else(|| stands.to_owned(), |hint| format!("{hint}; {stands}"));
            report.fail(error.hint(hint));
        }
        Err(Halt::Failed(error) | Halt::Unclear(error) | Halt::Pending(error)) => report.fail(error),
        Err(Halt::Audit(error)) => report.fail(crate::account::unrecorded(error, report.import.state)),
        Err(Halt::Again(why)) => report.fail(
            ErrorReport::new(ErrorKind::Unsteady, "Turbot changed in the meantime")
                .because(why)
                .hint("run the same command again"),
        ),
        Err(Halt::Interrupted) => report.fail(crate::account::interrupted(report.import.state)),
    }
    report.millis = begun.millis();
    report
}

async fn import_account(
    session: &Session,
    handoff: &mut OpenHandoff,
    n: usize,
    account: &HandedAccount,
    consent: &dyn Consent,
    report: &mut AccountReport,
) -> Result<Outcome, Halt> {
    let target = Target {
        account_id: account.account_id.clone(),
        turbot_id: account.turbot_id.clone(),
        cluster_id: account.cluster_id.clone(),
        title: account.title.clone(),
    };
    let (side, turbot) = (TurbotSide { session, target }, session.turbot().map_err(Halt::Failed)?);
    let seen = side.look(false).await.map_err(Halt::Failed)?;
    let presence = onboard_core::turbot_presence(&seen, &account.cluster_id, &account.turbot_id, &account.account_id)?;
    match presence {
        Presence::Visible(_) => return Ok(Outcome::AlreadyImported),
        Presence::Absent => {}
        Presence::Unknown(failure) => report
            .warnings
            .push(format!("it cannot be proved that Turbot does not know the account yet: {}", failure.message)),
        Presence::Conflict { .. } => unreachable!("a conflict is answered by turbot_presence"),
    }
    let absent = report.warnings.is_empty();
    if !handoff.keeps_requests() && !session.assume_not_sent {
        return Err(Halt::Failed(
            ErrorReport::new(
                ErrorKind::Settings,
                "standard input cannot keep when an import was sent, and the account does not show",
            )
            .hint("import from a file, or say that none was sent with --assume-not-sent"),
        ));
    }
    let mut unsettled = false;
    if let Some(requested) = account.requested_at.filter(|_| !session.assume_not_sent) {
        let age = onboard_core::When::At(requested).age(turbot.now()).unsigned_abs();
        let settle = session.times.settle();
        if age < settle {
            side.note(format!(
                "an import was sent {} s ago; it counts as in flight for {} s",
                age.as_secs(),
                settle.as_secs()
            ));
            if let Presence::Visible(_) = side.poll_visible(settle - age).await? {
                return Ok(Outcome::AlreadyImported);
            }
        }
        if !absent || !matches!(side.presence().await?, Presence::Absent) {
            return Err(Halt::Pending(
                ErrorReport::new(
                    ErrorKind::UnknownOutcome,
                    "an import was sent, its answer is not known, and absence cannot be proved",
                )
                .hint("use a Turbot key that may read the cluster, the account and the list"),
            ));
        }
        unsettled = true;
    }
    match consent.ask_import(account) {
        Answer::Yes => {}
        answer => return Err(crate::account::no_consent(answer, false)),
    }
    let request = turbot_import::ImportRequest {
        id: account.turbot_id.clone(),
        cluster: account.cluster_id.clone(),
        title: account.title.clone(),
        description: account.description.clone(),
        check_mode: account.check_mode,
        delete_credential: account.delete_credential,
    };
    let intent = Intent::File { file: handoff, entry: n, unsettled, turbot };
    let mut importer = Importer { side, intent, report, seen: None };
    importer.import(&request, &account.credential).await?;
    importer.await_visible().await?;
    Ok(Outcome::Imported)
}
