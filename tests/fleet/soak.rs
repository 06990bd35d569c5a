//! A fleet that meets everything at once: mixed modes, faults of every kind, two interruptions and a kill. Afterwards
//! every account is imported, none twice, nothing is left over, and the report says what the sandbox's own books say.
//!
//! Sampled here; whole by `scripts/soak fleet`: SOAK_ACCOUNTS (80), SOAK_AT_ONCE (16), SOAK_FAULTS (30, of a
//! hundred accounts), SOAK_SEED.

use std::collections::BTreeMap;
use std::time::Duration;

use onboard_sandbox::{Fault, Options, TurbotOptions};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::World;
use crate::scene::{ROLE, arguments, fleet, many, nothing_left, organization, outcomes, report, turbot_id};

/// How many whole runs it may take once nobody interrupts any more.
const RUNS: usize = 3;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Draws (splitmix64): the same for the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }
}

/// Every kind of fault that a service can have, in one of the calls that a run makes.
fn fault(draw: &mut Draw, account: &str, turbot: &str) -> Fault {
    let whats = [
        json!({"throttle": {}}),
        json!("internal-error"),
        json!("unavailable"),
        json!("reset"),
        json!("truncated"),
        json!("malformed"),
        json!("html"),
        json!("concurrent-modification"),
        json!("quota"),
        json!({"access-denied": {"policy": "service-control"}}),
        json!({"delay": {"millis": 800}}),
    ];
    let when = ["before", "after"][draw.below(2)];
    if draw.below(4) == 0 {
        let whats = [json!({"throttle": {}}), json!("unavailable"), json!("reset"), json!("truncated"), json!("html")];
        let what = whats[draw.below(whats.len())].clone();
        return serde_json::from_value(
            json!({"call": "turbot:*", "account": turbot, "nth": 1 + draw.below(5), "when": when, "what": what}),
        )
        .unwrap();
    }
    let what = whats[draw.below(whats.len())].clone();
    serde_json::from_value(
        json!({"call": "iam:*", "account": account, "nth": 1 + draw.below(30), "when": when, "what": what}),
    )
    .unwrap()
}

fn manifest(world: &World, accounts: usize) {
    use std::fmt::Write as _;
    let mut text = String::from("account_id,turbot_id,assume_role,with\n");
    for n in 0..accounts {
        let with = if n % 3 == 0 { "keys" } else { "role" };
        let _ = writeln!(text, "{},{},{ROLE},{with}", world.sandbox.cloud().member(n), turbot_id(n));
    }
    std::fs::write(world.path("fleet.csv"), text).unwrap();
}

/// Lets a run go on until so many accounts show in Turbot, then ends it.
fn cut_short(world: &World, at: usize, signal: Signal) {
    let run = world.start(world.command(&arguments("apply", &["--quiet"])));
    let begun = crate::scene::now();
    while world.sandbox.turbot().accounts().len() < at && begun.elapsed() < Duration::from_secs(1200) {
        std::thread::sleep(Duration::from_millis(20));
    }
    if signal == Signal::KILL {
        return run.kill(world);
    }
    run.signal(signal);
    run.finish_within(Duration::from_secs(120), world);
}

/// The report's word for every account is what the sandbox's books say.
#[track_caller]
fn agrees(world: &World, report: &Value) {
    let shown: BTreeMap<String, String> =
        world.sandbox.turbot().accounts().into_iter().map(|account| (account.id, account.aws_account_id)).collect();
    for account in report["accounts"].as_array().unwrap() {
        let (id, aws) = (account["turbot_id"].as_str().unwrap(), account["account_id"].as_str().unwrap());
        let imported = matches!(account["outcome"].as_str().unwrap(), "imported" | "already-imported");
        if imported {
            assert_eq!(shown.get(id).map(String::as_str), Some(aws), "{account:#}");
        } else {
            assert!(account["error"]["kind"].is_string(), "{account:#}");
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what was met is told to whoever runs the soak")]
fn everything_at_once() {
    let accounts = setting("SOAK_ACCOUNTS", 80);
    let seed = setting("SOAK_SEED", 7);
    let turbot = TurbotOptions { import_time: Duration::from_millis(300), ..TurbotOptions::default() };
    let mut world = organization(Options { turbot, log_limit: 1000, seed: seed as u64, ..many(accounts) });
    for (option, value) in
        [("timeout", "20s"), ("settle", "26s"), ("lease", "8s"), ("propagation", "30s"), ("visibility", "20s")]
    {
        world.set(option, value);
    }
    let at_once = setting("SOAK_AT_ONCE", 16);
    world.set("concurrency", &at_once.to_string());
    world.set("import-concurrency", &(at_once / 2).to_string());
    manifest(&world, accounts);
    let mut draw = Draw(seed as u64);
    let mut faults = 0;
    for n in 0..accounts {
        if draw.below(100) < setting("SOAK_FAULTS", 30) {
            faults += 1;
            world.sandbox.add_fault(fault(&mut draw, &world.sandbox.cloud().member(n), &turbot_id(n)));
        }
    }
    cut_short(&world, accounts / 4, Signal::INT);
    cut_short(&world, accounts / 2, Signal::TERM);
    cut_short(&world, accounts * 3 / 4, Signal::KILL);
    let mut runs = 0;
    let done = loop {
        runs += 1;
        let run = fleet(&world, "apply", &["--quiet"]);
        let done = report(&run, &world, accounts);
        agrees(&world, &done);
        if run.code == 0 {
            break done;
        }
        let errors: Vec<&Value> =
            done["accounts"].as_array().unwrap().iter().filter(|a| !a["error"].is_null()).collect();
        assert!(runs < RUNS, "seed {seed}: not done after {RUNS} runs: {:?}\n{errors:#?}", outcomes(&done));
    };
    assert_eq!(outcomes(&done).values().sum::<u64>(), accounts as u64);
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for import in world.sandbox.turbot().imports().iter().filter(|import| import.effective) {
        *taken.entry(import.id.clone().unwrap_or_default()).or_default() += 1;
    }
    assert_eq!(taken.len(), accounts, "seed {seed}");
    assert!(taken.values().all(|count| *count == 1), "seed {seed}: {taken:?}");
    nothing_left(&mut world, accounts);
    println!(
        "fleet: {accounts} accounts, {faults} with a fault, seed {seed}; cut short three times, {runs} whole runs: all imported"
    );
}
