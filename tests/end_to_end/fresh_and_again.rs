//! A bare account is imported, verified and left clean; the same command again has nothing to do.

use std::time::Duration;

use onboard_sandbox::{Consistency, Options};
use serde_json::json;

use crate::harness::{NAME, World};
use crate::scene::{ADMINISTRATOR, BOTH, READ_ONLY, Untouched, ended, imported_and_kept, role_tag};

#[test]
fn a_bare_account_is_imported_and_nothing_is_left() {
    for with in BOTH {
        let world = World::new();
        let arguments = ["--with", with, "--title", "Data & more"];
        let account = ended(world.verb("apply", &arguments), 0, "imported", "");
        assert_eq!(account["import"], json!({"requests": 1, "state": "accepted"}));
        assert_eq!((&account["leftovers"], &account["warnings"]), (&json!([]), &json!([])));
        assert_eq!(account["with"], with);
        let (present, absent) = if with == "role" {
            (["role_arn", "external_id"], ["user_arn", "access_key_id"])
        } else {
            (["user_arn", "access_key_id"], ["role_arn", "external_id"])
        };
        assert!(present.iter().all(|key| account[key].is_string()), "{account:#}");
        assert!(absent.iter().all(|key| account[key].is_null()), "{account:#}");
        assert_eq!(world.left(), Vec::<String>::new());
        let shown = world.sandbox.turbot().accounts();
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].title.as_str(), &shown[0].aws_account_id), ("Data & more", &world.account));
        let handed = world.sandbox.turbot().imports()[0].credential.clone();
        assert_eq!(handed.as_deref(), account[if with == "role" { "role_arn" } else { "access_key_id" }].as_str());

        let untouched = Untouched::from_here(&world);
        for run in [world.verb("apply", &arguments), world.verb("apply", &["--title", "Data & more"])] {
            let account = ended(run, 0, "already-imported", "");
            assert_eq!((&account["steps"], &account["leftovers"]), (&json!([]), &json!([])));
        }
        ended(world.verb("verify", &arguments), 0, "matches", "");
        untouched.never_touched();
    }
}

#[test]
fn what_is_wanted_of_the_role_is_what_stands() {
    let world = World::new();
    let boundary = format!("arn:aws:iam::{}:policy/edge", world.account);
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    world.sandbox.cloud().create_policy_unchecked(&world.account, "edge", "/", everything, &[]);
    let account = {
        let more = [
            "--delete-credential",
            "false",
            "--role-name",
            "importer",
            "--role-path",
            "/vendors/",
            "--role-description",
            "for Turbot",
            "--max-session-duration",
            "7200",
            "--policy-arn",
            ADMINISTRATOR,
            "--policy-arn",
            READ_ONLY,
            "--permissions-boundary",
            &boundary,
            "--tag",
            "team=data",
            "--tag",
            "cost centre=7",
            "--external-id",
            "abc-123:xyz",
        ];
        ended(world.verb("apply", &more), 0, "imported", "")
    };
    let role = world.sandbox.cloud().role(&world.account, "importer").unwrap();
    assert_eq!(account["role_arn"], role.arn);
    assert_eq!((role.path.as_str(), role.max_session_duration), ("/vendors/", 7200));
    assert_eq!(role.description.as_deref(), Some("for Turbot"));
    assert_eq!(role.boundary.as_deref(), Some(boundary.as_str()));
    assert_eq!(role.attached, [ADMINISTRATOR, READ_ONLY]);
    for (key, value) in [("team", "data"), ("cost centre", "7"), ("turbot-onboard:turbot-id", "aab")] {
        assert!(role.tags.contains(&(key.to_owned(), value.to_owned())), "{key}: {:?}", role.tags);
    }
    let trust: serde_json::Value = serde_json::from_str(&role.trust).unwrap();
    assert_eq!(trust["Statement"][0]["Condition"], json!({"StringEquals": {"sts:ExternalId": "abc-123:xyz"}}));
    assert_eq!(account["external_id"], "abc-123:xyz");
}

#[test]
fn the_user_has_one_key_and_no_other_way_in() {
    let world = World::new();
    imported_and_kept(&world, "keys", &["--user-name", "importer", "--tag", "team=data"]);
    let user = world.sandbox.cloud().user(&world.account, "importer").unwrap();
    assert_eq!((user.access_keys.len(), user.access_keys[0].active), (1, true));
    assert_eq!((user.login_profile, user.groups.len(), user.inline.len()), (false, 0, 0));
    assert_eq!(user.attached, [ADMINISTRATOR]);
    assert!(user.tags.contains(&("team".into(), "data".into())));
}

