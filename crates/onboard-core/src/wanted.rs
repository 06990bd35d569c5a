//! What is wanted of one account: every option, checked.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AwsAccountId, ClusterId, ExternalId, IamPath, MaintenanceLevel, Partition, PolicyArn, RoleName, TAG_PREFIX,
    TurbotAccountId, UserName, With,
};

/// The name of the role and of the user where none is given.
pub const DEFAULT_NAME: &str = "turbot-onboard";
/// The tool's version, as it is written on what it makes.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that is wanted of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The AWS account it must be; any other is refused.
    pub account_id: AwsAccountId,
    /// The account's id in Turbot.
    pub turbot_id: TurbotAccountId,
    /// The cluster it is imported into.
    pub cluster_id: ClusterId,
    /// Turbot's master AWS account, which the role trusts.
    pub master_account_id: AwsAccountId,
    /// The master account's partition, where it was given (as an ARN); a role's trust cannot cross partitions.
    pub master_partition: Option<Partition>,
    /// The title in Turbot.
    pub title: String,
    /// The description in Turbot.
    pub description: String,
    /// A role or keys.
    pub with: With,
    /// The role's name.
    pub role_name: RoleName,
    /// The user's name.
    pub user_name: UserName,
    /// The path of the role or user.
    pub role_path: IamPath,
    /// The role's description in IAM.
    pub role_description: String,
    /// The role's maximum session duration, 3,600 to 43,200 seconds.
    pub max_session_duration: u32,
    /// The managed policies to attach; empty stands for AdministratorAccess of the caller's partition.
    pub policies: Vec<PolicyArn>,
    /// The permissions boundary.
    pub permissions_boundary: Option<PolicyArn>,
    /// The external ID, where one was given.
    pub external_id: Option<ExternalId>,
    /// Tags of the user's own, beside ours.
    pub tags: BTreeMap<String, String>,
    /// Turbot's `checkMode`.
    pub check_mode: bool,
    /// Turbot's `deleteAwsRole` / `deleteAwsKey`; `None` is true for what this tool makes, false for what it adopts.
    pub delete_credential: Option<bool>,
    /// The maintenance window to set after the import; `None` keeps it as it is.
    pub maintenance: Option<MaintenanceLevel>,
    /// A profile in the master account with which the external ID is proved before the hand-over.
    pub verify_as: Option<String>,
    /// Whether a role or user that is not ours may be taken over.
    pub adopt: bool,
    /// Consent to onboard the organization's management account.
    pub allow_management_account: bool,
    /// Consent to a root caller.
    pub allow_root: bool,
    /// Consent to onboard Turbot's master account itself.
    pub allow_master_account: bool,
}

/// A value that cannot be: the option's name and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The option, as `--option` without its dashes.
    pub option: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Wanted {
    /// All that the types do not already guarantee, every fault at once.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |option, message: String| faults.push(Fault { option, message });
        if !(3600..=43200).contains(&self.max_session_duration) {
            fault(
                "max-session-duration",
                format!("{} is not between 3600 and 43200 seconds, IAM's limits", self.max_session_duration),
            );
        }
        // IAM's pattern for descriptions: no curly quotes, no em dash, no emoji.
        let describable = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{A1}'..='\u{FF}');
        if self.role_description.chars().count() > 1000 || !self.role_description.chars().all(describable) {
            fault(
                "role-description",
                "IAM takes at most 1000 characters of Latin-1 (no curly quotes, no emoji)".into(),
            );
        }
        for (option, text) in [("title", &self.title), ("description", &self.description)] {
            if text.chars().any(char::is_control) {
                fault(option, "it has control characters".into());
            }
        }
        if self.title.trim().is_empty() {
            fault("title", "it is empty".into());
        }
        let mut seen = BTreeMap::new();
        for (key, value) in &self.tags {
            if let Some(message) = tag_fault(key, value) {
                fault("tag", message);
            }
            if let Some(other) = seen.insert(key.to_lowercase(), key) {
                fault("tag", format!("'{other}' and '{key}' are the same key to IAM, which ignores case"));
            }
        }
        if self.tags.len() > 40 {
            fault("tag", format!("{} tags are more than fit beside this tool's own (40 of IAM's 50)", self.tags.len()));
        }
        let mut names: Vec<&PolicyArn> = self.policies.iter().collect();
        names.sort();
        names.dedup();
        if names.len() != self.policies.len() {
            fault("policy-arn", "the same policy is given twice".into());
        }
        if self.policies.len() > 8 {
            fault("policy-arn", format!("{} policies; at most 8 are kept track of", self.policies.len()));
        }
        for arn in self.policies.iter().chain(&self.permissions_boundary) {
            if arn.owner() != "aws" && arn.owner() != self.account_id.as_str() {
                let option =
                    if self.permissions_boundary.as_ref() == Some(arn) { "permissions-boundary" } else { "policy-arn" };
                fault(option, format!("{arn} belongs to another account than {}", self.account_id));
            }
        }
        if self.with == With::Keys && self.external_id.is_some() {
            fault("external-id", "an external ID goes with a role, not with keys".into());
        }
        if self.with == With::Keys && self.verify_as.is_some() {
            fault("verify-as", "the external ID is proved with a role, not with keys".into());
        }
        faults
    }

    /// The policies to attach, in the caller's partition.
    #[must_use]
    pub fn policies_in(&self, partition: &Partition) -> Vec<PolicyArn> {
        if self.policies.is_empty() { vec![partition.administrator_access()] } else { self.policies.clone() }
    }

    /// The name of the role or user, whichever is wanted.
    #[must_use]
    pub fn principal_name(&self) -> &str {
        match self.with {
            With::Role => self.role_name.as_str(),
            With::Keys => self.user_name.as_str(),
        }
    }

    /// The account's URN in Turbot.
    #[must_use]
    pub fn account_urn(&self) -> String {
        self.cluster_id.account_urn(&self.turbot_id)
    }

    /// The tags that say whose the role or user is.
    #[must_use]
    pub fn ownership_tags(&self) -> BTreeMap<String, String> {
        [("turbot-id", self.turbot_id.to_string()), ("cluster", self.cluster_id.urn()), ("version", VERSION.to_owned())]
            .into_iter()
            .map(|(key, value)| (format!("{TAG_PREFIX}{key}"), value))
            .collect()
    }
}

