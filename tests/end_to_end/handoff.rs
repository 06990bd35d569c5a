//! The two halves, joined by a file or by a pipe: what bootstrap hands over is what import takes, and nobody else.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use jiff::{SignedDuration, Timestamp};
use onboard_sandbox::{Fault, Moment, What};
use serde_json::{Value, json};

use crate::harness::{Finished, NAME, World};
use crate::scene::{BOTH, Untouched, ended};

const IMPORT: &str = "turbot:POST /accounts";
const FILE: [&str; 5] = ["import", "--handoff", "h.json", "--output", "json"];

/// The AWS half, into `h.json`.
fn handed_over(world: &World, with: &str) -> Value {
    world.secrets.lock().unwrap().allow_file(&world.path("h.json"));
    let account = ended(world.verb("bootstrap", &["--with", with, "--handoff", "h.json"]), 0, "done", "");
    assert_eq!((&account["import"]["state"], world.sandbox.turbot().imports().len()), (&json!("none"), 0));
    account
}

/// The Turbot half of `h.json`, with no AWS credentials at all.
fn import(world: &mut World, more: &[&str]) -> Finished {
    world.environment.retain(|name, _| !name.starts_with("AWS_"));
    world.run(&[&FILE[..], &["--yes", "-vvv"], more].concat())
}

fn document(world: &World) -> Value {
    serde_json::from_str(&std::fs::read_to_string(world.path("h.json")).unwrap()).unwrap()
}

/// A short-lived world, in which an import is soon settled.
fn quick() -> World {
    let mut world = World::new();
    for (option, value) in [("timeout", "1s"), ("settle", "2s"), ("visibility", "400ms")] {
        world.set(option, value);
    }
    world
}

