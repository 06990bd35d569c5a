//! `doctor`: everything that can be known before anything is changed.

use onboard_core::ErrorKind;
use onboard_engine::{Job, doctor};

use super::groups::{AccountOptions, ConsentOptions, TimeOptions, TurbotOptions};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::render::{doctor as render, json};
use crate::run::{self, Run};
use crate::settings::global::Output;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;
use crate::settings::wanted;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard doctor --account-id 111122223333 --turbot-id aab
  turbot-onboard doctor --account-id 111122223333 --turbot-id aab --output json | jq '.checks[]'";

/// Check credentials, rights, reachability and clocks, before anything is changed
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Doctor {
    #[command(flatten)]
    account: AccountOptions,
    #[command(flatten)]
    consents: ConsentOptions,
    #[command(flatten)]
    turbot: TurbotOptions,
    #[command(flatten)]
    times: TimeOptions,
}

impl Doctor {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        self.carry(edge).unwrap_or_else(|exit| exit)
    }

    fn carry(self, edge: &Edge) -> Result<Exit, Exit> {
        let typed = [&self.account.0, &self.consents.0, &self.turbot.0, &self.times.0];
        let (global, (part, job)) = edge.settle("doctor", &typed, |r| {
            let (wanted, part) = (wanted::resolve(r, None), SessionPart::resolve(r, Need::Required));
            let aws = wanted::resolve_aws(r);
            Some((part?, Job { wanted: wanted?, aws }))
        })?;
        Run::carry(edge, "doctor", &global, part, async |run| {
            let report = match run.look(&job.wanted, doctor(&run.session, &job)).await {
                Ok(report) => report,
                Err(account) => return run::say_report(edge, &global, &run.report(vec![*account])),
            };
            let text = match global.output {
                Output::Json => json::document(&report),
                Output::Text => render::text(&report, edge.result_paint(&global)),
            };
            let exit = if report.failed { Exit(ErrorKind::CheckFailed.exit_code()) } else { Exit::DONE };
            exit.after_writing(console::deliver(&text))
        })
    }
}
