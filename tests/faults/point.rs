//! Where a fault can strike: every call of a whole run, by its name and place in the order, and what it is for.

use std::collections::BTreeMap;

use onboard_sandbox::CallRecord;

use crate::harness::World;
use crate::mode::{Chapter, Mode};

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
    /// Entering the account: who the caller is, and assuming the role in it.
    Enter,
    /// Reading the maintenance window, before it is set.
    Window,
    /// The cluster, looked at again after a take-over.
    ClusterAgain,
    /// The account or the list, looked at again after a take-over.
    PresenceAgain,
    /// Reads of the journals, between the claim and the removal of the older one.
    Arrive,
    /// Reads of the other kind, role or user, than is to be removed: before the claim.
    LookOther,
    /// The same under the claim.
    AgainOther,
    /// Writing into the older journal, which tells whether it stands.
    Probe,
    /// Writing into the newer journal what the older one said.
    Inherit,
    /// Deleting the older journal object.
    Older,
    /// Writing into the journal what this run is about.
    Begin,
    /// Setting the trust policy of a role that stands.
    Trust,
    /// Setting our tags on a role that stands.
    Mark,
    /// Deleting a key whose secret was lost.
    DropKey,
    /// Noting in the journal that the credential is handed over.
    HandOver,
    /// Giving the claim up, the journal stays.
    LetGo,
    /// Looks at Turbot after it refused the import.
    Refusal,
    /// Taking the intent to import out of the journal.
    EndIntent,
    /// Reads of what is to be taken back, or is gone by now.
    UndoLook,
    /// Listing the keys of a user that is to be removed.
    ListKeys,
    /// Removing the credential: its keys, its policies, itself.
    Remove,
    /// The same once it is removed.
    SeeGone,
    /// The look at what is left, at the very end.
    Last,
    /// Setting the maintenance window.
    SetWindow,
    /// Reading it back.
    WindowBack,
    /// Having the rights of the caller simulated.
    Simulate,
    /// Reading the quotas.
    Quotas,
}

impl Purpose {
    pub const ALL: [Self; 48] = [
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
        Self::Enter,
        Self::Window,
        Self::ClusterAgain,
        Self::PresenceAgain,
        Self::Arrive,
        Self::LookOther,
        Self::AgainOther,
        Self::Probe,
        Self::Inherit,
        Self::Older,
        Self::Begin,
        Self::Trust,
        Self::Mark,
        Self::DropKey,
        Self::HandOver,
        Self::LetGo,
        Self::Refusal,
        Self::EndIntent,
        Self::UndoLook,
        Self::ListKeys,
        Self::Remove,
        Self::SeeGone,
        Self::Last,
        Self::SetWindow,
        Self::WindowBack,
        Self::Simulate,
        Self::Quotas,
    ];

