//! The guide: its reference is the program's own, its links lead somewhere, its commands run as they stand.

mod harness;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::World;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(root().join("docs/guide/src")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

/// The help of a command and of the commands under it.
fn help(path: &[&str], out: &mut String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_turbot-onboard")).args(path).arg("--help").env_clear().output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let name = [&["turbot-onboard"], path].concat().join(" ");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let _ = write!(out, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim());
    let commands = lines.iter().skip_while(|line| **line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A line that goes on has no name at its beginning.
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in names.filter_map(|line| line.split_whitespace().next()) {
        help(&[path, &[name]].concat(), out);
    }
}

/// After a change of the command line: UPDATE_GUIDE=1 writes the reference anew.
#[test]
fn the_reference_is_the_programs_own() {
    let mut wanted = String::from("# Reference\n\nEvery command, as it says itself with `--help`.\n");
    help(&[], &mut wanted);
    let path = root().join("docs/guide/src/reference.md");
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let stands = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        stands == wanted,
        "the reference is not the program's: UPDATE_GUIDE=1 cargo test --test guide writes it anew"
    );
}

/// The anchors of a page, as mdbook and GitHub make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_');
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The targets of a page's links; code is left out.
fn links(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut all = pages();
    all.push(root().join("README.md"));
    let mut broken = Vec::new();
    for page in all {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let found = target.exists()
                && (anchor.is_empty()
                    || anchors(&std::fs::read_to_string(&target).unwrap_or_default()).contains(anchor));
            if !found {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = std::fs::read_to_string(root().join("docs/guide/src/SUMMARY.md")).unwrap();
    let named: BTreeSet<String> = links(&summary).into_iter().collect();
    let there: BTreeSet<String> = pages()
        .iter()
        .filter_map(|page| Some(page.file_name()?.to_str()?.to_owned()))
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(named, there);
}

/// Each page's commands in one shell, as a person pasting them would, against a sandbox of its own.
#[test]
fn every_command_runs_as_it_stands() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let blocks: Vec<&str> = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        if !blocks.is_empty() {
            paste(&page, &blocks.concat());
        }
    }
}

fn paste(page: &Path, script: &str) {
    let world = World::new();
    let binary = Path::new(env!("CARGO_BIN_EXE_turbot-onboard"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.parent().unwrap().display());
    // What was started in the background goes when the shell does; what a sandbox prints holds its secrets.
    let script = format!("trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}");
    world.secrets.lock().unwrap().allow_file(&world.path("sandbox.env"));
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &script]).current_dir(world.folder()).env_clear();
    command.envs(&world.environment).env("PATH", path).env("HOME", world.folder());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}\n{script}\n--- stdout\n{}\n--- stderr\n{}",
        page.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The README says the same of Turbot's API.
#[test]
fn the_facts_are_the_readmes() {
    let page = std::fs::read_to_string(root().join("docs/guide/src/turbot-api.md")).unwrap();
    let facts = page.split_once("\n\n").unwrap().1.trim();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(facts), "docs/guide/src/turbot-api.md and the README differ");
}
