//! Where the audit log goes: the file that was given, else one below the user's own state folder.

use std::path::PathBuf;

use onboard_core::{ErrorKind, ErrorReport};
use onboard_engine::{AuditLog, AuditPlace};

use super::resolver::Resolver;
use crate::environment::Environment;

/// The log's name in its folder.
const FILE_NAME: &str = "audit.jsonl";

/// Whether a verb's effects are put on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audited {
    /// It has none.
    NoEffects,
    /// They are those on a simulated world: only if a file is given.
    IfAsked,
    /// In any case.
    Always,
}

/// The file that was given. An empty name is a mistake, and none that may switch the log off.
pub(crate) fn given(r: &Resolver<'_>) -> Option<PathBuf> {
    r.parsed("audit-log", |text| match text {
        "" => Err("it names no file; the log can be thrown away with /dev/null, and not be switched off"),
        text => Ok(PathBuf::from(text)),
    })
}

/// The log of a run of that verb.
///
/// # Errors
/// No file was given, and there is no folder for the default one.
pub(crate) fn log(
    audited: Audited,
    given: Option<&PathBuf>,
    environment: &Environment,
    verb: &'static str,
) -> Result<Option<AuditLog>, ErrorReport> {
    match (audited, given) {
        (Audited::NoEffects, _) | (Audited::IfAsked, None) => Ok(None),
        (Audited::IfAsked | Audited::Always, Some(file)) => {
            Ok(Some(AuditLog { place: AuditPlace::File(file.clone()), verb }))
        }
        (Audited::Always, None) => {
            let folder = own_folder(environment).ok_or_else(|| {
                ErrorReport::new(ErrorKind::Settings, "there is no place for the audit log")
                    .because("neither XDG_STATE_HOME nor HOME is set to an absolute path")
                    .hint("give a file with --audit-log or TURBOT_ONBOARD_AUDIT_LOG; nothing was changed")
            })?;
            Ok(Some(AuditLog { place: AuditPlace::OwnFolder(folder.join(FILE_NAME)), verb }))
        }
    }
}

/// `$XDG_STATE_HOME/turbot-onboard`, else under `~/.local/state`. A relative XDG_STATE_HOME is ignored, as the XDG base
/// directory specification says.
fn own_folder(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(base.join("turbot-onboard"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_HOME: &str = "/home/me/.local/state/turbot-onboard/audit.jsonl";

    #[test]
    fn only_what_has_effects_is_on_record_and_that_always() {
        let file = PathBuf::from("given");
        let own = Environment::of(&[("HOME", "/home/me")]);
        let place = |audited, given: Option<&PathBuf>, environment: &Environment| {
            log(audited, given, environment, "apply").map(|log| log.map(|log| log.place))
        };
        let (asked, default) = (AuditPlace::File(file.clone()), AuditPlace::OwnFolder(AT_HOME.into()));
        for (audited, given, expected) in [
            (Audited::NoEffects, None, None),
            (Audited::NoEffects, Some(&file), None),
            (Audited::IfAsked, None, None),
            (Audited::IfAsked, Some(&file), Some(&asked)),
            (Audited::Always, Some(&file), Some(&asked)),
            (Audited::Always, None, Some(&default)),
        ] {
            assert_eq!(place(audited, given, &own), Ok(expected.cloned()), "{audited:?} {given:?}");
        }
        let both = Environment::of(&[("HOME", "/home/me"), ("XDG_STATE_HOME", "/state")]);
        let state = PathBuf::from("/state/turbot-onboard/audit.jsonl");
        assert_eq!(place(Audited::Always, None, &both), Ok(Some(AuditPlace::OwnFolder(state))));
        let relative = Environment::of(&[("HOME", "me"), ("XDG_STATE_HOME", "state")]);
        assert_eq!(place(Audited::Always, None, &relative).unwrap_err().kind, ErrorKind::Settings);
    }
}
