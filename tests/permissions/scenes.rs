//! Scenes that need every permission of a verb between them: fresh accounts, refusals, what somebody else made, drift,
//! and what unfinished runs left.

use std::time::Duration;

use onboard_sandbox::{Fault, Moment, PolicyKind, What};
use serde_json::json;

use crate::harness::{NAME, World};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
/// The worlds' lease, and a little.
const LEASE: Duration = Duration::from_millis(1200);
const TWO_POLICIES: &[&str] = &["--policy-arn", READ_ONLY, "--policy-arn", ADMINISTRATOR];
const ADOPT_TWO: &[&str] =
    &["--adopt", "--policy-arn", "arn:aws:iam::aws:policy/PowerUserAccess", "--policy-arn", ADMINISTRATOR];

/// All that the scenes of `bootstrap` attach.
pub const ATTACHED: &[&str] = &[
    "--policy-arn",
    READ_ONLY,
    "--policy-arn",
    ADMINISTRATOR,
    "--policy-arn",
    "arn:aws:iam::aws:policy/PowerUserAccess",
];

/// A scene: how it is set, what is asked in it beside, and the exit code there.
pub struct Scene {
    pub name: &'static str,
    pub set: fn(&mut World),
    pub options: &'static [&'static str],
    pub code: i32,
}

