//! A plan as it is shown, asked about and saved.

use onboard_core::{Caller, Chosen, Organization, Plan, Presence, Step, Wanted};
use serde_json::{Value, json};

use crate::handoff::HandedAccount;
use crate::worker::Look;

/// Everything somebody needs to see before saying yes.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What is wanted.
    pub wanted: Wanted,
    /// What is to be done.
    pub plan: Plan,
    /// The values chosen.
    pub chosen: Chosen,
    /// Who would do it.
    pub caller: Caller,
    /// The account's alias.
    pub alias: Option<String>,
    /// Its place in an organization.
    pub organization: Organization,
    /// The endpoint, if it is not AWS's own.
    pub endpoint: Option<String>,
    /// What was observed, in short: the plan document's `observed`.
    pub observed: Value,
}

/// An answer to the question whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Do not.
    No,
    /// There is nobody to ask.
    CannotAsk,
}

/// Who is asked before anything is changed.
pub trait Consent: Send + Sync {
    /// The values chosen for the plan that was already shown, if one was: what is done is then what was shown.
    fn chosen(&self, _wanted: &Wanted) -> Option<Chosen> {
        None
    }

    /// Shows the plan and asks.
    fn ask(&self, planned: &Planned) -> Answer;

    /// Asks before a handed-over credential is given to Turbot.
    fn ask_import(&self, account: &HandedAccount) -> Answer;

    /// Asks before a maintenance window is set.
    fn ask_maintenance(&self, wanted: &Wanted, step: &Step) -> Answer;
}

/// Whoever agreed beforehand: the answer is yes.
#[derive(Debug, Clone, Copy)]
pub struct Agreed;

impl Consent for Agreed {
    fn ask(&self, _: &Planned) -> Answer {
        Answer::Yes
    }

    fn ask_import(&self, _: &HandedAccount) -> Answer {
        Answer::Yes
    }

    fn ask_maintenance(&self, _: &Wanted, _: &Step) -> Answer {
        Answer::Yes
    }
}

/// What was observed, in short.
pub(crate) fn observed(look: &Look, wanted: &Wanted) -> Value {
    let roles: Vec<Value> = look
        .aws
        .roles
        .iter()
        .map(|r| json!({"arn": r.arn, "unique_id": r.unique_id, "attached": r.attached, "tags": r.tags}))
        .collect();
    let users: Vec<Value> = look
        .aws
        .users
        .iter()
        .map(|u| {
            let keys: Vec<&str> = u.keys.iter().map(|k| k.id.as_str()).collect();
            json!({"arn": u.arn, "unique_id": u.unique_id, "attached": u.attached, "tags": u.tags, "access_keys": keys})
        })
        .collect();
    let turbot = look.turbot.as_ref().map(|t| {
        let presence = match t.presence(&wanted.cluster_id, &wanted.turbot_id, &wanted.account_id) {
            Presence::Visible(_) => "visible",
            Presence::Absent => "absent",
            Presence::Conflict { .. } => "conflict",
            Presence::Unknown(_) => "unknown",
        };
        json!({"presence": presence, "health": t.health, "version": t.version})
    });
    json!({
        "at": look.aws.now.to_string(),
        "roles": roles,
        "users": users,
        "journals": look.aws.journals.iter().map(|j| j.arn.to_string()).collect::<Vec<_>>(),
        "turbot": turbot,
    })
}
