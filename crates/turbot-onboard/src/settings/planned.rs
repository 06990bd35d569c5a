//! The accounts of a saved plan, held against what is set here.

use std::collections::HashMap;
use std::sync::Arc;

use onboard_core::{AwsAccountId, ErrorKind, ErrorReport, Wanted};
use onboard_engine::{Job, SavedAccount, SavedPlan};

use super::fleet::{Accounts, jobs, manifest};
use super::resolver::Resolver;
use super::wanted;

/// The accounts of a plan, and what it says of each, in one order.
type Planned = (Accounts, Arc<[SavedAccount]>);

/// Resolves the accounts of a plan. With a manifest each row says whose credentials are used, and nothing that it gives
/// may be other than the plan has it; without one, the options hold for all of them. `None` if something is missing or
/// wrong, which the resolver has noted.
pub(crate) fn accounts(r: &Resolver<'_>, plan: SavedPlan) -> Option<Result<Planned, ErrorReport>> {
    if r.flag("organization") {
        let message = "the plan names the accounts: leave it out, and say with --assume-role how they are entered";
        r.fault_of("organization", message);
        return None;
    }
    if r.layers.find("manifest").is_some() {
        return of_manifest(r, plan);
    }
    let saved = plan.accounts;
    let fleet = saved.len() > 1;
    let mut all = Vec::with_capacity(saved.len());
    for account in &saved {
        let (wanted, aws) = (wanted::resolve(r, Some(&account.wanted)), wanted::resolve_aws(r));
        let wanted = wanted?;
        if let Err(error) = compare(r, &wanted, account) {
            return Some(Err(error));
        }
        all.push(Job { wanted, aws });
    }
    Some(Ok((Accounts { jobs: all.into(), fleet, trouble: None }, saved.into())))
}

fn of_manifest(r: &Resolver<'_>, plan: SavedPlan) -> Option<Result<Planned, ErrorReport>> {
    let manifest = manifest(r)?;
    let mut by_id: HashMap<AwsAccountId, SavedAccount> =
        plan.accounts.into_iter().map(|account| (account.wanted.account_id.clone(), account)).collect();
    let found = jobs(r, manifest, |row, _| {
        let id = row.layers.find("account-id").and_then(|given| given.text().parse::<AwsAccountId>().ok());
        let base = id.as_ref().and_then(|id| by_id.get(id));
        let (wanted, aws) = (wanted::resolve(row, base.map(|base| &base.wanted)), wanted::resolve_aws(row));
        let wanted = wanted?;
        let same = match base {
            Some(base) => compare(row, &wanted, base),
            None => Err(not_planned(&plan.unplanned, wanted.account_id.as_str())),
        };
        Some(same.map(|()| Job { wanted, aws }))
    })?;
    let jobs = match found.into_iter().collect::<Result<Vec<Job>, ErrorReport>>() {
        Ok(jobs) => jobs,
        Err(error) => return Some(Err(error)),
    };
    let saved: Vec<SavedAccount> = jobs.iter().filter_map(|job| by_id.remove(&job.wanted.account_id)).collect();
    if let Some(left) = by_id.keys().min_by_key(|id| id.as_str()) {
        return Some(Err(again("the plan has an account that is not in the manifest", left.to_string())));
    }
    Some(Ok((Accounts { jobs: jobs.into(), fleet: true, trouble: None }, saved.into())))
}

/// An account of the manifest of which the plan says nothing, or that it could not be planned.
fn not_planned(unplanned: &[String], which: &str) -> ErrorReport {
    let message = if unplanned.iter().any(|id| id == which) {
        "the manifest has an account that could not be planned when the plan was made"
    } else {
        "the manifest has an account that is not in the plan"
    };
    again(message, which.to_owned())
}

fn again(message: &str, which: String) -> ErrorReport {
    ErrorReport::new(ErrorKind::PlanAgain, message)
        .because(which)
        .hint("plan again, or apply the plan without --manifest; nothing was changed")
}

/// Compares what is set here with what the plan was made for: nothing that is given may say otherwise.
fn compare(r: &Resolver<'_>, wanted: &Wanted, saved: &SavedAccount) -> Result<(), ErrorReport> {
    if saved.wanted == *wanted {
        return Ok(());
    }
    let (now, then) = (serde_json::to_value(wanted), serde_json::to_value(&saved.wanted));
    let fields = match (&now, &then) {
        (Ok(serde_json::Value::Object(now)), Ok(then)) => {
            now.iter().filter(|(name, value)| then.get(name.as_str()) != Some(value)).map(|(name, _)| name).collect()
        }
        _ => vec![],
    };
    let mut error = ErrorReport::new(ErrorKind::PlanAgain, "the settings are not those the plan was made with");
    for field in fields {
        let option = crate::cli::options::all().find(|spec| spec.key() == *field);
        let place = option.and_then(|spec| r.layers.find(spec.name)).map(|given| format!(" ({})", given.source));
        error = error.because(format!("{field} differs{}", place.unwrap_or_default()));
    }
    Err(error.hint("leave them to the plan, or plan again; nothing was changed"))
}
