//! Text from elsewhere is data: what a terminal would obey or hide is escaped before it is shown.

use std::borrow::Cow;

/// Whether a character could move the cursor, change colours, reorder or hide text: C0 and C1 controls,
/// bidirectional marks, zero-width characters, line separators, tags and variation selectors.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text with every unsafe character written as `\u{..}`, and line ends and tabs as `\n`, `\r`, `\t`.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The same, but line ends stay: for texts of several lines that are known to be ours around foreign parts.
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// A value between quotes, safe to show; empty values are visible as `''`.
#[must_use]
pub fn shown(value: &str) -> String {
    format!("'{}'", escaped(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_never_pass() {
        assert_eq!(escaped("plain text, ümlaut 漢字"), "plain text, ümlaut 漢字");
        assert_eq!(escaped("\u{1b}[31mred\u{9b}0m\r\n"), "\\u{1b}[31mred\\u{9b}0m\\r\\n");
        assert_eq!(escaped("a\u{202e}b\u{200b}c\u{feff}"), "a\\u{202e}b\\u{200b}c\\u{feff}");
        assert_eq!(shown(""), "''");
        assert_eq!(escaped_lines("a\n\u{7}b"), "a\n\\u{7}b");
    }
}
