//! What the rules ask for, said slowly: every reason there is to stop or wait, found in the world itself and not in what
//! the planner makes of it.

use std::collections::{BTreeMap, BTreeSet};

use super::scenes::{CHOSEN, FOREIGN_MASTER, GIVEN, OLDER, Scene, trust};
use super::world::same_name;
use crate::plan::{Goal, WaitFor};
use crate::{
    ErrorKind, ExternalId, LookFault, Organization, Origin, Partition, PolicyArn, Record, TurbotAccount, Wanted, When,
    With,
};

const SETTLE: i64 = 20 * 60;
const VISIBILITY: i64 = 5 * 60;
const LEASE: i64 = 2 * 60;

/// What must come. With several reasons to stop, any of them will do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Stop(Vec<ErrorKind>),
    Wait(WaitFor),
    Go,
}

fn stop(kind: ErrorKind) -> Verdict {
    Verdict::Stop(vec![kind])
}

/// Partition, account and external id of a trust policy that is exactly as this tool writes it.
pub(super) fn trusted(document: &str) -> Option<(&'static str, &'static str, &'static str)> {
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        for account in ["999988887777", "111122223333", FOREIGN_MASTER] {
            for external_id in [CHOSEN, OLDER, GIVEN] {
                if trust(partition, account, external_id) == document {
                    return Some((partition, account, external_id));
                }
            }
        }
    }
    None
}

pub(super) fn ours(wanted: &Wanted, tags: &BTreeMap<String, String>) -> bool {
    tags.get("turbot-onboard:turbot-id").map(String::as_str) == Some(wanted.turbot_id.as_str())
        && tags.get("turbot-onboard:cluster") == Some(&wanted.cluster_id.urn())
}

pub(super) fn nobodys(tags: &BTreeMap<String, String>) -> bool {
    !tags.contains_key("turbot-onboard:turbot-id") && !tags.contains_key("turbot-onboard:cluster")
}

pub(super) fn marked_adopted(tags: &BTreeMap<String, String>) -> bool {
    tags.contains_key("turbot-onboard:adopted")
}

/// What the journals say together.
pub(super) fn record(scene: &Scene) -> Option<Record> {
    let newest = scene.world.journals.last()?.record.clone()?;
    let any = |of: fn(&Record) -> Option<When>| {
        scene.world.journals.iter().rev().filter_map(|j| j.record.as_ref()).find_map(of)
    };
    Some(Record {
        import_requested: any(|r| r.import_requested),
        import_accepted: any(|r| r.import_accepted),
        handed_over: any(|r| r.handed_over),
        import_unsettled: scene.world.journals.iter().any(|j| j.record.as_ref().is_some_and(|r| r.import_unsettled)),
        ..newest
    })
}

fn age(scene: &Scene, when: When) -> i64 {
    match when {
        When::At(then) => scene.world.now.duration_since(then).as_secs().max(0),
        When::Unreadable => 0,
    }
}

/// What Turbot shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shows {
    Visible(TurbotAccount),
    Absent,
    Conflict,
    Unknown,
}

pub(super) fn shows(scene: &Scene) -> Shows {
    let (world, wanted) = (&scene.world, &scene.run.wanted);
    if scene.run.blind {
        return Shows::Unknown;
    }
    let same_id = |a: &&TurbotAccount| a.id.as_deref() == Some(wanted.turbot_id.as_str());
    let same_aws = |a: &&TurbotAccount| a.aws_account_id.as_ref() == Some(&wanted.account_id);
    let (by_id, listed) = (world.by_id_fault.is_none(), world.list_fault.is_none());
    let of_id = world.accounts.iter().find(same_id).filter(|_| by_id || listed);
    let of_aws = world.accounts.iter().find(same_aws).filter(|_| listed);
    match (of_id, of_aws) {
        (Some(account), other) => match &account.aws_account_id {
            Some(aws) if *aws == wanted.account_id => Shows::Visible(account.clone()),
            Some(_) => Shows::Conflict,
            // Turbot does not say which AWS account it is; but this one is known under another id.
            None if other.is_some() => Shows::Conflict,
            None => Shows::Visible(account.clone()),
        },
        (None, Some(_)) => Shows::Conflict,
        (None, None) if by_id && listed => Shows::Absent,
        (None, None) => Shows::Unknown,
    }
}

/// Whether an import may already have reached Turbot, or may yet.
pub(super) fn may_be_sent(record: &Record) -> bool {
    record.import_requested.is_some()
        || record.import_accepted.is_some()
        || record.import_unsettled
        || record.handed_over.is_some()
}

