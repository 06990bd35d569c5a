//! `verify`: both sides compared with what is wanted.

use onboard_engine::verify;

use super::groups::{
    AccountOptions, ConsentOptions, DiscoveringOptions, FleetOptions, OrganizationOptions, RampOptions, ReportOptions,
    TimeOptions, TurbotOptions,
};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::fleet;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard verify --account-id 111122223333 --turbot-id aab
  turbot-onboard verify --account-id 111122223333 --turbot-id aab --output json | jq '.accounts[]'
  turbot-onboard verify --manifest accounts.csv --concurrency 64";

/// Compare AWS and Turbot with what is wanted, and change nothing
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Verify {
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
    account: AccountOptions,
    #[command(flatten)]
    consents: ConsentOptions,
    #[command(flatten)]
    turbot: TurbotOptions,
    #[command(flatten)]
    times: TimeOptions,
}

impl Verify {
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
            &self.account.0,
            &self.consents.0,
            &self.turbot.0,
            &self.times.0,
        ];
        let (global, (part, accounts)) = edge.settle("verify", &typed, |r| {
            let part = SessionPart::resolve(r, Need::Required);
            let accounts = fleet::accounts(r, part.as_ref());
            let (accounts, settings) = (accounts?, fleet::settings(r));
            Some((part?.for_accounts(&accounts, settings), accounts))
        })?;
        Run::carry(edge, "verify", &global, part, async |run| {
            let reports = match accounts.single() {
                Some(job) => {
                    vec![run.look(&job.wanted, verify(&run.session, job)).await.unwrap_or_else(|report| *report)]
                }
                None => run.look_at_all(&accounts, |session, job| async move { verify(&session, &job).await }).await,
            };
            run::deliver_of(edge, &global, &run.report(reports), &accounts)
        })
    }
}
