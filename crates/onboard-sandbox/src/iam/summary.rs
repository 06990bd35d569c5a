//! The account itself: its alias and its figures.

use crate::wire::ApiError;
use crate::xml::Xml;

use super::{Answered, Ctx, naming, paging};

pub(super) fn aliases(ctx: &mut Ctx<'_>) -> Answered {
    let aliases: Vec<String> = ctx.account()?.alias.iter().cloned().collect();
    let page = paging::page(aliases, ctx.params)?;
    let mut xml = Xml::default();
    xml.values("AccountAliases", &page.items);
    page.write_end(&mut xml);
    Ok(Some(xml))
}

pub(super) fn create_alias(ctx: &mut Ctx<'_>) -> Answered {
    let alias = ctx.params.required("AccountAlias")?.to_owned();
    naming::length(&alias, "AccountAlias", 3, 63)?;
    let right = !alias.starts_with('-')
        && !alias.ends_with('-')
        && alias.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !right {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{alias}' at 'accountAlias' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){{1,61}}[a-z0-9]$"
        )));
    }
    // An account has one alias; a new one takes its place.
    ctx.account()?.alias = Some(alias);
    Ok(None)
}

pub(super) fn delete_alias(ctx: &mut Ctx<'_>) -> Answered {
    let alias = ctx.params.required("AccountAlias")?;
    let account = ctx.account()?;
    if account.alias.as_deref() != Some(alias) {
        return Err(ApiError::no_such(format!("The account alias with name {alias} cannot be found.")));
    }
    account.alias = None;
    Ok(None)
}

pub(super) fn summary(ctx: &mut Ctx<'_>) -> Answered {
    let quotas = ctx.world.quotas.clone();
    let account = ctx.account()?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mfa = account.users.all().map(|user| user.mfa_devices.len()).sum();
    let root_key = account.keys.values().any(|key| key.user.is_none());
    let figures = [
        ("Users", count(account.users.len())),
        ("UsersQuota", quotas.users_per_account),
        ("Groups", count(account.groups.len())),
        ("GroupsQuota", 300),
        ("GroupsPerUserQuota", 10),
        ("Roles", count(account.roles.len())),
        ("RolesQuota", quotas.roles_per_account),
        ("InstanceProfiles", count(account.profiles.len())),
        ("InstanceProfilesQuota", 1000),
        ("Policies", count(account.policies.len())),
        ("PoliciesQuota", quotas.policies_per_account),
        ("PolicySizeQuota", quotas.managed_policy_length),
        ("PolicyVersionsInUse", count(account.policies.all().map(|policy| policy.versions.len()).sum())),
        ("PolicyVersionsInUseQuota", 10_000),
        ("VersionsPerPolicyQuota", quotas.versions_per_policy),
        ("AccessKeysPerUserQuota", quotas.access_keys_per_user),
        ("AccountAccessKeysPresent", u32::from(root_key)),
        ("AccountMFAEnabled", 1),
        ("AccountPasswordPresent", 1),
        ("AccountSigningCertificatesPresent", 0),
        ("AssumeRolePolicySizeQuota", quotas.trust_policy_length),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", quotas.attached_policies_per_role),
        ("AttachedPoliciesPerUserQuota", quotas.attached_policies_per_user),
        ("GlobalEndpointTokenVersion", 1),
        ("GroupPolicySizeQuota", 5120),
        ("MFADevices", count(mfa)),
        ("MFADevicesInUse", count(mfa)),
        ("Providers", 0),
        ("RolePolicySizeQuota", quotas.role_inline_length),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("UserPolicySizeQuota", quotas.user_inline_length),
    ];
    let mut xml = Xml::default();
    xml.node("SummaryMap", |xml| {
        for (name, value) in figures {
            xml.node("entry", |xml| {
                xml.leaf("key", name);
                xml.leaf("value", value.to_string());
            });
        }
    });
    Ok(Some(xml))
}
