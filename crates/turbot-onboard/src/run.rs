//! One run of a verb: the runtime, the signals, the session, and the report at the end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use onboard_core::{AccountReport, ErrorKind, ErrorReport, Report, RunId, Secret, Wanted};
use onboard_engine::{FleetSettings, Session, StopSignal};
use tokio::runtime::Runtime;

use crate::consent::{Asker, Who};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::open_files;
use crate::render::annotation;
use crate::render::paint::Paint;
use crate::render::progress::Progress;
use crate::render::{fleet, report, settings};
use crate::report_file::write_report;
use crate::settings::audit;
use crate::settings::fleet::Accounts;
use crate::settings::global::{Global, Output, Verbosity};
use crate::settings::session::{self, SessionPart};
use crate::signal;

/// How often live lines are drawn anew.
const TICK: Duration = Duration::from_secs(1);

/// How one account is worked on.
const ONE: FleetSettings =
    FleetSettings { concurrency: 1, canary: 0, max_failures: None, imports: FleetSettings::IMPORTS };

/// A run under way.
pub(crate) struct Run {
    pub(crate) session: Arc<Session>,
    /// How a fleet is worked on.
    pub(crate) fleet: FleetSettings,
    pub(crate) started_at: Timestamp,
    pub(crate) turbot_url: Option<String>,
    /// The Turbot secret key, from which a plan's seal is derived.
    pub(crate) secret: Option<Secret>,
    pub(crate) id: RunId,
    verb: &'static str,
    pub(crate) who: Who,
    show_plans: bool,
    pub(crate) paint: Paint,
    progress: Arc<Progress>,
    pub(crate) stop: StopSignal,
}

impl Run {
    /// Begins a run, does the work, and ends the runtime without waiting for anybody who still reads or sleeps.
    ///
    /// # Errors
    /// The exit code, after it was said why there can be no run.
    pub(crate) fn carry<T>(
        edge: &Edge,
        verb: &'static str,
        global: &Global,
        part: SessionPart,
        work: impl AsyncFnOnce(&Self) -> T,
    ) -> Result<T, Exit> {
        let runtime = runtime()?;
        let done = runtime.block_on(Self::within(edge, verb, global, part, work));
        runtime.shutdown_background();
        done
    }

    /// The same within a runtime that is there already.
    ///
    /// # Errors
    /// The exit code, after it was said why there can be no run.
    pub(crate) async fn within<T>(
        edge: &Edge,
        verb: &'static str,
        global: &Global,
        part: SessionPart,
        work: impl AsyncFnOnce(&Self) -> T,
    ) -> Result<T, Exit> {
        let run = Self::begin(edge, verb, global, part)?;
        let ticker = tokio::spawn(tick(Arc::clone(&run.progress)));
        let done = work(&run).await;
        ticker.abort();
        run.progress.clear();
        Ok(done)
    }

    fn begin(edge: &Edge, verb: &'static str, global: &Global, part: SessionPart) -> Result<Self, Exit> {
        crate::traces::begin(global.traces);
        let paint = edge.talk_paint(global);
        if let Some(trouble) = &part.trouble {
            return Err(refuse(trouble, paint));
        }
        let progress = Arc::new(Progress::new(edge.can_draw(), global.verbosity, paint));
        let stop = StopSignal::new();
        if let Err(error) = signal::listen(stop.clone(), Arc::clone(&progress)) {
            console::say(&format!("error: signals cannot be listened for: {error}"));
            return Err(Exit::FAILED);
        }
        let id = session::new_run();
        let turbot_url = part.turbot.as_ref().map(|turbot| turbot.url.clone());
        let secret = part.turbot.as_ref().map(|turbot| turbot.secret_key.duplicate());
        let audit_log = audit::log(part.audited, global.audit_log.as_ref(), &edge.environment, verb)
            .map_err(|error| refuse(&error, paint))?;
        let told = Arc::clone(&progress);
        let fleet = part.fleet.map(|fleet| FleetSettings { concurrency: concurrency(global, paint), ..fleet });
        let session =
            Session::new(part.session(id.clone(), audit_log, Arc::new(move |event| told.event(&event)), stop.clone()))
                .map_err(|error| refuse(&error, paint))?;
        let session = Arc::new(match &fleet {
            Some(settings) => session.of_fleet(settings),
            None => session,
        });
        Ok(Self {
            session,
            fleet: fleet.unwrap_or(ONE),
            started_at: Timestamp::now(),
            turbot_url,
            secret,
            id,
            verb,
            who: Who::choose(global.yes, global.no_input, console::can_ask()),
            show_plans: global.verbosity > Verbosity::Quiet,
            paint,
            progress,
            stop,
        })
    }

