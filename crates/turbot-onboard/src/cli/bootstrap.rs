//! `bootstrap`: the AWS half alone.

use std::path::Path;

use onboard_core::With;
use onboard_engine::{FileHandOff, HandOff, Job, Nowhere, TextHandOff, bootstrap};

use super::groups::{
    AccountOptions, AdoptOptions, BootstrapOptions, ClaimOptions, ConsentOptions, ReportOptions, TimeOptions,
    TurbotOptions, UndoOptions,
};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;
use crate::settings::wanted;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard bootstrap --account-id 111122223333 --turbot-id aab --handoff aab.json
  turbot-onboard bootstrap --account-id 111122223333 --turbot-id aab --with keys --handoff aab.json
  turbot-onboard bootstrap --account-id 111122223333 --turbot-id aab --yes --handoff - | ssh ...

The file may hold a secret access key: keep it as you keep the key. It is written with mode 0600, never over another.";

/// Do the AWS half alone: make the role or user, and hand its credential over
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Bootstrap {
    #[command(flatten)]
    options: BootstrapOptions,
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

/// Where the credential goes.
#[derive(Debug, PartialEq, Eq)]
enum Handoff {
    Nowhere,
    Output,
    File(String),
}

impl Bootstrap {
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
        let (global, (part, job, handoff)) = edge.settle("bootstrap", &typed, |r| {
            let (wanted, part) = (wanted::resolve(r, None), SessionPart::resolve(r, Need::Optional));
            let aws = wanted::resolve_aws(r);
            let handoff = match r.text("handoff") {
                None => Handoff::Nowhere,
                Some(text) if text == "-" => Handoff::Output,
                Some(text) => Handoff::File(text),
            };
            if handoff == Handoff::Output && console::result_is_seen() {
                r.fault_of("handoff", "a hand-off is not shown at a terminal; give a file, or a pipe behind -");
            }
            if handoff == Handoff::Output && r.choice("output") == Some("json") {
                r.fault_of("handoff", "with --output json standard output carries the report; give a file");
            }
            if handoff == Handoff::Nowhere && wanted.as_ref().is_some_and(|wanted| wanted.with == With::Keys) {
                r.fault_of(
                    "handoff",
                    "a secret key exists once only: say where it goes, --handoff FILE or --handoff -",
                );
            }
            Some((part?.audited(), Job { wanted: wanted?, aws }, handoff))
        })?;
        Run::carry(edge, "bootstrap", &global, part, async |run| {
            let asker = run.asker("Grant this");
            let mut text = TextHandOff::default();
            let mut file = match &handoff {
                Handoff::File(path) => match FileHandOff::create(Path::new(path)) {
                    Ok(file) => Some(file),
                    Err(error) => return run::refuse(&error, edge.talk_paint(&global)),
                },
                Handoff::Nowhere | Handoff::Output => None,
            };
            let hand: &mut dyn HandOff = match (&handoff, &mut file) {
                (Handoff::Output, _) => &mut text,
                (_, Some(file)) => file,
                (_, None) => &mut Nowhere,
            };
            let account = bootstrap(&run.session, &job, &asker, hand).await;
            let report = run.report(vec![account]);
            if handoff != Handoff::Output {
                return run::deliver(edge, &global, &report);
            }
            let exit = run::say_report(edge, &global, &report);
            match text.text() {
                Some(document) => exit.after_writing(console::deliver(&document)),
                None => exit,
            }
        })
    }
}
