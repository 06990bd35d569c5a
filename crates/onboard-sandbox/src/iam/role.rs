use std::collections::HashMap;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clock::iso;
use crate::trust;
use crate::wire::ApiError;
use crate::world::{self, Grants, InstanceProfile, Role};
use crate::xml::Xml;

use super::principal::{Kind, missing, requested, role_to_change, seen_role, store_role};
use super::{Answered, Ctx, attachment, naming, paging, tag};

/// IAM percent-encodes policy documents as RFC 3986 has it.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(crate) fn encode_document(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

pub(super) fn create(ctx: &mut Ctx<'_>) -> Answered {
    let params = ctx.params;
    let name = naming::name(params, "RoleName", naming::NAME)?.to_owned();
    let path = naming::path(params)?;
    let description = naming::description(params)?;
    let max_session = naming::session_seconds(params)?.unwrap_or(3600);
    let trust_text = naming::document(params, "AssumeRolePolicyDocument")?;
    let tags = tag::requested(params, ctx.world.quotas.tags_per_entity)?;
    let boundary = attachment::requested_boundary(ctx)?;
    let key = world::key(&name);
    if ctx.account()?.roles.truth(&key).is_some() {
        return Err(ApiError::exists(format!("Role with name {name} already exists.")));
    }
    let quota = ctx.world.quotas.roles_per_account;
    if ctx.account()?.roles.len() >= quota as usize {
        return Err(ApiError::limit("RolesPerAccount", quota));
    }
    let accepted = trust::accept(ctx.world, trust_text)?;
    let hidden = ctx.world.consistency.role_visible;
    let role = Role {
        name,
        path,
        unique_id: ctx.world.mint.unique_id("AROA"),
        created: ctx.time(),
        description,
        trust: accepted.document,
        trust_ids: accepted.ids,
        max_session,
        grants: Grants { boundary, tags, ..Grants::default() },
        visible_at: ctx.now() + hidden,
    };
    let lag = ctx.world.lag(hidden);
    ctx.account()?.roles.put(&key, role.clone(), lag);
    let mut xml = Xml::default();
    xml.node("Role", |xml| {
        head(ctx, xml, &role, None);
        xml.leaf("AssumeRolePolicyDocument", encode_document(&role.trust));
        // CreateRole gives neither the description nor the session's length back.
        attachment::write_boundary(xml, role.grants.boundary.as_deref());
        if !role.grants.tags.is_empty() {
            tag::write(xml, &role.grants.tags);
        }
    });
    Ok(Some(xml))
}

