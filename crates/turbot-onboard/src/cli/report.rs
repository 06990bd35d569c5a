//! `report`: report documents as one page or table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use onboard_core::shown;
use onboard_report::Collected;

use super::groups::ReportOptions;
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::report_file;
use crate::settings::global::Output;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard report report.json --report report.html
  turbot-onboard report shards/*.json --report fleet.html --report fleet.csv
  turbot-onboard report monday.json tuesday.json --output json > both.json
  turbot-onboard report results/*/*.json --report fleet.html

Of an account that several documents report, the latest run's result counts. Documents may also be what a Distributed Map
of AWS Step Functions wrote of its children: SUCCEEDED_n.json, FAILED_n.json, PENDING_n.json, a folder for each map run.";

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
            let mut map_runs: BTreeMap<String, Vec<Collected>> = BTreeMap::new();
            for name in &self.documents {
                match read(name) {
                    Ok(Document::Report(part)) => parts.push(part),
                    Ok(Document::MapRun(children)) => map_runs.entry(folder(name)).or_default().extend(children),
                    Err(why) => r.fault(if name == "-" { "standard input".to_owned() } else { shown(name) }, why),
                }
            }
            let map_runs = map_runs.into_iter().map(|(folder, children)| Collected::of_map_run(&folder, children));
            parts.extend(map_runs);
            Some(parts)
        })?;
        let collected = Collected::merge(parts);
        let exit = report_file::write_collected(edge, &global, &collected, Exit::DONE);
        let written = match global.output {
            Output::Json => console::deliver_document(&collected.document()),
            Output::Text => {
                let outcomes = collected.outcomes();
                let counts: Vec<String> =
                    outcomes.iter().map(|(outcome, n)| format!("{n} {}", outcome.as_str())).collect();
                let said = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
                let (accounts, reports) = (collected.accounts.len(), collected.runs.len());
                console::deliver(&format!("{accounts} accounts of {reports} reports: {said}\n"))
            }
        };
        Ok(exit.after_writing(written))
    }
}

/// What a document is.
enum Document {
    /// A report.
    Report(Collected),
    /// The children of a map run.
    MapRun(Vec<Collected>),
}

/// The folder of a map run, which is named after it.
fn folder(name: &str) -> String {
    let folder = Path::new(name).canonicalize().ok();
    let folder = folder.as_deref().and_then(Path::parent).and_then(Path::file_name);
    folder.map_or_else(|| "map-run".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn read(name: &str) -> Result<Document, String> {
    let mut text = String::new();
    let read = match name {
        "-" => std::io::stdin().lock().take(LONGEST).read_to_string(&mut text),
        name => File::open(name).and_then(|file| file.take(LONGEST).read_to_string(&mut text)),
    };
    read.map_err(|error| format!("it cannot be read: {error}"))?;
    let document = match Collected::of_executions(&text) {
        Some(children) => children.map(Document::MapRun),
        None => Collected::parse(&text).map(Document::Report),
    };
    document.map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {}", onboard_core::escaped(&cause.to_string())),
        None => error.to_string(),
    })
}
