//! Policies of roles and users: managed ones attached, inline ones, permissions boundaries.

use crate::managed;
use crate::policy_document::{Document, Purpose};
use crate::trust::weight;
use crate::wire::ApiError;
use crate::world::{self, Grants};
use crate::xml::Xml;

use super::principal::{Kind, change_grants, requested, seen_grants};
use super::role::encode_document;
use super::{Answered, Ctx, naming, paging};

/// Whether a managed policy of this ARN can be attached in the caller's account.
fn attachable(ctx: &mut Ctx<'_>, arn: &str) -> Result<bool, ApiError> {
    if managed::by_arn(&ctx.world.partition, arn).is_some() {
        return Ok(true);
    }
    let now = ctx.now();
    let name = world::key(arn.rsplit('/').next().unwrap_or_default());
    let found =
        ctx.account()?.policies.truth(&name).is_some_and(|policy| policy.arn == arn && policy.visible_at <= now);
    Ok(found)
}

fn attach(ctx: &mut Ctx<'_>, kind: Kind) -> Answered {
    let arn = naming::arn(ctx.params, "PolicyArn")?.to_owned();
    let (quota, word) = match kind {
        Kind::Role => (ctx.world.quotas.attached_policies_per_role, "PoliciesPerRole"),
        Kind::User => (ctx.world.quotas.attached_policies_per_user, "PoliciesPerUser"),
    };
    change_grants(ctx, kind, |ctx, grants| {
        if !attachable(ctx, &arn)? {
            return Err(ApiError::no_such(format!("Policy {arn} does not exist or is not attachable.")));
        }
        if grants.attached.contains(&arn) {
            return Ok(());
        }
        if grants.attached.len() >= quota as usize {
            return Err(ApiError::limit(word, quota));
        }
        grants.attached.push(arn);
        Ok(())
    })?;
    Ok(None)
}

fn detach(ctx: &mut Ctx<'_>, kind: Kind) -> Answered {
    let arn = naming::arn(ctx.params, "PolicyArn")?.to_owned();
    change_grants(ctx, kind, |_, grants| {
        let before = grants.attached.len();
        grants.attached.retain(|attached| *attached != arn);
        if grants.attached.len() == before {
            return Err(ApiError::no_such(format!("Policy {arn} was not found.")));
        }
        Ok(())
    })?;
    Ok(None)
}

fn list(ctx: &mut Ctx<'_>, kind: Kind, reader: &str) -> Answered {
    let prefix = ctx.params.get("PathPrefix").unwrap_or("/").to_owned();
    let attached = seen_grants(ctx, kind, reader)?.attached;
    let in_path = |arn: &String| {
        let path = arn.split_once(":policy").map_or("/", |(_, path)| path);
        path.starts_with(&prefix)
    };
    let page = paging::page(attached.into_iter().filter(in_path).collect(), ctx.params)?;
    let mut xml = Xml::default();
    xml.list("AttachedPolicies", &page.items, |xml, arn| {
        xml.leaf("PolicyName", arn.rsplit('/').next().unwrap_or_default());
        xml.leaf("PolicyArn", arn);
    });
    page.write_end(&mut xml);
    Ok(Some(xml))
}

fn put_inline(ctx: &mut Ctx<'_>, kind: Kind) -> Answered {
    let name = naming::name(ctx.params, "PolicyName", naming::LONG_NAME)?.to_owned();
    let text = naming::document(ctx.params, "PolicyDocument")?.to_owned();
    Document::parse(&text, Purpose::Identity).map_err(ApiError::malformed)?;
    let quota = match kind {
        Kind::Role => ctx.world.quotas.role_inline_length,
        Kind::User => ctx.world.quotas.user_inline_length,
    };
    let owner = requested(ctx, kind)?.to_owned();
    change_grants(ctx, kind, |_, grants| {
        let others = grants.inline.iter().filter(|(other, _)| **other != name).map(|(_, text)| weight(text));
        if others.sum::<usize>() + weight(&text) > quota as usize {
            return Err(ApiError::new(
                409,
                "LimitExceeded",
                format!("Maximum policy size of {quota} bytes exceeded for {} {owner}", kind.noun()),
            ));
        }
        grants.inline.insert(name, text);
        Ok(())
    })?;
    Ok(None)
}

