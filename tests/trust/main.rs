//! Whom it trusts: each guard with what happens to somebody who tries.
#![allow(missing_docs, unreachable_pub, reason = "a test")]

#[path = "../harness/mod.rs"]
mod harness;

mod endpoints;
mod journals;
mod listing;
mod long_answers;
mod proxies;
mod redirects;
mod roles;
mod tls;
mod users;
mod working_folder;

use serde_json::Value;

use harness::{Finished, World};

/// The account of a run that ended with this code and kind of error, having had no effect at all.
#[track_caller]
fn refused(world: &World, from: usize, run: Finished, code: i32, kind: &str) -> Value {
    let account = run.exits(code).account();
    assert_eq!(account["error"]["kind"], kind, "{account:#}");
    assert!(account["error"]["hint"].is_string(), "{account:#}");
    assert_eq!(world.effects_since(from), Vec::<String>::new());
    account
}

/// The tags that this tool writes on what it makes.
fn our_tags(world: &World) -> Vec<(String, String)> {
    let tag = |key: &str, value: &str| (format!("turbot-onboard:{key}"), value.to_owned());
    vec![
        tag("turbot-id", &world.turbot_id),
        tag("cluster", "urn:turbot:mhe"),
        tag("version", env!("CARGO_PKG_VERSION")),
    ]
}
