//! Hostile answers: whatever stands at Turbot's address may say anything.

use std::time::Duration;

use onboard_core::ImportAnswer;
use serde_json::Value;

use crate::account::{account, account_of, listing};
use crate::exchange::{Answer, Ending};
use crate::import::meaning;
use crate::redact::Redactor;
use crate::said::Said;
use crate::url::TurbotUrl;
use mutator::{fuzz, is_clean, shape};

#[path = "../../../tests/fuzz/mutator.rs"]
mod mutator;

/// A secret that the answers may echo.
const SECRET: &str = "s3cr/t+K=y";
/// More than any message of ours is long.
const LONG: usize = 3000;

const TOKENS: [&str; 28] = [
    r#""items":["#,
    r#""id":"aab""#,
    r#""urn":"urn:turbot:mhe:aab""#,
    r#""awsAccountId":"111122223333""#,
    r#""awsAccountId":12345"#,
    r#""title":"#,
    r#""paging":{"next":"#,
    r#""nextToken":"t""#,
    r#""code":"#,
    r#""message":"#,
    r#""error":{"#,
    r#""value":"#,
    "<html>",
    "<title>",
    "</title>",
    "<h1>",
    "<!DOCTYPE html>",
    "</",
    "<body",
    SECRET,
    "s3cr%2Ft%2BK%3Dy",
    "s3cr\\/t+K=y",
    "https://",
    "http://127.0.0.1",
    ":443",
    "//",
    "@",
    "[::1]",
];

fn redactor() -> Redactor {
    let mut redactor = Redactor::default();
    redactor.hide(SECRET);
    redactor
}

#[track_caller]
fn judge(message: &str) -> String {
    assert!(is_clean(message), "{message:?}");
    assert!(message.chars().count() < LONG, "{} characters", message.chars().count());
    assert!(!message.contains(SECRET), "{message}");
    shape(message)
}

/// Bodies under every status: the import's meaning, refusals, the words of any error.
#[test]
fn bodies_of_errors() {
    let redactor = redactor();
    fuzz("turbot-errors", &TOKENS, |input| {
        // The first byte chooses the status, so that every one is met with every body.
        let (first, body) = input.split_first().unwrap_or((&0, input));
        let status = 200 + u16::from(*first) * 3 / 2;
        let said = Said::read(body, &redactor);
        let sentence = judge(&said.sentence());
        judge(&said.clone().refusal(status).message);
        let _ = said.code.as_deref().map(judge);
        let answer = Answer {
            status,
            body: body.to_vec(),
            ending: Ending::Whole,
            version: None,
            retry_after: Some(Duration::from_secs(1)),
            location: Some(String::from_utf8_lossy(body).chars().take(200).collect()),
        };
        let meant = match meaning(answer, &redactor) {
            ImportAnswer::Accepted { .. } => "accepted".to_owned(),
            ImportAnswer::Refused(refusal) | ImportAnswer::Conflict(refusal) => {
                judge(&refusal.message);
                format!("{:?}", refusal.about)
            }
            ImportAnswer::NotTaken { message, .. } => judge(&message),
            ImportAnswer::NotSent(failure) => judge(&failure.message),
            ImportAnswer::Unknown { why } => judge(&why),
        };
        (sentence, meant)
    });
}

/// Accounts and lists of them: read whole, or refused in clean words.
#[test]
fn accounts() {
    fuzz("turbot-accounts", &TOKENS, |input| {
        let Ok(value) = serde_json::from_slice::<Value>(input) else { return vec!["no JSON".to_owned()] };
        let mut shapes = Vec::new();
        for read in [account(&value), account_of(&value, "aab")] {
            shapes.push(match read {
                Ok(seen) => {
                    let id = seen.aws_account_id.map(|id| id.to_string());
                    let right = |id: &String| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
                    assert!(id.as_ref().is_none_or(right), "{id:?}");
                    format!("{} {} {}", seen.id.is_some(), seen.urn.is_some(), id.is_some())
                }
                Err(message) => clean(&message),
            });
        }
        shapes.push(match listing(&value) {
            Ok(all) => {
                let items = value["items"].as_array().map(Vec::len);
                assert_eq!(items, Some(all.len()), "a list is read whole or not at all");
                all.len().min(3).to_string()
            }
            Err(message) => clean(&message),
        });
        shapes
    });
}

fn clean(message: &str) -> String {
    assert!(is_clean(message), "{message:?}");
    shape(message)
}

/// Addresses: what is taken is https, or http, and has no credentials, query or fragment in it; what is asked of it
/// stays below it.
#[test]
fn addresses() {
    fuzz("turbot-urls", &TOKENS, |input| {
        let text = String::from_utf8_lossy(input);
        match TurbotUrl::parse(&text) {
            Ok(url) => {
                let shown = url.to_string();
                clean(&shown);
                assert!(shown.starts_with("https://") || shown.starts_with("http://"), "{shown}");
                assert!(!shown.contains(['@', '?', '#']), "{shown}");
                let inner = url.v3(&["accounts", "a/../b"]);
                assert!(inner.starts_with(shown.trim_end_matches('/')) && !inner.contains("/../"), "{shown} {inner}");
                shown.starts_with("https://").to_string()
            }
            Err(error) => clean(&error.to_string()),
        }
    });
}
