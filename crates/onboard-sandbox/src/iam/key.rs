use crate::clock::iso;
use crate::identity::Principal;
use crate::minting::account_of_key;
use crate::wire::ApiError;
use crate::world::{self, Key};
use crate::xml::Xml;

use super::principal::user_named;
use super::user::needs_name;
use super::{Answered, Ctx, naming, paging};

/// Whose keys the request is about: a user's by name, else the caller's own. None is the root user.
fn owner(ctx: &mut Ctx<'_>) -> Result<Option<String>, ApiError> {
    if ctx.params.get("UserName").is_some() {
        let name = naming::name(ctx.params, "UserName", naming::LONG_NAME)?;
        return user_named(ctx, name).map(|user| Some(user.name));
    }
    match &ctx.caller.principal {
        Principal::User { name, .. } => Ok(Some(name.clone())),
        Principal::Root => Ok(None),
        Principal::Role { .. } => Err(needs_name()),
    }
}

fn write(xml: &mut Xml, key: &Key, owner: Option<&str>) {
    xml.optional("UserName", owner);
    xml.leaf("AccessKeyId", &key.id);
    xml.leaf("Status", if key.active { "Active" } else { "Inactive" });
}

pub(super) fn create(ctx: &mut Ctx<'_>) -> Answered {
    let owner = owner(ctx)?;
    let user = owner.as_deref().map(world::key);
    let quota = ctx.world.quotas.access_keys_per_user;
    let held = ctx.account()?.keys.values().filter(|key| key.user == user).count();
    if held >= quota as usize {
        return Err(ApiError::limit("AccessKeysPerUser", quota));
    }
    let key = Key {
        id: ctx.world.mint.key_id("AKIA", &ctx.caller.account, None),
        secret: ctx.world.mint.secret(None),
        user,
        active: true,
        created: ctx.time(),
        usable_at: ctx.now() + ctx.world.consistency.key_visible,
        refusals_left: ctx.world.consistency.invisible_reads,
        listed_at: ctx.now() + ctx.world.consistency.stale_reads,
        lists_without: ctx.world.consistency.invisible_reads,
        last_used: None,
    };
    let mut xml = Xml::default();
    xml.node("AccessKey", |xml| {
        write(xml, &key, owner.as_deref());
        xml.leaf("SecretAccessKey", &key.secret);
        xml.leaf("CreateDate", iso(key.created));
    });
    ctx.account()?.keys.insert(key.id.clone(), key);
    Ok(Some(xml))
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Answered {
    let owner = owner(ctx)?;
    let user = owner.as_deref().map(world::key);
    let now = ctx.now();
    let held = ctx.account()?.keys.values_mut().filter(|key| key.user == user);
    let listed = held.filter_map(|key| {
        let unseen = key.lists_without > 0 || key.listed_at > now;
        key.lists_without = key.lists_without.saturating_sub(1);
        (!unseen).then(|| key.id.clone())
    });
    let ids: Vec<String> = listed.collect();
    let page = paging::page(ids, ctx.params)?;
    let keys = &ctx.account()?.keys;
    let mut xml = Xml::default();
    xml.list("AccessKeyMetadata", page.items.iter().filter_map(|id| keys.get(id)), |xml, key| {
        write(xml, key, owner.as_deref());
        xml.leaf("CreateDate", iso(key.created));
    });
    page.write_end(&mut xml);
    Ok(Some(xml))
}

/// The key in the request, if it is the owner's.
fn requested(ctx: &mut Ctx<'_>) -> Result<String, ApiError> {
    let user = owner(ctx)?.as_deref().map(world::key);
    let id = ctx.params.required("AccessKeyId")?;
    naming::length(id, "AccessKeyId", 16, 128)?;
    let found = ctx.account()?.keys.get(id).filter(|key| key.user == user);
    found
        .map(|key| key.id.clone())
        .ok_or_else(|| ApiError::no_such(format!("The Access Key with id {id} cannot be found.")))
}

pub(super) fn update(ctx: &mut Ctx<'_>) -> Answered {
    let id = requested(ctx)?;
    let active = match ctx.params.required("Status")? {
        "Active" => true,
        "Inactive" => false,
        other => {
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value '{other}' at 'status' failed to satisfy constraint: Member must \
                 satisfy enum value set: [Active, Inactive]"
            )));
        }
    };
    if let Some(key) = ctx.account()?.keys.get_mut(&id) {
        key.active = active;
    }
    Ok(None)
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Answered {
    let id = requested(ctx)?;
    ctx.account()?.keys.remove(&id);
    Ok(None)
}

pub(super) fn last_used(ctx: &mut Ctx<'_>) -> Answered {
    let id = ctx.params.required("AccessKeyId")?.to_owned();
    naming::length(&id, "AccessKeyId", 16, 128)?;
    let own = account_of_key(&id).is_some_and(|account| account == ctx.caller.account);
    let arn = ctx.caller.arn.clone();
    let account = ctx.account()?;
    // The model has no error for a key that is not there; AWS denies.
    let key = account.keys.get(&id).filter(|_| own).ok_or_else(|| {
        ApiError::denied(format!(
            "User: {arn} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key {id}"
        ))
    })?;
    let owner = key.user.as_ref().and_then(|user| account.users.truth(user)).map(|user| user.name.clone());
    let mut xml = Xml::default();
    xml.optional("UserName", owner);
    xml.node("AccessKeyLastUsed", |xml| match &key.last_used {
        Some((time, service, region)) => {
            xml.leaf("LastUsedDate", iso(*time));
            xml.leaf("ServiceName", service);
            xml.leaf("Region", region);
        }
        None => {
            xml.leaf("ServiceName", "N/A");
            xml.leaf("Region", "N/A");
        }
    });
    Ok(Some(xml))
}
