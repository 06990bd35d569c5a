//! `plan`: what would be done.

use std::borrow::Borrow;
use std::path::Path;

use onboard_core::{AccountReport, ErrorReport, shown};
use onboard_engine::{Planned, Planning, plan, plan_document, write_plan};
use serde_json::Value;

use super::groups::{
    AccountOptions, AdoptOptions, ConsentOptions, DiscoveringOptions, FleetOptions, OrganizationOptions, PlanOptions,
    RampOptions, TimeOptions, TurbotOptions,
};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::render::fleet as of_fleets;
use crate::render::plan::{self as render, PlanView};
use crate::run::{self, Run};
use crate::settings::fleet::{self, Accounts};
use crate::settings::global::{Global, Output};
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard plan --account-id 111122223333 --turbot-id aab
  turbot-onboard plan --account-id 111122223333 --turbot-id aab --out aab.plan
  turbot-onboard plan --account-id 111122223333 --turbot-id aab --detailed-exitcode --output json
  turbot-onboard plan --manifest accounts.csv --out fleet.plan";

/// Show what would be done, and change nothing
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Plan {
    #[command(flatten)]
    fleet: FleetOptions,
    #[command(flatten)]
    organization: OrganizationOptions,
    #[command(flatten)]
    discovering: DiscoveringOptions,
    #[command(flatten)]
    ramp: RampOptions,
    #[command(flatten)]
    options: PlanOptions,
    #[command(flatten)]
    adopt: AdoptOptions,
    #[command(flatten)]
    account: AccountOptions,
    #[command(flatten)]
    consents: ConsentOptions,
    #[command(flatten)]
    turbot: TurbotOptions,
    #[command(flatten)]
    times: TimeOptions,
}

impl Plan {
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
            &self.adopt.0,
            &self.account.0,
            &self.consents.0,
            &self.turbot.0,
            &self.times.0,
        ];
        let (global, (part, accounts, out, detailed)) = edge.settle("plan", &typed, |r| {
            let part = SessionPart::resolve(r, Need::Required);
            let accounts = fleet::accounts(r, part.as_ref());
            let (out, detailed) = (r.text("out"), r.flag("detailed-exitcode"));
            let (accounts, settings) = (accounts?, fleet::settings(r));
            Some((part?.for_accounts(&accounts, settings), accounts, out, detailed))
        })?;
        Run::carry(edge, "plan", &global, part, async |run| {
            let Some(job) = accounts.single() else {
                return of_fleet(edge, run, &accounts, out.as_deref(), detailed, &global).await;
            };
            let planned = match run.look(&job.wanted, plan(&run.session, job)).await {
                Ok(Ok(planned)) => planned,
                Ok(Err(report)) | Err(report) => return run::deliver(edge, &global, &run.report(vec![*report])),
            };
            let exit = if detailed && !planned.plan.steps.is_empty() { Exit::STEPS } else { Exit::DONE };
            match save(run, std::slice::from_ref(&planned), &[], out.as_deref()) {
                Ok(document) => {
                    let view = PlanView::of(&planned, run.turbot_url.as_deref());
                    exit.after_writing(match global.output {
                        Output::Json => console::deliver_document(&document),
                        Output::Text => console::deliver(&render::text(&view, edge.result_paint(&global))),
                    })
                }
                Err(error) => run::refuse(&error, edge.talk_paint(&global)),
            }
        })
    }
}

/// The document, saved where that was asked.
fn save<P: Borrow<Planned>>(
    run: &Run,
    planned: &[P],
    unplanned: &[AccountReport],
    out: Option<&str>,
) -> Result<Value, ErrorReport> {
    let url = run.turbot_url.as_deref().unwrap_or_default();
    let secret = run.secret.as_ref();
    let document =
        secret.map(|secret| plan_document(planned, unplanned, url, run.started_at, secret)).unwrap_or_default();
    if let Some(out) = out {
        write_plan(Path::new(out), &document)?;
        let without = match unplanned.len() {
            0 => String::new(),
            left_out => format!(" without {} that cannot be planned", of_fleets::accounts(left_out)),
        };
        console::say(&format!(
            "The plan is saved as {}{without}; `apply --plan` carries it out within 24 hours.",
            shown(out)
        ));
    }
    Ok(document)
}

/// The plan of those accounts that can be planned; why the others cannot is said, and counts for the exit code.
async fn of_fleet(
    edge: &Edge,
    run: &Run,
    accounts: &Accounts,
    out: Option<&str>,
    detailed: bool,
    global: &Global,
) -> Exit {
    let plans = run.plan_all(Planning::Apply, accounts).await;
    let text = match global.output {
        Output::Json => String::new(),
        Output::Text => of_fleets::plans(&plans, run.turbot_url.as_deref(), edge.result_paint(global)),
    };
    let (mut planned, mut unplanned, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for plan in plans {
        match plan {
            Ok(one) => {
                // An account that is planned counts as one that came out as asked.
                reports.push(AccountReport::new(
                    one.wanted.account_id.as_str(),
                    one.wanted.turbot_id.as_str(),
                    one.wanted.with,
                ));
                planned.push(one);
            }
            Err(report) => {
                unplanned.push((*report).clone());
                reports.push(*report);
            }
        }
    }
    let report = run.report(reports);
    if planned.is_empty() {
        return run::deliver_of(edge, global, &report, accounts);
    }
    let document = match save(run, &planned, &unplanned, out) {
        Ok(document) => document,
        Err(error) => return run::refuse(&error, edge.talk_paint(global)),
    };
    if global.output == Output::Json {
        run::say_errors(edge, global, &report);
    }
    let steps = planned.iter().any(|one| !one.plan.steps.is_empty());
    let exit = match report.summary.exit_code {
        0 if detailed && steps => Exit::STEPS,
        code => Exit(code),
    };
    exit.after_writing(match global.output {
        Output::Json => console::deliver_document(&document),
        Output::Text => console::deliver(&text),
    })
}
