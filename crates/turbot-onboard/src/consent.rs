//! The question before something is changed.

use std::io::{BufRead as _, Write as _};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use onboard_core::{Credential, Step, Wanted, escaped, shown};
use onboard_engine::{Answer, Consent, HandedAccount, Planned, StopSignal};

use crate::render::paint::Paint;
use crate::render::plan::{self, PlanView};
use crate::render::progress::Progress;

/// How often the wish to stop is looked at while somebody thinks.
const LOOK: Duration = Duration::from_millis(50);

/// Who gives consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// `--yes` was given.
    Yes,
    /// Somebody sits at the terminal.
    Terminal,
    /// There is nobody to ask.
    Nobody,
}

impl Who {
    /// By `--yes`, else whoever is at the terminal, unless `--no-input` says not to ask.
    pub(crate) fn choose(yes: bool, no_input: bool, terminal: bool) -> Self {
        match (yes, terminal && !no_input) {
            (true, _) => Self::Yes,
            (false, true) => Self::Terminal,
            (false, false) => Self::Nobody,
        }
    }
}

/// Shows the plan on standard error, then asks.
pub(crate) struct Asker {
    pub(crate) who: Who,
    /// What is asked about, such as `Grant this`.
    pub(crate) action: &'static str,
    /// Whether the plan is shown although nobody is asked.
    pub(crate) show: bool,
    pub(crate) turbot_url: Option<String>,
    pub(crate) paint: Paint,
    pub(crate) progress: Arc<Progress>,
    pub(crate) stop: StopSignal,
}

impl Consent for Asker {
    fn ask(&self, planned: &Planned) -> Answer {
        let view = PlanView::of(planned, self.turbot_url.as_deref());
        let question = format!("{} in AWS account {}?", self.action, plan::account(&view));
        self.put(plan::text(&view, self.paint).trim_end(), &question)
    }

    fn ask_import(&self, account: &HandedAccount) -> Answer {
        let credential = match &account.credential {
            Credential::Role { arn, .. } => format!("the role {arn}"),
            Credential::Keys { id, .. } => format!("the access key {id}"),
        };
        let lines = format!(
            "Turbot{} imports AWS account {} as {} with the title {}, {}, with {credential}, and is asked {} afterwards.",
            self.turbot_url.as_ref().map(|url| format!(" at {}", escaped(url))).unwrap_or_default(),
            account.account_id,
            account.cluster_id.account_urn(&account.turbot_id),
            shown(&account.title),
            if account.check_mode { "in check mode" } else { "not in check mode" },
            if account.delete_credential { "to delete it" } else { "to leave it as it is" },
        );
        self.put(&lines, &format!("{} for AWS account {}?", self.action, account.account_id))
    }

    fn ask_maintenance(&self, wanted: &Wanted, step: &Step) -> Answer {
        let lines = format!("This would {}.", escaped(&step.sentence()));
        self.put(&lines, &format!("{} for AWS account {}?", self.action, wanted.account_id))
    }
}

impl Asker {
    /// Shows what is to be done, and asks whoever can be asked.
    pub(crate) fn put(&self, lines: &str, question: &str) -> Answer {
        if self.show || self.who == Who::Terminal {
            self.progress.say(lines);
        }
        match self.who {
            Who::Yes => Answer::Yes,
            Who::Nobody => Answer::CannotAsk,
            Who::Terminal => {
                // The answer may take long: other work of this thread is moved elsewhere meanwhile.
                let answer = tokio::task::block_in_place(|| self.progress.pause(|| self.hear(question)));
                if answer.as_deref().is_some_and(is_yes) { Answer::Yes } else { Answer::No }
            }
        }
    }

    /// The line that is typed; nothing at the end of input, or when the wish to stop comes first.
    fn hear(&self, question: &str) -> Option<String> {
        let mut talk = std::io::stderr().lock();
        let _ = write!(talk, "{} [y/N] ", self.paint.bold(question)).and_then(|()| talk.flush());
        drop(talk);
        let (said, heard) = mpsc::channel();
        // A read from a terminal cannot be called off; the thread ends with the line, or with the process.
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            let _ = said.send(read.ok().filter(|length| *length > 0).map(|_| line));
        });
        loop {
            match heard.recv_timeout(LOOK) {
                Ok(line) => return line,
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(mpsc::RecvTimeoutError::Timeout) if self.stop.is_requested() => return None,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_then_a_terminal_then_nobody() {
        assert_eq!(Who::choose(true, true, false), Who::Yes);
        assert_eq!(Who::choose(false, false, true), Who::Terminal);
        assert_eq!(Who::choose(false, true, true), Who::Nobody);
        assert_eq!(Who::choose(false, false, false), Who::Nobody);
    }

    #[test]
    fn only_yes_is_yes() {
        for yes in ["y\n", "Yes\r\n", " YES "] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yes please\n", "ja\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
