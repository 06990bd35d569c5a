use crate::clock::iso;
use crate::wire::ApiError;
use crate::world::{self, Group};
use crate::xml::Xml;

use super::principal::{seen_user, store_user, user_to_change};
use super::{Answered, Ctx, naming, paging};

fn missing(name: &str) -> ApiError {
    ApiError::no_such(format!("The group with name {name} cannot be found."))
}

fn write(ctx: &mut Ctx<'_>, key: &str) -> Result<Xml, ApiError> {
    let mut xml = Xml::default();
    let Some(group) = ctx.account()?.groups.get(key) else { return Ok(xml) };
    let (name, path, id, created) = (group.name.clone(), group.path.clone(), group.unique_id.clone(), group.created);
    xml.leaf("Path", &path);
    xml.leaf("GroupName", &name);
    xml.leaf("GroupId", id);
    xml.leaf("Arn", ctx.arn("group", &path, &name));
    xml.leaf("CreateDate", iso(created));
    Ok(xml)
}

pub(super) fn create(ctx: &mut Ctx<'_>) -> Answered {
    let name = naming::name(ctx.params, "GroupName", naming::LONG_NAME)?.to_owned();
    let path = naming::path(ctx.params)?;
    let key = world::key(&name);
    let group = Group { name: name.clone(), path, unique_id: ctx.world.mint.unique_id("AGPA"), created: ctx.time() };
    let groups = &mut ctx.account()?.groups;
    if groups.contains_key(&key) {
        return Err(ApiError::exists(format!("Group with name {name} already exists.")));
    }
    groups.insert(key.clone(), group);
    let inside = write(ctx, &key)?;
    let mut xml = Xml::default();
    xml.node("Group", |xml| xml.raw(&inside.into_string()));
    Ok(Some(xml))
}

/// The table key of the group in the request, which must exist.
fn requested(ctx: &mut Ctx<'_>) -> Result<String, ApiError> {
    let name = naming::name(ctx.params, "GroupName", naming::LONG_NAME)?;
    let key = world::key(name);
    if ctx.account()?.groups.contains_key(&key) { Ok(key) } else { Err(missing(name)) }
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Answered {
    let key = requested(ctx)?;
    if ctx.account()?.users.all().any(|user| user.groups.contains(&key)) {
        return Err(ApiError::conflict("Cannot delete entity, must remove users from group first."));
    }
    ctx.account()?.groups.remove(&key);
    Ok(None)
}

pub(super) fn add(ctx: &mut Ctx<'_>) -> Answered {
    let key = requested(ctx)?;
    let mut user = user_to_change(ctx)?;
    user.groups.insert(key);
    store_user(ctx, user)?;
    Ok(None)
}

pub(super) fn remove(ctx: &mut Ctx<'_>) -> Answered {
    let key = requested(ctx)?;
    let mut user = user_to_change(ctx)?;
    user.groups.remove(&key);
    store_user(ctx, user)?;
    Ok(None)
}

pub(super) fn list_for_user(ctx: &mut Ctx<'_>) -> Answered {
    let user = seen_user(ctx, "ListGroupsForUser")?;
    let page = paging::page(user.groups.iter().cloned().collect(), ctx.params)?;
    let mut members = Xml::default();
    for key in &page.items {
        let inside = write(ctx, key)?;
        members.node("member", |xml| xml.raw(&inside.into_string()));
    }
    let mut xml = Xml::default();
    xml.node("Groups", |xml| xml.raw(&members.into_string()));
    page.write_end(&mut xml);
    Ok(Some(xml))
}
