//! The command `turbot-onboard`: arguments, settings, rendering, signals and exit codes.
//!
//! Whatever it does is done by the engine; this crate is the only one that reads the command line and prints. Its
//! settings serve other programs, too: [`headless`].

mod cli;
mod consent;
mod console;
mod edge;
mod environment;
mod exit;
mod fleet;
#[cfg(test)]
mod fuzz;
pub mod headless;
mod open_files;
mod panics;
mod render;
mod report_file;
mod run;
mod schema;
mod settings;
mod signal;
mod template;
mod traces;

use std::process::ExitCode;

use clap::Parser as _;

/// The whole program. To be called from `main`, before any thread is started: the first thing it does is to take the
/// Turbot keys out of the environment.
#[must_use]
pub fn run() -> ExitCode {
    panics::say_only_where();
    let environment = environment::take();
    match cli::Cli::try_parse() {
        Ok(cli) => cli.run(environment).into(),
        Err(error) => {
            // Help and version go to standard output, wrong usage to standard error; whoever closed either does not care.
            if !error.use_stderr() {
                let _ = error.print();
                return exit::Exit::DONE.into();
            }
            let text = error.to_string();
            // Plain where an argument has something in it that a terminal would obey: the message repeats it.
            if onboard_core::escaped_lines(&text) == text {
                let _ = error.print();
            } else {
                console::say(onboard_core::escaped_lines(&text).trim_end());
            }
            exit::Exit::USAGE.into()
        }
    }
}
