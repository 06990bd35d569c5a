//! Documents for machines, that do no harm at a terminal either.

use std::fmt::Write as _;

use serde::Serialize;

/// The document as JSON text with a line end. What a terminal would obey or hide is written as `\u....`, which any
/// JSON reader takes for the same text.
pub(crate) fn document(value: &impl Serialize) -> String {
    let text =
        serde_json::to_string_pretty(value).expect("the documents' maps have text keys and their values are finite");
    let mut out = String::with_capacity(text.len() + 1);
    let mut buffer = [0; 4];
    for c in text.chars() {
        if c == '\n' || onboard_core::escaped(c.encode_utf8(&mut buffer)) == *c.encode_utf8(&mut [0; 4]) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_and_the_same_text() {
        let value = serde_json::json!({"a": "\u{9b}31m\u{202e}\u{e0001}\u{1b}[0m\nü", "b\u{200b}": [1, null]});
        let text = document(&value);
        assert!(text.contains("\\u009b31m\\u202e\\udb40\\udc01\\u001b[0m\\nü"), "{text}");
        assert!(text.chars().all(|c| c == '\n' || onboard_core::escaped(&c.to_string()) == c.to_string()));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
