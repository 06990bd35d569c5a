//! The pipelines' scripts, as a runner starts them: in variables everything that they are told, against a sandbox.

mod harness;

use std::path::PathBuf;
use std::process::{Command, Output};

use harness::World;
use onboard_sandbox::{Fault, Options, What};
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
        ("plan", "schedule", "", "true", 0),
        ("apply", "workflow_dispatch", "", "true", 0),
        ("plan", "workflow_run", "", "true", 3),
        ("apply", "issue_comment", "", "true", 3),
        ("plan", "", "", "true", 3),
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
    let title = "Sand|box` <!-- @all ::error::x $(touch pwned)";
    let account = [
        ("TURBOT_ONBOARD_ACCOUNT_ID", world.account.as_str()),
        ("TURBOT_ONBOARD_TURBOT_ID", "aab"),
        ("TURBOT_ONBOARD_TITLE", title),
    ];
    let planned = start(&world, "github/run", &[&account[..], &[("MODE", "plan")]].concat());
    assert!(planned.status.success(), "{}", String::from_utf8_lossy(&planned.stderr));
    let markdown = std::fs::read_to_string(world.path("turbot-onboard.md")).unwrap();
    assert!(markdown.contains("| `create-role` | `create` | `role turbot-onboard` | `path: /, "), "{markdown}");
    assert!(markdown.contains("title `Sand\\|box' <!-- @all ::error::x $(touch pwned)`: 9 steps\n"), "{markdown}");
    // What a reviewer approves: who is trusted, under which external ID, with which policy.
    let plan: Value =
        serde_json::from_str(&std::fs::read_to_string(world.path("turbot-onboard.json")).unwrap()).unwrap();
    let external_id = plan["accounts"][0]["chosen"]["external_id"].as_str().unwrap();
    for shown in [
        "whose master account `210987654321` is trusted",
        "\"Principal\":{\"AWS\":\"arn:aws:iam::210987654321:root\"}",
        &format!("{{\"sts:ExternalId\":\"{external_id}\"}}"),
        "| `attach-policy` | `update` | `role turbot-onboard` | `arn:aws:iam::aws:policy/AdministratorAccess` |",
    ] {
        assert!(markdown.contains(shown), "{shown}\n{markdown}");
    }
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
    assert!(comment.contains("\"sts:ExternalId\":\"(its own)\""), "{comment}");
    assert!(comment.len() < 65_536, "GitHub takes no longer one");

    let applied = start(&world, "github/run", &[&fleet[..], &[("MODE", "apply")]].concat());
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let comment = std::fs::read_to_string(world.path("turbot-onboard.md")).unwrap();
    assert!(comment.contains("| `imported` | 60 |") && comment.contains("None needs anybody."), "{comment}");
    assert_eq!(world.effective_imports(), 60);
}

/// One account of a fleet with another policy is not hidden among those that look alike.
#[test]
fn an_account_with_other_policies_is_shown_apart() {
    let mut world = World::with(Options { accounts: 12, ..Options::default() });
    let credentials = world.sandbox.cloud().management_credentials();
    world.environment.insert("AWS_ACCESS_KEY_ID".into(), credentials.access_key_id);
    world.environment.insert("AWS_SECRET_ACCESS_KEY".into(), credentials.secret_access_key);
    world.run(&["discover", "--out", "accounts.csv"]).exits(0);
    let manifest = std::fs::read_to_string(world.path("accounts.csv")).unwrap();
    let other = "arn:aws:iam::aws:policy/PowerUserAccess";
    let lines = manifest.lines().map(|line| match line {
        _ if line.starts_with("account_id") => format!("{line},policy_arn"),
        _ if line.starts_with(|c: char| c.is_ascii_digit()) => format!("{line},"),
        _ => line.to_owned(),
    });
    let mut lines: Vec<String> = lines.collect();
    lines.iter_mut().find(|line| line.ends_with(',')).unwrap().push_str(other);
    std::fs::write(world.path("accounts.csv"), lines.join("\n") + "\n").unwrap();
    let planned = start(&world, "github/run", &[("TURBOT_ONBOARD_MANIFEST", "accounts.csv"), ("MODE", "plan")]);
    assert!(planned.status.success(), "{}", String::from_utf8_lossy(&planned.stderr));
    let comment = std::fs::read_to_string(world.path("turbot-onboard.md")).unwrap();
    assert!(comment.contains("**Accounts: 1**") && comment.contains(other), "{comment}");
}

