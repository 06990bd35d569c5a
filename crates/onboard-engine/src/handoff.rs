//! The hand-off: the one file that may hold a secret, made for those who asked for it by name.

mod whole;

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use onboard_core::{
    AccessKeyId, Arn, AwsAccountId, ClusterId, Credential, ErrorKind, ErrorReport, ExternalId, Partition, RunId,
    Secret, TurbotAccountId, Wanted, With,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// The hand-off's schema.
pub const HANDOFF_SCHEMA: &str = "turbot-onboard/handoff/1";
/// The largest hand-off that is read: thousands of accounts fit.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What `bootstrap` hands over for one account.
pub struct Handed<'h> {
    pub(crate) wanted: &'h Wanted,
    pub(crate) credential: &'h Credential,
    pub(crate) arn: Option<&'h Arn>,
    pub(crate) unique_id: Option<&'h str>,
    pub(crate) partition: Option<&'h Partition>,
    pub(crate) delete_credential: bool,
    pub(crate) made_at: Timestamp,
    pub(crate) run: &'h RunId,
}

/// Somewhere a credential is handed over to.
pub trait HandOff: Send {
    /// Takes one account's credential.
    ///
    /// # Errors
    /// It could not be kept; then nothing was handed over.
    fn give(&mut self, handed: &Handed<'_>) -> Result<(), ErrorReport>;
}

/// Nobody: the report alone says what was made.
pub struct Nowhere;

impl HandOff for Nowhere {
    fn give(&mut self, _handed: &Handed<'_>) -> Result<(), ErrorReport> {
        Ok(())
    }
}

/// The document. Values that are not there are null, keys are never missing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    made_at: String,
    run: String,
    accounts: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    account_id: AwsAccountId,
    partition: String,
    turbot_id: TurbotAccountId,
    title: String,
    description: String,
    cluster_id: ClusterId,
    /// Null in the hand-offs of earlier versions, which did not say it.
    #[serde(default)]
    master_account_id: Option<AwsAccountId>,
    check_mode: bool,
    delete_credential: bool,
    with: With,
    role_arn: Option<Arn>,
    role_unique_id: Option<String>,
    external_id: Option<ExternalId>,
    user_arn: Option<Arn>,
    access_key_id: Option<AccessKeyId>,
    secret_access_key: Option<String>,
    requested_at: Option<String>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.secret_access_key.zeroize();
    }
}

impl Document {
    fn add(&mut self, handed: &Handed<'_>) {
        let wanted = handed.wanted;
        let mut entry = Entry {
            account_id: wanted.account_id.clone(),
            partition: handed.partition.map_or_else(|| "aws".to_owned(), ToString::to_string),
            turbot_id: wanted.turbot_id.clone(),
            title: wanted.title.clone(),
            description: wanted.description.clone(),
            cluster_id: wanted.cluster_id.clone(),
            master_account_id: Some(wanted.master_account_id.clone()),
            check_mode: wanted.check_mode,
            delete_credential: handed.delete_credential,
            with: handed.credential.with(),
            role_arn: None,
            role_unique_id: None,
            external_id: None,
            user_arn: None,
            access_key_id: None,
            secret_access_key: None,
            requested_at: None,
        };
        match handed.credential {
            Credential::Role { arn, external_id } => {
                entry.role_arn = Some(arn.clone());
                entry.role_unique_id = handed.unique_id.map(str::to_owned);
                entry.external_id = Some(external_id.clone());
            }
            Credential::Keys { id, secret } => {
                entry.user_arn = handed.arn.cloned();
                entry.access_key_id = Some(id.clone());
                entry.secret_access_key = Some(secret.expose().to_owned());
            }
        }
        self.accounts.push(entry);
        handed.made_at.to_string().clone_into(&mut self.made_at);
        handed.run.as_str().clone_into(&mut self.run);
    }

    fn text(&self) -> Result<Zeroizing<String>, ErrorReport> {
        serde_json::to_string_pretty(self)
            .map(|text| Zeroizing::new(text + "\n"))
            .map_err(|e| ErrorReport::new(ErrorKind::Bug, "writing the hand-off").because(e.to_string()))
    }

    fn empty() -> Self {
        Self { schema: HANDOFF_SCHEMA.to_owned(), made_at: String::new(), run: String::new(), accounts: vec![] }
    }
}

/// A hand-off kept in memory, for standard output.
pub struct TextHandOff {
    document: Document,
}

impl Default for TextHandOff {
    fn default() -> Self {
        Self { document: Document::empty() }
    }
}

