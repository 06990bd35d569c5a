//! A template as a document for machines: `turbot-onboard/template/1`.

use onboard_core::VERSION;
use serde::Serialize;
use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::permissions;

/// The document's schema.
pub(crate) const TEMPLATE_SCHEMA: &str = "turbot-onboard/template/1";

/// What was made, and for which accounts.
#[derive(Debug, Serialize)]
pub(crate) struct TemplateDocument {
    schema: &'static str,
    tool_version: &'static str,
    kind: &'static str,
    accounts: Vec<Made>,
    callers: Option<Map<String, Value>>,
    text: Option<String>,
}

/// What is made in one account.
#[derive(Debug, Serialize)]
struct Made {
    account_id: String,
    turbot_id: String,
    with: &'static str,
    arn: String,
    external_id: Option<String>,
    trust_policy: Option<Value>,
}

impl TemplateDocument {
    /// Of a text in another language.
    pub(crate) fn of_text(kind: &'static str, blueprints: &[Blueprint], text: String) -> Self {
        Self { text: Some(text), ..Self::new(kind, blueprints) }
    }

    /// Of the policies; with the roles by which the accounts are entered.
    pub(crate) fn of_policies(blueprints: &[Blueprint], roles: &[String]) -> Self {
        Self { callers: Some(permissions::all(blueprints, roles)), ..Self::new("policy", blueprints) }
    }

    fn new(kind: &'static str, blueprints: &[Blueprint]) -> Self {
        let accounts = blueprints.iter().map(Made::of).collect();
        Self { schema: TEMPLATE_SCHEMA, tool_version: VERSION, kind, accounts, callers: None, text: None }
    }
}

impl Made {
    fn of(blueprint: &Blueprint) -> Self {
        Self {
            account_id: blueprint.wanted.account_id.to_string(),
            turbot_id: blueprint.wanted.turbot_id.to_string(),
            with: blueprint.wanted.with.as_str(),
            arn: blueprint.arn(),
            external_id: blueprint.external_id().map(ToString::to_string),
            trust_policy: blueprint.trust_policy(),
        }
    }
}
