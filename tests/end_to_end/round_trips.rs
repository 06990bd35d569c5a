//! How often a fresh import in role mode has to wait for the network: what can be asked side by side is.

use std::collections::BTreeMap;
use std::time::Duration;

use onboard_sandbox::{CallRecord, Options};

use crate::harness::World;

/// What the README promises, besides the import call and the waits for propagation.
const AT_MOST: usize = 8;

/// How many of these calls had to follow one another: the most of them of which no two overlap. Calls that are under
/// way at the same time count once.
fn depth<'c>(calls: impl IntoIterator<Item = &'c CallRecord>) -> usize {
    let mut spans: Vec<(u64, u64)> = calls.into_iter().map(|c| (c.ended, c.started)).collect();
    spans.sort_unstable();
    let (mut depth, mut free) = (0, 0);
    for (ended, started) in spans {
        if started >= free {
            depth += 1;
            free = ended;
        }
    }
    depth
}

/// Whether a call is part of a wait, whose length is AWS's or Turbot's to say:
/// - reads of the role after it was made: the streaks that prove its trust policy and its policies everywhere, and the
///   poll until Turbot has deleted it;
/// - the look under the new claim, until it shows: what it shows beside is newer than every run before;
/// - reads of the journal and of the list of journals after that: the streak that proves the intent everywhere, and the
///   claim with it.
fn waits(call: &CallRecord, all: &[CallRecord]) -> bool {
    let first = |name: &str| all.iter().find(|c| c.call.name == name).unwrap();
    let (claimed, noted, made) = (first("iam:CreatePolicy"), first("iam:TagPolicy"), first("iam:CreateRole"));
    let under_the_claim = call.started >= claimed.ended && call.ended <= noted.started;
    match call.call.name.as_str() {
        "iam:GetRole" | "iam:ListAttachedRolePolicies" => under_the_claim || call.started >= made.ended,
        "iam:GetPolicy" | "iam:ListPolicies" => call.started >= claimed.ended,
        _ => under_the_claim,
    }
}

/// One fresh import with 100 ms for every call.
fn fresh() -> Vec<CallRecord> {
    let each = Duration::from_millis(100);
    let mut world = World::with(Options { latency: each, turbot_latency: each, ..Options::default() });
    // Long enough that no claim is renewed by the clock.
    world.set("lease", "2m");
    world.verb("apply", &[]).exits(0);
    world.sandbox.log()
}

#[test]
fn a_fresh_import_needs_few_round_trips_and_no_more_calls_than_that() {
    let mut least = usize::MAX;
    // Calls that are sent together may arrive more than 100 ms apart where the machine is busy: the best of a few counts.
    for _ in 0..4 {
        let calls = fresh();
        let imports = calls.iter().filter(|c| c.call.name == "turbot:POST /accounts").count();
        let waiting = depth(calls.iter().filter(|c| waits(c, &calls)));
        least = least.min(depth(&calls) - waiting - imports);

        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for call in &calls {
            *counts.entry(&call.call.name).or_default() += 1;
        }
        // Three looks at Turbot (before the claim, under it, and after the import), two at AWS, the effects, three
        // streaks of three reads, two reads until the role is believed to be gone. Four writes of the journal: what it
        // is about, the role's unique id, the intent, the acceptance.
        let reads_of_the_role = 2 + 3 + 3 + 2;
        let expected = BTreeMap::from([
            ("sts:GetCallerIdentity", 2),
            ("organizations:DescribeOrganization", 2),
            ("iam:ListAccountAliases", 2),
            ("iam:ListPolicies", 2 + 3),
            ("iam:GetRole", reads_of_the_role),
            ("iam:ListAttachedRolePolicies", reads_of_the_role),
            ("iam:GetPolicy", 3),
            ("iam:CreatePolicy", 1),
            ("iam:CreateRole", 1),
            ("iam:AttachRolePolicy", 1),
            ("iam:TagPolicy", 4),
            ("iam:DeletePolicy", 1),
            ("turbot:GET /health", 3),
            ("turbot:GET /cluster", 3),
            ("turbot:GET /accounts", 3),
            ("turbot:GET /accounts/{id}", 3),
            ("turbot:POST /accounts", 1),
        ]);
        assert_eq!(counts, expected);
        if least <= AT_MOST {
            return;
        }
    }
    panic!("{least} sequential round trips, where {AT_MOST} are promised");
}

#[test]
fn an_imported_account_is_looked_at_in_one_round_trip() {
    // Longer than a busy machine takes to send what is sent at once.
    let each = Duration::from_millis(400);
    let mut least = usize::MAX;
    for _ in 0..4 {
        let world = World::with(Options { latency: each, turbot_latency: each, ..Options::default() });
        world.sandbox.turbot().add_account(&world.turbot_id, &world.account, &world.turbot_id);
        world.verb("apply", &[]).exits(0);
        least = least.min(depth(&world.sandbox.log()));
        if least == 1 {
            return;
        }
    }
    panic!("{least} sequential round trips");
}
