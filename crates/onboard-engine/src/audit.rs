//! The audit log: evidence of every external effect, before and after it. Never an input.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use onboard_core::{ErrorKind, ErrorReport, RunId, escaped};
use serde::Serialize;
use serde_json::Value;

/// The schema that every record names.
pub const AUDIT_SCHEMA: &str = "turbot-onboard/audit/1";
/// The longest foreign text a record repeats, in characters: a line stays one write, and a page no log.
const LONGEST: usize = 1000;

/// Where the records go, and what they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLog {
    /// Where.
    pub place: AuditPlace,
    /// The verb that every record names.
    pub verb: &'static str,
}

/// Where the records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditPlace {
    /// A file; it is made if it is not there, with mode 0600.
    File(PathBuf),
    /// A file in a folder of this tool's own, into which others may not be able to write.
    OwnFolder(PathBuf),
    /// Standard error, where somebody else keeps what is written there: a log service.
    StandardError,
}

impl AuditPlace {
    fn shown(&self) -> String {
        match self {
            Self::File(path) | Self::OwnFolder(path) => escaped(&path.display().to_string()).into_owned(),
            Self::StandardError => "on standard error".to_owned(),
        }
    }
}

/// One record: a line of JSON. Values that are not there are null, keys are never missing.
#[derive(Debug, Default, Serialize)]
pub(crate) struct AuditRecord<'a> {
    /// The schema, the run and the verb are the log's own to fill in.
    pub(crate) schema: &'static str,
    pub(crate) run: &'a str,
    pub(crate) verb: &'static str,
    pub(crate) time: String,
    /// `begin` of the run, `before` an effect or `after` it.
    pub(crate) phase: &'static str,
    pub(crate) account_id: Option<&'a str>,
    pub(crate) turbot_id: Option<&'a str>,
    pub(crate) step: Option<&'a str>,
    pub(crate) operation: Option<&'a str>,
    pub(crate) target: Option<&'a str>,
    pub(crate) was: Option<&'a Value>,
    pub(crate) becomes: Option<&'a Value>,
    /// `done`, `failed` or `unknown`; null before.
    pub(crate) outcome: Option<&'static str>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) made: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
}

/// The log, shared by all accounts of a run; without a file it keeps nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit {
    open: Option<Arc<Open>>,
}

#[derive(Debug)]
struct Open {
    place: AuditPlace,
    run: RunId,
    verb: &'static str,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Why a record could not be written: from then on none is, so that nothing is done any more.
    broken: Option<String>,
}

impl Audit {
    /// Opens the log for appending, mode 0600, following no link, and writes that the run begins.
    ///
    /// # Errors
    /// It cannot be opened or written, or others can read it: exit 2, before anything is done.
    pub(crate) fn open(log: Option<&AuditLog>, run: &RunId) -> Result<Self, ErrorReport> {
        let Some(log) = log else {
            return Ok(Self::default());
        };
        let fail = |cause: String| {
            ErrorReport::new(ErrorKind::Settings, format!("the audit log {} cannot be written", log.place.shown()))
                .because(cause)
                .hint("put that right, or give another file with --audit-log; nothing was changed")
        };
        let file = open(&log.place).map_err(fail)?;
        let state = Mutex::new(State { file, broken: None });
        let open = Open { place: log.place.clone(), run: run.clone(), verb: log.verb, state };
        let audit = Self { open: Some(Arc::new(open)) };
        // A real record: whether a disk has room shows only when something is written.
        let begin = AuditRecord { time: Timestamp::now().to_string(), phase: "begin", ..AuditRecord::default() };
        audit.append(begin).map_err(fail)?;
        Ok(audit)
    }

    /// Appends one record and syncs it to the disk.
    ///
    /// # Errors
    /// This record or an earlier one could not be written: nothing more may be done. The text names the file.
    pub(crate) fn write(&self, record: AuditRecord<'_>) -> Result<(), String> {
        self.append(record).map_err(|cause| {
            let place = self.open.as_ref().map(|open| open.place.shown()).unwrap_or_default();
            format!("{place}: {cause}")
        })
    }

    fn append(&self, record: AuditRecord<'_>) -> Result<(), String> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let record = AuditRecord { schema: AUDIT_SCHEMA, run: open.run.as_str(), verb: open.verb, ..record };
        let mut line = serde_json::to_vec(&record).map_err(|e| e.to_string())?;
        line.push(b'\n');
        let mut state = open.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &state.broken {
            return Err(why.clone());
        }
        let written = state.file.write_all(&line).and_then(|()| state.file.sync_data().or_else(only_for_files));
        written.map_err(|error| state.broken.insert(error.to_string()).clone())
    }
}

fn open(place: &AuditPlace) -> Result<File, String> {
    let path = match place {
        AuditPlace::File(path) | AuditPlace::OwnFolder(path) => path,
        AuditPlace::StandardError => {
            return std::io::stderr().as_fd().try_clone_to_owned().map(File::from).map_err(|e| e.to_string());
        }
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|e| format!("its folder cannot be made: {e}"))?;
        if matches!(place, AuditPlace::OwnFolder(_)) {
            guarded(folder)?;
        }
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).custom_flags(nofollow());
    let mut file = options.open(path).map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
            "it is a link, and links are not followed".into()
        }
        _ => error.to_string(),
    })?;
    let metadata = file.metadata().map_err(|e| e.to_string())?;
    if !metadata.is_file() {
        // A device such as /dev/null or a pipe may be meant.
        return Ok(file);
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(format!("its mode is {:o}: others can read or change it (chmod 600)", metadata.mode() & 0o777));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("it belongs to the user with the id {}, who can read and change it", metadata.uid()));
    }
    if is_torn(path, &metadata) {
        file.write_all(b"\n").map_err(|e| e.to_string())?;
    }
    if let Some(folder) = folder {
        // The new file's name has to be on the disk, too; not every file system can say so.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(file)
}

/// Whether others could put another file in this one's place.
fn guarded(folder: &Path) -> Result<(), String> {
    let metadata = folder.metadata().map_err(|e| e.to_string())?;
    if metadata.mode() & 0o022 != 0 {
        let mode = metadata.mode() & 0o777;
        return Err(format!("others can write into its folder, whose mode is {mode:o} (chmod 700)"));
    }
    Ok(())
}

/// Whether the last line has no end: a disk was full in the middle of it. What is appended must not run into it.
fn is_torn(path: &Path, appended: &std::fs::Metadata) -> bool {
    let mut options = OpenOptions::new();
    let Ok(mut file) = options.read(true).custom_flags(nofollow()).open(path) else { return false };
    let same = file.metadata().is_ok_and(|m| (m.dev(), m.ino()) == (appended.dev(), appended.ino()));
    let mut last = [0];
    same && appended.len() > 0
        && file.seek(SeekFrom::End(-1)).is_ok()
        && file.read_exact(&mut last).is_ok()
        && last != *b"\n"
}

fn nofollow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// Foreign text as a record holds it: no line, no control character, and not without end.
pub(crate) fn quoted(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = folded.chars().take(LONGEST).collect();
    escaped(&cut).into_owned()
}

/// Pipes and terminals cannot be synced, and need not be.
fn only_for_files(error: std::io::Error) -> std::io::Result<()> {
    if matches!(error.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::Unsupported) {
        Ok(())
    } else {
        Err(error)
    }
}
