//! Doctor looks at everything that can be known beforehand, changes nothing, and names what is not right.

use onboard_sandbox::{KeyKind, Moment, Options, Quotas};
use serde_json::Value;

use crate::harness::{Held, NAME, World};
use crate::scene::{Untouched, trust};

/// The checks with this result, by name.
fn with_result(report: &Value, result: &str) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter().filter(|c| c["result"] == result);
    checks.map(|c| c["check"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn fails(world: &World, more: &[&str], check: &str, words: &str) {
    let untouched = Untouched::from_here(world);
    let report = world.verb("doctor", more).exits(3).json();
    assert!(with_result(&report, "failed").contains(&check.to_owned()), "{check}: {report:#}");
    let failed = report["checks"].as_array().unwrap().iter().filter(|c| c["check"] == check);
    let said = failed.map(Value::to_string).collect::<Vec<_>>().join(" ");
    assert!(said.contains(words), "{words}: {said}");
    assert_eq!(report["failed"], true);
    untouched.never_touched();
}

#[test]
fn a_healthy_account() {
    for with in ["role", "keys"] {
        let world = World::new();
        let untouched = Untouched::from_here(&world);
        let report = world.verb("doctor", &["--with", with]).exits(0).json();
        assert_eq!((report["failed"].clone(), with_result(&report, "failed")), (Value::Bool(false), vec![]));
        for check in ["aws.credentials", "aws.reads"] {
            assert!(with_result(&report, "proved").contains(&check.to_owned()), "{report:#}");
        }
        assert!(report["checks"].as_array().unwrap().len() > 8, "{report:#}");
        untouched.never_touched();
        // For people, too: a line for each check.
        let text = world.run(&["doctor", "--account-id", &world.account, "--turbot-id", "aab"]).exits(0);
        assert!(text.stdout.lines().count() > 8, "{}", text.stdout);
    }
}

#[test]
fn the_wrong_account_and_no_credentials() {
    let mut world = World::new();
    world.account = "012345678901".into();
    fails(&world, &[], "aws.account", "111122223333");
    let mut world = World::new();
    world.environment.insert("AWS_SECRET_ACCESS_KEY".into(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into());
    fails(&world, &[], "aws.credentials", "");
}

#[test]
fn what_is_wrong_with_aws_hides_nothing_of_turbot() {
    let mut world = World::new();
    world.environment.insert("AWS_ENDPOINT_URL".into(), "https://aws.example.com".into());
    let report = world.verb("doctor", &[]).exits(3).json();
    assert_eq!(with_result(&report, "failed"), ["aws.endpoint"], "{report:#}");
    assert!(with_result(&report, "proved").contains(&"turbot.cluster".to_owned()), "{report:#}");
}

#[test]
fn looks_are_side_by_side() {
    let world = World::new();
    let held = ["iam:GetAccountSummary", "iam:ListPolicies", "turbot:GET /cluster"];
    let held = held.map(|call| world.script().hold(call, Moment::Before, 1));
    let run = world.start_verb("doctor", &[]);
    // None of them is answered before all of them were asked.
    held.iter().for_each(Held::reached);
    held.iter().for_each(Held::release);
    assert_eq!(run.finish(&world).code, 0);
}

#[test]
fn what_can_only_be_simulated_is_likely() {
    let world = World::new();
    let report = world.verb("doctor", &[]).exits(0).json();
    let likely = with_result(&report, "likely");
    assert!(likely.contains(&"aws.rights".to_owned()) && likely.contains(&"plan".to_owned()), "{report:#}");
}

#[test]
fn rights_that_are_missing() {
    let world = World::new();
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*"}]}"#;
    world.sandbox.cloud().set_boundary_of_admin(&world.account, "edge", deny);
    let report = world.verb("doctor", &[]).exits(3).json();
    let failed = report["checks"].as_array().unwrap().iter().filter(|c| c["result"] == "failed");
    assert!(failed.map(Value::to_string).any(|c| c.contains("iam:")), "{report:#}");
}

#[test]
fn turbots_keys() {
    for kind in [KeyKind::Expired, KeyKind::Inactive] {
        let mut world = World::new();
        world.use_turbot_key(kind);
        let report = world.verb("doctor", &[]).exits(3).json();
        let failed = with_result(&report, "failed");
        assert!(failed.iter().any(|check| check.starts_with("turbot.")), "{report:#}");
    }
    // What cannot be known without importing is not said to be well: the right to import.
    let mut world = World::new();
    world.use_turbot_key(KeyKind::Metadata);
    let report = world.verb("doctor", &[]).json();
    assert!(with_result(&report, "unknown").iter().any(|c| c.starts_with("turbot.")), "{report:#}");
}

#[test]
fn another_cluster_and_a_conflict() {
    let world = World::new();
    fails(&world, &["--cluster-id", "other"], "turbot.cluster", "urn:turbot:mhe");
    world.sandbox.turbot().add_account("aab", "012345678901", "theirs");
    let report = world.verb("doctor", &[]).exits(3).json();
    assert!(report.to_string().contains("012345678901"), "{report:#}");
}

#[test]
fn quotas_and_names_that_are_taken() {
    let quotas = Quotas { roles_per_account: 1, ..Quotas::default() };
    let world = World::with(Options { quotas, ..Options::default() });
    let report = world.verb("doctor", &[]).exits(3).json();
    assert!(with_result(&report, "failed").iter().any(|c| c.starts_with("aws.")), "{report:#}");

    let world = World::new();
    world.sandbox.cloud().create_role_unchecked(&world.account, NAME, "/", &trust("210987654321", None), &[]).unwrap();
    let report = world.verb("doctor", &[]).exits(3).json();
    assert!(report.to_string().contains("--adopt"), "{report:#}");
}

#[test]
fn a_clock_that_is_wrong_is_told_and_worked_with() {
    for minutes in [-20, 20] {
        let world = World::new();
        world.sandbox.cloud().set_clock_offset(minutes * 60_000);
        let report = world.verb("doctor", &[]).json();
        let clock = report["checks"].as_array().unwrap().iter().find(|c| c["check"] == "aws.clock");
        let said = clock.unwrap_or_else(|| panic!("{report:#}")).to_string();
        assert!(said.contains("20 min") || said.contains("1200 s") || said.contains("1199"), "{said}");
        let account = world.verb("apply", &[]).exits(0).account();
        assert_eq!((account["outcome"].as_str(), world.left()), (Some("imported"), vec![]), "{minutes}");
    }
}
