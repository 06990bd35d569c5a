//! The plan of `apply` and `bootstrap`.

use std::collections::BTreeMap;

use super::adoption::is_adopted;
use super::principal::{self, Making};
use super::{Decision, Goal, Plan, Situation, Stop, checks, removal};
use crate::{
    ErrorKind, Origin, Outcome, Presence, Principal, Record, RecordError, Step, TurbotAccount, UserName, Wanted, When,
    With,
};
use checks::Hold;

pub(super) fn decide(goal: Goal, s: &Situation<'_>) -> Result<Decision, Decision> {
    checks::caller(s)?;
    let presence = checks::presence(s)?;
    if let Presence::Conflict { seen, same_id } = &presence {
        return Err(checks::conflict(s, seen, *same_id).into());
    }
    let hold = checks::hold(s)?;
    let plan = match &presence {
        Presence::Visible(account) => imported(s, &hold, account)?,
        Presence::Absent | Presence::Unknown(_) => absent(goal, s, &hold, &presence)?,
        Presence::Conflict { .. } => unreachable!("answered above"),
    };
    Ok(Decision::Go(plan))
}

/// The account is not there: make the credential and import it.
fn absent(goal: Goal, s: &Situation<'_>, hold: &Hold<'_>, presence: &Presence) -> Result<Plan, Decision> {
    let wanted = s.wanted;
    let mut warnings = Vec::new();
    let record = hold.record();
    // A key of an unfinished run may go only if Turbot cannot have it.
    let may_delete_lost = record.is_some_and(|r| {
        r.handed_over.is_none()
            && r.import_accepted.is_none()
            && (*presence == Presence::Absent || (goal == Goal::Bootstrap && !checks::may_be_sent(r)))
    });
    if let Some(record) = record {
        checks::in_flight(s, record, presence)?;
        let same = record.with == wanted.with && record.name.eq_ignore_ascii_case(wanted.principal_name());
        if !same {
            return another(s, hold, record, may_delete_lost);
        }
        if record.handed_over.is_some() {
            handed_over(goal, record, &mut warnings)?;
        }
    }
    if let Presence::Unknown(failure) = presence
        && goal == Goal::Apply
    {
        warnings.push(format!("it cannot be proved that Turbot does not know the account yet: {}", failure.message));
    }
    let making = match wanted.with {
        With::Role => principal::role(s, record)?,
        With::Keys => principal::user(s, record, may_delete_lost, true)?,
    };
    let delete_credential = wanted.delete_credential.unwrap_or(!making.adopted);
    let mut steps = Vec::new();
    claim(s, hold, &making, delete_credential, &mut steps)?;
    let (principal, adopted) = (making.principal.clone(), making.adopted);
    steps.extend(making.steps);
    warnings.extend(making.warnings);
    let policies = wanted.policies_in(s.aws.caller.partition());
    if let Principal::Role(role) = &principal {
        steps.push(Step::ReadBack { principal: principal.clone(), policies });
        if let Some(profile) = &wanted.verify_as {
            steps.push(Step::ProveExternalId { role: role.clone(), profile: profile.clone() });
        }
    }
    let end = match goal {
        Goal::Bootstrap => {
            steps.push(Step::HandOver { principal });
            Outcome::Done
        }
        Goal::Apply => {
            let urn = wanted.account_urn();
            steps.push(Step::Import {
                urn: urn.clone(),
                principal: principal.clone(),
                master: wanted.master_account_id.clone(),
                check_mode: wanted.check_mode,
                delete_credential,
            });
            steps.push(Step::AwaitVisible { urn });
            if delete_credential {
                steps.push(Step::AwaitDeletion { principal: principal.clone() });
                if let Principal::User(user) = &principal
                    && !adopted
                {
                    empty_user(s, user, &mut steps, &mut warnings);
                }
            }
            release(s, hold, &mut steps);
            maintenance(s, &mut steps);
            Outcome::Imported
        }
    };
    Ok(Plan { steps, end, warnings, external_id: making.external_id, delete_credential, then_again: false })
}

/// The user goes when Turbot has deleted its key, unless somebody gave it a policy of its own meanwhile.
fn empty_user(s: &Situation<'_>, user: &UserName, steps: &mut Vec<Step>, warnings: &mut Vec<String>) {
    let policies = s.wanted.policies_in(s.aws.caller.partition());
    let seen = s.aws.user(user.as_str());
    if seen.is_some_and(|u| !u.inline.is_empty()) {
        warnings.push(format!("user {user} has inline policies that this tool did not make, and stays"));
        return;
    }
    let mut attached = policies.clone();
    attached.extend(seen.iter().flat_map(|u| u.attached.iter().filter(|p| !policies.contains(p)).cloned()));
    steps.extend(removal::remove_empty_user(user, &policies, &attached));
}

