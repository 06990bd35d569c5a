use std::collections::BTreeSet;
use std::time::Duration;

use crate::clock::iso;
use crate::identity::Principal;
use crate::wire::ApiError;
use crate::world::{self, Grants, User};
use crate::xml::Xml;

use super::principal::{Kind, missing, seen_user, user_to_change};
use super::{Answered, Ctx, attachment, naming, paging, tag};

pub(super) fn create(ctx: &mut Ctx<'_>) -> Answered {
    let name = naming::name(ctx.params, "UserName", naming::NAME)?.to_owned();
    let path = naming::path(ctx.params)?;
    let tags = tag::requested(ctx.params, ctx.world.quotas.tags_per_entity)?;
    let boundary = attachment::requested_boundary(ctx)?;
    let key = world::key(&name);
    if ctx.account()?.users.truth(&key).is_some() {
        return Err(ApiError::exists(format!("User with name {name} already exists.")));
    }
    let quota = ctx.world.quotas.users_per_account;
    if ctx.account()?.users.len() >= quota as usize {
        return Err(ApiError::limit("UsersPerAccount", quota));
    }
    let hidden = ctx.world.consistency.user_visible;
    let user = User {
        name,
        path,
        unique_id: ctx.world.mint.unique_id("AIDA"),
        created: ctx.time(),
        grants: Grants { boundary, tags, ..Grants::default() },
        groups: BTreeSet::new(),
        login_profile: None,
        mfa_devices: Vec::new(),
        ssh_keys: Vec::new(),
        service_credentials: Vec::new(),
        certificates: Vec::new(),
        visible_at: ctx.now() + hidden,
    };
    let lag = ctx.world.lag(hidden);
    ctx.account()?.users.put(&key, user.clone(), lag);
    let mut xml = Xml::default();
    xml.node("User", |xml| write(ctx, xml, &user, true));
    Ok(Some(xml))
}

fn write(ctx: &Ctx<'_>, xml: &mut Xml, user: &User, whole: bool) {
    xml.leaf("Path", &user.path);
    xml.leaf("UserName", &user.name);
    xml.leaf("UserId", &user.unique_id);
    xml.leaf("Arn", ctx.arn("user", &user.path, &user.name));
    xml.leaf("CreateDate", iso(user.created));
    if whole {
        attachment::write_boundary(xml, user.grants.boundary.as_deref());
        if !user.grants.tags.is_empty() {
            tag::write(xml, &user.grants.tags);
        }
    }
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Answered {
    let mut xml = Xml::default();
    if ctx.params.get("UserName").is_some() {
        let user = seen_user(ctx, "GetUser")?;
        xml.node("User", |xml| write(ctx, xml, &user, true));
        return Ok(Some(xml));
    }
    match ctx.caller.principal.clone() {
        Principal::User { name, .. } => {
            let now = ctx.now();
            let user = ctx.account()?.users.seen(&world::key(&name), "GetUser", now);
            let user = user.ok_or_else(|| missing(Kind::User, &name))?;
            xml.node("User", |xml| write(ctx, xml, &user, true));
        }
        Principal::Root => xml.node("User", |xml| {
            xml.leaf("UserId", &ctx.caller.account);
            xml.leaf("Arn", &ctx.caller.arn);
            xml.leaf("CreateDate", iso(ctx.time()));
        }),
        Principal::Role { .. } => return Err(needs_name()),
    }
    Ok(Some(xml))
}

/// What IAM answers a role that leaves the user's name out.
pub(super) fn needs_name() -> ApiError {
    ApiError::validation("Must specify userName when calling with non-User credentials")
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Answered {
    let now = ctx.now();
    let prefix = ctx.params.get("PathPrefix").unwrap_or("/").to_owned();
    let users = ctx.account()?.users.all_seen("ListUsers", now);
    let page = paging::page(users.into_iter().filter(|user| user.path.starts_with(&prefix)).collect(), ctx.params)?;
    let mut xml = Xml::default();
    xml.list("Users", &page.items, |xml, user| write(ctx, xml, user, false));
    page.write_end(&mut xml);
    Ok(Some(xml))
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Answered {
    let user = user_to_change(ctx)?;
    let key = world::key(&user.name);
    let keys = ctx.account()?.keys.values().any(|access| access.user.as_ref() == Some(&key));
    // The order in which IAM names what is in the way.
    let blockers = [
        (user.login_profile.is_some(), "delete login profile"),
        (keys, "delete access keys"),
        (!user.certificates.is_empty(), "delete signing certificates"),
        (!user.ssh_keys.is_empty(), "delete SSH public keys"),
        (!user.service_credentials.is_empty(), "delete service specific credentials"),
        (!user.mfa_devices.is_empty(), "delete MFA device"),
        (!user.groups.is_empty(), "remove users from group"),
        (!user.grants.attached.is_empty(), "detach all policies"),
        (!user.grants.inline.is_empty(), "delete policies"),
    ];
    if let Some((_, what)) = blockers.iter().find(|(blocked, _)| *blocked) {
        return Err(ApiError::conflict(format!("Cannot delete entity, must {what} first.")));
    }
    let lag = ctx.world.lag(Duration::ZERO);
    ctx.account()?.users.remove(&key, lag);
    Ok(None)
}
