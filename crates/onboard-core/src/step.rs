//! The steps of a plan. A closed list: whoever adds one is shown every place that must answer for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{AccessKeyId, AwsAccountId, IamPath, MaintenanceLevel, PolicyArn, Record, RoleName, TrustPolicy, UserName};

/// A role or a user: what gets the rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A role.
    Role(RoleName),
    /// A user.
    User(UserName),
}

impl Principal {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Role(name) => name.as_str(),
            Self::User(name) => name.as_str(),
        }
    }

    /// `role` or `user`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Role(_) => "role",
            Self::User(_) => "user",
        }
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind(), self.name())
    }
}

/// Why a key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFate {
    /// An earlier run made it and was stopped: its secret is lost, and Turbot never had it.
    Lost,
    /// What was begun is undone.
    Undone,
    /// `cleanup` removes it.
    Removed,
}

/// One step: one external effect, or one proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Create the journal object: the claim. With `take_over`, the generation of a run that gave no sign of life.
    Claim {
        /// The new object's generation.
        generation: u32,
        /// The generation taken over.
        take_over: Option<u32>,
        /// What it says; run and time are filled in when it is made.
        record: Box<Record>,
    },
    /// Write what has become known into our own journal object.
    Note {
        /// What it is to say.
        record: Box<Record>,
    },
    /// Create the role.
    CreateRole {
        /// Its name.
        name: RoleName,
        /// Its path.
        path: IamPath,
        /// Its description.
        description: String,
        /// Its maximum session duration in seconds.
        max_session_duration: u32,
        /// Its permissions boundary.
        boundary: Option<PolicyArn>,
        /// Its tags.
        tags: BTreeMap<String, String>,
        /// Its trust policy.
        trust: TrustPolicy,
    },
    /// Replace the role's trust policy.
    SetTrust {
        /// The role.
        role: RoleName,
        /// The document that stands.
        before: String,
        /// The document that will.
        after: String,
    },
    /// Change the role's description and maximum session duration.
    SetRole {
        /// The role.
        role: RoleName,
        /// Description and seconds as they stand.
        before: (String, u32),
        /// As they will.
        after: (String, u32),
    },
    /// Create the user: without login profile, without groups.
    CreateUser {
        /// Its name.
        name: UserName,
        /// Its path.
        path: IamPath,
        /// Its permissions boundary.
        boundary: Option<PolicyArn>,
        /// Its tags.
        tags: BTreeMap<String, String>,
    },
    /// Set or remove the permissions boundary.
    SetBoundary {
        /// Whose.
        principal: Principal,
        /// As it stands.
        before: Option<PolicyArn>,
        /// As it will.
        after: Option<PolicyArn>,
    },
    /// Set tags.
    Tag {
        /// On what.
        principal: Principal,
        /// The values that are replaced.
        before: BTreeMap<String, String>,
        /// The tags set.
        after: BTreeMap<String, String>,
    },
    /// Remove tags.
    Untag {
        /// From what.
        principal: Principal,
        /// The tags removed.
        tags: BTreeMap<String, String>,
    },
    /// Attach a managed policy.
    Attach {
        /// To what.
        principal: Principal,
        /// Which.
        policy: PolicyArn,
    },
    /// Detach a managed policy.
    Detach {
        /// From what.
        principal: Principal,
        /// Which.
        policy: PolicyArn,
    },
    /// Delete an inline policy.
    DeleteInline {
        /// Of what.
        principal: Principal,
        /// Its name.
        name: String,
    },
    /// Read the role or user back until it stands as wanted in a streak of reads.
    ReadBack {
        /// What.
        principal: Principal,
        /// The policies that must show; none while only trust and identity are proved.
        policies: Vec<PolicyArn>,
    },
    /// Create the access key. Its secret stays in memory.
    CreateKey {
        /// For whom.
        user: UserName,
    },
    /// Call AWS with the new key until it answers steadily, then make one call that needs the policy.
    ProveKey {
        /// Whose.
        user: UserName,
    },
    /// Make a key inactive.
    DeactivateKey {
        /// Whose.
        user: UserName,
        /// Which.
        key: AccessKeyId,
        /// Why.
        fate: KeyFate,
    },
    /// Delete a key.
    DeleteKey {
        /// Whose.
        user: UserName,
        /// Which.
        key: AccessKeyId,
        /// Why.
        fate: KeyFate,
    },
    /// Assume the role from the master account: with the external ID, without it, and with a wrong one.
    ProveExternalId {
        /// The role.
        role: RoleName,
        /// The profile in the master account.
        profile: String,
    },
    /// Send the import to Turbot.
    Import {
        /// The account's URN there.
        urn: String,
        /// With what credential.
        principal: Principal,
        /// The master account that may use it.
        master: AwsAccountId,
        /// Turbot's `checkMode`.
        check_mode: bool,
        /// `deleteAwsRole` or `deleteAwsKey`.
        delete_credential: bool,
    },
    /// Look at Turbot until the account shows with the right AWS account.
    AwaitVisible {
        /// The account's URN.
        urn: String,
    },
    /// Wait, for a bounded time, until Turbot has deleted what it was asked to delete.
    AwaitDeletion {
        /// What.
        principal: Principal,
    },
    /// Give the credential to whoever will import with it.
    HandOver {
        /// The credential's bearer.
        principal: Principal,
    },
    /// Delete the role.
    DeleteRole {
        /// Which.
        role: RoleName,
    },
    /// Delete the user.
    DeleteUser {
        /// Which.
        user: UserName,
    },
    /// Delete a journal object.
    Release {
        /// Its generation.
        generation: u32,
    },
    /// Set the account's maintenance window in Turbot.
    SetMaintenance {
        /// The account's URN.
        urn: String,
        /// The value that stands, where it could be read.
        before: Option<String>,
        /// The level to set.
        level: MaintenanceLevel,
    },
}

