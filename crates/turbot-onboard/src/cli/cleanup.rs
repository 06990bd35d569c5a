//! `cleanup`: remove what this tool made.

use onboard_engine::{Job, cleanup};

use super::groups::{AccountOptions, ClaimOptions, ConsentOptions, ReportOptions, TimeOptions, TurbotOptions};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;
use crate::settings::wanted;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard cleanup --account-id 111122223333 --turbot-id aab
  turbot-onboard cleanup --account-id 111122223333 --turbot-id aab --yes --output json

Only what carries this tool's tags for that Turbot id and cluster is removed. The import itself is not taken back.";

/// Remove the role, or the user and its keys, that this tool made
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Cleanup {
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
        let typed = [&self.report.0, &self.claim.0, &self.account.0, &self.consents.0, &self.turbot.0, &self.times.0];
        let (global, (part, job)) = edge.settle("cleanup", &typed, |r| {
            let (wanted, part) = (wanted::resolve(r, None), SessionPart::resolve(r, Need::Optional));
            let aws = wanted::resolve_aws(r);
            Some((part?.audited(), Job { wanted: wanted?, aws }))
        })?;
        Run::carry(edge, "cleanup", &global, part, async |run| {
            let asker = run.asker("Remove this");
            let account = cleanup(&run.session, &job, &asker).await;
            run::deliver(edge, &global, &run.report(vec![account]))
        })
    }
}
