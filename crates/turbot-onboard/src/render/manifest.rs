//! A manifest as text, in each of its forms: what `discover` writes and `--manifest` reads.

use onboard_core::escaped;
use onboard_engine::LeftOut;
use serde_json::{Map, Value, json};

use super::json;
use crate::cli::spec::{Kind, Spec};
use crate::settings::manifest::{Form, Manifest, Row, columns};

/// The whole manifest; what was left out stands below it, and why.
pub(crate) fn text(manifest: &Manifest, left_out: &[LeftOut], form: Form) -> String {
    let used: Vec<&Spec> =
        columns().filter(|spec| manifest.rows.iter().any(|row| row.get(spec.name).is_some())).collect();
    match form {
        Form::Csv => csv(manifest, &used) + &comments(left_out),
        Form::Json => json::document(&json!({
            "accounts": manifest.rows.iter().map(|row| Value::Object(object(row, &used))).collect::<Vec<_>>(),
            "left_out": left_out.iter().map(|left| json!({
                "account_id": left.account_id, "name": left.name, "why": left.why,
            })).collect::<Vec<_>>(),
        })),
        Form::Yaml => {
            let rows = manifest.rows.iter().map(|row| {
                let lines = object(row, &used).into_iter().map(|(key, value)| format!("{key}: {value}"));
                format!("  - {}\n", lines.collect::<Vec<_>>().join("\n    "))
            });
            format!("accounts:\n{}{}", rows.collect::<String>(), comments(left_out))
        }
        Form::Toml => {
            let rows = manifest.rows.iter().map(|row| {
                let lines = object(row, &used).into_iter().map(|(key, value)| format!("{key} = {value}\n"));
                format!("[[accounts]]\n{}\n", lines.collect::<String>())
            });
            rows.collect::<String>() + &comments(left_out)
        }
    }
}

/// A row's values. JSON's texts and lists are YAML's and TOML's as well.
fn object(row: &Row, used: &[&Spec]) -> Map<String, Value> {
    let value = |spec: &Spec| {
        let values = row.get(spec.name)?.values;
        let value = match spec.kind {
            Kind::List => json!(values),
            _ => json!(values.last().map(String::as_str).unwrap_or_default()),
        };
        Some((spec.key(), value))
    };
    used.iter().filter_map(|spec| value(spec)).collect()
}

fn csv(manifest: &Manifest, used: &[&Spec]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let cell = |row: &Row, spec: &Spec| row.get(spec.name).map(|given| given.values.join(";")).unwrap_or_default();
    // Into memory nothing can fail to be written.
    let _ = writer.write_record(used.iter().map(|spec| spec.key()));
    for row in &manifest.rows {
        let _ = writer.write_record(used.iter().map(|spec| cell(row, spec)));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn comments(left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let line = |left: &LeftOut| format!("#   {} ({}): {}\n", left.account_id, escaped(&left.name), escaped(&left.why));
    format!("# Left out:\n{}", left_out.iter().map(line).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let hostile = "R&D, \"eu\"; it's\u{202e} #1 é";
        let rows = [("111122223333", "aab", hostile), ("444455556666", "aac", "")];
        let row = |(id, turbot, title): (&str, &str, &str)| {
            Row::made(
                "x",
                vec![
                    ("account-id", vec![id.into()]),
                    ("turbot-id", vec![turbot.into()]),
                    ("title", vec![title.into()]),
                    ("assume-role", vec!["A;B".into()]),
                    ("tag", vec!["Team=a b".into(), "Cost=c".into()]),
                ],
            )
        };
        let manifest = Manifest { defaults: Row::default(), rows: rows.map(row).into() };
        let left = LeftOut {
            account_id: "300030000057".parse().unwrap(),
            name: "old\n[[accounts]]".into(),
            why: "closed".into(),
        };
        for form in [Form::Csv, Form::Yaml, Form::Json, Form::Toml] {
            let text = text(&manifest, std::slice::from_ref(&left), form);
            assert!(text.contains("300030000057") && text.contains("closed"), "{text}");
            let mut faults = Vec::new();
            let read = Manifest::parse(&text, form, "m", &mut faults);
            assert_eq!(faults, [], "{text}");
            let said = |manifest: &Manifest| -> Vec<Vec<Vec<String>>> {
                let names = ["account-id", "turbot-id", "title", "assume-role", "tag"];
                let of =
                    |row: &Row| names.map(|name| row.get(name).map(|given| given.values).unwrap_or_default()).into();
                manifest.rows.iter().map(of).collect()
            };
            assert_eq!(said(&read), said(&manifest), "{form:?}\n{text}");
        }
    }
}
