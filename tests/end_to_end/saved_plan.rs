//! A plan that was saved and approved is what is carried out, or nothing is.

use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use onboard_core::{MaintenanceSpelling, RunId, Secret, Times};
use onboard_engine::{
    AwsAccess, Events, Job, Session, SessionSettings, StopSignal, TurbotAccess, plan, plan_document, write_plan,
};
use onboard_sandbox::{KeyKind, Moment};
use serde_json::{Value, json};

use crate::harness::{Finished, NAME, World};
use crate::scene::{BOTH, Untouched, ended, kept_and_gone_from_turbot};

const APPLY: [&str; 6] = ["apply", "--plan", "p.json", "--yes", "--output", "json"];

fn saved(world: &World, more: &[&str]) -> Value {
    let run = world.verb("plan", &[&["--out", "p.json"], more].concat()).exits(0);
    let text = std::fs::read_to_string(world.path("p.json")).unwrap();
    assert_eq!(world.path("p.json").metadata().unwrap().mode() & 0o777, 0o600);
    let (file, shown) = (serde_json::from_str::<Value>(&text).unwrap(), run.json());
    assert_eq!(file, shown, "what is shown is what is saved");
    file
}

fn apply(world: &World, more: &[&str]) -> Finished {
    world.run(&[&APPLY[..], &["-vvv"], more].concat())
}

/// The saved plan is refused, and nothing is touched.
#[track_caller]
fn refused(world: &World, more: &[&str], words: &str) {
    let untouched = Untouched::from_here(world);
    let run = apply(world, more);
    assert!(run.code == 3 && run.said().contains(words), "{}: {}{}", run.code, run.stdout, run.said());
    untouched.never_touched();
}

