//! The house: which crate may know which. No arrow points up, and what is one crate's is no other's.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate of the workspace, and the crates of the workspace it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("onboard-core", &[]),
    ("aws-bootstrap", &["onboard-core"]),
    ("turbot-import", &["onboard-core"]),
    ("onboard-engine", &["onboard-core", "aws-bootstrap", "turbot-import"]),
    ("onboard-sandbox", &["onboard-core"]),
    ("onboard-report", &["onboard-core"]),
    ("turbot-onboard", &["onboard-core", "onboard-engine", "onboard-sandbox", "onboard-report"]),
    ("onboard-lambda", &["onboard-core", "onboard-engine", "turbot-onboard"]),
];

/// Where Turbot's keys are, for a function: no part of what is done in an account.
const KEYS_OF_A_FUNCTION: &[&str] = &["aws-config", "aws-sdk-secretsmanager"];

/// What only one crate may see, by the beginning of the dependency's name.
const OWNED: &[(&str, &str)] =
    &[("aws-", "aws-bootstrap"), ("reqwest", "turbot-import"), ("clap", "turbot-onboard"), ("axum", "onboard-sandbox")];

/// What the pure domain does without.
const NOT_IN_CORE: &[&str] = &["tokio", "futures", "hyper", "reqwest", "clap", "uuid", "rustix", "axum", "tracing"];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut crates = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let names = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|d| d["kind"].is_null())
            .map(|d| d["name"].as_str().unwrap().to_owned())
            .collect();
        crates.insert(package["name"].as_str().unwrap().to_owned(), names);
    }
    crates
}

#[test]
fn no_arrow_points_up() {
    let crates = dependencies();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        crates.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        known,
        "a crate without a place in the house"
    );
    for (name, allowed) in ARROWS {
        for dependency in &crates[*name] {
            let ours = known.contains(dependency.as_str());
            assert!(!ours || allowed.contains(&dependency.as_str()), "{name} may not know {dependency}");
        }
    }
}

#[test]
fn what_is_one_crates_is_no_others() {
    for (name, names) in dependencies() {
        for (prefix, owner) in OWNED {
            let own = |d: &str| name == "onboard-lambda" && KEYS_OF_A_FUNCTION.contains(&d);
            let seen = names.iter().find(|d| d.starts_with(prefix) && *d != "aws-bootstrap" && !own(d));
            assert!(name == *owner || seen.is_none(), "{name} may not see {seen:?}: it is {owner}'s");
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let crates = dependencies();
    for name in NOT_IN_CORE {
        assert!(!crates["onboard-core"].contains(*name), "onboard-core may not see {name}");
    }
}
