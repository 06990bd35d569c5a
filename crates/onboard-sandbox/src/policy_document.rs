//! Policy documents: read strictly, as IAM reads them when they are stored.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::condition::{Condition, is_operator};

/// What a policy is for: this decides which elements it must and must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Identity-based, boundary, session or service control: no principal.
    Identity,
    /// A role's trust policy: a principal, no resource, STS actions.
    Trust,
    /// A resource control policy: principal and resource.
    ResourceControl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// Either a list, or everything but a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

#[derive(Clone, Debug)]
pub(crate) struct Principals {
    /// `AWS` values as written; `*` for anyone.
    pub(crate) aws: Vec<String>,
    /// `Service`, `Federated` and `CanonicalUser` values.
    pub(crate) others: Vec<(String, String)>,
    /// The element was `NotPrincipal`.
    pub(crate) negated: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    pub(crate) principals: Option<Principals>,
    pub(crate) actions: Set,
    pub(crate) resources: Option<Set>,
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) statements: Vec<Statement>,
    /// The ARN that access-denied texts give for the policy.
    pub(crate) arn: Option<String>,
}

impl Document {
    pub(crate) fn parse(text: &str, purpose: Purpose) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|_| "This policy contains invalid Json".to_owned())?;
        let Value::Object(document) = value else {
            return Err(SYNTAX.to_owned());
        };
        if document.keys().any(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
            return Err(SYNTAX.to_owned());
        }
        if let Some(version) = document.get("Version")
            && version != "2012-10-17"
            && version != "2008-10-17"
        {
            return Err("The policy must contain a valid version string".to_owned());
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err(SYNTAX.to_owned()),
        };
        let mut sids = BTreeSet::new();
        let mut parsed = Vec::new();
        for statement in statements {
            let Value::Object(statement) = statement else {
                return Err(SYNTAX.to_owned());
            };
            if let Some(sid) = statement.get("Sid") {
                let sid = sid.as_str().ok_or(SYNTAX)?;
                if purpose == Purpose::Identity && !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    return Err(format!(
                        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
                         expression [0-9A-Za-z]*: {sid}"
                    ));
                }
                if !sid.is_empty() && !sids.insert(sid.to_owned()) {
                    return Err("Statement IDs (SID) in a single policy must be unique.".to_owned());
                }
            }
            parsed.push(Statement::parse(statement, purpose)?);
        }
        Ok(Self { statements: parsed, arn: None })
    }

    pub(crate) fn named(mut self, arn: impl Into<String>) -> Self {
        self.arn = Some(arn.into());
        self
    }
}

const SYNTAX: &str = "Syntax errors in policy.";

impl Statement {
    fn parse(statement: &Map<String, Value>, purpose: Purpose) -> Result<Self, String> {
        const KNOWN: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        if statement.keys().any(|key| !KNOWN.contains(&key.as_str())) {
            return Err(SYNTAX.to_owned());
        }
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(_) => return Err(SYNTAX.to_owned()),
            None => return Err("Missing required field Effect".to_owned()),
        };
        let actions = set(statement, "Action", "NotAction")?.ok_or("Missing required field Action")?;
        check_actions(&actions, purpose)?;
        let resources = set(statement, "Resource", "NotResource")?;
        let principals = principals(statement)?;
        match purpose {
            Purpose::Identity => {
                if principals.is_some() {
                    return Err("Policy document should not specify a principal.".to_owned());
                }
                check_resources(resources.as_ref().ok_or("Policy statement must contain resources.")?)?;
            }
            Purpose::Trust => {
                if resources.is_some() {
                    return Err("Has prohibited field Resource".to_owned());
                }
                if principals.is_none() {
                    return Err("Missing required field Principal".to_owned());
                }
            }
            Purpose::ResourceControl => {
                if principals.is_none() || resources.is_none() {
                    return Err(SYNTAX.to_owned());
                }
            }
        }
        Ok(Self { effect, principals, actions, resources, conditions: conditions(statement)? })
    }
}

fn strings(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| SYNTAX.to_owned())).collect()
        }
        _ => Err(SYNTAX.to_owned()),
    }
}

fn set(statement: &Map<String, Value>, only: &str, all_but: &str) -> Result<Option<Set>, String> {
    match (statement.get(only), statement.get(all_but)) {
        (Some(_), Some(_)) => Err(SYNTAX.to_owned()),
        (Some(value), None) => strings(value).map(Set::Only).map(Some),
        (None, Some(value)) => strings(value).map(Set::AllBut).map(Some),
        (None, None) => Ok(None),
    }
}

