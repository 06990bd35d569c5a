//! What `template` writes for machines.

use serde_json::{Map, Value, json};

use super::shape::{about, account_id, constant, inner, list, object, one_of, or_null, text};
use crate::template::document::TEMPLATE_SCHEMA;

pub(super) fn schema() -> Map<String, Value> {
    let policy = || json!({"type": "object"});
    object([
        ("schema", constant(TEMPLATE_SCHEMA)),
        ("tool_version", text()),
        ("kind", one_of(&["cloudformation", "terraform", "policy", "commands"])),
        (
            "accounts",
            list(inner([
                ("account_id", account_id()),
                ("turbot_id", text()),
                ("with", one_of(&["role", "keys"])),
                ("arn", about("what will be made", text())),
                ("external_id", or_null(text())),
                ("trust_policy", or_null(policy())),
            ])),
        ),
        (
            "callers",
            about(
                "the least permissions of a verb's caller, by verb, null for a verb that needs none; `enter`: what is needed \
                 to assume the roles of assume_role, null where none is given",
                or_null(json!({"type": "object", "additionalProperties": or_null(policy())})),
            ),
        ),
        ("text", about("the template, where it is in a language of its own", or_null(text()))),
    ])
}
