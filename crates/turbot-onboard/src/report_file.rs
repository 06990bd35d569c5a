//! Report files: a new file of mode 0600 takes the old one's place, whole or not at all, and no link is followed.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use onboard_core::{Report, escaped, shown};
use onboard_report::Collected;

use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::settings::global::{Global, Verbosity};
use crate::settings::report::{Format, ReportFile};

/// Writes the report of a run to the files asked for. One that cannot be written is a failure of its own, but hides no
/// other.
pub(crate) fn write_report(edge: &Edge, global: &Global, report: &Report, exit: Exit) -> Exit {
    // A variable names the file for every verb; these two are about something else than a report.
    if global.reports.is_empty() || matches!(report.verb.as_str(), "plan" | "doctor") {
        return exit;
    }
    match Collected::of_report(report) {
        Ok(collected) => write_collected(edge, global, &collected, exit),
        Err(error) => failed(edge, global, exit, &format!("the report cannot be rendered: {error}")),
    }
}

/// The same of what was read from files.
pub(crate) fn write_collected(edge: &Edge, global: &Global, collected: &Collected, exit: Exit) -> Exit {
    global.reports.iter().fold(exit, |exit, file| {
        let name = shown(&file.path.to_string_lossy());
        let rendered = match file.format {
            Format::Html => onboard_report::page(collected).map_err(io::Error::other),
            Format::Csv => onboard_report::table(collected).map_err(io::Error::other),
        };
        match rendered.and_then(|text| replace(file, &text)) {
            Ok(()) => {
                if global.verbosity > Verbosity::Quiet {
                    console::say(&format!("The report is written to {name}."));
                }
                exit
            }
            Err(error) => failed(edge, global, exit, &format!("the report {name} cannot be written: {error}")),
        }
    })
}

fn failed(edge: &Edge, global: &Global, exit: Exit, why: &str) -> Exit {
    let paint = edge.talk_paint(global);
    console::say(&format!("{} {}", paint.caution("warning:"), escaped(why)));
    if exit == Exit::DONE { Exit::FAILED } else { exit }
}

fn replace(file: &ReportFile, text: &str) -> io::Result<()> {
    let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.{}", std::process::id(), uuid::Uuid::new_v4().simple()));
    let beside = folder.join(beside);
    written(&beside, text).and_then(|()| fs::rename(&beside, &file.path)).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })?;
    fs::File::open(folder)?.sync_all()
}

fn written(beside: &PathBuf, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    // Whatever the umask: the owner can read it.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
