//! Hostile answers: AWS's error texts, and endpoints that want to pass for AWS's.

use crate::denial::{Denial, DeniedBy};
use crate::endpoint;
use crate::error::by_code;
use mutator::{fuzz, is_clean, shape};

#[path = "../../../tests/fuzz/mutator.rs"]
mod mutator;

const TOKENS: [&str; 36] = [
    "User: arn:aws:iam::1:user/u ",
    "is not authorized to perform: ",
    "iam:CreateRole",
    " on resource: ",
    "with an explicit deny in ",
    "an ",
    "a ",
    "the ",
    "service control policy",
    "resource control policy",
    "permissions boundary",
    "session policy",
    "identity-based policy",
    "role trust policy",
    "VPC endpoint policy",
    ": arn:aws:organizations::1:policy/o-1/service_control_policy/p-1",
    "because no ",
    " allows the ",
    "authorization id: ",
    "AbC123",
    "AccessDenied",
    "Throttling",
    "NoSuchEntity",
    "SignatureDoesNotMatch",
    "Signature expired",
    "Signature not yet current",
    "account is suspended",
    "Invalid principal in policy",
    "invalid partition",
    "MultiFactorAuthentication",
    "Exception",
    "LimitExceeded",
    "STS is not activated in this region",
    "https://",
    ".amazonaws.com",
    "127.0.0.1",
];

/// The first line is the code, the rest the text. Every text has a reading, and the kind of policy is never read out of
/// a text that names none.
#[test]
fn error_texts() {
    fuzz("aws-errors", &TOKENS, |input| {
        let text = String::from_utf8_lossy(input);
        let (code, message) = text.split_once('\n').unwrap_or(("AccessDenied", &text));
        let status = 400 + input.first().map_or(0, |b| u16::from(*b) % 200);
        let error = by_code("CreateRole", code, message, status);
        assert!(error.message.chars().count() <= 4010, "bounded");
        let denial = Denial::of(message);
        let folded = message.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        if denial.policy != DeniedBy::Unclassified {
            assert!(folded.contains("explicit deny in") || folded.contains("because no"), "{denial:?}");
            assert!(folded.contains("policy") || folded.contains("boundary"), "{denial:?}");
        }
        assert!(denial.arn.as_deref().is_none_or(|arn| arn.starts_with("arn:") && !arn.contains(char::is_whitespace)));
        let id = denial.authorization_id.as_deref();
        assert!(id.is_none_or(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())));
        (error.kind, denial.policy, denial.explicit, denial.arn.is_some(), shape(message).len())
    });
}

/// Which endpoints are trusted: by their host alone, read here in another way than there.
#[test]
fn endpoints() {
    fuzz("aws-endpoints", &TOKENS, |input| {
        let text = String::from_utf8_lossy(input);
        let (aws, loopback) = (endpoint::is_aws(&text), endpoint::is_loopback(&text));
        if aws || loopback {
            let rest = text.split_once("://").map_or(text.as_ref(), |(_, rest)| rest);
            let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
            assert!(!authority.contains('@'), "who stands before an @ is not the host: {text:?}");
            assert!(!authority.contains(char::is_whitespace) && is_clean(authority), "{text:?}");
        }
        if aws {
            assert!(!loopback && text.to_ascii_lowercase().contains("amazonaws"), "{text:?}");
        }
        (aws, loopback, endpoint::same(&text, &text))
    });
}
