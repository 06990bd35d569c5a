//! Where a fault can strike: every call of a whole run, by its name and place in the order, and what it is for.

use std::collections::BTreeMap;

use onboard_sandbox::CallRecord;

use crate::harness::World;

/// What a call is for. The rules of outcomes are told by it, not by the call's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Reads of AWS that the plan needs: who calls, what stands there, whose journal.
    Look,
    /// Reads of AWS that are only noted: the organization and the alias.
    Note,
    /// Turbot's health, which decides nothing.
    Health,
    /// The cluster, before the import.
    Cluster,
    /// The account or the list, before the import.
    Presence,
    /// Creating the journal object.
    Claim,
    /// Reads of AWS under the claim, before anything else is made.
    Again,
    /// Creating the role or the user.
    Create,
    /// Creating the access key.
    CreateKey,
    /// Attaching the policy.
    Attach,
    /// Reading back what was made, before the hand-over.
    ReadBack,
    /// Reading back the new key; of the policies a steady reading was had before it was made.
    ReadKey,
    /// Calls with the new key.
    ProveKey,
    /// Writing into the journal before the import: the unique id, the intent.
    Journal,
    /// Reading the journal right before the import: the intent is seen, the claim is ours.
    Confirm,
    /// The import.
    Import,
    /// Looks at Turbot after the import.
    Seen,
    /// Writing the acceptance into the journal.
    Accepted,
    /// Waiting until Turbot has deleted the credential.
    Deletion,
    /// Removing the empty user.
    Tidy,
    /// Deleting the journal object.
    Release,
}

impl Purpose {
    pub const ALL: [Self; 21] = [
        Self::Look,
        Self::Note,
        Self::Health,
        Self::Cluster,
        Self::Presence,
        Self::Claim,
        Self::Again,
        Self::Create,
        Self::CreateKey,
        Self::Attach,
        Self::ReadBack,
        Self::ReadKey,
        Self::ProveKey,
        Self::Journal,
        Self::Confirm,
        Self::Import,
        Self::Seen,
        Self::Accepted,
        Self::Deletion,
        Self::Tidy,
        Self::Release,
    ];

    /// Whether it is a read of a wait, which takes as many as it takes.
    pub fn is_of_a_wait(self) -> bool {
        matches!(
            self,
            Self::Again | Self::ReadBack | Self::ReadKey | Self::ProveKey | Self::Confirm | Self::Seen | Self::Deletion
        )
    }

    /// In words, for the documentation.
    pub fn words(self) -> &'static str {
        match self {
            Self::Look => "first look at AWS",
            Self::Note => "alias, organization",
            Self::Health => "Turbot's health",
            Self::Cluster => "Turbot: the cluster",
            Self::Presence => "Turbot: the account, the list",
            Self::Claim => "create the journal object",
            Self::Again => "look again, under the claim",
            Self::Create => "create the role or user",
            Self::CreateKey => "create the access key",
            Self::Attach => "attach the policy",
            Self::ReadBack => "read back what was made",
            Self::ReadKey => "read back the new key",
            Self::ProveKey => "prove the new key",
            Self::Journal => "write the journal before the import",
            Self::Confirm => "confirm the claim before the import",
            Self::Import => "the import",
            Self::Seen => "look at Turbot after the import",
            Self::Accepted => "note the acceptance",
            Self::Deletion => "await the credential's deletion",
            Self::Tidy => "remove the empty user",
            Self::Release => "delete the journal object",
        }
    }
}

/// One call of a whole run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub call: String,
    pub nth: u32,
    pub purpose: Purpose,
}

impl Point {
    pub fn is_turbot(&self) -> bool {
        self.call.starts_with("turbot:")
    }
}

/// Every call of a fresh run, in order, from the log of one that nothing disturbs.
pub fn points(with: &str) -> Vec<Point> {
    let world = crate::cell::world(|_| {});
    world.verb("apply", &["--with", with]).exits(0);
    of_log(&world, &world.calls_since(0))
}

/// What the calls of a run were for, as far as it came.
pub fn of_log(world: &World, log: &[CallRecord]) -> Vec<Point> {
    let admin = &world.environment["AWS_ACCESS_KEY_ID"];
    let at = |names: &[&str]| log.iter().position(|c| names.contains(&c.call.name.as_str())).unwrap_or(log.len());
    let (claim, import) = (at(&["iam:CreatePolicy"]), at(&["turbot:POST /accounts"]));
    let create = at(&["iam:CreateRole", "iam:CreateUser"]);
    let create_key = at(&["iam:CreateAccessKey"]);
    let mut points = Vec::new();
    let mut accepted = false;
    // Calls that are made side by side are logged in any order: those of one name are alike.
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for (n, record) in log.iter().enumerate() {
        let call = record.call.name.as_str();
        let nth = counts.entry(call).or_default();
        *nth += 1;
        let by_new_key = record.call.access_key_id.as_ref().is_some_and(|id| id != admin);
        let purpose = match call {
            "turbot:GET /health" => Purpose::Health,
            "turbot:GET /cluster" if n < import => Purpose::Cluster,
            _ if call.starts_with("turbot:GET") && n < import => Purpose::Presence,
            "turbot:POST /accounts" => Purpose::Import,
            _ if call.starts_with("turbot:") => Purpose::Seen,
            "organizations:DescribeOrganization" | "iam:ListAccountAliases" => Purpose::Note,
            _ if by_new_key => Purpose::ProveKey,
            "iam:CreatePolicy" => Purpose::Claim,
            "iam:DeletePolicy" => Purpose::Release,
            "iam:CreateRole" | "iam:CreateUser" => Purpose::Create,
            "iam:CreateAccessKey" => Purpose::CreateKey,
            _ if call.starts_with("iam:Attach") => Purpose::Attach,
            "iam:TagPolicy" if n < import => Purpose::Journal,
            "iam:TagPolicy" if !accepted => {
                accepted = true;
                Purpose::Accepted
            }
            _ if n < claim => Purpose::Look,
            _ if n < create => Purpose::Again,
            "iam:GetPolicy" | "iam:ListPolicies" if n < import => Purpose::Confirm,
            _ if n < create_key.min(import) => Purpose::ReadBack,
            _ if n < import => Purpose::ReadKey,
            "iam:DetachUserPolicy" | "iam:DeleteUser" => Purpose::Tidy,
            _ => Purpose::Deletion,
        };
        points.push(Point { call: call.to_owned(), nth: *nth, purpose });
    }
    points
}