/// A step as documents and people see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StepView {
    /// The step's name, such as `create-role`.
    pub step: &'static str,
    /// What it does: `create`, `update`, `delete`, `read`, `import` or `journal`.
    pub effect: &'static str,
    /// What it does it to.
    pub target: String,
    /// What stands there, where it is known and is replaced or removed.
    pub before: Value,
    /// What will stand there.
    pub after: Value,
}

impl Step {
    /// The step's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "claim",
            Self::Note { .. } => "note",
            Self::CreateRole { .. } => "create-role",
            Self::SetTrust { .. } => "set-trust-policy",
            Self::SetRole { .. } => "update-role",
            Self::CreateUser { .. } => "create-user",
            Self::SetBoundary { .. } => "set-permissions-boundary",
            Self::Tag { .. } => "tag",
            Self::Untag { .. } => "untag",
            Self::Attach { .. } => "attach-policy",
            Self::Detach { .. } => "detach-policy",
            Self::DeleteInline { .. } => "delete-inline-policy",
            Self::ReadBack { .. } => "read-back",
            Self::CreateKey { .. } => "create-access-key",
            Self::ProveKey { .. } => "prove-access-key",
            Self::DeactivateKey { .. } => "deactivate-access-key",
            Self::DeleteKey { .. } => "delete-access-key",
            Self::ProveExternalId { .. } => "prove-external-id",
            Self::Import { .. } => "import",
            Self::AwaitVisible { .. } => "await-visible",
            Self::AwaitDeletion { .. } => "await-deletion",
            Self::HandOver { .. } => "hand-over",
            Self::DeleteRole { .. } => "delete-role",
            Self::DeleteUser { .. } => "delete-user",
            Self::Release { .. } => "release",
            Self::SetMaintenance { .. } => "set-maintenance-window",
        }
    }

    /// Whether it is the tool's own book-keeping, or the tidying of an earlier run's lost key: a run that resumes a
    /// saved plan may have to do it although the plan does not say so.
    #[must_use]
    pub fn is_housekeeping(&self) -> bool {
        match self {
            Self::Claim { .. } | Self::Note { .. } | Self::Release { .. } => true,
            Self::DeactivateKey { fate, .. } | Self::DeleteKey { fate, .. } => *fate == KeyFate::Lost,
            _ => false,
        }
    }

    /// The step for documents.
    #[must_use]
    pub fn view(&self) -> StepView {
        let (effect, target, before, after) = match self {
            Self::Claim { generation, take_over, .. } => (
                "journal",
                format!("policy {}", crate::Journal::name_of(*generation)),
                take_over.map_or(Value::Null, |g| json!(crate::Journal::name_of(g))),
                json!("one run at a time: denies everything, attached to nothing"),
            ),
            Self::Note { record } => ("journal", "the journal object".into(), Value::Null, json!(record.name)),
            Self::CreateRole { name, path, description, max_session_duration, boundary, tags, trust } => (
                "create",
                format!("role {name}"),
                Value::Null,
                json!({
                    "path": path, "description": description, "max_session_duration": max_session_duration,
                    "permissions_boundary": boundary, "tags": tags, "trust_policy": json_of(&trust.document()),
                }),
            ),
            Self::SetTrust { role, before, after } => {
                ("update", format!("trust policy of role {role}"), json_of(before), json_of(after))
            }
            Self::SetRole { role, before, after } => {
                let show = |(description, seconds): &(String, u32)| json!({"description": description, "max_session_duration": seconds});
                ("update", format!("role {role}"), show(before), show(after))
            }
            Self::CreateUser { name, path, boundary, tags } => (
                "create",
                format!("user {name}"),
                Value::Null,
                json!({"path": path, "permissions_boundary": boundary, "tags": tags, "login_profile": false}),
            ),
            Self::SetBoundary { principal, before, after } => {
                ("update", format!("permissions boundary of {principal}"), json!(before), json!(after))
            }
            Self::Tag { principal, before, after } => {
                ("update", format!("tags of {principal}"), json!(before), json!(after))
            }
            Self::Untag { principal, tags } => ("update", format!("tags of {principal}"), json!(tags), Value::Null),
            Self::Attach { principal, policy } => ("update", principal.to_string(), Value::Null, json!(policy)),
            Self::Detach { principal, policy } => ("update", principal.to_string(), json!(policy), Value::Null),
            Self::DeleteInline { principal, name } => {
                ("delete", format!("inline policy of {principal}"), json!(name), Value::Null)
            }
            Self::ReadBack { principal, policies } => ("read", principal.to_string(), Value::Null, json!(policies)),
            Self::CreateKey { user } => ("create", format!("access key of user {user}"), Value::Null, Value::Null),
            Self::ProveKey { user } => ("read", format!("access key of user {user}"), Value::Null, Value::Null),
            Self::DeactivateKey { user, key, .. } => {
                ("update", format!("access key {key} of user {user}"), json!("Active"), json!("Inactive"))
            }
            Self::DeleteKey { user, key, .. } => {
                ("delete", format!("access key of user {user}"), json!(key), Value::Null)
            }
            Self::ProveExternalId { role, profile } => {
                ("read", format!("role {role}"), Value::Null, json!({"profile": profile}))
            }
            Self::Import { urn, principal, master, check_mode, delete_credential } => (
                "import",
                urn.clone(),
                Value::Null,
                json!({"with": principal.to_string(), "master_account_id": master, "check_mode": check_mode,
                       "delete_credential": delete_credential}),
            ),
            Self::AwaitVisible { urn } => ("read", urn.clone(), Value::Null, json!("visible")),
            Self::AwaitDeletion { principal } => {
                ("read", principal.to_string(), Value::Null, json!("deleted by Turbot"))
            }
            Self::HandOver { principal } => ("journal", principal.to_string(), Value::Null, json!("handed over")),
            Self::DeleteRole { role } => ("delete", format!("role {role}"), json!(role), Value::Null),
            Self::DeleteUser { user } => ("delete", format!("user {user}"), json!(user), Value::Null),
            Self::Release { generation } => {
                ("journal", format!("policy {}", crate::Journal::name_of(*generation)), Value::Null, Value::Null)
            }
            Self::SetMaintenance { urn, before, level } => {
                ("update", format!("maintenance window of {urn}"), json!(before), json!(level))
            }
        };
        StepView { step: self.name(), effect, target, before, after }
    }
}

fn json_of(document: &str) -> Value {
    serde_json::from_str(document).unwrap_or_else(|_| Value::String(document.to_owned()))
}
