//! Managed policies.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::iso;
use crate::managed::{self, Managed};
use crate::policy_document::{Document, Purpose};
use crate::trust::weight;
use crate::wire::ApiError;
use crate::world::{self, Grants, Policy, PolicyVersion};
use crate::xml::Xml;

use super::role::encode_document;
use super::{Answered, Ctx, naming, paging, tag};

fn missing(arn: &str) -> ApiError {
    ApiError::no_such(format!("Policy {arn} was not found."))
}

fn no_version(arn: &str, version: &str) -> ApiError {
    ApiError::no_such(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

/// The customer managed policy in the request, as this kind of read shows it.
pub(super) fn seen(ctx: &mut Ctx<'_>, reader: &str) -> Result<Arc<Policy>, ApiError> {
    let arn = naming::arn(ctx.params, "PolicyArn")?;
    let name = world::key(arn.rsplit('/').next().unwrap_or_default());
    let now = ctx.now();
    ctx.account()?.policies.seen(&name, reader, now).filter(|policy| policy.arn == arn).ok_or_else(|| missing(arn))
}

/// The customer managed policy in the request, for a write to it.
pub(super) fn to_change(ctx: &mut Ctx<'_>) -> Result<Policy, ApiError> {
    let arn = naming::arn(ctx.params, "PolicyArn")?;
    if managed::by_arn(&ctx.world.partition, arn).is_some() {
        return Err(ApiError::denied(format!(
            "User: {} is not authorized to change the AWS managed policy {arn}",
            ctx.caller.arn
        )));
    }
    let name = world::key(arn.rsplit('/').next().unwrap_or_default());
    let now = ctx.now();
    let policy = ctx.account()?.policies.truth(&name).filter(|policy| policy.arn == arn && policy.visible_at <= now);
    policy.map(|policy| Policy::clone(policy)).ok_or_else(|| missing(arn))
}

fn store(ctx: &mut Ctx<'_>, policy: Policy) -> Result<(), ApiError> {
    let lag = ctx.world.lag(Duration::ZERO);
    ctx.account()?.policies.put(&world::key(&policy.name.clone()), policy, lag);
    Ok(())
}

/// How many principals a policy is attached to, and how many it bounds.
pub(crate) fn uses<'a>(arn: &str, all: impl Iterator<Item = &'a Grants>) -> (usize, usize) {
    all.fold((0, 0), |(attached, bounds), grants| {
        (
            attached + usize::from(grants.attached.iter().any(|other| other == arn)),
            bounds + usize::from(grants.boundary.as_deref() == Some(arn)),
        )
    })
}

fn uses_in(ctx: &mut Ctx<'_>, arn: &str) -> Result<(usize, usize), ApiError> {
    let account = ctx.account()?;
    let roles = account.roles.all().map(|role| &role.grants);
    Ok(uses(arn, roles.chain(account.users.all().map(|user| &user.grants))))
}

/// What GetPolicy and ListPolicies say of a policy, whosever it is.
struct Facts {
    name: String,
    unique_id: String,
    arn: String,
    path: String,
    default_version: u32,
    created: Timestamp,
    updated: Timestamp,
    description: Option<String>,
}

impl Facts {
    fn of(policy: &Policy) -> Self {
        Self {
            name: policy.name.clone(),
            unique_id: policy.unique_id.clone(),
            arn: policy.arn.clone(),
            path: policy.path.clone(),
            default_version: policy.default_version,
            created: policy.created,
            updated: policy.updated,
            description: policy.description.clone(),
        }
    }

    fn of_managed(ctx: &Ctx<'_>, managed: &Managed) -> Self {
        let letters: String = managed
            .full_name
            .to_uppercase()
            .chars()
            .filter(char::is_ascii_uppercase)
            .chain("ABCDEFGHIJKLMNOPQ".chars())
            .take(17)
            .collect();
        Self {
            name: managed.name().to_owned(),
            unique_id: format!("ANPA{letters}"),
            arn: ctx.world.aws_policy_arn(managed.full_name),
            path: managed.path(),
            default_version: 1,
            created: Timestamp::from_second(1_423_247_978).unwrap_or(Timestamp::UNIX_EPOCH),
            updated: Timestamp::from_second(1_423_247_978).unwrap_or(Timestamp::UNIX_EPOCH),
            description: None,
        }
    }

    fn write(&self, xml: &mut Xml, (attached, bounds): (usize, usize)) {
        xml.leaf("PolicyName", &self.name);
        xml.leaf("PolicyId", &self.unique_id);
        xml.leaf("Arn", &self.arn);
        xml.leaf("Path", &self.path);
        xml.leaf("DefaultVersionId", format!("v{}", self.default_version));
        xml.leaf("AttachmentCount", attached.to_string());
        xml.leaf("PermissionsBoundaryUsageCount", bounds.to_string());
        xml.leaf("IsAttachable", "true");
        xml.leaf("CreateDate", iso(self.created));
        xml.leaf("UpdateDate", iso(self.updated));
    }
}

fn checked_document(ctx: &Ctx<'_>) -> Result<String, ApiError> {
    let text = naming::document(ctx.params, "PolicyDocument")?;
    let quota = ctx.world.quotas.managed_policy_length;
    if weight(text) > quota as usize {
        return Err(ApiError::limit("PolicySize", quota));
    }
    Document::parse(text, Purpose::Identity).map_err(ApiError::malformed)?;
    Ok(text.to_owned())
}

pub(super) fn create(ctx: &mut Ctx<'_>) -> Answered {
    let name = naming::name(ctx.params, "PolicyName", naming::LONG_NAME)?.to_owned();
    let path = naming::path(ctx.params)?;
    let description = naming::description(ctx.params)?;
    let document = checked_document(ctx)?;
    let tags = tag::requested(ctx.params, ctx.world.quotas.tags_per_entity)?;
    let key = world::key(&name);
    if ctx.account()?.policies.truth(&key).is_some() {
        return Err(ApiError::exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let quota = ctx.world.quotas.policies_per_account;
    if ctx.account()?.policies.len() >= quota as usize {
        return Err(ApiError::limit("PoliciesPerAccount", quota));
    }
    let created = ctx.time();
    let hidden = ctx.world.consistency.policy_visible;
    let policy = Policy {
        arn: ctx.arn("policy", &path, &name),
        name,
        path,
        unique_id: ctx.world.mint.unique_id("ANPA"),
        created,
        updated: created,
        description,
        versions: vec![PolicyVersion { number: 1, document, created }],
        default_version: 1,
        tags,
        visible_at: ctx.now() + hidden,
    };
    let mut xml = Xml::default();
    xml.node("Policy", |xml| {
        Facts::of(&policy).write(xml, (0, 0));
        if !policy.tags.is_empty() {
            tag::write(xml, &policy.tags);
        }
    });
    let lag = ctx.world.lag(hidden);
    ctx.account()?.policies.put(&key, policy, lag);
    Ok(Some(xml))
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Answered {
    let arn = naming::arn(ctx.params, "PolicyArn")?.to_owned();
    let (facts, tags) = match managed::by_arn(&ctx.world.partition, &arn) {
        Some(managed) => (Facts::of_managed(ctx, managed), Vec::new()),
        None => {
            let policy = seen(ctx, "GetPolicy")?;
            (Facts::of(&policy), policy.tags.clone())
        }
    };
    let uses = uses_in(ctx, &arn)?;
    let mut xml = Xml::default();
    xml.node("Policy", |xml| {
        facts.write(xml, uses);
        xml.optional("Description", facts.description.as_deref());
        tag::write(xml, &tags);
    });
    Ok(Some(xml))
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Answered {
    let scope = ctx.params.get("Scope").unwrap_or("All").to_owned();
    if !["All", "AWS", "Local"].contains(&scope.as_str()) {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{scope}' at 'scope' failed to satisfy constraint: Member must satisfy \
             enum value set: [AWS, Local, All]"
        )));
    }
    let prefix = ctx.params.get("PathPrefix").unwrap_or("/").to_owned();
    let only_attached = ctx.params.get("OnlyAttached") == Some("true");
    let now = ctx.now();
    let mut found = Vec::new();
    if scope != "AWS" {
        found.extend(ctx.account()?.policies.all_seen("ListPolicies", now).iter().map(|policy| Facts::of(policy)));
    }
    if scope != "Local" {
        found.extend(managed::all().into_iter().map(|managed| Facts::of_managed(ctx, managed)));
    }
    let mut listed = Vec::new();
    for facts in found.into_iter().filter(|facts| facts.path.starts_with(&prefix)) {
        let uses = uses_in(ctx, &facts.arn)?;
        if !only_attached || uses.0 > 0 {
            listed.push((facts, uses));
        }
    }
    let page = paging::page(listed, ctx.params)?;
    let mut xml = Xml::default();
    xml.list("Policies", &page.items, |xml, (facts, uses)| facts.write(xml, *uses));
    page.write_end(&mut xml);
    Ok(Some(xml))
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Answered {
    let policy = to_change(ctx)?;
    let (attached, bounds) = uses_in(ctx, &policy.arn)?;
    if attached + bounds > 0 {
        return Err(ApiError::conflict("Cannot delete a policy attached to entities."));
    }
    if policy.versions.len() > 1 {
        return Err(ApiError::conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's \
             versions. The default version is deleted with the policy.",
        ));
    }
    let lag = ctx.world.lag(Duration::ZERO);
    ctx.account()?.policies.remove(&world::key(&policy.name), lag);
    Ok(None)
}

fn write_version(xml: &mut Xml, version: &PolicyVersion, default: u32, with_document: bool) {
    if with_document {
        xml.leaf("Document", encode_document(&version.document));
    }
    xml.leaf("VersionId", format!("v{}", version.number));
    xml.leaf("IsDefaultVersion", (version.number == default).to_string());
    xml.leaf("CreateDate", iso(version.created));
}

/// The versions of the policy in the request and the default one's number.
fn versions(ctx: &mut Ctx<'_>, reader: &str) -> Result<(Vec<PolicyVersion>, u32), ApiError> {
    let arn = naming::arn(ctx.params, "PolicyArn")?;
    if let Some(managed) = managed::by_arn(&ctx.world.partition, arn) {
        let created = Timestamp::from_second(1_423_247_978).unwrap_or(Timestamp::UNIX_EPOCH);
        return Ok((vec![PolicyVersion { number: 1, document: managed.document.clone(), created }], 1));
    }
    let policy = seen(ctx, reader)?;
    Ok((policy.versions.clone(), policy.default_version))
}

fn requested_version(ctx: &Ctx<'_>) -> Result<u32, ApiError> {
    let arn = ctx.params.required("PolicyArn")?;
    let text = ctx.params.required("VersionId")?;
    let number = text.strip_prefix('v').and_then(|number| number.parse().ok());
    number.ok_or_else(|| no_version(arn, text))
}

pub(super) fn get_version(ctx: &mut Ctx<'_>) -> Answered {
    let (versions, default) = versions(ctx, "GetPolicyVersion")?;
    let number = requested_version(ctx)?;
    let version = versions.iter().find(|version| version.number == number);
    let version =
        version.ok_or_else(|| no_version(ctx.params.get("PolicyArn").unwrap_or_default(), &format!("v{number}")))?;
    let mut xml = Xml::default();
    xml.node("PolicyVersion", |xml| write_version(xml, version, default, true));
    Ok(Some(xml))
}

pub(super) fn list_versions(ctx: &mut Ctx<'_>) -> Answered {
    let (mut versions, default) = versions(ctx, "ListPolicyVersions")?;
    versions.reverse();
    let page = paging::page(versions, ctx.params)?;
    let mut xml = Xml::default();
    xml.list("Versions", &page.items, |xml, version| write_version(xml, version, default, false));
    page.write_end(&mut xml);
    Ok(Some(xml))
}

pub(super) fn create_version(ctx: &mut Ctx<'_>) -> Answered {
    let document = checked_document(ctx)?;
    let mut policy = to_change(ctx)?;
    let quota = ctx.world.quotas.versions_per_policy;
    if policy.versions.len() >= quota as usize {
        return Err(ApiError::new(
            409,
            "LimitExceeded",
            format!(
                "A managed policy can have up to {quota} versions. Before you create a new version, you must delete \
                 an existing version."
            ),
        ));
    }
    let number = policy.versions.iter().map(|version| version.number).max().unwrap_or(0) + 1;
    let version = PolicyVersion { number, document, created: ctx.time() };
    policy.versions.push(version.clone());
    policy.updated = ctx.time();
    if ctx.params.get("SetAsDefault") == Some("true") {
        policy.default_version = number;
    }
    let mut xml = Xml::default();
    xml.node("PolicyVersion", |xml| write_version(xml, &version, policy.default_version, false));
    store(ctx, policy)?;
    Ok(Some(xml))
}

pub(super) fn set_default_version(ctx: &mut Ctx<'_>) -> Answered {
    let number = requested_version(ctx)?;
    let mut policy = to_change(ctx)?;
    if !policy.versions.iter().any(|version| version.number == number) {
        return Err(no_version(&policy.arn, &format!("v{number}")));
    }
    policy.default_version = number;
    store(ctx, policy)?;
    Ok(None)
}

pub(super) fn delete_version(ctx: &mut Ctx<'_>) -> Answered {
    let number = requested_version(ctx)?;
    let mut policy = to_change(ctx)?;
    if policy.default_version == number {
        return Err(ApiError::conflict("Cannot delete the default version of a policy."));
    }
    let before = policy.versions.len();
    policy.versions.retain(|version| version.number != number);
    if policy.versions.len() == before {
        return Err(no_version(&policy.arn, &format!("v{number}")));
    }
    store(ctx, policy)?;
    Ok(None)
}
