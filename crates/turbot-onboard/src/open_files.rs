//! How many files the process may have open: every connection is one, and many systems allow 1,024, or 256.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The connections that an account in flight may have: up to nine reads of AWS side by side, its session, Turbot's looks.
const AN_ACCOUNT: u64 = 12;
/// What is open besides: the standard streams, the audit log, reports, whatever a look at credentials takes.
const BESIDES: u64 = 64;
/// What the widest fleet needs.
const MOST: u64 = 1000 * AN_ACCOUNT + BESIDES;
/// More than this macOS refuses, whatever it says the limit is (`OPEN_MAX`).
const MOST_OF_MACOS: u64 = 10_240;

/// Raises the limit as far as the system lets anybody and a fleet needs. The lower one that programs begin with is for
/// those that wait with `select(2)`, which ends at 1,024.
pub(crate) fn allow() {
    let limit = getrlimit(Resource::Nofile);
    let most = if cfg!(target_os = "macos") { MOST_OF_MACOS } else { MOST };
    let wanted = limit.maximum.map_or(most, |maximum| maximum.min(most));
    if limit.current.is_some_and(|current| current < wanted) {
        // Where it is refused, fewer accounts are at work at once.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
    }
}

/// How many accounts can be at work at once, and a warning where that is fewer than wanted.
pub(crate) fn accounts_at_once(wanted: usize) -> (usize, Option<String>) {
    within(getrlimit(Resource::Nofile).current, wanted)
}

fn within(files: Option<u64>, wanted: usize) -> (usize, Option<String>) {
    let Some(files) = files else { return (wanted, None) };
    let possible = usize::try_from(files.saturating_sub(BESIDES) / AN_ACCOUNT).unwrap_or(usize::MAX).max(1);
    if possible >= wanted {
        return (wanted, None);
    }
    let warning = format!(
        "{possible} accounts at once, not {wanted}: this process may have {files} files open, and an account may need \
         {AN_ACCOUNT} connections; `ulimit -n {needed}` allows as many as wanted",
        needed = wanted as u64 * AN_ACCOUNT + BESIDES,
    );
    (possible, Some(warning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_accounts_as_there_may_be_connections() {
        assert_eq!(within(None, 1000), (1000, None));
        assert_eq!(within(Some(MOST), 1000), (1000, None));
        assert_eq!(within(Some(256), 16), (16, None));
        let (possible, warning) = within(Some(1024), 256);
        assert_eq!(possible, 80);
        assert_eq!(
            warning.unwrap(),
            "80 accounts at once, not 256: this process may have 1024 files open, and an account may need 12 connections; \
             `ulimit -n 3136` allows as many as wanted"
        );
        assert_eq!(within(Some(20), 4).0, 1, "one account is always tried");
    }
}
