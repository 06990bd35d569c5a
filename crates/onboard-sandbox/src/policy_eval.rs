//! What policies say about a request.

use crate::condition::Context;
use crate::identity::Identity;
use crate::pattern;
use crate::policy_document::{Document, Effect, Principals, Set, Statement};

/// A request, as policies see it.
pub(crate) struct Ask<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) context: &'a Context,
}

/// What a set of policies says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A policy denies; its ARN, if it has one.
    Deny(Option<String>),
    Allow,
    /// No statement applies.
    Silent,
}

/// The verdict of policies that have no principal: identity-based, boundary, session, service control.
pub(crate) fn evaluate<'a>(documents: impl IntoIterator<Item = &'a Document>, ask: &Ask<'_>) -> Verdict {
    let mut verdict = Verdict::Silent;
    for document in documents {
        for statement in &document.statements {
            if !applies(statement, ask) {
                continue;
            }
            match statement.effect {
                Effect::Deny => return Verdict::Deny(document.arn.clone()),
                Effect::Allow => verdict = Verdict::Allow,
            }
        }
    }
    verdict
}

/// What a trust policy says about a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    Deny,
    /// The caller itself is named: within its account this is permission enough.
    Named,
    /// The caller's account is named: the caller's own policies must allow it too.
    Account,
    Silent,
}

/// The verdict of a trust policy.
pub(crate) fn evaluate_trust(document: &Document, caller: &Identity, ask: &Ask<'_>) -> Trust {
    let mut trust = Trust::Silent;
    for statement in &document.statements {
        let Some(named) = statement.principals.as_ref().and_then(|principals| principal(principals, caller)) else {
            continue;
        };
        if !applies(statement, ask) {
            continue;
        }
        match (statement.effect, named) {
            (Effect::Deny, _) => return Trust::Deny,
            (Effect::Allow, true) => trust = Trust::Named,
            (Effect::Allow, false) if trust == Trust::Silent => trust = Trust::Account,
            (Effect::Allow, false) => {}
        }
    }
    trust
}

/// Whether a resource control policy denies; only its Deny statements matter, since AWS attaches one that allows all.
pub(crate) fn resource_control_denies(document: &Document, caller: &Identity, ask: &Ask<'_>) -> bool {
    document.statements.iter().any(|statement| {
        statement.effect == Effect::Deny
            && statement.principals.as_ref().is_some_and(|principals| principal(principals, caller).is_some())
            && applies(statement, ask)
    })
}

/// Whether the principals include the caller: none, or whether it is named itself.
fn principal(principals: &Principals, caller: &Identity) -> Option<bool> {
    let mut found = None;
    for value in &principals.aws {
        let account = account_principal(value).is_some_and(|account| account == caller.account);
        let named = value == "*"
            || value == caller.principal_arn()
            || *value == caller.arn
            || value == caller.principal_unique_id();
        if named {
            found = Some(true);
        } else if account {
            found.get_or_insert(false);
        }
    }
    if principals.negated {
        return if found.is_some() { None } else { Some(true) };
    }
    found
}

/// The account that an account principal names: twelve digits, or `arn:P:iam::ID:root`.
pub(crate) fn account_principal(value: &str) -> Option<&str> {
    if value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(value);
    }
    let parts: Vec<&str> = value.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] => Some(account),
        _ => None,
    }
}

fn applies(statement: &Statement, ask: &Ask<'_>) -> bool {
    in_set(&statement.actions, |pattern| {
        pattern::matches(&pattern.to_ascii_lowercase(), &ask.action.to_ascii_lowercase())
    }) && statement.resources.as_ref().is_none_or(|resources| {
        in_set(resources, |pattern| pattern::matches(&ask.context.expand(pattern), ask.resource))
    }) && statement.conditions.iter().all(|condition| condition.holds(ask.context))
}