#[test]
fn by_a_file_without_aws_credentials_on_the_other_side() {
    for with in BOTH {
        let mut world = World::new();
        let made = handed_over(&world, with);
        assert_eq!(world.path("h.json").metadata().unwrap().mode() & 0o777, 0o600);
        let handed = &document(&world)["accounts"][0];
        assert_eq!((&handed["role_arn"], &handed["user_arn"]), (&made["role_arn"], &made["user_arn"]));
        assert_eq!((&handed["external_id"], &handed["access_key_id"]), (&made["external_id"], &made["access_key_id"]));
        assert_eq!(
            (&handed["requested_at"], &handed["secret_access_key"].is_string()),
            (&Value::Null, &(with == "keys"))
        );
        let aws = world.environment.clone();
        let from = world.sandbox.log().len();
        let account = ended(import(&mut world, &[]), 0, "imported", "");
        assert_eq!(account["import"], json!({"requests": 1, "state": "accepted"}));
        assert!(world.calls_since(from).iter().all(|c| c.call.service == "turbot"));
        ended(import(&mut world, &[]), 0, "already-imported", "");
        // Whoever has the account tidies up: the journal that said it was handed over, and an empty user.
        world.environment = aws;
        ended(world.verb("apply", &["--with", with]), 0, "already-imported", "");
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

#[test]
fn by_a_pipe() {
    for with in BOTH {
        let world = World::new();
        let bootstrap = ["bootstrap", "--account-id", &world.account, "--turbot-id", "aab", "--yes", "--with", with];
        let mut run = world.command(&[&bootstrap[..], &["--handoff", "-"]].concat());
        // What goes through the pipe is the secret itself: kept from the search, not from the next command.
        let output = run.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let handoff = String::from_utf8(output.stdout).unwrap();
        let pipe = ["import", "--handoff", "-", "--output", "json", "--yes", "-vvv"];
        // Standard input cannot keep when something was sent: whoever pipes it says so.
        ended(world.run_with_input(&pipe, &handoff), 2, "failed", "settings");
        let sure = [&pipe[..], &["--assume-not-sent"]].concat();
        ended(world.run_with_input(&sure, &handoff), 0, "imported", "");
        ended(world.run_with_input(&pipe, &handoff), 0, "already-imported", "");
        assert_eq!(world.effective_imports(), 1);
    }
}

#[test]
fn where_the_secret_would_be_lost_or_seen_nothing_is_made() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    world.verb("bootstrap", &["--with", "keys"]).exits(2);
    world.verb("bootstrap", &["--with", "keys", "--handoff", "-"]).exits(2);
    std::fs::write(world.path("there.json"), "mine").unwrap();
    std::os::unix::fs::symlink(world.path("nowhere"), world.path("link.json")).unwrap();
    for path in ["there.json", "link.json", "no/such/folder.json"] {
        let run = world.verb("bootstrap", &["--with", "keys", "--handoff", path]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{path}: {}", run.said());
    }
    assert_eq!(std::fs::read_to_string(world.path("there.json")).unwrap(), "mine");
    assert!(!world.path("nowhere").exists());
    untouched.never_touched();
}

#[test]
fn a_failed_bootstrap_leaves_no_file() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    world.sandbox.add_fault(Fault::new("iam:CreateAccessKey", What::Quota));
    ended(world.verb("bootstrap", &["--with", "keys", "--handoff", "h.json"]), 4, "failed", "quota");
    assert!(!world.path("h.json").exists());
    untouched.restored();
}

#[test]
fn a_file_that_others_can_read_or_that_is_a_link_or_damaged_is_not_taken() {
    let mut world = World::new();
    handed_over(&world, "keys");
    let whole = std::fs::read_to_string(world.path("h.json")).unwrap();
    let mode = |world: &World, mode| {
        std::fs::set_permissions(world.path("h.json"), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for lax in [0o640, 0o604, 0o660, 0o644] {
        mode(&world, lax);
        assert_eq!(import(&mut world, &[]).code, 2, "{lax:o}");
    }
    mode(&world, 0o600);
    std::os::unix::fs::symlink(world.path("h.json"), world.path("link.json")).unwrap();
    world.run(&["import", "--handoff", "link.json", "--yes"]).exits(2);
    std::fs::remove_file(world.path("link.json")).unwrap();
    world.run(&["import", "--handoff", "nowhere.json", "--yes"]).exits(2);
    // Damaged in ways that a message could quote the secret by; the search at the end looks for it.
    for damaged in [
        whole.replace("\"secret_access_key\": \"", "\"secret_access_key\": [\""),
        whole.replace("\"turbot_id\"", "\"turbot\""),
        whole.replace("handoff/1", "handoff/2"),
        whole.replace("\"secret_access_key\": \"", "\"external_id\": \""),
        whole[..whole.len() / 2].to_owned(),
        String::new(),
    ] {
        std::fs::write(world.path("h.json"), &damaged).unwrap();
        let run = import(&mut world, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.said());
    }
    std::fs::write(world.path("h.json"), &whole).unwrap();
    assert_eq!(world.sandbox.turbot().imports().len(), 0);
    ended(import(&mut world, &[]), 0, "imported", "");
}

#[test]
fn when_it_was_sent_is_kept_and_obeyed() {
    let mut world = quick();
    handed_over(&world, "keys");
    world.sandbox.add_fault(Fault::new(IMPORT, What::Reset));
    let account = ended(import(&mut world, &[]), 6, "pending", "unknown-outcome");
    assert_eq!(account["import"], json!({"requests": 1, "state": "unknown"}));
    assert!(document(&world)["accounts"][0]["requested_at"].is_string(), "whoever comes next must know");
    assert_eq!(world.path("h.json").metadata().unwrap().mode() & 0o777, 0o600);
    // The next one waits until it counts as settled, and only then sends it again.
    ended(import(&mut world, &[]), 0, "imported", "");
    let times: Vec<u64> = world.sandbox.log().iter().filter(|c| c.call.name == IMPORT).map(|c| c.started).collect();
    // It counts from before the file was written, the call from after that.
    assert!(times.len() == 2 && times[1] + 200 >= times[0] + 2_000, "{times:?}");
}

/// What counts is Turbot's clock, which the machines of both runs see: neither's own may be right.
#[test]
fn when_it_was_sent_is_by_turbots_clock_whatever_the_machines_say() {
    for (first, second) in [(0, -1), (0, 1), (-1, 0), (1, 0)] {
        let mut world = quick();
        world.set("settle", "4s");
        handed_over(&world, "role");
        // So many hours is Turbot's clock ahead of the machine's.
        let machine = |world: &World, hours: i64| world.sandbox.cloud().set_clock_offset(hours * 3_600_000);
        let requested = |world: &World| -> Timestamp {
            document(world)["accounts"][0]["requested_at"].as_str().unwrap().parse().unwrap()
        };
        machine(&world, first);
        world.sandbox.add_fault(Fault::new(IMPORT, What::Reset));
        ended(import(&mut world, &[]), 6, "pending", "unknown-outcome");
        let off = requested(&world).duration_since(Timestamp::now()) - SignedDuration::from_hours(first);
        assert!(off.abs() < SignedDuration::from_secs(30), "by Turbot's clock, which is {first} h ahead: {off}");
        // Another machine: as all clocks here go by its own, Turbot's moves, and with it what was written by it.
        machine(&world, second);
        let by_turbot = requested(&world) + SignedDuration::from_hours(second - first);
        let mut moved = document(&world);
        moved["accounts"][0]["requested_at"] = json!(by_turbot.to_string());
        std::fs::write(world.path("h.json"), moved.to_string()).unwrap();
        ended(import(&mut world, &[]), 0, "imported", "");
        let times: Vec<u64> = world.sandbox.log().iter().filter(|c| c.call.name == IMPORT).map(|c| c.started).collect();
        // A `Date` has whole seconds: either run knows that clock to half of one.
        assert!(times.len() == 2 && times[1] + 1_200 >= times[0] + 4_000, "{first} and {second} h: {times:?}");
    }
}

/// A time that is still to come by Turbot's clock counts as just now: the whole time is waited.
#[test]
fn when_it_was_sent_cannot_be_in_the_future() {
    let mut world = quick();
    handed_over(&world, "role");
    let mut ahead = document(&world);
    ahead["accounts"][0]["requested_at"] = json!((Timestamp::now() + SignedDuration::from_hours(1)).to_string());
    std::fs::write(world.path("h.json"), ahead.to_string()).unwrap();
    let from = world.sandbox.log().len();
    ended(import(&mut world, &[]), 0, "imported", "");
    let calls = world.calls_since(from);
    let sent = calls.iter().find(|c| c.call.name == IMPORT).unwrap().started;
    assert!(sent >= calls[0].started + 2_000, "{sent}");
}

#[test]
fn sent_and_killed_is_found_by_the_next_one() {
    let mut world = quick();
    world.set("timeout", "20s");
    world.set("settle", "30s");
    handed_over(&world, "role");
    let held = world.script().hold(IMPORT, Moment::AfterEffect, 1);
    let run = world.start(world.command(&[&FILE[..], &["--yes"]].concat()));
    held.reached();
    run.kill(&world);
    held.release();
    assert!(document(&world)["accounts"][0]["requested_at"].is_string());
    let account = ended(import(&mut world, &[]), 0, "already-imported", "");
    assert_eq!((&account["import"]["requests"], world.sandbox.turbot().imports().len()), (&json!(0), 1));
    assert!(!world.path(".h.json.new").exists());
}

/// A run that is stopped dead while it writes leaves a file with the secret beside the hand-off.
#[test]
fn what_a_run_left_beside_it_is_gone_after_the_next_and_nothing_else_is_touched() {
    let mut world = World::new();
    let beside = world.path(".h.json.new");
    let left = || {
        std::fs::write(&beside, "half a secret").unwrap();
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    let untouched = Untouched::from_here(&world);
    std::fs::write(world.path("mine"), "mine").unwrap();
    std::os::unix::fs::symlink(world.path("mine"), &beside).unwrap();
    world.verb("bootstrap", &["--with", "keys", "--handoff", "h.json"]).exits(2);
    untouched.never_touched();
    assert!(!world.path("h.json").exists() && beside.is_symlink());
    std::fs::remove_file(&beside).unwrap();
    left();
    handed_over(&world, "keys");
    assert!(!beside.exists());
    std::os::unix::fs::symlink(world.path("mine"), &beside).unwrap();
    assert_eq!(import(&mut world, &[]).code, 2);
    assert_eq!((world.sandbox.turbot().imports().len(), beside.is_symlink()), (0, true));
    assert_eq!(std::fs::read_to_string(world.path("mine")).unwrap(), "mine");
    std::fs::remove_file(&beside).unwrap();
    ended(import(&mut world, &[]), 0, "imported", "");
    // Even a run that has nothing to write removes it.
    left();
    ended(import(&mut world, &[]), 0, "already-imported", "");
    assert!(!beside.exists());
}

#[test]
fn a_refusal_is_definite_and_the_credential_is_not_imports_to_remove() {
    let mut world = World::new();
    handed_over(&world, "role");
    world.sandbox.add_fault(Fault::new(IMPORT, What::Status { code: 422, body: "{}".into() }));
    let account = ended(import(&mut world, &[]), 5, "refused", "turbot-refused");
    assert!(account["leftovers"].is_null(), "nobody looked at AWS");
    assert_eq!(document(&world)["accounts"][0]["requested_at"], Value::Null);
    assert!(world.sandbox.cloud().role(&world.account, NAME).is_some());
    ended(import(&mut world, &[]), 0, "imported", "");
}

#[test]
fn a_key_that_was_handed_over_is_only_its_holders() {
    let world = World::new();
    handed_over(&world, "keys");
    let untouched = Untouched::from_here(&world);
    ended(world.verb("apply", &["--with", "keys"]), 3, "refused", "handed-over");
    ended(world.verb("bootstrap", &["--with", "keys", "--handoff", "again.json"]), 3, "refused", "handed-over");
    untouched.never_touched();
    assert!(!world.path("again.json").exists());
    ended(world.verb("cleanup", &[]), 0, "done", "");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn a_role_can_be_handed_over_again_and_imported_by_apply() {
    let world = World::new();
    let first = handed_over(&world, "role");
    let second = ended(world.verb("bootstrap", &["--handoff", "again.json"]), 0, "done", "");
    assert_eq!((&first["external_id"], &first["role_arn"]), (&second["external_id"], &second["role_arn"]));
    // Without a file the report alone says what was made.
    ended(world.verb("bootstrap", &[]), 0, "done", "");
    let account = ended(world.verb("apply", &[]), 0, "imported", "");
    assert!(account["warnings"].to_string().contains("handed over"), "{account:#}");
    assert_eq!((&account["external_id"], world.left()), (&first["external_id"], vec![]));
}

#[test]
fn accounts_whose_codes_differ_are_mixed() {
    let mut world = World::new();
    handed_over(&world, "role");
    let mut both = document(&world);
    let first = world.account.clone();
    world.enter("012345678901");
    world.turbot_id = "aac".into();
    ended(world.verb("bootstrap", &["--handoff", "second.json"]), 0, "done", "");
    let second: Value = serde_json::from_str(&std::fs::read_to_string(world.path("second.json")).unwrap()).unwrap();
    both["accounts"].as_array_mut().unwrap().push(second["accounts"][0].clone());
    std::fs::write(world.path("h.json"), both.to_string()).unwrap();
    let refused = What::Status { code: 422, body: "{}".into() };
    world.sandbox.add_fault(Fault::new(IMPORT, refused).account("012345678901"));
    let report = import(&mut world, &[]).exits(7).json();
    assert_eq!(report["summary"]["outcome"], "mixed");
    assert_eq!(report["summary"]["outcomes"], json!({"imported": 1, "refused": 1}));
    assert_eq!(
        (&report["accounts"][0]["account_id"], &report["accounts"][0]["outcome"]),
        (&json!(first), &json!("imported"))
    );
    assert_eq!(report["accounts"][1]["outcome"], "refused");
    // Once more: each goes on from where it stands.
    let report = import(&mut world, &[]).exits(0).json();
    assert_eq!(report["summary"]["outcomes"], json!({"already-imported": 1, "imported": 1}));
}

#[test]
fn settings_that_say_otherwise_are_refused_before_anything_is_done() {
    let mut world = World::new();
    let refused = |run: Finished, both: [&str; 2]| {
        let run = run.exits(3);
        assert!(both.iter().all(|value| run.said().contains(value)) && run.stdout.is_empty(), "{}", run.said());
    };
    let master = world.environment["TURBOT_MASTER_ACCOUNT_ID"].clone();
    let cluster = world.environment["TURBOT_CLUSTER_ID"].clone();
    handed_over(&world, "keys");
    let from = world.sandbox.log().len();
    refused(import(&mut world, &["--cluster-id", "zzz"]), [&cluster, "--cluster-id says zzz"]);
    refused(
        import(&mut world, &["--master-account-id", "arn:aws:iam::012345678901:root"]),
        [&master, "--master-account-id says 012345678901"],
    );
    world.environment.insert("TURBOT_CLUSTER_ID".into(), "zzz".into());
    refused(import(&mut world, &[]), [&cluster, "TURBOT_CLUSTER_ID says zzz"]);
    world.environment.remove("TURBOT_CLUSTER_ID");
    std::fs::write(world.path("turbot-onboard.toml"), "cluster_id = \"zzz\"\n").unwrap();
    refused(import(&mut world, &[]), [&cluster, "turbot-onboard.toml"]);
    assert_eq!(world.sandbox.log().len(), from, "Turbot was not even looked at");
    // The same, in another form or not at all.
    std::fs::remove_file(world.path("turbot-onboard.toml")).unwrap();
    world.environment.remove("TURBOT_MASTER_ACCOUNT_ID");
    let arn = format!("arn:aws:iam::{master}:root");
    ended(import(&mut world, &["--master-account-id", &arn, "--cluster-id", &cluster]), 0, "imported", "");
    ended(import(&mut world, &[]), 0, "already-imported", "");
}

#[test]
fn nobody_to_ask_is_no_consent() {
    let world = World::new();
    handed_over(&world, "role");
    ended(world.run(&FILE), 2, "refused", "needs-consent");
    assert_eq!(document(&world)["accounts"][0]["requested_at"], Value::Null);
    assert_eq!(world.sandbox.turbot().imports().len(), 0);
}
