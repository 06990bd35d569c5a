//! Where the report goes for people: files whose endings say how it is written.

use std::path::PathBuf;

use onboard_core::shown;

use super::resolver::Resolver;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One page.
    Html,
    /// A table.
    Csv,
}

/// A file that a report is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportFile {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
}

/// The files that were given. One that cannot be written later on is no reason not to begin, but is worth a word.
pub(crate) fn files(r: &Resolver<'_>) -> Vec<ReportFile> {
    let files = r.list("report", file).unwrap_or_default();
    for (n, file) in files.iter().enumerate() {
        let name = shown(&file.path.to_string_lossy());
        if files[..n].contains(file) {
            r.fault_of("report", format!("{name} is given twice"));
        }
        let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            r.warn(format!("the report {name} cannot be written: there is no such folder"));
        }
    }
    files
}

fn file(text: &str) -> Result<ReportFile, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let format = match ending.as_deref() {
        Some("html") => Format::Html,
        Some("csv") => Format::Csv,
        _ => return Err(format!("{} ends neither in .html nor in .csv", shown(text))),
    };
    Ok(ReportFile { path, format })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_how() {
        for (name, format) in [
            ("a.html", Some(Format::Html)),
            ("b/c.CSV", Some(Format::Csv)),
            ("a.htm", None),
            ("", None),
            (".html", None),
        ] {
            assert_eq!(file(name).ok().map(|file| file.format), format, "{name}");
        }
    }
}
