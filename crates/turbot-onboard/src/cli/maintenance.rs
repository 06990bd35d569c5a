//! `maintenance`: the account's maintenance window.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use onboard_core::MaintenanceLevel;
use onboard_engine::{Job, Session, maintenance_set, maintenance_show};

use super::groups::{
    AccountOptions, ConsentOptions, FleetOptions, RampOptions, ReportOptions, TimeOptions, TurbotOptions, Typed,
};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::fleet;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard maintenance show --account-id 111122223333 --turbot-id aab
  turbot-onboard maintenance set full --account-id 111122223333 --turbot-id aab
  turbot-onboard maintenance set check --manifest accounts.csv";

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
    fleet: FleetOptions,
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
    fn typed(&self) -> [&Typed; 7] {
        [&self.fleet.0, &self.ramp.0, &self.report.0, &self.account.0, &self.consents.0, &self.turbot.0, &self.times.0]
    }
}

fn carry(edge: &Edge, command: &'static str, typed: &[&Typed], level: Option<MaintenanceLevel>) -> Result<Exit, Exit> {
    let (global, (part, accounts)) = edge.settle(command, typed, |r| {
        let part = SessionPart::resolve(r, Need::Required);
        let accounts = fleet::accounts(r, part.as_ref());
        let part = if level.is_some() { part?.audited() } else { part? };
        let (accounts, settings) = (accounts?, fleet::settings(r));
        Some((part.for_accounts(&accounts, settings), accounts))
    })?;
    Run::carry(edge, "maintenance", &global, part, async |run| {
        const ACTION: &str = "Set this maintenance window";
        let reports = match (level, accounts.single()) {
            (None, Some(job)) => {
                let shown = run.look(&job.wanted, maintenance_show(&run.session, job)).await;
                vec![shown.unwrap_or_else(|report| *report)]
            }
            (None, None) => {
                run.look_at_all(&accounts, |session, job| async move { maintenance_show(&session, &job).await }).await
            }
            (Some(level), Some(job)) => {
                vec![maintenance_set(&run.session, job, level, &run.asker(ACTION)).await]
            }
            (Some(level), None) => {
                let what = format!("This would set the maintenance window of every account to {}.", level.as_str());
                match run.agree_to(&accounts, ACTION, &what) {
                    Err(reports) => reports,
                    Ok(consent) => {
                        let work = |session: Arc<Session>, job: Job| {
                            let consent = Arc::clone(&consent);
                            async move { maintenance_set(&session, &job, level, &*consent).await }
                        };
                        run.all(&accounts, work).await
                    }
                }
            }
        };
        run::deliver_of(edge, &global, &run.report(reports), &accounts)
    })
}
