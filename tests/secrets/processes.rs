//! What other processes see: arguments, environments, and the memory that a crash would leave.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};

use onboard_sandbox::Moment;

use crate::harness::World;

/// A process and all its descendants: what /proc shows of each.
fn tree(root: u32) -> Vec<u32> {
    let mut parents = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else { continue };
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).and_then(|p| p.trim().parse().ok());
        parents.insert(pid, parent.unwrap_or(0));
    }
    let mut tree = vec![root];
    let mut at = 0;
    while at < tree.len() {
        let of = tree[at];
        tree.extend(parents.iter().filter(|(_, parent)| **parent == of).map(|(pid, _)| *pid));
        at += 1;
    }
    tree
}

/// Keeps what /proc shows of a run's processes for the search. `environ`: of the root only if it can be read at all.
fn look(world: &World, root: u32) -> usize {
    let tree = tree(root);
    let mut secrets = world.secrets.lock().unwrap();
    for pid in &tree {
        let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        secrets.seen(&format!("the arguments of process {pid}"), &String::from_utf8_lossy(&read("cmdline")));
        let environ = read("environ");
        let text = String::from_utf8_lossy(&environ);
        // The caller's AWS secret is the caller's own to put into the environment: the AWS SDK reads it there, and so may
        // a program that fetches Turbot's keys (`aws secretsmanager get-secret-value`).
        let kept: Vec<&str> = text.split('\0').filter(|v| !v.starts_with("AWS_SECRET_ACCESS_KEY=")).collect();
        secrets.seen(&format!("the environment of process {pid}"), &kept.join("\n"));
    }
    tree.len()
}

/// At several calls of a run with keys, the new key's secret included.
#[test]
fn no_argument_list_and_no_environment_shows_a_secret() {
    let world = World::new();
    let calls = [
        ("sts:GetCallerIdentity", Moment::Before),
        ("iam:CreateUser", Moment::AfterEffect),
        ("iam:CreateAccessKey", Moment::AfterEffect),
        ("iam:GetAccountSummary", Moment::Before),
        ("turbot:POST /accounts", Moment::Before),
        ("turbot:POST /accounts", Moment::AfterEffect),
    ];
    let held = calls.map(|(call, moment)| world.script().hold(call, moment, 1));
    let arguments = ["apply", "--account-id", &world.account, "--turbot-id", "aab", "--with", "keys", "--yes"];
    let running = world.start(world.command(&arguments));
    let root = running.child.id();
    // An order of their own; whatever comes next is let go when it has been looked at.
    for held in &held {
        held.reached();
        assert!(look(&world, root) >= 1);
        held.release();
    }
    running.finish(&world).exits(0);
}

/// A script that keeps its environment and arguments, and then prints what is asked of it.
fn script(world: &World, name: &str, print: &str) -> String {
    let path = world.path(name);
    // The search does not mind what the script must print; what it keeps is searched.
    world.secrets.lock().unwrap().allow_file(&path);
    let kept = world.path(&format!("{name}.seen"));
    let text = format!(
        "#!/bin/sh\ntr '\\0' '\\n' < /proc/self/environ > {0}\ntr '\\0' '\\n' < /proc/$$/cmdline >> {0}\ncat <<'END'\n{print}\nEND\n",
        kept.display()
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[track_caller]
fn seen(world: &World, name: &str) -> String {
    let seen = std::fs::read_to_string(world.path(&format!("{name}.seen"))).unwrap();
    for variable in ["TURBOT_ACCESS_KEY", "TURBOT_SECRET_KEY", "LOG_SENSITIVE_BODIES"] {
        assert!(!seen.contains(variable), "{name} has {variable}");
    }
    assert!(seen.contains("TURBOT_URL="), "the rest of the environment is there, so the look sees something: {seen}");
    seen
}

/// The children that there are: the program that prints Turbot's keys, and that of an AWS profile.
#[test]
fn children_inherit_no_turbot_key() {
    let mut world = World::new();
    let (access, secret) =
        (world.environment["TURBOT_ACCESS_KEY"].clone(), world.environment["TURBOT_SECRET_KEY"].clone());
    let id = world.environment.remove("AWS_ACCESS_KEY_ID").unwrap();
    let aws = world.environment.remove("AWS_SECRET_ACCESS_KEY").unwrap();
    let keys = script(&world, "keys.sh", &format!("{access}\n{secret}"));
    let json = format!(r#"{{"Version": 1, "AccessKeyId": "{id}", "SecretAccessKey": "{aws}"}}"#);
    let credentials = script(&world, "credentials.sh", &json);
    let config = world.path("aws-config");
    std::fs::write(&config, format!("[default]\ncredential_process = {credentials}\n")).unwrap();
    world.environment.insert("AWS_CONFIG_FILE".into(), config.to_str().unwrap().into());
    // The keys stand in the environment as well: the program's are taken, and it does not see the others.
    world.verb("apply", &["--with", "keys", "--turbot-key-command", &keys]).exits(0);
    seen(&world, "keys.sh");
    seen(&world, "credentials.sh");
}

/// A command that waits, as somebody who may be nobody, so that the system's own rules show.
fn waiting(limit: &str) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("ulimit -c {limit}; exec \"$0\" sandbox --output json")])
        .arg(env!("CARGO_BIN_EXE_turbot-onboard"))
        .current_dir("/")
        .env_clear()
        .env("TURBOT_SECRET_KEY", "the/Secret+Key=of-this-test")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with('}') {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "it serves");
    }
    (child, output)
}

#[test]
fn nobody_reads_its_memory_and_a_crash_leaves_none() {
    for limit in ["0", "unlimited"] {
        let (mut child, output) = waiting(limit);
        let proc = format!("/proc/{}", child.id());
        let limits = std::fs::read_to_string(format!("{proc}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        let words: Vec<&str> = core.split_whitespace().collect();
        assert_eq!(words[4..6], ["0", "0"], "{core}");
        // What cannot be dumped belongs to root in /proc, and only root may look into it.
        let environ = Path::new(&proc).join("environ");
        assert_eq!(environ.metadata().unwrap().uid(), 0, "it is not dumpable");
        match std::fs::read(&environ) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains("of-this-test"), "the value was wiped: {text}");
            }
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
        }
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
        let status = child.wait().unwrap();
        drop(output);
        assert_eq!((status.signal(), status.core_dumped()), (Some(6), false), "{status}");
    }
}

/// What the look above would see of a process that does nothing of the kind.
#[test]
fn that_look_can_fail() {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo there; exec sleep 60"]).current_dir("/").env_clear().env("SECRET", "of-this-test");
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let environ = format!("/proc/{}/environ", child.id());
    let owner = std::fs::metadata(&environ).unwrap().uid();
    let text = String::from_utf8_lossy(&std::fs::read(&environ).unwrap()).into_owned();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(owner == 0, rustix::process::geteuid().is_root() && owner == 0);
    assert!(text.contains("of-this-test"), "{text}");
    assert_ne!(owner, 0, "an ordinary process is its user's own, unless that is root");
}
