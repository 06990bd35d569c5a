//! The account's maintenance window: shown, set, read back; and whatever goes wrong with it leaves an import an import.

use onboard_sandbox::{Fault, KeyKind, Moment, What};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::World;
use crate::scene::ended;

const SET: &str = "turbot:POST /policies";
const LEVELS: [(&str, &str); 3] = [("no-changes", "No changes"), ("check", "Forced changes"), ("full", "Anytime")];

fn imported() -> World {
    let world = World::new();
    world.sandbox.turbot().add_account(&world.turbot_id, &world.account, "aab");
    world
}

fn window(world: &World) -> Option<String> {
    world.sandbox.turbot().accounts()[0].window.clone()
}

#[test]
fn shown_and_set_at_each_level() {
    for (level, value) in LEVELS {
        let world = imported();
        // What is in force already is not set; `No changes` is inherited here.
        let expected = if level == "no-changes" { "unchanged" } else { "done" };
        let account = ended(world.verb(&format!("maintenance set {level}"), &[]), 0, expected, "");
        assert_eq!(account["maintenance"], value);
        assert_eq!(window(&world).as_deref(), (expected == "done").then_some(value));
        assert_eq!(ended(world.verb("maintenance show", &[]), 0, "done", "")["maintenance"], value);
        let from = world.sandbox.log().len();
        ended(world.verb(&format!("maintenance set {level}"), &[]), 0, "unchanged", "");
        assert_eq!(world.effects_since(from), Vec::<String>::new());
        assert!(world.sandbox.log().iter().all(|c| c.call.service == "turbot"), "no AWS rights are needed");
    }
}

#[test]
fn without_consent_it_stays() {
    let world = imported();
    let bare = ["maintenance", "set", "full", "--account-id", &world.account, "--turbot-id", "aab"];
    let run = world.run(&[&bare[..], &["--output", "json"]].concat());
    ended(run, 2, "refused", "needs-consent");
    assert_eq!(window(&world), None);
}

#[test]
fn whoever_stops_it_while_it_looks_finds_the_old_window() {
    let world = imported();
    let held = world.script().hold("turbot:GET /cluster", Moment::Before, 1);
    let run = world.start_verb("maintenance set full", &[]);
    held.reached();
    run.signal(Signal::INT);
    let account = ended(run.finish(&world), 130, "interrupted", "interrupted");
    held.release();
    assert_eq!((window(&world), &account["steps"]), (None, &json!([])));
    ended(world.verb("maintenance set full", &[]), 0, "done", "");
}

#[test]
fn an_import_sets_it_and_a_second_run_has_nothing_to_do() {
    for (level, value) in &LEVELS[1..] {
        let world = World::new();
        let account = ended(world.verb("apply", &["--maintenance", level]), 0, "imported", "");
        assert_eq!((&account["maintenance"], window(&world).as_deref()), (&json!(value), Some(*value)));
        let account = ended(world.verb("apply", &["--maintenance", level]), 0, "already-imported", "");
        assert_eq!(account["steps"], json!([]));
        ended(world.verb("verify", &["--maintenance", level]), 0, "matches", "");
        ended(world.verb("verify", &["--maintenance", "no-changes"]), 8, "differs", "");
        // An account that stands is brought to another level, but not by this API where a setting stands.
        let account =
            ended(world.verb("apply", &["--maintenance", "no-changes"]), 5, "already-imported", "maintenance");
        assert!(account["error"].to_string().contains(value), "{account:#}");
    }
}

