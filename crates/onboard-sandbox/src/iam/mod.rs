//! IAM: every action of the query protocol that the sandbox knows.

mod attachment;
mod group;
mod key;
mod login;
mod naming;
mod paging;
mod policy;
mod principal;
mod role;
mod simulate;
mod summary;
mod tag;
mod user;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::authorize;
use crate::condition::Context;
use crate::identity::{Identity, Principal};
use crate::wire::{ApiError, Params};
use crate::world::{self, Account, World};
use crate::xml::Xml;

/// What an action answers: nothing but its name, or a result.
type Answered = Result<Option<Xml>, ApiError>;

/// One call of a proved caller.
pub(crate) struct Ctx<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) caller: Identity,
    pub(crate) params: &'a Params,
    pub(crate) region: String,
}

impl Ctx<'_> {
    fn account(&mut self) -> Result<&mut Account, ApiError> {
        self.world.account(&self.caller.account)
    }

    fn arn(&self, kind: &str, path: &str, name: &str) -> String {
        self.world.arn(&self.caller.account, kind, path, name)
    }

    fn now(&self) -> Instant {
        self.world.clock.monotonic()
    }

    fn time(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn may(&mut self, action: &str, resource: &str, context: &Context) -> Result<(), ApiError> {
        authorize::authorize(self.world, &self.caller, action, resource, context)
    }
}

/// Carries out an action of IAM.
pub(crate) fn serve(mut ctx: Ctx<'_>, action: &str) -> Answered {
    let handler = handler(action).ok_or_else(|| {
        ApiError::new(400, "InvalidAction", format!("Could not find operation {action} for version 2010-05-08"))
    })?;
    // Without MFA the session of a user reaches STS alone.
    if ctx.caller.temporary && !ctx.caller.mfa && matches!(ctx.caller.principal, Principal::User { .. }) {
        return Err(ApiError::new(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid",
        ));
    }
    let resource = resource(&mut ctx, action);
    let context = context(&ctx);
    ctx.may(&format!("iam:{action}"), &resource, &context)?;
    let tagging = match action {
        "CreateRole" => Some("iam:TagRole"),
        "CreateUser" => Some("iam:TagUser"),
        "CreatePolicy" => Some("iam:TagPolicy"),
        _ => None,
    };
    if let Some(tagging) = tagging
        && !ctx.params.tags().is_empty()
    {
        ctx.may(tagging, &resource, &context)?;
    }
    handler(&mut ctx)
}