    /// Whether it is a read of a wait, which takes as many as it takes.
    pub fn is_of_a_wait(self) -> bool {
        matches!(
            self,
            Self::Again
                | Self::AgainOther
                | Self::Arrive
                | Self::ReadBack
                | Self::ReadKey
                | Self::ProveKey
                | Self::Confirm
                | Self::Seen
                | Self::Deletion
                | Self::UndoLook
                | Self::SeeGone
                | Self::Last
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
            Self::Enter => "enter the account",
            Self::Window => "read the maintenance window",
            Self::ClusterAgain => "Turbot: the cluster, after the take-over",
            Self::PresenceAgain => "Turbot: the account, the list, after the take-over",
            Self::Arrive => "read the journals, taking over",
            Self::LookOther => "first look, for the other kind",
            Self::AgainOther => "look again, under the claim, for the other kind",
            Self::Probe => "write into the older journal",
            Self::Inherit => "carry over what the journal says",
            Self::Older => "delete the older journal object",
            Self::Begin => "write the journal before the first change",
            Self::Trust => "set the trust policy",
            Self::Mark => "set the tags",
            Self::DropKey => "delete the key whose secret was lost",
            Self::HandOver => "note the hand-over",
            Self::LetGo => "give the claim up",
            Self::Refusal => "look at Turbot after the refusal",
            Self::EndIntent => "take the intent back",
            Self::UndoLook => "look at what is to be taken back",
            Self::ListKeys => "list the keys that are to be removed",
            Self::Remove => "remove the credential",
            Self::SeeGone => "see that it is gone",
            Self::Last => "look at what is left",
            Self::SetWindow => "set the maintenance window",
            Self::WindowBack => "read the maintenance window back",
            Self::Simulate => "simulate the caller's rights",
            Self::Quotas => "read the quotas",
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

/// Reads of a second round, which a look makes only where it has found the role or user.
const SECOND_ROUND: &[&str] = &[
    "iam:ListRolePolicies",
    "iam:ListUserPolicies",
    "iam:GetLoginProfile",
    "iam:ListGroupsForUser",
    "iam:ListMFADevices",
    "iam:ListSSHPublicKeys",
    "iam:ListServiceSpecificCredentials",
    "iam:ListSigningCertificates",
];

/// Where the phases of a run begin in its log; the log's length where one never does.
struct Phases {
    claim: usize,
    /// The older journal is gone: the take-over is done.
    older: usize,
    create: usize,
    create_key: usize,
    import: usize,
    /// Turbot has refused the import, and what was made is being removed.
    end_intent: usize,
    set_window: usize,
    /// The last list of keys before anything is removed.
    list_keys: usize,
    removal: usize,
    release: usize,
}

impl Phases {
    fn of(chapter: Chapter, log: &[CallRecord]) -> Self {
        let after = |from: usize, names: &[&str]| {
            let found = log.iter().skip(from).position(|c| names.contains(&c.call.name.as_str()));
            found.map_or(log.len(), |n| from + n)
        };
        let claim = after(0, &["iam:CreatePolicy"]);
        let older = if chapter.takes_over() { after(claim, &["iam:DeletePolicy"]) } else { claim };
        let import = after(0, &["turbot:POST /accounts"]);
        let made = after(0, &["iam:CreateRole", "iam:CreateUser"]);
        // Without a creation the second round of the look under the claim is the last of it.
        let effect = log.iter().skip(older + 1).position(|c| is_effect(&c.call.name));
        let mut under = log.iter().take(effect.map_or(log.len(), |n| older + 1 + n));
        let looked = under.rposition(|c| SECOND_ROUND.contains(&c.call.name.as_str()));
        let removal = log.iter().position(|c| is_removal(&c.call.name)).unwrap_or(log.len());
        let list_keys = log.iter().take(removal).rposition(|c| c.call.name == "iam:ListAccessKeys");
        let create = if made < log.len() { made } else { looked.filter(|n| *n > older).map_or(log.len(), |n| n + 1) };
        Self {
            claim,
            older,
            create,
            create_key: after(0, &["iam:CreateAccessKey"]),
            import,
            end_intent: after(import, &["iam:TagPolicy", "iam:UntagPolicy"]),
            set_window: after(0, &["turbot:POST /policies"]),
            list_keys: list_keys.unwrap_or(log.len()),
            removal,
            release: if older < log.len() { after(older + 1, &["iam:DeletePolicy"]) } else { log.len() },
        }
    }
}

/// What the calls of a run were for, as far as it came.
pub fn of_log(mode: &Mode, world: &World, log: &[CallRecord]) -> Vec<Point> {
    let chapter = mode.chapter;
    let phases = Phases::of(chapter, log);
    let tags = log.iter().filter(|c| c.call.name == "iam:TagPolicy").count();
    let admin = &world.environment["AWS_ACCESS_KEY_ID"];
    let mut accepted = false;
    let mut points = Vec::new();
    // Calls that are made side by side are logged in any order: those of one name are alike.
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for (n, record) in log.iter().enumerate() {
        let call = record.call.name.as_str();
        let nth = counts.entry(call).or_default();
        *nth += 1;
        // A role that was assumed signs with a key of its own, which is not the one that was made.
        let by_new_key = record.call.access_key_id.as_ref().is_some_and(|id| id != admin && !id.starts_with("ASIA"));
        let purpose = if call.starts_with("turbot:") {
            at_turbot(chapter, &phases, n, call)
        } else if chapter == Chapter::Entered
            && (call == "sts:AssumeRole" || record.call.access_key_id.as_ref().is_some_and(|id| id == admin))
        {
            Purpose::Enter
        } else if by_new_key {
            Purpose::ProveKey
        } else {
            match chapter {
                Chapter::CleanupUnfinished | Chapter::CleanupFinished => cleaning(chapter, &phases, n, call),
                Chapter::Refused if n > phases.import => refused(&phases, n, call),
                Chapter::Bootstrap if call == "iam:TagPolicy" && *nth as usize + 1 >= tags && tags > 2 => {
                    if *nth as usize == tags { Purpose::LetGo } else { Purpose::HandOver }
                }
                _ => applying(chapter, &phases, n, call, &mut accepted),
            }
        };
        let other = mode.chapter.cleans_up() && mode.is_of_the_other_kind(call);
        let purpose = match purpose {
            Purpose::Look if other => Purpose::LookOther,
            Purpose::Again if other => Purpose::AgainOther,
            Purpose::Inherit if *nth == 1 => Purpose::Probe,
            purpose => purpose,
        };
        points.push(Point { call: call.to_owned(), nth: *nth, purpose });
    }
    points
}

fn at_turbot(chapter: Chapter, phases: &Phases, n: usize, call: &str) -> Purpose {
    let before = n < phases.import;
    let again = chapter.takes_over() && n > phases.older;
    match call {
        "turbot:GET /health" => Purpose::Health,
        "turbot:POST /policies" | "turbot:PUT /policies" => Purpose::SetWindow,
        "turbot:GET /policies" if n < phases.set_window => Purpose::Window,
        "turbot:GET /policies" => Purpose::WindowBack,
        "turbot:GET /cluster" if before => {
            if again {
                Purpose::ClusterAgain
            } else {
                Purpose::Cluster
            }
        }
        "turbot:POST /accounts" => Purpose::Import,
        _ if before => {
            if again {
                Purpose::PresenceAgain
            } else {
                Purpose::Presence
            }
        }
        _ if chapter == Chapter::Refused => Purpose::Refusal,
        _ => Purpose::Seen,
    }
}

/// Reads of a look: before the claim, while it takes another over, and under it.
fn looking(chapter: Chapter, phases: &Phases, n: usize, call: &str) -> Option<Purpose> {
    Some(match call {
        "organizations:DescribeOrganization" | "iam:ListAccountAliases" => Purpose::Note,
        "iam:CreatePolicy" => Purpose::Claim,
        "iam:SimulatePrincipalPolicy" => Purpose::Simulate,
        "iam:GetAccountSummary" => Purpose::Quotas,
        _ if n < phases.claim => Purpose::Look,
        "iam:TagPolicy" if chapter.takes_over() && n < phases.older => Purpose::Inherit,
        "iam:DeletePolicy" if chapter.takes_over() && n == phases.older => Purpose::Older,
        _ if n < phases.older => Purpose::Arrive,
        _ => return None,
    })
}

fn applying(chapter: Chapter, phases: &Phases, n: usize, call: &str, accepted: &mut bool) -> Purpose {
    if let Some(purpose) = looking(chapter, phases, n, call) {
        return purpose;
    }
    let import = phases.import;
    match call {
        "iam:DeletePolicy" => Purpose::Release,
        "iam:CreateRole" | "iam:CreateUser" => Purpose::Create,
        "iam:CreateAccessKey" => Purpose::CreateKey,
        "iam:UpdateAccessKey" | "iam:DeleteAccessKey" => Purpose::DropKey,
        "iam:UpdateAssumeRolePolicy" => Purpose::Trust,
        "iam:TagRole" => Purpose::Mark,
        _ if call.starts_with("iam:Attach") => Purpose::Attach,
        "iam:TagPolicy" if n < import => Purpose::Journal,
        "iam:TagPolicy" if !std::mem::replace(accepted, true) => Purpose::Accepted,
        _ if n < phases.create => Purpose::Again,
        "iam:GetPolicy" | "iam:ListPolicies" if n < import => Purpose::Confirm,
        _ if n < phases.create_key.min(import) => Purpose::ReadBack,
        _ if n < import => Purpose::ReadKey,
        "iam:DetachUserPolicy" | "iam:DeleteUser" => Purpose::Tidy,
        _ => Purpose::Deletion,
    }
}

fn cleaning(chapter: Chapter, phases: &Phases, n: usize, call: &str) -> Purpose {
    if let Some(purpose) = looking(chapter, phases, n, call) {
        return purpose;
    }
    match call {
        "iam:TagPolicy" => Purpose::Begin,
        "iam:DeletePolicy" => Purpose::Release,
        _ if is_removal(call) => Purpose::Remove,
        _ => Purpose::Again,
    }
}

fn refused(phases: &Phases, n: usize, call: &str) -> Purpose {
    match call {
        "organizations:DescribeOrganization" | "iam:ListAccountAliases" => Purpose::Note,
        "iam:TagPolicy" | "iam:UntagPolicy" if n <= phases.end_intent + 1 => Purpose::EndIntent,
        "iam:DeletePolicy" => Purpose::Release,
        _ if is_removal(call) => Purpose::Remove,
        _ if n > phases.release => Purpose::Last,
        _ if n > phases.removal => Purpose::SeeGone,
        _ if n == phases.list_keys => Purpose::ListKeys,
        _ => Purpose::UndoLook,
    }
}

fn is_effect(call: &str) -> bool {
    ["iam:Tag", "iam:Untag", "iam:Attach", "iam:Create", "iam:Update", "iam:Delete", "turbot:POST"]
        .iter()
        .any(|name| call.starts_with(name))
}

fn is_removal(call: &str) -> bool {
    ["iam:Detach", "iam:DeleteRole", "iam:DeleteUser", "iam:DeleteAccessKey", "iam:UpdateAccessKey"]
        .iter()
        .any(|name| call.starts_with(name))
}
