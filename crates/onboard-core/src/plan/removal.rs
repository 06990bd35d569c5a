//! Taking back: undo of unfinished runs, and `cleanup`.

use std::collections::BTreeMap;

use super::adoption::{attached_by_us, is_adopted, stood_before, untag};
use super::principal::{Owner, delete_key, owner, speaks_of};
use super::{Decision, Plan, Situation, Stop, checks, onboard};
use crate::{
    AccessKeyId, AwsObserved, ErrorKind, KeyFate, Origin, Outcome, PolicyArn, Presence, Principal, Record, RoleName,
    RoleSeen, Step, TAG_PREFIX, UserName, UserSeen, With,
};

/// What the run that takes back knows of its own work, whatever AWS shows of it by now.
#[derive(Debug, Clone, Copy, Default)]
pub struct Own<'o> {
    /// The unique id that AWS gave to the role or user it made.
    pub made: Option<&'o str>,
    /// The access key it made.
    pub key: Option<&'o AccessKeyId>,
    /// The steps that had their effect, or may have had it: a look may be older than they are. `None` where they have
    /// been taken back already.
    pub done: Option<&'o [Step]>,
}

/// What takes back all that the unfinished runs of a journal made, and nothing else: in reverse order, without the
/// journal itself.
///
/// # Errors
/// By its unique id it is what they made, and nobody's tags are on it: whose it is by now is not known.
pub fn undo(record: &Record, aws: &AwsObserved, own: Own<'_>) -> Result<Vec<Step>, Stop> {
    let same = |unique_id: &str| record.unique_id.as_deref().is_none_or(|id| id == unique_id);
    // What carries the tags of another Turbot id or cluster by now is that one's.
    let free = |tags: &BTreeMap<String, String>| carries(record, tags) || nobodys(tags);
    match record.with {
        With::Role => match aws.role(&record.name).filter(|r| same(&r.unique_id) && free(&r.tags)) {
            Some(role) => undo_role(record, role, own),
            None => Ok(vec![]),
        },
        With::Keys => match aws.user(&record.name) {
            Some(user) if same(&user.unique_id) && free(&user.tags) => undo_user(record, user, own),
            Some(_) => Ok(vec![]),
            None => Ok(of_record(record).and_then(|user| own_key(&user, own)).into_iter().collect()),
        },
    }
}

/// The role or user that a record is about.
#[must_use]
pub fn of_record(record: &Record) -> Option<Principal> {
    match record.with {
        With::Role => RoleName::new(record.name.clone()).map(Principal::Role).ok(),
        With::Keys => UserName::new(record.name.clone()).map(Principal::User).ok(),
    }
}

fn undo_role(record: &Record, role: &RoleSeen, own: Own<'_>) -> Result<Vec<Step>, Stop> {
    let principal = Principal::Role(role.name.clone());
    match record.origin {
        Origin::Made if is_made(record, own, &principal, &role.unique_id, &role.tags)? => Ok(remove_role(role)),
        Origin::Adopted => {
            let mut steps = detach(&principal, &role.attached, |p| record.attaches.contains(&p.to_string()));
            let own_trust = own.done.unwrap_or_default().iter().any(|step| matches!(step, Step::SetTrust { .. }));
            if let Some(before) = record.trust_before.as_ref().filter(|t| own_trust || **t != role.trust) {
                steps.push(Step::SetTrust {
                    role: role.name.clone(),
                    before: role.trust.clone(),
                    after: before.clone(),
                });
            }
            untag(&mut steps, &principal, &own_tags(&role.tags, own));
            unlisted(record, &principal, own, &mut steps);
            Ok(steps)
        }
        Origin::Made | Origin::Stood => Ok(vec![]),
    }
}

fn undo_user(record: &Record, user: &UserSeen, own: Own<'_>) -> Result<Vec<Step>, Stop> {
    let principal = Principal::User(user.name.clone());
    if record.origin == Origin::Made && !is_made(record, own, &principal, &user.unique_id, &user.tags)? {
        return Ok(vec![]);
    }
    let mut steps: Vec<Step> = user
        .keys
        .iter()
        .filter(|k| !record.prior_keys.contains(&k.id.to_string()))
        .flat_map(|k| delete_key(user, &k.id, KeyFate::Undone))
        .collect();
    if let Some(step) = own_key(&principal, own).filter(|step| !steps.contains(step)) {
        steps.insert(0, step);
    }
    match record.origin {
        Origin::Made => steps.extend(remove_user(user, KeyFate::Undone)),
        Origin::Adopted => {
            let from = steps.len();
            steps.extend(detach(&principal, &user.attached, |p| record.attaches.contains(&p.to_string())));
            untag(&mut steps, &principal, &own_tags(&user.tags, own));
            let mut others = steps.split_off(from);
            unlisted(record, &principal, own, &mut others);
            steps.extend(others);
        }
        Origin::Stood => {}
    }
    Ok(dedup(steps))
}

