//! Hostile files: saved plans and hand-offs, whoever wrote them.

use onboard_core::{ErrorKind, ErrorReport, Secret};
use serde_json::Value;

use crate::handoff::OpenHandoff;
use crate::saved_plan::SavedPlan;
use mutator::{fuzz, is_clean, shape};

#[path = "../../../tests/fuzz/mutator.rs"]
mod mutator;

/// Words of both documents.
const TOKENS: [&str; 26] = [
    "\"schema\":",
    "\"turbot-onboard/plan/1\"",
    "\"turbot-onboard/handoff/1\"",
    "\"accounts\":[",
    "\"wanted\":{",
    "\"chosen\":{",
    "\"steps\":[",
    "\"external_id\":",
    "\"account_id\":\"111122223333\"",
    "\"turbot_id\":\"aab\"",
    "\"with\":\"keys\"",
    "\"with\":\"role\"",
    "\"role_arn\":\"arn:aws:iam::111122223333:role/x\"",
    "\"secret_access_key\":\"hunter2-hunter2\"",
    "\"access_key_id\":\"AKIAIOSFODNN7EXAMPLE\"",
    "\"requested_at\":\"2026-01-01T00:00:00Z\"",
    "\"seal\":\"hmac-sha256:",
    "\"turbot\":{\"url\":",
    "\"expires_at\":",
    "\"step\":\"import\"",
    "\"effect\":",
    "\"before\":null",
    "\"after\":{}",
    "\"policies\":[",
    "\"tags\":{",
    "9999-12-31T23:59:59Z",
];

fn messages(error: &ErrorReport) -> Vec<&str> {
    let causes = error.causes.iter().map(String::as_str);
    std::iter::once(error.message.as_str()).chain(causes).chain(error.hint.as_deref()).collect()
}

/// Any text is a plan or a clean refusal; one that we did not seal is never a plan. Sealed by us it still may hold
/// anything: by an older version, say.
#[test]
fn saved_plans() {
    let secret = Secret::new("a secret to seal with".into());
    let now = "2026-01-01T00:00:00Z".parse().expect("a time");
    let damaged = |cause: String| ErrorReport::new(ErrorKind::Settings, "damaged").because(cause);
    let judge = |text: &str| match SavedPlan::parse(text, &secret, now, damaged) {
        Ok(plan) => {
            for account in &plan.accounts {
                let empty = onboard_core::Plan {
                    steps: vec![],
                    end: onboard_core::Outcome::Imported,
                    warnings: vec![],
                    external_id: None,
                    delete_credential: true,
                    then_again: false,
                };
                assert!(account.check(&empty).is_ok(), "no step is always among those of a plan");
            }
            let refused = plan.check_turbot("https://turbot.example.com").err();
            assert!(refused.iter().flat_map(messages).all(is_clean), "{refused:?}");
            (true, String::new())
        }
        Err(error) => {
            assert!(messages(&error).into_iter().all(is_clean), "{error:?}");
            (false, messages(&error).iter().map(|m| shape(m)).collect())
        }
    };
    fuzz("plan", &TOKENS, |input| {
        let text = String::from_utf8_lossy(input);
        let as_it_is = judge(&text);
        assert!(!as_it_is.0, "nobody sealed it");
        let Ok(mut document) = serde_json::from_str::<Value>(&text) else { return (as_it_is, None) };
        if !document.is_object() {
            return (as_it_is, None);
        }
        document["seal"] = Value::String(crate::saved_plan::seal(&document, &secret));
        (as_it_is, Some(judge(&document.to_string())))
    });
}

/// Any text is a hand-off whose accounts can be read, or a clean refusal that repeats no secret. One that can be read
/// can be written, and is then the same.
#[test]
fn hand_offs() {
    fuzz("handoff", &TOKENS, |input| {
        let text = String::from_utf8_lossy(input);
        match OpenHandoff::parse(&text) {
            Ok(open) => {
                let written = open.written().expect("what was read can be written");
                let again = OpenHandoff::parse(&written).expect("what was written can be read");
                assert_eq!(*again.written().expect("and written"), *written);
                for n in 0..open.len() {
                    assert!(open.account(n).is_ok(), "every account was looked at when it was read");
                }
                (open.len().min(4), String::new())
            }
            Err(message) => {
                assert!(is_clean(&message), "{message:?}");
                assert!(!message.contains("hunter2-hunter2"), "{message}");
                (9, shape(&message))
            }
        }
    });
}
