//! STS: who one is, and becoming someone else.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::authorize::{self, Decision};
use crate::clock::iso;
use crate::fault::PolicyKind;
use crate::identity::{Credentials, Identity, Principal, Session};
use crate::minting::account_of_key;
use crate::policy_document::{Document, Purpose};
use crate::policy_eval::{Ask, Trust, evaluate_trust};
use crate::trust;
use crate::wire::{ApiError, Params};
use crate::world::{Role, TemporaryKey, World, key};
use crate::xml::Xml;

const ASSUME: &str = "sts:AssumeRole";

/// Carries out an action of STS.
pub(crate) fn serve(
    world: &mut World,
    caller: &Identity,
    action: &str,
    params: &Params,
    region: &str,
) -> Result<Option<Xml>, ApiError> {
    match action {
        "GetCallerIdentity" => {
            let mut xml = Xml::default();
            xml.leaf("Arn", &caller.arn);
            xml.leaf("UserId", &caller.user_id);
            xml.leaf("Account", &caller.account);
            Ok(Some(xml))
        }
        "AssumeRole" => {
            let ask = Assumption::from_params(params)?;
            let session = assume(world, caller, &ask, region)?;
            let mut xml = Xml::default();
            xml.node("AssumedRoleUser", |xml| {
                xml.leaf("AssumedRoleId", &session.identity.user_id);
                xml.leaf("Arn", &session.identity.arn);
            });
            write_credentials(&mut xml, &session);
            if !ask.session_policies.is_empty() {
                xml.leaf("PackedPolicySize", "1");
            }
            Ok(Some(xml))
        }
        "GetSessionToken" => {
            let session = session_token(world, caller, params)?;
            let mut xml = Xml::default();
            write_credentials(&mut xml, &session);
            Ok(Some(xml))
        }
        "GetAccessKeyInfo" => {
            let context = authorize::context(world, caller, region);
            authorize::authorize(world, caller, "sts:GetAccessKeyInfo", "*", &context)?;
            let id = params.required("AccessKeyId")?;
            let account = account_of_key(id).filter(|_| (16..=128).contains(&id.len()));
            let account = account.ok_or_else(|| {
                ApiError::validation(format!("Access key {id} is not valid: it does not name an account"))
            })?;
            let mut xml = Xml::default();
            xml.leaf("Account", account);
            Ok(Some(xml))
        }
        _ => Err(ApiError::new(
            400,
            "InvalidAction",
            format!("Could not find operation {action} for version 2011-06-15"),
        )),
    }
}

fn write_credentials(xml: &mut Xml, session: &Session) {
    xml.node("Credentials", |xml| {
        xml.leaf("AccessKeyId", &session.credentials.access_key_id);
        xml.leaf("SecretAccessKey", &session.credentials.secret_access_key);
        xml.optional("SessionToken", session.credentials.session_token.as_deref());
        xml.leaf("Expiration", iso(session.expires));
    });
}

/// What AssumeRole is asked for.
pub(crate) struct Assumption {
    pub(crate) role_arn: String,
    pub(crate) session_name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) duration: Option<u32>,
    pub(crate) source_identity: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    session_policies: Vec<SessionPolicy>,
}

enum SessionPolicy {
    Inline(Document),
    Managed(String),
}

impl Assumption {
    pub(crate) fn new(role_arn: &str, session_name: &str, external_id: Option<&str>) -> Self {
        Self {
            role_arn: role_arn.to_owned(),
            session_name: session_name.to_owned(),
            external_id: external_id.map(str::to_owned),
            duration: None,
            source_identity: None,
            tags: Vec::new(),
            session_policies: Vec::new(),
        }
    }

    fn from_params(params: &Params) -> Result<Self, ApiError> {
        let role_arn = text(params, "RoleArn", 20, 2048, |_| true)?.ok_or_else(|| null("roleArn"))?;
        let word = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let session_name = text(params, "RoleSessionName", 2, 64, word)?.ok_or_else(|| null("roleSessionName"))?;
        let mut session_policies = Vec::new();
        if let Some(policy) = params.get("Policy").filter(|policy| !policy.is_empty()) {
            let document = Document::parse(policy, Purpose::Identity).map_err(ApiError::malformed)?;
            session_policies.push(SessionPolicy::Inline(document));
        }
        for n in 1.. {
            let Some(arn) = params.get(&format!("PolicyArns.member.{n}.arn")) else { break };
            session_policies.push(SessionPolicy::Managed(arn.to_owned()));
        }
        Ok(Self {
            role_arn,
            session_name,
            external_id: text(params, "ExternalId", 2, 1224, |c| word(c) || c == ':' || c == '/')?,
            duration: seconds(params, 43_200)?,
            source_identity: text(params, "SourceIdentity", 2, 64, word)?,
            tags: params.tags(),
            session_policies,
        })
    }
}

