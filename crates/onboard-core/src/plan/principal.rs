//! The role or the user: whose it is, and how it comes to be as wanted.

use std::collections::BTreeMap;

use super::{Situation, Stop};
use crate::{
    AccessKeyId, ErrorKind, ExternalId, KeyFate, Origin, PolicyArn, Principal, Record, RoleSeen, Step, TAG_PREFIX,
    TrustPolicy, TrustReading, UserSeen, With,
};

/// IAM's limit of tags on a role or user.
const MAX_TAGS: usize = 50;
/// IAM's limit of access keys of a user.
const MAX_KEYS: usize = 2;

/// Whose something is, by its tags.
pub(super) enum Owner {
    /// It carries our tags, for this Turbot id and cluster.
    Ours,
    /// It carries our tags for another Turbot id or cluster.
    Another(String),
    /// It does not carry them.
    Nobody,
}

pub(super) fn owner(s: &Situation<'_>, tags: &BTreeMap<String, String>) -> Owner {
    let tag = |key: &str| tags.get(&format!("{TAG_PREFIX}{key}"));
    match (tag("turbot-id"), tag("cluster")) {
        (Some(id), Some(cluster)) if *id == *s.wanted.turbot_id.as_str() && *cluster == s.wanted.cluster_id.urn() => {
            Owner::Ours
        }
        (None, None) => Owner::Nobody,
        (id, cluster) => {
            Owner::Another(format!("{}:{}", cluster.map_or("?", String::as_str), id.map_or("?", String::as_str)))
        }
    }
}

/// Whether a principal carries the mark of an adopted one, which `cleanup` never deletes.
pub(super) fn is_adopted(tags: &BTreeMap<String, String>) -> bool {
    tags.get(&format!("{TAG_PREFIX}adopted")).is_some()
}

/// The tags an adopted principal gets beside the ownership tags: what to take back, and what not to touch.
fn adoption_tags(attaches: &[String], prior_keys: &[String]) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::from([(format!("{TAG_PREFIX}adopted"), "true".to_owned())]);
    for (n, policy) in attaches.iter().enumerate() {
        tags.insert(format!("{TAG_PREFIX}attached-{n}"), policy.clone());
    }
    if !prior_keys.is_empty() {
        tags.insert(format!("{TAG_PREFIX}prior-keys"), prior_keys.join(" "));
    }
    tags
}

/// How the role or user comes to be as wanted: what the journal will say of it, and the steps.
#[derive(Debug)]
pub(super) struct Making {
    pub(super) principal: Principal,
    pub(super) origin: Origin,
    pub(super) unique_id: Option<String>,
    pub(super) prior_keys: Vec<String>,
    pub(super) attaches: Vec<String>,
    pub(super) trust_before: Option<String>,
    pub(super) external_id: Option<ExternalId>,
    pub(super) steps: Vec<Step>,
    pub(super) warnings: Vec<String>,
}

/// Where it came from: by the journal where that speaks of this very object, else by tags and consent.
fn origin_of(
    s: &Situation<'_>,
    what: &Principal,
    tags: &BTreeMap<String, String>,
    unique_id: &str,
    record: Option<&Record>,
) -> Result<Origin, Stop> {
    let with = match what {
        Principal::Role(_) => With::Role,
        Principal::User(_) => With::Keys,
    };
    let owner = owner(s, tags);
    if let Owner::Another(other) = owner {
        return Err(Stop::new(
            ErrorKind::Conflict,
            format!("{what} is this tool's, but for {}, not for {}", crate::escaped(&other), s.wanted.account_urn()),
            format!("choose another --{}-name, or check --turbot-id and --cluster-id", what.kind()),
        ));
    }
    let recorded = record.filter(|r| {
        r.with == with
            && r.name.eq_ignore_ascii_case(what.name())
            && r.unique_id.as_deref().is_none_or(|id| id == unique_id)
    });
    match (owner, recorded.map(|r| r.origin)) {
        (Owner::Ours, Some(origin)) => Ok(origin),
        // Adopted, and the run was stopped before it set the tags: consent was given then.
        (Owner::Nobody, Some(Origin::Adopted)) => Ok(Origin::Adopted),
        (Owner::Ours, None) if is_adopted(tags) => Ok(Origin::Adopted),
        (Owner::Ours, None) => Ok(Origin::Stood),
        (Owner::Nobody, _) if s.wanted.adopt => Ok(Origin::Adopted),
        (Owner::Nobody, _) => Err(not_ours(what, "it does not carry this tool's tags")),
        (Owner::Another(_), _) => unreachable!("answered above"),
    }
}

fn not_ours(what: &Principal, why: &str) -> Stop {
    Stop::new(
        ErrorKind::NotOurs,
        format!("{what} exists and is not this tool's: {why}"),
        format!(
            "choose another --{}-name, or take it over with --adopt (plan --adopt shows what that would change)",
            what.kind()
        ),
    )
}

