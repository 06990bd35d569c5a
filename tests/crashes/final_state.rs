//! What must be so at the end, each a check of its own.

use onboard_sandbox::{Deletion, UserView};
use serde_json::Value;

use crate::harness::{Finished, NAME, World};

pub type Checked = Result<(), String>;

pub fn ensure(holds: bool, why: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(why()) }
}

fn report(finished: &Finished) -> Result<Value, String> {
    let report: Value = serde_json::from_str(&finished.stdout).map_err(|e| format!("no report: {e}"))?;
    Ok(report["accounts"][0].clone())
}

fn ended(finished: &Finished, outcomes: &[&str]) -> Checked {
    let report = report(finished)?;
    ensure(finished.code == 0, || format!("it exits with {}", finished.code))?;
    ensure(outcomes.iter().any(|o| report["outcome"] == *o), || {
        format!("its outcome is {}, none of {outcomes:?}", report["outcome"])
    })
}

pub fn imported_now_or_before(_: &World, finished: &Finished) -> Checked {
    ended(finished, &["imported", "already-imported"])
}

pub fn already_imported(_: &World, finished: &Finished) -> Checked {
    ended(finished, &["already-imported"])
}

pub fn done_or_unchanged(_: &World, finished: &Finished) -> Checked {
    ended(finished, &["done", "unchanged"])
}

pub fn unchanged(_: &World, finished: &Finished) -> Checked {
    ended(finished, &["unchanged"])
}

/// One import had its effect, and no journal stands.
pub fn once(world: &World) -> Checked {
    let effective = world.effective_imports();
    ensure(effective == 1, || format!("{effective} imports had an effect"))?;
    no_journal(world)
}

pub fn no_journal(world: &World) -> Checked {
    let mut journals = world.sandbox.cloud().policies(&world.account);
    let generation = |name: &str| name.strip_prefix("turbot-onboard-").is_some_and(|n| n.parse::<u32>().is_ok());
    journals.retain(|policy| policy.path == "/turbot-onboard/" && generation(&policy.name));
    ensure(journals.is_empty(), || format!("journals are left: {journals:#?}"))
}

/// Nothing of ours stands in AWS, under whatever name.
pub fn nothing_left(world: &World) -> Checked {
    let cloud = world.sandbox.cloud();
    let ours = |tags: &[(String, String)]| tags.iter().any(|(key, _)| key.starts_with("turbot-onboard:"));
    let mut left: Vec<String> =
        cloud.roles(&world.account).into_iter().filter(|r| ours(&r.tags) || r.name == NAME).map(|r| r.arn).collect();
    let users = cloud.users(&world.account).into_iter();
    left.extend(users.filter(|u| ours(&u.tags) || u.name == NAME).map(|u| u.arn));
    ensure(left.is_empty(), || format!("left in the account: {left:?}"))?;
    no_journal(world)
}

/// The account is in, once, and nothing is left.
pub fn imported_clean(world: &World) -> Checked {
    once(world)?;
    nothing_left(world)
}

/// The credential that Turbot imported with.
fn known_to_turbot(world: &World) -> Result<String, String> {
    let imports = world.sandbox.turbot().imports();
    let effective = imports.into_iter().find(|i| i.effective).ok_or("no import had an effect")?;
    effective.credential.ok_or_else(|| "the import has no credential".into())
}

/// The role stands, and Turbot can assume the very role it imported with.
pub fn role_in_use(world: &World) -> Checked {
    once(world)?;
    let cloud = world.sandbox.cloud();
    let role = cloud.role(&world.account, NAME).ok_or("the role is gone")?;
    let known = known_to_turbot(world)?;
    ensure(known == role.arn, || format!("Turbot was given {known}, not {}", role.arn))?;
    let trust: Value = serde_json::from_str(&role.trust).map_err(|e| e.to_string())?;
    let statements = trust["Statement"].as_array().cloned().unwrap_or_default();
    ensure(statements.len() == 1, || format!("its trust policy is {trust}"))?;
    let id = &statements[0]["Condition"]["StringEquals"]["sts:ExternalId"];
    let id = id.as_str().or_else(|| id[0].as_str()).ok_or_else(|| format!("no external ID in {trust}"))?;
    let master = cloud.master_account();
    cloud.assume_role(master, &role.arn, Some(id)).map_err(|denied| format!("Turbot cannot assume it: {denied}"))?;
    ensure(cloud.assume_role(master, &role.arn, None).is_err(), || "it can be assumed without external ID".into())?;
    ensure(role.attached.iter().any(|arn| arn.ends_with("/AdministratorAccess")), || "it has no rights".into())?;
    no_other(world)
}

