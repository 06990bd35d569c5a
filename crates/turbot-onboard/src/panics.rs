//! What is said when the program itself is wrong.
//!
//! A panic's message may quote whatever was in hand, a secret or a terminal's escape too: `unwrap` prints the error,
//! `assert_eq` both sides. So a message is shown only where it is a literal of the source; any other is told by the place
//! it comes from.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, Location};

use crate::console;

/// From now on panics say no more than that.
pub(crate) fn say_only_where() {
    panic::set_hook(Box::new(|info| {
        let mut text = said(info.location(), info.payload());
        // Names of functions and files; as ever only where RUST_BACKTRACE asks for it.
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            text = format!("{text}\n{trace}");
        }
        console::say(&text);
    }));
}

fn said(place: Option<&Location<'_>>, message: &(dyn Any + Send)) -> String {
    let place = place.map_or_else(|| "a place that is not known".to_owned(), ToString::to_string);
    let literal = message.downcast_ref::<&'static str>().map(|text| format!(": {text}")).unwrap_or_default();
    format!(
        "error: a fault of turbot-onboard {} at {place}{literal}\n  what is known of the account is in the account: run \
         the same command again to go on",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use onboard_core::{Secret, escaped_lines};

    use super::*;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn told(fault: impl FnOnce() + panic::UnwindSafe) -> String {
        let message = panic::catch_unwind(fault).unwrap_err();
        said(Some(Location::caller()), message.as_ref())
    }

    #[test]
    fn a_message_that_quotes_is_not_shown() {
        let secret = Secret::new(KEY.to_owned());
        let exposed = || secret.expose().to_owned();
        let quoting = [
            told(|| panic!("{}", exposed())),
            told(|| assert_eq!(exposed().parse::<u32>().map_err(|_| exposed()).unwrap(), 1)),
            told(|| assert_eq!(exposed(), "another")),
            told(|| panic::panic_any(exposed())),
            told(|| panic!("\u{1b}]0;{}\u{7}", exposed().len())),
        ];
        for text in quoting {
            assert!(!text.contains(KEY) && !text.contains("wJalr"), "{text}");
            assert_eq!(escaped_lines(&text), text);
            assert!(text.contains("panics.rs:") && text.contains("run the same command again"), "{text}");
        }
        assert!(told(|| panic!("a literal")).contains(": a literal\n"));
    }
}
