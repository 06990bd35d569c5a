//! Configuration files: made from the options themselves, so that no key can be forgotten.

use serde_json::{Map, Value, json};

use super::shape::{about, list, one_of, text, texts_by_name, truth};
use crate::cli::spec::{Kind, Place, Spec};
use crate::settings::file::{TABLES, settable};

pub(super) fn schema() -> Map<String, Value> {
    let mut properties: Map<String, Value> = settable().map(|spec| (spec.key(), property(spec))).collect();
    for (table, key, kind, _) in TABLES {
        let entry = properties
            .entry(*table)
            .or_insert_with(|| json!({"type": "object", "properties": {}, "additionalProperties": false}));
        entry["properties"][*key] = shape(*kind);
    }
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), properties.into());
    schema.insert("additionalProperties".into(), json!(false));
    schema
}

pub(super) fn property(spec: &Spec) -> Value {
    let place = match spec.place {
        Place::Own(_) => "; not in the working folder's file",
        Place::Any | Place::Never => "",
    };
    let shape =
        if spec.name == "tag" { json!({"anyOf": [list(text()), text(), texts_by_name()]}) } else { shape(spec.kind) };
    about(&format!("{}{place}", spec.help), shape)
}

fn shape(kind: Kind) -> Value {
    match kind {
        Kind::Text | Kind::File => text(),
        Kind::Choice(words) => one_of(words),
        Kind::Flag | Kind::Bool => truth(),
        Kind::Count | Kind::Number => json!({"type": "integer", "minimum": 0}),
        Kind::Duration => json!({"type": "string", "pattern": "^([0-9]+(ms|h|m|s))+$"}),
        Kind::List => json!({"anyOf": [list(text()), text()]}),
        Kind::Command => list(text()),
    }
}