pub(super) fn partition(scene: &Scene) -> Partition {
    scene.world.caller.partition().clone()
}

fn of_caller(scene: &Scene) -> Vec<ErrorKind> {
    let (wanted, world) = (&scene.run.wanted, &scene.world);
    let mut reasons = vec![];
    if world.caller.account != wanted.account_id {
        return vec![ErrorKind::WrongAccount];
    }
    if world.caller.arn.as_str().ends_with(":root") && !wanted.allow_root {
        reasons.push(ErrorKind::RootCaller);
    }
    if wanted.master_account_id == wanted.account_id && !wanted.allow_master_account {
        reasons.push(ErrorKind::MasterAccount);
    }
    if world.organization == Organization::Management && !wanted.allow_management_account {
        reasons.push(ErrorKind::ManagementAccount);
    }
    let own = partition(scene);
    let crossing = wanted.with == With::Role && wanted.master_partition.as_ref().is_some_and(|p| *p != own);
    let arns: Vec<&PolicyArn> = wanted.policies.iter().chain(&wanted.permissions_boundary).collect();
    if crossing || arns.iter().any(|a| a.partition() != own.as_str()) {
        reasons.push(ErrorKind::Partition);
    }
    reasons
}

pub(super) fn kind_of(fault: LookFault) -> ErrorKind {
    match fault {
        LookFault::Unreachable => ErrorKind::TurbotUnreachable,
        LookFault::Tls => ErrorKind::TurbotTls,
        LookFault::Redirect => ErrorKind::TurbotRedirect,
        LookFault::Unauthorized | LookFault::Forbidden => ErrorKind::MissingRight,
        LookFault::Unavailable | LookFault::Malformed | LookFault::NotFound | LookFault::Refused => {
            ErrorKind::TurbotUnavailable
        }
    }
}

fn of_turbot(scene: &Scene) -> Vec<ErrorKind> {
    let world = &scene.world;
    if scene.run.blind {
        return vec![];
    }
    if let Some(fault) = world.cluster_fault {
        return vec![kind_of(fault)];
    }
    if world.cluster != scene.run.wanted.cluster_id.urn() {
        return vec![ErrorKind::WrongCluster];
    }
    // A look that is merely not allowed or not understood leaves the rest to be seen; the others are no Turbot at all.
    let no_answer = |fault: &LookFault| {
        !matches!(fault, LookFault::Forbidden | LookFault::Malformed | LookFault::NotFound | LookFault::Refused)
    };
    let reasons: Vec<ErrorKind> =
        [world.by_id_fault, world.list_fault].into_iter().flatten().filter(no_answer).map(kind_of).collect();
    if reasons.is_empty() && shows(scene) == Shows::Conflict {
        return vec![ErrorKind::Conflict];
    }
    reasons
}

/// Whose turn it is.
fn of_journals(scene: &Scene) -> Option<Verdict> {
    let wanted = &scene.run.wanted;
    let newest = scene.world.journals.last()?;
    if scene.world.journals.iter().any(|j| j.attached) {
        return Some(stop(ErrorKind::NotOurs));
    }
    let Some(record) = &newest.record else {
        return Some(stop(ErrorKind::NotOurs));
    };
    if record.turbot_id != wanted.turbot_id.as_str() || record.cluster != wanted.cluster_id.urn() {
        return Some(stop(ErrorKind::Conflict));
    }
    let held = record.run != scene.run.id && age(scene, record.claimed_at) < LEASE && !scene.run.take_over;
    held.then_some(Verdict::Wait(WaitFor::Claim))
}

/// What comes of an import that may be under way while the account does not show.
fn of_import(scene: &Scene, record: &Record, absent: bool) -> Option<Verdict> {
    if let Some(accepted) = record.import_accepted {
        return match age(scene, accepted) {
            age if age < VISIBILITY => Some(Verdict::Wait(WaitFor::Visibility)),
            age if age < SETTLE || !absent || record.with == With::Keys => Some(stop(ErrorKind::NotVisible)),
            _ => None,
        };
    }
    if record.import_requested.is_some_and(|requested| age(scene, requested) < SETTLE) {
        return Some(Verdict::Wait(WaitFor::Answer));
    }
    let unanswered = record.import_requested.is_some() || record.import_unsettled;
    (unanswered && !absent).then(|| stop(ErrorKind::UnknownOutcome))
}

