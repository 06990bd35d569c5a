//! Policy documents: IAM gives them back percent-encoded (RFC 3986), which the SDK leaves as it is.

use percent_encoding::percent_decode_str;

/// The document as JSON text. Raw JSON, as some emulators send it, is left alone.
pub(crate) fn decoded(document: &str) -> String {
    if document.trim_start().starts_with('{') {
        return document.to_owned();
    }
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

/// Whether two documents are the same JSON value, whatever their order and white space.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text);
    match (value(one), value(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded_once() {
        let json = r#"{"Version":"2012-10-17","Statement":[{"x":"a%20b+c"}]}"#;
        assert_eq!(
            decoded(
                "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22x%22%3A%22a%2520b%2Bc%22%7D%5D%7D"
            ),
            json
        );
        assert_eq!(decoded(json), json);
        assert_eq!(decoded(""), "");
        assert_eq!(decoded("%FF"), "\u{FFFD}");
    }

    #[test]
    fn order_does_not_matter() {
        assert!(same(r#"{"a":1,"b":[2]}"#, r#"{ "b": [2], "a": 1 }"#));
        assert!(!same(r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!same("x", "y"));
    }
}
