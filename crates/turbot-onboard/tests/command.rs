//! The command as people start it: its help, its exit codes, its two streams.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["plan"],
    &["apply"],
    &["bootstrap"],
    &["import"],
    &["verify"],
    &["maintenance"],
    &["maintenance", "show"],
    &["maintenance", "set"],
    &["cleanup"],
    &["doctor"],
    &["discover"],
    &["report"],
    &["template"],
    &["template", "cloudformation"],
    &["template", "terraform"],
    &["template", "policy"],
    &["template", "commands"],
    &["sandbox"],
    &["demo"],
    &["completions"],
    &["man"],
    &["schema"],
];

/// The command in an empty environment, in a folder of its own.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_turbot-onboard"));
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    command
}

fn output(folder: &Path, arguments: &[&str], variables: &[(String, String)]) -> Output {
    command(folder, arguments).envs(variables.iter().cloned()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A sandbox process; interrupted when it is dropped.
struct Sandbox {
    child: Child,
    variables: Vec<(String, String)>,
    account: String,
}

impl Sandbox {
    fn start(folder: &Path) -> Self {
        let arguments = ["sandbox", "--import-time", "100ms", "--output", "json"];
        let mut child = command(folder, &arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut document = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            document.push_str(&line.unwrap());
            if document.ends_with('}') {
                break;
            }
        }
        let document: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&document).unwrap();
        let variables = document.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect();
        Self { child, variables, account: "111122223333".to_owned() }
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        let account =
            ["--account-id", &self.account, "--turbot-id", "aab", "--propagation", "2s", "--visibility", "5s"];
        let all: Vec<&str> = arguments.iter().copied().chain(account).collect();
        let output = output(folder, &all, &self.variables);
        for secret in ["AWS_SECRET_ACCESS_KEY", "TURBOT_SECRET_KEY"] {
            let (_, secret) = self.variables.iter().find(|(name, _)| name == secret).unwrap();
            assert!(!text(&output.stdout).contains(secret) && !text(&output.stderr).contains(secret));
        }
        output
    }

    fn interrupt(&mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_help_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for command in COMMANDS {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let output = output(folder.path(), &arguments, &[]);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{command:?}");
        let name = std::iter::once(&"help").chain(*command).copied().collect::<Vec<_>>().join("-");
        settings.bind(|| insta::assert_snapshot!(name, text(&output.stdout)));
    }
}

#[test]
fn every_command_has_examples_and_a_page_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let man = output(folder.path(), &["man", "--dir", "pages"], &[]);
    assert_eq!(man.status.code(), Some(0));
    for command in COMMANDS {
        let name = std::iter::once(&"turbot-onboard").chain(*command).copied().collect::<Vec<_>>().join("-");
        let page = std::fs::read_to_string(folder.path().join(format!("pages/{name}.1"))).unwrap();
        assert!(page.contains("Examples:") && page.contains(".TH"), "{name}");
    }
    let whole = output(folder.path(), &["man"], &[]);
    assert_eq!(text(&whole.stdout).matches(".TH ").count(), COMMANDS.len());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = output(folder.path(), &["completions", shell], &[]);
        assert!(text(&script.stdout).contains("turbot-id"), "{shell}");
    }
    let schema = output(folder.path(), &["schema", "report"], &[]);
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    for name in ["report", "plan", "manifest", "handoff", "config", "audit", "doctor"] {
        assert_eq!(output(folder.path(), &["schema", name], &[]).status.code(), Some(0), "{name}");
    }
}

#[test]
fn wrong_settings_are_listed_and_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("turbot-onboard.toml"), "title = \"a\"\nturbot_url = \"https://evil.example\"\n")
        .unwrap();
    let variables = [("TURBOT_ONBOARD_TIMEOUT".to_owned(), "15".to_owned())];
    let output = output(folder.path(), &["apply", "--account-id", "1", "--output", "json"], &variables);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    let said = text(&output.stderr);
    for line in [
        "  turbot-onboard.toml:2:1 (turbot_url): it may not stand in the working folder's file",
        "  --account-id: '1' is not an AWS account id",
        "  --turbot-id: it is missing",
        "  TURBOT_ONBOARD_TIMEOUT: '15' has no unit",
        "  Turbot's keys: they are missing",
    ] {
        assert!(said.lines().any(|l| l.starts_with(line)), "{line}: {said}");
    }
}

