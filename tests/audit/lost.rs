//! A log that cannot be written any more in mid-run: at each of its records in turn. Whatever is not on record is not
//! done, what is left is told, and the same command goes on from there.

use crate::harness::{Finished, World};
use crate::log;

/// The limit of a file's size in the shell's blocks of 512 bytes.
const BLOCKS: usize = 64;

/// Applies with room for so many bytes in the log, and nothing more.
fn apply_with_room(world: &World, with: &str, room: usize) -> Finished {
    let file = world.path("limited.jsonl");
    let mut padding = vec![b' '; BLOCKS * 512 - room];
    *padding.last_mut().unwrap() = b'\n';
    std::fs::write(&file, padding).unwrap();
    private(&file);
    let account = ["apply", "--account-id", &world.account, "--turbot-id", "aab", "--with", with, "--yes", "-vvv"];
    let plain = world.command(&[&account[..], &["--output", "json", "--audit-log", file.to_str().unwrap()]].concat());
    world.start(world.on_a_full_disk(&plain, BLOCKS)).finish(world)
}

fn private(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn world() -> World {
    let mut world = World::new();
    // No renewals of the claim in between: then every run has the same records.
    world.set("lease", "60s");
    world
}

/// The lines of a whole run's log.
fn whole(with: &str) -> Vec<String> {
    let world = world();
    let file = world.path("whole.jsonl");
    world.verb("apply", &["--with", with, "--audit-log", file.to_str().unwrap()]).exits(0);
    std::fs::read_to_string(file).unwrap().lines().map(|line| format!("{line}\n")).collect()
}

fn every(with: &str, chosen: impl Fn(usize) -> bool) {
    let lines = whole(with);
    assert!(lines.len() > 12, "a run has many records: {lines:#?}");
    for n in (0..lines.len()).filter(|n| chosen(*n)) {
        // Half of this record fits; times differ by some digits from run to run.
        let room = lines[..n].iter().map(String::len).sum::<usize>() + lines[n].len() / 2;
        let label = format!("--with {with}, record {n} of {}: {}", lines.len(), lines[n]);
        let world = world();
        let finished = apply_with_room(&world, with, room);
        let text = std::fs::read_to_string(world.path("limited.jsonl")).unwrap();
        assert_eq!(text.len(), BLOCKS * 512, "{label}: the file is full to its limit");
        let (kept, torn) = text.trim_start().rsplit_once('\n').unwrap_or(("", text.trim_start()));
        assert_eq!((kept.lines().count(), torn.is_empty()), (n, false), "{label}: {kept}");
        let announced = kept.lines().filter(|line| line.contains(r#""phase":"before""#)).count();
        let effects: Vec<_> = world.calls_since(0).into_iter().filter(log::is_effect).collect();
        assert_eq!(effects.len(), announced, "{label}: nothing is done that is not on record: {effects:#?}");
        if n == 0 {
            assert_eq!(finished.code, 2, "{label}: {}", finished.said());
            assert_eq!(world.sandbox.log().len(), 0, "{label}");
        } else {
            let in_flight = lines[n].contains("turbot:import") && lines[n].contains(r#""phase":"after""#);
            assert_eq!(finished.code, if in_flight { 6 } else { 1 }, "{label}: {}", finished.said());
            let report = finished.account();
            assert_eq!(report["error"]["kind"], if in_flight { "in-flight" } else { "audit" }, "{label}: {report:#}");
            let causes = report["error"]["causes"].to_string();
            assert!(causes.contains("limited.jsonl") && causes.contains("large"), "{label}: {causes}");
            let told: Vec<&str> = report["leftovers"].as_array().unwrap().iter().map(|l| log::text(l, "id")).collect();
            assert!(world.left().iter().all(|left| told.contains(&left.as_str())), "{label}: {told:?}");
        }
        world.verb("apply", &["--with", with, "--take-over"]).exits(0);
        assert_eq!((world.effective_imports(), world.left()), (1, vec![]), "{label}");
    }
}

#[test]
fn at_each_record_of_a_role() {
    every("role", |_| true);
}

#[test]
fn at_every_third_record_of_keys() {
    every("keys", |n| n % 3 == 2);
}
