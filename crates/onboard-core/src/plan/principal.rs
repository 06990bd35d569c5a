//! The role or the user: whose it is, and how it comes to be as wanted.

use std::collections::BTreeMap;

use super::adoption::{adoption, is_adopted, tags};
use super::{Situation, Stop};
use crate::{
    AccessKeyId, ErrorKind, ExternalId, KeyFate, Origin, PolicyArn, Principal, Record, RoleSeen, Step, TAG_PREFIX,
    TrustPolicy, TrustReading, UserSeen, With,
};

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

/// How the role or user comes to be as wanted: what the journal will say of it, and the steps.
#[derive(Debug)]
pub(super) struct Making {
    pub(super) principal: Principal,
    pub(super) origin: Origin,
    /// It was not made by this tool, now or before: only what we put on it is ours.
    pub(super) adopted: bool,
    pub(super) unique_id: Option<String>,
    pub(super) prior_keys: Vec<String>,
    pub(super) attaches: Vec<String>,
    pub(super) trust_before: Option<String>,
    pub(super) external_id: Option<ExternalId>,
    pub(super) steps: Vec<Step>,
    pub(super) warnings: Vec<String>,
}

/// What is known of a role or user that stands.
struct Found<'r> {
    origin: Origin,
    adopted: bool,
    /// Whether it carries our tags, for this Turbot id and cluster.
    ours: bool,
    /// What the journal says, where it speaks of this very object and not of another that had its name.
    recorded: Option<&'r Record>,
}

/// Where it came from: by the journal where that speaks of this very object, else by tags and consent.
fn found<'r>(
    s: &Situation<'_>,
    what: &Principal,
    tags: &BTreeMap<String, String>,
    unique_id: &str,
    record: Option<&'r Record>,
) -> Result<Found<'r>, Stop> {
    let ours = match owner(s, tags) {
        Owner::Ours => true,
        Owner::Nobody => false,
        Owner::Another(other) => {
            return Err(Stop::new(
                ErrorKind::Conflict,
                format!(
                    "{what} is this tool's, but for {}, not for {}",
                    crate::escaped(&other),
                    s.wanted.account_urn()
                ),
                format!("choose another --{}-name, or check --turbot-id and --cluster-id", what.kind()),
            ));
        }
    };
    // Without our tags only an adoption that was stopped before it set them is ours: consent was given then.
    let recorded = record.filter(|r| speaks_of(r, what, unique_id) && (ours || r.origin == Origin::Adopted));
    let (origin, adopted) = match recorded.map(|r| r.origin) {
        // Consent is in this call, not in a tag that anybody may have written.
        Some(Origin::Adopted) if !s.wanted.adopt => return Err(not_ours(what, "an unfinished run was taking it over")),
        Some(Origin::Adopted) => (Origin::Adopted, true),
        Some(origin) => (origin, is_adopted(tags)),
        None if ours => (Origin::Stood, is_adopted(tags)),
        None if s.wanted.adopt => (Origin::Adopted, true),
        None => return Err(not_ours(what, "it does not carry this tool's tags")),
    };
    Ok(Found { origin, adopted, ours, recorded })
}

