//! What `template` prints where there are many accounts, or none: texts that are made anew, limits, policies for callers.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::World;

const ONE: &[&str] = &["--account-id", "111122223333", "--turbot-id", "aab"];

/// Runs `template` with these options.
fn template(world: &World, options: &[&[&str]]) -> crate::harness::Finished {
    world.run(&[&[&["template"][..]], options].concat().concat())
}

/// The accounts' external IDs, by a template's document.
fn external_ids(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let accounts = document["accounts"].as_array().unwrap().iter();
    accounts.map(|account| (text(&account["account_id"]), text(&account["external_id"]))).collect()
}

/// What a template says of itself: that its external IDs are to be kept, and by which command they are read.
#[test]
fn a_template_that_is_made_anew_keeps_the_external_ids_that_were_put_into_the_manifest() {
    let world = World::new();
    let manifest = |rows: &str| std::fs::write(world.path("accounts.csv"), rows).unwrap();
    for kind in [&["cloudformation", "--stackset"][..], &["cloudformation"], &["terraform"]] {
        manifest("account_id,turbot_id\n111122223333,aab\n444455556666,aac\n");
        let options = [kind, &["--manifest", "accounts.csv", "--output", "json"]];
        let first = template(&world, &options).exits(0);
        // Without them another template would be made.
        let again = template(&world, &options).exits(0).json();
        assert_ne!(external_ids(&first.json()), external_ids(&again));

        std::fs::write(world.path("template.json"), &first.stdout).unwrap();
        let text = first.json()["text"].as_str().unwrap().to_owned();
        let line = text.lines().find(|line| line.contains("jq -r")).expect("how the external IDs are read");
        let jq = world.program("sh").args(["-c", line.trim_start_matches(['#', ' '])]).output().unwrap();
        let pairs = String::from_utf8(jq.stdout).unwrap().replace('"', "");
        let mut rows = String::from("account_id,external_id,turbot_id\n");
        for (pair, id) in pairs.lines().zip(["aab", "aac"]) {
            writeln!(rows, "{pair},{id}").unwrap();
        }
        manifest(&format!("{rows}300030000057,,aad\n"));
        let with_a_third = template(&world, &options).exits(0).json();
        assert_eq!(external_ids(&with_a_third)[..2], external_ids(&first.json()));

        // Where all are given there is nothing to say.
        manifest(&rows);
        let given = template(&world, &options).exits(0).json();
        assert!(!given["text"].as_str().unwrap().contains("jq -r"), "{given:#}");
    }
}

#[test]
fn more_than_cloudformation_takes_is_refused_and_what_is_long_is_said() {
    let world = World::new();
    let manifest = |count: usize, own: &str| {
        let mut rows = String::from("account_id,turbot_id,role_name\n");
        for n in 0..count {
            let name = if own.is_empty() { "turbot-onboard".to_owned() } else { format!("{own}{n}") };
            writeln!(rows, "{:012},a{n},{name}", 300_000_000_000 + n).unwrap();
        }
        std::fs::write(world.path("accounts.csv"), rows).unwrap();
    };
    let options = [&["cloudformation", "--stackset", "--manifest", "accounts.csv"][..]];
    for (count, own, what) in [(201, "", "201 accounts"), (101, "role-", "202 outputs")] {
        manifest(count, own);
        let refused = template(&world, &options).exits(2);
        assert_eq!(refused.stdout, "");
        for word in ["--manifest", what, "takes 200", "split the manifest"] {
            assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
        }
    }
    manifest(90, "role-");
    let long = template(&world, &options).exits(0);
    assert!(long.stderr.contains("warning:") && long.stderr.contains("--template-url"), "{}", long.stderr);
    manifest(3, "");
    assert_eq!(template(&world, &options).exits(0).stderr, "");
}

#[test]
fn whoever_lists_an_organization_has_no_account_to_name() {
    let world = World::new();
    let policy = template(&world, &[&["policy", "--for", "discover"]]).exits(0);
    let policy: Value = serde_json::from_str(&policy.stdout).unwrap();
    assert_eq!(policy["Statement"][0]["Sid"], "Discover");
    template(&world, &[&["policy", "--for", "plan"]]).exits(2);
}

/// A loop over the verbs does not end at the one that needs nothing.
#[test]
fn a_verb_that_needs_no_permission_prints_no_policy() {
    let world = World::new();
    for what in ["maintenance", "enter"] {
        let run = template(&world, &[&["policy", "--for", what], ONE]).exits(0);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains("no permission of AWS"), "{}", run.stderr);
        let run = template(&world, &[&["policy", "--for", what, "--output", "json"], ONE]).exits(0);
        assert_eq!(run.stdout, "null\n");
    }
}

#[test]
fn the_roles_that_are_assumed_are_named_and_no_others() {
    let world = World::new();
    std::fs::write(
        world.path("accounts.yaml"),
        "defaults: {assume_role: One;Two}\naccounts:\n- {account_id: \"111122223333\", turbot_id: aab}\n\
         - {account_id: \"444455556666\", turbot_id: aac, assume_role: \"arn:aws:iam::444455556666:role/a/b\"}\n",
    )
    .unwrap();
    let wanted = json!({"Version": "2012-10-17", "Statement": [{
    "Sid": "Enter", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [
        "arn:aws:iam::111122223333:role/One",
        "arn:aws:iam::111122223333:role/Two",
        "arn:aws:iam::444455556666:role/a/b",
    ]}]});
    let run = template(&world, &[&["policy", "--for", "enter", "--manifest", "accounts.yaml"]]).exits(0);
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), wanted);
    let all = template(&world, &[&["policy", "--manifest", "accounts.yaml"]]).exits(0).json();
    assert_eq!(all["callers"]["enter"], wanted);
    let none = template(&world, &[&["policy"], ONE]).exits(0).json();
    assert_eq!(none["callers"]["enter"], Value::Null);
}

#[test]
fn a_policy_that_is_too_long_for_iam_is_said() {
    let world = World::new();
    for (count, long) in [(80, false), (120, true)] {
        let mut rows = String::from("account_id,turbot_id,assume_role\n");
        for n in 0..count {
            writeln!(rows, "{:012},a{n},OrganizationAccountAccessRole", 300_000_000_000_u64 + n).unwrap();
        }
        std::fs::write(world.path("accounts.csv"), rows).unwrap();
        let run = template(&world, &[&["policy", "--for", "enter", "--manifest", "accounts.csv"]]).exits(0);
        assert_eq!(run.stderr.contains("warning: the policy has"), long, "{count}: {}", run.stderr);
    }
}
