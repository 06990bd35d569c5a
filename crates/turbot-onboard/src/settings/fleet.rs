//! The accounts a verb is about: one from the options, or those of a manifest.

use std::collections::HashSet;
use std::sync::Arc;

use onboard_core::{ErrorKind, ErrorReport, Wanted, shown};
use onboard_engine::{FleetSettings, Job, MaxFailures};

use super::manifest::Manifest;
use super::organization;
use super::resolver::{OWN_TO_A_ROW, Resolver};
use super::session::SessionPart;
use super::wanted;
use crate::cli::options;

/// The accounts of a run.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    pub(crate) jobs: Arc<[Job]>,
    /// Whether they come from a manifest, however many there are.
    pub(crate) fleet: bool,
    /// Why there are none, although nothing is wrong with the settings: the organization cannot be listed.
    pub(crate) trouble: Option<ErrorReport>,
}

impl Accounts {
    /// One account.
    pub(crate) fn one(job: Job) -> Self {
        Self { jobs: [job].into(), fleet: false, trouble: None }
    }

    /// The one account, where there is no fleet.
    pub(crate) fn single(&self) -> Option<&Job> {
        match (self.fleet, &*self.jobs) {
            (false, [job]) => Some(job),
            _ => None,
        }
    }

    /// What is wanted of each.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.jobs.iter().map(|job| &job.wanted)
    }
}

/// Resolves them; what is wrong is kept by the resolver.
pub(crate) fn accounts(r: &Resolver<'_>, part: Option<&SessionPart>) -> Option<Accounts> {
    let organization = r.flag("organization");
    if organization && r.layers.find("manifest").is_some() {
        r.fault_of("organization", "it excludes --manifest: `discover` makes one of the organization");
        return None;
    }
    if organization {
        return of_organization(r, part?);
    }
    if r.layers.find("manifest").is_none() {
        return Some(Accounts::one(job(r)?));
    }
    let manifest = manifest(r)?;
    let jobs = jobs(r, manifest, |r, _| job(r))?;
    Some(Accounts { jobs: jobs.into(), fleet: true, trouble: None })
}

/// One account, from the options or from a row. All that is wrong with it is noted, whatever is wrong first.
pub(crate) fn job(r: &Resolver<'_>) -> Option<Job> {
    let (wanted, aws) = (wanted::resolve(r, None), wanted::resolve_aws(r));
    Some(Job { wanted: wanted?, aws })
}

/// The accounts of the caller's organization, as a manifest of them would give them.
fn of_organization(r: &Resolver<'_>, part: &SessionPart) -> Option<Accounts> {
    no_flags(r);
    let trouble = |trouble| Some(Accounts { jobs: [].into(), fleet: true, trouble: Some(trouble) });
    let found = match organization::discover(r, part) {
        Ok(found) => found?,
        Err(error) => return trouble(error),
    };
    for left in &found.left_out {
        r.warn(format!("{} ({}) is left out: {}", left.account_id, left.name, left.why));
    }
    let manifest = organization::manifest(r, &found);
    if manifest.rows.is_empty() {
        return trouble(ErrorReport::new(ErrorKind::Settings, "no account of the organization is left to onboard"));
    }
    let jobs = jobs(r, manifest, |r, _| job(r))?;
    Some(Accounts { jobs: jobs.into(), fleet: true, trouble: None })
}

/// What only a row can say is no flag or variable.
pub(crate) fn no_flags(r: &Resolver<'_>) {
    for name in OWN_TO_A_ROW {
        if let Some(given) = options::named(name).and_then(|spec| r.layers.said(spec)) {
            r.fault(&given.source, "with --manifest every row says it for itself");
        }
    }
}

/// Reads the manifest that is named; `None` if it cannot be read at all.
pub(crate) fn manifest(r: &Resolver<'_>) -> Option<Manifest> {
    no_flags(r);
    let given = r.layers.find("manifest")?;
    let mut faults = Vec::new();
    match Manifest::read(given.text(), &mut faults) {
        Ok(manifest) => {
            r.extend(faults);
            Some(manifest)
        }
        Err(message) => {
            r.fault(&given.source, message);
            None
        }
    }
}

/// Resolves every row. What is wrong with a flag or with the defaults is said once, not for each of them.
pub(crate) fn jobs<T>(
    r: &Resolver<'_>,
    manifest: Manifest,
    resolve: impl Fn(&Resolver<'_>, usize) -> Option<T>,
) -> Option<Vec<T>> {
    let mut said = HashSet::new();
    let Manifest { rows, defaults } = manifest;
    let mut jobs = Some(Vec::with_capacity(rows.len()));
    for (n, layers) in r.layers.of_rows(rows, &defaults).enumerate() {
        let row = Resolver::of_row(&layers);
        let job = resolve(&row, n);
        let (mut faults, warnings) = row.finish();
        faults.retain(|fault| said.insert((fault.place.clone(), fault.message.clone())));
        warnings.into_iter().for_each(|warning| r.warn(warning));
        r.extend(faults);
        match (&mut jobs, job) {
            (Some(jobs), Some(job)) => jobs.push(job),
            _ => jobs = None,
        }
    }
    jobs
}

/// How a fleet begins, and when no other account is begun.
pub(crate) fn settings(r: &Resolver<'_>) -> FleetSettings {
    let number = |name| r.number(name, 0, 1_000_000).and_then(|n| usize::try_from(n).ok());
    let at_once = r.number("import-concurrency", 1, 1000).and_then(|n| usize::try_from(n).ok());
    FleetSettings {
        // The run's own: every command has it.
        concurrency: 1,
        canary: number("canary").unwrap_or(0),
        max_failures: r.parsed("max-failures", max_failures),
        imports: at_once.unwrap_or(FleetSettings::IMPORTS),
    }
}

fn max_failures(text: &str) -> Result<MaxFailures, String> {
    let wrong = || format!("{} is neither a number of accounts from 1 nor a percentage such as 5%", shown(text));
    match text.strip_suffix('%') {
        Some(percent) => match percent.trim().parse::<u8>() {
            Ok(percent @ 1..=100) => Ok(MaxFailures::Percent(percent)),
            _ => Err(wrong()),
        },
        None => text.parse().ok().filter(|n| *n > 0).map(MaxFailures::Count).ok_or_else(wrong),
    }
}
