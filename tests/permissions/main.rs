//! The policies that `template policy` gives the callers of the verbs, in the sandbox with authorization on: all of a
//! policy's permissions are enough for every scene, and each is needed by one.
#![allow(missing_docs, unreachable_pub, reason = "modules of one test")]

#[path = "../harness/mod.rs"]
mod harness;

mod caller;
mod scenes;

use std::collections::BTreeSet;

use caller::{Verdict, actions_of, policy_of, run, without};
use scenes::{Scene, scenes};

/// Runs every scene with the whole policy; then, for each of its permissions, a scene that uses it, without it.
fn enough_and_needed(verb: &str, options: &[&str]) {
    let scenes = scenes(verb, options);
    let policy = policy_of(verb, options);
    let mut seen: Vec<(&Scene, Verdict)> = Vec::new();
    for scene in &scenes {
        let verdict = run(verb, options, scene, &policy);
        assert_eq!(verdict.denied, Vec::<String>::new(), "{verb} {options:?}: {}: {verdict:#?}", scene.name);
        assert_eq!(verdict.code, scene.code, "{verb} {options:?}: {}: {verdict:#?}", scene.name);
        seen.push((scene, verdict));
    }
    let used: BTreeSet<String> = seen.iter().flat_map(|(_, verdict)| verdict.used.clone()).collect();
    let granted: BTreeSet<String> = actions_of(&policy).into_iter().collect();
    let idle: Vec<&String> = granted.difference(&used).collect();
    assert!(idle.is_empty(), "{verb} {options:?}: no scene needs {idle:?}");
    for action in &granted {
        let makes_a_difference =
            seen.iter().filter(|(_, verdict)| verdict.used.contains(action)).any(|(scene, whole)| {
                let less = run(verb, options, scene, &without(&policy, action));
                !less.denied.is_empty() && less.shown != whole.shown
            });
        assert!(makes_a_difference, "{verb} {options:?}: it is all the same without {action}");
    }
}

const BOUNDARY: &[&str] = &["--permissions-boundary", "arn:aws:iam::aws:policy/AdministratorAccess"];

#[test]
fn plan() {
    enough_and_needed("plan", &["--with", "role"]);
    enough_and_needed("plan", &["--with", "keys"]);
}

#[test]
fn verify() {
    enough_and_needed("verify", &["--with", "role"]);
    enough_and_needed("verify", &["--with", "keys"]);
}

#[test]
fn doctor() {
    enough_and_needed("doctor", &["--with", "role"]);
    enough_and_needed("doctor", &["--with", "keys"]);
}

#[test]
fn apply_with_a_role() {
    enough_and_needed("apply", &["--with", "role"]);
}

#[test]
fn apply_with_a_role_and_a_boundary() {
    enough_and_needed("apply", &[&["--with", "role"], BOUNDARY].concat());
}

#[test]
fn apply_with_keys() {
    enough_and_needed("apply", &["--with", "keys"]);
}

#[test]
fn apply_with_keys_and_a_boundary() {
    enough_and_needed("apply", &[&["--with", "keys"], BOUNDARY].concat());
}

#[test]
fn bootstrap() {
    enough_and_needed("bootstrap", &["--with", "role", "--handoff", "handoff.json"]);
    enough_and_needed("bootstrap", &["--with", "keys", "--handoff", "handoff.json"]);
}

#[test]
fn cleanup() {
    enough_and_needed("cleanup", &[]);
}

#[test]
fn discover() {
    let policy = policy_of("discover", &[]);
    let (whole, used) = caller::discover(&policy);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    assert_eq!(used, actions_of(&policy).into_iter().collect::<BTreeSet<_>>());
    for action in &used {
        let (less, _) = caller::discover(&without(&policy, action));
        assert_ne!((less.code, less.stdout), (whole.code, whole.stdout.clone()), "it is all the same without {action}");
    }
}

/// Whoever enters by a role needs to assume it and nothing else; the role needs what the verb needs.
#[test]
fn enter() {
    let enter = caller::entering(&["--assume-role", caller::ENTERED]);
    assert_eq!(actions_of(&enter), ["sts:AssumeRole"]);
    for (verb, code) in [("plan", 0), ("apply", 0)] {
        let policy = policy_of(verb, &["--with", "role"]);
        let enough = caller::enter(verb, &enter, &policy);
        assert_eq!(enough.code, code, "{verb}: {}", enough.stderr);
        let other = caller::entering(&["--assume-role", "Another"]);
        for (less, policy) in [(&other, &policy), (&enter, &without(&policy, "iam:ListPolicies"))] {
            let denied = caller::enter(verb, less, policy);
            assert_ne!(denied.code, code, "{verb}: {}", denied.stderr);
            assert!(denied.stderr.contains("denied"), "{verb}: {}", denied.stderr);
        }
    }
}

/// The maintenance window is Turbot's: AWS is asked nothing but who is calling, which needs no permission.
#[test]
fn maintenance() {
    let nothing = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]});
    for verb in ["maintenance show", "maintenance set full"] {
        let verdict = run(verb, &[], &scenes::imported(), &nothing);
        assert_eq!((verdict.code, verdict.denied), (0, vec![]), "{verb}");
    }
}
