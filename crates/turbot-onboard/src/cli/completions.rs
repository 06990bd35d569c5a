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
        let script = String::from_utf8_lossy(&script);
        let script = if self.shell == Shell::Bash { reachable(&script) } else { script.into_owned() };
        Exit::DONE.after_writing(console::deliver(&script))
    }
}

/// `clap_complete` 4.6 names a subcommand's state in bash by the command's name with its hyphen replaced in two ways: what
/// is set is `turbot__onboard__subcmd__plan`, what is looked for `turbot__subcmd__onboard__subcmd__plan`, so nothing would
/// complete after a subcommand (clap-rs/clap#6421 and #6529). Here both are made the former.
fn reachable(script: &str) -> String {
    script.replace("turbot__subcmd__onboard__subcmd__", "turbot__onboard__subcmd__")
}