/// Turbot deleted what it imported with, or was told to keep it: whichever run the import was of.
pub fn in_use_or_deleted(world: &World) -> Checked {
    if world.sandbox.cloud().role(&world.account, NAME).is_some() { role_in_use(world) } else { imported_clean(world) }
}

/// Nothing else of ours stands beside the role or user of the usual name.
fn no_other(world: &World) -> Checked {
    let cloud = world.sandbox.cloud();
    let roles = cloud.roles(&world.account).into_iter().map(|r| (r.name, r.tags));
    let users = cloud.users(&world.account).into_iter().map(|u| (u.name, u.tags));
    let ours = roles.chain(users).filter(|(_, tags)| tags.iter().any(|(key, _)| key.starts_with("turbot-onboard:")));
    let names: Vec<String> = ours.map(|(name, _)| name).collect();
    ensure(names.len() == 1, || format!("of ours stand {names:?}"))
}

fn user(world: &World) -> Result<UserView, String> {
    world.sandbox.cloud().user(&world.account, NAME).ok_or_else(|| "the user is gone".into())
}

/// The user stands with one live key, the one that Turbot has, beside those it had before.
pub fn key_in_use(world: &World) -> Checked {
    once(world)?;
    let user = user(world)?;
    let known = known_to_turbot(world)?;
    let before = prior_keys(world);
    let keys: Vec<&str> = user.access_keys.iter().map(|k| k.id.as_str()).filter(|id| !before.contains(*id)).collect();
    ensure(keys == [known.as_str()], || format!("its keys are {keys:?}, and Turbot has {known}"))?;
    ensure(user.access_keys.iter().all(|k| k.active), || format!("a key is not active: {:?}", user.access_keys))?;
    ensure(before.iter().all(|id| user.access_keys.iter().any(|k| k.id == *id)), || {
        format!("a key that stood before is gone: {:?}", user.access_keys)
    })?;
    ensure(user.attached.iter().any(|arn| arn.ends_with("/AdministratorAccess")), || "it has no rights".into())?;
    no_other(world)
}

/// The keys that stood before the first run, as the scene noted them.
fn prior_keys(world: &World) -> std::collections::BTreeSet<String> {
    let noted = std::fs::read_to_string(world.path("prior-keys")).unwrap_or_default();
    noted.lines().map(str::to_owned).collect()
}

/// Turbot deletes nothing, though it was asked: what it has stays, and is named as left.
pub fn left_by_turbot(world: &World, finished: &Finished) -> Checked {
    already_imported(world, finished)?;
    let report = report(finished)?;
    assert_eq!(world.sandbox.turbot().options().delete, Deletion::Never);
    ensure(report["leftovers"].as_array().is_some_and(|l| !l.is_empty()), || "it does not say what is left".into())
}

/// The role stands as its owner had it.
pub fn as_its_owner_had_it(world: &World) -> Checked {
    no_journal(world)?;
    let cloud = world.sandbox.cloud();
    let role = cloud.role(&world.account, NAME).map(|r| (r.tags, r.attached));
    let user = cloud.user(&world.account, NAME).map(|u| (u.tags, u.attached));
    let (tags, attached) = role.or(user).ok_or("what was adopted is gone")?;
    ensure(tags.iter().all(|(key, _)| !key.starts_with("turbot-onboard:")), || format!("our tags are left: {tags:?}"))?;
    ensure(attached.is_empty(), || format!("our policies are left: {attached:?}"))?;
    let before = prior_keys(world);
    let keys = user_keys(world);
    ensure(keys == before, || format!("its keys are {keys:?}, not {before:?}"))
}

fn user_keys(world: &World) -> std::collections::BTreeSet<String> {
    let user = world.sandbox.cloud().user(&world.account, NAME);
    user.map(|u| u.access_keys.into_iter().map(|k| k.id).collect()).unwrap_or_default()
}

/// The maintenance window is wide open.
pub fn in_full_mode(world: &World) -> Checked {
    let accounts = world.sandbox.turbot().accounts();
    let window = accounts.first().and_then(|a| a.window.clone());
    ensure(window.as_deref() == Some("Anytime"), || format!("the maintenance window is {window:?}"))
}
