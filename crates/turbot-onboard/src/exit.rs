//! The exit code, and nothing else that `main` returns.

use std::process::ExitCode;

/// How the tool ends: the contract's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    /// What was asked is so.
    pub(crate) const DONE: Self = Self(0);
    /// A bug, or a result that could not be written.
    pub(crate) const FAILED: Self = Self(1);
    /// Usage or settings.
    pub(crate) const USAGE: Self = Self(2);
    /// `plan --detailed-exitcode`: there are steps.
    pub(crate) const STEPS: Self = Self(8);
    /// SIGINT or SIGTERM.
    pub(crate) const INTERRUPTED: Self = Self(130);

    /// The code when the result had to be written: a result that is lost is a failure of its own, but hides no other.
    pub(crate) fn after_writing(self, written: std::io::Result<()>) -> Self {
        match written {
            Err(error) if self == Self::DONE => {
                crate::console::say(&format!("error: the result could not be written: {error}"));
                Self::FAILED
            }
            Ok(()) | Err(_) => self,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