fn null(member: &str) -> ApiError {
    ApiError::validation(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

fn text(
    params: &Params,
    field: &str,
    least: usize,
    most: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<Option<String>, ApiError> {
    let Some(text) = params.get(field) else { return Ok(None) };
    let member = crate::wire::camel(field);
    let length = text.chars().count();
    let constraint = if length < least {
        format!("have length greater than or equal to {least}")
    } else if length > most {
        format!("have length less than or equal to {most}")
    } else if !text.chars().all(allowed) {
        "satisfy regular expression pattern: [\\w+=,.@:\\/-]*".to_owned()
    } else {
        return Ok(Some(text.to_owned()));
    };
    Err(ApiError::validation(format!(
        "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: Member must \
         {constraint}"
    )))
}

fn seconds(params: &Params, most: u32) -> Result<Option<u32>, ApiError> {
    let Some(text) = params.get("DurationSeconds") else { return Ok(None) };
    let value: i64 =
        text.parse().map_err(|_| ApiError::new(400, "MalformedInput", "durationSeconds is not a number"))?;
    let (relation, bound) = if value < 900 {
        ("greater", 900)
    } else if value > i64::from(most) {
        ("less", most)
    } else {
        return Ok(u32::try_from(value).ok());
    };
    Err(ApiError::validation(format!(
        "1 validation error detected: Value '{value}' at 'durationSeconds' failed to satisfy constraint: Member must \
         have value {relation} than or equal to {bound}"
    )))
}

/// AssumeRole: both sides must agree, and the target's organization must not object.
///
/// A role that does not exist, a trust policy that does not fit and a wrong external id are answered alike.
pub(crate) fn assume(
    world: &mut World,
    caller: &Identity,
    ask: &Assumption,
    region: &str,
) -> Result<Session, ApiError> {
    if caller.principal == Principal::Root {
        return Err(ApiError::denied("Roles may not be assumed by root accounts."));
    }
    let arn = ask.role_arn.as_str();
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", target, resource] = parts.as_slice() else {
        return Err(ApiError::validation(format!("{arn} is invalid")));
    };
    let Some(name) = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()) else {
        return Err(ApiError::validation(format!("{arn} is invalid")));
    };
    if *partition != world.partition {
        return Err(ApiError::validation(format!("Request ARN is invalid: {arn}")));
    }
    let plain =
        || ApiError::denied(format!("User: {} is not authorized to perform: {ASSUME} on resource: {arn}", caller.arn));
    let mut context = authorize::context(world, caller, region);
    // AssumeRole always knows whether MFA was used.
    context.set("aws:MultiFactorAuthPresent", caller.mfa.to_string());
    context.set("sts:RoleSessionName", &ask.session_name);
    if let Some(id) = &ask.external_id {
        context.set("sts:ExternalId", id);
    }
    if let Some(identity) = &ask.source_identity {
        context.set("sts:SourceIdentity", identity);
    }
    for (tag, value) in &ask.tags {
        context.set(&format!("aws:RequestTag/{tag}"), value);
    }
    let mut actions = vec![ASSUME];
    if !ask.tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if ask.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }

    let role = target_role(world, target, name, arn).ok_or_else(plain)?;
    let shown = trust::shown(world, &role);
    let document = Document::parse(&shown, Purpose::Trust).map_err(|_| plain())?;
    for action in actions {
        agree(world, caller, &document, target, &Ask { action, resource: arn, context: &context })?;
    }
    let seconds = duration(ask.duration, caller, &role)?;
    let session_policies = session_policies(world, target, &ask.session_policies)?;
    let account_arn = format!("arn:{}:sts::{target}:assumed-role/{}/{}", world.partition, role.name, ask.session_name);
    let identity = Identity {
        account: (*target).to_owned(),
        arn: account_arn,
        user_id: format!("{}:{}", role.unique_id, ask.session_name),
        access_key_id: String::new(),
        principal: Principal::Role { name: role.name.clone(), arn: arn.to_owned(), unique_id: role.unique_id.clone() },
        session_policies,
        mfa: false,
        temporary: true,
    };
    let now = world.clock.now();
    world.account(target)?.role_last_used.insert(role.unique_id.clone(), now);
    issue(world, identity, seconds)
}

/// The role, if it exists, can be seen, and its account works.
fn target_role(world: &mut World, account: &str, name: &str, arn: &str) -> Option<Arc<Role>> {
    if !world.directory.get(account)?.state.works() {
        return None;
    }
    let now = world.clock.monotonic();
    let role = world.account(account).ok()?.roles.seen(&key(name), ASSUME, now)?;
    (world.arn(account, "role", &role.path, &role.name) == arn).then_some(role)
}