fn no_inline(kind: Kind, name: &str) -> ApiError {
    ApiError::no_such(format!("The {} policy with name {name} cannot be found.", kind.noun()))
}

fn get_inline(ctx: &mut Ctx<'_>, kind: Kind, reader: &str) -> Answered {
    let name = naming::name(ctx.params, "PolicyName", naming::LONG_NAME)?.to_owned();
    let owner = requested(ctx, kind)?.to_owned();
    let grants = seen_grants(ctx, kind, reader)?;
    let text = grants.inline.get(&name).ok_or_else(|| no_inline(kind, &name))?;
    let mut xml = Xml::default();
    xml.leaf(if kind == Kind::Role { "RoleName" } else { "UserName" }, owner);
    xml.leaf("PolicyName", &name);
    xml.leaf("PolicyDocument", encode_document(text));
    Ok(Some(xml))
}

fn delete_inline(ctx: &mut Ctx<'_>, kind: Kind) -> Answered {
    let name = naming::name(ctx.params, "PolicyName", naming::LONG_NAME)?.to_owned();
    change_grants(ctx, kind, |_, grants| grants.inline.remove(&name).map(drop).ok_or_else(|| no_inline(kind, &name)))?;
    Ok(None)
}

fn list_inline(ctx: &mut Ctx<'_>, kind: Kind, reader: &str) -> Answered {
    let names: Vec<String> = seen_grants(ctx, kind, reader)?.inline.into_keys().collect();
    let page = paging::page(names, ctx.params)?;
    let mut xml = Xml::default();
    xml.values("PolicyNames", &page.items);
    page.write_end(&mut xml);
    Ok(Some(xml))
}

/// The boundary in a request, which must exist.
pub(super) fn requested_boundary(ctx: &mut Ctx<'_>) -> Result<Option<String>, ApiError> {
    if ctx.params.get("PermissionsBoundary").is_none() {
        return Ok(None);
    }
    let arn = naming::arn(ctx.params, "PermissionsBoundary")?;
    if attachable(ctx, arn)? {
        Ok(Some(arn.to_owned()))
    } else {
        Err(ApiError::no_such(format!("Scope ARN: {arn} does not exist or is not attachable.")))
    }
}

/// Writes the `PermissionsBoundary` element, if there is one.
pub(super) fn write_boundary(xml: &mut Xml, arn: Option<&str>) {
    if let Some(arn) = arn {
        xml.node("PermissionsBoundary", |xml| {
            xml.leaf("PermissionsBoundaryType", "Policy");
            xml.leaf("PermissionsBoundaryArn", arn);
        });
    }
}

fn put_boundary(ctx: &mut Ctx<'_>, kind: Kind) -> Answered {
    ctx.params.required("PermissionsBoundary")?;
    let boundary = requested_boundary(ctx)?;
    change_grants(ctx, kind, |_, grants| {
        grants.boundary = boundary;
        Ok(())
    })?;
    Ok(None)
}

fn delete_boundary(ctx: &mut Ctx<'_>, kind: Kind) -> Answered {
    let owner = requested(ctx, kind)?.to_owned();
    change_grants(ctx, kind, |_, grants| match grants.boundary.take() {
        Some(_) => Ok(()),
        None => Err(ApiError::no_such(format!("The {} {owner} does not have a permissions boundary.", kind.noun()))),
    })?;
    Ok(None)
}