/// Unfinished runs were about another role or user: taken back, as long as nobody can have its credential.
fn another(s: &Situation<'_>, hold: &Hold<'_>, record: &Record, may_delete_lost: bool) -> Result<Plan, Decision> {
    if record.handed_over.is_some() {
        return Err(Stop::new(
            ErrorKind::HandedOver,
            format!("the credential of {} {} was handed over", record.with.as_str(), record.name),
            "import it with `import --handoff FILE`, or remove it with cleanup and begin anew",
        )
        .into());
    }
    if record.import_accepted.is_some() {
        return Err(Stop::new(
            ErrorKind::NotVisible,
            format!(
                "Turbot accepted an import with {} {}, and the account does not show",
                record.with.as_str(),
                record.name
            ),
            "look in Turbot for what became of it, or remove what it was given with cleanup",
        )
        .into());
    }
    let plan = tidy(s, hold, record, "another role or user than is wanted now")?;
    if let Some(Step::DeleteKey { user, key, .. }) = plan.steps.iter().find(|s| matches!(s, Step::DeleteKey { .. }))
        && !may_delete_lost
    {
        return Err(principal::key_in_doubt(&Principal::User(user.clone()), key).into());
    }
    Ok(plan)
}

/// The credential is with somebody else already.
fn handed_over(goal: Goal, record: &Record, warnings: &mut Vec<String>) -> Result<(), Stop> {
    match (goal, record.with) {
        (_, With::Keys) => Err(Stop::new(
            ErrorKind::HandedOver,
            format!("the access key of user {} was handed over, and its secret is not here", record.name),
            "import it with `import --handoff FILE`, or remove it with cleanup and begin anew",
        )),
        (Goal::Apply, With::Role) => {
            warnings.push(format!(
                "role {} was handed over by an earlier bootstrap; whoever holds the hand-off may be importing it as well",
                record.name
            ));
            Ok(())
        }
        (Goal::Bootstrap, With::Role) => Ok(()),
    }
}

/// The account is there: tidy up after unfinished runs, keep what is to be kept, set what is asked for.
fn imported(s: &Situation<'_>, hold: &Hold<'_>, account: &TurbotAccount) -> Result<Plan, Decision> {
    let wanted = s.wanted;
    let mut warnings = Vec::new();
    if account.aws_account_id.is_none() {
        warnings.push("Turbot does not say which AWS account stands behind it".into());
    }
    if let Some(title) = account.title.as_ref().filter(|t| **t != wanted.title) {
        warnings.push(format!("its title in Turbot is {}, not {}", crate::shown(title), crate::shown(&wanted.title)));
    }
    let mut steps = Vec::new();
    let mut external_id = None;
    let mut delete_credential = wanted.delete_credential.unwrap_or(true);
    let mut then_again = false;
    match hold.record() {
        Some(record) => {
            if !checks::may_be_sent(record) {
                // Whatever Turbot imported with, it was not this: undone as if refused.
                let mut plan = tidy(s, hold, record, "the account was imported otherwise")?;
                plan.end = Outcome::AlreadyImported;
                plan.warnings.splice(0..0, warnings);
                maintenance(s, &mut plan.steps);
                return Ok(plan);
            }
            delete_credential = record.delete_credential;
            take_over(hold, s, record.clone(), &mut steps);
            if record.delete_credential {
                removal::after_import(s, record, &mut steps);
            }
            release(s, hold, &mut steps);
            // What is kept may have drifted meanwhile; without a journal that is seen like any other drift.
            then_again = standing(s, &mut vec![]).map_or(true, |m| m.is_some_and(|m| !m.steps.is_empty()));
        }
        None => {
            if let Some(making) = standing(s, &mut warnings)? {
                delete_credential = false;
                external_id.clone_from(&making.external_id);
                warnings.extend(making.warnings.clone());
                if !making.steps.is_empty() {
                    claim(s, hold, &making, false, &mut steps)?;
                    let policies = wanted.policies_in(s.aws.caller.partition());
                    steps.extend(making.steps);
                    steps.push(Step::ReadBack { principal: making.principal, policies });
                    release(s, hold, &mut steps);
                }
            }
        }
    }
    maintenance(s, &mut steps);
    Ok(Plan { steps, end: Outcome::AlreadyImported, warnings, external_id, delete_credential, then_again })
}

/// The role or user of an imported account, if it stands, is ours and is kept.
fn standing(s: &Situation<'_>, warnings: &mut Vec<String>) -> Result<Option<Making>, Stop> {
    let wanted = s.wanted;
    let tags = match wanted.with {
        With::Role => s.aws.role(wanted.role_name.as_str()).map(|r| &r.tags),
        With::Keys => s.aws.user(wanted.user_name.as_str()).map(|u| &u.tags),
    };
    let Some(tags) = tags else {
        if wanted.delete_credential == Some(false) {
            warnings.push(format!(
                "the account is imported, and {} is not there; it is not made anew",
                wanted.principal_name()
            ));
        }
        return Ok(None);
    };
    if !matches!(principal::owner(s, tags), principal::Owner::Ours) || !is_kept(wanted, tags) {
        return Ok(None);
    }
    Ok(Some(match wanted.with {
        With::Role => principal::role(s, None)?,
        With::Keys => principal::user(s, None, false, false)?,
    }))
}

