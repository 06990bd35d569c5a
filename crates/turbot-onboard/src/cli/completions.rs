//! `completions`: for the shells people use.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::console;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard completions bash > ~/.local/share/bash-completion/completions/turbot-onboard
  turbot-onboard completions zsh > ~/.zfunc/_turbot-onboard
  turbot-onboard completions fish > ~/.config/fish/completions/turbot-onboard.fish";

/// Print a shell's completions
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "turbot-onboard", &mut script);
        Exit::DONE.after_writing(console::deliver(&String::from_utf8_lossy(&script)))
    }
}