pub(super) fn entities(ctx: &mut Ctx<'_>) -> Answered {
    let arn = naming::arn(ctx.params, "PolicyArn")?.to_owned();
    if !attachable(ctx, &arn)? {
        return Err(ApiError::no_such(format!("Policy {arn} was not found.")));
    }
    let boundary = ctx.params.get("PolicyUsageFilter") == Some("PermissionsBoundary");
    let filter = ctx.params.get("EntityFilter").unwrap_or_default().to_owned();
    let wanted = |kind: &str| filter.is_empty() || filter == kind || filter == "LocalManagedPolicy";
    let holds = |grants: &Grants| {
        if boundary { grants.boundary.as_ref() == Some(&arn) } else { grants.attached.contains(&arn) }
    };
    let account = ctx.account()?;
    let mut xml = Xml::default();
    xml.list("PolicyGroups", Vec::<&str>::new(), |_, _| {});
    let users = account.users.all().filter(|user| wanted("User") && holds(&user.grants));
    xml.list("PolicyUsers", users, |xml, user| {
        xml.leaf("UserName", &user.name);
        xml.leaf("UserId", &user.unique_id);
    });
    let roles = account.roles.all().filter(|role| wanted("Role") && holds(&role.grants));
    xml.list("PolicyRoles", roles, |xml, role| {
        xml.leaf("RoleName", &role.name);
        xml.leaf("RoleId", &role.unique_id);
    });
    xml.leaf("IsTruncated", "false");
    Ok(Some(xml))
}

pub(super) fn attach_role(ctx: &mut Ctx<'_>) -> Answered {
    attach(ctx, Kind::Role)
}

pub(super) fn detach_role(ctx: &mut Ctx<'_>) -> Answered {
    detach(ctx, Kind::Role)
}

pub(super) fn list_role(ctx: &mut Ctx<'_>) -> Answered {
    list(ctx, Kind::Role, "ListAttachedRolePolicies")
}

pub(super) fn attach_user(ctx: &mut Ctx<'_>) -> Answered {
    attach(ctx, Kind::User)
}

pub(super) fn detach_user(ctx: &mut Ctx<'_>) -> Answered {
    detach(ctx, Kind::User)
}

pub(super) fn list_user(ctx: &mut Ctx<'_>) -> Answered {
    list(ctx, Kind::User, "ListAttachedUserPolicies")
}

pub(super) fn put_role_inline(ctx: &mut Ctx<'_>) -> Answered {
    put_inline(ctx, Kind::Role)
}

pub(super) fn get_role_inline(ctx: &mut Ctx<'_>) -> Answered {
    get_inline(ctx, Kind::Role, "GetRolePolicy")
}

pub(super) fn delete_role_inline(ctx: &mut Ctx<'_>) -> Answered {
    delete_inline(ctx, Kind::Role)
}

pub(super) fn list_role_inline(ctx: &mut Ctx<'_>) -> Answered {
    list_inline(ctx, Kind::Role, "ListRolePolicies")
}

pub(super) fn put_user_inline(ctx: &mut Ctx<'_>) -> Answered {
    put_inline(ctx, Kind::User)
}

pub(super) fn get_user_inline(ctx: &mut Ctx<'_>) -> Answered {
    get_inline(ctx, Kind::User, "GetUserPolicy")
}

pub(super) fn delete_user_inline(ctx: &mut Ctx<'_>) -> Answered {
    delete_inline(ctx, Kind::User)
}

pub(super) fn list_user_inline(ctx: &mut Ctx<'_>) -> Answered {
    list_inline(ctx, Kind::User, "ListUserPolicies")
}

pub(super) fn put_role_boundary(ctx: &mut Ctx<'_>) -> Answered {
    put_boundary(ctx, Kind::Role)
}

pub(super) fn delete_role_boundary(ctx: &mut Ctx<'_>) -> Answered {
    delete_boundary(ctx, Kind::Role)
}

pub(super) fn put_user_boundary(ctx: &mut Ctx<'_>) -> Answered {
    put_boundary(ctx, Kind::User)
}

pub(super) fn delete_user_boundary(ctx: &mut Ctx<'_>) -> Answered {
    delete_boundary(ctx, Kind::User)
}
