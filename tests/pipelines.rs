//! The pipelines' scripts, as a runner starts them: in variables everything that they are told, against a sandbox.

mod harness;

use std::path::PathBuf;
use std::process::{Command, Output};

use harness::World;
use onboard_sandbox::Options;
use serde_json::Value;

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../pipelines").join(name)
}

fn start(world: &World, name: &str, variables: &[(&str, &str)]) -> Output {
    let output = Command::new(script(name))
        .current_dir(world.folder())
        .env_clear()
        .envs(&world.environment)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", world.folder())
        .env("RUNNER_TEMP", world.folder())
        .env("GITHUB_OUTPUT", world.path("outputs"))
        .env("GITHUB_STEP_SUMMARY", world.path("summary.md"))
        .env("GITHUB_ACTIONS", "true")
        .env("COMMAND", env!("CARGO_BIN_EXE_turbot-onboard"))
        .env("PLAN_FILE", "saved.plan")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let mut secrets = world.secrets.lock().unwrap();
    secrets.seen("a pipeline's output", &String::from_utf8_lossy(&output.stdout));
    secrets.seen("a pipeline's errors", &String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn what_may_run_where() {
    let world = World::new();
    let own = "acme/accounts";
    for (mode, event, head, protected, code) in [
        ("plan", "pull_request", own, "false", 0),
        ("plan", "push", "", "true", 0),
        ("apply", "push", "", "true", 0),
        ("plan", "pull_request", "stranger/accounts", "false", 3),
        ("plan", "pull_request_target", own, "true", 3),
        ("apply", "pull_request_target", own, "true", 3),
        ("apply", "pull_request", own, "true", 3),
        ("apply", "push", "", "false", 3),
        ("$(touch pwned)", "push", "", "true", 3),
    ] {
        let variables = [
            ("MODE", mode),
            ("EVENT", event),
            ("REPOSITORY", own),
            ("HEAD_REPOSITORY", head),
            ("REF_PROTECTED", protected),
        ];
        let output = start(&world, "github/guard", &variables);
        assert_eq!(output.status.code(), Some(code), "{variables:?}");
        assert_eq!(output.stdout.starts_with(b"::error title="), code != 0, "{variables:?}");
    }
    assert!(!world.path("pwned").exists());
}

#[test]
fn a_plan_is_a_comment_and_what_is_applied() {
    let world = World::new();
    // A title that would end a code span, a cell, a comment or a command: it is data everywhere.
    let title = "Sand|box` <!-- ::error::x $(touch pwned)";
    let account = [
        ("TURBOT_ONBOARD_ACCOUNT_ID", world.account.as_str()),
        ("TURBOT_ONBOARD_TURBOT_ID", "aab"),
        ("TURBOT_ONBOARD_TITLE", title),
    ];
    let planned = start(&world, "github/run", &[&account[..], &[("MODE", "plan")]].concat());
    assert!(planned.status.success(), "{}", String::from_utf8_lossy(&planned.stderr));
    let markdown = std::fs::read_to_string(world.path("turbot-onboard.md")).unwrap();
    assert!(markdown.contains("| `create-role` | `create` | `role turbot-onboard` |"), "{markdown}");
    assert_eq!(markdown, std::fs::read_to_string(world.path("summary.md")).unwrap());
    assert_eq!(world.effective_imports(), 0);

    let applied = start(&world, "github/run", &[("MODE", "apply")]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let outputs = std::fs::read_to_string(world.path("outputs")).unwrap();
    assert!(outputs.lines().any(|line| line == "exit-code=0"), "{outputs}");
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(world.path("turbot-onboard.json")).unwrap()).unwrap();
    assert_eq!(report["summary"]["outcome"], "imported");
    assert_eq!(world.effective_imports(), 1);
    assert!(!world.path("pwned").exists());
}

/// A fleet's comment is one table for all that get the same steps, whatever the accounts are.
#[test]
fn a_fleets_plan_is_one_table() {
    let mut world = World::with(Options { accounts: 60, ..Options::default() });
    let credentials = world.sandbox.cloud().management_credentials();
    world.environment.insert("AWS_ACCESS_KEY_ID".into(), credentials.access_key_id);
    world.environment.insert("AWS_SECRET_ACCESS_KEY".into(), credentials.secret_access_key);
    world.run(&["discover", "--out", "accounts.csv"]).exits(0);
    let fleet = [("TURBOT_ONBOARD_MANIFEST", "accounts.csv"), ("TURBOT_ONBOARD_CANARY", "5")];

    let planned = start(&world, "github/run", &[&fleet[..], &[("MODE", "plan")]].concat());
    assert!(planned.status.success(), "{}", String::from_utf8_lossy(&planned.stderr));
    let comment = std::fs::read_to_string(world.path("turbot-onboard.md")).unwrap();
    assert!(comment.contains("**Accounts: 60**, each 9 steps: ") && comment.contains(" and 40 more"), "{comment}");
    assert_eq!(comment.matches("| `create-role` | `create` |").count(), 1, "{comment}");

    let applied = start(&world, "github/run", &[&fleet[..], &[("MODE", "apply")]].concat());
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let comment = std::fs::read_to_string(world.path("turbot-onboard.md")).unwrap();
    assert!(comment.contains("| `imported` | 60 |") && comment.contains("None needs anybody."), "{comment}");
    assert_eq!(world.effective_imports(), 60);
}

#[test]
fn a_plan_sealed_with_another_key_is_not_applied() {
    let mut world = World::new();
    let plan = [("MODE", "plan"), ("TURBOT_ONBOARD_ACCOUNT_ID", "111122223333"), ("TURBOT_ONBOARD_TURBOT_ID", "aab")];
    world.use_turbot_key(onboard_sandbox::KeyKind::Metadata);
    let secret = world.environment["TURBOT_SECRET_KEY"].clone();
    start(&world, "github/run", &plan);
    assert!(world.path("saved.plan").exists());
    world.use_turbot_key(onboard_sandbox::KeyKind::Admin);
    assert_ne!(world.environment["TURBOT_SECRET_KEY"], secret);
    let applied = start(&world, "github/run", &[("MODE", "apply")]);
    assert_eq!(applied.status.code(), Some(3), "{}", String::from_utf8_lossy(&applied.stderr));
    assert_eq!(world.effective_imports(), 0);
}

#[test]
fn errors_are_annotations() {
    let world = World::new();
    let wrong = [("MODE", "plan"), ("TURBOT_ONBOARD_ACCOUNT_ID", "012345678901"), ("TURBOT_ONBOARD_TURBOT_ID", "aab")];
    let output = start(&world, "github/run", &wrong);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("::error ")).collect();
    assert!(
        matches!(lines[..], [line] if line.starts_with("::error title=turbot-onboard%3A 012345678901::")),
        "{said}"
    );
    assert!(std::fs::read_to_string(world.path("turbot-onboard.md")).unwrap().contains("`refused`"));
    // Faults of the settings, too; and none of this elsewhere.
    let faulty = start(&world, "github/run", &[("MODE", "plan"), ("TURBOT_ONBOARD_ACCOUNT_ID", "1")]);
    assert!(String::from_utf8_lossy(&faulty.stderr).contains("\n::error title="));
    let elsewhere = start(&world, "github/run", &[&wrong[..], &[("GITHUB_ACTIONS", "")]].concat());
    assert!(!String::from_utf8_lossy(&elsewhere.stderr).contains("::error"));
}

/// From cron: silent while all is well, and the whole report when it is not.
#[test]
fn cron_speaks_only_of_differences() {
    let world = World::new();
    let bin = PathBuf::from(env!("CARGO_BIN_EXE_turbot-onboard"));
    let path = format!("{}:/usr/bin:/bin", bin.parent().unwrap().display());
    let of = [
        ("PATH", path.as_str()),
        ("GITHUB_ACTIONS", ""),
        ("TURBOT_ONBOARD_ACCOUNT_ID", world.account.as_str()),
        ("TURBOT_ONBOARD_TURBOT_ID", "aab"),
    ];
    let before = start(&world, "cron/turbot-onboard-verify", &of);
    assert_eq!(before.status.code(), Some(8));
    assert!(String::from_utf8_lossy(&before.stdout).contains("\"differs\""));
    world.verb("apply", &[]).exits(0);
    let after = start(&world, "cron/turbot-onboard-verify", &of);
    assert_eq!((after.status.code(), after.stdout.len(), after.stderr.len()), (Some(0), 0, 0));
}
