//! Scenes that many tests begin with, and what they ask of the world at the end.

use serde_json::Value;

use crate::harness::{Finished, NAME, World};

/// The managed policy that is attached where none is named.
pub const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
pub const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// Both kinds of credential, as `--with` takes them.
pub const BOTH: [&str; 2] = ["role", "keys"];

/// Imports the account and keeps the credential: a role or user of ours stands, with the tags and policies given.
pub fn imported_and_kept(world: &World, with: &str, more: &[&str]) {
    let mut arguments = vec!["--with", with, "--delete-credential", "false"];
    arguments.extend(more);
    let account = world.verb("apply", &arguments).exits(0).account();
    assert_eq!(account["outcome"], "imported", "{account:#}");
}

/// A role or user of ours stands and the account is not in Turbot any more.
pub fn kept_and_gone_from_turbot(world: &World, with: &str) {
    imported_and_kept(world, with, &[]);
    assert!(world.sandbox.turbot().remove_account(&world.turbot_id));
}

/// The trust policy by which the master account assumes a role under an external id.
pub fn trust(account: &str, external_id: Option<&str>) -> String {
    let condition = external_id.map(|id| serde_json::json!({"StringEquals": {"sts:ExternalId": id}}));
    let mut statement = serde_json::json!({
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
        "Action": "sts:AssumeRole",
    });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// A tag of the role that stands.
pub fn role_tag(world: &World, key: &str) -> Option<String> {
    let role = world.sandbox.cloud().role(&world.account, NAME)?;
    role.tags.into_iter().find(|(k, _)| k == key).map(|(_, value)| value)
}

/// What the report says went wrong, or nothing.
pub fn kind(account: &Value) -> &str {
    account["error"]["kind"].as_str().unwrap_or_default()
}

/// The account of a run that ended with this code, outcome and kind of error.
#[track_caller]
pub fn ended(run: Finished, code: i32, outcome: &str, error: &str) -> Value {
    let account = run.exits(code).account();
    assert_eq!((account["outcome"].as_str().unwrap(), kind(&account)), (outcome, error), "{account:#}");
    account
}

/// Nothing was changed in the account, and Turbot was sent nothing.
pub struct Untouched<'w> {
    world: &'w World,
    before: Value,
    imports: usize,
    log: usize,
}

impl<'w> Untouched<'w> {
    pub fn from_here(world: &'w World) -> Self {
        let before = world.sandbox.cloud().snapshot(&world.account);
        Self { world, before, imports: world.sandbox.turbot().imports().len(), log: world.sandbox.log().len() }
    }

    /// The account is as it was: whatever was done was taken back exactly.
    #[track_caller]
    pub fn restored(&self) {
        similar(&self.world.sandbox.cloud().snapshot(&self.world.account), &self.before);
    }

    /// Not even a single effect was tried, and no import was sent.
    #[track_caller]
    pub fn never_touched(&self) {
        self.restored();
        assert_eq!(self.world.effects_since(self.log), Vec::<String>::new());
        assert_eq!(self.world.sandbox.turbot().imports().len(), self.imports);
    }
}

#[track_caller]
fn similar(now: &Value, before: &Value) {
    assert_eq!(format!("{now:#}"), format!("{before:#}"), "the account is not as it was before");
}