/// The external ID of a trust policy of exactly our shape, for our master account.
#[must_use]
pub fn kept_external_id(role: &RoleSeen, master: &crate::AwsAccountId) -> Option<ExternalId> {
    match TrustReading::of(&role.trust) {
        TrustReading::OneAccount { account, external_id, .. } if account == *master => Some(external_id),
        TrustReading::OneAccount { .. } | TrustReading::Other(_) => None,
    }
}

pub(super) fn role(s: &Situation<'_>, record: Option<&Record>) -> Result<Making, Stop> {
    let wanted = s.wanted;
    let partition = s.aws.caller.partition();
    let policies = wanted.policies_in(partition);
    let principal = Principal::Role(wanted.role_name.clone());
    let trust = |external_id: &ExternalId| TrustPolicy {
        partition: partition.clone(),
        account: wanted.master_account_id.clone(),
        external_id: external_id.clone(),
    };
    let Some(seen) = s.aws.role(wanted.role_name.as_str()) else {
        let external_id = wanted.external_id.clone().unwrap_or_else(|| s.chosen.external_id.clone());
        let mut tags = wanted.tags.clone();
        tags.extend(wanted.ownership_tags());
        let mut steps = vec![
            Step::CreateRole {
                name: wanted.role_name.clone(),
                path: wanted.role_path.clone(),
                description: wanted.role_description.clone(),
                max_session_duration: wanted.max_session_duration,
                boundary: wanted.permissions_boundary.clone(),
                tags,
                trust: trust(&external_id),
            },
            Step::ReadBack { principal: principal.clone(), policies: vec![] },
        ];
        attach(&mut steps, &principal, &policies);
        return Ok(Making {
            principal,
            origin: Origin::Made,
            unique_id: None,
            prior_keys: vec![],
            attaches: vec![],
            trust_before: None,
            external_id: Some(external_id),
            steps,
            warnings: vec![],
        });
    };
    let principal = Principal::Role(seen.name.clone());
    let origin = origin_of(s, &principal, &seen.tags, &seen.unique_id, record)?;
    same_path(&principal, &seen.path, wanted.role_path.as_str())?;
    if let TrustReading::OneAccount { account, .. } = TrustReading::of(&seen.trust)
        && account != wanted.master_account_id
        && origin != Origin::Adopted
    {
        return Err(Stop::new(
            ErrorKind::Conflict,
            format!("{principal} is this tool's, but trusts account {account}, not {}", wanted.master_account_id),
            "check --master-account-id, or choose another --role-name",
        ));
    }
    let kept = kept_external_id(seen, &wanted.master_account_id);
    let external_id =
        wanted.external_id.clone().or_else(|| kept.clone()).unwrap_or_else(|| s.chosen.external_id.clone());
    let mut making = Making {
        principal: principal.clone(),
        origin,
        unique_id: Some(seen.unique_id.clone()),
        prior_keys: vec![],
        attaches: vec![],
        trust_before: None,
        external_id: Some(external_id.clone()),
        steps: vec![],
        warnings: vec![],
    };
    let missing: Vec<PolicyArn> = policies.iter().filter(|p| !seen.attached.contains(p)).cloned().collect();
    adoption(&mut making, record, &missing, &[], Some(&seen.trust));
    let after = trust(&external_id);
    if !after.is_granted_by(&seen.trust) {
        making.steps.push(Step::SetTrust {
            role: seen.name.clone(),
            before: seen.trust.clone(),
            after: after.document(),
        });
    }
    if origin == Origin::Adopted {
        if wanted.permissions_boundary.is_some() && wanted.permissions_boundary != seen.boundary {
            return Err(adopted_boundary(&principal));
        }
    } else {
        let (before, after) = (
            (seen.description.clone(), seen.max_session_duration),
            (wanted.role_description.clone(), wanted.max_session_duration),
        );
        if before != after {
            making.steps.push(Step::SetRole { role: seen.name.clone(), before, after });
        }
        boundary(&mut making.steps, &principal, seen.boundary.as_ref(), wanted.permissions_boundary.as_ref());
    }
    tags(s, &mut making, &seen.tags)?;
    if !missing.is_empty() || !making.steps.is_empty() {
        // The whole trust policy is proved exact before AdministratorAccess is attached: tags alone prove nothing.
        making.steps.push(Step::ReadBack { principal: principal.clone(), policies: vec![] });
        attach(&mut making.steps, &principal, &missing);
    }
    surplus(&mut making, &policies, &seen.attached, &seen.inline);
    Ok(making)
}