type Handler = fn(&mut Ctx<'_>) -> Answered;

fn handler(action: &str) -> Option<Handler> {
    Some(match action {
        "CreateRole" => role::create,
        "GetRole" => role::get,
        "ListRoles" => role::list,
        "UpdateRole" => role::update,
        "UpdateAssumeRolePolicy" => role::update_trust,
        "DeleteRole" => role::delete,
        "CreateUser" => user::create,
        "GetUser" => user::get,
        "ListUsers" => user::list,
        "DeleteUser" => user::delete,
        "TagRole" => tag::tag_role,
        "UntagRole" => tag::untag_role,
        "ListRoleTags" => tag::list_role,
        "TagUser" => tag::tag_user,
        "UntagUser" => tag::untag_user,
        "ListUserTags" => tag::list_user,
        "TagPolicy" => tag::tag_policy,
        "UntagPolicy" => tag::untag_policy,
        "ListPolicyTags" => tag::list_policy,
        "AttachRolePolicy" => attachment::attach_role,
        "DetachRolePolicy" => attachment::detach_role,
        "ListAttachedRolePolicies" => attachment::list_role,
        "AttachUserPolicy" => attachment::attach_user,
        "DetachUserPolicy" => attachment::detach_user,
        "ListAttachedUserPolicies" => attachment::list_user,
        "PutRolePolicy" => attachment::put_role_inline,
        "GetRolePolicy" => attachment::get_role_inline,
        "DeleteRolePolicy" => attachment::delete_role_inline,
        "ListRolePolicies" => attachment::list_role_inline,
        "PutUserPolicy" => attachment::put_user_inline,
        "GetUserPolicy" => attachment::get_user_inline,
        "DeleteUserPolicy" => attachment::delete_user_inline,
        "ListUserPolicies" => attachment::list_user_inline,
        "PutRolePermissionsBoundary" => attachment::put_role_boundary,
        "DeleteRolePermissionsBoundary" => attachment::delete_role_boundary,
        "PutUserPermissionsBoundary" => attachment::put_user_boundary,
        "DeleteUserPermissionsBoundary" => attachment::delete_user_boundary,
        "ListEntitiesForPolicy" => attachment::entities,
        "CreateInstanceProfile" => role::create_profile,
        "AddRoleToInstanceProfile" => role::add_to_profile,
        "RemoveRoleFromInstanceProfile" => role::remove_from_profile,
        "DeleteInstanceProfile" => role::delete_profile,
        "ListInstanceProfilesForRole" => role::list_profiles,
        "CreateAccessKey" => key::create,
        "ListAccessKeys" => key::list,
        "UpdateAccessKey" => key::update,
        "DeleteAccessKey" => key::delete,
        "GetAccessKeyLastUsed" => key::last_used,
        "CreateGroup" => group::create,
        "DeleteGroup" => group::delete,
        "AddUserToGroup" => group::add,
        "RemoveUserFromGroup" => group::remove,
        "ListGroupsForUser" => group::list_for_user,
        "CreateLoginProfile" => login::create,
        "GetLoginProfile" => login::get,
        "DeleteLoginProfile" => login::delete,
        "ListMFADevices" => login::mfa_devices,
        "ListSSHPublicKeys" => login::ssh_keys,
        "ListServiceSpecificCredentials" => login::service_credentials,
        "ListSigningCertificates" => login::certificates,
        "CreatePolicy" => policy::create,
        "GetPolicy" => policy::get,
        "ListPolicies" => policy::list,
        "DeletePolicy" => policy::delete,
        "CreatePolicyVersion" => policy::create_version,
        "GetPolicyVersion" => policy::get_version,
        "ListPolicyVersions" => policy::list_versions,
        "SetDefaultPolicyVersion" => policy::set_default_version,
        "DeletePolicyVersion" => policy::delete_version,
        "ListAccountAliases" => summary::aliases,
        "CreateAccountAlias" => summary::create_alias,
        "DeleteAccountAlias" => summary::delete_alias,
        "GetAccountSummary" => summary::summary,
        "SimulatePrincipalPolicy" => simulate::principal,
        _ => return None,
    })
}

/// The ARN that policies see for an action.
fn resource(ctx: &mut Ctx<'_>, action: &str) -> String {
    if action.starts_with("List") && ["ListRoles", "ListUsers", "ListPolicies", "ListAccountAliases"].contains(&action)
    {
        return "*".to_owned();
    }
    if let Some(name) = ctx.params.get("RoleName") {
        let stored = ctx.account().ok().and_then(|a| a.roles.truth(&world::key(name))).map(|role| role.path.clone());
        let path = stored.as_deref().or_else(|| ctx.params.get("Path")).unwrap_or("/");
        return ctx.arn("role", path, name);
    }
    if let Some(name) = ctx.params.get("InstanceProfileName") {
        return ctx.arn("instance-profile", "/", name);
    }
    if let Some(name) = ctx.params.get("UserName") {
        let stored = ctx.account().ok().and_then(|a| a.users.truth(&world::key(name))).map(|user| user.path.clone());
        let path = stored.as_deref().or_else(|| ctx.params.get("Path")).unwrap_or("/");
        return ctx.arn("user", path, name);
    }
    if let Some(name) = ctx.params.get("GroupName") {
        return ctx.arn("group", "/", name);
    }
    if let Some(arn) = ctx.params.get("PolicySourceArn").or_else(|| ctx.params.get("PolicyArn")) {
        return arn.to_owned();
    }
    if let Some(name) = ctx.params.get("PolicyName") {
        return ctx.arn("policy", ctx.params.get("Path").unwrap_or("/"), name);
    }
    match &ctx.caller.principal {
        // An action on the caller itself, such as GetUser without a name.
        Principal::User { arn, .. } if ["GetUser", "CreateAccessKey", "ListAccessKeys"].contains(&action) => {
            arn.clone()
        }
        _ => "*".to_owned(),
    }
}

fn context(ctx: &Ctx<'_>) -> Context {
    let mut context = authorize::context(ctx.world, &ctx.caller, &ctx.region);
    if let Some(arn) = ctx.params.get("PolicyArn") {
        context.set("iam:PolicyARN", arn);
    }
    if let Some(arn) = ctx.params.get("PermissionsBoundary") {
        context.set("iam:PermissionsBoundary", arn);
    }
    let tags = ctx.params.tags();
    if !tags.is_empty() {
        for (tag, value) in &tags {
            context.set(&format!("aws:RequestTag/{tag}"), value);
        }
        context.set_all("aws:TagKeys", tags.into_iter().map(|(tag, _)| tag).collect());
    }
    context
}
