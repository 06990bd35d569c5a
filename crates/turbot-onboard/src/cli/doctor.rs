//! `doctor`: everything that can be known before anything is changed.

use onboard_core::{ErrorKind, Outcome};
use onboard_engine::{DoctorReport, doctor};

use super::groups::{
    AccountOptions, ConsentOptions, DiscoveringOptions, FleetOptions, OrganizationOptions, RampOptions, TimeOptions,
    TurbotOptions,
};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::render::doctor as render;
use crate::run::{self, Run};
use crate::settings::fleet;
use crate::settings::global::Output;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard doctor --account-id 111122223333 --turbot-id aab
  turbot-onboard doctor --account-id 111122223333 --turbot-id aab --output json | jq '.checks[]'
  turbot-onboard doctor --manifest accounts.csv";

/// Check credentials, rights, reachability and clocks, before anything is changed
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Doctor {
    #[command(flatten)]
    fleet: FleetOptions,
    #[command(flatten)]
    organization: OrganizationOptions,
    #[command(flatten)]
    discovering: DiscoveringOptions,
    #[command(flatten)]
    ramp: RampOptions,
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
        let typed = [
            &self.fleet.0,
            &self.organization.0,
            &self.discovering.0,
            &self.ramp.0,
            &self.account.0,
            &self.consents.0,
            &self.turbot.0,
            &self.times.0,
        ];
        let (global, (part, accounts)) = edge.settle("doctor", &typed, |r| {
            let part = SessionPart::resolve(r, Need::Required);
            let accounts = fleet::accounts(r, part.as_ref());
            let (accounts, settings) = (accounts?, fleet::settings(r));
            Some((part?.for_accounts(&accounts, settings), accounts))
        })?;
        Run::carry(edge, "doctor", &global, part, async |run| {
            let report = match accounts.single() {
                Some(job) => match run.look(&job.wanted, doctor(&run.session, job)).await {
                    Ok(report) => report,
                    Err(account) => return run::say_report(edge, &global, &run.report(vec![*account])),
                },
                None => {
                    let all = run.look_at_all(&accounts, |session, job| async move { doctor(&session, &job).await });
                    DoctorReport::of_fleet(run.id.to_string(), all.await)
                }
            };
            let written = match global.output {
                Output::Json => console::deliver_document(&report),
                Output::Text => console::deliver(&render::text(&report, edge.result_paint(&global))),
            };
            let exit = match &report.accounts {
                Some(_) if run.stop.is_requested() => Exit(ErrorKind::Interrupted.exit_code()),
                Some(all) if all.iter().any(|a| a.failed) && !all.iter().all(|a| a.failed) => {
                    Exit(Outcome::Mixed.exit_code())
                }
                _ if report.failed => Exit(ErrorKind::CheckFailed.exit_code()),
                _ => Exit::DONE,
            };
            exit.after_writing(written)
        })
    }
}
