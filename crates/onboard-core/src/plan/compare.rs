//! `verify`: both sides read back and compared with what is wanted.

use serde::{Deserialize, Serialize};

use super::adoption::is_adopted;
use super::principal::{self, Owner};
use super::{Decision, Situation, checks, onboard};
use crate::{Presence, Step, With};

/// One thing that is not as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What was compared, such as `turbot.title` or `aws.trust-policy`.
    pub what: String,
    /// What is wanted.
    pub wanted: String,
    /// What was found.
    pub found: String,
}

/// Compares. An import in flight, a held claim or a look that failed is a decision, not a difference.
///
/// # Errors
/// Why it cannot be compared now.
pub fn compare(s: &Situation<'_>) -> Result<Vec<Difference>, Decision> {
    checks::caller(s)?;
    let presence = checks::presence(s)?;
    let hold = checks::hold(s)?;
    if let Some(record) = hold.record()
        && !matches!(presence, Presence::Visible(_))
    {
        checks::in_flight(s, record, &presence)?;
    }
    let mut differences = Vec::new();
    let mut differ = |what: &str, wanted: String, found: String| {
        differences.push(Difference { what: what.into(), wanted, found });
    };
    if let Some(record) = hold.record() {
        differ(
            "aws.journal",
            "no unfinished run".into(),
            format!("an unfinished run of {} {}", record.with.as_str(), record.name),
        );
    }
    turbot(s, &presence, &mut differ);
    if matches!(presence, Presence::Visible(_)) {
        credential(s, &mut differ);
    }
    Ok(differences)
}

fn turbot(s: &Situation<'_>, presence: &Presence, differ: &mut impl FnMut(&str, String, String)) {
    let wanted = s.wanted;
    match presence {
        Presence::Absent => differ("turbot.account", wanted.account_urn(), "no such account in the cluster".into()),
        Presence::Unknown(failure) => differ("turbot.account", wanted.account_urn(), failure.message.clone()),
        Presence::Conflict { seen, same_id } => {
            let conflict = checks::conflict(s, seen, *same_id);
            differ("turbot.account", format!("{} as {}", wanted.account_id, wanted.account_urn()), conflict.message);
        }
        Presence::Visible(account) => {
            if let Some(urn) = account.urn.as_ref().filter(|u| **u != wanted.account_urn()) {
                differ("turbot.urn", wanted.account_urn(), urn.clone());
            }
            if account.aws_account_id.is_none() {
                differ("turbot.aws-account", wanted.account_id.to_string(), "Turbot does not say".into());
            }
            match &account.title {
                Some(title) if *title != wanted.title => differ("turbot.title", wanted.title.clone(), title.clone()),
                _ => {}
            }
            if let Some(level) = wanted.maintenance {
                let found = match s.turbot.and_then(|t| t.maintenance.as_ref()) {
                    Some(Ok(Some(value))) if s.spelling.level(value) == Some(level) => return,
                    Some(Ok(Some(value))) => value.clone(),
                    Some(Ok(None)) => "no setting of its own".into(),
                    Some(Err(failure)) => failure.message.clone(),
                    None => "not read".into(),
                };
                differ("turbot.maintenance-window", s.spelling.of(level).to_owned(), found);
            }
        }
    }
}

/// The role or user: gone where Turbot was to delete it, else exactly as wanted.
fn credential(s: &Situation<'_>, differ: &mut impl FnMut(&str, String, String)) {
    let wanted = s.wanted;
    let (kind, tags) = match wanted.with {
        With::Role => ("role", s.aws.role(wanted.role_name.as_str()).map(|r| &r.tags)),
        With::Keys => ("user", s.aws.user(wanted.user_name.as_str()).map(|u| &u.tags)),
    };
    let name = wanted.principal_name();
    let Some(tags) = tags else {
        if wanted.delete_credential == Some(false) {
            differ(&format!("aws.{kind}"), format!("{kind} {name}"), "it is not there".into());
        }
        return;
    };
    match principal::owner(s, tags) {
        Owner::Ours => {}
        Owner::Another(other) => {
            differ(&format!("aws.{kind}"), wanted.account_urn(), format!("{kind} {name} is for {other}"));
            return;
        }
        Owner::Nobody => return,
    }
    if !onboard::is_kept(s.wanted, tags) {
        differ(
            &format!("aws.{kind}"),
            "deleted after the import".into(),
            format!("{kind} {name} is left; cleanup removes it"),
        );
        return;
    }
    let making = match wanted.with {
        With::Role => principal::role(s, None),
        With::Keys => {
            let keys = s.aws.user(name).map_or(0, |u| u.keys.len());
            if !is_adopted(tags) && keys != 1 {
                differ("aws.access-keys", "one".into(), keys.to_string());
            }
            principal::user(s, None, false, false)
        }
    };
    match making {
        Err(stop) => differ(&format!("aws.{kind}"), format!("{kind} {name}"), stop.message),
        Ok(making) => {
            for step in making.steps.iter().filter(|s| !matches!(s, Step::ReadBack { .. })) {
                differ(&format!("aws.{}", step.name()), step.sentence(), "not so".into());
            }
        }
    }
}
