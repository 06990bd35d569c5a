//! The command's settings for a program that has no command line: the same variables, the same configuration file, the
//! same columns of a manifest, checked by the same rules.
//!
//! ```text
//! variables, taken before any thread starts ─┐
//! a manifest's row, or an organization's account ─┴→ layers → resolver → what a session is made from, and a job
//! ```

use std::path::Path;

use onboard_core::{AwsAccountId, ErrorKind, ErrorReport, Secret};
use onboard_engine::{AuditLog, AuditPlace, Discovered, Events, Job, SessionSettings, StopSignal};
use serde_json::{Map, Value};

use crate::cli::groups::Typed;
use crate::environment::{self, Environment};
use crate::panics;
use crate::render::settings::heading;
use crate::settings::layers::Layers;
use crate::settings::manifest::{Form, Manifest};
use crate::settings::resolver::Resolver;
use crate::settings::session::{SessionPart, new_run};
use crate::settings::turbot::Need;
use crate::settings::{audit, fleet, keys, organization};

/// How a fault in a row names its place.
const ROW: &str = "row";

/// What the surroundings say.
#[derive(Debug)]
pub struct Surroundings {
    environment: Environment,
}

/// Whose settings are asked for.
#[derive(Debug, Clone)]
pub enum Which {
    /// The account of a manifest's row: its columns and their values.
    Row(Map<String, Value>),
    /// An account of the caller's organization, with the row that `discover` would write of it.
    Member(AwsAccountId),
}

/// What the settings come to.
#[derive(Debug)]
pub enum Prepared {
    /// The account is to be worked on.
    Ready(Box<Ready>),
    /// By the settings it is not.
    LeftOut(String),
}

/// One account to be worked on.
pub struct Ready {
    /// What a session is made from.
    pub session: SessionSettings,
    /// The account.
    pub job: Job,
    /// What a person should know of the settings.
    pub warnings: Vec<String>,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ready").field("job", &self.job).field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

impl Surroundings {
    /// Takes the variables: Turbot's keys leave the environment, core dumps are off, and no panic quotes what was in hand.
    /// To be called from `main`, before any thread is started.
    #[must_use]
    pub fn take() -> Self {
        panics::say_only_where();
        Self { environment: environment::take() }
    }

    /// Resolves the settings of one account. May ask AWS and Turbot, and blocks meanwhile: not to be called where a
    /// runtime's tasks run.
    ///
    /// `turbot_keys` are Turbot's keys from elsewhere, as two lines or as JSON; they take the place of
    /// `TURBOT_ACCESS_KEY` and `TURBOT_SECRET_KEY`. Without `--audit-log`'s variable the records go to standard error.
    ///
    /// # Errors
    /// Everything that is wrong with the settings, each with its place; or the organization cannot be listed, or does
    /// not list the account.
    pub fn prepare(
        &self,
        verb: &'static str,
        which: &Which,
        turbot_keys: Option<&Secret>,
        events: Events,
        stop: StopSignal,
    ) -> Result<Prepared, ErrorReport> {
        let mut environment = self.environment.duplicate();
        if let Some(text) = turbot_keys {
            let keys = keys::parse(text.expose())
                .map_err(|why| ErrorReport::new(ErrorKind::Settings, "Turbot's keys cannot be used").because(why))?;
            environment.access_key = Some(keys.access_key);
            environment.secret_key = Some(keys.secret_key);
        }
        let mut faults = Vec::new();
        let layers = Layers::read(Typed::default(), &environment, Path::new(""), &mut faults);
        let resolver = Resolver::new(&layers, faults);
        let resolved = resolve(&resolver, verb, which);
        let (faults, warnings) = resolver.finish();
        match resolved {
            Some(Ok(Found::LeftOut(why))) if faults.is_empty() => Ok(Prepared::LeftOut(why)),
            Some(Ok(Found::Job { part, audit_log, job })) if faults.is_empty() => {
                let session = part.session(new_run(), Some(audit_log), events, stop);
                Ok(Prepared::Ready(Box::new(Ready { session, job: *job, warnings })))
            }
            Some(Err(error)) if faults.is_empty() => Err(error),
            _ => {
                let error = ErrorReport::new(ErrorKind::Settings, heading(&faults));
                Err(faults.iter().fold(error, |error, f| error.because(format!("{}: {}", f.place, f.message))))
            }
        }
    }
}

enum Found {
    Job { part: Box<SessionPart>, audit_log: AuditLog, job: Box<Job> },
    LeftOut(String),
}

fn resolve(r: &Resolver<'_>, verb: &'static str, which: &Which) -> Option<Result<Found, ErrorReport>> {
    let part = SessionPart::resolve(r, Need::Required);
    let place = audit::given(r).map_or(AuditPlace::StandardError, AuditPlace::File);
    fleet::no_flags(r);
    let manifest = match which {
        Which::Row(row) => of_row(r, row)?,
        Which::Member(id) => match organization::discover(r, part.as_ref()?) {
            Ok(found) => match member(found?, id) {
                Member::Found(found) => organization::manifest(r, &found),
                Member::LeftOut(why) => return Some(Ok(Found::LeftOut(why))),
                Member::Unknown => return Some(Err(not_listed(id))),
            },
            Err(error) => return Some(Err(error)),
        },
    };
    let mut jobs = fleet::jobs(r, manifest, |r, _| fleet::job(r))?;
    let job = Box::new(jobs.pop()?);
    Some(Ok(Found::Job { part: Box::new(part?), audit_log: AuditLog { place, verb }, job }))
}

/// The row as a manifest of its own. Texts alone are a line of CSV, in which lists are divided by `;`; other values say
/// themselves what they are.
fn of_row(r: &Resolver<'_>, row: &Map<String, Value>) -> Option<Manifest> {
    let texts: Option<Vec<&str>> = row.values().map(Value::as_str).collect();
    let (text, form) = match texts {
        Some(values) => (csv_of(row.keys().map(String::as_str), values)?, Form::Csv),
        None => (serde_json::json!({ "accounts": [row] }).to_string(), Form::Json),
    };
    let mut faults = Vec::new();
    let mut manifest = Manifest::parse(&text, form, ROW, &mut faults);
    let fine = faults.is_empty();
    r.extend(faults);
    manifest.rows.truncate(1);
    (fine && !manifest.rows.is_empty()).then_some(manifest)
}

fn csv_of<'a>(columns: impl Iterator<Item = &'a str>, values: Vec<&str>) -> Option<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).ok()?;
    writer.write_record(values).ok()?;
    String::from_utf8(writer.into_inner().ok()?).ok()
}

