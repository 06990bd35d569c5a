//! `bootstrap`: the AWS half alone.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use onboard_core::{ErrorReport, With};
use onboard_engine::{FileHandOff, HandOff, Handed, Job, Planning, Session, TextHandOff, bootstrap};
use zeroize::Zeroizing;

use super::groups::{
    AccountOptions, AdoptOptions, BootstrapOptions, ClaimOptions, ConsentOptions, FleetOptions, RampOptions,
    ReportOptions, TimeOptions, TurbotOptions, UndoOptions,
};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::fleet;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard bootstrap --account-id 111122223333 --turbot-id aab --handoff aab.json
  turbot-onboard bootstrap --account-id 111122223333 --turbot-id aab --with keys --handoff aab.json
  turbot-onboard bootstrap --account-id 111122223333 --turbot-id aab --yes --handoff - | ssh ...
  turbot-onboard bootstrap --manifest accounts.csv --handoff accounts.handoff

The file may hold a secret access key: keep it as you keep the key. It is written with mode 0600, never over another.";

/// Do the AWS half alone: make the role or user, and hand its credential over
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Bootstrap {
    #[command(flatten)]
    fleet: FleetOptions,
    #[command(flatten)]
    ramp: RampOptions,
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
            &self.fleet.0,
            &self.ramp.0,
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
        let (global, (part, accounts, handoff)) = edge.settle("bootstrap", &typed, |r| {
            let part = SessionPart::resolve(r, Need::Optional);
            let accounts = fleet::accounts(r, part.as_ref());
            let settings = fleet::settings(r);
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
            let keys = accounts.as_ref().is_some_and(|all| all.wanted().any(|wanted| wanted.with == With::Keys));
            if handoff == Handoff::Nowhere && keys {
                r.fault_of(
                    "handoff",
                    "a secret key exists once only: say where it goes, --handoff FILE or --handoff -",
                );
            }
            let accounts = accounts?;
            Some((part?.audited().for_accounts(&accounts, settings), accounts, handoff))
        })?;
        Run::carry(edge, "bootstrap", &global, part, async |run| {
            let hand = match &handoff {
                Handoff::Nowhere => Hand::Nowhere,
                Handoff::Output => Hand::Text(TextHandOff::default()),
                Handoff::File(path) => match FileHandOff::create(Path::new(path)) {
                    Ok(file) => Hand::File(file),
                    Err(error) => return run::refuse(&error, edge.talk_paint(&global)),
                },
            };
            let hand = SharedHand(Arc::new(Mutex::new(hand)));
            let reports = match accounts.single() {
                Some(job) => {
                    vec![bootstrap(&run.session, job, &run.asker("Grant this"), &mut hand.clone()).await]
                }
                None => match run.agree(Planning::Bootstrap, &accounts, "Grant this").await {
                    Err(reports) => reports,
                    Ok(consent) => {
                        let work = |session: Arc<Session>, job: Job| {
                            let (consent, mut hand) = (Arc::clone(&consent), hand.clone());
                            async move { bootstrap(&session, &job, &*consent, &mut hand).await }
                        };
                        run.all(&accounts, work).await
                    }
                },
            };
            let report = run.report(reports);
            if handoff != Handoff::Output {
                return run::deliver_of(edge, &global, &report, &accounts);
            }
            let exit = run::say_report(edge, &global, &report);
            match hand.text() {
                Some(document) => exit.after_writing(console::deliver(&document)),
                None => exit,
            }
        })
    }
}

/// Where the credentials go, whichever account they are of.
enum Hand {
    Nowhere,
    Text(TextHandOff),
    File(FileHandOff),
}

/// The same for every account of a fleet.
#[derive(Clone)]
struct SharedHand(Arc<Mutex<Hand>>);

impl SharedHand {
    /// The document for standard output, if anything was handed over.
    fn text(&self) -> Option<Zeroizing<String>> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Hand::Text(text) => text.text(),
            Hand::Nowhere | Hand::File(_) => None,
        }
    }
}

impl HandOff for SharedHand {
    fn give(&mut self, handed: &Handed<'_>) -> Result<(), ErrorReport> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Hand::Nowhere => Ok(()),
            Hand::Text(text) => text.give(handed),
            Hand::File(file) => file.give(handed),
        }
    }
}
