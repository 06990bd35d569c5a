//! From the log alone: what the runs did, and what stands of it. Held against what really stands.

use std::collections::{BTreeMap, BTreeSet};

use onboard_sandbox::{Fault, What};
use serde_json::Value;

use crate::harness::{NAME, World};
use crate::log;

/// What a reader of a log knows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Story {
    /// Roles and users made, by `role <name>`, with their unique ids.
    principals: BTreeMap<String, String>,
    /// Policies attached, by principal.
    attached: BTreeMap<String, BTreeSet<String>>,
    /// Access keys.
    keys: BTreeSet<String>,
    /// What Turbot took: the credential, and whether it was to delete it.
    imported: Vec<Value>,
    /// Why Turbot refused.
    refused: Vec<String>,
    /// Journal objects.
    journals: i32,
}

impl Story {
    fn of(records: &[Value]) -> Self {
        let mut story = Self::default();
        for (before, after) in log::pairs(records) {
            let (target, made) = (log::text(after, "target").to_owned(), log::text(after, "made").to_owned());
            let done = after["outcome"] == "done";
            match log::text(after, "operation") {
                "turbot:import" if done => story.imported.push(before["becomes"].clone()),
                "turbot:import" => story.refused.push(log::text(after, "error").to_owned()),
                _ if !done => {}
                "iam:CreatePolicy" => story.journals += 1,
                "iam:DeletePolicy" => story.journals -= 1,
                "iam:CreateRole" | "iam:CreateUser" => {
                    story.principals.insert(target, made);
                }
                "iam:DeleteRole" | "iam:DeleteUser" => {
                    story.principals.remove(&target);
                    story.attached.remove(&target);
                }
                "iam:AttachRolePolicy" | "iam:AttachUserPolicy" => {
                    story.attached.entry(target).or_default().insert(log::text(before, "becomes").to_owned());
                }
                "iam:DetachRolePolicy" | "iam:DetachUserPolicy" => {
                    story.attached.entry(target).or_default().remove(log::text(before, "was"));
                }
                "iam:CreateAccessKey" => {
                    story.keys.insert(made);
                }
                "iam:DeleteAccessKey" => {
                    story.keys.remove(log::text(before, "was"));
                }
                "iam:TagPolicy" | "iam:UntagPolicy" | "iam:UpdateAccessKey" | "handoff:give" => {}
                other => panic!("the log speaks of {other}"),
            }
        }
        story.attached.retain(|_, policies| !policies.is_empty());
        story
    }

    /// What really stands, beside what Turbot said.
    fn of_the_world(world: &World) -> Self {
        let cloud = world.sandbox.cloud();
        let journals = cloud.policies(&world.account).iter().filter(|p| p.path == "/turbot-onboard/").count();
        let mut story = Self { journals: i32::try_from(journals).unwrap(), ..Self::default() };
        if let Some(role) = cloud.role(&world.account, NAME) {
            let name = format!("role {NAME}");
            story.principals.insert(name.clone(), role.unique_id);
            story.attached.insert(name, role.attached.into_iter().collect());
        }
        if let Some(user) = cloud.user(&world.account, NAME) {
            let name = format!("user {NAME}");
            story.principals.insert(name.clone(), user.unique_id);
            story.attached.insert(name, user.attached.into_iter().collect());
            story.keys = user.access_keys.into_iter().map(|key| key.id).collect();
        }
        story.attached.retain(|_, policies| !policies.is_empty());
        story
    }
}

/// Tells the story of everything so far, and what stands is as it says.
#[track_caller]
fn told(world: &World) -> Story {
    let story = Story::of(&log::of(world));
    let truth = Story::of_the_world(world);
    assert_eq!(
        (&story.principals, &story.attached, &story.keys, story.journals),
        (&truth.principals, &truth.attached, &truth.keys, truth.journals)
    );
    story
}

#[test]
fn of_a_role_that_stays_and_goes() {
    let world = World::new();
    world.verb("apply", &["--delete-credential", "false"]).exits(0);
    let story = told(&world);
    let arn = world.sandbox.cloud().role(&world.account, NAME).unwrap().arn;
    assert_eq!(story.imported.len(), 1);
    assert_eq!(
        (&story.imported[0]["credential"]["role_arn"], &story.imported[0]["delete_credential"]),
        (&Value::from(arn), &Value::from(false))
    );
    assert_eq!(story.principals.len(), 1);
    world.verb("cleanup", &[]).exits(0);
    assert_eq!(told(&world).principals.len(), 0);
}

#[test]
fn of_keys_handed_over_and_imported() {
    let world = World::new();
    let file = world.path("handoff.json");
    world.secrets.lock().unwrap().allow_file(&file);
    let file = file.to_str().unwrap();
    world.verb("bootstrap", &["--with", "keys", "--delete-credential", "false", "--handoff", file]).exits(0);
    let story = told(&world);
    assert_eq!((story.keys.len(), story.imported.len()), (1, 0));
    world.run(&["import", "--handoff", file, "--yes", "--output", "json", "-vvv"]).exits(0);
    let story = told(&world);
    let key = story.keys.first().unwrap();
    assert_eq!(story.imported[0]["credential"]["access_key_id"], key.as_str());
}

#[test]
fn of_what_was_refused_and_undone() {
    for with in ["role", "keys"] {
        let world = World::new();
        let refusal = What::Status { code: 400, body: r#"{"code":400,"message":"no such luck"}"#.into() };
        world.sandbox.add_fault(Fault::new("turbot:POST /accounts", refusal));
        world.verb("apply", &["--with", with]).exits(5);
        let story = told(&world);
        assert_eq!(story.refused, ["HTTP 400: no such luck"]);
        assert_eq!((story.principals.len(), story.imported.len()), (0, 0));
        let done =
            log::of(&world).iter().filter(|r| r["outcome"] == "done" && r["operation"] == "iam:CreatePolicy").count();
        assert_eq!(done, 1, "that something was made and taken back is told");
    }
}