pub(super) fn user(
    s: &Situation<'_>,
    record: Option<&Record>,
    may_delete_lost: bool,
    needs_key: bool,
) -> Result<Making, Stop> {
    let wanted = s.wanted;
    let policies = wanted.policies_in(s.aws.caller.partition());
    let Some(seen) = s.aws.user(wanted.user_name.as_str()) else {
        let principal = Principal::User(wanted.user_name.clone());
        let mut tags = wanted.tags.clone();
        tags.extend(wanted.ownership_tags());
        let mut steps = vec![
            Step::CreateUser {
                name: wanted.user_name.clone(),
                path: wanted.role_path.clone(),
                boundary: wanted.permissions_boundary.clone(),
                tags,
            },
            Step::ReadBack { principal: principal.clone(), policies: vec![] },
        ];
        attach(&mut steps, &principal, &policies);
        if needs_key {
            key(&mut steps, &principal, &wanted.user_name, &policies);
        }
        return Ok(Making {
            principal,
            origin: Origin::Made,
            unique_id: None,
            prior_keys: vec![],
            attaches: vec![],
            trust_before: None,
            external_id: None,
            steps,
            warnings: vec![],
        });
    };
    let principal = Principal::User(seen.name.clone());
    let origin = origin_of(s, &principal, &seen.tags, &seen.unique_id, record)?;
    same_path(&principal, &seen.path, wanted.role_path.as_str())?;
    let recorded = record.filter(|r| r.with == With::Keys && r.name.eq_ignore_ascii_case(seen.name.as_str()));
    let prior: Vec<String> = match (origin, recorded) {
        // The journal was written before the first key: what it does not list came after, from a run of ours.
        (_, Some(r)) => r.prior_keys.clone(),
        (Origin::Adopted, None) => seen.keys.iter().map(|k| k.id.to_string()).collect(),
        (Origin::Made | Origin::Stood, None) => vec![],
    };
    let lost: Vec<AccessKeyId> =
        seen.keys.iter().filter(|k| !prior.contains(&k.id.to_string())).map(|k| k.id.clone()).collect();
    if origin != Origin::Adopted {
        clean_user(seen, &principal, origin, &policies, recorded.is_some())?;
    }
    let mut making = Making {
        principal: principal.clone(),
        origin,
        unique_id: Some(seen.unique_id.clone()),
        prior_keys: prior.clone(),
        attaches: vec![],
        trust_before: None,
        external_id: None,
        steps: vec![],
        warnings: vec![],
    };
    let missing: Vec<PolicyArn> = policies.iter().filter(|p| !seen.attached.contains(p)).cloned().collect();
    adoption(&mut making, record, &missing, &prior, None);
    if needs_key {
        if !lost.is_empty() && !may_delete_lost {
            return Err(Stop::new(
                ErrorKind::UnknownOutcome,
                format!(
                    "{principal} has the access key {} of an earlier run, and it is not proved that Turbot does not use it",
                    lost[0]
                ),
                "use a Turbot key that may read the cluster, the account and the list; or remove everything with cleanup",
            ));
        }
        for id in &lost {
            making.steps.extend(delete_key(seen, id, KeyFate::Lost));
        }
        if prior.len() >= MAX_KEYS {
            return Err(Stop::new(
                ErrorKind::CannotConverge,
                format!("{principal} has {} access keys that stood before, and IAM allows no third", prior.len()),
                "delete a key that is not in use, or choose another --user-name; this tool never deletes a key it did not make",
            ));
        }
    }
    if origin == Origin::Adopted {
        if wanted.permissions_boundary.is_some() && wanted.permissions_boundary != seen.boundary {
            return Err(adopted_boundary(&principal));
        }
    } else {
        boundary(&mut making.steps, &principal, seen.boundary.as_ref(), wanted.permissions_boundary.as_ref());
    }
    tags(s, &mut making, &seen.tags)?;
    attach(&mut making.steps, &principal, &missing);
    if needs_key {
        key(&mut making.steps, &principal, &seen.name, &policies);
    }
    surplus(&mut making, &policies, &seen.attached, &seen.inline);
    Ok(making)
}

/// A user that these runs did not make has no way in but what is known: tags find, they do not prove.
fn clean_user(
    seen: &UserSeen,
    principal: &Principal,
    origin: Origin,
    policies: &[PolicyArn],
    recorded: bool,
) -> Result<(), Stop> {
    let mut ways = seen.other_access.clone();
    if origin == Origin::Stood {
        ways.extend(seen.inline.iter().map(|name| format!("the inline policy {}", crate::shown(name))));
        ways.extend(seen.attached.iter().filter(|p| !policies.contains(p)).map(|p| format!("the policy {p}")));
        if !recorded {
            ways.extend(seen.keys.iter().map(|k| format!("the access key {}", k.id)));
        }
    }
    if ways.is_empty() {
        return Ok(());
    }
    Err(not_ours(
        principal,
        &format!("it carries this tool's tags, but also {}, which this run did not give it", ways.join(", ")),
    ))
}