/// Whether this is what these runs made: it carries their tags, or it is the very one that this run made. Without the
/// tags a journal alone is no proof, and neither is its silence.
fn is_made(
    record: &Record,
    own: Own<'_>,
    what: &Principal,
    unique_id: &str,
    tags: &BTreeMap<String, String>,
) -> Result<bool, Stop> {
    if carries(record, tags) || own.made == Some(unique_id) {
        return Ok(true);
    }
    if record.unique_id.as_deref() == Some(unique_id) { Err(unmarked(what)) } else { Ok(false) }
}

fn unmarked(what: &Principal) -> Stop {
    Stop::new(
        ErrorKind::NotOurs,
        format!("{what} is by its unique id what an unfinished run made, and does not carry this tool's tags any more"),
        format!(
            "put its tags {TAG_PREFIX}turbot-id and {TAG_PREFIX}cluster back or delete it by hand, then run cleanup"
        ),
    )
}

/// The key that this run made goes although no list may show it yet.
fn own_key(what: &Principal, own: Own<'_>) -> Option<Step> {
    match (what, own.key) {
        (Principal::User(user), Some(key)) => {
            Some(Step::DeleteKey { user: user.clone(), key: key.clone(), fate: KeyFate::Undone })
        }
        _ => None,
    }
}

/// The tags as they are, and those that this run set, which may not show yet.
fn own_tags(seen: &BTreeMap<String, String>, own: Own<'_>) -> BTreeMap<String, String> {
    let mut tags = seen.clone();
    for step in own.done.unwrap_or_default() {
        if let Step::Tag { after, .. } = step {
            tags.extend(after.clone());
        }
    }
    tags
}

/// A list may not show yet what was just attached to somebody's own: it is taken off all the same, first.
fn unlisted(record: &Record, principal: &Principal, own: Own<'_>, steps: &mut Vec<Step>) {
    if own.done.is_none() || (steps.is_empty() && own.done.is_some_and(|done| !done.iter().any(attaches))) {
        return;
    }
    let policies = record.attaches.iter().filter_map(|arn| PolicyArn::new(arn.clone()).ok());
    let detaches = policies.map(|policy| Step::Detach { principal: principal.clone(), policy });
    let unlisted: Vec<Step> = detaches.filter(|step| !steps.contains(step)).collect();
    steps.splice(0..0, unlisted);
}

fn attaches(step: &Step) -> bool {
    matches!(step, Step::Attach { .. })
}

fn carries(record: &Record, tags: &BTreeMap<String, String>) -> bool {
    tags.get(&format!("{TAG_PREFIX}turbot-id")) == Some(&record.turbot_id)
        && tags.get(&format!("{TAG_PREFIX}cluster")) == Some(&record.cluster)
}

fn nobodys(tags: &BTreeMap<String, String>) -> bool {
    ["turbot-id", "cluster"].iter().all(|key| !tags.contains_key(&format!("{TAG_PREFIX}{key}")))
}

/// Whether an unfinished run was adopting this very object, and nobody else has it by now.
fn adopting(record: &Record, what: &Principal, unique_id: &str, tags: &BTreeMap<String, String>) -> bool {
    record.origin == Origin::Adopted && speaks_of(record, what, unique_id) && (carries(record, tags) || nobodys(tags))
}

fn dedup(steps: Vec<Step>) -> Vec<Step> {
    let mut kept: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        if !kept.contains(&step) {
            kept.push(step);
        }
    }
    kept
}

fn remove_role(role: &RoleSeen) -> Vec<Step> {
    let principal = Principal::Role(role.name.clone());
    let mut steps = detach(&principal, &role.attached, |_| true);
    steps
        .extend(role.inline.iter().map(|name| Step::DeleteInline { principal: principal.clone(), name: name.clone() }));
    steps.push(Step::DeleteRole { role: role.name.clone() });
    steps
}

