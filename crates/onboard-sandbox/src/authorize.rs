//! What a caller may do: identity-based policies, boundaries, session policies and the organization's control policies.

use std::sync::Arc;

use crate::condition::Context;
use crate::fault::PolicyKind;
use crate::identity::{Identity, Principal};
use crate::managed;
use crate::policy_document::{Document, Purpose};
use crate::policy_eval::{Ask, Verdict, evaluate, resource_control_denies};
use crate::wire::ApiError;
use crate::world::{Grants, MANAGEMENT, World, key};

/// Why a request is denied: by which kind of policy, and the policy's ARN if it denies explicitly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    Denied { kind: PolicyKind, explicit: bool, arn: Option<String> },
}

/// The policies of one principal.
#[derive(Default)]
pub(crate) struct Policies {
    pub(crate) identity: Vec<Arc<Document>>,
    pub(crate) boundary: Option<Arc<Document>>,
}

/// The conditions that every request of a caller carries.
pub(crate) fn context(world: &World, caller: &Identity, region: &str) -> Context {
    let mut context = Context::default();
    context.set("aws:PrincipalArn", caller.principal_arn());
    context.set("aws:PrincipalAccount", &caller.account);
    context.set("aws:userid", &caller.user_id);
    context.set("aws:RequestedRegion", region);
    context.set("aws:SecureTransport", "true");
    context.set("aws:SourceIp", "127.0.0.1");
    context.set("aws:CurrentTime", crate::clock::iso(world.clock.now()));
    let kind = match &caller.principal {
        Principal::Root => "Account",
        Principal::User { name, .. } => {
            context.set("aws:username", name);
            "User"
        }
        Principal::Role { .. } => "AssumedRole",
    };
    context.set("aws:PrincipalType", kind);
    if caller.temporary {
        context.set("aws:MultiFactorAuthPresent", caller.mfa.to_string());
    }
    if world.directory.get(&caller.account).is_some_and(|entry| entry.place.is_some()) {
        context.set("aws:PrincipalOrgID", &world.organization_id);
    }
    context
}

/// Refuses what the caller may not do, in AWS's words.
pub(crate) fn authorize(
    world: &mut World,
    caller: &Identity,
    action: &str,
    resource: &str,
    context: &Context,
) -> Result<(), ApiError> {
    match decide(world, caller, action, resource, context)? {
        Decision::Allowed => Ok(()),
        denied => Err(refusal(caller, action, resource, &denied)),
    }
}

/// AWS's words for a denial.
pub(crate) fn refusal(caller: &Identity, action: &str, resource: &str, decision: &Decision) -> ApiError {
    let start = format!("User: {} is not authorized to perform: {action} on resource: {resource}", caller.arn);
    match decision {
        Decision::Allowed => ApiError::denied(start),
        Decision::Denied { kind, explicit, arn } => {
            ApiError::denied(format!("{start} {}", reason(*kind, *explicit, arn.as_deref(), action)))
        }
    }
}

/// The part of an access-denied text that names the policy ("Troubleshoot access denied error messages" of IAM's user
/// guide).
pub(crate) fn reason(kind: PolicyKind, explicit: bool, arn: Option<&str>, action: &str) -> String {
    let phrase = kind.phrase();
    if !explicit {
        return format!("because no {phrase} allows the {action} action");
    }
    let article = match kind {
        PolicyKind::Identity => "an",
        PolicyKind::Trust => "the",
        _ => "a",
    };
    let arn = arn.filter(|_| kind != PolicyKind::Trust).map(|arn| format!(": {arn}")).unwrap_or_default();
    format!("with an explicit deny in {article} {phrase}{arn}")
}

/// Whether the caller may do this in its own account, or towards a resource elsewhere as far as its own side decides.
pub(crate) fn decide(
    world: &mut World,
    caller: &Identity,
    action: &str,
    resource: &str,
    context: &Context,
) -> Result<Decision, ApiError> {
    if !world.authorization {
        return Ok(Decision::Allowed);
    }
    let policies = policies_of(world, caller)?;
    let root = caller.principal == Principal::Root;
    let ask = Ask { action, resource, context };
    let control: Vec<Arc<Document>> = service_control(world, &caller.account);
    Ok(weigh(&control, &policies, &caller.session_policies, root, &ask))
}

/// The order of AWS's evaluation: any explicit deny, then what each kind must allow.
pub(crate) fn weigh(
    control: &[Arc<Document>],
    policies: &Policies,
    session: &[Arc<Document>],
    root: bool,
    ask: &Ask<'_>,
) -> Decision {
    let identity = evaluate(policies.identity.iter().map(AsRef::as_ref), ask);
    let boundary = policies.boundary.as_deref().map(|document| evaluate([document], ask));
    let session = (!session.is_empty()).then(|| evaluate(session.iter().map(AsRef::as_ref), ask));
    let control_allows = control.iter().any(|document| allows_anything(document));
    let control = evaluate(control.iter().map(AsRef::as_ref), ask);

    let kinds = [
        (PolicyKind::ServiceControl, Some(&control)),
        (PolicyKind::Identity, Some(&identity)),
        (PolicyKind::Boundary, boundary.as_ref()),
        (PolicyKind::Session, session.as_ref()),
    ];
    for (kind, verdict) in kinds {
        if let Some(Verdict::Deny(arn)) = verdict {
            return Decision::Denied { kind, explicit: true, arn: arn.clone() };
        }
    }
    for (kind, verdict) in kinds {
        let must = match kind {
            // A policy that only denies stands beside AWS's own, which allows everything.
            PolicyKind::ServiceControl => control_allows,
            PolicyKind::Identity => !root,
            _ => verdict.is_some(),
        };
        if must && verdict != Some(&Verdict::Allow) {
            return Decision::Denied { kind, explicit: false, arn: None };
        }
    }
    Decision::Allowed
}

