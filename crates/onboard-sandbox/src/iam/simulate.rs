use crate::authorize::{self, Decision};
use crate::condition::Context;
use crate::fault::PolicyKind;
use crate::identity::{Identity, Principal};
use crate::policy_eval::{Ask, Verdict, evaluate};
use crate::wire::ApiError;
use crate::world;
use crate::xml::Xml;

use super::{Answered, Ctx, naming};

/// SimulatePrincipalPolicy: identity-based policies, one boundary and service control policies; no resource control
/// policies and no session policies, as at AWS.
pub(super) fn principal(ctx: &mut Ctx<'_>) -> Answered {
    let source = naming::arn(ctx.params, "PolicySourceArn")?.to_owned();
    let actions: Vec<String> = ctx.params.values("ActionNames").into_iter().map(str::to_owned).collect();
    for action in &actions {
        naming::length(action, "ActionNames", 3, 128)?;
        if !action.contains(':') {
            return Err(ApiError::invalid_input(format!("Invalid Entity Arn or action: {action}")));
        }
    }
    let mut resources: Vec<String> = ctx.params.values("ResourceArns").into_iter().map(str::to_owned).collect();
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let invalid = || {
        ApiError::invalid_input(format!("Invalid Entity Arn: {source} does not clearly define entity type and name."))
    };
    let missing = || ApiError::no_such(format!("Entity {source} cannot be found."));
    let resource = source.splitn(6, ':').nth(5).ok_or_else(invalid)?;
    let (kind, name) =
        (resource.split('/').next().unwrap_or_default(), resource.rsplit('/').next().unwrap_or_default());
    let table_key = world::key(name);
    let account_id = ctx.caller.account.clone();
    let account = ctx.account()?;
    let (grants, path, name, id) = match kind {
        "role" => {
            let role = account.roles.truth(&table_key).ok_or_else(missing)?;
            (role.grants.clone(), role.path.clone(), role.name.clone(), role.unique_id.clone())
        }
        "user" => {
            let user = account.users.truth(&table_key).ok_or_else(missing)?;
            (user.grants.clone(), user.path.clone(), user.name.clone(), user.unique_id.clone())
        }
        _ => return Err(invalid()),
    };
    let arn = ctx.arn(kind, &path, &name);
    if arn != source {
        return Err(missing());
    }
    let principal = if kind == "role" {
        Principal::Role { name, arn: arn.clone(), unique_id: id.clone() }
    } else {
        Principal::User { name, arn: arn.clone(), unique_id: id.clone() }
    };
    let identity = Identity {
        account: account_id.clone(),
        arn,
        user_id: id,
        access_key_id: String::new(),
        principal,
        session_policies: Vec::new(),
        mfa: false,
        temporary: false,
    };
    let mut context = authorize::context(ctx.world, &identity, &ctx.region);
    entries(ctx, &mut context);
    let policies = authorize::policies(ctx.world, &account_id, &grants);
    let control = authorize::service_control(ctx.world, &account_id);

    let mut xml = Xml::default();
    let cases: Vec<(&String, &String)> =
        actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource))).collect();
    xml.list("EvaluationResults", cases, |xml, (action, resource)| {
        let ask = Ask { action, resource, context: &context };
        let decision = authorize::weigh(&control, &policies, &[], false, &ask);
        xml.leaf("EvalActionName", action);
        xml.leaf("EvalResourceName", resource);
        xml.leaf(
            "EvalDecision",
            match &decision {
                Decision::Allowed => "allowed",
                Decision::Denied { explicit: true, .. } => "explicitDeny",
                Decision::Denied { explicit: false, .. } => "implicitDeny",
            },
        );
        xml.list("MatchedStatements", Vec::<()>::new(), |_, ()| {});
        xml.list("MissingContextValues", Vec::<()>::new(), |_, ()| {});
        if !control.is_empty() {
            let denied = matches!(decision, Decision::Denied { kind: PolicyKind::ServiceControl, .. });
            xml.node("OrganizationsDecisionDetail", |xml| {
                xml.leaf("AllowedByOrganizations", (!denied).to_string());
            });
        }
        if let Some(boundary) = &policies.boundary {
            let allowed = evaluate([boundary.as_ref()], &ask) == Verdict::Allow;
            xml.node("PermissionsBoundaryDecisionDetail", |xml| {
                xml.leaf("AllowedByPermissionsBoundary", allowed.to_string());
            });
        }
    });
    xml.leaf("IsTruncated", "false");
    Ok(Some(xml))
}

fn entries(ctx: &Ctx<'_>, context: &mut Context) {
    for n in 1.. {
        let Some(name) = ctx.params.get(&format!("ContextEntries.member.{n}.ContextKeyName")) else { break };
        let values = ctx.params.values(&format!("ContextEntries.member.{n}.ContextKeyValues"));
        context.set_all(name, values.into_iter().map(str::to_owned).collect());
    }
}
