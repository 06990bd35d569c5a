//! What AWS shows of an account, as far as onboarding is concerned.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{AccessKeyId, Arn, AwsAccountId, Journal, Partition, PolicyArn, RoleName, UserName};

/// Who is calling, by `sts:GetCallerIdentity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account whose credentials are used.
    pub account: AwsAccountId,
    /// The caller's ARN; the partition is taken from it.
    pub arn: Arn,
}

impl Caller {
    /// The partition everything is made in.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        self.arn.partition()
    }
}

/// The account's place in AWS Organizations, by `DescribeOrganization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Organization {
    /// It belongs to none.
    None,
    /// It is a member; the management account is another.
    Member {
        /// The management account.
        management: AwsAccountId,
    },
    /// It is the management account itself: service control policies do not bind it.
    Management,
    /// Not to be known (the call was denied, say): noted, not refused.
    Unknown(String),
}

/// A role as IAM shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSeen {
    /// Its name, in the case IAM keeps.
    pub name: RoleName,
    /// Its ARN, path included.
    pub arn: Arn,
    /// Its path.
    pub path: String,
    /// Its unique id (`AROA...`): a role made anew under the same name has another.
    pub unique_id: String,
    /// Its description; empty where there is none.
    pub description: String,
    /// Its maximum session duration in seconds.
    pub max_session_duration: u32,
    /// Its permissions boundary.
    pub boundary: Option<PolicyArn>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its trust policy, decoded JSON text.
    pub trust: String,
    /// The managed policies attached.
    pub attached: Vec<PolicyArn>,
    /// The names of its inline policies.
    pub inline: Vec<String>,
}

/// One access key of a user; its secret is never readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySeen {
    /// The key's id.
    pub id: AccessKeyId,
    /// Whether it is active.
    pub active: bool,
}

/// A user as IAM shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSeen {
    /// Its name, in the case IAM keeps.
    pub name: UserName,
    /// Its ARN.
    pub arn: Arn,
    /// Its path.
    pub path: String,
    /// Its unique id (`AIDA...`).
    pub unique_id: String,
    /// Its permissions boundary.
    pub boundary: Option<PolicyArn>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The managed policies attached.
    pub attached: Vec<PolicyArn>,
    /// The names of its inline policies.
    pub inline: Vec<String>,
    /// Its access keys.
    pub keys: Vec<KeySeen>,
    /// Anything else by which somebody could use the user: `a login profile`, `the group admins`, `an MFA device`,
    /// `an SSH public key`, `a service-specific credential`, `a signing certificate`. Empty for a clean user.
    pub other_access: Vec<String>,
}

/// Everything that was read of AWS for one account, at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsObserved {
    /// Who is calling.
    pub caller: Caller,
    /// The account's alias, where it has one and it may be read.
    pub alias: Option<String>,
    /// Its place in an organization.
    pub organization: Organization,
    /// The roles that were looked for and exist (names compare without case).
    pub roles: Vec<RoleSeen>,
    /// The users that were looked for and exist (names compare without case).
    pub users: Vec<UserSeen>,
    /// The journal objects, oldest generation first.
    pub journals: Vec<Journal>,
    /// AWS's time at the look.
    pub now: Timestamp,
}

impl AwsObserved {
    /// The role of that name, if it exists.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&RoleSeen> {
        self.roles.iter().find(|r| r.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The user of that name, if it exists.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&UserSeen> {
        self.users.iter().find(|u| u.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The journal object of the newest generation: the one that counts.
    #[must_use]
    pub fn journal(&self) -> Option<&Journal> {
        self.journals.last()
    }
}
