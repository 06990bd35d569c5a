//! The environment, read once, before any thread: the Turbot keys leave it, and core dumps are off.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use onboard_core::Secret;

/// Turbot's access key id, by its variable.
pub(crate) const ACCESS_KEY: &str = "TURBOT_ACCESS_KEY";
/// Turbot's secret key, by its variable.
pub(crate) const SECRET_KEY: &str = "TURBOT_SECRET_KEY";
/// With it the AWS SDK traces whole bodies, secret access keys included.
const LOG_SENSITIVE_BODIES: &str = "LOG_SENSITIVE_BODIES";

/// The variables this tool reads for itself; the AWS SDK reads its own.
const READ: &[&str] = &[
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "HOME",
    // `template` asks nobody: the region says the partition.
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    // Errors become annotations there.
    "GITHUB_ACTIONS",
];

/// The part of the environment that this tool reads. An empty variable counts as unset.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// Names of variables whose value is no Unicode text.
    pub(crate) unreadable: Vec<String>,
    /// `TURBOT_ACCESS_KEY`.
    pub(crate) access_key: Option<String>,
    /// `TURBOT_SECRET_KEY`.
    pub(crate) secret_key: Option<Secret>,
}

impl Environment {
    /// Sorts variables out.
    pub(crate) fn sort(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            if value.is_empty() || !(name.starts_with("TURBOT_") || READ.contains(&name)) {
                continue;
            }
            match (name, value.into_string()) {
                (ACCESS_KEY, Ok(value)) => environment.access_key = Some(value),
                (SECRET_KEY, Ok(value)) => environment.secret_key = Some(Secret::new(value)),
                (name, Ok(value)) => {
                    environment.variables.insert(name.to_owned(), value);
                }
                (name, Err(_)) => environment.unreadable.push(name.to_owned()),
            }
        }
        environment
    }

    /// The same once more, keys included.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            variables: self.variables.clone(),
            unreadable: self.unreadable.clone(),
            access_key: self.access_key.clone(),
            secret_key: self.secret_key.as_ref().map(Secret::duplicate),
        }
    }

    /// The part that says how to show things, and nothing about what to do.
    pub(crate) fn of_appearance(&self) -> Self {
        let shows = |(name, _): &(&String, &String)| ["NO_COLOR", "CLICOLOR_FORCE", "TERM"].contains(&name.as_str());
        let variables =
            self.variables.iter().filter(shows).map(|(name, value)| (name.clone(), value.clone())).collect();
        Self { variables, ..Self::default() }
    }

    /// The value of a variable that is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The names of all variables that begin so.
    pub(crate) fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.variables.keys().map(String::as_str).filter(move |name| name.starts_with(prefix))
    }

    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self::sort(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }
}

/// What `main` does before anything else: no core dumps, files enough, and no secret in the environment of threads and
/// children.
pub(crate) fn take() -> Environment {
    forbid_core_dumps();
    crate::open_files::allow();
    let environment = Environment::sort(std::env::vars_os());
    for name in [ACCESS_KEY, SECRET_KEY] {
        wipe(name);
    }
    for name in [ACCESS_KEY, SECRET_KEY, LOG_SENSITIVE_BODIES] {
        remove(name);
    }
    environment
}

/// Takes every variable out of the environment, for what is to run as if there were none: the libraries below read
/// proxies, certificates and AWS settings by themselves. Like [`take`], only before any thread is started.
pub(crate) fn forget() {
    for (name, _) in std::env::vars_os() {
        remove(&name);
    }
}

/// A core dump would hold the keys. Where the system refuses the wish, the tool still does its work.
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Not dumpable also means that other processes of the same user cannot read /proc/<pid>/environ and mem.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Overwrites a variable's value where the system put it. Taking a variable out leaves its text in the process's memory,
/// where `/proc/<pid>/environ` shows it to whoever may read that.
#[expect(unsafe_code, reason = "the standard library gives copies of the environment alone")]
fn wipe(name: &str) {
    unsafe extern "C" {
        fn getenv(name: *const std::ffi::c_char) -> *mut std::ffi::c_char;
    }
    let Ok(name) = std::ffi::CString::new(name) else { return };
    // SAFETY: called from `main` before any thread is started, so nobody reads the environment meanwhile. `getenv` gives
    // null or a string that ends with a zero byte and stays where it is; its bytes but that one are overwritten.
    unsafe {
        let mut byte = getenv(name.as_ptr());
        while !byte.is_null() && *byte != 0 {
            byte.write_volatile(b'x' as std::ffi::c_char);
            byte = byte.add(1);
        }
    }
}

#[expect(unsafe_code, reason = "the standard library offers no other way to take a variable out of the environment")]
fn remove(name: impl AsRef<OsStr>) {
    // SAFETY: called from `main` before any thread is started, so nobody reads the environment meanwhile.
    unsafe { std::env::remove_var(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_apart_and_empty_is_unset() {
        let environment = Environment::of(&[
            ("TURBOT_ACCESS_KEY", "id"),
            ("TURBOT_SECRET_KEY", "hunter2"),
            ("TURBOT_URL", ""),
            ("TURBOT_CLUSTER_ID", "mhe"),
            ("PATH", "/bin"),
        ]);
        assert_eq!(environment.access_key.as_deref(), Some("id"));
        assert_eq!(environment.secret_key.as_ref().map(Secret::expose), Some("hunter2"));
        assert_eq!(environment.get("TURBOT_URL"), None);
        assert_eq!(environment.get("PATH"), None);
        assert_eq!(environment.names("TURBOT_").collect::<Vec<_>>(), ["TURBOT_CLUSTER_ID"]);
        assert!(!format!("{environment:?}").contains("hunter2"));
    }
}
