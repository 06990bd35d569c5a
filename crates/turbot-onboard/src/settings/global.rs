//! What every command wants to know: how to speak, whether to ask.

use std::path::PathBuf;

use super::report::ReportFile;
use super::resolver::{Resolver, truth};
use super::{audit, report};

/// The form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// How much is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors and warnings.
    Quiet,
    /// Steps and waits, too.
    Normal,
    /// Whatever is noted on the way, too.
    Verbose,
}

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// At a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` forces them.
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// The options of every command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Global {
    pub(crate) yes: bool,
    pub(crate) no_input: bool,
    pub(crate) output: Output,
    pub(crate) verbosity: Verbosity,
    /// How often `-v` was given beyond the first: 1 traces this tool's own crates, 2 the libraries below as well.
    pub(crate) traces: u32,
    pub(crate) color: Color,
    /// `--audit-log`; without it there is a default place.
    pub(crate) audit_log: Option<PathBuf>,
    pub(crate) concurrency: usize,
    /// `--report`: where the report goes besides standard output.
    pub(crate) reports: Vec<ReportFile>,
}

impl Global {
    /// Resolves them; what is wrong is kept by the resolver and replaced by the default meanwhile.
    pub(crate) fn resolve(r: &Resolver<'_>) -> Self {
        let quiet = r.flag("quiet");
        let verbose = r.parsed("verbose", |text| match truth(text) {
            Ok(on) => Ok(u32::from(on)),
            Err(_) => text.parse::<u32>().map_err(|_| format!("{} is not how often", onboard_core::shown(text))),
        });
        let times = verbose.unwrap_or(0);
        let verbose = times > 0;
        if quiet && verbose {
            r.fault_of("quiet", "quiet and verbose exclude each other");
        }
        Self {
            yes: r.flag("yes"),
            no_input: r.flag("no-input"),
            output: if r.choice("output") == Some("json") { Output::Json } else { Output::Text },
            verbosity: match (quiet, verbose) {
                (true, _) => Verbosity::Quiet,
                (_, true) => Verbosity::Verbose,
                _ => Verbosity::Normal,
            },
            traces: times.saturating_sub(1),
            color: match r.choice("color") {
                Some("always") => Color::Always,
                Some("never") => Color::Never,
                _ => Color::Auto,
            },
            audit_log: audit::given(r),
            concurrency: r.number("concurrency", 1, 1000).and_then(|n| usize::try_from(n).ok()).unwrap_or(16),
            reports: report::files(r),
        }
    }
}