impl TextHandOff {
    /// The document, if anything was handed over.
    #[must_use]
    pub fn text(&self) -> Option<Zeroizing<String>> {
        if self.document.accounts.is_empty() { None } else { self.document.text().ok() }
    }
}

impl HandOff for TextHandOff {
    fn give(&mut self, handed: &Handed<'_>) -> Result<(), ErrorReport> {
        self.document.add(handed);
        Ok(())
    }
}

/// A hand-off file: created before anything is done, 0600, never over an existing file, following no link, and replaced
/// whole with each account; removed again if nothing was handed over.
pub struct FileHandOff {
    path: PathBuf,
    file: File,
    document: Document,
}

impl FileHandOff {
    /// Creates the file.
    ///
    /// # Errors
    /// It exists already, or cannot be made.
    pub fn create(path: &Path) -> Result<Self, ErrorReport> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = made.or_else(|e| left_empty(path).ok_or(e)).map_err(|e| {
            unusable(path, "cannot be created", &e.to_string())
                .hint("choose a new file: an existing one is never overwritten")
        })?;
        if file.try_lock().is_err() || !whole::stands(path, &file).unwrap_or(false) {
            return Err(in_use(path));
        }
        let hand = Self { path: path.to_owned(), file, document: Document::empty() };
        whole::clear(path).map_err(|e| unusable(path, "cannot be created", &e.to_string()))?;
        Ok(hand)
    }
}

impl HandOff for FileHandOff {
    fn give(&mut self, handed: &Handed<'_>) -> Result<(), ErrorReport> {
        self.document.add(handed);
        let written = self.document.text().and_then(|text| {
            whole::replace(&self.path, &mut self.file, &text)
                .map_err(|e| unusable(&self.path, "cannot be written", &e.to_string()))
        });
        if written.is_err() {
            self.document.accounts.pop();
        }
        written
    }
}

