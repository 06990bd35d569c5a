//! What `doctor` found, for people.

use onboard_core::escaped;
use onboard_engine::{Check, CheckResult, DoctorReport};

use super::paint::Paint;

/// One line for each check, the next step below it, and the sum of it. Of a fleet's accounts only what is not well.
pub(crate) fn text(report: &DoctorReport, paint: Paint) -> String {
    let mut lines = match &report.accounts {
        None => of_account(report.account_id.as_deref(), report.turbot_id.as_deref(), report.checks.iter(), paint),
        Some(accounts) => accounts
            .iter()
            .flat_map(|account| {
                let unwell = |c: &&Check| matches!(c.result, CheckResult::Failed | CheckResult::Unknown);
                let (id, turbot_id) = (Some(account.account_id.as_str()), Some(account.turbot_id.as_str()));
                of_account(id, turbot_id, account.checks.iter().filter(unwell), paint)
            })
            .collect(),
    };
    let checks = report.checks.iter().chain(report.accounts.iter().flatten().flat_map(|account| &account.checks));
    let failed = checks.filter(|check| check.result == CheckResult::Failed).count();
    lines.push(match failed {
        0 => "No check failed; nothing was changed.".to_owned(),
        1 => paint.bad("1 check failed; nothing was changed."),
        n => paint.bad(&format!("{n} checks failed; nothing was changed.")),
    });
    lines.push(String::new());
    lines.join("\n")
}

fn of_account<'c>(
    account_id: Option<&str>,
    turbot_id: Option<&str>,
    checks: impl Iterator<Item = &'c Check> + Clone,
    paint: Paint,
) -> Vec<String> {
    let name = format!("{} as {}", escaped(account_id.unwrap_or_default()), escaped(turbot_id.unwrap_or_default()));
    let mut lines = vec![paint.bold(&name)];
    let width = checks.clone().map(|check| check.check.len()).max().unwrap_or(0);
    for check in checks {
        let (word, painted) = match check.result {
            CheckResult::Proved => ("proved", paint.good("proved")),
            CheckResult::Likely => ("likely", paint.good("likely")),
            CheckResult::Unknown => ("unknown", paint.caution("unknown")),
            CheckResult::Failed => ("failed", paint.bad("failed")),
        };
        let gap = " ".repeat(7 - word.len());
        lines.push(format!("  {painted}{gap}  {:<width$}  {}", check.check, escaped(&check.message)));
        lines.extend(check.hint.as_ref().map(|hint| format!("           {} {}", paint.bold("Hint:"), escaped(hint))));
    }
    lines
}
