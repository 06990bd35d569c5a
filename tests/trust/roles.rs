//! A role that somebody made beforehand, with our tags, for more than Turbot to assume.

use std::sync::{Arc, Mutex};

use onboard_sandbox::Moment;
use serde_json::{Value, json};

use crate::harness::{NAME, World};
use crate::our_tags;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const OTHER: &str = "012345678901";

fn allow(account: &str, condition: Option<Value>) -> Value {
    let mut statement = json!({
        "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")}, "Action": "sts:AssumeRole",
    });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

/// Trust policies that let in more than the master account under one external id.
fn weak(master: &str) -> Vec<(&'static str, Vec<Value>)> {
    let good = || allow(master, Some(json!({"StringEquals": {"sts:ExternalId": "kept"}})));
    let with = |condition: Value| vec![allow(master, Some(condition))];
    vec![
        ("a second statement", vec![good(), allow(OTHER, None)]),
        ("a second statement for the same account, without the external id", vec![good(), allow(master, None)]),
        ("no external id", vec![allow(master, None)]),
        ("a pattern", with(json!({"StringLike": {"sts:ExternalId": "*"}}))),
        ("only if it is given", with(json!({"StringEqualsIfExists": {"sts:ExternalId": "kept"}}))),
        ("one of several", with(json!({"StringEquals": {"sts:ExternalId": ["kept", "theirs"]}}))),
        ("any but one", with(json!({"StringNotEquals": {"sts:ExternalId": "other"}}))),
        ("another key", with(json!({"StringEquals": {"aws:PrincipalAccount": master}}))),
        (
            "anybody",
            vec![{
                let mut statement = good();
                statement["Principal"] = json!({"AWS": "*"});
                statement
            }],
        ),
        (
            "two accounts",
            vec![{
                let mut statement = good();
                statement["Principal"] = json!({"AWS": [master, OTHER]});
                statement
            }],
        ),
    ]
}

#[test]
fn its_trust_policy_is_exact_before_rights_are_granted_and_before_it_is_handed_over() {
    for (what, statements) in weak("210987654321") {
        for granted in [false, true] {
            let world = World::new();
            let cloud = world.sandbox.cloud().clone();
            let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
            let rights: &[&str] = if granted { &[ADMINISTRATOR] } else { &[] };
            cloud.create_role_unchecked(&world.account, NAME, "/", &document, rights).unwrap();
            let tags = our_tags(&world);
            cloud.edit_role(&world.account, NAME, |role| role.tags = tags);
            let seen = Arc::new(Mutex::new(Vec::new()));
            for call in ["iam:AttachRolePolicy", "turbot:POST /accounts"] {
                let (cloud, account, seen) = (cloud.clone(), world.account.clone(), seen.clone());
                world.script().at(call, Moment::Before, 1, move || {
                    seen.lock().unwrap().push(cloud.role(&account, NAME).unwrap().trust);
                });
            }
            let report = world.verb("apply", &[]).exits(0).account();
            let seen = seen.lock().unwrap();
            assert_eq!(seen.len(), if granted { 1 } else { 2 }, "{what}");
            for trust in seen.iter() {
                let trust: Value = serde_json::from_str(trust).unwrap();
                let statements = trust["Statement"].as_array().unwrap();
                assert_eq!(statements.len(), 1, "{what}: {trust:#}");
                assert_eq!(statements[0]["Principal"], json!({"AWS": "arn:aws:iam::210987654321:root"}), "{what}");
                let condition = json!({"StringEquals": {"sts:ExternalId": report["external_id"]}});
                assert_eq!(statements[0]["Condition"], condition, "{what}");
            }
            let id = report["external_id"].as_str().unwrap();
            assert!(!["kept", "theirs", "*"].contains(&id), "{what}: an id that others know was kept");
        }
    }
}

#[test]
fn a_trust_policy_that_is_changed_after_it_was_written_is_found_before_the_grant() {
    let world = World::new();
    let (cloud, account) = (world.sandbox.cloud().clone(), world.account.clone());
    let theirs = json!({"Version": "2012-10-17", "Statement": [allow(OTHER, None)]}).to_string();
    world.script().at("iam:CreateRole", Moment::AfterEffect, 1, move || {
        cloud.set_trust(&account, NAME, &theirs).unwrap();
    });
    let (cloud, account) = (world.sandbox.cloud().clone(), world.account.clone());
    let at_the_grant = Arc::new(Mutex::new(None));
    let seen = at_the_grant.clone();
    world.script().at("iam:AttachRolePolicy", Moment::Before, 1, move || {
        *seen.lock().unwrap() = Some(cloud.role(&account, NAME).unwrap().trust);
    });
    world.verb("apply", &[]);
    if let Some(trust) = at_the_grant.lock().unwrap().as_deref() {
        assert!(!trust.contains(OTHER), "administrator rights for a role that others may assume: {trust}");
    }
}
