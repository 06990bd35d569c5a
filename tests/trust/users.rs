//! A user that somebody made beforehand, with our tags and a way in of their own.

use onboard_sandbox::Moment;

use crate::harness::{NAME, World};
use crate::{our_tags, refused};

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn planted() -> World {
    let world = World::new();
    let (cloud, tags) = (world.sandbox.cloud(), our_tags(&world));
    cloud.create_user_unchecked(&world.account, NAME, "/", &[]);
    cloud.edit_user(&world.account, NAME, |user| user.tags = tags);
    world
}

#[test]
fn with_a_key_of_theirs() {
    let world = planted();
    let theirs = world.sandbox.cloud().add_key(&world.account, NAME);
    world.secrets.lock().unwrap().add(&theirs.secret_access_key);
    let account = refused(&world, 0, world.verb("apply", &["--with", "keys"]), 3, "not-ours");
    assert!(account["error"].to_string().contains("access key"), "{account:#}");
    let user = world.sandbox.cloud().user(&world.account, NAME).unwrap();
    assert_eq!(user.access_keys.len(), 1, "their key is theirs");
    assert!(user.attached.is_empty(), "administrator rights for a key of theirs");
}

#[test]
fn a_group_of_theirs() {
    let world = planted();
    world.sandbox.cloud().join_group(&world.account, NAME, "theirs");
    let account = refused(&world, 0, world.verb("apply", &["--with", "keys"]), 3, "not-ours");
    assert!(account["error"].to_string().contains("group"), "{account:#}");
}

#[test]
fn a_key_that_comes_after_the_look_is_never_given_administrator_rights_to_keep() {
    // Whoever may make keys in the account makes one while we work, at every effect in turn: it is found before the
    // hand-over, Turbot is sent nothing, and what we made goes. Theirs goes with the user.
    for at in ["iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey"] {
        let world = World::new();
        let (cloud, account) = (world.sandbox.cloud().clone(), world.account.clone());
        world.script().at(at, Moment::AfterEffect, 1, move || drop(cloud.add_key(&account, NAME)));
        let run = world.verb("apply", &["--with", "keys"]);
        let report = run.account();
        assert_ne!(run.code, 0, "{at}: {report:#}");
        assert_eq!(world.sandbox.turbot().imports().len(), 0, "{at}: it was handed over beside a key of theirs");
        let user = world.sandbox.cloud().user(&world.account, NAME);
        let rights = user.is_some_and(|user| user.attached.iter().any(|arn| arn == ADMINISTRATOR));
        assert!(!rights || report["leftovers"].to_string().contains("user"), "{at}: {report:#}");
    }
}
