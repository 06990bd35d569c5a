//! An organization of accounts, a manifest of them, and what a report says of all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use onboard_sandbox::{Options, TurbotOptions};
use serde_json::Value;

use crate::harness::{Finished, World};

pub const ROLE: &str = "OrganizationAccountAccessRole";

/// Options of a world of many accounts, whose imports take no time.
pub fn many(accounts: usize) -> Options {
    let turbot = TurbotOptions { import_time: std::time::Duration::ZERO, ..TurbotOptions::default() };
    Options { accounts, turbot, ..Options::default() }
}

/// A world whose caller is the organization's management account, with times that a busy machine keeps.
pub fn organization(options: Options) -> World {
    let mut world = World::with(options);
    let credentials = world.sandbox.cloud().management_credentials();
    world.act_as(&credentials);
    for (option, value) in
        [("timeout", "2m"), ("settle", "5m"), ("lease", "30s"), ("propagation", "2m"), ("visibility", "30s")]
    {
        world.set(option, value);
    }
    world
}

/// Writes a manifest of the first accounts; `more` are further cells of each row, by column.
pub fn manifest(world: &World, accounts: usize, more: &[(&str, &str)]) {
    let columns: Vec<&str> = more.iter().map(|(name, _)| *name).collect();
    let cells: Vec<&str> = more.iter().map(|(_, cell)| *cell).collect();
    let mut text = format!("account_id,turbot_id,assume_role,{}\n", columns.join(",")).replace(",\n", "\n");
    for n in 0..accounts {
        let row = format!("{},{},{ROLE},{}", world.sandbox.cloud().member(n), turbot_id(n), cells.join(","));
        let _ = writeln!(text, "{}", row.trim_end_matches(','));
    }
    std::fs::write(world.path("fleet.csv"), text).unwrap();
}

/// The Turbot id of the nth account.
pub fn turbot_id(n: usize) -> String {
    format!("t{n:04}")
}

/// A verb over the manifest, with a JSON result.
pub fn fleet(world: &World, verb: &str, more: &[&str]) -> Finished {
    world.run(&arguments(verb, more))
}

pub fn arguments<'a>(verb: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments: Vec<&str> = verb.split(' ').collect();
    arguments.extend(["--manifest", "fleet.csv", "--output", "json"]);
    if !matches!(verb, "plan" | "verify" | "doctor" | "maintenance show") {
        arguments.push("--yes");
    }
    arguments.extend(more);
    arguments
}

/// The report, its accounts in the manifest's order and none missing.
#[track_caller]
pub fn report(run: &Finished, world: &World, accounts: usize) -> Value {
    let report = run.json();
    assert_eq!(report["summary"]["exit_code"], run.code, "{}", run.stderr);
    let ids: Vec<String> =
        report["accounts"].as_array().unwrap().iter().map(|a| a["account_id"].as_str().unwrap().to_owned()).collect();
    let wanted: Vec<String> = (0..accounts).map(|n| world.sandbox.cloud().member(n)).collect();
    assert_eq!(ids, wanted);
    report
}

/// How many accounts had each outcome.
pub fn outcomes(report: &Value) -> BTreeMap<String, u64> {
    let outcomes = report["summary"]["outcomes"].as_object().unwrap();
    outcomes.iter().map(|(name, count)| (name.clone(), count.as_u64().unwrap())).collect()
}

/// The outcomes as they are expected.
pub fn of(expected: &[(&str, u64)]) -> BTreeMap<String, u64> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

/// Now, for a test's own patience.
#[expect(clippy::disallowed_methods, reason = "a test waits, and measures how long something takes")]
pub fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Nothing of ours is left in any of the first accounts.
#[track_caller]
pub fn nothing_left(world: &mut World, accounts: usize) {
    for n in 0..accounts {
        world.account = world.sandbox.cloud().member(n);
        assert_eq!(world.left(), Vec::<String>::new(), "account {n}");
    }
}