#[test]
fn a_setting_that_stands_is_read_and_compared() {
    let world = World::new();
    world.sandbox.turbot().change(|turbot| turbot.check_mode_sets_window = true);
    // Check mode has left `Forced changes`: wanted, it is as good; another level is refused, and the import stays.
    ended(world.verb("apply", &["--maintenance", "check"]), 0, "imported", "");
    let account = ended(world.verb("maintenance set full", &[]), 5, "failed", "maintenance");
    assert!(account["error"].to_string().contains("Forced changes"), "{account:#}");
    // It is no matter of rights, and the same call again would be refused again.
    let hint = account["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("console") && !hint.contains("maintenance set"), "{account:#}");
    assert_eq!(window(&world).as_deref(), Some("Forced changes"));

    let world = World::new();
    world.sandbox.turbot().change(|turbot| turbot.check_mode_sets_window = true);
    let account = ended(world.verb("apply", &["--maintenance", "full"]), 5, "imported", "maintenance");
    assert_eq!((&account["import"]["state"], world.left()), (&json!("accepted"), vec![]));
}

#[test]
fn an_operators_key_imports_and_may_not_set_it() {
    let mut world = World::new();
    world.use_turbot_key(KeyKind::Operator);
    let account = ended(world.verb("apply", &["--maintenance", "full"]), 5, "imported", "maintenance");
    assert_eq!(account["import"], json!({"requests": 1, "state": "accepted"}));
    assert!(account["error"].to_string().contains("Turbot/Admin"), "{account:#}");
    assert_eq!((world.left(), window(&world)), (vec![], None));
    ended(world.verb("maintenance set full", &[]), 5, "failed", "maintenance");
    assert_eq!(ended(world.verb("maintenance show", &[]), 0, "done", "")["maintenance"], "No changes");
}

#[test]
fn taken_and_unreadable_is_done_with_a_warning() {
    let world = imported();
    world.sandbox.turbot().change(|turbot| turbot.maintenance_readable = false);
    let account = ended(world.verb("maintenance set full", &[]), 0, "done", "");
    assert_eq!((&account["maintenance"], window(&world).as_deref()), (&json!("Anytime"), Some("Anytime")));
    assert!(account["warnings"].to_string().contains("could not be read back"), "{account:#}");
    let account = ended(world.verb("maintenance show", &[]), 0, "done", "");
    assert!(account["maintenance"].is_null() && !account["warnings"].as_array().unwrap().is_empty(), "{account:#}");
}

#[test]
fn another_value_reads_back_than_was_set() {
    let world = imported();
    // Turbot says yes, and nothing comes of it.
    world.sandbox.add_fault(Fault::new(SET, What::Status { code: 200, body: "{}".into() }));
    let account = ended(world.verb("maintenance set full", &[]), 5, "failed", "maintenance");
    assert!(account["error"].to_string().contains("No changes"), "{account:#}");
}

#[test]
fn a_lost_answer_is_read_back() {
    for what in [What::Reset, What::InternalError, What::Html] {
        let world = imported();
        world.sandbox.add_fault(Fault::new(SET, what.clone()).after());
        ended(world.verb("maintenance set full", &[]), 0, "done", "");
        assert_eq!(window(&world).as_deref(), Some("Anytime"));
        // Without its effect it is not known to have failed either: nothing is claimed.
        let world = imported();
        world.sandbox.add_fault(Fault::new(SET, what));
        ended(world.verb("maintenance set full", &[]), 5, "failed", "maintenance");
    }
}

#[test]
fn an_account_that_is_not_there_has_no_window() {
    let world = World::new();
    for verb in ["maintenance show", "maintenance set check"] {
        world.verb(verb, &[]).exits(3);
    }
}

/// Whoever knows which call their Turbot takes names it; what stands is replaced by nothing else.
#[test]
fn a_window_that_stands_is_replaced_by_the_call_that_the_configuration_names() {
    for verb in ["PUT", "PATCH"] {
        let world = imported();
        world.sandbox.turbot().change(|turbot| turbot.update_verbs = vec![verb.to_owned()]);
        ended(world.verb("maintenance set check", &[]), 0, "done", "");
        let account = ended(world.verb("maintenance set full", &[]), 5, "failed", "maintenance");
        assert!(account["error"].to_string().contains("replaced_with"), "{account:#}");
        let name = |verb: &str| {
            let text = format!("[maintenance_values]\nreplaced_with = \"{verb}\"\n");
            std::fs::write(world.path("turbot-onboard.toml"), text).unwrap();
        };
        name(if verb == "PUT" { "PATCH" } else { "PUT" });
        let account = ended(world.verb("maintenance set full", &[]), 5, "failed", "maintenance");
        assert!(account["error"].to_string().contains("405"), "{account:#}");
        assert_eq!(window(&world).as_deref(), Some("Forced changes"));
        name(verb);
        ended(world.verb("maintenance set full", &[]), 0, "done", "");
        assert_eq!(window(&world).as_deref(), Some("Anytime"));
        ended(world.verb("maintenance set full", &[]), 0, "unchanged", "");
    }
}

#[test]
fn the_spelling_is_a_setting() {
    let world = World::new();
    std::fs::write(world.path("turbot-onboard.toml"), "[maintenance_values]\nfull = \"ANYTIME\"\n").unwrap();
    ended(world.verb("apply", &["--maintenance", "full"]), 0, "imported", "");
    assert_eq!(window(&world).as_deref(), Some("ANYTIME"));
    ended(world.verb("verify", &["--maintenance", "full"]), 0, "matches", "");
}
