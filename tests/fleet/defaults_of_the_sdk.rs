//! Three defaults of the AWS SDK that break fleets, each shown to be cured: one retry budget for all accounts, an identity
//! cache of 64, an HTTP client for each service client.

use onboard_sandbox::{Fault, Options};
use serde_json::json;

use crate::scene::{fleet, manifest, many, of, organization, outcomes, report};

/// A process-wide budget of retries would be used up by the first hundred.
#[test]
fn two_hundred_accounts_throttled_twice_each_and_none_fails() {
    let world = organization(many(200));
    manifest(&world, 200, &[]);
    for n in 0..200 {
        let fault = json!({"call": "iam:GetRole", "account": world.sandbox.cloud().member(n), "times": 2, "what": {"throttle": {}}});
        world.sandbox.add_fault(serde_json::from_value::<Fault>(fault).unwrap());
    }
    let seen = report(&fleet(&world, "cleanup", &["--concurrency", "24"]).exits(0), &world, 200);
    assert_eq!(outcomes(&seen), of(&[("unchanged", 200)]));
}

/// 64 identities in a cache for all would be assumed over and over.
#[test]
fn as_many_roles_are_assumed_as_there_are_accounts() {
    let world = organization(Options { log_limit: 1000, ..many(1000) });
    manifest(&world, 1000, &[]);
    report(&fleet(&world, "cleanup", &["--concurrency", "32", "--quiet"]).exits(0), &world, 1000);
    assert_eq!(world.sandbox.counts().get("sts:AssumeRole"), Some(&1000), "{:?}", world.sandbox.counts());
}

/// Connections are bounded by what is in flight, and used again and again.
#[test]
fn connections_are_shared() {
    let world = organization(many(120));
    manifest(&world, 120, &[]);
    report(&fleet(&world, "cleanup", &["--concurrency", "4"]).exits(0), &world, 120);
    let opened = world.sandbox.connections_opened();
    // An account looks at up to nine things at once; a client for each service of each account would be hundreds.
    assert!(opened <= 4 * 12, "{opened} connections");
}