fn head(ctx: &Ctx<'_>, xml: &mut Xml, role: &Role, odd_arn: Option<&str>) {
    xml.leaf("Path", &role.path);
    xml.leaf("RoleName", &role.name);
    xml.leaf("RoleId", &role.unique_id);
    xml.leaf("Arn", odd_arn.map_or_else(|| ctx.arn("role", &role.path, &role.name), str::to_owned));
    xml.leaf("CreateDate", iso(role.created));
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Answered {
    let role = seen_role(ctx, "GetRole")?;
    let odd_reads = ctx.world.consistency.odd_arn_reads;
    let trust = trust::shown(ctx.world, &role);
    let region = ctx.region.clone();
    let account = ctx.account()?;
    let mut odd = false;
    if odd_reads > 0 {
        let reads = account.role_arn_reads.entry(role.unique_id.clone()).or_default();
        odd = *reads < odd_reads;
        *reads = reads.saturating_add(1);
    }
    let last_used = account.role_last_used.get(&role.unique_id).copied();
    let mut xml = Xml::default();
    xml.node("Role", |xml| {
        head(ctx, xml, &role, odd.then_some(role.unique_id.as_str()));
        xml.leaf("AssumeRolePolicyDocument", encode_document(&trust));
        xml.optional("Description", role.description.as_deref());
        xml.leaf("MaxSessionDuration", role.max_session.to_string());
        attachment::write_boundary(xml, role.grants.boundary.as_deref());
        if !role.grants.tags.is_empty() {
            tag::write(xml, &role.grants.tags);
        }
        xml.node("RoleLastUsed", |xml| {
            if let Some(time) = last_used {
                xml.leaf("LastUsedDate", iso(time));
                xml.leaf("Region", &region);
            }
        });
    });
    Ok(Some(xml))
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Answered {
    let now = ctx.now();
    let prefix = ctx.params.get("PathPrefix").unwrap_or("/").to_owned();
    let roles = ctx.account()?.roles.all_seen("ListRoles", now);
    let page = paging::page(roles.into_iter().filter(|role| role.path.starts_with(&prefix)).collect(), ctx.params)?;
    let trusts: HashMap<String, String> =
        page.items.iter().map(|role| (role.unique_id.clone(), trust::shown(ctx.world, role))).collect();
    let mut xml = Xml::default();
    xml.list("Roles", &page.items, |xml, role| {
        head(ctx, xml, role, None);
        xml.leaf("AssumeRolePolicyDocument", encode_document(trusts.get(&role.unique_id).unwrap_or(&role.trust)));
        xml.optional("Description", role.description.as_deref());
        xml.leaf("MaxSessionDuration", role.max_session.to_string());
    });
    page.write_end(&mut xml);
    Ok(Some(xml))
}

pub(super) fn update(ctx: &mut Ctx<'_>) -> Answered {
    let description = naming::description(ctx.params)?;
    let max_session = naming::session_seconds(ctx.params)?;
    let mut role = role_to_change(ctx)?;
    if let Some(description) = description {
        role.description = Some(description);
    }
    if let Some(max_session) = max_session {
        role.max_session = max_session;
    }
    store_role(ctx, role)?;
    Ok(Some(Xml::default()))
}

pub(super) fn update_trust(ctx: &mut Ctx<'_>) -> Answered {
    let text = naming::document(ctx.params, "PolicyDocument")?;
    let mut role = role_to_change(ctx)?;
    let accepted = trust::accept(ctx.world, text)?;
    role.trust = accepted.document;
    role.trust_ids = accepted.ids;
    store_role(ctx, role)?;
    Ok(None)
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Answered {
    let role = role_to_change(ctx)?;
    let key = world::key(&role.name);
    if ctx.account()?.profiles.values().any(|profile| profile.role.as_ref() == Some(&key)) {
        return Err(ApiError::conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    if !role.grants.attached.is_empty() {
        return Err(ApiError::conflict("Cannot delete entity, must detach all policies first."));
    }
    if !role.grants.inline.is_empty() {
        return Err(ApiError::conflict("Cannot delete entity, must delete policies first."));
    }
    let lag = ctx.world.lag(Duration::ZERO);
    ctx.account()?.roles.remove(&key, lag);
    Ok(None)
}

fn write_profile(ctx: &mut Ctx<'_>, xml: &mut Xml, name: &str) -> Result<(), ApiError> {
    let account = ctx.account()?;
    let Some(profile) = account.profiles.get(&world::key(name)) else { return Ok(()) };
    let role = profile.role.as_ref().and_then(|key| account.roles.truth(key)).cloned();
    let (name, path, id, created) =
        (profile.name.clone(), profile.path.clone(), profile.unique_id.clone(), profile.created);
    xml.leaf("InstanceProfileName", &name);
    xml.leaf("InstanceProfileId", id);
    xml.leaf("Arn", ctx.arn("instance-profile", &path, &name));
    xml.leaf("Path", &path);
    xml.leaf("CreateDate", iso(created));
    xml.list("Roles", role, |xml, role| {
        head(ctx, xml, &role, None);
        xml.leaf("AssumeRolePolicyDocument", encode_document(&role.trust));
    });
    Ok(())
}

pub(super) fn create_profile(ctx: &mut Ctx<'_>) -> Answered {
    let name = naming::name(ctx.params, "InstanceProfileName", naming::LONG_NAME)?.to_owned();
    let path = naming::path(ctx.params)?;
    let profile = InstanceProfile {
        name: name.clone(),
        path,
        unique_id: ctx.world.mint.unique_id("AIPA"),
        created: ctx.time(),
        role: None,
    };
    let profiles = &mut ctx.account()?.profiles;
    if profiles.contains_key(&world::key(&name)) {
        return Err(ApiError::exists(format!("Instance Profile {name} already exists.")));
    }
    profiles.insert(world::key(&name), profile);
    let mut inside = Xml::default();
    write_profile(ctx, &mut inside, &name)?;
    let mut xml = Xml::default();
    xml.node("InstanceProfile", |xml| xml.raw(&inside.into_string()));
    Ok(Some(xml))
}

fn profile<'a>(ctx: &'a mut Ctx<'_>) -> Result<&'a mut InstanceProfile, ApiError> {
    let name = naming::name(ctx.params, "InstanceProfileName", naming::LONG_NAME)?;
    let found = ctx.account()?.profiles.get_mut(&world::key(name));
    found.ok_or_else(|| ApiError::no_such(format!("Instance Profile {name} cannot be found.")))
}

pub(super) fn add_to_profile(ctx: &mut Ctx<'_>) -> Answered {
    let role = role_to_change(ctx)?;
    let profile = profile(ctx)?;
    if profile.role.is_some() {
        return Err(ApiError::limit("InstanceSessionsPerInstanceProfile", 1));
    }
    profile.role = Some(world::key(&role.name));
    Ok(None)
}

pub(super) fn remove_from_profile(ctx: &mut Ctx<'_>) -> Answered {
    let name = requested(ctx, Kind::Role)?.to_owned();
    let profile = profile(ctx)?;
    if profile.role.as_deref() != Some(world::key(&name).as_str()) {
        return Err(missing(Kind::Role, &name));
    }
    profile.role = None;
    Ok(None)
}

pub(super) fn delete_profile(ctx: &mut Ctx<'_>) -> Answered {
    let profile = profile(ctx)?;
    if profile.role.is_some() {
        return Err(ApiError::conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    let key = world::key(&profile.name.clone());
    ctx.account()?.profiles.remove(&key);
    Ok(None)
}

pub(super) fn list_profiles(ctx: &mut Ctx<'_>) -> Answered {
    let role = seen_role(ctx, "ListInstanceProfilesForRole")?;
    let key = world::key(&role.name);
    let names: Vec<String> = ctx
        .account()?
        .profiles
        .values()
        .filter(|profile| profile.role.as_ref() == Some(&key))
        .map(|profile| profile.name.clone())
        .collect();
    let page = paging::page(names, ctx.params)?;
    let mut members = Xml::default();
    for name in &page.items {
        let mut inside = Xml::default();
        write_profile(ctx, &mut inside, name)?;
        members.node("member", |xml| xml.raw(&inside.into_string()));
    }
    let mut xml = Xml::default();
    xml.node("InstanceProfiles", |xml| xml.raw(&members.into_string()));
    page.write_end(&mut xml);
    Ok(Some(xml))
}
