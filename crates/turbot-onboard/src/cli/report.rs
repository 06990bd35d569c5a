//! `report`: report documents as one page or table.

use std::fs::File;
use std::io::Read as _;

use onboard_core::shown;
use onboard_report::Collected;

use super::groups::ReportOptions;
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::render::json;
use crate::report_file;
use crate::settings::global::Output;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard report report.json --report report.html
  turbot-onboard report shards/*.json --report fleet.html --report fleet.csv
  turbot-onboard report monday.json tuesday.json --output json > both.json

Of an account that several documents report, the latest run's result counts.";

/// The longest document that is read: some 100,000 accounts.
const LONGEST: u64 = 512 * 1024 * 1024;

/// Render report documents (`--output json`), several as one
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct ReportCommand {
    /// Report documents, or - for standard input
    #[arg(value_name = "FILE.json", required = true, value_hint = clap::ValueHint::FilePath)]
    documents: Vec<String>,
    #[command(flatten)]
    report: ReportOptions,
}

impl ReportCommand {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        self.carry(edge).unwrap_or_else(|exit| exit)
    }

    fn carry(self, edge: &Edge) -> Result<Exit, Exit> {
        let (global, parts) = edge.settle("report", &[&self.report.0], |r| {
            if self.documents.iter().filter(|name| *name == "-").count() > 1 {
                r.fault("-", "standard input can be read once only");
                return None;
            }
            let mut parts = Vec::with_capacity(self.documents.len());
            for name in &self.documents {
                match read(name) {
                    Ok(part) => parts.push(part),
                    Err(why) => r.fault(if name == "-" { "standard input".to_owned() } else { shown(name) }, why),
                }
            }
            Some(parts)
        })?;
        let collected = Collected::merge(parts);
        let exit = report_file::write_collected(edge, &global, &collected, Exit::DONE);
        let text = match global.output {
            Output::Json => json::document(&collected.document()),
            Output::Text => {
                let outcomes = collected.outcomes();
                let counts: Vec<String> =
                    outcomes.iter().map(|(outcome, n)| format!("{n} {}", outcome.as_str())).collect();
                let said = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
                format!("{} accounts of {} reports: {said}\n", collected.accounts.len(), collected.runs.len())
            }
        };
        Ok(exit.after_writing(console::deliver(&text)))
    }
}

fn read(name: &str) -> Result<Collected, String> {
    let mut text = String::new();
    let read = match name {
        "-" => std::io::stdin().lock().take(LONGEST).read_to_string(&mut text),
        name => File::open(name).and_then(|file| file.take(LONGEST).read_to_string(&mut text)),
    };
    read.map_err(|error| format!("it cannot be read: {error}"))?;
    Collected::parse(&text).map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {}", onboard_core::escaped(&cause.to_string())),
        None => error.to_string(),
    })
}
