//! From an organization to a manifest, and from there to Turbot; and both in one go.

use onboard_sandbox::{AccountState, Options};
use serde_json::Value;

use crate::harness::World;
use crate::scene::{ROLE, many, of, organization, outcomes};

fn world(accounts: usize) -> World {
    let mut world = organization(Options { organization_extras: true, ..many(accounts) });
    world.set("turbot-id-template", "{name}");
    world
}

fn ids(manifest: &Value, key: &str) -> Vec<String> {
    let accounts = manifest["accounts"].as_array().unwrap();
    accounts.iter().map(|account| account[key].as_str().unwrap_or_default().to_owned()).collect()
}

fn why(manifest: &Value, account: &str) -> String {
    let left = manifest["left_out"].as_array().unwrap();
    let found = left.iter().find(|left| left["account_id"] == account);
    found.map(|left| left["why"].as_str().unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn discover_then_apply_then_verify() {
    let world = world(25);
    let said = world.run(&["discover", "--out", "accounts.csv"]).exits(0);
    assert_eq!(said.stdout, "");
    let text = std::fs::read_to_string(world.path("accounts.csv")).unwrap();
    assert!(text.starts_with("account_id,turbot_id,title,assume_role\n"), "{text}");
    assert!(text.contains("(SUSPENDED)") && text.contains("(PENDING_ACTIVATION)"), "{text}");
    // Never over another file.
    world.run(&["discover", "--out", "accounts.csv"]).exits(2);
    let apply = ["apply", "--manifest", "accounts.csv", "--yes", "--output", "json"];
    let done = world.run(&apply).exits(0).json();
    assert_eq!(outcomes(&done), of(&[("imported", 25)]));
    let verify = ["verify", "--manifest", "accounts.csv", "--output", "json"];
    assert_eq!(outcomes(&world.run(&verify).exits(0).json()), of(&[("matches", 25)]));
    // Listed anew, everybody keeps the id it has.
    let again = world.run(&["discover", "--output", "json", "--turbot-id-template", "new-{number}"]).exits(0);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert!(ids(&again, "turbot_id").iter().all(|id| !id.starts_with("new-")), "{again:#}");
}

#[test]
fn the_organization_in_one_go() {
    let world = world(6);
    let apply = ["apply", "--organization", "--yes", "--output", "json", "--exclude", "member-6"];
    let run = world.run(&apply).exits(0);
    assert_eq!(outcomes(&run.json()), of(&[("imported", 5)]));
    assert!(run.stderr.contains("is left out: excluded by member-6"), "{}", run.stderr);
    assert!(run.stderr.contains("it is the management account: consent with --allow-management-account"));
    let verify = ["verify", "--organization", "--output", "json", "--exclude", "member-6"];
    assert_eq!(outcomes(&world.run(&verify).exits(0).json()), of(&[("matches", 5)]));
    world.run(&["verify", "--organization", "--manifest", "x.csv"]).exits(2);
}

#[test]
fn units_states_and_consents() {
    let world = world(6);
    let discover = |more: &[&str]| -> Value {
        let run = world.run(&[&["discover", "--output", "json"], more].concat()).exits(0);
        serde_json::from_str(&run.stdout).unwrap()
    };
    let cloud = world.sandbox.cloud();
    let closed = cloud.member(2);
    cloud.set_account_state(&closed, AccountState::Closed);
    let all = discover(&[]);
    assert_eq!(ids(&all, "account_id").len(), 5);
    assert_eq!(why(&all, &closed), "it is closed (CLOSED)");
    assert!(why(&all, cloud.management_account()).contains("management account"));
    assert_eq!(ids(&discover(&["--allow-management-account"]), "account_id").len(), 6);
    // The units are told by the accounts' paths: no tree is walked.
    let none = discover(&["--ou", "ou-none-00000000"]);
    assert_eq!(ids(&none, "account_id").len(), 0);
    assert!(!world.sandbox.counts().keys().any(|call| call.contains("ForParent") || call.contains("ListTags")));
    cloud.set_account_tags(&cloud.member(0), &[("Team", "data"), ("aws:x", "y")]);
    let tagged = discover(&["--tags"]);
    let first = tagged["accounts"].as_array().unwrap().iter().find(|a| a["account_id"] == cloud.member(0)).unwrap();
    assert_eq!(first["tag"], serde_json::json!(["Team=data"]));
}

#[test]
fn the_first_role_that_can_be_assumed_serves_and_is_named() {
    let world = world(3);
    let cloud = world.sandbox.cloud();
    let account = cloud.member(1);
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"sts:AssumeRole"}}]}}"#,
        cloud.management_account()
    );
    assert!(cloud.delete_role_force(&account, ROLE));
    let administrator = ["arn:aws:iam::aws:policy/AdministratorAccess"];
    cloud.create_role_unchecked(&account, "AWSControlTowerExecution", "/", &trust, &administrator).unwrap();
    let lost = cloud.member(2);
    assert!(cloud.delete_role_force(&lost, ROLE));
    let apply = ["apply", "--organization", "--yes", "--output", "json"];
    let done = world.run(&apply).exits(7).json();
    assert_eq!(outcomes(&done), of(&[("imported", 2), ("failed", 1)]));
    let of_account = |id: &str| {
        done["accounts"].as_array().unwrap().iter().find(|account| account["account_id"] == id).unwrap().clone()
    };
    let note = "entered by the role AWSControlTowerExecution: OrganizationAccountAccessRole could not be assumed";
    assert_eq!(of_account(&account)["warnings"][0], note);
    let error = &of_account(&lost)["error"];
    assert_eq!(error["kind"], "denied");
    assert!(error["hint"].as_str().unwrap().contains("OrganizationAccountAccessRole, AWSControlTowerExecution"));
}

#[test]
fn whoever_may_not_list_is_told_who_may() {
    let mut world = world(2);
    let member = world.sandbox.cloud().member(0);
    world.enter(&member);
    let run = world.run(&["discover"]).exits(4);
    assert!(run.stderr.contains("management account or of a delegated administrator"), "{}", run.stderr);
    world.run(&["apply", "--organization", "--yes"]).exits(4);
    world.run(&["discover", "--turbot-id-template", "same"]).exits(2);
    world.run(&["discover", "--out", "accounts.txt"]).exits(2);
}