fn scene(name: &'static str, set: fn(&mut World), options: &'static [&'static str], code: i32) -> Scene {
    Scene { name, set, options, code }
}

/// The scenes of a verb.
pub fn scenes(verb: &str, options: &[&str]) -> Vec<Scene> {
    let keys = options.contains(&"keys");
    let bounded = options.contains(&"--permissions-boundary");
    let left: fn(&mut World) = if keys { left_user } else { left_role };
    let kept: fn(&mut World) = if keys { keep_user } else { keep_role };
    let foreign: fn(&mut World) = if keys { foreign_user } else { foreign_role };
    let foreign_refused: fn(&mut World) = if keys { foreign_user_refused } else { foreign_role_refused };
    let drifted: fn(&mut World) = if keys { drifted_user } else { drifted_role };
    let keep: &[&str] = &["--delete-credential", "false"];
    match verb {
        "plan" => vec![
            scene("fresh", nothing, &[], 0),
            scene("kept", kept, keep, 0),
            scene("management", management, &[], 3),
            scene("left behind", left, &[], 0),
        ],
        "verify" => vec![
            scene("kept", kept, keep, 0),
            scene("management", management, &[], 3),
            scene("left behind", left, &[], 8),
        ],
        "doctor" => vec![
            scene("fresh", nothing, &[], 0),
            scene("kept", kept, keep, 0),
            scene("management", management, &[], 3),
            scene("left behind", left, &[], 0),
        ],
        "apply" => {
            let mut scenes = vec![
                scene("fresh", nothing, &[], 0),
                scene("management", management, &[], 3),
                scene("refused", refused, &[], 5),
                scene("left behind", left, &[], 0),
                scene("drifted", drifted, keep, 0),
            ];
            let adopted: fn(&mut World) = match (bounded, keys) {
                (false, _) => foreign_refused,
                (true, false) => bounded_role_refused,
                (true, true) => bounded_user_refused,
            };
            scenes.push(scene("adopted and refused", adopted, &["--adopt"], 5));
            scenes
        }
        "bootstrap" => vec![
            scene("fresh", nothing, &[], 0),
            scene("management", management, &[], 3),
            scene("left behind", left, &[], 0),
            scene("adopted", foreign, &["--adopt"], 0),
            scene("drifted", if keys { forgotten_user } else { forgotten_role }, &[], 0),
            scene("failed half-way", if keys { half_user } else { half_role }, TWO_POLICIES, 4),
            scene(
                "adopted and failed half-way",
                if keys { half_foreign_user } else { half_foreign_role },
                ADOPT_TWO,
                4,
            ),
        ],
        "cleanup" => vec![
            scene("role", worn_role, &[], 0),
            scene("user", worn_user, &[], 0),
            scene("adopted role", adopted_role, &[], 0),
            scene("adopted user", adopted_user, &[], 0),
            scene("management", management, &[], 3),
            scene("left behind", left_role, &[], 0),
            scene("left behind with a user", left_user, &[], 0),
        ],
        other => unreachable!("{other} has no scenes"),
    }
}

/// An account that Turbot has.
pub fn imported() -> Scene {
    scene("imported", |world| drop(world.verb("apply", &[]).exits(0)), &[], 0)
}

fn nothing(_: &mut World) {}

/// The organization's management account, which is refused if it is recognised.
fn management(world: &mut World) {
    let account = world.sandbox.cloud().management_account();
    world.enter(account);
}

fn refuse(world: &World) {
    let body = json!({"code": "UnprocessableEntity", "message": "no such title"}).to_string();
    world.sandbox.add_fault(Fault::new("turbot:POST /accounts", What::Status { code: 422, body }));
}

fn refused(world: &mut World) {
    refuse(world);
}

/// A run was killed when it had made its role: its journal stands, and its lease is over.
fn left_role(world: &mut World) {
    killed_at(world, "role", "iam:CreateRole");
}

fn left_user(world: &mut World) {
    killed_at(world, "keys", "iam:CreateAccessKey");
}

fn killed_at(world: &mut World, with: &str, call: &str) {
    let held = world.script().hold(call, Moment::AfterEffect, 1);
    let run = world.start_verb("apply", &["--with", with]);
    held.reached();
    run.kill(world);
    held.release();
    std::thread::sleep(LEASE);
}

/// The second policy cannot be attached: what was done until then is taken back.
fn half(world: &World, call: &str) {
    let denied = What::AccessDenied { policy: PolicyKind::ServiceControl, arn: None };
    world.sandbox.add_fault(Fault::new(call, denied).nth(2));
}

fn half_role(world: &mut World) {
    half(world, "iam:AttachRolePolicy");
}

fn half_user(world: &mut World) {
    half(world, "iam:AttachUserPolicy");
}

fn half_foreign_role(world: &mut World) {
    foreign_role(world);
    half_role(world);
}

fn half_foreign_user(world: &mut World) {
    foreign_user(world);
    half_user(world);
}

/// Drifted, and not in Turbot any more.
fn forgotten_role(world: &mut World) {
    drifted_role(world);
    assert!(world.sandbox.turbot().remove_account(&world.turbot_id));
}

fn forgotten_user(world: &mut World) {
    drifted_user(world);
    // Its key is gone, too: with one that no journal knows it would not be ours.
    let cloud = world.sandbox.cloud();
    for key in cloud.access_keys(&world.account).iter().filter(|key| key.user.as_deref() == Some(NAME)) {
        cloud.delete_access_key_force(&key.id);
    }
    assert!(world.sandbox.turbot().remove_account(&world.turbot_id));
}

fn bounded_role_refused(world: &mut World) {
    foreign_role(world);
    world.sandbox.cloud().edit_role(&world.account, NAME, |role| role.boundary = Some(ADMINISTRATOR.into()));
    refuse(world);
}

fn bounded_user_refused(world: &mut World) {
    foreign_user(world);
    world.sandbox.cloud().edit_user(&world.account, NAME, |user| user.boundary = Some(ADMINISTRATOR.into()));
    refuse(world);
}

fn keep_role(world: &mut World) {
    world.verb("apply", &["--delete-credential", "false"]).exits(0);
}

fn keep_user(world: &mut World) {
    world.verb("apply", &["--with", "keys", "--delete-credential", "false"]).exits(0);
}

fn foreign_role(world: &mut World) {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::012345678901:root"}, "Action": "sts:AssumeRole"}]});
    world.sandbox.cloud().create_role_unchecked(&world.account, NAME, "/", &trust.to_string(), &[READ_ONLY]).unwrap();
}

fn foreign_user(world: &mut World) {
    world.sandbox.cloud().create_user_unchecked(&world.account, NAME, "/", &[READ_ONLY]);
}

fn foreign_role_refused(world: &mut World) {
    foreign_role(world);
    refuse(world);
}

fn foreign_user_refused(world: &mut World) {
    foreign_user(world);
    refuse(world);
}

/// Kept, and changed by somebody since: description, trust, boundary, policy.
fn drifted_role(world: &mut World) {
    keep_role(world);
    world.sandbox.cloud().edit_role(&world.account, NAME, |role| {
        role.description = Some("changed".into());
        role.boundary = Some(READ_ONLY.into());
        role.attached.clear();
    });
}

fn drifted_user(world: &mut World) {
    keep_user(world);
    world.sandbox.cloud().edit_user(&world.account, NAME, |user| {
        user.boundary = Some(READ_ONLY.into());
        user.attached.clear();
    });
}

const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;

fn worn_role(world: &mut World) {
    keep_role(world);
    world.sandbox.cloud().put_role_policy(&world.account, NAME, "somebodys", DENY);
}

fn worn_user(world: &mut World) {
    keep_user(world);
    world.sandbox.cloud().put_user_policy(&world.account, NAME, "somebodys", DENY);
}

fn adopted_role(world: &mut World) {
    foreign_role(world);
    world.verb("apply", &["--adopt"]).exits(0);
}

fn adopted_user(world: &mut World) {
    foreign_user(world);
    world.verb("apply", &["--with", "keys", "--adopt", "--policy-arn", ADMINISTRATOR]).exits(0);
}
