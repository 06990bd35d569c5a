//! TOML: `[defaults]` and `[[accounts]]`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Faults;
use super::node::{Lines, Node, Shape};

/// The document, if it can be read at all.
pub(super) fn read(text: &str, faults: &mut Faults<'_>) -> Option<Node> {
    let lines = Lines::of(text);
    match DeTable::parse(text) {
        Ok(root) => Some(Node { shape: table(root.get_ref(), text, &lines), at: lines.position(0) }),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            faults.at(lines.position(at), format!("this is not TOML: {}", error.message()));
            None
        }
    }
}

fn table(table: &DeTable<'_>, text: &str, lines: &Lines<'_>) -> Shape {
    let entry = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        (key.get_ref().as_ref().to_owned(), lines.position(key.span().start), node(value, text, lines))
    };
    Shape::Table(table.iter().map(entry).collect())
}

fn node(value: &Spanned<DeValue<'_>>, text: &str, lines: &Lines<'_>) -> Node {
    let written = || text.get(value.span()).unwrap_or_default().to_owned();
    let shape = match value.get_ref() {
        DeValue::String(text) => Shape::Text(text.as_ref().to_owned()),
        DeValue::Integer(_) | DeValue::Float(_) => Shape::Number(written()),
        DeValue::Boolean(on) => Shape::Truth(*on),
        DeValue::Datetime(_) => Shape::Other(written()),
        DeValue::Array(items) => Shape::List(items.iter().map(|item| node(item, text, lines)).collect()),
        DeValue::Table(inner) => table(inner, text, lines),
    };
    Node { shape, at: lines.position(value.span().start) }
}