fn check_actions(actions: &Set, purpose: Purpose) -> Result<(), String> {
    let (Set::Only(list) | Set::AllBut(list)) = actions;
    if list.is_empty() {
        return Err("Policy statement must contain actions.".to_owned());
    }
    for action in list {
        if purpose == Purpose::Trust {
            if !action.to_ascii_lowercase().starts_with("sts:") {
                return Err("AssumeRole policy may only specify STS AssumeRole actions.".to_owned());
            }
        } else if action != "*" {
            let vendor = action.split_once(':').map_or("", |(vendor, _)| vendor);
            if vendor.is_empty() {
                return Err("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned());
            }
            if !vendor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Err(format!("Vendor {vendor} is not valid"));
            }
        }
    }
    Ok(())
}

fn check_resources(resources: &Set) -> Result<(), String> {
    let (Set::Only(list) | Set::AllBut(list)) = resources;
    if list.is_empty() {
        return Err("Policy statement must contain resources.".to_owned());
    }
    match list.iter().find(|resource| *resource != "*" && !resource.starts_with("arn:")) {
        Some(resource) => Err(format!("Resource {resource} must be in ARN format or \"*\".")),
        None => Ok(()),
    }
}

fn principals(statement: &Map<String, Value>) -> Result<Option<Principals>, String> {
    let (value, negated) = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(_), Some(_)) => return Err(SYNTAX.to_owned()),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return Ok(None),
    };
    let mut principals = Principals { aws: Vec::new(), others: Vec::new(), negated };
    match value {
        Value::String(text) if text == "*" => principals.aws.push("*".to_owned()),
        Value::Object(kinds) if !kinds.is_empty() => {
            for (kind, values) in kinds {
                let values = strings(values)?;
                match kind.as_str() {
                    "AWS" => principals.aws.extend(values),
                    "Service" | "Federated" | "CanonicalUser" => {
                        principals.others.extend(values.into_iter().map(|value| (kind.clone(), value)));
                    }
                    _ => return Err(SYNTAX.to_owned()),
                }
            }
        }
        _ => return Err(SYNTAX.to_owned()),
    }
    Ok(Some(principals))
}

fn conditions(statement: &Map<String, Value>) -> Result<Vec<Condition>, String> {
    let Some(block) = statement.get("Condition") else {
        return Ok(Vec::new());
    };
    let block = block.as_object().ok_or(SYNTAX)?;
    let mut conditions = Vec::new();
    for (operator, keys) in block {
        if !is_operator(operator) {
            return Err(format!("Invalid Condition type : {operator}."));
        }
        for (key, values) in keys.as_object().ok_or(SYNTAX)? {
            let values = match values {
                Value::Bool(flag) => vec![flag.to_string()],
                Value::Number(number) => vec![number.to_string()],
                Value::Array(items) => items
                    .iter()
                    .map(|item| match item {
                        Value::String(text) => Ok(text.clone()),
                        Value::Bool(_) | Value::Number(_) => Ok(item.to_string()),
                        _ => Err(SYNTAX.to_owned()),
                    })
                    .collect::<Result<_, _>>()?,
                other => strings(other)?,
            };
            conditions.push(Condition::new(operator, key, values));
        }
    }
    Ok(conditions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_as_iam_does() {
        let trust = |statement: &str| {
            Document::parse(&format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statement}]}}"), Purpose::Trust)
                .map(|_| ())
        };
        let err = |text: &str| Err(text.to_owned());
        assert_eq!(Document::parse("{", Purpose::Trust).map(|_| ()), err("This policy contains invalid Json"));
        assert_eq!(
            trust(r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}"#),
            err("Has prohibited field Resource")
        );
        assert_eq!(trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#), err("Missing required field Principal"));
        assert_eq!(
            trust(r#"{"Effect":"Allow","Principal":"*","Action":"iam:GetRole"}"#),
            err("AssumeRole policy may only specify STS AssumeRole actions.")
        );
        assert_eq!(
            trust(
                r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringSame":{"a":"b"}}}"#
            ),
            err("Invalid Condition type : StringSame.")
        );
        assert_eq!(trust(r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["sts:AssumeRole"]}"#), Ok(()));
        let identity = |statement: &str| {
            Document::parse(&format!("{{\"Version\":\"2012-10-17\",\"Statement\":{statement}}}"), Purpose::Identity)
                .map(|_| ())
        };
        assert_eq!(identity(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#), Ok(()));
        assert_eq!(
            identity(r#"{"Effect":"Deny","Action":"everything","Resource":"*"}"#),
            err("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        );
        assert_eq!(identity(r#"{"Effect":"Deny","Action":"*"}"#), err("Policy statement must contain resources."));
    }
}