enum Member {
    Found(Discovered),
    LeftOut(String),
    Unknown,
}

fn member(found: Discovered, id: &AwsAccountId) -> Member {
    if let Some(left) = found.left_out.into_iter().find(|left| left.account_id == *id) {
        return Member::LeftOut(left.why);
    }
    let mut accounts = found.accounts;
    accounts.retain(|account| account.account_id == *id);
    if accounts.is_empty() { Member::Unknown } else { Member::Found(Discovered { accounts, left_out: vec![] }) }
}

fn not_listed(id: &AwsAccountId) -> ErrorReport {
    ErrorReport::new(ErrorKind::NotVisible, format!("AWS Organizations does not list the account {id}"))
        .hint("a new account takes a moment to show; an account of another organization never does")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    const VARIABLES: &[(&str, &str)] = &[
        ("TURBOT_URL", "https://turbot.example.com"),
        ("TURBOT_CLUSTER_ID", "mhe"),
        ("TURBOT_MASTER_ACCOUNT_ID", "999988887777"),
    ];
    const KEYS: &str = r#"{"access_key": "11112222-fac3-424e-94fb-325db1d65503", "secret_key": "33334444-fac3-424e-94fb-325db1d65503"}"#;

    fn prepare(row: &Value, more: &[(&str, &str)], keys: Option<&str>) -> Result<Prepared, ErrorReport> {
        let variables: Vec<_> = VARIABLES.iter().chain(more).copied().collect();
        let surroundings = Surroundings { environment: Environment::of(&variables) };
        let keys = keys.map(|keys| Secret::new(keys.to_owned()));
        let which = Which::Row(row.as_object().unwrap().clone());
        surroundings.prepare("apply", &which, keys.as_ref(), Arc::new(|_| {}), StopSignal::new())
    }

    fn ready(row: &Value, more: &[(&str, &str)]) -> Ready {
        match prepare(row, more, Some(KEYS)).unwrap() {
            Prepared::Ready(ready) => *ready,
            Prepared::LeftOut(why) => panic!("{why}"),
        }
    }

    #[test]
    fn a_row_of_texts_is_a_line_of_csv_and_any_other_is_json() {
        let texts = json!({"account_id": "111122223333", "turbot_id": "aab", "title": "a, \"b\"", "with": "",
            "tag": "Team=a; Cost=b", "check_mode": "false", "assume_role": "One;Two"});
        let typed = json!({"account_id": "111122223333", "turbot_id": "aab", "title": "a, \"b\"", "with": null,
            "tag": ["Team=a", "Cost=b"], "check_mode": false, "assume_role": "One;Two"});
        for row in [texts, typed] {
            let Ready { job, session, .. } = ready(&row, &[]);
            assert_eq!((job.wanted.title.as_str(), job.wanted.check_mode), ("a, \"b\"", false));
            assert_eq!(job.wanted.tags.len(), 2);
            assert_eq!(
                (job.aws.assume_role.as_deref(), job.aws.or_roles.as_slice()),
                (Some("One"), &["Two".into()][..])
            );
            let audit = session.audit_log.unwrap();
            assert_eq!((audit.place, audit.verb), (AuditPlace::StandardError, "apply"));
        }
        let audited = ready(
            &json!({"account_id": "111122223333", "turbot_id": "aab"}),
            &[("TURBOT_ONBOARD_AUDIT_LOG", "/tmp/audit.jsonl")],
        );
        assert_eq!(audited.session.audit_log.unwrap().place, AuditPlace::File("/tmp/audit.jsonl".into()));
    }

    #[test]
    fn every_fault_is_named_with_its_place_and_no_key_is_repeated() {
        let row = json!({"account_id": "1111", "turbot_id": "A B", "titel": "x"});
        let error = prepare(&row, &[], Some(KEYS)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Settings);
        let said = error.causes.join("\n");
        assert!(said.contains("row:1:") && said.contains("title is near"), "{said}");
        let row = json!({"account_id": "1111", "turbot_id": "A B"});
        let error = prepare(&row, &[("TURBOT_ONBOARD_TITLE", "x")], Some("hunter2")).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        let error = prepare(&row, &[("TURBOT_ONBOARD_TITLE", "x")], None).unwrap_err();
        let said = error.causes.join("\n");
        for part in ["row:2:1", "row:2:6", "Turbot's keys: they are missing", "TURBOT_ONBOARD_TITLE"] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        let empty = prepare(&json!({"account_id": "", "turbot_id": ""}), &[], Some(KEYS)).unwrap_err();
        assert_eq!(empty.kind, ErrorKind::Settings, "{empty:?}");
    }
}
