//! Values in the languages of the templates, each quoted by its own rules.

use std::fmt::Write as _;

/// Whether a character is safe to stand as it is in a quoted text of any of them.
fn is_plain(c: char) -> bool {
    onboard_core::escaped(c.encode_utf8(&mut [0; 4])) == *c.encode_utf8(&mut [0; 4])
}

/// A double-quoted YAML scalar, the same in YAML 1.1 and 1.2.
pub(crate) fn yaml(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_plain(c) => out.push(c),
            c => code_point(&mut out, c),
        }
    }
    out.push('"');
    out
}

/// A quoted HCL string: a template's `${` and `%{` are doubled, so that nothing in it is evaluated.
pub(crate) fn hcl(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => out.extend([c, c]),
            c if is_plain(c) => out.push(c),
            c => code_point(&mut out, c),
        }
    }
    out.push('"');
    out
}

/// `\u` and four digits, or `\U` and eight beyond the first plane: YAML and HCL both know these two.
fn code_point(out: &mut String, c: char) {
    let number = u32::from(c);
    let _ = if number > 0xFFFF { write!(out, "\\U{number:08X}") } else { write!(out, "\\u{number:04X}") };
}

/// A word of a POSIX shell: as it is where nothing in it means anything to a shell, else in single quotes. A shell keeps
/// every character between them, line ends too; what a terminal would obey is left to no one but the shell.
pub(crate) fn shell(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// An option of a command line and its value, so that a value with a leading dash is none of its own options.
pub(crate) fn option(name: &str, value: &str) -> String {
    if value.starts_with('-') { format!("--{name}={}", shell(value)) } else { format!("--{name} {}", shell(value)) }
}

/// Lines of a comment, each behind `#`; what would end the comment or be obeyed by a terminal is escaped.
pub(crate) fn comment(lines: &str) -> String {
    lines.lines().fold(String::new(), |mut out, line| {
        let line = onboard_core::escaped(line);
        out.push_str(format!("# {line}").trim_end());
        out.push('\n');
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_is_code() {
        assert_eq!(yaml("a: \"b\" #\\\n\u{1b}\u{e0001}ü"), r##""a: \"b\" #\\\n\u001B\U000E0001ü""##);
        assert_eq!(hcl("${x} $${ %{if} 5% $5 \"\\"), r#""$${x} $$${ %%{if} 5% $5 \"\\""#);
        assert_eq!(shell(""), "''");
        assert_eq!(shell("it's $(rm) `x`\n"), "'it'\\''s $(rm) `x`\n'");
        assert_eq!(shell("arn:aws:iam::aws:policy/x"), "arn:aws:iam::aws:policy/x");
        assert_eq!(option("description", "-x"), "--description=-x");
        assert_eq!(comment("a\u{1b}\n\nb\r"), "# a\\u{1b}\n#\n# b\\r\n");
    }
}
