//! Manifests: made from the options themselves, so that no column can be forgotten.

use serde_json::{Map, Value, json};

use super::shape::{about, account_id, inner, list, text};
use crate::cli::spec::{Place, Spec};
use crate::settings::manifest::columns;

/// What identifies an account; the rest has defaults, here or elsewhere.
const REQUIRED: &[&str] = &["account_id", "turbot_id"];

pub(super) fn schema() -> Map<String, Value> {
    // Which folder a manifest stands in says nothing about it: it is named by whoever runs the tool.
    let here = |spec: &Spec| Spec { place: Place::Any, ..*spec };
    let columns: Map<String, Value> =
        columns().map(|spec| (spec.key(), super::config::property(&here(spec)))).collect();
    let row = json!({"type": "object", "properties": columns, "additionalProperties": false});
    let mut account = row.clone();
    account["required"] = json!(REQUIRED);
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("required".into(), json!(["accounts"]));
    schema.insert(
        "properties".into(),
        json!({
            "$schema": {"type": "string"},
            "defaults": about("what holds for every account that does not say otherwise", row),
            "accounts": list(account),
            "left_out": about(
                "what `discover` left out; nothing is done with it",
                list(inner([("account_id", account_id()), ("name", text()), ("why", text())])),
            ),
        }),
    );
    schema.insert("additionalProperties".into(), json!(false));
    schema
}