/// Whatever the action sets is an option's variable, or one that its scripts or the AWS SDK read.
#[test]
fn the_actions_inputs_reach_the_command() {
    let world = World::new();
    let action = std::fs::read_to_string(script("../action.yml")).unwrap();
    let (_, step) = action.split_once("id: run").unwrap();
    let inputs: Vec<(&str, &str)> = step
        .lines()
        .filter_map(|line| line.trim().split_once(": ${{ inputs."))
        .map(|(variable, input)| (variable, input.trim_end_matches(" }}")))
        .collect();
    assert!(inputs.len() > 15, "{inputs:?}");
    let help = ["plan", "apply"].map(|verb| world.run(&[verb, "--help"]).exits(0).stdout.clone()).concat();
    for (variable, input) in &inputs {
        assert!(action.contains(&format!("\n  {input}:\n")), "{input} is no input");
        if let Some(option) = variable.strip_prefix("TURBOT_ONBOARD_") {
            assert_eq!(option.to_lowercase().replace('_', "-"), *input);
            assert!(help.contains(&format!("--{input} <")), "{input} is no option");
        }
    }
    // An input that is not given reaches the shell as an empty variable: that is as if it were not there.
    let mut variables: Vec<(&str, &str)> =
        inputs.iter().filter(|(v, _)| v.starts_with("TURBOT_ONBOARD_")).map(|(v, _)| (*v, "")).collect();
    variables.extend([
        ("MODE", "plan"),
        ("TURBOT_ONBOARD_ACCOUNT_ID", "111122223333"),
        ("TURBOT_ONBOARD_TURBOT_ID", "aab"),
    ]);
    let planned = start(&world, "github/run", &variables);
    let said = String::from_utf8_lossy(&planned.stderr);
    assert!(planned.status.success(), "{said}");
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
    let comment = std::fs::read_to_string(world.path("turbot-onboard.md")).unwrap();
    assert_eq!(comment, "### turbot-onboard plan: no document was made. The job's log says why.\n");
    let elsewhere = start(&world, "github/run", &[&wrong[..], &[("GITHUB_ACTIONS", "")]].concat());
    assert!(!String::from_utf8_lossy(&elsewhere.stderr).contains("::error"));
}

/// What GitLab and Jenkins run, in a shell, in their order: all but the installation.
#[test]
fn the_steps_of_gitlab_and_jenkins_run() {
    let bin = PathBuf::from(env!("CARGO_BIN_EXE_turbot-onboard"));
    let path = format!("{}:/usr/bin:/bin", bin.parent().unwrap().display());
    type Step = fn(&str) -> Option<String>;
    let gitlab: Step = |line| line.strip_prefix("    - turbot-onboard ").map(|rest| format!("turbot-onboard {rest}"));
    let jenkins: Step = |line| Some(line.split_once("sh '")?.1.split_once('\'')?.0.to_owned());
    let files = [("gitlab/turbot-onboard.gitlab-ci.yml", gitlab, 3), ("jenkins/Jenkinsfile", jenkins, 4)];
    for (file, step, steps) in files {
        let world = World::new();
        let text = std::fs::read_to_string(script(file)).unwrap();
        let commands: Vec<String> = text.lines().filter_map(step).collect();
        assert_eq!(commands.len(), steps, "{file}: {commands:?}");
        let output = Command::new("bash")
            .args(["-euc", &commands.join("\n")])
            .current_dir(world.folder())
            .env_clear()
            .envs(&world.environment)
            .env("PATH", &path)
            .env("HOME", world.folder())
            .env("TURBOT_ONBOARD_ACCOUNT_ID", &world.account)
            .env("TURBOT_ONBOARD_TURBOT_ID", &world.turbot_id)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut secrets = world.secrets.lock().unwrap();
        secrets.seen(file, &String::from_utf8_lossy(&output.stdout));
        secrets.seen(file, &said);
        drop(secrets);
        assert!(output.status.success(), "{file}\n{said}");
        assert_eq!(world.effective_imports(), 1, "{file}\n{said}");
    }
}

/// The guide's recipes for a report, of one that failed: they show what a person needs then.
#[test]
fn the_recipes_show_what_failed_and_what_is_left() {
    let world = World::new();
    let body = r#"{"error":{"code":422,"message":"no such thing"}}"#.to_owned();
    world.sandbox.add_fault(Fault::new("turbot:POST /accounts", What::Status { code: 422, body }));
    let failed = world.verb("apply", &["--on-failure", "keep"]).exits(5);
    std::fs::write(world.path("report.json"), &failed.stdout).unwrap();
    let guide = std::fs::read_to_string(script("../docs/guide/src/pipelines.md")).unwrap();
    let recipes: Vec<&str> = guide.lines().filter(|l| l.starts_with("jq ") && l.ends_with(" report.json")).collect();
    assert_eq!(recipes.len(), 3);
    let output = Command::new("bash").args(["-euc", &recipes.join("\n")]).current_dir(world.folder()).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    let account = &failed.account();
    for wanted in [&account["error"]["hint"], &account["leftovers"][0]["remove_with"]] {
        assert!(shown.contains(wanted.as_str().unwrap()), "{wanted}\n{shown}");
    }
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
