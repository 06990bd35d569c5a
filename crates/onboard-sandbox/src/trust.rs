//! Trust policies as IAM keeps them: principals checked, rewritten and bound to unique ids.

use serde_json::Value;

use crate::policy_document::{Document, Purpose};
use crate::policy_eval::account_principal;
use crate::wire::ApiError;
use crate::world::{Role, World, key};

/// A trust policy that IAM has accepted.
pub(crate) struct Accepted {
    pub(crate) document: String,
    pub(crate) ids: Vec<(String, String)>,
}

/// Checks a trust policy and rewrites it as IAM does.
pub(crate) fn accept(world: &mut World, text: &str) -> Result<Accepted, ApiError> {
    if weight(text) > world.quotas.trust_policy_length as usize {
        return Err(ApiError::limit("ACLSizePerRole", world.quotas.trust_policy_length));
    }
    Document::parse(text, Purpose::Trust).map_err(ApiError::malformed)?;
    let mut document: Value =
        serde_json::from_str(text).map_err(|_| ApiError::malformed("This policy contains invalid Json"))?;
    let mut ids = Vec::new();
    each_aws_principal(&mut document, |value| {
        let (kept, id) = principal(world, value)?;
        if let Some(id) = id {
            ids.push((kept.clone(), id));
        }
        Ok(kept)
    })?;
    services(&document)?;
    Ok(Accepted { document: document.to_string(), ids })
}

/// Characters that count towards a quota: all but white space.
pub(crate) fn weight(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// The trust policy as reads show it now: a principal that was deleted shows as its unique id, even if another of that
/// name has been made.
pub(crate) fn shown(world: &mut World, role: &Role) -> String {
    let gone: Vec<(String, String)> =
        role.trust_ids.iter().filter(|(arn, id)| unique_id(world, arn).as_ref() != Some(id)).cloned().collect();
    if gone.is_empty() {
        return role.trust.clone();
    }
    let Ok(mut document) = serde_json::from_str::<Value>(&role.trust) else {
        return role.trust.clone();
    };
    let replaced = each_aws_principal(&mut document, |value| {
        Ok(gone.iter().find(|(arn, _)| arn == value).map_or_else(|| value.to_owned(), |(_, id)| id.clone()))
    });
    if replaced.is_err() { role.trust.clone() } else { document.to_string() }
}

fn each_aws_principal(
    document: &mut Value,
    mut change: impl FnMut(&str) -> Result<String, ApiError>,
) -> Result<(), ApiError> {
    let statements = match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.iter_mut().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    for statement in statements {
        for element in ["Principal", "NotPrincipal"] {
            let Some(aws) = statement.get_mut(element).and_then(|principal| principal.get_mut("AWS")) else {
                continue;
            };
            let changed = match &*aws {
                Value::String(value) => vec![change(value)?],
                Value::Array(values) => {
                    values.iter().filter_map(Value::as_str).map(&mut change).collect::<Result<_, _>>()?
                }
                _ => continue,
            };
            *aws = match changed.as_slice() {
                // IAM gives a list of one back as a plain value.
                [one] => Value::from(one.as_str()),
                _ => Value::from(changed),
            };
        }
    }
    Ok(())
}

fn invalid(value: &str) -> ApiError {
    ApiError::malformed(format!("Invalid principal in policy: \"AWS\":\"{value}\""))
}

/// The principal as IAM keeps it, and its unique id if it is a user or role of this world.
fn principal(world: &mut World, value: &str) -> Result<(String, Option<String>), ApiError> {
    if value == "*" {
        return Ok((value.to_owned(), None));
    }
    if let Some(account) = account_principal(value) {
        let kept = format!("arn:{}:iam::{account}:root", world.partition);
        // The partition is wrong if the ARN was spelled out and is not the one we would write.
        let right = world.account_exists(account) && (value == account || value == kept);
        return if right { Ok((kept, None)) } else { Err(invalid(value)) };
    }
    if ["AIDA", "AROA"].iter().any(|prefix| value.starts_with(prefix)) {
        return Ok((value.to_owned(), None));
    }
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, "", account, _]
            if *partition == world.partition && world.account_exists(account) =>
        {
            if world.foreign.contains(*account) || *service == "sts" {
                return Ok((value.to_owned(), None));
            }
            unique_id(world, value).map(|id| (value.to_owned(), Some(id))).ok_or_else(|| invalid(value))
        }
        _ => Err(invalid(value)),
    }
}

/// The unique id of the user or role of this ARN, if it exists and can be seen.
fn unique_id(world: &mut World, arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts.as_slice() else { return None };
    let name = key(resource.rsplit('/').next()?);
    let kind = resource.split('/').next()?;
    if !world.directory.contains_key(*account) {
        return None;
    }
    let now = world.clock.monotonic();
    let (path, spelled, id) = match kind {
        "role" => {
            let role = world.account(account).ok()?.roles.truth(&name)?.clone();
            (role.visible_at <= now).then(|| (role.path.clone(), role.name.clone(), role.unique_id.clone()))?
        }
        "user" => {
            let user = world.account(account).ok()?.users.truth(&name)?.clone();
            (user.visible_at <= now).then(|| (user.path.clone(), user.name.clone(), user.unique_id.clone()))?
        }
        _ => return None,
    };
    (world.arn(account, kind, &path, &spelled) == arn).then_some(id)
}

fn services(document: &Value) -> Result<(), ApiError> {
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    };
    for statement in statements {
        let named = statement.pointer("/Principal/Service");
        let names = match named {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(name)) => vec![name.as_str()],
            _ => Vec::new(),
        };
        if let Some(name) = names.iter().find(|name| !name.contains(".amazonaws.com") && !name.contains(".amazon.com"))
        {
            return Err(ApiError::malformed(format!("Invalid principal in policy: \"SERVICE\":\"{name}\"")));
        }
    }
    Ok(())
}
