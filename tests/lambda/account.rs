//! The handler `account`: rows of a manifest.

use std::time::Duration;

use onboard_sandbox::{Fault, Moment, What};
use serde_json::{Value, json};

use crate::function::{Answer, Function, LONG};
use crate::harness::{World, document_faults};

const IMPORT: &str = "turbot:POST /accounts";

fn row(world: &World) -> Value {
    json!({"account_id": world.account, "turbot_id": world.turbot_id, "title": "One, \"two\"", "with": "", "tag": "Team=a;Cost=b"})
}

/// The report in an answer or an error, and the error's type.
#[track_caller]
fn report(answer: &Answer) -> (Value, String) {
    let (report, kind) = match answer {
        Ok(report) => (report.clone(), String::new()),
        Err(error) => {
            let text = error["errorMessage"].as_str().unwrap();
            (serde_json::from_str(text).unwrap(), error["errorType"].as_str().unwrap().to_owned())
        }
    };
    assert_eq!(document_faults(&report), Vec::<String>::new(), "{report:#}");
    (report, kind)
}

#[track_caller]
fn ends(answer: &Answer, kind: &str, outcome: &str, error: &str) -> Value {
    let (report, found) = report(answer);
    let account = &report["accounts"][0];
    let said = account["error"]["kind"].as_str().unwrap_or_default();
    assert_eq!((found.as_str(), account["outcome"].as_str(), said), (kind, Some(outcome), error), "{report:#}");
    account.clone()
}

#[test]
fn a_row_is_onboarded_and_once_more_changes_nothing() {
    let world = World::new();
    let function = Function::start(&world, "account");
    let account = ends(&function.invoke(&row(&world), LONG), "", "imported", "");
    assert_eq!((&account["title"], &account["account_id"]), (&json!("One, \"two\""), &json!(world.account)));
    let before = world.sandbox.log().len();
    ends(&function.invoke(&row(&world), LONG), "", "already-imported", "");
    assert_eq!(world.effects_since(before), Vec::<String>::new());
    assert_eq!(world.effective_imports(), 1);
    // Every effect is on record in the function's log: lines of JSON, all of them.
    let log = function.kill();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let audited = |line: &&Value| line["schema"] == "turbot-onboard/audit/1" && line["phase"] == "after";
    let steps: Vec<&str> = lines.iter().filter(audited).filter_map(|line| line["step"].as_str()).collect();
    assert!(steps.contains(&"create-role") && steps.contains(&"import"), "{steps:?}");
}

#[test]
fn it_is_the_commands_report() {
    let (here, there) = (World::new(), World::new());
    let function = Function::start(&here, "account");
    let (mut of_function, _) = report(&function.invoke(&row(&here), LONG));
    let more = ["--title", "One, \"two\"", "--tag", "Team=a", "--tag", "Cost=b"];
    let mut of_command = there.verb("apply", &more).exits(0).json();
    for report in [&mut of_function, &mut of_command] {
        let own = ["run", "started_at"];
        own.iter().for_each(|key| report[*key] = Value::Null);
        let account = &mut report["accounts"][0];
        ["external_id", "offset_millis", "millis", "steps"].iter().for_each(|key| account[*key] = Value::Null);
    }
    assert_eq!(of_function, of_command);
}

#[test]
fn wrong_rows_are_usage_and_nothing_is_called() {
    let world = World::new();
    let function = Function::start(&world, "account");
    for (wrong, said) in [
        (json!({"account_id": "1111", "turbot_id": "aab"}), "1111"),
        (json!({"account_id": world.account, "turbot_id": "aab", "titel": "x"}), "title is near"),
        (json!({"account_id": world.account}), "turbot_id"),
        (json!([row(&world)]), "a list"),
        (json!("aab"), "a text"),
        (json!({}), ""),
    ] {
        let account = ends(&function.invoke(&wrong, LONG), "Onboard.Usage", "failed", "settings");
        assert!(account["error"].to_string().contains(said), "{account:#}");
    }
    assert!(world.sandbox.log().is_empty());
    let comment = json!({"account_id": "# Left out:", "turbot_id": "", "title": ""});
    assert_eq!(function.invoke(&comment, LONG).unwrap()["accounts"], json!([]));
}

