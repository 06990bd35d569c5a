//! `maintenance`: the account's maintenance window.

use clap::{Subcommand, ValueEnum};
use onboard_core::MaintenanceLevel;
use onboard_engine::{Job, maintenance_set, maintenance_show};

use super::groups::{AccountOptions, ConsentOptions, ReportOptions, TimeOptions, TurbotOptions, Typed};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;
use crate::settings::wanted;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard maintenance show --account-id 111122223333 --turbot-id aab
  turbot-onboard maintenance set full --account-id 111122223333 --turbot-id aab";

/// Show or set the account's maintenance window in Turbot
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Maintenance {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Show(Show),
    Set(Set),
}

/// Show the maintenance window in force
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
struct Show {
    #[command(flatten)]
    options: Options,
}

/// Set the maintenance window, and read it back
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
struct Set {
    /// What Turbot may do in the account
    #[arg(value_name = "LEVEL")]
    level: Level,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    /// Nothing is created ("No changes")
    NoChanges,
    /// Check mode ("Forced changes")
    Check,
    /// Everything, at any time ("Anytime")
    Full,
}

impl From<Level> for MaintenanceLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::NoChanges => Self::NoChanges,
            Level::Check => Self::Check,
            Level::Full => Self::Full,
        }
    }
}

#[derive(Debug, clap::Args)]
struct Options {
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

impl Maintenance {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        match self.what {
            What::Show(show) => carry(edge, "maintenance show", &show.options.typed(), None),
            What::Set(set) => carry(edge, "maintenance set", &set.options.typed(), Some(set.level.into())),
        }
        .unwrap_or_else(|exit| exit)
    }
}

impl Options {
    fn typed(&self) -> [&Typed; 5] {
        [&self.report.0, &self.account.0, &self.consents.0, &self.turbot.0, &self.times.0]
    }
}

fn carry(edge: &Edge, command: &'static str, typed: &[&Typed], level: Option<MaintenanceLevel>) -> Result<Exit, Exit> {
    let (global, (part, job)) = edge.settle(command, typed, |r| {
        let (wanted, part) = (wanted::resolve(r, None), SessionPart::resolve(r, Need::Required));
        let aws = wanted::resolve_aws(r);
        let part = if level.is_some() { part?.audited() } else { part? };
        Some((part, Job { wanted: wanted?, aws }))
    })?;
    Run::carry(edge, "maintenance", &global, part, async |run| {
        let account = match level {
            None => {
                let shown = run.look(&job.wanted, maintenance_show(&run.session, &job)).await;
                shown.unwrap_or_else(|report| *report)
            }
            Some(level) => {
                let asker = run.asker("Set this maintenance window");
                maintenance_set(&run.session, &job, level, &asker).await
            }
        };
        run::deliver(edge, &global, &run.report(vec![account]))
    })
}
