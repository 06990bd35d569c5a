//! `man`: the manual, made from the command line itself.

use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use onboard_core::shown;

use crate::console;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard man | man -l -
  turbot-onboard man --dir ~/.local/share/man/man1";

/// Print the manual (roff)
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Man {
    /// Write one page for each command into this folder instead
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self) -> Exit {
        let pages = match pages() {
            Ok(pages) => pages,
            Err(error) => return Exit::DONE.after_writing(Err(error)),
        };
        match &self.dir {
            None => {
                let whole: String = pages.into_iter().map(|(_, page)| page).collect();
                Exit::DONE.after_writing(console::deliver(&whole))
            }
            Some(dir) => match write(dir, &pages) {
                Ok(()) => Exit::DONE,
                Err(error) => {
                    console::say(&format!("error: {} cannot be written: {error}", shown(&dir.display().to_string())));
                    Exit::USAGE
                }
            },
        }
    }
}

/// Each page's name and text: the tool's own, then each command's and their commands'.
fn pages() -> io::Result<Vec<(String, String)>> {
    let mut root = super::Cli::command();
    root.build();
    let mut pages = Vec::new();
    let mut open = vec![(String::new(), root)];
    while let Some((before, command)) = open.pop() {
        let name =
            if before.is_empty() { command.get_name().to_owned() } else { format!("{before}-{}", command.get_name()) };
        let commands: Vec<clap::Command> = command.get_subcommands().cloned().collect();
        open.extend(commands.into_iter().rev().map(|inner| (name.clone(), inner)));
        let mut page = Vec::new();
        clap_mangen::Man::new(command.display_name(name.clone())).title(name.clone()).render(&mut page)?;
        pages.push((name, String::from_utf8_lossy(&page).into_owned()));
    }
    Ok(pages)
}

fn write(dir: &Path, pages: &[(String, String)]) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    pages.iter().try_for_each(|(name, page)| std::fs::write(dir.join(format!("{name}.1")), page))
}
