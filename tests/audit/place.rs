//! Where the log is kept, with which mode, and what is refused before anything is done.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::harness::World;
use crate::log;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn the_default_place_is_the_users_own() {
    let mut world = World::new();
    world.verb("apply", &[]).exits(0);
    let folder = world.path(".local/state/turbot-onboard");
    assert_eq!((mode(&folder), mode(&folder.join("audit.jsonl"))), (0o700, 0o600));
    let state = world.path("state");
    world.environment.insert("XDG_STATE_HOME".into(), state.to_str().unwrap().into());
    let before = log::of(&world);
    world.verb("cleanup", &[]).exits(0);
    assert_eq!(log::of(&world), before, "the other place is used");
    let runs = log::read(&state.join("turbot-onboard/audit.jsonl"));
    assert_eq!((log::text(&runs[0], "phase"), log::text(&runs[0], "verb")), ("begin", "cleanup"));
}

#[test]
fn several_runs_share_a_log() {
    let world = World::new();
    let file = world.path("given.jsonl");
    for _ in 0..2 {
        world.verb("apply", &["--audit-log", file.to_str().unwrap()]).exits(0);
    }
    let records = log::read(&file);
    log::pairs(&records);
    let begins = records.iter().filter(|r| r["phase"] == "begin").count();
    assert_eq!(begins, 2);
    assert!(!world.path(".local").exists(), "where a file is given there is no other");
}

#[test]
fn what_changes_nothing_keeps_no_log() {
    let world = World::new();
    let file = world.path("given.jsonl");
    for verb in ["plan", "verify", "doctor", "maintenance show"] {
        world.verb(verb, &["--audit-log", file.to_str().unwrap()]);
    }
    world.run(&["demo", "--output", "json"]).exits(0);
    let left: Vec<_> = std::fs::read_dir(world.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new(), "nothing was written");
}

/// What is wrong with a log, and a word of what is said of it.
type Wrong = (fn(&Path), &'static str);

#[test]
fn a_log_that_cannot_be_kept_ends_it_before_any_effect() {
    let world = World::new();
    let wrong: [Wrong; 5] = [
        (|path| std::fs::create_dir(path).unwrap(), "directory"),
        (
            |path| {
                std::fs::write(path, "").unwrap();
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o640)).unwrap();
            },
            "others can read",
        ),
        (|path| std::os::unix::fs::symlink("elsewhere", path).unwrap(), "link"),
        (
            |path| {
                std::fs::write(path, "").unwrap();
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
                if rustix::process::geteuid().is_root() {
                    std::os::unix::fs::chown(path, Some(65534), None).unwrap();
                } else {
                    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400)).unwrap();
                }
            },
            "",
        ),
        (|path| std::os::unix::fs::symlink("/dev/full", path).unwrap(), "link"),
    ];
    for (n, (make, word)) in wrong.iter().enumerate() {
        let path = world.path(&format!("wrong-{n}"));
        make(&path);
        refused(&world, path.to_str().unwrap(), word);
    }
    assert!(!world.path("elsewhere").exists(), "no link was followed");
    refused(&world, "/dev/full", "o space");
    refused(&world, "/proc/nothing/audit.jsonl", "folder");
    refused(&world, "", "names no file");
    world.verb("apply", &["--audit-log", "/dev/null"]).exits(0);
}

#[track_caller]
fn refused(world: &World, path: &str, word: &str) {
    for verb in ["apply", "bootstrap", "cleanup", "maintenance set full", "import --handoff handoff.json"] {
        let calls = world.sandbox.log().len();
        let finished = if verb.starts_with("import") {
            let handoff = include_str!("handoff.json");
            let file = world.path("handoff.json");
            std::fs::write(&file, handoff).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            world.run(&["import", "--handoff", "handoff.json", "--yes", "--audit-log", path])
        } else {
            world.verb(verb, &["--audit-log", path])
        };
        let finished = finished.exits(2);
        assert!(finished.stderr.contains(word), "{verb} {path}: {}", finished.stderr);
        assert!(finished.stderr.contains("audit"), "{verb} {path}: {}", finished.stderr);
        assert_eq!(world.calls_since(calls).len(), 0, "{verb} {path}: nothing was even asked");
    }
}

#[test]
fn a_folder_that_others_can_write_into_is_no_place() {
    let world = World::new();
    let folder = world.path(".local/state/turbot-onboard");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o770)).unwrap();
    let finished = world.verb("apply", &[]).exits(2);
    assert!(finished.stderr.contains("others can write into its folder"), "{}", finished.said());
    assert_eq!(world.sandbox.log().len(), 0);
}

#[test]
fn without_a_home_the_place_must_be_given() {
    let world = World::new();
    let mut command = world.command(&["apply", "--account-id", &world.account, "--turbot-id", "aab", "--yes"]);
    command.env_remove("HOME");
    let finished = world.start(command).finish(&world).exits(2);
    assert!(finished.stderr.contains("XDG_STATE_HOME") && finished.stderr.contains("--audit-log"));
    assert_eq!(world.sandbox.log().len(), 0);
}

/// A disk that was full in the middle of a line: what follows begins a line of its own.
#[test]
fn a_torn_line_is_left_behind() {
    let world = World::new();
    let file = world.path("torn.jsonl");
    std::fs::write(&file, "{\"schema\":\"turbot-onb").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    world.verb("apply", &["--audit-log", file.to_str().unwrap()]).exits(0);
    let text = std::fs::read_to_string(&file).unwrap();
    let (torn, rest) = text.split_once('\n').unwrap();
    assert_eq!(torn, "{\"schema\":\"turbot-onb");
    std::fs::write(&file, rest).unwrap();
    log::pairs(&log::read(&file));
}
