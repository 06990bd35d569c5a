//! Where the tool meets its surroundings: what was typed, the environment, the working folder.

use std::path::PathBuf;

use crate::cli::groups::Typed;
use crate::console;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::render::annotation;
use crate::render::paint::Paint;
use crate::render::settings as render;
use crate::settings::global::{Global, Verbosity};
use crate::settings::layers::Layers;
use crate::settings::resolver::Resolver;
use crate::settings::source::SettingFault;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) environment: Environment,
    /// The working folder; empty stands for the process's own.
    pub(crate) folder: PathBuf,
    /// The options of every command, as typed.
    pub(crate) globals: Typed,
}

impl Edge {
    /// Resolves a command's settings. What is wrong with them is said, all at once.
    ///
    /// # Errors
    /// The exit code, after everything was said.
    pub(crate) fn settle<T>(
        &self,
        command: &str,
        typed: &[&Typed],
        resolve: impl FnOnce(&Resolver<'_>) -> Option<T>,
    ) -> Result<(Global, T), Exit> {
        let typed = Typed::join(typed.iter().copied().chain([&self.globals]));
        let mut faults = Vec::new();
        let layers = Layers::read(typed, &self.environment, &self.folder, &mut faults);
        self.resolve(command, &layers, faults, resolve)
    }

    /// The same from flags alone: no variable, configuration file or key is read.
    ///
    /// # Errors
    /// The exit code, after everything was said.
    pub(crate) fn settle_from_flags<T>(
        &self,
        command: &str,
        resolve: impl FnOnce(&Resolver<'_>) -> Option<T>,
    ) -> Result<(Global, T), Exit> {
        let environment = self.environment.of_appearance();
        self.resolve(command, &Layers::of_flags(self.globals.clone(), &environment), Vec::new(), resolve)
    }

    fn resolve<T>(
        &self,
        command: &str,
        layers: &Layers<'_>,
        faults: Vec<SettingFault>,
        resolve: impl FnOnce(&Resolver<'_>) -> Option<T>,
    ) -> Result<(Global, T), Exit> {
        let resolver = Resolver::new(layers, faults);
        let global = Global::resolve(&resolver);
        let resolved = resolve(&resolver);
        let (faults, warnings) = resolver.finish();
        let paint = self.talk_paint(&global);
        if global.verbosity > Verbosity::Quiet {
            render::warnings(&warnings, paint).iter().for_each(|line| console::say(line));
        }
        match resolved {
            Some(resolved) if faults.is_empty() => Ok((global, resolved)),
            _ => {
                console::say(&render::faults(&faults, command, paint));
                if annotation::wanted(&self.environment) {
                    for fault in &faults {
                        let title = format!("turbot-onboard: {}", fault.place);
                        console::say(&annotation::command(&title, &fault.message));
                    }
                }
                Err(Exit::USAGE)
            }
        }
    }

    /// The colours of standard error.
    pub(crate) fn talk_paint(&self, global: &Global) -> Paint {
        Paint::choose(global.color, &self.environment, console::talk_is_seen())
    }

    /// The colours of the result.
    pub(crate) fn result_paint(&self, global: &Global) -> Paint {
        Paint::choose(global.color, &self.environment, console::result_is_seen())
    }

    /// Whether live lines can be drawn on standard error.
    pub(crate) fn can_draw(&self) -> bool {
        console::talk_is_seen() && self.environment.get("TERM").is_some_and(|term| term != "dumb")
    }
}