/// Whether the role's side and the caller's side both allow an action.
fn agree(
    world: &mut World,
    caller: &Identity,
    document: &Document,
    target: &str,
    ask: &Ask<'_>,
) -> Result<(), ApiError> {
    let refuse = |decision: &Decision| Err(authorize::refusal(caller, ask.action, ask.resource, decision));
    let trust = evaluate_trust(document, caller, ask);
    if trust == Trust::Deny {
        return refuse(&Decision::Denied { kind: PolicyKind::Trust, explicit: true, arn: None });
    }
    if let Some(denied) = authorize::resource_control(world, target, caller, ask) {
        return refuse(&denied);
    }
    let own = authorize::decide(world, caller, ask.action, ask.resource, ask.context)?;
    if let Decision::Denied { explicit: true, .. } = &own {
        return refuse(&own);
    }
    if trust == Trust::Silent {
        // Across accounts AWS does not say which side refused.
        return Err(ApiError::denied(format!(
            "User: {} is not authorized to perform: {} on resource: {}",
            caller.arn, ask.action, ask.resource
        )));
    }
    let named_at_home = trust == Trust::Named && caller.account == target;
    match &own {
        Decision::Denied { kind: PolicyKind::Identity, .. } if named_at_home => Ok(()),
        Decision::Denied { .. } => refuse(&own),
        Decision::Allowed => Ok(()),
    }
}

fn duration(asked: Option<u32>, caller: &Identity, role: &Role) -> Result<u32, ApiError> {
    let seconds = asked.unwrap_or(3600);
    let chained = caller.temporary && matches!(caller.principal, Principal::Role { .. });
    if chained && seconds > 3600 {
        return Err(ApiError::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > role.max_session {
        return Err(ApiError::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds)
}

fn session_policies(world: &mut World, account: &str, asked: &[SessionPolicy]) -> Result<Vec<Arc<Document>>, ApiError> {
    asked
        .iter()
        .map(|policy| match policy {
            SessionPolicy::Inline(document) => Ok(Arc::new(document.clone())),
            SessionPolicy::Managed(arn) => authorize::document(world, account, arn)
                .ok_or_else(|| ApiError::malformed(format!("Policy {arn} does not exist or is not attachable."))),
        })
        .collect()
}

/// Makes temporary credentials that work, and forgets those of this account that have ended.
fn issue(world: &mut World, mut identity: Identity, seconds: u32) -> Result<Session, ApiError> {
    let now = world.clock.now();
    let expires = now.checked_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
    let id = world.mint.key_id("ASIA", &identity.account, None);
    let (secret, token) = (world.mint.secret(None), world.mint.token());
    identity.access_key_id.clone_from(&id);
    let account = world.account(&identity.account.clone())?;
    account.temporary_keys.retain(|_, temporary| {
        // Kept for a day, so that using one says that it has expired.
        temporary.expires.checked_add(SignedDuration::from_hours(24)).is_ok_and(|end| end > now)
    });
    account.temporary_keys.insert(
        id.clone(),
        TemporaryKey { secret: secret.clone(), token: token.clone(), expires, identity: identity.clone() },
    );
    let credentials = Credentials { access_key_id: id, secret_access_key: secret, session_token: Some(token) };
    Ok(Session { identity, credentials, expires })
}

fn session_token(world: &mut World, caller: &Identity, params: &Params) -> Result<Session, ApiError> {
    if caller.temporary {
        return Err(ApiError::denied("Cannot call GetSessionToken with session credentials"));
    }
    let seconds = seconds(params, 129_600)?.unwrap_or(43_200);
    let seconds = if caller.principal == Principal::Root { seconds.min(3600) } else { seconds };
    let mut mfa = false;
    if let Some(serial) = params.get("SerialNumber") {
        let Principal::User { name, .. } = &caller.principal else {
            return Err(ApiError::denied("MultiFactorAuthentication failed with invalid MFA one time pass code."));
        };
        let user = world.account(&caller.account)?.users.truth(&key(name)).cloned();
        let known = user.is_some_and(|user| user.mfa_devices.iter().any(|device| device == serial));
        let code = params.get("TokenCode").unwrap_or_default();
        if !known || code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ApiError::denied("MultiFactorAuthentication failed with invalid MFA one time pass code."));
        }
        mfa = true;
    }
    issue(world, Identity { mfa, temporary: true, ..caller.clone() }, seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_checked() {
        let base = "RoleArn=arn:aws:iam::111122223333:role/r&RoleSessionName=";
        let parse = |rest: &str| Assumption::from_params(&Params::parse(&format!("{base}{rest}"))).map(|_| ());
        assert!(parse("se&ExternalId=a-b:c/d_e").is_ok());
        for bad in [
            "s",
            "s%20s",
            "se&ExternalId=x",
            "se&ExternalId=a%20b",
            "se&DurationSeconds=899",
            "se&DurationSeconds=43201",
        ] {
            assert_eq!(parse(bad).unwrap_err().code, "ValidationError", "{bad}");
        }
        assert_eq!(parse("se&Policy=%7B").unwrap_err().code, "MalformedPolicyDocument");
    }
}
