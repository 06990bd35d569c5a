//! A report for people: what came of each account, why, and what to do next.

use onboard_core::{AccountReport, ErrorReport, ImportState, Leftover, Outcome, Report, StepResult, escaped};

use super::paint::Paint;

/// The whole report of one account, or of few.
pub(crate) fn text(report: &Report, paint: Paint) -> String {
    let mut lines = Vec::new();
    for account in &report.accounts {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(account_lines(account, &report.verb, paint));
    }
    if report.accounts.len() > 1 {
        let counts: Vec<String> = report.summary.outcomes.iter().map(|(name, n)| format!("{n} {name}")).collect();
        lines.push(String::new());
        lines.push(paint.bold(&format!("{} accounts: {}", report.summary.accounts, counts.join(", "))));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// One account: what came of it, and everything that is to be known.
pub(crate) fn account_lines(account: &AccountReport, verb: &str, paint: Paint) -> Vec<String> {
    let said = outcome(account, verb);
    let said = match account.outcome {
        _ if account.error.is_some() && account.exit_code() != 6 => paint.bad(&said),
        Outcome::Pending | Outcome::Differs | Outcome::Skipped => paint.caution(&said),
        _ => paint.good(&said),
    };
    let name = format!("{} as {}", escaped(&account.account_id), escaped(&account.turbot_id));
    let mut lines = vec![format!("{}: {said}", paint.bold(&name))];
    let mut fact = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            lines.push(format!("  {:<13} {}", name, escaped(value)));
        }
    };
    fact("role", account.role_arn.as_deref());
    fact("user", account.user_arn.as_deref());
    fact("access key", account.access_key_id.as_deref());
    fact("external ID", account.external_id.as_deref());
    fact("import", import(account).as_deref());
    fact("maintenance", account.maintenance.as_deref());
    lines.extend(account.differences.iter().flat_map(|difference| {
        [
            format!("  {}", escaped(&difference.what)),
            format!("    wanted  {}", escaped(&difference.wanted)),
            format!("    found   {}", escaped(&difference.found)),
        ]
    }));
    lines.extend(account.steps.iter().filter_map(|step| {
        let how = match step.result {
            StepResult::Done | StepResult::Unchanged => return None,
            StepResult::Failed => "failed",
            StepResult::Undone => "taken back",
            StepResult::Unknown => "outcome unknown",
        };
        Some(format!("  {how}: {} of {}", step.step, escaped(&step.target)))
    }));
    lines.extend(account.warnings.iter().map(|w| format!("  {} {}", paint.caution("warning:"), escaped(w))));
    if let Some(error) = &account.error {
        lines.extend(error_lines(error, paint).into_iter().map(|line| format!("  {line}")));
    }
    if let Some(error) = &account.undo_error {
        lines.push(format!("  {}", paint.bad("what was begun could not be taken back:")));
        lines.extend(error_lines(error, paint).into_iter().map(|line| format!("    {line}")));
    }
    lines.extend(leftovers(account.leftovers.as_deref().unwrap_or_default(), paint));
    lines
}

/// An error with its causes, each once, and the next step last.
pub(crate) fn error_lines(error: &ErrorReport, paint: Paint) -> Vec<String> {
    let mut lines = vec![format!("{} {}", paint.bad("error:"), escaped(&error.message))];
    let mut said = error.message.as_str();
    for cause in &error.causes {
        // Some layers below repeat their cause in their own words: that is not said twice.
        if !said.contains(cause.as_str()) {
            lines.push(format!("  because: {}", escaped(cause)));
        }
        said = cause;
    }
    lines.extend(error.hint.as_ref().map(|hint| format!("{} {}", paint.bold("Hint:"), escaped(hint))));
    lines
}

fn leftovers(leftovers: &[Leftover], paint: Paint) -> Vec<String> {
    let heading = (!leftovers.is_empty()).then(|| format!("  {}", paint.caution("left over:")));
    let each = leftovers.iter().flat_map(|leftover| {
        [
            format!("    {} {}: {}", leftover.kind, escaped(&leftover.id), escaped(&leftover.why)),
            format!("      remove it with: {}", escaped(&leftover.remove_with)),
        ]
    });
    heading.into_iter().chain(each).collect()
}

fn outcome(account: &AccountReport, verb: &str) -> String {
    let text = match account.outcome {
        Outcome::Imported => "imported and verified",
        Outcome::AlreadyImported => "already imported",
        Outcome::Done => match verb {
            "bootstrap" => "ready for the import",
            "cleanup" => "cleaned up",
            _ => "done",
        },
        Outcome::Unchanged => "nothing to do",
        Outcome::Matches => "AWS and Turbot are as wanted",
        Outcome::Differs => "not as wanted",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
        Outcome::Pending => "pending; the outcome is not known yet",
        Outcome::Mixed => "mixed",
        Outcome::Interrupted => match account.import.state {
            ImportState::InFlight | ImportState::Unknown => "interrupted, with an import in flight",
            _ => "interrupted",
        },
        Outcome::Skipped => "skipped",
    };
    text.to_owned()
}

fn import(account: &AccountReport) -> Option<String> {
    let state = match account.import.state {
        ImportState::None => return None,
        ImportState::NotSent => "not sent",
        ImportState::Refused => "refused",
        ImportState::Unknown => "sent, answer unknown",
        ImportState::InFlight => "in flight",
        ImportState::Accepted => "accepted",
    };
    Some(match account.import.requests {
        0 | 1 => state.to_owned(),
        n => format!("{state}, after {n} requests"),
    })
}
