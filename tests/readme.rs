//! The README's commands, run as they stand: each block of `sh` in one shell, against a sandbox.

mod harness;

use std::process::Command;

use harness::World;
use onboard_sandbox::Options;

const README: &str = include_str!("../README.md");

/// The `sh` blocks under a heading.
fn blocks(heading: &str) -> Vec<String> {
    let section =
        README.split("\n## ").find(|s| s.starts_with(heading)).unwrap_or_else(|| panic!("no section {heading}"));
    section.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Runs blocks in one shell, as a person pasting them would; the first failing command ends it.
fn paste(world: &World, blocks: &[String], own_sandbox: bool) {
    assert!(!blocks.is_empty());
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_turbot-onboard"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.parent().unwrap().display());
    // What was started in the background goes when the shell does.
    let script = format!("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{}", blocks.concat());
    let mut command = Command::new("bash");
    command
        .arg("-c")
        .arg(&script)
        .current_dir(world.folder())
        .env_clear()
        .env("PATH", path)
        .env("HOME", world.folder());
    if !own_sandbox {
        command.envs(&world.environment);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{script}\n--- stdout\n{}\n--- stderr\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn as_management() -> World {
    let mut world = World::with(Options { accounts: 8, ..Options::default() });
    let credentials = world.sandbox.cloud().management_credentials();
    world.environment.insert("AWS_ACCESS_KEY_ID".into(), credentials.access_key_id);
    world.environment.insert("AWS_SECRET_ACCESS_KEY".into(), credentials.secret_access_key);
    world
}

#[test]
fn five_minutes_against_the_sandbox() {
    let world = World::new();
    // The environment that the sandbox prints holds its secrets: that is what it is for.
    world.secrets.lock().unwrap().allow_file(&world.path("sandbox.env"));
    paste(&world, &blocks("Five minutes against the sandbox"), true);
}

#[test]
fn a_real_account() {
    let world = as_management();
    paste(&world, &blocks("A real account"), false);
    assert_eq!(world.effective_imports(), 3);
}

#[test]
fn a_fleet() {
    let world = World::new();
    world.secrets.lock().unwrap().allow_file(&world.path("sandbox.env"));
    paste(&world, &blocks("A fleet"), true);
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(world.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["summary"]["outcomes"], serde_json::json!({"imported": 200}));
}

/// The manifest shown is one that the tool accepts.
#[test]
fn the_manifest() {
    let world = as_management();
    let manifest = README.split("```yaml\n").find(|part| part.starts_with("defaults:")).unwrap();
    std::fs::write(world.path("shown.yaml"), manifest.split("```").next().unwrap()).unwrap();
    let run = world.run(&["plan", "--manifest", "shown.yaml"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn two_teams() {
    let world = as_management();
    paste(&world, &blocks("Two teams"), false);
    assert_eq!(world.effective_imports(), 1);
    assert!(world.sandbox.cloud().users("300030000057").iter().all(|u| u.name != "turbot-onboard"));
}

#[test]
fn where_no_tool_may_touch_iam() {
    let world = World::new();
    std::fs::write(world.path("accounts.csv"), "account_id,turbot_id\n111122223333,aab\n444455556666,aac\n").unwrap();
    paste(&world, &blocks("Where no tool may touch IAM"), false);
    for file in ["turbot-onboard.yaml", "main.tf", "onboard.sh", "stackset.yaml", "policies.json", "caller.json"] {
        assert!(std::fs::metadata(world.path(file)).unwrap().len() > 500, "{file}");
    }
}

#[test]
fn in_a_pipeline() {
    paste(&World::new(), &blocks("In a pipeline"), false);
}

#[test]
fn reports_for_people() {
    let world = World::new();
    paste(&world, &blocks("Reports for people"), false);
    assert!(world.path("again.html").is_file() && world.path("again.csv").is_file());
}

/// The configuration file shown is one that the tool accepts where a person would put it.
#[test]
fn the_configuration_file() {
    let world = World::new();
    let file = README.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(world.path("mine.toml"), file).unwrap();
    let run = world.run(&["plan", "--config", "mine.toml", "--account-id", &world.account, "--turbot-id", "aab"]);
    // `pass` is not installed here, or has no such entry: the one fault there may be, and not one of the file's.
    assert!(!run.stderr.contains("mine.toml:"), "{}", run.stderr);
}

#[test]
fn every_exit_code_and_verb_is_named() {
    for verb in [
        "doctor",
        "plan",
        "apply",
        "verify",
        "maintenance",
        "bootstrap",
        "import",
        "cleanup",
        "template",
        "discover",
        "sandbox",
        "demo",
    ] {
        assert!(README.contains(verb), "{verb}");
    }
}
