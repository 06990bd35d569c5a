//! The least that a caller must be allowed, verb by verb. Each entry is tested to be needed and all to be enough, in the
//! sandbox with authorization on.

use onboard_core::{PolicyArn, With};
use serde_json::{Map, Value, json};

use super::blueprint::Blueprint;

/// A verb, by what it asks of AWS. `import` asks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Plan,
    Apply,
    Bootstrap,
    Verify,
    Maintenance,
    Cleanup,
    Doctor,
    Discover,
}

impl Verb {
    /// In the order of the help.
    pub(crate) const ALL: [Self; 8] = [
        Self::Plan,
        Self::Apply,
        Self::Bootstrap,
        Self::Verify,
        Self::Maintenance,
        Self::Cleanup,
        Self::Doctor,
        Self::Discover,
    ];

    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Bootstrap => "bootstrap",
            Self::Verify => "verify",
            Self::Maintenance => "maintenance",
            Self::Cleanup => "cleanup",
            Self::Doctor => "doctor",
            Self::Discover => "discover",
        }
    }
}

/// How the policy is called that lets a caller enter the accounts.
pub(crate) const ENTER: &str = "enter";

/// The management account is recognised by it. Where it is denied a run goes on.
const RECOGNISE: &[&str] = &["organizations:DescribeOrganization"];
/// A plan, and the question whether to carry it out, show the account's alias by it. Where it is denied a run goes on.
const NAME: &[&str] = &["iam:ListAccountAliases"];
/// Finding this tool's journal objects.
const FIND: &[&str] = &["iam:ListPolicies"];
const READ_JOURNAL: &[&str] = &["iam:GetPolicy"];
/// The claim: made first, renewed by its tags, removed last.
const KEEP_JOURNAL: &[&str] = &["iam:CreatePolicy", "iam:TagPolicy", "iam:DeletePolicy"];
/// The intent to import is taken back on a definite answer.
const SETTLE_JOURNAL: &[&str] = &["iam:UntagPolicy"];
const READ_ROLE: &[&str] = &["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];
const READ_USER: &[&str] = &[
    "iam:GetUser",
    "iam:ListAttachedUserPolicies",
    "iam:ListUserPolicies",
    "iam:ListAccessKeys",
    "iam:GetLoginProfile",
    "iam:ListGroupsForUser",
    "iam:ListMFADevices",
    "iam:ListSSHPublicKeys",
    "iam:ListServiceSpecificCredentials",
    "iam:ListSigningCertificates",
];
/// Making, mending (drift and `--adopt`) and taking back.
const MAKE_ROLE: &[&str] = &[
    "iam:CreateRole",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UntagRole",
    "iam:DetachRolePolicy",
    "iam:DeleteRole",
];
const MAKE_USER: &[&str] = &[
    "iam:CreateUser",
    "iam:TagUser",
    "iam:CreateAccessKey",
    "iam:UntagUser",
    "iam:UpdateAccessKey",
    "iam:DeleteAccessKey",
    "iam:DetachUserPolicy",
    "iam:DeleteUser",
];
const REMOVE_ROLE: &[&str] = &["iam:DetachRolePolicy", "iam:DeleteRolePolicy", "iam:UntagRole", "iam:DeleteRole"];
const REMOVE_USER: &[&str] = &[
    "iam:UpdateAccessKey",
    "iam:DeleteAccessKey",
    "iam:DetachUserPolicy",
    "iam:DeleteUserPolicy",
    "iam:UntagUser",
    "iam:DeleteUser",
];
/// Quotas, and an advisory look at the caller's own rights.
const EXAMINE: &[&str] = &["iam:GetAccountSummary", "iam:SimulatePrincipalPolicy"];
/// The listing, which account manages the organization, and the tags where `--tags` asks for them.
const DISCOVER: &[&str] =
    &["organizations:ListAccounts", "organizations:DescribeOrganization", "organizations:ListTagsForResource"];

/// What the statements are about: the accounts' roles and users by name, their journals.
struct Resources {
    account: String,
    partition: String,
    roles: Vec<String>,
    users: Vec<String>,
    attached: Vec<PolicyArn>,
    bounded: bool,
    unbounded: bool,
    with: Vec<With>,
}

impl Resources {
    fn of(blueprints: &[Blueprint]) -> Self {
        let partition = blueprints.first().map_or("aws", |b| b.partition.as_str()).to_owned();
        // A policy stands in an account and reaches no other: with several accounts the id need not be named.
        let account = match blueprints {
            [only] => only.wanted.account_id.to_string(),
            _ => "*".to_owned(),
        };
        let arn = |kind: &str, path: &str, name: &str| format!("arn:{partition}:iam::{account}:{kind}{path}{name}");
        let role = |b: &Blueprint| arn("role", b.path.as_str(), b.wanted.role_name.as_str());
        let user = |b: &Blueprint| arn("user", b.path.as_str(), b.wanted.user_name.as_str());
        Self {
            roles: unique(blueprints.iter().map(role)),
            users: unique(blueprints.iter().map(user)),
            attached: unique(blueprints.iter().flat_map(|b| b.policies.clone())),
            bounded: blueprints.iter().any(|b| b.boundary.is_some()),
            unbounded: blueprints.iter().any(|b| b.boundary.is_none()),
            with: unique(blueprints.iter().map(|b| b.wanted.with)),
            account,
            partition,
        }
    }

    fn journals(&self) -> Vec<String> {
        vec![format!("arn:{}:iam::{}:policy/turbot-onboard/*", self.partition, self.account)]
    }
}

fn unique<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut all, item| {
        if !all.contains(&item) {
            all.push(item);
        }
        all
    })
}

