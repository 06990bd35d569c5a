//! A Turbot key that may not list: it proves no absence, so nothing is deleted and nothing sent twice on its word.

use onboard_sandbox::{Fault, KeyKind, What};

use crate::harness::{NAME, World};

#[test]
fn it_deletes_no_key_whose_secret_was_lost() {
    let mut world = World::new();
    let held = world.script().hold("iam:CreateAccessKey", onboard_sandbox::Moment::AfterEffect, 1);
    let account = world.account.clone();
    let begun = ["apply", "--account-id", &account, "--turbot-id", "aab", "--with", "keys", "--yes"];
    let running = world.start(world.command(&begun));
    held.reached();
    running.kill(&world);
    held.release();
    let keys = |world: &World| world.sandbox.cloud().user(&world.account, NAME).map(|u| u.access_keys);
    let before = keys(&world).unwrap();
    assert_eq!(before.len(), 1);
    world.use_turbot_key(KeyKind::NoListing);
    let run = world.verb("apply", &["--with", "keys", "--take-over"]);
    assert_ne!(run.code, 0, "{}", run.stdout);
    assert_eq!(
        keys(&world).unwrap_or_default(),
        before,
        "a key was deleted although its absence in Turbot is not proved"
    );
    // With a key that may list, the same command ends well.
    world.use_turbot_key(KeyKind::Operator);
    world.verb("apply", &["--with", "keys", "--take-over"]).exits(0);
    assert_eq!((world.effective_imports(), world.left()), (1, vec![]));
}

#[test]
fn it_sends_nothing_twice() {
    let mut world = World::new();
    world.use_turbot_key(KeyKind::NoListing);
    world.sandbox.add_fault(Fault::new("turbot:POST /accounts", What::Reset));
    let first = world.verb("apply", &[]).exits(6).account();
    assert_eq!(first["import"]["requests"], 1, "{first:#}");
    // Long after the settle time: whether the first one is in cannot be seen with this key.
    let again = world.verb("apply", &["--take-over"]).exits(6).account();
    assert_eq!(again["import"]["requests"], 0, "{again:#}");
    assert_eq!(again["error"]["kind"], "unknown-outcome", "{again:#}");
    assert_eq!(world.sandbox.counts()["turbot:POST /accounts"], 1);
}
