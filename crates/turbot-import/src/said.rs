//! What an answer's body says, in one bounded sentence: Turbot's `{code, message}`, a load balancer's page, or nothing.

use onboard_core::{RefusalAbout, TurbotRefusal, escaped};
use serde_json::Value;

use crate::redact::Redactor;

/// The longest foreign text an error repeats, in characters.
const LONGEST: usize = 400;

/// A body, understood as far as it can be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// `code`, number or text.
    pub(crate) code: Option<String>,
    /// `message`, or what there was instead.
    pub(crate) message: Option<String>,
}

impl Said {
    /// Reads a body. Secrets are taken out before and after it is taken apart, so that neither an escape nor a tag
    /// in the middle of one hides it.
    pub(crate) fn read(body: &[u8], redactor: &Redactor) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        if text.is_empty() {
            return Self::default();
        }
        let tidy = |text: &str| one_line(&redactor.clean(text));
        if let Ok(Value::Object(object)) = serde_json::from_str::<Value>(text) {
            let error = object.get("error");
            let inner = |name: &str| object.get(name).or_else(|| error.and_then(|e| e.get(name)));
            let code = inner("code").and_then(scalar).map(|c| tidy(&c));
            let message = inner("message").or(error).and_then(scalar).map(|m| tidy(&m));
            let message = message.or_else(|| code.is_none().then(|| tidy(text)));
            return Self { code, message };
        }
        let message = if looks_like_html(text) {
            match tidy(&html_sentence(&redactor.clean(text))) {
                sentence if sentence.is_empty() => "an HTML page".to_owned(),
                sentence => format!("an HTML page: {sentence}"),
            }
        } else {
            tidy(text)
        };
        Self { code: None, message: Some(message) }
    }

    /// The body's words, or what to say where there are none.
    pub(crate) fn sentence(&self) -> String {
        match (&self.message, &self.code) {
            (Some(message), Some(code)) => format!("{message} (code {code})"),
            (Some(message), None) => message.clone(),
            (None, Some(code)) => format!("code {code}"),
            (None, None) => "no explanation".to_owned(),
        }
    }

    /// The refusal that this body explains.
    pub(crate) fn refusal(self, status: u16) -> TurbotRefusal {
        let about = about(status, self.code.as_deref(), self.message.as_deref());
        let message = self.message.clone().unwrap_or_else(|| self.sentence());
        TurbotRefusal { status, code: self.code, message, about }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// White space folded, control characters escaped, and cut.
fn one_line(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = escaped(&folded);
    match folded.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &folded[..end]),
        None => folded.into_owned(),
    }
}

fn looks_like_html(text: &str) -> bool {
    let start: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    start.starts_with('<')
        && ["<!doctype", "<html", "<head", "<body", "<h1", "<title", "<center"].iter().any(|t| start.contains(t))
}

/// A page's title, else its first heading, else its text without tags.
fn html_sentence(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let element = |name: &str| {
        let start = lower.find(&format!("<{name}"))?;
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find(&format!("</{name}"))?;
        Some(without_tags(&text[start..end])).filter(|t| !t.trim().is_empty())
    };
    element("title").or_else(|| element("h1")).unwrap_or_else(|| without_tags(text))
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text
}

