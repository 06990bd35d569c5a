//! `cleanup`: remove what this tool made.

use std::sync::Arc;

use onboard_engine::{Job, Planning, Session, cleanup};

use super::groups::{
    AccountOptions, ClaimOptions, ConsentOptions, DiscoveringOptions, FleetOptions, OrganizationOptions, RampOptions,
    ReportOptions, TimeOptions, TurbotOptions,
};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::fleet;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard cleanup --account-id 111122223333 --turbot-id aab
  turbot-onboard cleanup --account-id 111122223333 --turbot-id aab --yes --output json
  turbot-onboard cleanup --manifest accounts.csv --canary 1

Only what carries this tool's tags for that Turbot id and cluster is removed. The import itself is not taken back.";

/// Remove the role, or the user and its keys, that this tool made
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Cleanup {
    #[command(flatten)]
    fleet: FleetOptions,
    #[command(flatten)]
    organization: OrganizationOptions,
    #[command(flatten)]
    discovering: DiscoveringOptions,
    #[command(flatten)]
    ramp: RampOptions,
    #[command(flatten)]
    report: ReportOptions,
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

impl Cleanup {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        self.carry(edge).unwrap_or_else(|exit| exit)
    }

    fn carry(self, edge: &Edge) -> Result<Exit, Exit> {
        let typed = [
            &self.fleet.0,
            &self.organization.0,
            &self.discovering.0,
            &self.ramp.0,
            &self.report.0,
            &self.claim.0,
            &self.account.0,
            &self.consents.0,
            &self.turbot.0,
            &self.times.0,
        ];
        let (global, (part, accounts)) = edge.settle("cleanup", &typed, |r| {
            let part = SessionPart::resolve(r, Need::Optional);
            let accounts = fleet::accounts(r, part.as_ref());
            let (accounts, settings) = (accounts?, fleet::settings(r));
            Some((part?.audited().for_accounts(&accounts, settings), accounts))
        })?;
        Run::carry(edge, "cleanup", &global, part, async |run| {
            let reports = match accounts.single() {
                Some(job) => vec![cleanup(&run.session, job, &run.asker("Remove this")).await],
                None => match run.agree(Planning::Cleanup, &accounts, "Remove this").await {
                    Err(reports) => reports,
                    Ok(consent) => {
                        let work = |session: Arc<Session>, job: Job| {
                            let consent = Arc::clone(&consent);
                            async move { cleanup(&session, &job, &*consent).await }
                        };
                        run.all(&accounts, work).await
                    }
                },
            };
            run::deliver_of(edge, &global, &run.report(reports), &accounts)
        })
    }
}
