//! `plan`: what would be done.

use std::path::Path;

use onboard_core::shown;
use onboard_engine::{Job, Planned, plan, plan_document, write_plan};

use super::groups::{AccountOptions, AdoptOptions, ConsentOptions, PlanOptions, TimeOptions, TurbotOptions};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::render::plan::{self as render, PlanView};
use crate::render::{json, paint::Paint};
use crate::run::{self, Run};
use crate::settings::global::Output;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;
use crate::settings::wanted;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard plan --account-id 111122223333 --turbot-id aab
  turbot-onboard plan --account-id 111122223333 --turbot-id aab --out aab.plan
  turbot-onboard plan --account-id 111122223333 --turbot-id aab --detailed-exitcode --output json";

/// Show what would be done, and change nothing
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Plan {
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
        let typed = [&self.options.0, &self.adopt.0, &self.account.0, &self.consents.0, &self.turbot.0, &self.times.0];
        let (global, (part, job, out, detailed)) = edge.settle("plan", &typed, |r| {
            let (wanted, part) = (wanted::resolve(r, None), SessionPart::resolve(r, Need::Required));
            let aws = wanted::resolve_aws(r);
            let (out, detailed) = (r.text("out"), r.flag("detailed-exitcode"));
            Some((part?, Job { wanted: wanted?, aws }, out, detailed))
        })?;
        Run::carry(edge, "plan", &global, part, async |run| {
            let planned = match run.look(&job.wanted, plan(&run.session, &job)).await {
                Ok(Ok(planned)) => planned,
                Ok(Err(report)) | Err(report) => return run::deliver(edge, &global, &run.report(vec![*report])),
            };
            let exit = if detailed && !planned.plan.steps.is_empty() { Exit::STEPS } else { Exit::DONE };
            match show(run, &planned, out.as_deref(), global.output, edge.result_paint(&global)) {
                Ok(text) => exit.after_writing(console::deliver(&text)),
                Err(error) => run::refuse(&error, edge.talk_paint(&global)),
            }
        })
    }
}

/// The result's text, after the plan was saved where that was asked.
fn show(
    run: &Run,
    planned: &Planned,
    out: Option<&str>,
    output: Output,
    paint: Paint,
) -> Result<String, onboard_core::ErrorReport> {
    let url = run.turbot_url.as_deref().unwrap_or_default();
    let document = run
        .secret
        .as_ref()
        .map(|secret| plan_document(std::slice::from_ref(planned), url, run.started_at, secret))
        .unwrap_or_default();
    if let Some(out) = out {
        write_plan(Path::new(out), &document)?;
        console::say(&format!("The plan is saved as {}; `apply --plan` carries it out within 24 hours.", shown(out)));
    }
    Ok(match output {
        Output::Json => json::document(&document),
        Output::Text => render::text(&PlanView::of(planned, run.turbot_url.as_deref()), paint),
    })
}