/// Whether a record speaks of this very object: the name may have been given to another since.
pub(super) fn speaks_of(record: &Record, with: With, name: &str, id: &str, tags: &BTreeMap<String, String>) -> bool {
    let named = record.with == with && same_name(&record.name, name);
    let known = match &record.unique_id {
        Some(known) => known == id,
        // Claimed, perhaps made: only our tags tell it from somebody else's of the same name.
        None => tags.get("turbot-onboard:turbot-id") == Some(&record.turbot_id),
    };
    named && known
}

/// A key that a lost run made may go: nobody has it, and that is certain.
fn lost_key_may_go(scene: &Scene, record: Option<&Record>, absent: bool) -> bool {
    let Some(record) = record else { return false };
    if record.import_accepted.is_some() || record.handed_over.is_some() {
        return false;
    }
    absent || (scene.goal == Goal::Bootstrap && !may_be_sent(record))
}

/// Every reason not to work on the role or user that is wanted.
fn of_principal(scene: &Scene, record: Option<&Record>, absent: bool, needs_key: bool) -> Vec<ErrorKind> {
    let (wanted, world) = (&scene.run.wanted, &scene.world);
    let mut reasons = vec![];
    let role = world.find_role(wanted.role_name.as_str()).filter(|_| wanted.with == With::Role);
    let user = world.find_user(wanted.user_name.as_str()).filter(|_| wanted.with == With::Keys);
    let (tags, id, path, boundary, attached, inline) = match (role, user) {
        (Some(r), _) => (&r.tags, &r.unique_id, &r.path, &r.boundary, &r.attached, &r.inline),
        (_, Some(u)) => (&u.tags, &u.unique_id, &u.path, &u.boundary, &u.attached, &u.inline),
        (None, None) => return reasons,
    };
    if !ours(wanted, tags) && !nobodys(tags) {
        return vec![ErrorKind::Conflict];
    }
    let name = wanted.principal_name();
    let record = record.filter(|r| speaks_of(r, wanted.with, name, id, tags));
    if record.is_some_and(|r| r.origin == Origin::Adopted) && !wanted.adopt {
        return vec![ErrorKind::NotOurs];
    }
    let mut adopted = marked_adopted(tags) || record.is_some_and(|r| r.origin == Origin::Adopted);
    if nobodys(tags) && !adopted {
        if !wanted.adopt {
            return vec![ErrorKind::NotOurs];
        }
        adopted = true;
    }
    if *path != *wanted.role_path.as_str() {
        reasons.push(ErrorKind::CannotConverge);
    }
    if let Some(role) = role
        && ours(wanted, tags)
        && trusted(&role.trust).is_some_and(|(_, account, _)| account != wanted.master_account_id.as_str())
    {
        reasons.push(ErrorKind::Conflict);
    }
    let policies = wanted.policies_in(&partition(scene));
    if let Some(user) = user {
        let stood = record.is_none_or(|r| r.origin == Origin::Stood);
        let odd = !user.other_access.is_empty()
            || (stood && (!inline.is_empty() || attached.iter().any(|p| !policies.contains(p))))
            || (record.is_none() && needs_key && !user.keys.is_empty());
        if odd && !adopted {
            if wanted.adopt && record.is_none() {
                adopted = true;
            } else {
                reasons.push(ErrorKind::NotOurs);
            }
        }
        let stood_before = |id: &str| record.map_or(adopted, |r| r.prior_keys.iter().any(|k| k == id));
        let (prior, lost): (Vec<_>, Vec<_>) = user.keys.iter().partition(|k| stood_before(k.id.as_str()));
        if needs_key && prior.len() >= 2 {
            reasons.push(ErrorKind::CannotConverge);
        }
        if needs_key && !lost.is_empty() && !lost_key_may_go(scene, record, absent) {
            reasons.push(ErrorKind::UnknownOutcome);
        }
    }
    if adopted && wanted.permissions_boundary.is_some() && *boundary != wanted.permissions_boundary {
        reasons.push(ErrorKind::CannotConverge);
    }
    let missing = policies.iter().filter(|p| !attached.contains(p)).count();
    if tags_after(scene, tags, adopted, missing, record, user.map_or(0, |u| u.keys.len())) > 50 {
        reasons.push(ErrorKind::CannotConverge);
    }
    reasons
}