#[test]
fn it_is_carried_out_with_the_values_chosen_then() {
    for with in BOTH {
        let world = World::new();
        let plan = saved(&world, &["--with", with, "--title", "Data", "--tag", "team=data"]);
        // The account, the title and all else are the plan's to say.
        let account = ended(apply(&world, &[]), 0, "imported", "");
        assert_eq!(account["account_id"], world.account);
        if with == "role" {
            assert_eq!(account["external_id"], plan["accounts"][0]["chosen"]["external_id"]);
        }
        assert_eq!(world.sandbox.turbot().accounts()[0].title, "Data");
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

#[test]
fn it_is_consent_to_nothing_and_overwrites_nothing() {
    let world = World::new();
    saved(&world, &[]);
    let untouched = Untouched::from_here(&world);
    ended(world.run(&["apply", "--plan", "p.json", "--output", "json"]), 2, "refused", "needs-consent");
    let before = std::fs::read(world.path("p.json")).unwrap();
    world.verb("plan", &["--out", "p.json"]).exits(2);
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("link")).unwrap();
    world.verb("plan", &["--out", "link"]).exits(2);
    assert_eq!(std::fs::read(world.path("p.json")).unwrap(), before);
    assert!(!world.path("elsewhere").exists());
    untouched.never_touched();
}

#[test]
fn killed_at_any_step_it_resumes() {
    for (with, call) in [
        ("role", "iam:CreatePolicy"),
        ("role", "iam:CreateRole"),
        ("role", "iam:AttachRolePolicy"),
        ("keys", "iam:CreateUser"),
        ("keys", "iam:AttachUserPolicy"),
        ("role", "turbot:POST /accounts"),
    ] {
        let mut world = World::new();
        world.set("lease", "1s");
        let plan = saved(&world, &["--with", with]);
        let held = world.script().hold(call, Moment::AfterEffect, 1);
        let run = world.start(world.command(&APPLY));
        held.reached();
        run.kill(&world);
        held.release();
        let account = apply(&world, &[]).exits(0).account();
        let sent = call == "turbot:POST /accounts";
        assert_eq!(account["outcome"], if sent { "already-imported" } else { "imported" }, "{call}: {account:#}");
        if with == "role" && !sent {
            assert_eq!(account["external_id"], plan["accounts"][0]["chosen"]["external_id"]);
        }
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

#[test]
fn applied_twice_the_second_has_nothing_to_do() {
    let world = World::new();
    saved(&world, &[]);
    ended(apply(&world, &[]), 0, "imported", "");
    let untouched = Untouched::from_here(&world);
    ended(apply(&world, &[]), 0, "already-imported", "");
    untouched.never_touched();
}

#[test]
fn another_world_needs_another_plan() {
    // Something to do that the plan does not know.
    let world = World::new();
    kept_and_gone_from_turbot(&world, "role");
    saved(&world, &[]);
    world.sandbox.cloud().edit_role(&world.account, NAME, |role| role.description = Some("theirs".into()));
    let untouched = Untouched::from_here(&world);
    let account = ended(apply(&world, &[]), 3, "refused", "plan-again");
    let said = account["error"].to_string();
    assert!(said.contains("description") && said.contains("plan again"), "the difference is shown: {said}");
    untouched.never_touched();

    // Somebody else's role stands there now.
    let world = World::new();
    saved(&world, &[]);
    let trust = crate::scene::trust("012345678901", None);
    world.sandbox.cloud().create_role_unchecked(&world.account, NAME, "/", &trust, &[]).unwrap();
    refused(&world, &[], "not this tool's");

    // The id belongs to another account now.
    let world = World::new();
    saved(&world, &[]);
    world.sandbox.turbot().add_account("aab", "012345678901", "theirs");
    refused(&world, &[], "012345678901");
}

#[test]
fn changed_by_somebody_it_is_refused() {
    let world = World::new();
    saved(&world, &[]);
    let text = std::fs::read_to_string(world.path("p.json")).unwrap();
    let external_id = serde_json::from_str::<Value>(&text).unwrap()["accounts"][0]["chosen"]["external_id"].clone();
    for (from, to) in [
        ("\"title\": \"aab\"", "\"title\": \"abb\""),
        (external_id.as_str().unwrap(), "11111111-1111-4111-8111-111111111111"),
        ("\"max_session_duration\": 3600", "\"max_session_duration\": 43200"),
        ("hmac-sha256:", "hmac-sha256:0"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        std::fs::write(world.path("p.json"), text.replace(from, to)).unwrap();
        refused(&world, &[], "plan again");
    }
    // A longer life as well: the time it ends is sealed.
    let mut longer: Value = serde_json::from_str(&text).unwrap();
    longer["expires_at"] = json!("2099-01-01T00:00:00Z");
    std::fs::write(world.path("p.json"), longer.to_string()).unwrap();
    refused(&world, &[], "plan again");
    // The same document in another order and layout is the same plan.
    let reordered: std::collections::BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    std::fs::write(world.path("p.json"), serde_json::to_string(&reordered).unwrap()).unwrap();
    ended(apply(&world, &[]), 0, "imported", "");
}

#[test]
fn damaged_or_missing_it_is_2() {
    let world = World::new();
    saved(&world, &[]);
    let text = std::fs::read_to_string(world.path("p.json")).unwrap();
    for damaged in [&text[..text.len() / 2], "", "[]", "{}", &text.replace("plan/1", "plan/9")] {
        std::fs::write(world.path("p.json"), damaged).unwrap();
        let run = apply(&world, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.said());
    }
    std::fs::remove_file(world.path("p.json")).unwrap();
    assert_eq!(apply(&world, &[]).code, 2);
}

#[test]
fn it_is_for_the_turbot_account_and_settings_it_was_made_for() {
    let mut world = World::new();
    saved(&world, &[]);
    for more in [
        ["--account-id", "012345678901"],
        ["--turbot-id", "zzz"],
        ["--master-account-id", "012345678901"],
        ["--title", "Other"],
        ["--external-id", "mine"],
        ["--role-name", "other"],
        ["--delete-credential", "false"],
    ] {
        refused(&world, &more, "plan again");
    }
    // Another way to the same Turbot is another Turbot.
    let url = world.environment["TURBOT_URL"].clone();
    world.environment.insert("TURBOT_URL".into(), url.replace("127.0.0.1", "localhost"));
    refused(&world, &[], "plan again");
    world.environment.insert("TURBOT_URL".into(), url);
    // Sealed with another key of Turbot's.
    world.use_turbot_key(KeyKind::Operator);
    refused(&world, &[], "plan again");
    world.use_turbot_key(KeyKind::Admin);
    // The same values again say nothing else.
    let account = world.account.clone();
    ended(apply(&world, &["--account-id", &account, "--turbot-id", "aab"]), 0, "imported", "");
}

#[test]
fn with_credentials_of_another_account() {
    let mut world = World::new();
    saved(&world, &[]);
    world.act_as(&world.sandbox.cloud().admin_credentials("012345678901"));
    refused(&world, &[], "012345678901");
}

#[test]
fn after_a_day_it_is_over() {
    for (age, code) in [(SignedDuration::from_hours(23), 0), (SignedDuration::from_mins(24 * 60 + 1), 3)] {
        let world = World::new();
        let text = saved(&world, &[]);
        std::fs::remove_file(world.path("p.json")).unwrap();
        let wanted = serde_json::from_value(text["accounts"][0]["wanted"].clone()).unwrap();
        let of = |name: &str| world.environment[name].clone();
        let (secret, url) = (|| Secret::new(of("TURBOT_SECRET_KEY")), of("TURBOT_URL"));
        let none: Events = Arc::new(|_| {});
        let session = Session::new(SessionSettings {
            run: RunId::new("then").unwrap(),
            times: Times::default(),
            spelling: MaintenanceSpelling::default(),
            turbot: Some(TurbotAccess {
                url: url.clone(),
                access_key: of("TURBOT_ACCESS_KEY"),
                secret_key: secret(),
                ca_bundle: None,
            }),
            audit_log: None,
            take_over: false,
            quick: false,
            keep_on_failure: false,
            assume_not_sent: false,
            allowed_endpoint: None,
            events: none,
            stop: StopSignal::new(),
        })
        .unwrap();
        let given = onboard_engine::Given {
            access_key_id: of("AWS_ACCESS_KEY_ID").parse().unwrap(),
            secret: Arc::new(Secret::new(of("AWS_SECRET_ACCESS_KEY"))),
            session_token: None,
            endpoint: Some(world.sandbox.aws_url()),
        };
        let aws = AwsAccess { given: Some(given), region: Some("us-east-1".into()), ..AwsAccess::default() };
        let planned = world.block_on(plan(&session, &Job { wanted, aws })).unwrap();
        let made_at = Timestamp::now().checked_sub(age).unwrap();
        let document = plan_document(std::slice::from_ref(&planned), &[], &url, made_at, &secret());
        write_plan(&world.path("p.json"), &document).unwrap();
        let run = apply(&world, &[]).exits(code);
        assert_eq!(run.said().contains("expired"), code == 3, "{}", run.said());
        assert_eq!(world.effective_imports(), usize::from(code == 0));
    }
}