fn remove_user(user: &UserSeen, fate: KeyFate) -> Vec<Step> {
    let principal = Principal::User(user.name.clone());
    let mut steps: Vec<Step> = user.keys.iter().flat_map(|k| delete_key(user, &k.id, fate)).collect();
    steps.extend(detach(&principal, &user.attached, |_| true));
    // A user that somebody uses meanwhile cannot go, and what else was given to it is not ours.
    if user.other_access.is_empty() {
        let inline = user.inline.iter().cloned();
        steps.extend(inline.map(|name| Step::DeleteInline { principal: principal.clone(), name }));
        steps.push(Step::DeleteUser { user: user.name.clone() });
    }
    steps
}

fn detach(principal: &Principal, attached: &[PolicyArn], ours: impl Fn(&PolicyArn) -> bool) -> Vec<Step> {
    let mut policies: Vec<&PolicyArn> = attached.iter().filter(|p| ours(p)).collect();
    policies.reverse();
    policies.into_iter().map(|policy| Step::Detach { principal: principal.clone(), policy: policy.clone() }).collect()
}

/// Removes a user whose key Turbot has deleted. The order is the same whichever run comes to it: first the policies
/// wanted, then whatever else is attached.
pub(super) fn remove_empty_user(user: &UserName, wanted: &[PolicyArn], attached: &[PolicyArn]) -> Vec<Step> {
    let mut others: Vec<&PolicyArn> = attached.iter().filter(|p| !wanted.contains(p)).collect();
    others.sort();
    let principal = Principal::User(user.clone());
    let ordered = wanted.iter().filter(|p| attached.contains(p)).chain(others);
    ordered
        .map(|policy| Step::Detach { principal: principal.clone(), policy: policy.clone() })
        .chain([Step::DeleteUser { user: user.clone() }])
        .collect()
}

/// After an import that Turbot was asked to follow by deleting the credential: wait for that, and remove the empty user.
pub(super) fn after_import(s: &Situation<'_>, record: &Record, steps: &mut Vec<Step>) {
    match record.with {
        With::Role => {
            let there =
                s.aws.role(&record.name).filter(|r| record.unique_id.as_deref().is_none_or(|id| id == r.unique_id));
            if let Some(role) = there {
                steps.push(Step::AwaitDeletion { principal: Principal::Role(role.name.clone()) });
            }
        }
        With::Keys => {
            let there =
                s.aws.user(&record.name).filter(|u| record.unique_id.as_deref().is_none_or(|id| id == u.unique_id));
            let Some(user) = there else {
                return;
            };
            let principal = Principal::User(user.name.clone());
            if user.keys.iter().any(|k| !record.prior_keys.contains(&k.id.to_string())) {
                steps.push(Step::AwaitDeletion { principal: principal.clone() });
            }
            // Somebody's user of that name, or one that somebody uses, stays.
            let made = record.origin != Origin::Adopted && carries(record, &user.tags) && !is_adopted(&user.tags);
            if made && user.other_access.is_empty() && user.inline.is_empty() {
                let wanted = s.wanted.policies_in(s.aws.caller.partition());
                steps.extend(remove_empty_user(&user.name, &wanted, &user.attached));
            }
        }
    }
}

/// Decides what `cleanup` removes: the role, and the user with its keys, where our tags stand, and what unfinished runs
/// left. An adopted principal itself stays.
#[must_use]
pub fn cleanup(s: &Situation<'_>) -> Decision {
    decide(s).unwrap_or_else(|decision| decision)
}

fn decide(s: &Situation<'_>) -> Result<Decision, Decision> {
    checks::caller(s)?;
    let presence = match s.turbot {
        Some(_) => checks::presence(s)?,
        None => Presence::Unknown(crate::LookFailure {
            fault: crate::LookFault::Unreachable,
            message: "Turbot was not looked at".into(),
        }),
    };
    let hold = checks::hold(s)?;
    let mut warnings = Vec::new();
    if let Some(record) = hold.record()
        && !matches!(presence, Presence::Visible(_))
        && record.import_in_flight()
    {
        // An accepted import is settled for this purpose: the person asked for the removal.
        checks::in_flight(s, record, &presence)?;
    }
    if let Presence::Visible(_) = presence {
        warnings.push(
            "the account stays in Turbot: no public call removes it; only the credential it was imported with goes"
                .into(),
        );
    }
    let mut steps = Vec::new();
    let mut names: Vec<(With, String)> =
        vec![(With::Role, s.wanted.role_name.to_string()), (With::Keys, s.wanted.user_name.to_string())];
    if let Some(record) = hold.record() {
        names.push((record.with, record.name.clone()));
    }
    for (with, name) in names {
        match with {
            With::Role => {
                if let Some(role) = s.aws.role(&name) {
                    steps.extend(of_role(s, role, hold.record(), &mut warnings)?);
                }
            }
            With::Keys => {
                if let Some(user) = s.aws.user(&name) {
                    steps.extend(of_user(s, user, hold.record(), &mut warnings)?);
                }
            }
        }
    }
    let steps = dedup(steps);
    warnings.dedup();
    let mut all = Vec::new();
    let mut end = Outcome::Unchanged;
    if !steps.is_empty() || hold.record().is_some() {
        let record = hold.record().cloned().unwrap_or_else(|| onboard::blank(s, Origin::Stood, false));
        onboard::take_over(&hold, s, record, &mut all);
        all.extend(steps);
        onboard::release(s, &hold, &mut all);
        end = Outcome::Done;
    }
    Ok(Decision::Go(Plan { steps: all, end, warnings, external_id: None, delete_credential: false, then_again: false }))
}