#[test]
fn a_reader_who_leaves_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["schema"][..], &["--help"], &["completions", "bash"], &["man"]] {
        let mut child = command(folder.path(), arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let lost = command(folder.path(), &["schema"]).stdout(full).output().unwrap();
    assert_eq!(lost.status.code(), Some(1));
    assert!(text(&lost.stderr).contains("could not be written"));
}

#[test]
fn the_demo_reads_nothing_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("turbot-onboard.toml"), "this is not TOML").unwrap();
    let variables = [
        ("AWS_PROFILE", "nonexistent"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("TURBOT_URL", "https://127.0.0.1:1"),
        ("TURBOT_ONBOARD_OUTPUT", "text"),
        ("TURBOT_ONBOARD_TIMEOUT", "nonsense"),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let output = output(folder.path(), &["demo", "--output", "json"], &variables);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "turbot-onboard/report/1");
    for (account, with) in [(&report["accounts"][0], "role"), (&report["accounts"][1], "keys")] {
        assert_eq!((&account["outcome"], &account["with"]), (&"imported".into(), &with.into()), "{account:#}");
        assert_eq!(account["leftovers"], serde_json::json!([]));
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["turbot-onboard.toml"]);
}

#[test]
fn from_a_plan_to_a_verified_account() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut sandbox = Sandbox::start(folder);
    let code = |output: &Output| output.status.code();
    let planned = sandbox.run(folder, &["plan", "--out", "p.json", "--detailed-exitcode", "--output", "json"]);
    assert_eq!(code(&planned), Some(8), "{}", text(&planned.stderr));
    assert_eq!(planned.stdout, std::fs::read(folder.join("p.json")).unwrap());
    assert_eq!(code(&sandbox.run(folder, &["verify"])), Some(8));
    let other = sandbox.run(folder, &["apply", "--plan", "p.json", "--title", "Other", "--yes"]);
    assert_eq!(code(&other), Some(3));
    assert!(text(&other.stderr).contains("title differs (--title)"), "{}", text(&other.stderr));
    let unasked = sandbox.run(folder, &["apply", "--plan", "p.json", "--output", "json"]);
    assert_eq!(code(&unasked), Some(2));
    let report: serde_json::Value = serde_json::from_slice(&unasked.stdout).unwrap();
    assert_eq!(report["accounts"][0]["error"]["kind"], "needs-consent");
    let applied = sandbox.run(folder, &["apply", "--plan", "p.json", "--yes", "--maintenance", "keep"]);
    assert_eq!(code(&applied), Some(0), "{}", text(&applied.stderr));
    assert!(text(&applied.stdout).starts_with("111122223333 as aab: imported and verified\n"));
    assert_eq!(code(&sandbox.run(folder, &["verify"])), Some(0));
    assert_eq!(code(&sandbox.run(folder, &["plan", "--detailed-exitcode"])), Some(0));
    assert_eq!(code(&sandbox.run(folder, &["maintenance", "set", "full", "--yes"])), Some(0));
    let shown = sandbox.run(folder, &["maintenance", "show", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(report["accounts"][0]["maintenance"], "Anytime");
    assert_eq!(code(&sandbox.run(folder, &["doctor"])), Some(0));
    assert_eq!(sandbox.interrupt().code(), Some(0));
}

#[test]
fn the_halves_by_file_and_by_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sandbox = Sandbox::start(folder);
    let code = |output: &Output| output.status.code();
    assert_eq!(code(&sandbox.run(folder, &["bootstrap", "--with", "keys", "--yes"])), Some(2));
    assert_eq!(code(&sandbox.run(folder, &["bootstrap", "--handoff", "-", "--yes", "--output", "json"])), Some(2));
    let piped = sandbox.run(folder, &["bootstrap", "--handoff", "-", "--yes"]);
    assert_eq!(code(&piped), Some(0), "{}", text(&piped.stderr));
    let handoff: serde_json::Value = serde_json::from_slice(&piped.stdout).unwrap();
    assert_eq!(handoff["schema"], "turbot-onboard/handoff/1");
    let file = folder.join("h.json");
    std::fs::write(&file, &piped.stdout).unwrap();
    let import = |arguments: &[&str]| output(folder, arguments, &sandbox.variables);
    assert_eq!(code(&import(&["import", "--handoff", "h.json", "--yes"])), Some(2), "others can read the file");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(code(&import(&["import", "--handoff", "h.json"])), Some(2), "nobody is there to ask");
    let imported = import(&["import", "--handoff", "h.json", "--yes"]);
    assert_eq!(code(&imported), Some(0), "{}", text(&imported.stderr));
    let cleaned = sandbox.run(folder, &["cleanup", "--yes"]);
    assert_eq!(code(&cleaned), Some(0), "{}{}", text(&cleaned.stdout), text(&cleaned.stderr));
}

