//! Every effect that the simulated AWS and Turbot saw has its two records, with the request id that AWS gave it.

use onboard_sandbox::{CallRecord, Fault, Options, PolicyKind, What};

use crate::harness::{NAME, World};
use crate::log;

/// Holds the records since one place against the effects since another.
#[track_caller]
fn holds(world: &World, calls_from: usize, records_from: usize) {
    let records = log::of(world).split_off(records_from);
    let effects: Vec<CallRecord> = world.calls_since(calls_from).into_iter().filter(log::is_effect).collect();
    let pairs = log::pairs(&records);
    let mut recorded: Vec<(String, Option<String>)> = pairs
        .iter()
        .filter(|(_, after)| after["operation"] != "handoff:give")
        .map(|(_, after)| (log::text(after, "operation").to_owned(), after["request_id"].as_str().map(str::to_owned)))
        .collect();
    let mut seen: Vec<(String, Option<String>)> = effects
        .iter()
        .map(|call| {
            // Turbot gives no request ids, and without an answer there is none.
            let id = (call.call.service == "iam" && call.status != 0).then(|| call.request_id.clone());
            (log::operation_of(call), id)
        })
        .collect();
    recorded.sort();
    seen.sort();
    assert!(!seen.is_empty(), "something was done");
    assert_eq!(recorded, seen);
    for (before, after) in &pairs {
        assert_eq!(after["account_id"], world.account.as_str());
        assert_eq!(after["turbot_id"], world.turbot_id.as_str());
        assert!(log::text(before, "time") <= log::text(after, "time"), "{before} {after}");
    }
}

/// Runs a verb and holds its records against its effects; also that its report names the same run.
#[track_caller]
fn run(world: &World, verb: &str, more: &[&str], code: i32) {
    let records = if world.path(".local").exists() { log::of(world).len() } else { 0 };
    let calls = world.sandbox.log().len();
    let finished = world.verb(verb, more).exits(code);
    let report = finished.json();
    holds(world, calls, records);
    for record in &log::of(world)[records..] {
        assert_eq!((&record["run"], &record["verb"]), (&report["run"], &report["verb"]));
    }
}

#[test]
fn of_both_kinds_of_credential_and_of_cleanup() {
    for with in ["role", "keys"] {
        let world = World::new();
        run(&world, "apply", &["--with", with, "--delete-credential", "false", "--maintenance", "full"], 0);
        run(&world, "cleanup", &["--with", with], 0);
    }
    let world = World::new();
    run(&world, "apply", &["--with", "keys"], 0);
    run(&world, "maintenance set", &["check"], 0);
}

#[test]
fn of_the_two_halves() {
    let world = World::new();
    let file = world.path("handoff.json");
    world.secrets.lock().unwrap().allow_file(&file);
    let file = file.to_str().unwrap();
    run(&world, "bootstrap", &["--with", "keys", "--handoff", file], 0);
    assert!(log::of(&world).iter().any(|r| r["operation"] == "handoff:give" && r["outcome"] == "done"));
    let (calls, records) = (world.sandbox.log().len(), log::of(&world).len());
    world.run(&["import", "--handoff", file, "--yes", "--output", "json", "-vvv"]).exits(0);
    holds(&world, calls, records);
}

#[test]
fn of_an_adopted_and_drifted_role() {
    let world = World::new();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    world.sandbox.cloud().create_role_unchecked(&world.account, NAME, "/", trust, &[]).unwrap();
    run(&world, "apply", &["--adopt", "--tag", "Team=a"], 0);
}

#[test]
fn of_what_was_refused_and_undone() {
    for with in ["role", "keys"] {
        let world = World::new();
        let refusal = What::Status { code: 400, body: r#"{"code":400,"message":"no"}"#.into() };
        world.sandbox.add_fault(Fault::new("turbot:POST /accounts", refusal));
        run(&world, "apply", &["--with", with], 5);
        assert_eq!(world.left(), [""; 0]);
    }
}

/// Attempts that the AWS SDK repeats by itself have their own records, those without an answer included.
#[test]
fn of_attempts_that_failed_or_were_lost() {
    let faults: [(Fault, i32); 9] = [
        (Fault::new("iam:AttachRolePolicy", What::Throttle { retry_after: None }), 0),
        (Fault::new("iam:AttachRolePolicy", What::InternalError).after(), 0),
        (Fault::new("iam:TagPolicy", What::Reset).after(), 0),
        (Fault::new("iam:CreateRole", What::Truncated).after(), 0),
        (Fault::new("iam:CreateRole", What::Timeout).after(), 0),
        (Fault::new("iam:CreatePolicy", What::Html), 0),
        (Fault::new("iam:DeletePolicy", What::Malformed).after(), 0),
        (Fault::new("turbot:POST /accounts", What::Reset).after(), 0),
        (Fault::new("iam:CreateRole", What::AccessDenied { policy: PolicyKind::Identity, arn: None }), 4),
    ];
    for (fault, code) in faults {
        let label = format!("{fault:?}");
        let world = World::new();
        world.sandbox.add_fault(fault);
        let finished = world.verb("apply", &[]);
        assert_eq!(finished.code, code, "{label}: {}", finished.said());
        holds(&world, 0, 0);
        let records = log::of(&world);
        assert!(records.iter().any(|r| matches!(log::text(r, "outcome"), "failed" | "unknown")), "{label}");
    }
}

/// A claim that is taken over: what is written to both journal objects is on record, by whoever wrote it.
#[test]
fn of_a_run_that_takes_over() {
    let world = World::new();
    let held = world.script().hold("iam:CreateRole", onboard_sandbox::Moment::AfterEffect, 1);
    // Not at the highest verbosity: nobody reads what it says before it is killed.
    let first = world.start(world.command(&["apply", "--account-id", &world.account, "--turbot-id", "aab", "--yes"]));
    held.reached();
    first.kill(&world);
    held.release();
    // What it had sent is carried out to its end, and stands in the log then: before the next run's place in it.
    let carried_out = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        world.sandbox.log().iter().any(|call| call.call.name == "iam:CreateRole")
    });
    assert!(carried_out, "the call of the run that was killed never ended");
    let killed = log::of(&world);
    let last = killed.last().unwrap();
    assert_eq!((log::text(last, "phase"), log::text(last, "operation")), ("before", "iam:CreateRole"));
    run(&world, "apply", &["--take-over"], 0);
}

/// A slow Turbot: the claim is kept alive meanwhile, and each sign of life is on record.
#[test]
fn of_the_claim_that_is_kept_alive() {
    let mut options = Options::default();
    options.turbot.import_time = std::time::Duration::from_secs(3);
    let world = World::with(options);
    run(&world, "apply", &[], 0);
    let records = log::of(&world);
    let sent = records.iter().position(|r| r["operation"] == "turbot:import").unwrap();
    let answered = records.iter().rposition(|r| r["operation"] == "turbot:import").unwrap();
    assert!(records[sent..answered].iter().any(|r| r["step"] == "journal" && r["operation"] == "iam:TagPolicy"));
}
