//! What is wrong with the settings, all of it at once.

use onboard_core::escaped;

use super::paint::Paint;
use crate::settings::source::SettingFault;

/// Every fault with its place, then where to read on.
pub(crate) fn faults(faults: &[SettingFault], command: &str, paint: Paint) -> String {
    let mut lines = vec![format!("{} {}", paint.bad("error:"), heading(faults))];
    lines.extend(faults.iter().map(|fault| format!("  {}: {}", paint.bold(&fault.place), escaped(&fault.message))));
    lines.push(format!("{} `turbot-onboard {command} --help` lists the options", paint.bold("Hint:")));
    lines.join("\n")
}

/// How many there are.
pub(crate) fn heading(faults: &[SettingFault]) -> String {
    match faults {
        [_] => "one setting is wrong; nothing was done".to_owned(),
        _ => format!("{} settings are wrong; nothing was done", faults.len()),
    }
}

/// One line for each warning.
pub(crate) fn warnings(warnings: &[String], paint: Paint) -> Vec<String> {
    warnings.iter().map(|warning| format!("{} {}", paint.caution("warning:"), escaped(warning))).collect()
}
