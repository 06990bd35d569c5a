//! `import`: the Turbot half alone.

use std::io::Read as _;
use std::path::Path;

use onboard_core::{ErrorKind, ErrorReport};
use onboard_engine::{OpenHandoff, import};
use zeroize::Zeroizing;

use super::groups::{ImportOptions, ReportOptions, TimeOptions, TurbotOptions};
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::handed::Expected;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard import --handoff aab.json
  turbot-onboard import --handoff - --assume-not-sent --yes < aab.json";

/// The longest hand-off that is read from standard input; the same as of a file.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Do the Turbot half alone: import the accounts of a hand-off
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Import {
    #[command(flatten)]
    options: ImportOptions,
    #[command(flatten)]
    report: ReportOptions,
    #[command(flatten)]
    turbot: TurbotOptions,
    #[command(flatten)]
    times: TimeOptions,
}

impl Import {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        self.carry(edge).unwrap_or_else(|exit| exit)
    }

    fn carry(self, edge: &Edge) -> Result<Exit, Exit> {
        let typed = [&self.options.0, &self.report.0, &self.turbot.0, &self.times.0];
        let (global, (part, path, expected)) = edge.settle("import", &typed, |r| {
            let path = r.required("handoff", |text| Ok::<_, String>(text.to_owned()));
            let expected = Expected::resolve(r);
            Some((SessionPart::resolve(r, Need::Required)?.audited(), path?, expected))
        })?;
        let opened = open(&path).and_then(|handoff| expected.compare(&handoff).map(|()| handoff));
        let mut handoff = opened.map_err(|error| run::refuse(&error, edge.talk_paint(&global)))?;
        Run::carry(edge, "import", &global, part, async |run| {
            let asker = run.asker("Hand this credential to Turbot");
            let accounts = import(&run.session, &mut handoff, &asker).await;
            run::deliver(edge, &global, &run.report(accounts))
        })
    }
}

fn open(path: &str) -> Result<OpenHandoff, ErrorReport> {
    if path != "-" {
        return OpenHandoff::open(Path::new(path));
    }
    let damaged = |why: String| {
        ErrorReport::new(ErrorKind::Settings, "the hand-off on standard input cannot be used").because(why)
    };
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map_err(|error| damaged(error.to_string()))?;
    OpenHandoff::parse(&text).map_err(damaged)
}