/// How many tags there would be, keys that differ in case alone counted once.
fn tags_after(
    scene: &Scene,
    tags: &BTreeMap<String, String>,
    adopted: bool,
    missing: usize,
    record: Option<&Record>,
    keys: usize,
) -> usize {
    let wanted = &scene.run.wanted;
    let standing: BTreeSet<String> = tags.keys().map(|k| k.to_lowercase()).collect();
    let mut all = standing.clone();
    all.extend(wanted.tags.keys().map(|k| k.to_lowercase()));
    all.extend(wanted.ownership_tags().into_keys());
    let mut count = all.len();
    if adopted {
        // Each tag and each policy that was not there is remembered by a tag of its own.
        count += wanted.tags.keys().filter(|k| !standing.contains(&k.to_lowercase())).count();
        let noted: Vec<&str> =
            tags.iter().filter(|(k, _)| k.starts_with("turbot-onboard:attached-")).map(|(_, v)| v.as_str()).collect();
        let before = record.map_or(&[][..], |r| &r.attaches[..]);
        count += missing + before.iter().filter(|p| !noted.contains(&p.replace(',', " ").as_str())).count();
        if !marked_adopted(tags) {
            let prior = record.map_or(keys, |r| r.prior_keys.len());
            count += 1 + usize::from(prior > 0);
        }
    }
    count
}

/// Whether the role or user of an imported account is to stay as wanted, so that it is looked at further.
pub(super) fn kept(scene: &Scene) -> bool {
    let wanted = &scene.run.wanted;
    let tags = match wanted.with {
        With::Role => scene.world.find_role(wanted.role_name.as_str()).map(|r| &r.tags),
        With::Keys => scene.world.find_user(wanted.user_name.as_str()).map(|u| &u.tags),
    };
    tags.is_some_and(|tags| ours(wanted, tags) && wanted.delete_credential.map_or(marked_adopted(tags), |d| !d))
}

/// What `plan` must decide.
pub(super) fn verdict(scene: &Scene) -> Verdict {
    for reasons in [of_caller(scene), of_turbot(scene)] {
        if !reasons.is_empty() {
            return Verdict::Stop(reasons);
        }
    }
    if let Some(verdict) = of_journals(scene) {
        return verdict;
    }
    let record = record(scene);
    let absent = match shows(scene) {
        Shows::Visible(_) => {
            let reasons = match &record {
                None if kept(scene) => of_principal(scene, None, false, false),
                _ => vec![],
            };
            return if reasons.is_empty() { Verdict::Go } else { Verdict::Stop(reasons) };
        }
        shown => shown == Shows::Absent,
    };
    if let Some(record) = &record {
        if let Some(verdict) = of_import(scene, record, absent) {
            return verdict;
        }
        let wanted = &scene.run.wanted;
        if record.with != wanted.with || !same_name(&record.name, wanted.principal_name()) {
            return of_another(scene, record, absent);
        }
        if record.handed_over.is_some() && record.with == With::Keys {
            return stop(ErrorKind::HandedOver);
        }
    }
    let reasons = of_principal(scene, record.as_ref(), absent, true);
    if reasons.is_empty() { Verdict::Go } else { Verdict::Stop(reasons) }
}

/// An unfinished run made another role or user: it is taken back, if it is certain that nobody has it.
fn of_another(scene: &Scene, record: &Record, absent: bool) -> Verdict {
    if record.handed_over.is_some() {
        return stop(ErrorKind::HandedOver);
    }
    if record.import_accepted.is_some() {
        return stop(ErrorKind::NotVisible);
    }
    let of_record = scene.world.find_user(&record.name).filter(|_| record.with == With::Keys);
    let has_key = of_record.is_some_and(|user| {
        speaks_of(record, With::Keys, user.name.as_str(), &user.unique_id, &user.tags)
            && (ours(&scene.run.wanted, &user.tags) || (record.origin != Origin::Made && nobodys(&user.tags)))
            && user.keys.iter().any(|k| !record.prior_keys.contains(&k.id.to_string()))
    });
    if has_key && !lost_key_may_go(scene, Some(record), absent) {
        return stop(ErrorKind::UnknownOutcome);
    }
    Verdict::Go
}

/// The external id that must be in force in the end: given, or kept, or chosen.
pub(super) fn external_id(scene: &Scene) -> ExternalId {
    let wanted = &scene.run.wanted;
    let kept = scene
        .world
        .find_role(wanted.role_name.as_str())
        .and_then(|role| trusted(&role.trust))
        .filter(|(_, account, _)| *account == wanted.master_account_id.as_str())
        .map(|(_, _, external_id)| ExternalId::new(external_id).unwrap());
    wanted.external_id.clone().or(kept).unwrap_or_else(|| scene.run.chosen.external_id.clone())
}