fn in_set(set: &Set, matches: impl Fn(&str) -> bool) -> bool {
    match set {
        Set::Only(list) => list.iter().any(|item| matches(item)),
        Set::AllBut(list) => !list.iter().any(|item| matches(item)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Principal;
    use crate::policy_document::Purpose;

    fn caller() -> Identity {
        let role = "arn:aws:iam::210987654321:role/turbot/vendor";
        Identity {
            account: "210987654321".to_owned(),
            arn: "arn:aws:sts::210987654321:assumed-role/vendor/s".to_owned(),
            user_id: "AROAX:s".to_owned(),
            access_key_id: "ASIAX".to_owned(),
            principal: Principal::Role {
                name: "vendor".to_owned(),
                arn: role.to_owned(),
                unique_id: "AROAX".to_owned(),
            },
            session_policies: Vec::new(),
            mfa: false,
            temporary: true,
        }
    }

    fn trust(principal: &str, rest: &str, external_id: Option<&str>) -> Trust {
        let text = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\
             \"Principal\":{principal}{rest}}}]}}"
        );
        let document = Document::parse(&text, Purpose::Trust).unwrap();
        let mut context = Context::default();
        if let Some(id) = external_id {
            context.set("sts:ExternalId", id);
        }
        context.set("aws:PrincipalArn", caller().principal_arn());
        context.set("aws:MultiFactorAuthPresent", "false");
        let ask = Ask { action: "sts:AssumeRole", resource: "arn:aws:iam::1:role/r", context: &context };
        evaluate_trust(&document, &caller(), &ask)
    }

    #[test]
    fn trust_policies() {
        let root = r#"{"AWS":"arn:aws:iam::210987654321:root"}"#;
        let external = r#","Condition":{"StringEquals":{"sts:ExternalId":"right"}}"#;
        for (principal, rest, id, expected) in [
            (root, external, Some("right"), Trust::Account),
            (root, external, Some("wrong"), Trust::Silent),
            (root, external, Some("Right"), Trust::Silent),
            (root, external, None, Trust::Silent),
            (root, "", None, Trust::Account),
            (r#"{"AWS":"210987654321"}"#, external, Some("right"), Trust::Account),
            (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, external, Some("right"), Trust::Silent),
            (r#"{"AWS":["arn:aws:iam::111122223333:root","210987654321"]}"#, "", None, Trust::Account),
            (r#"{"AWS":"arn:aws:iam::210987654321:role/turbot/vendor"}"#, external, Some("right"), Trust::Named),
            (r#"{"AWS":"arn:aws:iam::210987654321:role/vendor"}"#, "", None, Trust::Silent),
            (r#"{"AWS":"arn:aws:sts::210987654321:assumed-role/vendor/s"}"#, "", None, Trust::Named),
            (r#"{"AWS":"AROAX"}"#, "", None, Trust::Named),
            (r#""*""#, "", None, Trust::Named),
            (r#"{"Service":"ec2.amazonaws.com"}"#, "", None, Trust::Silent),
            (root, r#","Condition":{"StringEqualsIfExists":{"sts:ExternalId":"right"}}"#, None, Trust::Account),
            (root, r#","Condition":{"StringLike":{"sts:ExternalId":"r*"}}"#, Some("right"), Trust::Account),
            (root, r#","Condition":{"Null":{"sts:ExternalId":"true"}}"#, Some("right"), Trust::Silent),
            (root, r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, None, Trust::Silent),
            (
                root,
                r#","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:role/turbot/*"}}"#,
                None,
                Trust::Account,
            ),
            (
                root,
                r#","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:user/*"}}"#,
                None,
                Trust::Silent,
            ),
        ] {
            assert_eq!(trust(principal, rest, id), expected, "{principal} {rest} {id:?}");
        }
    }

    #[test]
    fn an_explicit_deny_wins() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"},
            {"Effect":"Deny","Action":"sts:*","Principal":{"AWS":"210987654321"}}]}"#;
        let document = Document::parse(text, Purpose::Trust).unwrap();
        let context = Context::default();
        let ask = Ask { action: "sts:AssumeRole", resource: "r", context: &context };
        assert_eq!(evaluate_trust(&document, &caller(), &ask), Trust::Deny);
    }

    #[test]
    fn actions_and_resources() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["IAM:get*","sts:AssumeRole"],"Resource":"*"},
            {"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:iam::*:role/a*"},
            {"Effect":"Deny","Action":"*","NotResource":"arn:aws:iam::*:role/*"}]}"#;
        let document = Document::parse(text, Purpose::Identity).unwrap().named("arn:aws:iam::1:policy/p");
        let context = Context::default();
        for (action, resource, expected) in [
            ("iam:GetRole", "arn:aws:iam::1:role/x", Verdict::Allow),
            ("iam:DeleteRole", "arn:aws:iam::1:role/x", Verdict::Silent),
            ("ec2:Run", "arn:aws:iam::1:role/abc", Verdict::Allow),
            ("iam:GetUser", "arn:aws:iam::1:user/x", Verdict::Deny(Some("arn:aws:iam::1:policy/p".to_owned()))),
        ] {
            assert_eq!(evaluate([&document], &Ask { action, resource, context: &context }), expected, "{action}");
        }
    }
}