    /// Who is asked before something is changed; `action` is what the question names, such as `Grant this`.
    pub(crate) fn asker(&self, action: &'static str) -> Asker {
        Asker {
            who: self.who,
            action,
            show: self.show_plans,
            turbot_url: self.turbot_url.clone(),
            paint: self.paint,
            progress: Arc::clone(&self.progress),
            stop: self.stop.clone(),
        }
    }

    /// A look that changes nothing, dropped when the wish to stop comes.
    ///
    /// # Errors
    /// The account's report: interrupted.
    pub(crate) async fn look<T>(
        &self,
        wanted: &Wanted,
        look: impl Future<Output = T>,
    ) -> Result<T, Box<AccountReport>> {
        self.stop.or(look).await.ok_or_else(|| {
            let mut account = AccountReport::new(wanted.account_id.as_str(), wanted.turbot_id.as_str(), wanted.with);
            account.fail(ErrorReport::new(ErrorKind::Interrupted, "interrupted; nothing was changed"));
            Box::new(account)
        })
    }

    /// The report of this run.
    pub(crate) fn report(&self, mut accounts: Vec<AccountReport>) -> Report {
        if self.stop.is_requested() {
            // Whoever interrupts a question did not answer it.
            for account in
                accounts.iter_mut().filter(|a| a.error.as_ref().is_some_and(|e| e.kind == ErrorKind::Declined))
            {
                account.fail(ErrorReport::new(
                    ErrorKind::Interrupted,
                    "interrupted before an answer; nothing was changed",
                ));
            }
        }
        let started_at = self.started_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Report::new(self.id.to_string(), self.verb, started_at, accounts)
    }
}

/// The runtime of whatever talks to somebody; `--help` does without.
///
/// # Errors
/// The exit code, after it was said why there is none.
pub(crate) fn runtime() -> Result<Runtime, Exit> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        console::say(&format!("error: the system gives no threads or sockets: {error}"));
        Exit::FAILED
    })
}

/// How many accounts are at work at once.
fn concurrency(global: &Global, paint: Paint) -> usize {
    let (accounts, warning) = open_files::accounts_at_once(global.concurrency);
    if global.verbosity > Verbosity::Quiet {
        settings::warnings(warning.as_slice(), paint).iter().for_each(|line| console::say(line));
    }
    accounts
}

async fn tick(progress: Arc<Progress>) {
    let mut interval = tokio::time::interval(TICK);
    loop {
        interval.tick().await;
        progress.tick();
    }
}

/// Says why nothing can be done; the code is the kind's.
pub(crate) fn refuse(error: &ErrorReport, paint: Paint) -> Exit {
    console::say(&report::error_lines(error, paint).join("\n"));
    Exit(error.kind.exit_code())
}

/// Puts the report on standard output, in the form asked for. With JSON, people find the errors on standard error, too.
pub(crate) fn deliver(edge: &Edge, global: &Global, report: &Report) -> Exit {
    deliver_as(edge, global, report, report::text)
}

/// The same, with few words for each account of a fleet.
pub(crate) fn deliver_of(edge: &Edge, global: &Global, report: &Report, accounts: &Accounts) -> Exit {
    deliver_as(edge, global, report, if accounts.fleet { fleet::text } else { report::text })
}

fn deliver_as(edge: &Edge, global: &Global, report: &Report, text: fn(&Report, Paint) -> String) -> Exit {
    annotate(edge, report);
    let written = match global.output {
        Output::Text => console::deliver(&text(report, edge.result_paint(global))),
        Output::Json => {
            say_errors(edge, global, report);
            console::deliver_document(report)
        }
    };
    let exit = Exit(report.summary.exit_code).after_writing(written);
    write_report(edge, global, report, exit)
}

/// The same on standard error as text: for a verb whose result is another document.
pub(crate) fn say_report(edge: &Edge, global: &Global, report: &Report) -> Exit {
    annotate(edge, report);
    if global.verbosity > Verbosity::Quiet {
        console::say(report::text(report, edge.talk_paint(global)).trim_end());
    } else {
        say_errors(edge, global, report);
    }
    write_report(edge, global, report, Exit(report.summary.exit_code))
}

/// Where GitHub runs this, errors show beside the run as well: it reads its commands on standard error, too.
fn annotate(edge: &Edge, report: &Report) {
    if annotation::wanted(&edge.environment) {
        annotation::of_report(report).iter().for_each(|line| console::say(line));
    }
}

/// The errors alone, on standard error.
pub(crate) fn say_errors(edge: &Edge, global: &Global, report: &Report) {
    let paint = edge.talk_paint(global);
    for account in &report.accounts {
        for error in account.error.iter().chain(&account.undo_error) {
            console::say(&format!("{}: {}", account.account_id, report::error_lines(error, paint).join("\n")));
        }
    }
}