/// The policy that the caller of a verb needs for these accounts; `None` where it needs none.
pub(crate) fn policy(verb: Verb, blueprints: &[Blueprint]) -> Option<Value> {
    let of = Resources::of(blueprints);
    let has = |with: With| of.with.contains(&with);
    let mut statements = Statements::default();
    match verb {
        // The account is looked at by who is calling, which nobody can be denied.
        Verb::Maintenance => return None,
        Verb::Discover => statements.anywhere("Discover", &[DISCOVER]),
        Verb::Plan | Verb::Verify | Verb::Doctor => {
            let more = match verb {
                Verb::Plan => NAME,
                Verb::Doctor => EXAMINE,
                _ => &[],
            };
            statements.anywhere("Look", &[RECOGNISE, FIND, more]);
            statements.on("LookAtJournal", READ_JOURNAL.to_vec(), of.journals());
            if has(With::Role) {
                statements.on("LookAtRole", READ_ROLE.to_vec(), of.roles.clone());
            }
            if has(With::Keys) {
                statements.on("LookAtUser", READ_USER.to_vec(), of.users.clone());
            }
        }
        Verb::Apply | Verb::Bootstrap => {
            statements.anywhere("Look", &[RECOGNISE, NAME, FIND]);
            let settle = if verb == Verb::Apply { SETTLE_JOURNAL } else { &[] };
            statements.on("Journal", [READ_JOURNAL, KEEP_JOURNAL, settle].concat(), of.journals());
            if has(With::Role) {
                statements.on("Role", [READ_ROLE, MAKE_ROLE, &boundary(&of, "Role")].concat(), of.roles.clone());
                statements.attaching("Role", &of.attached, of.roles.clone());
            }
            if has(With::Keys) {
                statements.on("User", [READ_USER, MAKE_USER, &boundary(&of, "User")].concat(), of.users.clone());
                statements.attaching("User", &of.attached, of.users.clone());
            }
        }
        // It removes both kinds, whichever is wanted now.
        Verb::Cleanup => {
            statements.anywhere("Look", &[RECOGNISE, NAME, FIND]);
            statements.on("Journal", [READ_JOURNAL, KEEP_JOURNAL].concat(), of.journals());
            statements.on("Role", [READ_ROLE, REMOVE_ROLE].concat(), of.roles.clone());
            statements.on("User", [READ_USER, REMOVE_USER].concat(), of.users.clone());
        }
    }
    Some(json!({"Version": "2012-10-17", "Statement": statements.0}))
}

/// A boundary is set where one is wanted, and taken off as drift where none is.
fn boundary(of: &Resources, kind: &str) -> Vec<&'static str> {
    let (put, delete) = match kind {
        "Role" => ("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
        _ => ("iam:PutUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary"),
    };
    let mut actions = Vec::new();
    if of.bounded {
        actions.push(put);
    }
    if of.unbounded {
        actions.push(delete);
    }
    actions
}

#[derive(Default)]
struct Statements(Vec<Value>);

impl Statements {
    fn anywhere(&mut self, sid: &str, actions: &[&[&str]]) {
        self.0.push(json!({"Sid": sid, "Effect": "Allow", "Action": actions.concat(), "Resource": "*"}));
    }

    fn on(&mut self, sid: &str, actions: Vec<&str>, resources: Vec<String>) {
        self.0.push(json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}));
    }

    /// Attaching is allowed for the wanted policies alone: whoever may attach any policy is an administrator.
    fn attaching(&mut self, kind: &str, policies: &[PolicyArn], resources: Vec<String>) {
        self.0.push(json!({
            "Sid": format!("Grant{kind}"),
            "Effect": "Allow",
            "Action": [format!("iam:Attach{kind}Policy")],
            "Resource": resources,
            "Condition": {"ArnEquals": {"iam:PolicyARN": policies}},
        }));
    }
}

/// What whoever enters the accounts by `--assume-role` needs, where its own permissions stand; the roles that it enters
/// need the verbs'. `None` where no role is to be assumed.
pub(crate) fn enter(roles: &[String]) -> Option<Value> {
    let mut statements = Statements::default();
    statements.on("Enter", vec!["sts:AssumeRole"], unique(roles.iter().cloned()));
    (!roles.is_empty()).then(|| json!({"Version": "2012-10-17", "Statement": statements.0}))
}

/// What to say of a policy that IAM does not take as one. White space does not count ('IAM and STS quotas').
pub(crate) fn about_its_length(policy: &Value) -> Option<String> {
    const MANAGED: usize = 6_144;
    let length = policy.to_string().len();
    (length > MANAGED).then(|| {
        format!("the policy has {length} characters, and IAM takes {MANAGED} in a managed policy: split the manifest")
    })
}

/// The policies of all verbs, by name, and the one to enter the accounts with.
pub(crate) fn all(blueprints: &[Blueprint], roles: &[String]) -> Map<String, Value> {
    Verb::ALL
        .into_iter()
        .map(|verb| (verb.name(), policy(verb, blueprints)))
        .chain([(ENTER, enter(roles))])
        .map(|(name, policy)| (name.to_owned(), policy.unwrap_or(Value::Null)))
        .collect()
}