impl Drop for FileHandOff {
    fn drop(&mut self) {
        if self.document.accounts.is_empty() && whole::stands(&self.path, &self.file).unwrap_or(false) {
            // Only the empty file this run made: nothing was handed over.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The empty file that a run leaves which was stopped dead before it handed anything over: a regular file of the
/// caller's own with mode 0600. Nothing is lost by taking it up again.
fn left_empty(path: &Path) -> Option<File> {
    let file = OpenOptions::new().write(true).custom_flags(no_follow()).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let own = metadata.uid() == rustix::process::geteuid().as_raw();
    (metadata.is_file() && metadata.len() == 0 && metadata.mode() & 0o777 == 0o600 && own).then_some(file)
}

fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// One run at a time for a hand-off: those who have no access to the account have no journal to claim.
fn in_use(path: &Path) -> ErrorReport {
    ErrorReport::new(ErrorKind::ClaimHeld, format!("another run is at work with the hand-off {}", path.display()))
        .hint("wait for it to end, then run the same command again")
}

fn unusable(path: &Path, what: &str, cause: &str) -> ErrorReport {
    ErrorReport::new(ErrorKind::Settings, format!("the hand-off {} {what}", path.display())).because(cause)
}

/// One account of a hand-off that was read.
pub struct HandedAccount {
    /// The AWS account.
    pub account_id: AwsAccountId,
    /// Its Turbot id.
    pub turbot_id: TurbotAccountId,
    /// The cluster.
    pub cluster_id: ClusterId,
    /// Turbot's master account that it was made for, where the hand-off says it.
    pub master_account_id: Option<AwsAccountId>,
    /// The title.
    pub title: String,
    /// The description.
    pub description: String,
    /// Turbot's `checkMode`.
    pub check_mode: bool,
    /// `deleteAwsRole` or `deleteAwsKey`.
    pub delete_credential: bool,
    /// The credential.
    pub credential: Credential,
    /// The user's ARN, with keys.
    pub user_arn: Option<Arn>,
    /// When an import of it was last about to be sent; an unreadable time counts as just now.
    pub requested_at: Option<Timestamp>,
}

/// A hand-off that was opened for importing.
pub struct OpenHandoff {
    path: Option<PathBuf>,
    document: Document,
    /// The file itself, locked for as long as it is worked with.
    locked: Option<File>,
}

impl OpenHandoff {
    /// Reads a hand-off file: a regular file of mode 0600 or stricter, no link.
    ///
    /// # Errors
    /// It cannot be read, others can read it, or it is damaged.
    pub fn open(path: &Path) -> Result<Self, ErrorReport> {
        let opened = OpenOptions::new().read(true).custom_flags(no_follow()).open(path);
        let file = opened.map_err(|e| {
            unusable(path, "cannot be read", &e.to_string())
                .hint("give the file that bootstrap --handoff wrote, not a link to it")
        })?;
        let metadata = file.metadata().map_err(|e| unusable(path, "cannot be read", &e.to_string()))?;
        if !metadata.is_file() {
            return Err(unusable(path, "is not a regular file", "a hand-off holds a secret"));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(unusable(path, "can be read by others", &format!("its mode is {:o}", metadata.mode() & 0o777))
                .hint("treat the credential as known to others: remove it with cleanup and begin anew; or chmod 600 if you are sure"));
        }
        // Another run may have put a new file in its place before the lock was ours.
        if file.try_lock().is_err() || !whole::stands(path, &file).unwrap_or(false) {
            return Err(in_use(path));
        }
        whole::clear(path).map_err(|e| unusable(path, "cannot be worked with", &e.to_string()))?;
        let mut text = Zeroizing::new(String::new());
        (&file)
            .take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(|e| unusable(path, "cannot be read", &e.to_string()))?;
        let mut open = Self::parse(&text).map_err(|e| unusable(path, "is damaged", &e))?;
        open.path = Some(path.to_owned());
        open.locked = Some(file);
        Ok(open)
    }

    /// Reads a hand-off from text: standard input, which cannot keep the time of a request.
    ///
    /// # Errors
    /// It is not a hand-off.
    pub fn parse(text: &str) -> Result<Self, String> {
        // serde_json's messages quote keys and positions, and values only where a type is wrong: those could be secret.
        let document: Document = serde_json::from_str(text).map_err(|e| {
            format!(
                "line {}, column {}: not a hand-off of this tool's ({:?} error)",
                e.line(),
                e.column(),
                e.classify()
            )
        })?;
        if document.schema != HANDOFF_SCHEMA {
            return Err(format!("its schema is {}, not {HANDOFF_SCHEMA}", onboard_core::shown(&document.schema)));
        }
        let open = Self { path: None, document, locked: None };
        for n in 0..open.len() {
            open.account(n)?;
        }
        Ok(open)
    }

    /// How many accounts it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.document.accounts.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.document.accounts.is_empty()
    }

    /// The document as it would be written.
    #[cfg(test)]
    pub(crate) fn written(&self) -> Result<Zeroizing<String>, ErrorReport> {
        self.document.text()
    }

    /// Whether it can keep the time of a request.
    pub(crate) fn keeps_requests(&self) -> bool {
        self.path.is_some()
    }

    /// One account of it.
    ///
    /// # Errors
    /// What its kind of credential needs is not there.
    pub fn account(&self, n: usize) -> Result<HandedAccount, String> {
        let entry = &self.document.accounts[n];
        let missing = |what: &str| format!("accounts[{n}] ({}) has no {what}", entry.account_id);
        let credential = match entry.with {
            With::Role => {
                let arn = entry.role_arn.clone().ok_or_else(|| missing("role_arn"))?;
                if arn.account() != entry.account_id.as_str() {
                    return Err(format!("accounts[{n}]: the role {arn} is not of account {}", entry.account_id));
                }
                Credential::Role { arn, external_id: entry.external_id.clone().ok_or_else(|| missing("external_id"))? }
            }
            With::Keys => Credential::Keys {
                id: entry.access_key_id.clone().ok_or_else(|| missing("access_key_id"))?,
                secret: Secret::new(entry.secret_access_key.clone().ok_or_else(|| missing("secret_access_key"))?),
            },
        };
        Ok(HandedAccount {
            account_id: entry.account_id.clone(),
            turbot_id: entry.turbot_id.clone(),
            cluster_id: entry.cluster_id.clone(),
            master_account_id: entry.master_account_id.clone(),
            title: entry.title.clone(),
            description: entry.description.clone(),
            check_mode: entry.check_mode,
            delete_credential: entry.delete_credential,
            credential,
            user_arn: entry.user_arn.clone(),
            requested_at: entry.requested_at.as_ref().map(|t| t.parse().unwrap_or(Timestamp::MAX)),
        })
    }

    /// Writes when an import is about to be sent, or that none is open: a new file, synced, in the old one's place.
    pub(crate) fn request(&mut self, n: usize, at: Option<Timestamp>) -> Result<(), ErrorReport> {
        self.document.accounts[n].requested_at = at.map(|t| t.to_string());
        let (Some(path), Some(locked)) = (&self.path, &mut self.locked) else {
            return Ok(());
        };
        whole::replace(path, locked, &self.document.text()?).map_err(|e| {
            ErrorReport::new(ErrorKind::Audit, format!("the hand-off {} cannot be written", path.display()))
                .because(e.to_string())
        })
    }
}
