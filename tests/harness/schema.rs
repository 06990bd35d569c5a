//! A document against its schema: the few words of JSON Schema that the published schemas are made of. A word that is
//! not known here fails, so that none is passed over.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The faults of a document, by the schema that its `schema` names. None means that it is as published.
pub fn faults(document: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let name = document["schema"].as_str().and_then(|s| s.strip_prefix("turbot-onboard/")?.strip_suffix("/1"));
    match name.and_then(|name| published().get(name)) {
        Some(schema) => check(schema, document, "", &mut faults),
        None => faults.push(format!("its schema is {}, which is not published", document["schema"])),
    }
    faults
}

/// All schemas, as the command publishes them.
fn published() -> &'static Value {
    static SCHEMAS: OnceLock<Value> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let output = Command::new(super::world::built()).arg("schema").env_clear().output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    })
}

fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let mut wrong = |what: String| faults.push(format!("{at}: {what}: {value}"));
    for (word, rule) in schema.as_object().unwrap() {
        match word.as_str() {
            "$schema" | "$id" | "description" | "additionalProperties" | "items" | "properties" => {}
            "type" => {
                let fits = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "null" => value.is_null(),
                    other => panic!("unknown type {other}"),
                };
                if !fits {
                    wrong(format!("it is not of type {rule}"));
                }
            }
            "const" if value != rule => wrong(format!("it is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => wrong(format!("it is none of {rule}")),
            "minimum" if value.as_f64() < rule.as_f64() => wrong(format!("it is less than {rule}")),
            "maximum" if value.as_f64() > rule.as_f64() => wrong(format!("it is more than {rule}")),
            "const" | "enum" | "minimum" | "maximum" => {}
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                let fits = match rule.as_str().unwrap() {
                    "^[0-9]{12}$" => text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()),
                    "^hmac-sha256:[0-9a-f]{64}$" => text.strip_prefix("hmac-sha256:").is_some_and(|hex| {
                        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
                    }),
                    other => panic!("unknown pattern {other}"),
                };
                if !fits {
                    wrong(format!("it does not match {rule}"));
                }
            }
            "format" => {
                assert_eq!(rule, "date-time");
                if value.as_str().is_none_or(|text| text.parse::<jiff::Timestamp>().is_err()) {
                    wrong("it is no point in time".into());
                }
            }
            "required" => {
                for name in rule.as_array().unwrap().iter().filter_map(Value::as_str) {
                    if value.as_object().is_some_and(|object| !object.contains_key(name)) {
                        wrong(format!("{name} is missing"));
                    }
                }
            }
            "anyOf" => {
                let fits = rule.as_array().unwrap().iter().any(|schema| {
                    let mut inner = Vec::new();
                    check(schema, value, at, &mut inner);
                    inner.is_empty()
                });
                if !fits {
                    wrong(format!("it is nothing of {rule}"));
                }
            }
            other => panic!("unknown word {other}"),
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) => check(schema, inner, &at, faults),
            (None, Some(Value::Bool(false))) => faults.push(format!("{at}: no such key")),
            (None, Some(schema @ Value::Object(_))) => check(schema, inner, &at, faults),
            (None, _) => {}
        }
    }
    if let Some(schema) = schema.get("items") {
        for (n, item) in value.as_array().into_iter().flatten().enumerate() {
            check(schema, item, &format!("{at}/{n}"), faults);
        }
    }
}
