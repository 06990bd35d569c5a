//! The secrets of keys that a handle has made, taken out of whatever a server says afterwards: it may echo them.

use std::sync::{Mutex, PoisonError};

use onboard_core::Secret;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// What stands where a secret stood.
const MARK: &str = "[redacted]";

/// The secrets known, in every spelling an echo may have. AWS's are of letters, digits, `/` and `+`.
#[derive(Default)]
pub(crate) struct KnownSecrets(Mutex<Vec<Zeroizing<String>>>);

impl KnownSecrets {
    /// Remembers a secret until the handle is dropped.
    pub(crate) fn add(&self, secret: &Secret) {
        if secret.is_empty() {
            return;
        }
        let raw = secret.expose();
        let percent = utf8_percent_encode(raw, NON_ALPHANUMERIC).to_string();
        let spellings = [
            raw.to_owned(),
            lower(&percent),
            percent,
            raw.replace('/', "\\/"),
            raw.replace('/', "&#x2F;").replace('+', "&#x2B;"),
            raw.replace('/', "&#47;").replace('+', "&#43;"),
        ];
        let spellings = spellings.map(Zeroizing::new);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(&spellings[0]) {
            known.extend(spellings);
        }
    }

    /// The text without any of them.
    pub(crate) fn clean(&self, text: String) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(text, |text, spelling| {
            if text.contains(spelling.as_str()) { text.replace(spelling.as_str(), MARK) } else { text }
        })
    }
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
    fn every_spelling_is_taken_out_and_nothing_else() {
        let secret = "wJalr/UtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY";
        let known = KnownSecrets::default();
        assert_eq!(known.clean(format!("a {secret} b")), format!("a {secret} b"));
        known.add(&Secret::new(secret.to_owned()));
        known.add(&Secret::new(String::new()));
        for echo in [
            secret.to_owned(),
            secret.replace('/', "\\/"),
            secret.replace('/', "%2F").replace('+', "%2B"),
            secret.replace('/', "%2f").replace('+', "%2b"),
            secret.replace('/', "&#x2F;").replace('+', "&#x2B;"),
        ] {
            let clean = known.clean(format!("the key {echo} is bad"));
            assert!(!clean.contains("MDENG") && clean.starts_with("the key ") && clean.ends_with(" is bad"), "{clean}");
        }
    }
}
