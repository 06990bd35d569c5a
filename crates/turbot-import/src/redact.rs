//! Secrets taken out of foreign texts by value: a server may echo what it was sent.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// What stands where a secret stood.
const MARK: &str = "[redacted]";

/// Knows the secrets of one exchange, in every spelling an echo may have.
#[derive(Default)]
pub(crate) struct Redactor {
    spellings: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// Adds a secret: as it is, percent-encoded, and as JSON and HTML write it.
    pub(crate) fn hide(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        // What RFC 3986 leaves alone, and what `encodeURIComponent` does.
        let unreserved = with_plain(&percent, "-._~");
        let component = with_plain(&unreserved, "!*'()");
        for spelling in [
            secret.to_owned(),
            lower(&percent),
            lower(&component),
            lower(&unreserved),
            component,
            unreserved,
            percent,
            secret.replace('\\', "\\\\").replace('"', "\\\""),
            secret.replace('/', "\\/"),
            secret.replace('/', "&#x2F;").replace('+', "&#x2B;").replace('=', "&#x3D;"),
            secret.replace('/', "&#47;").replace('+', "&#43;").replace('=', "&#61;"),
            secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
        ] {
            if !self.spellings.iter().any(|s| **s == spelling) {
                self.spellings.push(Zeroizing::new(spelling));
            }
        }
        // Longest first: a shorter spelling may be a part of a longer one.
        self.spellings.sort_by_key(|s| std::cmp::Reverse(s.len()));
    }

    /// The text without any of the secrets.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for spelling in &self.spellings {
            if text.contains(spelling.as_str()) {
                text = text.replace(spelling.as_str(), MARK);
            }
        }
        text
    }
}

/// The same with these characters as they are.
fn with_plain(percent: &str, plain: &str) -> String {
    plain.bytes().fold(percent.to_owned(), |text, b| text.replace(&format!("%{b:02X}"), &char::from(b).to_string()))
}

/// The same with the digits of its escapes in lower case, and nothing else.
fn lower(percent: &str) -> String {
    let mut parts = percent.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        out.push('%');
        out.push_str(&digits.to_ascii_lowercase());
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_echo_is_hidden() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY=EXAMPLE-KEY\"";
        let mut redactor = Redactor::default();
        redactor.hide(secret);
        for echo in [
            secret.to_owned(),
            serde_json::to_string(secret).unwrap(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            "wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCY%3DEXAMPLE-KEY%22".to_owned(),
            "wJalrXUtnFEMI%2fK7MDENG%2bbPxRfiCY%3dEXAMPLE-KEY%22".to_owned(),
            "wJalrXUtnFEMI%2fK7MDENG%2bbPxRfiCY%3dEXAMPLE%2dKEY%22".to_owned(),
            secret.replace('/', "\\/"),
            secret.replace('/', "&#x2F;").replace('+', "&#x2B;").replace('=', "&#x3D;"),
        ] {
            let clean = redactor.clean(&format!("bad key {echo}, sorry"));
            assert!(!clean.contains("MDENG") && !clean.contains("bPxRf"), "{clean}");
            assert!(clean.starts_with("bad key ") && clean.ends_with(", sorry"), "{clean}");
        }
        assert_eq!(Redactor::default().clean("plain"), "plain");
    }
}
