//! What somebody changed meanwhile is shown, and brought back in place; a second run then has nothing to do.

use serde_json::{Value, json};

use crate::harness::{NAME, World};
use crate::scene::{ADMINISTRATOR, READ_ONLY, Untouched, ended, imported_and_kept, kept_and_gone_from_turbot, trust};

const KEEP: [&str; 2] = ["--delete-credential", "false"];

/// The names of the steps that a plan shows.
fn planned(world: &World, more: &[&str]) -> Vec<String> {
    let plan = world.verb("plan", more).json();
    plan["accounts"][0]["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap().to_owned()).collect()
}

/// The step that is planned against a drift, and what somebody does.
type Drift = (&'static str, fn(&World));

fn role_drifts() -> Vec<Drift> {
    fn edit(world: &World, edit: impl FnOnce(&mut onboard_sandbox::Editable)) {
        world.sandbox.cloud().edit_role(&world.account, NAME, edit);
    }
    vec![
        ("attach-policy", |w| edit(w, |r| r.attached.clear())),
        ("tag", |w| edit(w, |r| r.tags.retain(|(k, _)| k != "team"))),
        ("tag", |w| edit(w, |r| r.tags.iter_mut().filter(|(k, _)| k == "team").for_each(|t| t.1 = "sales".into()))),
        ("update-role", |w| edit(w, |r| r.description = Some("mine".into()))),
        ("update-role", |w| edit(w, |r| r.max_session_duration = 43_200)),
        ("set-permissions-boundary", |w| edit(w, |r| r.boundary = Some(READ_ONLY.into()))),
    ]
}

#[test]
fn a_role_that_drifted_is_brought_back_in_place() {
    for (step, drift) in role_drifts() {
        let world = World::new();
        let wanted = ["--delete-credential", "false", "--tag", "team=data"];
        imported_and_kept(&world, "role", &["--tag", "team=data"]);
        let (before, id) = (world.sandbox.cloud().snapshot(&world.account), unique_id(&world));
        drift(&world);
        assert!(planned(&world, &wanted).contains(&step.to_owned()), "{step}");
        world.verb("plan", &[&wanted[..], &["--detailed-exitcode"]].concat()).exits(8);
        let account = ended(world.verb("verify", &wanted), 8, "differs", "");
        assert_eq!(account["differences"][0]["what"], format!("aws.{step}"), "{account:#}");
        ended(world.verb("apply", &wanted), 0, "already-imported", "");
        assert_eq!(world.sandbox.cloud().snapshot(&world.account), before, "{step}");
        assert_eq!((unique_id(&world), world.effective_imports()), (id, 1));
        world.verb("plan", &[&wanted[..], &["--detailed-exitcode"]].concat()).exits(0);
        ended(world.verb("verify", &wanted), 0, "matches", "");
    }
}

fn unique_id(world: &World) -> String {
    world.sandbox.cloud().role(&world.account, NAME).unwrap().unique_id
}

#[test]
fn a_trust_policy_that_drifted_is_written_anew_before_anything_is_granted() {
    let master = "210987654321";
    let second = {
        let mut document: Value = serde_json::from_str(&trust(master, Some("kept"))).unwrap();
        let other: Value = serde_json::from_str(&trust("012345678901", None)).unwrap();
        document["Statement"].as_array_mut().unwrap().push(other["Statement"][0].clone());
        document.to_string()
    };
    for drifted in [trust(master, None), second] {
        let world = World::new();
        kept_and_gone_from_turbot(&world, "role");
        let cloud = world.sandbox.cloud().clone();
        cloud.set_trust(&world.account, NAME, &drifted).unwrap();
        cloud.edit_role(&world.account, NAME, |role| role.attached.clear());
        // Whoever else may assume it must not find administrator rights there, not for a moment.
        let (seen, account) = (std::sync::Arc::new(std::sync::Mutex::new(String::new())), world.account.clone());
        let writes = seen.clone();
        world.script().at("iam:AttachRolePolicy", onboard_sandbox::Moment::Before, 1, move || {
            *writes.lock().unwrap() = cloud.role(&account, NAME).unwrap().trust;
        });
        let report = ended(world.verb("apply", &KEEP), 0, "imported", "");
        let at_the_grant: Value = serde_json::from_str(&seen.lock().unwrap()).unwrap();
        let statements = at_the_grant["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1, "{at_the_grant:#}");
        assert_eq!(statements[0]["Principal"], json!({"AWS": format!("arn:aws:iam::{master}:root")}));
        let condition = json!({"StringEquals": {"sts:ExternalId": report["external_id"]}});
        assert_eq!(statements[0]["Condition"], condition);
    }
}

#[test]
fn an_external_id_that_stands_is_kept() {
    let world = World::new();
    kept_and_gone_from_turbot(&world, "role");
    world.sandbox.cloud().set_trust(&world.account, NAME, &trust("210987654321", Some("theirs:1"))).unwrap();
    let account = ended(world.verb("apply", &[]), 0, "imported", "");
    assert_eq!(account["external_id"], "theirs:1");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn a_user_that_drifted_is_brought_back_in_place() {
    type Drift = fn(&mut onboard_sandbox::Editable);
    let drifts: [(&str, Drift); 3] = [
        ("attach-policy", |u| u.attached.clear()),
        ("tag", |u| u.tags.retain(|(k, _)| k != "team")),
        ("set-permissions-boundary", |u| u.boundary = Some(READ_ONLY.into())),
    ];
    for (step, drift) in drifts {
        let world = World::new();
        let wanted = ["--with", "keys", "--delete-credential", "false", "--tag", "team=data"];
        imported_and_kept(&world, "keys", &["--tag", "team=data"]);
        let before = world.sandbox.cloud().snapshot(&world.account);
        world.sandbox.cloud().edit_user(&world.account, NAME, drift);
        assert!(planned(&world, &wanted).contains(&step.to_owned()), "{step}");
        ended(world.verb("apply", &wanted), 0, "already-imported", "");
        // The key that Turbot has is the same one.
        assert_eq!(world.sandbox.cloud().snapshot(&world.account), before, "{step}");
        ended(world.verb("verify", &wanted), 0, "matches", "");
    }
}

#[test]
fn more_than_is_wanted_stays_and_is_told() {
    let world = World::new();
    imported_and_kept(&world, "role", &[]);
    world.sandbox.cloud().edit_role(&world.account, NAME, |role| role.attached.push(READ_ONLY.into()));
    let untouched = Untouched::from_here(&world);
    let account = ended(world.verb("apply", &KEEP), 0, "already-imported", "");
    assert!(account["warnings"][0].as_str().unwrap().contains(READ_ONLY), "{account:#}");
    untouched.never_touched();
    assert_eq!(world.sandbox.cloud().role(&world.account, NAME).unwrap().attached, [ADMINISTRATOR, READ_ONLY]);
}

#[test]
fn a_credential_that_is_not_to_be_kept_is_told_and_not_converged() {
    for with in ["role", "keys"] {
        let world = World::new();
        imported_and_kept(&world, with, &[]);
        let untouched = Untouched::from_here(&world);
        let account = ended(world.verb("apply", &["--with", with]), 0, "already-imported", "");
        let left = &account["leftovers"][0];
        assert_eq!(left["kind"], if with == "role" { "role" } else { "user" }, "{account:#}");
        ended(world.verb("verify", &["--with", with]), 8, "differs", "");
        untouched.never_touched();
        // The command that the report names does it.
        let command = left["remove_with"].as_str().unwrap().replace("turbot-onboard ", "");
        let words: Vec<&str> = command.split(' ').chain(["--yes", "--output", "json"]).collect();
        ended(world.run(&words), 0, "done", "");
        assert_eq!(world.left(), Vec::<String>::new());
    }
}