/// What a refusal is about. Turbot's texts are not public, so this is the one place that reads words:
///
/// 1. AWS's own error codes and texts, which Turbot may pass on under any status, say it plainly. They decide whether
///    the credential may only not be known everywhere yet, so that the same call may succeed a little later.
/// 2. Else 401, 403 and 3xx speak of the caller and not of the payload.
/// 3. Else softer words about trust, the external id or the access key, unless the text complains of a field (then it
///    is the payload) or says that the role can be assumed *without* the external id (a fault that time does not mend).
/// 4. Else 400 and 422 are about the payload.
pub(crate) fn about(status: u16, code: Option<&str>, message: Option<&str>) -> RefusalAbout {
    let text = format!("{} {}", code.unwrap_or_default(), message.unwrap_or_default()).to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if says(&["can be assumed", "could be assumed"]) {
        return RefusalAbout::Other;
    }
    if says(&[
        "invalidclienttokenid",
        "security token included in the request is invalid",
        "unrecognizedclientexception",
        "invalidaccesskeyid",
        "aws was not able to validate the provided access credentials",
        "aws access key id you provided does not exist",
    ]) {
        return RefusalAbout::UnknownKey;
    }
    if says(&[
        "assumerole",
        "assume role",
        "assume the role",
        "assuming the role",
        "assuming role",
        "unable to assume",
        "cannot assume",
        "can not assume",
        "could not assume",
        "failed to assume",
        "cannot be assumed",
        "could not be assumed",
    ]) {
        return RefusalAbout::CannotAssume;
    }
    match status {
        300..=399 => return RefusalAbout::Redirect,
        401 => return RefusalAbout::TurbotKey,
        403 => return RefusalAbout::MissingRight,
        _ => {}
    }
    let of_a_field = says(&[
        "required",
        "missing",
        "must be",
        "unexpected",
        "unknown field",
        "unknown property",
        "additional propert",
        "malformed",
        "schema",
        "validation",
    ]);
    if !of_a_field {
        if says(&["external id", "externalid", "external-id", "trust policy", "trust relationship", "not trusted"]) {
            return RefusalAbout::CannotAssume;
        }
        let of_a_key = says(&["access key", "accesskey", "aws credentials", "aws key"]);
        if of_a_key && says(&["unknown", "not exist", "invalid", "not valid", "not found", "not recogni", "not active"])
        {
            return RefusalAbout::UnknownKey;
        }
    }
    match status {
        400 | 422 => RefusalAbout::Payload,
        _ => RefusalAbout::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Said {
        Said::read(body.as_bytes(), &Redactor::default())
    }

    #[test]
    fn bodies_of_every_kind_become_a_sentence() {
        for (body, code, message) in [
            (r#"{"code":"AccountExists","message":"taken"}"#, Some("AccountExists"), Some("taken")),
            (r#"{"code":409,"message":"taken"}"#, Some("409"), Some("taken")),
            (r#"{"error":{"code":1,"message":"inner"}}"#, Some("1"), Some("inner")),
            (r#"{"error":"just a text"}"#, None, Some("just a text")),
            (r#"{"code":7}"#, Some("7"), None),
            (r#"{"other":true}"#, None, Some(r#"{"other":true}"#)),
            ("", None, None),
            ("  \n ", None, None),
            ("plain\n  words\u{1b}[31m", None, Some("plain words\\u{1b}[31m")),
            (
                "<html>\n<head><title>502 Bad Gateway</title></head><body><h1>x</h1></body></html>",
                None,
                Some("an HTML page: 502 Bad Gateway"),
            ),
            ("<!DOCTYPE html><body><h1>Sorry</h1>...", None, Some("an HTML page: Sorry")),
            ("<html></html>", None, Some("an HTML page")),
            ("<html><title>never closed", None, Some("an HTML page: never closed")),
        ] {
            let said = read(body);
            assert_eq!((said.code.as_deref(), said.message.as_deref()), (code, message), "{body}");
        }
        let long = read(&"x".repeat(10_000)).message.unwrap();
        assert_eq!(long.chars().count(), LONGEST + 4);
        // No byte sequence is a panic, multi-byte characters in front of a tag included.
        Said::read(b"\xff\xfe<html>\xf0\x9f", &Redactor::default());
        read("<html>İ<title>ß İ</title>");
    }

    #[test]
    fn an_echoed_secret_is_gone_from_code_message_and_pages() {
        let mut redactor = Redactor::default();
        redactor.hide("abc/def+ghi");
        for body in [
            r#"{"code":"abc/def+ghi","message":"bad abc\/def+ghi"}"#,
            r#"{"message":"bad \u0061bc/def+ghi"}"#,
            "<html><title>abc/d<b>ef+ghi</title>",
            "abc/def+ghi",
        ] {
            let said = format!("{:?}", Said::read(body.as_bytes(), &redactor));
            assert!(!said.contains("def") && said.contains("[redacted]"), "{body}: {said}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        use RefusalAbout::*;
        for (status, message, expected) in [
            (400, "User: arn:aws:sts::1:x is not authorized to perform: sts:AssumeRole on resource: y", CannotAssume),
            (403, "AccessDenied: User is not authorized to perform: sts:AssumeRole", CannotAssume),
            (422, "Unable to assume role arn:aws:iam::1:role/x", CannotAssume),
            (400, "the external id does not match", CannotAssume),
            (400, "role is not trusted by this account: check the trust policy", CannotAssume),
            (400, "the role can be assumed without the external id", Other),
            (400, "awsRoleExternalId is required", Payload),
            (400, "missing field external id", Payload),
            (400, "InvalidClientTokenId: The security token included in the request is invalid.", UnknownKey),
            (401, "The security token included in the request is invalid", UnknownKey),
            (400, "AWS access key unknown", UnknownKey),
            (401, "invalid access key", TurbotKey),
            (401, "", TurbotKey),
            (403, "Insufficient permissions", MissingRight),
            (403, "trust policy", MissingRight),
            (302, "", Redirect),
            (400, "title too long", Payload),
            (422, "", Payload),
            (404, "no such route", Other),
            (405, "", Other),
            (415, "", Other),
        ] {
            assert_eq!(about(status, None, Some(message)), expected, "{status} {message}");
        }
        assert_eq!(about(400, Some("InvalidClientTokenId"), None), UnknownKey);
    }
}
