//! What is wrong with the settings, all of it at once.

use onboard_core::escaped;

use super::paint::Paint;
use crate::settings::source::SettingFault;

/// Every fault with its place, then where to read on.
pub(crate) fn faults(faults: &[SettingFault], command: &str, paint: Paint) -> String {
    let heading = match faults {
        [_] => "one setting is wrong; nothing was done".to_owned(),
        _ => format!("{} settings are wrong; nothing was done", faults.len()),
    };
    let mut lines = vec![format!("{} {heading}", paint.bad("error:"))];
    lines.extend(faults.iter().map(|fault| format!("  {}: {}", paint.bold(&fault.place), escaped(&fault.message))));
    lines.push(format!("{} `turbot-onboard {command} --help` lists the options", paint.bold("Hint:")));
    lines.join("\n")
}

/// One line for each warning.
pub(crate) fn warnings(warnings: &[String], paint: Paint) -> Vec<String> {
    warnings.iter().map(|warning| format!("{} {}", paint.caution("warning:"), escaped(warning))).collect()
}
