//! Steps in words: what a reviewer approves and a terminal shows.

use crate::{KeyFate, PolicyArn, Principal, Step};

impl Step {
    /// The step as a sentence that a reviewer can approve.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Claim { take_over: None, .. } => {
                "claim the account: create the journal policy (denies everything, attached to nothing)".into()
            }
            Self::Claim { take_over: Some(g), .. } => {
                format!("take over from the run that stopped: replace the journal policy turbot-onboard-{g}")
            }
            Self::Note { .. } => "note in the journal what has become known".into(),
            Self::CreateRole { name, trust, .. } => format!(
                "create role {name}, which account {} may assume under external ID {}",
                trust.account, trust.external_id
            ),
            Self::SetTrust { role, .. } => format!("replace the trust policy of role {role}"),
            Self::SetRole { role, before, after } => {
                let mut changes = Vec::new();
                if before.0 != after.0 {
                    changes.push(format!("description from {} to {}", crate::shown(&before.0), crate::shown(&after.0)));
                }
                if before.1 != after.1 {
                    changes.push(format!("maximum session from {} s to {} s", before.1, after.1));
                }
                format!("change role {role}: {}", changes.join(", "))
            }
            Self::CreateUser { name, .. } => format!("create user {name}, with programmatic access alone"),
            Self::SetBoundary { principal, after: Some(arn), .. } => {
                format!("set the permissions boundary of {principal} to {arn}")
            }
            Self::SetBoundary { principal, after: None, .. } => {
                format!("remove the permissions boundary of {principal}")
            }
            Self::Tag { principal, before, after } => {
                let tags: Vec<String> = after
                    .iter()
                    .map(|(k, v)| match before.get(k) {
                        Some(old) => format!("{k} from {} to {}", crate::shown(old), crate::shown(v)),
                        None => format!("{k}={}", crate::escaped(v)),
                    })
                    .collect();
                format!("tag {principal}: {}", tags.join(", "))
            }
            Self::Untag { principal, tags } => {
                format!("remove tags of {principal}: {}", tags.keys().cloned().collect::<Vec<_>>().join(", "))
            }
            Self::Attach { principal, policy } => format!("attach {} to {principal}", policy_name(policy)),
            Self::Detach { principal, policy } => format!("detach {} from {principal}", policy_name(policy)),
            Self::DeleteInline { principal, name } => {
                format!("delete the inline policy {} of {principal}", crate::shown(name))
            }
            Self::ReadBack { principal, policies } if policies.is_empty() => {
                format!("read {principal} back until AWS shows it exactly as written")
            }
            Self::ReadBack { principal, .. } => format!("read {principal} back until AWS shows its policies steadily"),
            Self::CreateKey { user } => format!("create one access key of user {user} (its secret stays in memory)"),
            Self::ProveKey { user } => format!("prove that the new key of user {user} works"),
            Self::DeactivateKey { user, key, fate } => {
                format!("make access key {key} of user {user} inactive{}", why(*fate))
            }
            Self::DeleteKey { user, key, fate } => format!("delete access key {key} of user {user}{}", why(*fate)),
            Self::ProveExternalId { role, profile } => format!(
                "prove with profile {} that role {role} can be assumed with its external ID, and not without it or with a wrong one",
                crate::shown(profile)
            ),
            Self::Import { urn, principal, delete_credential, check_mode, .. } => format!(
                "ask Turbot to import the account as {urn} with the {}{}{}",
                match principal {
                    Principal::Role(name) => format!("role {name}"),
                    Principal::User(name) => format!("access key of user {name}"),
                },
                if *check_mode { ", in check mode" } else { ", not in check mode" },
                if *delete_credential {
                    ", and to delete that credential afterwards"
                } else {
                    ", and to leave that credential"
                },
            ),
            Self::AwaitVisible { urn } => format!("look at Turbot until {urn} shows with this AWS account"),
            Self::AwaitDeletion { principal: Principal::Role(name) } => {
                format!("wait until Turbot has deleted role {name}")
            }
            Self::AwaitDeletion { principal: Principal::User(name) } => {
                format!("wait until Turbot has deleted the access key of user {name}")
            }
            Self::HandOver { principal } => format!("hand the credential of {principal} over"),
            Self::DeleteRole { role } => format!("delete role {role}"),
            Self::DeleteUser { user } => format!("delete user {user}"),
            Self::Release { generation } => format!("remove the journal policy turbot-onboard-{generation}"),
            Self::SetMaintenance { urn, before, level } => format!(
                "set the maintenance window of {urn} to {}{}",
                level.as_str(),
                before.as_ref().map(|b| format!(" (now {})", crate::shown(b))).unwrap_or_default()
            ),
        }
    }
}

fn why(fate: KeyFate) -> &'static str {
    match fate {
        KeyFate::Lost => ", whose secret an earlier run lost",
        KeyFate::Undone | KeyFate::Removed => "",
    }
}

fn policy_name(policy: &PolicyArn) -> String {
    if policy.owner() == "aws" { policy.name().to_owned() } else { policy.to_string() }
}
