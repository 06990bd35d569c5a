//! What Turbot says.

use onboard_sandbox::{KeyKind, What};

use crate::harness::World;
use crate::{contains_all, said};

fn with_key(kind: KeyKind, more: &[&str]) -> crate::harness::Finished {
    let mut world = World::new();
    world.use_turbot_key(kind);
    world.verb("apply", more)
}

#[test]
fn a_missing_right_is_named_and_which_one_would_do() {
    for kind in [KeyKind::Metadata, KeyKind::Owner] {
        let text = said(with_key(kind, &[]), 5, "turbot-refused");
        contains_all(&text, &["403", "Turbot/Operator", "grant"]);
    }
}

#[test]
fn an_expired_key_and_an_inactive_grant_are_named() {
    let text = said(with_key(KeyKind::Expired, &[]), 3, "missing-right");
    contains_all(&text, &["401", "expired", "TURBOT_ACCESS_KEY"]);
    let text = said(with_key(KeyKind::Inactive, &[]), 3, "missing-right");
    contains_all(&text, &["403", "not activated", "active grant"]);
}

#[test]
fn a_right_that_is_missing_for_the_window_alone_leaves_the_import_an_import() {
    let run = with_key(KeyKind::Operator, &["--maintenance", "full"]).exits(5);
    let account = run.account();
    assert_eq!((&account["outcome"], &account["error"]["kind"]), (&"imported".into(), &"maintenance".into()));
    let text = account["error"].to_string();
    contains_all(&text, &["Turbot/Admin", "maintenance set"]);
}

#[test]
fn a_key_that_may_not_list_is_warned_about() {
    let account = with_key(KeyKind::NoListing, &[]).exits(0).account();
    contains_all(&account["warnings"].to_string(), &["403", "may not be listed"]);
}

#[test]
fn refusals_of_the_import_are_shown_in_turbots_words() {
    let cases: &[(u16, &str, &[&str])] = &[
        (
            400,
            r#"{"code":"BadRequest","message":"id must match ^[a-z]{3}$"}"#,
            &["400", "BadRequest", "id must match ^[a-z]{3}$"],
        ),
        (404, r#"{"error":{"code":"NotFound","message":"no cluster mhe"}}"#, &["404", "no cluster mhe"]),
        (422, "plain words, not JSON", &["422", "plain words, not JSON"]),
        (405, "<html><head><title>405 Not Allowed</title></head></html>", &["405", "Not Allowed"]),
    ];
    for (code, body, words) in cases {
        let world = World::new();
        let what = What::Status { code: *code, body: (*body).to_owned() };
        world.sandbox.add_fault(onboard_sandbox::Fault::new("turbot:POST /accounts", what).times(0));
        let text = said(world.verb("apply", &[]), 5, "turbot-refused");
        contains_all(&text, words);
    }
}

#[test]
fn looks_that_fail_say_where_and_how() {
    let cases: &[(What, &str, &[&str])] = &[
        (What::Html, "turbot-unavailable", &["502"]),
        (What::InternalError, "turbot-unavailable", &["500"]),
        (What::Reset, "turbot-unreachable", &["connection"]),
        (What::Throttle { retry_after: None }, "turbot-unavailable", &["429"]),
        (
            What::Status { code: 200, body: "<html>Sign in</html>".into() },
            "turbot-unavailable",
            &["not JSON", "Turbot v3 API"],
        ),
    ];
    for (what, kind, words) in cases {
        let world = World::new();
        world.sandbox.add_fault(onboard_sandbox::Fault::new("turbot:GET /cluster", what.clone()).times(0));
        let text = said(world.verb("apply", &[]), 5, kind);
        contains_all(&text, words);
        contains_all(&text, &[&world.environment["TURBOT_URL"]]);
    }
}
