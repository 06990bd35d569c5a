//! The handler `event`: events of new accounts, from a queue.

use std::time::Duration;

use onboard_sandbox::{AccountState, Fault, Options, PolicyKind, TurbotOptions, What};
use serde_json::{Value, json};

use crate::function::{Function, LONG};
use crate::harness::World;

fn organization() -> World {
    let turbot = TurbotOptions { import_time: Duration::ZERO, ..TurbotOptions::default() };
    let mut world = World::with(Options { accounts: 6, turbot, ..Options::default() });
    let credentials = world.sandbox.cloud().management_credentials();
    world.act_as(&credentials);
    // One queue serves many accounts: no variable names one.
    world.set("turbot-id-template", "a{account_id}");
    world
}

/// An event as its fixture has it, of this account.
fn event(fixture: &str, account: &str) -> String {
    fixture.replace("222233334444", account)
}

const CREATED: &str = include_str!("events/create-managed-account.json");
const UPDATED: &str = include_str!("events/update-managed-account.json");
const RESULT: &str = include_str!("events/create-account-result.json");
const FAILED: &str = include_str!("events/create-account-result-failed.json");
const JOINED: &str = include_str!("events/account-joined-organization.json");

/// Messages as Lambda reads them from a queue.
fn batch(bodies: &[String]) -> Value {
    let record = |(n, body): (usize, &String)| {
        json!({"messageId": format!("m{n}"), "receiptHandle": "h", "body": body, "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {}, "md5OfBody": "x", "eventSource": "aws:sqs", "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:onboard"})
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// The messages that failed.
#[track_caller]
fn failed(function: &Function<'_>, bodies: &[String], time: Duration) -> Vec<String> {
    let answer = function.invoke(&batch(bodies), time).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_kind_of_event_onboards_its_account_and_again_changes_nothing() {
    let world = organization();
    let function = Function::start(&world, "event");
    let account = |n| world.sandbox.cloud().member(n);
    let bodies: Vec<String> =
        [CREATED, UPDATED, RESULT, JOINED].iter().enumerate().map(|(n, text)| event(text, &account(n))).collect();
    assert_eq!(failed(&function, &bodies, LONG), Vec::<String>::new());
    assert_eq!(world.effective_imports(), 4);
    let before = world.sandbox.log().len();
    assert_eq!(failed(&function, &bodies, LONG), Vec::<String>::new());
    assert_eq!(world.effects_since(before), Vec::<String>::new());
    for n in 0..4 {
        assert_eq!(world.sandbox.turbot().accounts().iter().filter(|a| a.id == format!("a{}", account(n))).count(), 1);
    }
}

#[test]
fn what_asks_for_nothing_is_done_with_it() {
    let world = organization();
    let suspended = world.sandbox.cloud().member(1);
    world.sandbox.cloud().set_account_state(&suspended, AccountState::Suspended);
    let function = Function::start(&world, "event");
    assert_eq!(failed(&function, &[FAILED.to_owned(), event(CREATED, &suspended)], LONG), Vec::<String>::new());
    let log = function.kill();
    assert!(log.contains("EMAIL_ALREADY_EXISTS") && log.contains("SUSPENDED"), "{log}");
    assert_eq!(world.effective_imports(), 0);
}

#[test]
fn what_is_not_understood_goes_back_and_the_others_are_done() {
    let world = organization();
    let function = Function::start(&world, "event");
    let good = event(RESULT, &world.sandbox.cloud().member(0));
    let foreign = RESULT.replace("aws.organizations", "com.example");
    let bodies = ["", "{", "[]", "null", r#"{"detail-type": "x"}"#, &foreign, &CREATED.replace("accountId", "id")]
        .map(str::to_owned);
    let bodies: Vec<String> = bodies.into_iter().chain([good]).collect();
    assert_eq!(failed(&function, &bodies, LONG), ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    assert_eq!(world.effective_imports(), 1);
    // A message may have a megabyte.
    let long = RESULT.replace("\"****\"", &format!("\"{}\"", "\u{e9}".repeat(500_000)));
    let long = event(&long, &world.sandbox.cloud().member(1));
    assert_eq!(failed(&function, &[long], LONG), Vec::<String>::new());
    assert_eq!(world.effective_imports(), 2);
    // What is no batch at all is an error of the function's.
    assert!(function.invoke(&json!({"detail": {}}), LONG).is_err());
}

#[test]
fn an_account_that_does_not_work_yet_is_tried_again_and_one_that_nobody_knows_goes_back() {
    let world = organization();
    let account = world.sandbox.cloud().member(0);
    let arn = format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole");
    let denied = || Fault::new("sts:AssumeRole", What::AccessDenied { policy: PolicyKind::Trust, arn: None });
    for _ in 0..4 {
        world.sandbox.add_fault(denied());
    }
    let function = Function::start(&world, "event");
    assert_eq!(failed(&function, &[event(CREATED, &account)], Duration::from_secs(60)), Vec::<String>::new(), "{arn}");
    assert_eq!(world.effective_imports(), 1);
    assert_eq!(failed(&function, &[event(CREATED, "999900001111")], Duration::from_secs(6)), ["m0"]);
    let log = function.kill();
    assert!(log.contains("tried again in") && log.contains("does not list the account 999900001111"), "{log}");
}
