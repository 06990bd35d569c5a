//! The same facts as CSV (RFC 4180), for spreadsheets: a row for each account.

use onboard_core::{ImportState, With, escaped};

use crate::account::{Account, Failure};
use crate::collected::Collected;
use crate::payload::result;
use crate::phase::Phase;

const BEFORE: [&str; 25] = [
    "account_id",
    "turbot_id",
    "title",
    "outcome",
    "with",
    "error_kind",
    "error",
    "causes",
    "next_step",
    "undo_error",
    "warnings",
    "differences",
    "leftovers",
    "remove_with",
    "role_arn",
    "user_arn",
    "access_key_id",
    "external_id",
    "import_state",
    "import_requests",
    "maintenance",
    "run",
    "run_started_at",
    "offset_millis",
    "millis",
];

/// The table of what was collected: the columns named by the first row. Several values in one cell stand on lines of
/// their own. Where a spreadsheet would take a text for a formula it begins with an apostrophe.
///
/// # Errors
/// There is no memory left.
pub fn table(collected: &Collected) -> Result<String, csv::Error> {
    let mut out = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::NonNumeric)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let phases = Phase::ALL.map(|phase| format!("{}_millis", phase.key()));
    out.write_record(BEFORE.iter().copied().chain(phases.iter().map(String::as_str)).chain(["steps"]))?;
    for (run, account) in &collected.accounts {
        let run = collected.runs.get(*run);
        out.write_record(row(
            account,
            run.map_or("", |run| &run.id),
            &run.map_or_else(String::new, |r| r.started_at.to_string()),
        ))?;
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(account: &Account, run: &str, started_at: &str) -> Vec<String> {
    let maybe = |value: &Option<String>| value.as_deref().map(text).unwrap_or_default();
    let error = account.error.as_ref();
    let of_error = |of: fn(&Failure) -> String| error.map(of).unwrap_or_default();
    let mut row = vec![
        text(&account.account_id),
        text(&account.turbot_id),
        maybe(&account.title),
        account.outcome.as_str().to_owned(),
        with(account.with).to_owned(),
        of_error(|error| error.kind.as_str().to_owned()),
        of_error(|error| text(&error.message)),
        of_error(|error| lines(error.causes.iter().map(String::as_str))),
        of_error(|error| error.hint.as_deref().map(text).unwrap_or_default()),
        account.undo_error.as_ref().map(|error| text(&error.message)).unwrap_or_default(),
        lines(account.warnings.iter().map(String::as_str)),
        lines(account.differences.iter().map(|d| format!("{}: wanted {}, found {}", d.what, d.wanted, d.found))),
        account.leftovers.as_ref().map_or_else(
            || "not looked".to_owned(),
            |left| lines(left.iter().map(|l| format!("{} {}: {}", l.kind, l.id, l.why))),
        ),
        lines(account.left().iter().map(|l| l.remove_with.as_str())),
        maybe(&account.role_arn),
        maybe(&account.user_arn),
        maybe(&account.access_key_id),
        maybe(&account.external_id),
        import(account.import.state).to_owned(),
        account.import.requests.to_string(),
        maybe(&account.maintenance),
        text(run),
        started_at.to_owned(),
        account.offset_millis.to_string(),
        account.took().to_string(),
    ];
    row.extend(account.by_phase().map(|millis| millis.to_string()));
    let steps = account.steps.iter();
    row.push(lines(steps.map(|s| format!("{} of {}: {}, {} ms", s.step, s.target, result(s.result), s.millis))));
    row
}

fn with(with: With) -> &'static str {
    match with {
        With::Role => "role",
        With::Keys => "keys",
    }
}

fn import(state: ImportState) -> &'static str {
    match state {
        ImportState::None => "none",
        ImportState::NotSent => "not-sent",
        ImportState::Refused => "refused",
        ImportState::Unknown => "unknown",
        ImportState::InFlight => "in-flight",
        ImportState::Accepted => "accepted",
    }
}

fn lines(values: impl Iterator<Item = impl AsRef<str>>) -> String {
    values.map(|value| text(value.as_ref())).collect::<Vec<_>>().join("\n")
}

/// A text that no spreadsheet takes for a formula, whether cells end at commas or, as in much of Europe, at semicolons,
/// where the quotes around a cell that began elsewhere do not count.
fn text(value: &str) -> String {
    let value = escaped(value);
    let mut out = String::with_capacity(value.len() + 1);
    let mut begins = true;
    for c in value.chars() {
        if begins && matches!(c, '=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠') {
            out.push('\'');
        }
        begins = c == ';' || (begins && (c.is_whitespace() || matches!(c, '"' | '\'')));
        out.push(c);
    }
    out
}
