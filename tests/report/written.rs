//! The files: when they are written, how, and what becomes of the exit code when they cannot be.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::Value;

use crate::fleet::HOSTILE;
use crate::harness::World;

const ENOUGH: usize = 1000;

fn mode(path: &std::path::Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn every_verb_with_a_report_writes_it() {
    let world = World::new();
    let verbs: [(&str, &[&str]); 5] = [
        ("apply", &["--title", HOSTILE, "--delete-credential", "false"]),
        ("verify", &["--title", HOSTILE]),
        ("maintenance", &["show"]),
        ("cleanup", &[]),
        ("bootstrap", &[]),
    ];
    for (verb, more) in verbs {
        let (page, table) = (format!("{verb}.html"), format!("{verb}.csv"));
        let words: Vec<&str> = verb.split(' ').collect();
        let mut arguments = words.clone();
        if verb == "maintenance" {
            arguments.push("show");
        } else {
            arguments.extend(more);
        }
        let (account, turbot_id) = (world.account.clone(), world.turbot_id.clone());
        arguments.extend(["--account-id", &account, "--turbot-id", &turbot_id, "--yes", "--output", "json"]);
        arguments.extend(["--report", &page, "--report", &table]);
        let run = world.run(&arguments);
        let report = run.json();
        assert_eq!(report["summary"]["exit_code"], run.code, "{report:#}");
        let html = std::fs::read_to_string(world.path(&page)).unwrap();
        assert!(html.len() > ENOUGH && html.ends_with("</html>\n"), "{verb}");
        assert_eq!(html.matches("<script").count(), 2, "{verb}");
        let data: Value = {
            let (_, rest) = html.split_once("id=\"data\">").unwrap();
            serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
        };
        let (shown, told) = (&data["accounts"][0], &report["accounts"][0]);
        assert_eq!((&shown["a"], &shown["o"]), (&told["account_id"], &told["outcome"]), "{verb}");
        assert_eq!(shown["s"].as_array().unwrap().len(), told["steps"].as_array().unwrap().len());
        let csv = std::fs::read_to_string(world.path(&table)).unwrap();
        assert!(csv.contains(&world.account) && csv.starts_with("\"account_id\",\"turbot_id\",\"title\""), "{csv}");
        assert_eq!((mode(&world.path(&page)), mode(&world.path(&table))), (0o600, 0o600));
    }
    let hidden: Vec<_> = std::fs::read_dir(world.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".html.") || name.contains(".csv."))
        .collect();
    assert_eq!(hidden, Vec::<String>::new(), "nothing is left beside them");
}

#[test]
fn steps_and_accounts_say_when_they_began() {
    let world = World::new();
    let account = world.verb("apply", &["--title", "A title"]).exits(0).account();
    assert_eq!(account["title"], "A title");
    let (mut before, whole) = (0, account["millis"].as_u64().unwrap());
    assert!(whole > 0);
    for step in account["steps"].as_array().unwrap() {
        let (offset, millis) = (step["offset_millis"].as_u64().unwrap(), step["millis"].as_u64().unwrap());
        assert!(offset >= before && offset + millis <= whole + 1, "{account:#}");
        before = offset;
    }
}

#[test]
fn another_ending_is_refused_before_any_effect() {
    let world = World::new();
    let before = world.sandbox.log().len();
    for name in ["r.pdf", "r", "r.html.gz", ""] {
        let run = world.verb("apply", &["--report", name]).exits(2);
        assert!(run.stderr.contains(".html nor in .csv"), "{}", run.stderr);
    }
    world.verb("apply", &["--report", "a.html", "--report", "a.html"]).exits(2);
    world.verb("plan", &["--report", "a.html"]).exits(2);
    assert_eq!(world.sandbox.log().len(), before, "nothing was asked of anybody");
}

#[test]
fn one_that_cannot_be_written_hides_no_outcome() {
    let world = World::new();
    let run = world.verb("verify", &["--report", "no/such/folder.html", "--report", "there.csv"]).exits(8);
    assert!(run.stderr.contains("warning: the report 'no/such/folder.html' cannot be written"), "{}", run.stderr);
    assert!(world.path("there.csv").is_file(), "the others are written all the same");
    std::fs::create_dir(world.path("folder.html")).unwrap();
    let run = world.verb("apply", &["--report", "folder.html"]).exits(1);
    let report = run.json();
    assert_eq!((&report["summary"]["exit_code"], &report["accounts"][0]["outcome"]), (&0.into(), &"imported".into()));
    assert!(std::fs::read_dir(world.path("folder.html")).unwrap().next().is_none());
}

#[test]
fn no_link_is_followed_and_the_old_file_goes_whole() {
    let world = World::new();
    std::fs::write(world.path("precious"), "precious").unwrap();
    symlink(world.path("precious"), world.path("r.html")).unwrap();
    std::fs::write(world.path("r.csv"), "old\n".repeat(100_000)).unwrap();
    world.verb("verify", &["--report", "r.html", "--report", "r.csv"]).exits(8);
    assert_eq!(std::fs::read_to_string(world.path("precious")).unwrap(), "precious");
    assert!(world.path("r.html").symlink_metadata().unwrap().is_file());
    assert!(!std::fs::read_to_string(world.path("r.csv")).unwrap().contains("old"));
    assert_eq!((mode(&world.path("r.html")), mode(&world.path("r.csv"))), (0o600, 0o600));
}

#[test]
fn documents_become_one_report_later() {
    let mut world = World::new();
    let first = world.verb("verify", &[]).exits(8);
    std::fs::write(world.path("1.json"), &first.stdout).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100)); // started_at has whole seconds
    let second = world.verb("apply", &[]).exits(0);
    std::fs::write(world.path("2.json"), &second.stdout).unwrap();
    let other = world.sandbox.cloud().member(1);
    world.enter(&other);
    let third = world.verb("verify", &[]).exits(8);
    std::fs::write(world.path("3.json"), &third.stdout).unwrap();

    let merged =
        world.run(&["report", "2.json", "1.json", "3.json", "--report", "all.html", "--output", "json"]).exits(0);
    let report = merged.json();
    assert_eq!(report["summary"]["outcomes"], serde_json::json!({"imported": 1, "differs": 1}), "{report:#}");
    let html = std::fs::read_to_string(world.path("all.html")).unwrap();
    assert!(html.contains("1 earlier results of the same accounts are left out"), "{html}");
    let text = world.run(&["report", "1.json", "--report", "one.csv"]).exits(0);
    assert_eq!(text.stdout, "1 accounts of 1 reports: 1 differs\n");

    std::fs::write(world.path("plan.json"), r#"{"schema": "turbot-onboard/plan/1"}"#).unwrap();
    for (name, why) in
        [("plan.json", "'turbot-onboard/plan/1'"), ("none.json", "cannot be read"), ("all.html", "no report")]
    {
        let run = world.run(&["report", "1.json", name, "--report", "never.html"]).exits(2);
        assert!(run.stderr.contains(why), "{}", run.stderr);
    }
    assert!(!world.path("never.html").exists());
    world.run(&["report", "1.json", "--report", "no/folder.html"]).exits(1);
}
