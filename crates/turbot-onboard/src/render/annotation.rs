//! GitHub's annotations: errors that show beside the run, where GitHub runs it. A workflow command's data is escaped by
//! its own rules, so that nothing in it is another command.

use onboard_core::{ErrorReport, Report, escaped};

use crate::environment::Environment;

/// Whether GitHub runs this.
pub(crate) fn wanted(environment: &Environment) -> bool {
    environment.get("GITHUB_ACTIONS") == Some("true")
}

/// One `::error::` for each error of a report.
pub(crate) fn of_report(report: &Report) -> Vec<String> {
    let errors = report.accounts.iter().flat_map(|account| {
        let errors = account.error.iter().chain(&account.undo_error);
        errors.map(|error| of_error(&account.account_id, error))
    });
    errors.collect()
}

fn of_error(account: &str, error: &ErrorReport) -> String {
    let causes = error.causes.iter().map(|cause| format!("\nbecause: {cause}"));
    let hint = error.hint.iter().map(|hint| format!("\nHint: {hint}"));
    let text: String = std::iter::once(error.message.clone()).chain(causes).chain(hint).collect();
    command(&format!("turbot-onboard: {account}"), &text)
}

/// A workflow command: `::error title=...::...`.
pub(crate) fn command(title: &str, text: &str) -> String {
    format!("::error title={}::{}", property(title), data(text))
}

/// Data: percent signs and line ends are encoded; what a terminal would obey is escaped first.
fn data(text: &str) -> String {
    let text = text.split('\n').map(escaped).collect::<Vec<_>>().join("\n");
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value: beside that, what would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_no_command() {
        let line = command("a:b,c::error::", "50%\n::add-mask::x\r\u{1b}[31m");
        assert_eq!(line, "::error title=a%3Ab%2Cc%3A%3Aerror%3A%3A::50%25%0A::add-mask::x\\r\\u{1b}[31m");
        assert_eq!(line.lines().count(), 1);
    }
}