#[test]
fn an_interrupted_run_ends_with_130() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path());
    let mut child = command(
        folder.path(),
        &[
            "apply",
            "--account-id",
            &sandbox.account,
            "--turbot-id",
            "aab",
            "--yes",
            "--quiet",
            "--audit-log",
            "a.jsonl",
        ],
    )
    .envs(sandbox.variables.iter().cloned())
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    // The claim is in the audit log: the run has begun, and its reads of AWS take seconds.
    while !std::fs::read_to_string(folder.path().join("a.jsonl")).unwrap_or_default().contains("\"create-role\"") {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    let mut report = String::new();
    child.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    assert!(report.starts_with("111122223333 as aab: interrupted\n"), "{report}");
}

/// What people are told when the settings are wrong: each names the value, the place, and what would be right.
#[test]
fn errors_as_they_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("wrong.toml", "account_id = 111122223333\nturbot_ids = \"aab\"\ntimeout = \"90\"\nwith = \"rolle\"\n");
    file("wrong.csv", "account_id,turbot_id,colour\n11112222333,aab,red\n444455556666,aab\n");
    file("broken.json", "{\"accounts\": [\n  {\"account_id\": }\n]}\n");
    file("no.plan", "{}");
    let account = ["--account-id", "111122223333", "--turbot-id", "aab"];
    let turbot = ["--turbot-url", "turbot.example.com", "--cluster-id", "mhe", "--master-account-id", "210987654321"];
    let one = |verb: &'static str, more: &[&'static str]| [&[verb], &account[..], &turbot, more].concat();
    let cases: [(&str, Vec<&str>); 10] = [
        ("nothing-is-set", vec!["apply"]),
        ("an-option-that-is-none", one("apply", &["--rolename", "x"])),
        ("ids-that-are-wrong", vec!["plan", "--account-id", "AKIAIOSFODNN7EXAMPLE", "--turbot-id", "111122223333"]),
        ("no-keys", one("plan", &[])),
        ("plain-http", [&["plan", "--turbot-url", "http://192.0.2.1"], &account[..], &turbot[2..]].concat()),
        ("an-external-id-that-aws-would-refuse", one("plan", &["--external-id", "a b"])),
        ("a-configuration-file", vec!["plan", "--config", "wrong.toml"]),
        ("a-manifest", [&["plan", "--manifest", "wrong.csv"], &turbot[..]].concat()),
        ("no-json", [&["plan", "--manifest", "broken.json"], &turbot[..]].concat()),
        ("no-plan", [&["apply", "--plan", "no.plan"], &turbot[..]].concat()),
    ];
    let keys = [("TURBOT_ACCESS_KEY", "8c4b0f5e-1"), ("TURBOT_SECRET_KEY", "8c4b0f5e-2")];
    let keys = keys.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    let _here = settings.bind_to_scope();
    for (name, arguments) in cases {
        let keys = if ["nothing-is-set", "no-keys"].contains(&name) { &[][..] } else { &keys };
        let run = output(folder.path(), &arguments, keys);
        assert_eq!(run.status.code(), Some(2), "{name}: {}", text(&run.stderr));
        assert!(run.stdout.is_empty(), "{name}");
        let said = text(&run.stderr).replace(&folder.path().display().to_string(), "(folder)");
        insta::assert_snapshot!(format!("error-{name}"), said);
    }
}
