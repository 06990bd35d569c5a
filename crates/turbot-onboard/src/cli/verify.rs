//! `verify`: both sides compared with what is wanted.

use onboard_engine::{Job, verify};

use super::groups::{AccountOptions, ConsentOptions, ReportOptions, TimeOptions, TurbotOptions};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;
use crate::settings::wanted;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard verify --account-id 111122223333 --turbot-id aab
  turbot-onboard verify --account-id 111122223333 --turbot-id aab --output json | jq '.accounts[]'";

/// Compare AWS and Turbot with what is wanted, and change nothing
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Verify {
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
        let typed = [&self.report.0, &self.account.0, &self.consents.0, &self.turbot.0, &self.times.0];
        let (global, (part, job)) = edge.settle("verify", &typed, |r| {
            let (wanted, part) = (wanted::resolve(r, None), SessionPart::resolve(r, Need::Required));
            let aws = wanted::resolve_aws(r);
            Some((part?, Job { wanted: wanted?, aws }))
        })?;
        Run::carry(edge, "verify", &global, part, async |run| {
            let account = run.look(&job.wanted, verify(&run.session, &job)).await.unwrap_or_else(|report| *report);
            run::deliver(edge, &global, &run.report(vec![account]))
        })
    }
}