pub(super) fn delete_key(user: &UserSeen, id: &AccessKeyId, fate: KeyFate) -> Vec<Step> {
    let active = user.keys.iter().any(|k| k.id == *id && k.active);
    let deactivate = active.then(|| Step::DeactivateKey { user: user.name.clone(), key: id.clone(), fate });
    deactivate.into_iter().chain([Step::DeleteKey { user: user.name.clone(), key: id.clone(), fate }]).collect()
}

fn same_path(principal: &Principal, seen: &str, wanted: &str) -> Result<(), Stop> {
    if seen == wanted {
        return Ok(());
    }
    Err(Stop::new(
        ErrorKind::CannotConverge,
        format!("{principal} stands under the path {}, not {wanted}, and IAM cannot move it", crate::shown(seen)),
        format!("give --role-path {seen}, or choose another --{}-name", principal.kind()),
    ))
}

fn adopted_boundary(principal: &Principal) -> Stop {
    Stop::new(
        ErrorKind::CannotConverge,
        format!("the permissions boundary of an adopted {} is not changed", principal.kind()),
        format!("set it by hand, or choose another --{}-name", principal.kind()),
    )
}

fn boundary(steps: &mut Vec<Step>, principal: &Principal, before: Option<&PolicyArn>, after: Option<&PolicyArn>) {
    if before != after {
        steps.push(Step::SetBoundary { principal: principal.clone(), before: before.cloned(), after: after.cloned() });
    }
}

fn attach(steps: &mut Vec<Step>, principal: &Principal, policies: &[PolicyArn]) {
    steps.extend(policies.iter().map(|policy| Step::Attach { principal: principal.clone(), policy: policy.clone() }));
}

fn key(steps: &mut Vec<Step>, principal: &Principal, user: &crate::UserName, policies: &[PolicyArn]) {
    steps.push(Step::ReadBack { principal: principal.clone(), policies: policies.to_vec() });
    steps.push(Step::CreateKey { user: user.clone() });
    steps.push(Step::ProveKey { user: user.clone() });
}

/// What is remembered of an adopted principal, so that undo and `cleanup` take back ours and nothing else.
fn adoption(
    making: &mut Making,
    record: Option<&Record>,
    missing: &[PolicyArn],
    prior: &[String],
    trust: Option<&String>,
) {
    if making.origin != Origin::Adopted {
        return;
    }
    if let Some(record) =
        record.filter(|r| r.origin == Origin::Adopted && r.name.eq_ignore_ascii_case(making.principal.name()))
    {
        making.attaches.clone_from(&record.attaches);
        making.trust_before.clone_from(&record.trust_before);
    } else {
        making.attaches = missing.iter().map(ToString::to_string).collect();
        making.trust_before = trust.cloned();
        making.prior_keys = prior.to_vec();
    }
}

fn tags(s: &Situation<'_>, making: &mut Making, seen: &BTreeMap<String, String>) -> Result<(), Stop> {
    let mut after = s.wanted.tags.clone();
    if making.origin == Origin::Adopted {
        // What stood before stays: a tag of the owner's own with another value is not overwritten.
        after.retain(|key, value| match seen.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)) {
            Some((_, old)) if old != value => {
                making.warnings.push(format!(
                    "the tag {key} of the adopted {} keeps its value {}",
                    making.principal,
                    crate::shown(old)
                ));
                false
            }
            _ => true,
        });
        if !is_adopted(seen) {
            after.extend(adoption_tags(&making.attaches, &making.prior_keys));
        }
    }
    after.extend(s.wanted.ownership_tags());
    after.retain(|key, value| seen.get(key) != Some(value));
    if after.is_empty() {
        return Ok(());
    }
    let total = seen.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>().len();
    if total > MAX_TAGS {
        return Err(Stop::new(
            ErrorKind::CannotConverge,
            format!("{} would have {total} tags; IAM allows {MAX_TAGS}", making.principal),
            "remove tags from it, or give fewer with --tag",
        ));
    }
    let before = seen.iter().filter(|(k, _)| after.contains_key(*k)).map(|(k, v)| (k.clone(), v.clone())).collect();
    making.steps.push(Step::Tag { principal: making.principal.clone(), before, after });
    Ok(())
}

fn surplus(making: &mut Making, policies: &[PolicyArn], attached: &[PolicyArn], inline: &[String]) {
    let extra: Vec<String> = attached
        .iter()
        .filter(|p| !policies.contains(p))
        .map(ToString::to_string)
        .chain(inline.iter().map(|name| format!("the inline policy {}", crate::shown(name))))
        .collect();
    if !extra.is_empty() {
        making.warnings.push(format!(
            "{} has policies beyond those wanted, which stay: {}",
            making.principal,
            extra.join(", ")
        ));
    }
}
