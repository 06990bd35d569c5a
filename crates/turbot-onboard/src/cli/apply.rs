//! `apply`: do it, and verify it.

use std::path::Path;

use jiff::Timestamp;
use onboard_core::{ErrorKind, ErrorReport, Wanted, shown};
use onboard_engine::{Job, SavedAccount, SavedPlan, apply};

use super::groups::{
    AccountOptions, AdoptOptions, ApplyOptions, ClaimOptions, ConsentOptions, ReportOptions, TimeOptions,
    TurbotOptions, UndoOptions,
};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::resolver::Resolver;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;
use crate::settings::wanted;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard apply --account-id 111122223333 --turbot-id aab
  turbot-onboard apply --account-id 111122223333 --turbot-id aab --with keys --yes --output json
  turbot-onboard apply --account-id 111122223333 --turbot-id aab --assume-role OrgAccess
  turbot-onboard apply --account-id 111122223333 --turbot-id aab --maintenance full --title 'Data'
  turbot-onboard apply --plan aab.plan --yes";

/// Onboard the account: both halves, and verify the result
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Apply {
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
            let wanted = wanted::resolve(r, saved.as_ref().map(|saved| &saved.wanted));
            let aws = wanted::resolve_aws(r);
            let (part, wanted) = (part?.audited(), wanted?);
            Some(compare(r, &wanted, saved.as_ref()).map(|()| (part, Job { wanted, aws }, saved)))
        })?;
        let (part, job, saved) = settled.map_err(|error| run::refuse(&error, edge.talk_paint(&global)))?;
        Run::carry(edge, "apply", &global, part, async |run| {
            let asker = run.asker("Grant this");
            let account = apply(&run.session, &job, &asker, saved.as_ref()).await;
            run::deliver(edge, &global, &run.report(vec![account]))
        })
    }
}

/// Reads a saved plan of one account, made for the Turbot that is set.
fn open(path: &str, part: &SessionPart) -> Result<SavedAccount, ErrorReport> {
    let unset =
        || ErrorReport::new(ErrorKind::Settings, "a plan is sealed with the Turbot secret key, which is not set");
    let turbot = part.turbot.as_ref().ok_or_else(unset)?;
    let mut plan = SavedPlan::open(Path::new(path), &turbot.secret_key, Timestamp::now())?;
    plan.check_turbot(&turbot.url)?;
    match (plan.accounts.pop(), plan.accounts.is_empty()) {
        (Some(account), true) => Ok(account),
        _ => Err(ErrorReport::new(ErrorKind::Settings, format!("the plan {} is not of one account", shown(path)))),
    }
}

/// Compares what is set here with what the plan was made for: nothing that is given may say otherwise.
fn compare(r: &Resolver<'_>, wanted: &Wanted, saved: Option<&SavedAccount>) -> Result<(), ErrorReport> {
    let Some(saved) = saved.filter(|saved| saved.wanted != *wanted) else {
        return Ok(());
    };
    let (now, then) = (serde_json::to_value(wanted), serde_json::to_value(&saved.wanted));
    let fields = match (&now, &then) {
        (Ok(serde_json::Value::Object(now)), Ok(then)) => {
            now.iter().filter(|(name, value)| then.get(name.as_str()) != Some(value)).map(|(name, _)| name).collect()
        }
        _ => vec![],
    };
    let mut error = ErrorReport::new(ErrorKind::PlanAgain, "the settings are not those the plan was made with");
    for field in fields {
        let option = crate::cli::options::all().find(|spec| spec.key() == *field);
        let place = option.and_then(|spec| r.layers.find(spec.name)).map(|given| format!(" ({})", given.source));
        error = error.because(format!("{field} differs{}", place.unwrap_or_default()));
    }
    Err(error.hint("leave them to the plan, or plan again; nothing was changed"))
}
