//! JSON, strictly as RFC 8259 has it, with the place of every value.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::node::{Lines, Node, Shape};
use super::{Faults, Position};

/// The document, if it can be read at all.
pub(super) fn read(text: &str, faults: &mut Faults<'_>) -> Option<Node> {
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let lines = Lines::of(text);
    match parse_to_ast(text, &CollectOptions::default(), &strict) {
        Ok(parsed) => match &parsed.value {
            Some(value) => Some(node(value, &lines)),
            None => {
                faults.at(Position { line: 1, column: 1 }, "the file is empty");
                None
            }
        },
        Err(error) => {
            faults.at(lines.position(error.range().start), format!("this is not JSON: {}", error.kind()));
            None
        }
    }
}

fn node(value: &Value<'_>, lines: &Lines<'_>) -> Node {
    let shape = match value {
        Value::NullKeyword(_) => Shape::Nothing,
        Value::BooleanLit(literal) => Shape::Truth(literal.value),
        Value::NumberLit(literal) => Shape::Number(literal.value.to_owned()),
        Value::StringLit(literal) => Shape::Text(literal.value.as_ref().to_owned()),
        Value::Array(array) => Shape::List(array.elements.iter().map(|element| node(element, lines)).collect()),
        Value::Object(object) => Shape::Table(
            object
                .properties
                .iter()
                .map(|property| {
                    let at = lines.position(property.range.start);
                    (property.name.as_str().to_owned(), at, node(&property.value, lines))
                })
                .collect(),
        ),
    };
    Node { shape, at: lines.position(value.start()) }
}