fn tag_fault(key: &str, value: &str) -> Option<String> {
    // IAM: [\p{L}\p{Z}\p{N}_.:/=+\-@]; keys 1 to 128, values 0 to 256 characters.
    let allowed =
        |c: char| c.is_alphanumeric() || c == ' ' || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c);
    if key.is_empty() || key.chars().count() > 128 {
        return Some(format!("the key '{key}' has not 1 to 128 characters"));
    }
    if value.chars().count() > 256 {
        return Some(format!("the value of '{key}' has more than 256 characters"));
    }
    if let Some(c) = key.chars().chain(value.chars()).find(|c| !allowed(*c)) {
        return Some(format!(
            "IAM does not take {c:?} in a tag ('{key}'); letters, digits, spaces and _.:/=+-@ are right"
        ));
    }
    let lower = key.to_lowercase();
    if lower.starts_with("aws:") || lower.starts_with(TAG_PREFIX) {
        return Some(format!("the key '{key}' begins with a reserved prefix"));
    }
    None
}

/// How long things may take. All are settings; tests run them scaled down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Times {
    /// The import call as a whole.
    pub timeout: Duration,
    /// How old an import request without an answer must be before another may be sent.
    pub settle: Duration,
    /// How long a claim without a sign of life is respected.
    pub lease: Duration,
    /// How long AWS may take to show a change everywhere.
    pub propagation: Duration,
    /// How long Turbot may take to show an accepted account, and to delete the credential it was asked to delete.
    pub visibility: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        Self {
            timeout: minutes(15),
            settle: minutes(20),
            lease: minutes(2),
            propagation: minutes(2),
            visibility: minutes(5),
        }
    }
}

impl Times {
    /// The settle time in force: at least the import's time-out and a third of it more (5 minutes for the default 15).
    #[must_use]
    pub fn settle(&self) -> Duration {
        self.settle.max(self.timeout + self.timeout / 3)
    }

    /// Between two reads of AWS while something is awaited: a hundred-and-twentieth of the propagation time (1 s).
    #[must_use]
    pub fn aws_interval(&self) -> Duration {
        (self.propagation / 120).max(Duration::from_millis(5))
    }

    /// Between two looks at Turbot: a sixtieth of the visibility time (5 s).
    #[must_use]
    pub fn turbot_interval(&self) -> Duration {
        (self.visibility / 60).max(Duration::from_millis(5))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn wanted() -> Wanted {
        Wanted {
            account_id: AwsAccountId::new("111122223333").unwrap(),
            turbot_id: TurbotAccountId::new("aab").unwrap(),
            cluster_id: ClusterId::new("mhe").unwrap(),
            master_account_id: AwsAccountId::new("999988887777").unwrap(),
            master_partition: None,
            title: "Sandbox".into(),
            description: "one".into(),
            with: With::Role,
            role_name: RoleName::new(DEFAULT_NAME).unwrap(),
            user_name: UserName::new(DEFAULT_NAME).unwrap(),
            role_path: IamPath::new("/").unwrap(),
            role_description: "d".into(),
            max_session_duration: 3600,
            policies: vec![],
            permissions_boundary: None,
            external_id: None,
            tags: BTreeMap::new(),
            check_mode: true,
            delete_credential: None,
            maintenance: None,
            verify_as: None,
            adopt: false,
            allow_management_account: false,
            allow_root: false,
            allow_master_account: false,
        }
    }

    #[test]
    fn every_fault_at_once() {
        let mut w = wanted();
        assert_eq!(w.faults(), vec![]);
        w.max_session_duration = 1;
        w.role_description = "“curly”".into();
        w.title = " ".into();
        w.tags = [("aws:x", "1"), ("Team", "a"), ("team", "b"), ("ok", "semi;colon")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        w.policies = vec![PolicyArn::new("arn:aws:iam::444455556666:policy/x").unwrap(); 2];
        w.with = With::Keys;
        w.external_id = Some(ExternalId::new("abc").unwrap());
        let options: Vec<_> = w.faults().into_iter().map(|f| f.option).collect();
        for option in ["max-session-duration", "role-description", "title", "tag", "policy-arn", "external-id"] {
            assert!(options.contains(&option), "{option}: {options:?}");
        }
        assert_eq!(options.iter().filter(|o| **o == "tag").count(), 3);
    }
}
