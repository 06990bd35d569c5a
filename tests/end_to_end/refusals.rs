//! What is refused before anything is changed, and what stops for AWS's or the settings' sake.

use onboard_sandbox::{AccountState, Blocker, Fault, KeyKind, Options, PolicyKind, Quotas, What};

use serde_json::{Value, json};

use crate::harness::{NAME, World};
use crate::scene::{BOTH, READ_ONLY, Untouched, ended, imported_and_kept, kept_and_gone_from_turbot, trust};

const OTHER: &str = "012345678901";

/// Nothing is changed, by the dry run as little as by the real one; the error says what is wrong.
#[track_caller]
fn refused(world: &World, more: &[&str], kind: &str, words: &str) -> Value {
    let untouched = Untouched::from_here(world);
    let mut last = Value::Null;
    for verb in ["plan", "apply"] {
        let account = ended(world.verb(verb, more), 3, "refused", kind);
        let said = account["error"].to_string();
        assert!(said.contains(words), "{words}: {said}");
        assert!(account["error"]["hint"].is_string(), "{account:#}");
        last = account;
    }
    untouched.never_touched();
    last
}

#[test]
fn the_wrong_account() {
    let mut world = World::new();
    let caller = std::mem::replace(&mut world.account, OTHER.to_owned());
    refused(&world, &[], "wrong-account", &caller);
    for verb in ["cleanup", "verify"] {
        ended(world.verb(verb, &[]), 3, "refused", "wrong-account");
    }
}

#[test]
fn the_root_user_and_with_consent_not() {
    let mut world = World::new();
    let root = world.sandbox.cloud().root_credentials(&world.account);
    world.act_as(&root);
    refused(&world, &[], "root-caller", "--allow-root");
    ended(world.verb("apply", &["--allow-root"]), 0, "imported", "");
}

#[test]
fn the_management_account_and_with_consent_not() {
    let mut world = World::new();
    world.enter(world.sandbox.cloud().management_account());
    refused(&world, &[], "management-account", "--allow-management-account");
    ended(world.verb("apply", &["--allow-management-account"]), 0, "imported", "");
}

#[test]
fn the_master_account_itself() {
    let mut world = World::new();
    world.enter(world.sandbox.cloud().master_account());
    refused(&world, &[], "master-account", "--allow-master-account");
    // With consent the plan is made.
    world.verb("plan", &["--allow-master-account", "--detailed-exitcode"]).exits(8);
}

#[test]
fn what_would_cross_partitions() {
    let world = World::new();
    refused(&world, &["--master-account-id", "arn:aws-cn:iam::210987654321:root"], "partition", "aws-cn");
    refused(&world, &["--policy-arn", "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"], "partition", "aws-us-gov");
    // Keys know no partition: that is the way across.
    let across = ["--with", "keys", "--master-account-id", "arn:aws-cn:iam::210987654321:root"];
    ended(world.verb("apply", &across), 0, "imported", "");
}

#[test]
fn conflicts_in_turbot_both_ways() {
    let world = World::new();
    world.sandbox.turbot().add_account("aab", OTHER, "theirs");
    refused(&world, &[], "conflict", OTHER);
    world.sandbox.turbot().remove_account("aab");
    world.sandbox.turbot().add_account("zzz", &world.account, "theirs");
    refused(&world, &[], "conflict", "zzz");
    for verb in ["maintenance show", "maintenance set full"] {
        let account = ended(world.verb(verb, &[]), 3, "refused", "conflict");
        assert!(account["maintenance"].is_null());
    }
    ended(world.verb("verify", &[]), 8, "differs", "");
}

#[test]
fn another_cluster() {
    let world = World::new();
    refused(&world, &["--cluster-id", "other"], "wrong-cluster", "urn:turbot:mhe");
}

#[test]
fn ours_for_another_id_cluster_or_master() {
    for with in BOTH {
        let mut world = World::new();
        kept_and_gone_from_turbot(&world, with);
        world.turbot_id = "aac".into();
        refused(&world, &["--with", with], "conflict", "aab");
        ended(world.verb("cleanup", &[]), 3, "refused", "conflict");
        world.turbot_id = "aab".into();
        world.sandbox.turbot().change(|turbot| turbot.cluster_id = "other".into());
        refused(&world, &["--with", with, "--cluster-id", "other"], "conflict", "urn:turbot:mhe");
    }
    let world = World::new();
    kept_and_gone_from_turbot(&world, "role");
    refused(&world, &["--master-account-id", OTHER], "conflict", "210987654321");
}

