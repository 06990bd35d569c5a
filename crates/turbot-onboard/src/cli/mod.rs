//! The command line: one file for each command, its arguments and what it does.

pub(crate) mod groups;
pub(crate) mod options;
pub(crate) mod spec;

mod apply;
mod bootstrap;
mod cleanup;
mod completions;
mod demo;
mod discover;
mod doctor;
mod import;
mod maintenance;
mod man;
mod plan;
mod report;
mod sandbox;
mod schema;
mod template;
mod verify;

use clap::{Parser, Subcommand};

use crate::edge::Edge;
use crate::environment::Environment;
use crate::exit::Exit;
use groups::GlobalOptions;

const ABOUT: &str = "Takes a fresh AWS account to 'imported in Turbot and verified' in one command";

const LONG_ABOUT: &str = "\
Takes a fresh AWS account to 'imported in Turbot and verified' in one command.

In the account it makes an IAM role with AdministratorAccess that Turbot's master account may assume under an external \
ID (or an IAM user with one access key), hands it to Turbot's import, waits until the account shows in the cluster, and \
removes what Turbot no longer needs. A run that was killed is resumed by running the same command again, anywhere.";

const SETTINGS: &str = "\
Settings:
  Every option is also a variable, TURBOT_ONBOARD_<OPTION> in capitals with underscores (several values separated by
  ';', flags as true or false), and most are keys of a configuration file, with underscores. A flag wins over a
  variable, a variable over a manifest's row and its defaults, those over ./turbot-onboard.toml, that over
  ~/.config/turbot-onboard/turbot-onboard.toml.
  Turbot's keys come from TURBOT_ACCESS_KEY and TURBOT_SECRET_KEY, a file or a command, never from an argument.
  AWS credentials are found as by the AWS CLI: AWS_PROFILE, single sign-on, web identity, and so on.

Exit codes:
  0 as asked    2 settings    3 refused before any change    4 AWS    5 Turbot    6 outcome not known yet
  7 accounts differ    8 differences or steps found    130 interrupted    1 anything else

Examples:
  turbot-onboard demo
  turbot-onboard doctor --account-id 111122223333 --turbot-id aab
  turbot-onboard plan --account-id 111122223333 --turbot-id aab
  turbot-onboard apply --account-id 111122223333 --turbot-id aab
  turbot-onboard discover --out accounts.csv
  turbot-onboard apply --manifest accounts.csv --canary 2";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "turbot-onboard",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_long_help = SETTINGS,
    max_term_width = 120,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: GlobalOptions,
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Plan(plan::Plan),
    Apply(apply::Apply),
    Bootstrap(bootstrap::Bootstrap),
    Import(import::Import),
    Verify(verify::Verify),
    Maintenance(maintenance::Maintenance),
    Cleanup(cleanup::Cleanup),
    Doctor(doctor::Doctor),
    Discover(discover::Discover),
    Report(report::ReportCommand),
    Template(template::Template),
    Sandbox(sandbox::SandboxCommand),
    Demo(demo::Demo),
    Completions(completions::Completions),
    Man(man::Man),
    Schema(schema::Schema),
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self, environment: Environment) -> Exit {
        let edge = Edge { environment, folder: std::path::PathBuf::new(), globals: self.globals.0 };
        match self.command {
            Verb::Plan(verb) => verb.run(&edge),
            Verb::Apply(verb) => verb.run(&edge),
            Verb::Bootstrap(verb) => verb.run(&edge),
            Verb::Import(verb) => verb.run(&edge),
            Verb::Verify(verb) => verb.run(&edge),
            Verb::Maintenance(verb) => verb.run(&edge),
            Verb::Cleanup(verb) => verb.run(&edge),
            Verb::Doctor(verb) => verb.run(&edge),
            Verb::Discover(verb) => verb.run(&edge),
            Verb::Report(verb) => verb.run(&edge),
            Verb::Template(verb) => verb.run(&edge),
            Verb::Sandbox(verb) => verb.run(&edge),
            Verb::Demo(verb) => verb.run(&edge),
            Verb::Completions(verb) => verb.run(),
            Verb::Man(verb) => verb.run(),
            Verb::Schema(verb) => verb.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_may_stand_anywhere() {
        for line in [["--yes", "verify", "--output", "json"], ["verify", "--output", "json", "--yes"]] {
            let cli = Cli::try_parse_from(std::iter::once("turbot-onboard").chain(line)).unwrap();
            assert_eq!(cli.globals.0.get("yes"), Some(&["true".to_owned()][..]), "{line:?}");
            assert_eq!(cli.globals.0.get("output"), Some(&["json".to_owned()][..]), "{line:?}");
            assert_eq!(cli.globals.0.get("no-input"), None);
        }
    }
}
