//! CloudFormation templates as YAML: block style, every text quoted, intrinsic functions in their short form.

use serde_json::{Map, Value};

use super::quoting;

/// The document, ending with a line end.
pub(super) fn document(template: &Map<String, Value>) -> String {
    let mut out = String::new();
    block_map(&mut out, template, 0);
    out
}

fn block_map(out: &mut String, map: &Map<String, Value>, depth: usize) {
    for (n, (key, value)) in map.iter().enumerate() {
        // The first key of a list's item stands behind its dash.
        if n > 0 || !out.ends_with("- ") {
            indent(out, depth);
        }
        out.push_str(&name(key));
        out.push(':');
        below(out, value, depth + 1);
    }
}

fn below(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if !map.is_empty() && function(map).is_none() => {
            out.push('\n');
            block_map(out, map, depth);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                indent(out, depth);
                out.push_str("- ");
                match item {
                    Value::Object(map) if !map.is_empty() && function(map).is_none() => block_map(out, map, depth + 1),
                    other => line(out, other),
                }
            }
        }
        other => {
            out.push(' ');
            line(out, other);
        }
    }
}

fn line(out: &mut String, value: &Value) {
    out.push_str(&flow(value));
    out.push('\n');
}

/// A value within a line.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => quoting::yaml(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => match function(map) {
            Some((tag, argument)) => format!("{tag} {}", names(&tag, argument)),
            None => {
                let pairs = map.iter().map(|(key, value)| format!("{}: {}", name(key), flow(value)));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
        },
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => "null".to_owned(),
    }
}

/// The argument of a function: names of the template's own parts stand unquoted where a function takes nothing else.
fn names(tag: &str, argument: &Value) -> String {
    let bare = |value: &Value| value.as_str().map_or_else(|| flow(value), name);
    match (tag, argument) {
        ("!Ref", argument) => bare(argument),
        ("!GetAtt", Value::Array(parts)) => parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("."),
        ("!FindInMap", Value::Array(parts)) => format!("[{}]", parts.iter().map(bare).collect::<Vec<_>>().join(", ")),
        (_, argument) => flow(argument),
    }
}

/// The short form's tag and argument, if the object is an intrinsic function.
fn function(map: &Map<String, Value>) -> Option<(String, &Value)> {
    let [(key, argument)] = map.iter().collect::<Vec<_>>()[..] else {
        return None;
    };
    match key.as_str() {
        "Ref" => Some(("!Ref".to_owned(), argument)),
        key => key.strip_prefix("Fn::").map(|function| (format!("!{function}"), argument)),
    }
}

/// A key; quoted unless it is a plain word.
fn name(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':')
        && !key.ends_with(':');
    if plain { key.to_owned() } else { quoting::yaml(key) }
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_lists_and_functions() {
        let template = json!({
            "A": {"Fn::GetAtt": ["Role", "Arn"]},
            "0123": {"B": [{"K": "a: b", "V": {"Ref": "X"}}, "c", []], "D": {}, "n": 3600},
            "S": {"Fn::Sub": ["${M}", {"M": {"Fn::FindInMap": ["Accounts", {"Ref": "AWS::AccountId"}, "X"]}}]},
        });
        let text = document(template.as_object().unwrap());
        let wanted = "A: !GetAtt Role.Arn\n\"0123\":\n  B:\n    - K: \"a: b\"\n      V: !Ref X\n    \
                      - \"c\"\n    - []\n  D: {}\n  n: 3600\nS: !Sub [\"${M}\", {M: !FindInMap [Accounts, !Ref AWS::AccountId, X]}]\n";
        assert_eq!(text, wanted);
    }
}