#[test]
fn a_path_cannot_be_changed_in_place() {
    for with in BOTH {
        let world = World::new();
        imported_and_kept(&world, with, &[]);
        let more = ["--with", with, "--delete-credential", "false", "--role-path", "/vendors/"];
        // What Turbot uses and is to keep is nothing that is left over.
        let account = refused(&world, &more, "cannot-converge", "/vendors/");
        assert_eq!(account["leftovers"], json!([]), "{account:#}");
    }
}

#[test]
fn no_more_than_fifty_tags() {
    let world = World::new();
    imported_and_kept(&world, "role", &[]);
    world.sandbox.cloud().edit_role(&world.account, NAME, |role| {
        role.tags.extend((0..45).map(|n| (format!("theirs-{n}"), "x".to_owned())));
    });
    let tags: Vec<String> = (0..4).map(|n| format!("--tag=ours-{n}=x")).collect();
    let mut more = vec!["--delete-credential", "false"];
    more.extend(tags.iter().map(String::as_str));
    refused(&world, &more, "cannot-converge", "50");
    // One fewer fits.
    world.verb("apply", &more[..more.len() - 2]).exits(0);
}

#[test]
fn a_user_with_our_tags_and_another_way_in() {
    type Staging = fn(&World);
    let ways: [(&str, Staging); 6] = [
        ("access key", |w| {
            let key = w.sandbox.cloud().add_key(&w.account, NAME);
            w.secrets.lock().unwrap().add(&key.secret_access_key);
        }),
        ("login profile", |w| w.sandbox.cloud().create_login_profile(&w.account, NAME)),
        ("MFA", |w| drop(w.sandbox.cloud().add_blocker(&w.account, NAME, Blocker::MfaDevice))),
        ("SSH", |w| drop(w.sandbox.cloud().add_blocker(&w.account, NAME, Blocker::SshKey))),
        ("inline policy", |w| {
            let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
            w.sandbox.cloud().put_user_policy(&w.account, NAME, "theirs", all);
        }),
        (READ_ONLY, |w| w.sandbox.cloud().edit_user(&w.account, NAME, |user| user.attached.push(READ_ONLY.into()))),
    ];
    for (words, stage) in ways {
        let world = World::new();
        // A user that carries our tags, and that no unfinished run speaks of. Its key is gone.
        kept_and_gone_from_turbot(&world, "keys");
        for key in world.sandbox.cloud().user(&world.account, NAME).unwrap().access_keys {
            world.sandbox.cloud().delete_access_key_force(&key.id);
        }
        stage(&world);
        refused(&world, &["--with", "keys"], "not-ours", words);
    }
    // The key of an earlier import is one that this run did not make, too.
    let world = World::new();
    kept_and_gone_from_turbot(&world, "keys");
    refused(&world, &["--with", "keys"], "not-ours", "access key");
}

#[test]
fn an_endpoint_that_is_not_awss() {
    let mut world = World::new();
    world.environment.insert("AWS_ENDPOINT_URL".into(), "https://192.0.2.1:1".into());
    for verb in ["plan", "apply", "cleanup", "verify"] {
        ended(world.verb(verb, &[]), 3, "refused", "endpoint");
    }
    assert_eq!(world.sandbox.log().iter().filter(|c| c.call.service != "turbot").count(), 0);
}

#[test]
fn a_turbot_key_that_may_not_look() {
    for (kind, words) in [(KeyKind::Expired, "expired"), (KeyKind::Inactive, "not activated")] {
        let mut world = World::new();
        world.use_turbot_key(kind);
        refused(&world, &[], "missing-right", words);
    }
    let mut world = World::new();
    world.environment.insert("TURBOT_SECRET_KEY".into(), "0dc1f4a2-0000-4000-8000-000000000000".into());
    refused(&world, &[], "missing-right", "TURBOT_SECRET_KEY");
}

#[test]
fn a_turbot_key_that_may_look_and_not_import_leaves_nothing() {
    for kind in [KeyKind::Metadata, KeyKind::Owner] {
        let mut world = World::new();
        world.use_turbot_key(kind);
        let untouched = Untouched::from_here(&world);
        let account = ended(world.verb("apply", &[]), 5, "refused", "turbot-refused");
        assert_eq!(account["import"], serde_json::json!({"requests": 1, "state": "refused"}));
        assert!(account["error"]["hint"].as_str().unwrap().contains("Turbot/Operator"), "{account:#}");
        untouched.restored();
    }
}