#[test]
fn two_runs_choose_two_external_ids() {
    let ids: Vec<String> = (0..2)
        .map(|_| World::new().verb("apply", &[]).exits(0).account()["external_id"].as_str().unwrap().to_owned())
        .collect();
    assert_ne!(ids[0], ids[1]);
    // 122 random bits, and of the alphabet that every API takes.
    assert!(ids.iter().all(|id| id.len() >= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-:".contains(&b))));
}

#[test]
fn iam_may_take_its_time() {
    let slow = Duration::from_millis(250);
    let by_time = Consistency {
        role_visible: slow,
        user_visible: slow,
        key_visible: slow,
        policy_visible: slow,
        stale_reads: slow,
        ..Consistency::default()
    };
    let by_reads = Consistency { invisible_reads: 3, odd_arn_reads: 2, ..Consistency::default() };
    for consistency in [by_time, by_reads] {
        for with in BOTH {
            let world = World::with(Options { consistency: consistency.clone(), ..Options::default() });
            let account = ended(world.verb("apply", &["--with", with, "--propagation", "9s"]), 0, "imported", "");
            assert_eq!(account["leftovers"], json!([]), "{account:#}");
            assert_eq!((world.left(), world.effective_imports()), (vec![], 1), "{with} {consistency:?}");
        }
    }
}

#[test]
fn every_partition_has_its_own_policies_and_principals() {
    for partition in ["aws-us-gov", "aws-cn", "aws-eusc"] {
        let world = World::with(Options { partition: partition.to_owned(), ..Options::default() });
        let account = ended(world.verb("apply", &["--delete-credential", "false"]), 0, "imported", "");
        let role = world.sandbox.cloud().role(&world.account, NAME).unwrap();
        assert_eq!(role.attached, [format!("arn:{partition}:iam::aws:policy/AdministratorAccess")]);
        assert!(account["role_arn"].as_str().unwrap().starts_with(&format!("arn:{partition}:iam::")));
        assert!(role.trust.contains(&format!("arn:{partition}:iam::210987654321:root")), "{}", role.trust);
    }
}

#[test]
fn from_the_management_account_through_the_role_that_organizations_makes() {
    let mut world = World::new();
    world.act_as(&world.sandbox.cloud().management_credentials());
    ended(world.verb("apply", &[]), 3, "refused", "wrong-account");
    let more = ["--assume-role", "OrganizationAccountAccessRole"];
    ended(world.verb("apply", &more), 0, "imported", "");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn quick_trusts_turbots_list_and_says_so() {
    let world = World::new();
    ended(world.verb("apply", &["--quick"]), 0, "imported", "");
    let from = world.sandbox.log().len();
    let account = ended(world.verb("apply", &["--quick"]), 0, "already-imported", "");
    let calls = world.calls_since(from);
    assert!(calls.iter().all(|c| c.call.service == "turbot"), "{calls:#?}");
    assert!(account["warnings"][0].as_str().unwrap().contains("--quick"), "{account:#}");
    assert!(account["leftovers"].is_null(), "nobody looked");
}

#[test]
fn without_consent_nothing_is_changed_and_nothing_to_do_needs_none() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    let bare = ["apply", "--account-id", &world.account, "--turbot-id", "aab", "--output", "json"];
    let run = world.run(&bare);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    let account = ended(run, 2, "refused", "needs-consent");
    assert!(account["external_id"].is_null(), "what was only chosen is in force nowhere: {account:#}");
    untouched.never_touched();
    world.verb("apply", &[]).exits(0);
    ended(world.run(&bare), 0, "already-imported", "");
}

#[test]
fn the_audit_log_tells_every_effect_before_and_after_it() {
    use std::os::unix::fs::MetadataExt as _;
    let world = World::new();
    let from = world.sandbox.log().len();
    world.verb("apply", &["--audit-log", "audit.jsonl"]).exits(0);
    let path = world.path("audit.jsonl");
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(path).unwrap();
    let records: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |phase: &str, step: &str| records.iter().filter(|r| r["phase"] == phase && r["step"] == step).count();
    for step in ["create-role", "attach-policy", "import"] {
        assert_eq!((of("before", step), of("after", step)), (1, 1), "{step}: {text}");
    }
    // The journal is made, written as the run goes on, and removed: each time told twice.
    let written = |phase: &str, operation: &str| {
        let of_journal = records.iter().filter(|r| r["phase"] == phase && r["step"] == "journal");
        of_journal.filter(|r| r["operation"] == operation).count()
    };
    for (operation, times) in [("iam:CreatePolicy", 1..=1), ("iam:TagPolicy", 2..=9), ("iam:DeletePolicy", 1..=1)] {
        assert!(times.contains(&written("before", operation)), "{operation}: {text}");
        assert_eq!(written("before", operation), written("after", operation), "{operation}: {text}");
    }
    // AWS's own ids, by which its support and CloudTrail find the calls.
    let made = records.iter().find(|r| r["step"] == "create-role" && r["phase"] == "after").unwrap();
    let calls = world.calls_since(from);
    let call = calls.iter().find(|c| c.call.name == "iam:CreateRole").unwrap();
    assert_eq!(made["request_id"], call.request_id);
    assert_eq!(role_tag(&world, "x"), None);
}
