//! The audit log: evidence of every external effect, before and after it. Never an input.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use onboard_core::{ErrorKind, ErrorReport};
use serde::Serialize;

/// The schema that every record names.
pub const AUDIT_SCHEMA: &str = "turbot-onboard/audit/1";

/// One record: a line of JSON.
#[derive(Debug, Serialize)]
pub(crate) struct AuditRecord<'a> {
    pub(crate) schema: &'static str,
    pub(crate) time: String,
    pub(crate) run: &'a str,
    pub(crate) account_id: &'a str,
    pub(crate) turbot_id: &'a str,
    pub(crate) step: &'a str,
    pub(crate) target: &'a str,
    /// `before` or `after` the effect.
    pub(crate) phase: &'static str,
    /// `done`, `failed` or `unknown`; null before.
    pub(crate) outcome: Option<&'static str>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
}

/// The log, shared by all accounts of a run; without a file it keeps nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit {
    file: Option<Arc<(PathBuf, Mutex<File>)>>,
}

impl Audit {
    /// Opens the log for appending, mode 0600, following no link.
    ///
    /// # Errors
    /// It cannot be opened or written, or is not a regular file of the caller's own: exit 2, before anything is done.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, ErrorReport> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let fail = |cause: String| {
            ErrorReport::new(ErrorKind::Settings, format!("the audit log {} cannot be written", path.display()))
                .because(cause)
                .hint("give another file with --audit-log; nothing was changed")
        };
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| fail(e.to_string()))?;
        }
        let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(nofollow)
            .open(path)
            .map_err(|e| fail(e.to_string()))?;
        let metadata = file.metadata().map_err(|e| fail(e.to_string()))?;
        // A device such as /dev/stderr or /dev/full may be meant; a file that others can read may not.
        if metadata.is_file() && metadata.mode() & 0o077 != 0 {
            return Err(fail(format!("its mode is {:o}; others can read it (chmod 600)", metadata.mode() & 0o777)));
        }
        file.sync_data().or_else(only_for_files).map_err(|e| fail(e.to_string()))?;
        Ok(Self { file: Some(Arc::new((path.to_owned(), Mutex::new(file)))) })
    }

    /// Appends one record and syncs it to the disk.
    ///
    /// # Errors
    /// The disk is full or the file is gone: nothing more may be done.
    pub(crate) fn write(&self, record: &AuditRecord<'_>) -> Result<(), ErrorReport> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let (path, file) = &**file;
        let fail = |cause: String| {
            ErrorReport::new(ErrorKind::Audit, format!("the audit log {} cannot be written any more", path.display()))
                .because(cause)
                .hint("make room or give another file with --audit-log, then run the same command again")
        };
        let mut line = serde_json::to_vec(record).map_err(|e| fail(e.to_string()))?;
        line.push(b'\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).and_then(|()| file.sync_data().or_else(only_for_files)).map_err(|e| fail(e.to_string()))
    }
}

/// Pipes and terminals cannot be synced, and need not be.
fn only_for_files(error: std::io::Error) -> std::io::Result<()> {
    if matches!(error.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::Unsupported) {
        Ok(())
    } else {
        Err(error)
    }
}
