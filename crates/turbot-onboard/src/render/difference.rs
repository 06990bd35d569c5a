//! What stands and what will, line by line.

use onboard_core::escaped;
use serde_json::Value;

use super::paint::Paint;

/// The lines of both values; those that differ carry `-` and `+`.
pub(crate) fn lines(before: &Value, after: &Value, paint: Paint) -> Vec<String> {
    let (before, after) = (text(before), text(after));
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let common = common_lengths(&old, &new);
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            out.push(format!("  {}", escaped(old[i])));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            out.push(paint.bad(&format!("- {}", escaped(old[i]))));
            i += 1;
        } else {
            out.push(paint.good(&format!("+ {}", escaped(new[j]))));
            j += 1;
        }
    }
    out
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// `table[i][j]`: the length of the longest common subsequence of `old[i..]` and `new[j..]`.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut table = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            table[i][j] = if old[i] == new[j] { table[i + 1][j + 1] + 1 } else { table[i + 1][j].max(table[i][j + 1]) };
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_marked() {
        let before = json!({"a": 1, "b": {"c": "x"}, "d": 2});
        let after = json!({"a": 1, "b": {"c": "y"}, "d": 2});
        let shown = lines(&before, &after, Paint::PLAIN);
        assert_eq!(
            shown,
            [
                "  {",
                "    \"a\": 1,",
                "    \"b\": {",
                "-     \"c\": \"x\"",
                "+     \"c\": \"y\"",
                "    },",
                "    \"d\": 2",
                "  }"
            ]
        );
        assert_eq!(lines(&Value::Null, &json!("x\u{1b}"), Paint::PLAIN), ["- none", "+ x\\u{1b}"]);
    }
}