#[test]
fn the_longest_input_of_a_state_is_answered_as_long_as_a_cause_may_be() {
    let world = World::new();
    let function = Function::start(&world, "account");
    let long = "\u{e9}\"\\".repeat(50_000);
    for column in ["title", "tag", "role_name", "turbot_id", &long] {
        let mut row = row(&world);
        row[column] = json!(long);
        assert!(row.to_string().len() > 250_000);
        let error = function.invoke(&row, LONG).unwrap_err();
        // Turbot says how long a title may be; everything else is known beforehand.
        let kind = if column == "title" { "Onboard.Refused" } else { "Onboard.Usage" };
        assert_eq!(error["errorType"], kind, "{column:.20}");
        let cause = error.to_string().chars().count();
        assert!(cause <= 32_768, "{column:.20}: {cause}");
    }
}

#[test]
fn a_no_is_a_refusal_with_its_report_and_nothing_is_left() {
    let world = World::new();
    let no = What::Status { code: 403, body: json!({"code": "Denied", "message": "no \"rights\""}).to_string() };
    world.sandbox.add_fault(Fault::new(IMPORT, no));
    let function = Function::start(&world, "account");
    let account = ends(&function.invoke(&row(&world), LONG), "Onboard.Refused", "refused", "turbot-refused");
    assert_eq!((&account["leftovers"], world.left()), (&json!([]), vec![]));
    ends(&function.invoke(&row(&world), LONG), "", "imported", "");
}

#[test]
fn the_deadline_comes_while_turbot_thinks_and_the_next_run_finds_the_import() {
    let mut world = World::new();
    // Turbot is asked for longer than a function lives.
    world.set("timeout", "2m");
    let function = Function::start(&world, "account");
    let held = world.script().hold(IMPORT, Moment::Before, 1);
    let first = std::thread::scope(|scope| {
        let first = scope.spawn(|| function.invoke(&row(&world), Duration::from_secs(12)));
        held.reached();
        first.join().unwrap()
    });
    let account = ends(&first, "Onboard.Pending", "pending", "in-flight");
    assert_eq!(account["import"]["state"], "in-flight");
    held.release();
    let (second, _) = report(&function.invoke(&row(&world), LONG));
    // It shows already, or is waited for; it is not sent again.
    assert_eq!((&second["summary"]["exit_code"], &second["accounts"][0]["import"]["requests"]), (&json!(0), &json!(0)));
    assert_eq!(world.effective_imports(), 1);
}

#[test]
fn the_deadline_comes_before_the_import_and_nothing_is_lost() {
    let world = World::new();
    let function = Function::start(&world, "account");
    // The wish to stop is there after half of the time; the step that is under way is finished.
    world.sandbox.add_fault(Fault::new("iam:AttachRolePolicy", What::Delay { millis: 4000 }));
    let first = function.invoke(&row(&world), Duration::from_secs(6));
    ends(&first, "Onboard.Pending", "pending", "out-of-time");
    assert_eq!(world.effective_imports(), 0);
    assert_eq!(world.left(), Vec::<String>::new());
    ends(&function.invoke(&row(&world), LONG), "", "imported", "");
}

#[test]
fn a_function_that_dies_leaves_the_account_to_the_next_one() {
    let world = World::new();
    let function = Function::start(&world, "account");
    let held = world.script().hold("iam:CreateRole", Moment::AfterEffect, 1);
    function.send(&row(&world), LONG);
    held.reached();
    function.kill();
    held.release();
    let next = Function::start(&world, "account");
    ends(&next.invoke(&row(&world), LONG), "", "imported", "");
    assert_eq!((world.effective_imports(), world.left().len()), (1, 0));
}

#[test]
fn two_at_once_are_one_import() {
    let world = World::new();
    let functions = [Function::start(&world, "account"), Function::start(&world, "account")];
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let both: Vec<_> =
            functions.iter().map(|function| scope.spawn(|| function.invoke(&row(&world), LONG))).collect();
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let outcomes: Vec<String> =
        answers.iter().map(|a| report(a).0["accounts"][0]["outcome"].as_str().unwrap().to_owned()).collect();
    assert!(outcomes.iter().any(|o| o == "imported"), "{outcomes:?}");
    assert!(outcomes.iter().all(|o| ["imported", "already-imported", "pending"].contains(&o.as_str())), "{outcomes:?}");
    assert_eq!((world.effective_imports(), world.left().len()), (1, 0));
    for (function, _) in functions.iter().zip(&answers) {
        ends(&function.invoke(&row(&world), LONG), "", "already-imported", "");
    }
}

#[test]
fn a_handler_that_is_none_is_said() {
    let world = World::new();
    let function = Function::start(&world, "acount");
    let log = function.ended();
    assert!(log.contains("`account` or `event`") && log.contains("acount"), "{log}");
}