/// Whether a record is about this object; one made anew under the same name has another unique id.
pub(super) fn speaks_of(record: &Record, what: &Principal, unique_id: &str) -> bool {
    let with = match what {
        Principal::Role(_) => With::Role,
        Principal::User(_) => With::Keys,
    };
    record.with == with
        && record.name.eq_ignore_ascii_case(what.name())
        && record.unique_id.as_deref().is_none_or(|id| id == unique_id)
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
            adopted: false,
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
    let found = found(s, &principal, &seen.tags, &seen.unique_id, record)?;
    same_path(&principal, &seen.path, wanted.role_path.as_str())?;
    if let TrustReading::OneAccount { account, .. } = TrustReading::of(&seen.trust)
        && account != wanted.master_account_id
        && found.ours
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
        origin: found.origin,
        adopted: found.adopted,
        unique_id: Some(seen.unique_id.clone()),
        prior_keys: vec![],
        attaches: vec![],
        trust_before: None,
        external_id: Some(external_id.clone()),
        steps: vec![],
        warnings: vec![],
    };
    let missing: Vec<PolicyArn> = policies.iter().filter(|p| !seen.attached.contains(p)).cloned().collect();
    adoption(&mut making, found.recorded, &missing, Some(&seen.trust));
    let after = trust(&external_id);
    if !after.is_granted_by(&seen.trust) {
        making.steps.push(Step::SetTrust {
            role: seen.name.clone(),
            before: seen.trust.clone(),
            after: after.document(),
        });
    }
    if making.adopted {
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
    tags(s, &mut making, &seen.tags, &missing)?;
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
            adopted: false,
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
    let mut found = found(s, &principal, &seen.tags, &seen.unique_id, record)?;
    same_path(&principal, &seen.path, wanted.role_path.as_str())?;
    if !found.adopted {
        let ways = other_ways(seen, &found, &policies, needs_key);
        if !ways.is_empty() {
            unclean(s, &mut found, &principal, &ways, needs_key)?;
        }
    }
    let prior: Vec<String> = match found.recorded {
        // The journal was written before the first key: what it does not list came after, from a run of ours.
        Some(record) if found.adopted => record.prior_keys.clone(),
        // Only an adopted user had keys before: a journal that says otherwise of one of ours was written by somebody else.
        Some(_) => vec![],
        None if found.adopted || !needs_key => seen.keys.iter().map(|k| k.id.to_string()).collect(),
        None => vec![],
    };
    let (stood, lost): (Vec<&AccessKeyId>, Vec<&AccessKeyId>) =
        seen.keys.iter().map(|k| &k.id).partition(|id| prior.contains(&id.to_string()));
    let mut making = Making {
        principal: principal.clone(),
        origin: found.origin,
        adopted: found.adopted,
        unique_id: Some(seen.unique_id.clone()),
        prior_keys: prior,
        attaches: vec![],
        trust_before: None,
        external_id: None,
        steps: vec![],
        warnings: vec![],
    };
    let missing: Vec<PolicyArn> = policies.iter().filter(|p| !seen.attached.contains(p)).cloned().collect();
    adoption(&mut making, found.recorded, &missing, None);
    if needs_key {
        if !lost.is_empty() && !may_delete_lost {
            return Err(key_in_doubt(&principal, lost[0]));
        }
        for id in lost {
            making.steps.extend(delete_key(seen, id, KeyFate::Lost));
        }
        if stood.len() >= MAX_KEYS {
            return Err(Stop::new(
                ErrorKind::CannotConverge,
                format!("{principal} has {} access keys that stood before, and IAM allows no third", stood.len()),
                "delete a key that is not in use, or choose another --user-name; this tool never deletes a key it did not make",
            ));
        }
    }
    if making.adopted {
        if wanted.permissions_boundary.is_some() && wanted.permissions_boundary != seen.boundary {
            return Err(adopted_boundary(&principal));
        }
    } else {
        boundary(&mut making.steps, &principal, seen.boundary.as_ref(), wanted.permissions_boundary.as_ref());
    }
    tags(s, &mut making, &seen.tags, &missing)?;
    attach(&mut making.steps, &principal, &missing);
    if needs_key {
        key(&mut making.steps, &principal, &seen.name, &policies);
    }
    surplus(&mut making, &policies, &seen.attached, &seen.inline);
    Ok(making)
}

/// A key of an earlier run that may not be deleted yet.
pub(super) fn key_in_doubt(principal: &Principal, key: &AccessKeyId) -> Stop {
    Stop::new(
        ErrorKind::UnknownOutcome,
        format!(
            "{principal} has the access key {key} of an earlier run, and it is not proved that Turbot does not use it"
        ),
        "use a Turbot key that may read the cluster, the account and the list; or remove everything with cleanup",
    )
}

/// A user that these runs did not make has no way in but what is known: tags find, they do not prove.
fn other_ways(seen: &UserSeen, found: &Found<'_>, policies: &[PolicyArn], needs_key: bool) -> Vec<String> {
    let mut ways = seen.other_access.clone();
    if found.origin == Origin::Stood {
        ways.extend(seen.inline.iter().map(|name| format!("the inline policy {}", crate::shown(name))));
        ways.extend(seen.attached.iter().filter(|p| !policies.contains(p)).map(|p| format!("the policy {p}")));
        // Of an imported account the key is the one that Turbot has: known by the import, not by this run.
        if found.recorded.is_none() && needs_key {
            ways.extend(seen.keys.iter().map(|k| format!("the access key {}", k.id)));
        }
    }
    ways
}

/// Our tags on somebody's user: adopted with consent, else not ours. Of an imported account it stays as it stood.
fn unclean(
    s: &Situation<'_>,
    found: &mut Found<'_>,
    principal: &Principal,
    ways: &[String],
    needs_key: bool,
) -> Result<(), Stop> {
    let why = format!("it carries this tool's tags, but also {}, which this run did not give it", ways.join(", "));
    if found.recorded.is_some() {
        return Err(Stop::new(
            ErrorKind::NotOurs,
            format!("somebody else uses {principal}: {why}"),
            "remove those by hand if they are not wanted, or choose another --user-name",
        ));
    }
    if !s.wanted.adopt {
        return Err(not_ours(principal, &why));
    }
    found.adopted = true;
    if needs_key {
        found.origin = Origin::Adopted;
    }
    Ok(())
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