fn allows_anything(document: &Document) -> bool {
    document.statements.iter().any(|statement| statement.effect == crate::policy_document::Effect::Allow)
}

/// The service control policies over an account; none are over the management account.
pub(crate) fn service_control(world: &World, account: &str) -> Vec<Arc<Document>> {
    world
        .directory
        .get(account)
        .filter(|entry| account != MANAGEMENT && entry.place.is_some())
        .map(|entry| entry.service_control.iter().map(|(_, document)| Arc::clone(document)).collect())
        .unwrap_or_default()
}

/// Whether a resource control policy over the resource's account denies the caller.
pub(crate) fn resource_control(world: &World, account: &str, caller: &Identity, ask: &Ask<'_>) -> Option<Decision> {
    let entry = world.directory.get(account).filter(|entry| account != MANAGEMENT && entry.place.is_some())?;
    if !world.authorization {
        return None;
    }
    let (_, document) =
        entry.resource_control.iter().find(|(_, document)| resource_control_denies(document, caller, ask))?;
    Some(Decision::Denied { kind: PolicyKind::ResourceControl, explicit: true, arn: document.arn.clone() })
}

/// The policies of the caller's user or role, as far as they have spread.
fn policies_of(world: &mut World, caller: &Identity) -> Result<Policies, ApiError> {
    let now = world.clock.monotonic();
    let account = world.account(&caller.account)?;
    let grants = match &caller.principal {
        Principal::Root => None,
        Principal::User { name, unique_id, .. } => account
            .users
            .seen(&key(name), "authorize", now)
            .filter(|user| user.unique_id == *unique_id)
            .map(|user| user.grants.clone()),
        Principal::Role { name, unique_id, .. } => account
            .roles
            .seen(&key(name), "authorize", now)
            .filter(|role| role.unique_id == *unique_id)
            .map(|role| role.grants.clone()),
    };
    Ok(grants.map(|grants| policies(world, &caller.account, &grants)).unwrap_or_default())
}

/// Reads the policies that grants name.
pub(crate) fn policies(world: &mut World, account: &str, grants: &Grants) -> Policies {
    let mut identity: Vec<Arc<Document>> =
        grants.attached.iter().filter_map(|arn| document(world, account, arn)).collect();
    for text in grants.inline.values() {
        if let Ok(document) = Document::parse(text, Purpose::Identity) {
            identity.push(Arc::new(document));
        }
    }
    // A boundary that is gone allows nothing.
    let nothing = || Arc::new(Document { statements: Vec::new(), arn: None });
    let boundary = grants.boundary.as_ref().map(|arn| document(world, account, arn).unwrap_or_else(nothing));
    Policies { identity, boundary }
}

/// The default version of a managed policy.
pub(crate) fn document(world: &mut World, account: &str, arn: &str) -> Option<Arc<Document>> {
    if let Some(managed) = managed::by_arn(&world.partition, arn) {
        return Some(Arc::clone(&managed.parsed));
    }
    let name = arn.rsplit('/').next()?;
    let policy = world.account(account).ok()?.policies.truth(&key(name))?.clone();
    if policy.arn != arn {
        return None;
    }
    Document::parse(policy.default_document(), Purpose::Identity).ok().map(|document| Arc::new(document.named(arn)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(statements: &str) -> Arc<Document> {
        let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
        Arc::new(Document::parse(&text, Purpose::Identity).unwrap().named("arn:p"))
    }

    #[test]
    fn every_kind_must_allow_and_any_may_deny() {
        let all = parse(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        let sts = parse(r#"{"Effect":"Allow","Action":"sts:*","Resource":"*"}"#);
        let deny = parse(r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#);
        let context = Context::default();
        let ask = Ask { action: "iam:GetRole", resource: "r", context: &context };
        let run = |control: &[&Arc<Document>],
                   identity: &[&Arc<Document>],
                   boundary: Option<&Arc<Document>>,
                   session: &[&Arc<Document>]| {
            let list = |documents: &[&Arc<Document>]| documents.iter().map(|d| Arc::clone(d)).collect::<Vec<_>>();
            let policies = Policies { identity: list(identity), boundary: boundary.cloned() };
            match weigh(&list(control), &policies, &list(session), false, &ask) {
                Decision::Allowed => None,
                Decision::Denied { kind, explicit, .. } => Some((kind, explicit)),
            }
        };
        assert_eq!(run(&[], &[&all], None, &[]), None);
        assert_eq!(run(&[], &[&sts], None, &[]), Some((PolicyKind::Identity, false)));
        assert_eq!(run(&[], &[&all, &deny], None, &[]), Some((PolicyKind::Identity, true)));
        assert_eq!(run(&[&deny], &[&all], None, &[]), Some((PolicyKind::ServiceControl, true)));
        assert_eq!(run(&[&sts], &[&all], None, &[]), Some((PolicyKind::ServiceControl, false)));
        assert_eq!(run(&[], &[&all], Some(&sts), &[]), Some((PolicyKind::Boundary, false)));
        assert_eq!(run(&[], &[&all], Some(&all), &[&sts]), Some((PolicyKind::Session, false)));
        assert_eq!(run(&[], &[&all], Some(&deny), &[&all]), Some((PolicyKind::Boundary, true)));
    }
}
