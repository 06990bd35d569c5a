//! What `doctor` found, for people.

use onboard_core::escaped;
use onboard_engine::{CheckResult, DoctorReport};

use super::paint::Paint;

/// One line for each check, the next step below it, and the sum of it.
pub(crate) fn text(report: &DoctorReport, paint: Paint) -> String {
    let name = format!("{} as {}", escaped(&report.account_id), escaped(&report.turbot_id));
    let mut lines = vec![paint.bold(&name)];
    let width = report.checks.iter().map(|check| check.check.len()).max().unwrap_or(0);
    for check in &report.checks {
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
    let failed = report.checks.iter().filter(|check| check.result == CheckResult::Failed).count();
    lines.push(match failed {
        0 => "No check failed; nothing was changed.".to_owned(),
        1 => paint.bad("1 check failed; nothing was changed."),
        n => paint.bad(&format!("{n} checks failed; nothing was changed.")),
    });
    lines.push(String::new());
    lines.join("\n")
}