#[test]
fn aws_says_no_and_the_error_says_which_policy() {
    let arn = "arn:aws:organizations::999988887777:policy/o-1/service_control_policy/p-1";
    let deny = |action: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"{action}","Resource":"*"}}]}}"#)
    };
    for action in ["iam:CreatePolicy", "iam:CreateRole", "iam:AttachRolePolicy"] {
        let world = World::new();
        world.sandbox.cloud().set_scp(&world.account, &deny(action), arn);
        let untouched = Untouched::from_here(&world);
        let account = ended(world.verb("apply", &[]), 4, "failed", "denied");
        let hint = account["error"]["hint"].as_str().unwrap();
        assert!(hint.contains("service control policy") && hint.contains(arn), "{hint}");
        untouched.restored();
    }
    for (policy, words) in [
        (PolicyKind::Boundary, "permissions boundary"),
        (PolicyKind::Session, "session policy"),
        (PolicyKind::Identity, "own policies"),
        (PolicyKind::ResourceControl, "resource control policy"),
    ] {
        let world = World::new();
        world.sandbox.add_fault(Fault::new("iam:CreateRole", What::AccessDenied { policy, arn: None }).times(0));
        let account = ended(world.verb("apply", &[]), 4, "failed", "denied");
        assert!(account["error"]["hint"].as_str().unwrap().contains(words), "{account:#}");
        assert_eq!(world.left(), Vec::<String>::new());
    }
}

#[test]
fn aws_fails_otherwise() {
    let world =
        World::with(Options { quotas: Quotas { roles_per_account: 1, ..Quotas::default() }, ..Options::default() });
    let untouched = Untouched::from_here(&world);
    ended(world.verb("apply", &[]), 4, "failed", "quota");
    untouched.restored();

    let mut world = World::new();
    world.environment.insert("AWS_SECRET_ACCESS_KEY".into(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into());
    ended(world.verb("apply", &[]), 4, "failed", "credentials");
    world.environment.remove("AWS_SECRET_ACCESS_KEY");
    world.environment.remove("AWS_ACCESS_KEY_ID");
    ended(world.verb("apply", &[]), 4, "failed", "credentials");

    let world = World::new();
    world.sandbox.cloud().set_account_state(&world.account, AccountState::Suspended);
    world.verb("apply", &[]).exits(4);

    let world = World::new();
    world.sandbox.add_fault(Fault::new("iam:CreateRole", What::Throttle { retry_after: None }).times(0));
    let untouched = Untouched::from_here(&world);
    ended(world.verb("apply", &["--propagation", "1s"]), 4, "failed", "throttled");
    untouched.restored();
}

#[test]
fn turbot_cannot_be_looked_at() {
    let mut world = World::new();
    let untouched_url = world.environment["TURBOT_URL"].clone();
    // Nobody listens there: a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.environment.insert("TURBOT_URL".into(), format!("http://{free}"));
    ended(world.verb("apply", &[]), 5, "failed", "turbot-unreachable");
    world.environment.insert("TURBOT_URL".into(), untouched_url);
    for (what, kind) in [
        (What::Status { code: 302, body: String::new() }, "turbot-redirect"),
        (What::Unavailable, "turbot-unavailable"),
        (What::Html, "turbot-unavailable"),
        (What::Malformed, "turbot-unavailable"),
        (What::Status { code: 404, body: "{}".into() }, "turbot-unavailable"),
    ] {
        world.sandbox.clear_faults();
        world.sandbox.add_fault(Fault::new("turbot:GET /cluster", what.clone()).times(0));
        let untouched = Untouched::from_here(&world);
        let account = ended(world.verb("apply", &[]), 5, "failed", kind);
        assert_eq!(account["import"]["state"], "none", "{what:?}");
        untouched.never_touched();
    }
}

#[test]
fn plain_http_is_for_loopback_alone() {
    let mut world = World::new();
    world.environment.insert("TURBOT_URL".into(), "http://192.0.2.1".into());
    let run = world.verb("apply", &[]);
    assert!([2, 3, 5].contains(&run.code), "{}", run.said());
    assert!(run.stderr.contains("https"), "{}", run.said());
    assert_eq!(world.sandbox.log().iter().filter(|c| c.call.service == "turbot").count(), 0);
}

#[test]
fn a_role_that_trusts_nobody_of_ours_is_not_ours_by_its_name() {
    let world = World::new();
    world
        .sandbox
        .cloud()
        .create_role_unchecked(&world.account, NAME, "/", &trust("210987654321", Some("x")), &[])
        .unwrap();
    refused(&world, &[], "not-ours", "tags");
}