fn mine(
    s: &Situation<'_>,
    what: &Principal,
    tags: &BTreeMap<String, String>,
    warnings: &mut Vec<String>,
) -> Result<bool, Stop> {
    match owner(s, tags) {
        Owner::Ours => Ok(true),
        Owner::Another(other) => Err(Stop::new(
            ErrorKind::Conflict,
            format!("{what} is this tool's, but for {}, not for {}", crate::escaped(&other), s.wanted.account_urn()),
            "check --turbot-id and --cluster-id",
        )),
        Owner::Nobody => {
            warnings.push(format!("{what} does not carry this tool's tags and is not touched"));
            Ok(false)
        }
    }
}

/// What an unfinished run made and somebody took the tags off is not passed over: the journal is all that tells of it.
fn still_marked(
    record: Option<&Record>,
    what: &Principal,
    unique_id: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), Stop> {
    let made = |r: &Record| {
        r.origin == Origin::Made && r.unique_id.as_deref() == Some(unique_id) && speaks_of(r, what, unique_id)
    };
    if nobodys(tags) && record.is_some_and(made) { Err(unmarked(what)) } else { Ok(()) }
}

fn of_role(
    s: &Situation<'_>,
    role: &RoleSeen,
    record: Option<&Record>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Step>, Stop> {
    let principal = Principal::Role(role.name.clone());
    if let Some(record) = record.filter(|r| adopting(r, &principal, &role.unique_id, &role.tags)) {
        return undo_role(record, role, Own::default());
    }
    still_marked(record, &principal, &role.unique_id, &role.tags)?;
    if !mine(s, &principal, &role.tags, warnings)? {
        return Ok(vec![]);
    }
    if is_adopted(&role.tags) {
        let mut steps = detach(&principal, &role.attached, |p| attached_by_us(&role.tags, p));
        untag(&mut steps, &principal, &role.tags);
        warnings.push(format!(
            "{principal} was adopted and stays; look at its trust policy, which still names {}",
            s.wanted.master_account_id
        ));
        return Ok(steps);
    }
    Ok(remove_role(role))
}

fn of_user(
    s: &Situation<'_>,
    user: &UserSeen,
    record: Option<&Record>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Step>, Stop> {
    let principal = Principal::User(user.name.clone());
    if let Some(record) = record.filter(|r| adopting(r, &principal, &user.unique_id, &user.tags)) {
        return undo_user(record, user, Own::default());
    }
    still_marked(record, &principal, &user.unique_id, &user.tags)?;
    if !mine(s, &principal, &user.tags, warnings)? {
        return Ok(vec![]);
    }
    if is_adopted(&user.tags) {
        let mut steps: Vec<Step> = user
            .keys
            .iter()
            .filter(|k| !stood_before(&user.tags, k.id.as_str()))
            .flat_map(|k| delete_key(user, &k.id, KeyFate::Removed))
            .collect();
        steps.extend(detach(&principal, &user.attached, |p| attached_by_us(&user.tags, p)));
        untag(&mut steps, &principal, &user.tags);
        return Ok(steps);
    }
    if !user.other_access.is_empty() {
        return Err(Stop::new(
            ErrorKind::NotOurs,
            format!(
                "{principal} carries this tool's tags, but also {}: somebody else uses it",
                user.other_access.join(", ")
            ),
            "remove those by hand if they are not wanted, then run cleanup again",
        ));
    }
    Ok(remove_user(user, KeyFate::Removed))
}
