//! Documents for machines, that do no harm at a terminal either.

use std::borrow::Cow;
use std::io::{self, Write};

use onboard_core::escaped;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// The document as JSON text with a line end.
pub(crate) fn document(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    write(value, &mut out).expect("the documents' maps have text keys, their values are finite, and memory takes all");
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// Writes the document as JSON text with a line end, as it goes: a fleet's is never held as one text. What a terminal would
/// obey or hide is written as `\u....`, which any JSON reader takes for the same text.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Harmless(PrettyFormatter::new()));
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Indented JSON whose strings do no harm.
struct Harmless<'a>(PrettyFormatter<'a>);

impl Formatter for Harmless<'_> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if matches!(escaped(fragment), Cow::Borrowed(_)) {
            return out.write_all(fragment.as_bytes());
        }
        let mut buffer = [0; 4];
        for c in fragment.chars() {
            let text = &*c.encode_utf8(&mut buffer);
            if escaped(text) == text {
                out.write_all(text.as_bytes())?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_and_the_same_text() {
        let value = serde_json::json!({"a": "\u{9b}31m\u{202e}\u{e0001}\u{1b}[0m\nü", "b\u{200b}": [1, null]});
        let text = document(&value);
        assert!(text.contains("\\u009b31m\\u202e\\udb40\\udc01\\u001b[0m\\nü"), "{text}");
        assert!(text.chars().all(|c| c == '\n' || escaped(&c.to_string()) == c.to_string()));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn it_is_indented_as_everybody_indents() {
        let value = serde_json::json!({"a": [], "b": {}, "c": [1, {"d": [true, null]}], "e": "\"\\\t"});
        assert_eq!(document(&value), format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
    }
}