/// Whether the role or user of an imported account, with these tags, is to stay: it is in use, and not looked at as left.
#[must_use]
pub fn is_kept(wanted: &Wanted, tags: &BTreeMap<String, String>) -> bool {
    wanted.delete_credential.map_or_else(|| is_adopted(tags), |delete| !delete)
}

/// Takes the unfinished runs' work back, then looks anew.
fn tidy(s: &Situation<'_>, hold: &Hold<'_>, record: &Record, why: &str) -> Result<Plan, Stop> {
    let mut steps = Vec::new();
    take_over(hold, s, record.clone(), &mut steps);
    let undone = removal::undo(record, s.aws, removal::Own::default())?;
    let mut warnings = Vec::new();
    if !undone.is_empty() {
        let (with, name) = (record.with.as_str(), &record.name);
        warnings.push(format!("an unfinished run left {with} {name}: {why}; it is taken back"));
    }
    steps.extend(undone);
    release(s, hold, &mut steps);
    Ok(Plan {
        steps,
        end: Outcome::Unchanged,
        warnings,
        external_id: None,
        delete_credential: record.delete_credential,
        then_again: true,
    })
}

/// The first step of everything: the claim, or its renewal with what is known now.
fn claim(
    s: &Situation<'_>,
    hold: &Hold<'_>,
    making: &Making,
    delete_credential: bool,
    steps: &mut Vec<Step>,
) -> Result<(), Stop> {
    let base = hold.record().cloned().unwrap_or_else(|| blank(s, making.origin, delete_credential));
    let record = Record {
        with: s.wanted.with,
        name: making.principal.name().to_owned(),
        unique_id: making.unique_id.clone(),
        origin: making.origin,
        delete_credential,
        prior_keys: making.prior_keys.clone(),
        attaches: making.attaches.clone(),
        trust_before: making.trust_before.clone(),
        ..base
    };
    record.tags().map_err(|error| unfit(&error))?;
    take_over(hold, s, record, steps);
    Ok(())
}

fn unfit(error: &RecordError) -> Stop {
    Stop::new(ErrorKind::CannotConverge, error.to_string(), "choose another --role-name instead of adopting this one")
}

/// A record about what is wanted, of a run that has done nothing yet. Its time is filled in when it is written.
pub(super) fn blank(s: &Situation<'_>, origin: Origin, delete_credential: bool) -> Record {
    let wanted = s.wanted;
    Record {
        run: s.run.clone(),
        claimed_at: When::Unreadable,
        turbot_id: wanted.turbot_id.to_string(),
        cluster: wanted.cluster_id.urn(),
        with: wanted.with,
        name: wanted.principal_name().to_owned(),
        unique_id: None,
        origin,
        delete_credential,
        prior_keys: vec![],
        attaches: vec![],
        trust_before: None,
        import_requested: None,
        import_unsettled: false,
        import_accepted: None,
        handed_over: None,
    }
}

/// The claim with a given record: made, taken over, or ours already.
pub(super) fn take_over(hold: &Hold<'_>, s: &Situation<'_>, record: Record, steps: &mut Vec<Step>) {
    let record = Record { run: s.run.clone(), claimed_at: When::Unreadable, ..record };
    match hold {
        Hold::Free => steps.push(Step::Claim { generation: 1, take_over: None, record: Box::new(record) }),
        Hold::Left(journal, _) => steps.push(Step::Claim {
            generation: journal.generation.saturating_add(1),
            take_over: Some(journal.generation),
            record: Box::new(record),
        }),
        Hold::Mine(_, standing) => {
            if (Record { claimed_at: When::Unreadable, ..standing.clone() }) != record {
                steps.push(Step::Note { record: Box::new(record) });
            }
        }
    }
}

/// The last step: the journal goes.
pub(super) fn release(_s: &Situation<'_>, hold: &Hold<'_>, steps: &mut Vec<Step>) {
    let generation = match hold {
        Hold::Free => 1,
        Hold::Mine(journal, _) => journal.generation,
        Hold::Left(journal, _) => journal.generation.saturating_add(1),
    };
    steps.push(Step::Release { generation });
}

fn maintenance(s: &Situation<'_>, steps: &mut Vec<Step>) {
    let Some(level) = s.wanted.maintenance else {
        return;
    };
    let before = s.turbot.and_then(|t| t.maintenance.clone()).and_then(Result::ok).flatten();
    if before.as_deref().and_then(|value| s.spelling.level(value)) != Some(level) {
        steps.push(Step::SetMaintenance { urn: s.wanted.account_urn(), before, level });
    }
}
