//! What is remembered of an adopted role or user, in the journal and on itself, so that undo and `cleanup` take back
//! ours and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::principal::Making;
use super::{Situation, Stop};
use crate::journal::{from_tag, to_tag};
use crate::{ErrorKind, Origin, PolicyArn, Principal, Record, Step, TAG_PREFIX};

/// IAM's limit of tags on a role or user.
const MAX_TAGS: usize = 50;
/// The managed policies that we attached, one tag for each.
const ATTACHED: &str = "attached-";
/// The keys of the tags that were wanted beside ours and were not there, one tag for each.
const TAGGED: &str = "tagged-";

/// Whether a principal carries the mark of an adopted one, which `cleanup` never deletes.
pub(super) fn is_adopted(tags: &BTreeMap<String, String>) -> bool {
    tags.contains_key(&format!("{TAG_PREFIX}adopted"))
}

/// Whether a policy of an adopted principal was attached by us.
pub(super) fn attached_by_us(tags: &BTreeMap<String, String>, policy: &PolicyArn) -> bool {
    noted(tags, ATTACHED).any(|value| from_tag(value) == policy.as_str())
}

/// Whether a key of an adopted user stood before the adoption.
pub(super) fn stood_before(tags: &BTreeMap<String, String>, key: &str) -> bool {
    tags.get(&format!("{TAG_PREFIX}prior-keys")).is_some_and(|keys| keys.split(' ').any(|k| k == key))
}

/// Takes our tags off, and those that were wanted beside them.
pub(super) fn untag(steps: &mut Vec<Step>, principal: &Principal, tags: &BTreeMap<String, String>) {
    let wanted: BTreeSet<&str> = noted(tags, TAGGED).collect();
    let ours: BTreeMap<String, String> = tags
        .iter()
        .filter(|(k, _)| k.starts_with(TAG_PREFIX) || wanted.contains(k.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    if !ours.is_empty() {
        steps.push(Step::Untag { principal: principal.clone(), tags: ours });
    }
}

fn noted<'t>(tags: &'t BTreeMap<String, String>, what: &str) -> impl Iterator<Item = &'t str> {
    let prefix = format!("{TAG_PREFIX}{what}");
    tags.iter().filter(move |(k, _)| k.starts_with(&prefix)).map(|(_, v)| v.as_str())
}

/// Adds a note for each value, under the next free numbers.
fn note(after: &mut BTreeMap<String, String>, seen: &BTreeMap<String, String>, what: &str, values: Vec<String>) {
    let mut free = (0..).map(|n| format!("{TAG_PREFIX}{what}{n}")).filter(|key| !seen.contains_key(key));
    for value in values {
        after.extend(free.next().map(|key| (key, value)));
    }
}

/// What the journal keeps of a principal that is being adopted: what the first of these runs found, and all that they
/// attach. One that was adopted by a finished run stood before: its adoption is not undone.
pub(super) fn adoption(making: &mut Making, recorded: Option<&Record>, missing: &[PolicyArn], trust: Option<&String>) {
    if making.origin != Origin::Adopted {
        return;
    }
    match recorded {
        Some(record) => {
            making.attaches.clone_from(&record.attaches);
            making.trust_before.clone_from(&record.trust_before);
        }
        None => making.trust_before = trust.cloned(),
    }
    for policy in missing.iter().map(ToString::to_string) {
        if !making.attaches.contains(&policy) {
            making.attaches.push(policy);
        }
    }
}

/// The step that sets the tags: ours, those wanted, and what is to be remembered of an adopted principal.
pub(super) fn tags(
    s: &Situation<'_>,
    making: &mut Making,
    seen: &BTreeMap<String, String>,
    missing: &[PolicyArn],
) -> Result<(), Stop> {
    let mut after = s.wanted.tags.clone();
    if making.adopted {
        beside_the_owners(making, seen, &mut after);
        let added = after.keys().cloned().collect();
        note(&mut after, seen, TAGGED, added);
        if !is_adopted(seen) {
            after.insert(format!("{TAG_PREFIX}adopted"), "true".to_owned());
            if !making.prior_keys.is_empty() {
                after.insert(format!("{TAG_PREFIX}prior-keys"), making.prior_keys.join(" "));
            }
        }
        let known: Vec<String> = noted(seen, ATTACHED).map(str::to_owned).collect();
        let missing = missing.iter().map(ToString::to_string).filter(|p| !making.attaches.contains(p));
        let attached = making.attaches.iter().cloned().chain(missing).map(|policy| to_tag(&policy));
        note(&mut after, seen, ATTACHED, attached.filter(|policy| !known.contains(policy)).collect());
    }
    after.extend(s.wanted.ownership_tags());
    after.retain(|key, value| seen.get(key) != Some(value));
    if after.is_empty() {
        return Ok(());
    }
    // IAM keeps one tag for keys that differ in case alone; the newer spelling replaces the older.
    let total = seen.keys().chain(after.keys()).map(|k| k.to_lowercase()).collect::<BTreeSet<_>>().len();
    if total > MAX_TAGS {
        return Err(Stop::new(
            ErrorKind::CannotConverge,
            format!("{} would have {total} tags; IAM allows {MAX_TAGS}", making.principal),
            "remove tags from it, or give fewer with --tag",
        ));
    }
    let replaced: BTreeSet<String> = after.keys().map(|k| k.to_lowercase()).collect();
    let before = seen
        .iter()
        .filter(|(k, _)| replaced.contains(&k.to_lowercase()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    making.steps.push(Step::Tag { principal: making.principal.clone(), before, after });
    Ok(())
}

/// What stood before stays: a tag of the owner's own is not overwritten, not in its spelling either.
fn beside_the_owners(making: &mut Making, seen: &BTreeMap<String, String>, after: &mut BTreeMap<String, String>) {
    after.retain(|key, value| {
        let Some((_, old)) = seen.iter().find(|(k, _)| k.to_lowercase() == key.to_lowercase()) else {
            return true;
        };
        if old != value {
            making.warnings.push(format!(
                "the tag {key} of the adopted {} keeps its value {}",
                making.principal,
                crate::shown(old)
            ));
        }
        false
    });
}
