//! `apply`: do it, and verify it.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use onboard_core::{ErrorKind, ErrorReport, shown};
use onboard_engine::{Planning, SavedAccount, SavedPlan, Session, apply};

use super::groups::{
    AccountOptions, AdoptOptions, ApplyOptions, ClaimOptions, ConsentOptions, DiscoveringOptions, FleetOptions,
    OrganizationOptions, RampOptions, ReportOptions, TimeOptions, TurbotOptions, UndoOptions,
};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;
use crate::settings::{fleet, planned};

const EXAMPLES: &str = "\
Examples:
  turbot-onboard apply --account-id 111122223333 --turbot-id aab
  turbot-onboard apply --account-id 111122223333 --turbot-id aab --with keys --yes --output json
  turbot-onboard apply --account-id 111122223333 --turbot-id aab --assume-role OrgAccess
  turbot-onboard apply --account-id 111122223333 --turbot-id aab --maintenance full --title 'Data'
  turbot-onboard apply --plan aab.plan --yes
  turbot-onboard apply --manifest accounts.csv --canary 2 --max-failures 5%";

/// Onboard the account: both halves, and verify the result
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Apply {
    #[command(flatten)]
    fleet: FleetOptions,
    #[command(flatten)]
    organization: OrganizationOptions,
    #[command(flatten)]
    discovering: DiscoveringOptions,
    #[command(flatten)]
    ramp: RampOptions,
    #[command(flatten)]
    options: ApplyOptions,
    #[command(flatten)]
    report: ReportOptions,
    #[command(flatten)]
    undo: UndoOptions,
    #[command(flatten)]
    adopt: AdoptOptions,
    #[command(flatten)]
    claim: ClaimOptions,
    #[command(flatten)]
    account: AccountOptions,
    #[command(flatten)]
    consents: ConsentOptions,
    #[command(flatten)]
    turbot: TurbotOptions,
    #[command(flatten)]
    times: TimeOptions,
}

impl Apply {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        self.carry(edge).unwrap_or_else(|exit| exit)
    }

    fn carry(self, edge: &Edge) -> Result<Exit, Exit> {
        let typed = [
            &self.fleet.0,
            &self.organization.0,
            &self.discovering.0,
            &self.ramp.0,
            &self.options.0,
            &self.report.0,
            &self.undo.0,
            &self.adopt.0,
            &self.claim.0,
            &self.account.0,
            &self.consents.0,
            &self.turbot.0,
            &self.times.0,
        ];
        let (global, settled) = edge.settle("apply", &typed, |r| {
            let part = SessionPart::resolve(r, Need::Required);
            let saved = match (r.text("plan"), &part) {
                (Some(path), Some(part)) => Some(open(&path, part)),
                _ => None,
            };
            let saved = match saved.transpose() {
                Ok(saved) => saved,
                Err(error) => return Some(Err(error)),
            };
            if part.is_none() && r.text("plan").is_some() {
                // A plan cannot be opened without Turbot's keys: what it says is not missing here.
                return None;
            }
            let settings = fleet::settings(r);
            let (accounts, saved) = match saved {
                None => (fleet::accounts(r, part.as_ref())?, None),
                Some(saved) => match planned::accounts(r, saved)? {
                    Ok((accounts, saved)) => (accounts, Some(saved)),
                    Err(error) => return Some(Err(error)),
                },
            };
            Some(Ok((part?.audited().for_accounts(&accounts, settings), accounts, saved)))
        })?;
        let (part, accounts, saved) = settled.map_err(|error| run::refuse(&error, edge.talk_paint(&global)))?;
        Run::carry(edge, "apply", &global, part, async |run| {
            let reports = match accounts.single() {
                Some(job) => {
                    let saved = saved.as_deref().and_then(<[SavedAccount]>::first);
                    vec![apply(&run.session, job, &run.asker("Grant this"), saved).await]
                }
                None => match run.agree(Planning::Apply, &accounts, "Grant this").await {
                    Err(reports) => reports,
                    Ok(consent) => {
                        let work = |session: Arc<Session>, n: usize| {
                            let (consent, saved, jobs) =
                                (Arc::clone(&consent), saved.clone(), Arc::clone(&accounts.jobs));
                            async move {
                                let saved = saved.as_deref().and_then(|saved| saved.get(n));
                                apply(&session, &jobs[n], &*consent, saved).await
                            }
                        };
                        run.each(&accounts, work).await
                    }
                },
            };
            run::deliver_of(edge, &global, &run.report(reports), &accounts)
        })
    }
}

/// Reads a saved plan that was made for the Turbot that is set.
fn open(path: &str, part: &SessionPart) -> Result<SavedPlan, ErrorReport> {
    let unset =
        || ErrorReport::new(ErrorKind::Settings, "a plan is sealed with the Turbot secret key, which is not set");
    let turbot = part.turbot.as_ref().ok_or_else(unset)?;
    let plan = SavedPlan::open(Path::new(path), &turbot.secret_key, Timestamp::now())?;
    plan.check_turbot(&turbot.url)?;
    if plan.accounts.is_empty() {
        return Err(ErrorReport::new(ErrorKind::Settings, format!("the plan {} is of no account", shown(path))));
    }
    Ok(plan)
}
