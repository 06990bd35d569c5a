//! `--verify-as`: before the role is handed over, the master account itself shows that the external ID is asked for.

use onboard_sandbox::{Credentials, Fault, Moment, PolicyKind, What};

use crate::harness::{NAME, World};
use crate::scene::{Untouched, ended, trust};

/// A credentials file with a profile of that name.
fn profile(world: &World, name: &str, credentials: &Credentials) {
    let folder = world.path(".aws");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        credentials.access_key_id, credentials.secret_access_key
    );
    std::fs::write(folder.join("credentials"), text).unwrap();
    let mut secrets = world.secrets.lock().unwrap();
    secrets.add(&credentials.secret_access_key);
    secrets.allow_file(&folder.join("credentials"));
}

fn with_master() -> World {
    let world = World::new();
    profile(&world, "master", &world.sandbox.cloud().master_credentials());
    world
}

/// How the master account's attempts to assume the role before the hand-over ended.
fn attempts(world: &World) -> Vec<u16> {
    world.sandbox.log().iter().filter(|c| c.call.name == "sts:AssumeRole").map(|c| c.status).collect()
}

#[test]
fn shown_to_be_asked_for_and_then_imported() {
    let world = with_master();
    let account = ended(world.verb("apply", &["--verify-as", "master"]), 0, "imported", "");
    // With it, without it, with a wrong one.
    assert_eq!(attempts(&world), [200, 403, 403]);
    let calls = world.sandbox.log();
    let last = calls.iter().rposition(|c| c.call.name == "sts:AssumeRole").unwrap();
    let import = calls.iter().position(|c| c.call.name == "turbot:POST /accounts").unwrap();
    assert!(last < import, "proved before the hand-over");
    // The session that was shown to be possible could do nothing and was short.
    let assumed = calls.iter().find(|c| c.call.name == "sts:AssumeRole").unwrap();
    let given = |name: &str| assumed.call.params.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    assert_eq!(given("DurationSeconds").as_deref(), Some("900"));
    assert!(given("Policy").unwrap().contains("Deny"), "{assumed:#?}");
    assert_eq!(given("ExternalId").as_deref(), account["external_id"].as_str());
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn a_profile_of_another_account_proves_nothing() {
    let world = World::new();
    profile(&world, "other", &world.sandbox.cloud().admin_credentials("012345678901"));
    let untouched = Untouched::from_here(&world);
    let account = ended(world.verb("apply", &["--verify-as", "other"]), 3, "refused", "external-id-unproved");
    assert!(account["error"]["message"].as_str().unwrap().contains("012345678901"), "{account:#}");
    untouched.restored();
    assert_eq!(world.sandbox.turbot().imports().len(), 0);
}

#[test]
fn a_profile_that_is_not_there() {
    let world = with_master();
    let untouched = Untouched::from_here(&world);
    world.verb("apply", &["--verify-as", "nobody"]).exits(4);
    untouched.restored();
}

#[test]
fn a_role_that_can_be_assumed_without_it_is_never_handed_over() {
    let world = with_master();
    let untouched = Untouched::from_here(&world);
    let (cloud, account) = (world.sandbox.cloud().clone(), world.account.clone());
    // Somebody opens the role between the read-back and the proof.
    world.script().at("sts:AssumeRole", Moment::AfterEffect, 1, move || {
        cloud.set_trust(&account, NAME, &trust("210987654321", None)).unwrap();
    });
    let account = ended(world.verb("apply", &["--verify-as", "master"]), 3, "refused", "external-id-unproved");
    assert_eq!(account["import"]["state"], "none");
    assert_eq!(world.sandbox.turbot().imports().len(), 0);
    untouched.restored();
}

/// One that asks for an external ID, and takes any.
#[test]
fn a_role_that_takes_a_wrong_one_is_never_handed_over() {
    let world = with_master();
    let untouched = Untouched::from_here(&world);
    let (cloud, account) = (world.sandbox.cloud().clone(), world.account.clone());
    let any = trust("210987654321", Some("x")).replace("StringEquals", "StringLike").replace("\"x\"", "\"*\"");
    world.script().at("sts:AssumeRole", Moment::AfterEffect, 1, move || cloud.set_trust(&account, NAME, &any).unwrap());
    let account = ended(world.verb("apply", &["--verify-as", "master"]), 3, "refused", "external-id-unproved");
    assert_eq!(attempts(&world), [200, 403, 200]);
    assert!(account["error"].to_string().contains("wrong"), "{account:#}");
    assert_eq!(world.sandbox.turbot().imports().len(), 0);
    untouched.restored();
}

#[test]
fn a_master_account_that_may_not_assume_roles() {
    let world = with_master();
    let untouched = Untouched::from_here(&world);
    let denied = What::AccessDenied { policy: PolicyKind::ResourceControl, arn: Some("arn:aws:x".into()) };
    world.sandbox.add_fault(Fault::new("sts:AssumeRole", denied).times(0));
    let account = ended(world.verb("apply", &["--verify-as", "master"]), 3, "refused", "external-id-unproved");
    assert!(account["error"]["hint"].as_str().unwrap().contains("resource control policy"), "{account:#}");
    untouched.restored();
}
