//! Saying what is wrong: the message names it, and the hint is a step that a person can take.
#![allow(missing_docs, unreachable_pub, reason = "a test")]

#[path = "../harness/mod.rs"]
mod harness;

mod aws;
mod terminal;
mod turbot;

use serde_json::Value;

use harness::{Finished, World};

/// The error of a run that ended with this code and kind; it is told on standard error as well, with its hint.
#[track_caller]
fn said(run: Finished, code: i32, kind: &str) -> String {
    let run = run.exits(code);
    let account = run.account();
    let error = &account["error"];
    assert_eq!(error["kind"], kind, "{account:#}");
    let hint = error["hint"].as_str().unwrap_or_else(|| panic!("no hint: {account:#}"));
    assert!(run.said().contains(hint), "the hint is not told: {}", run.said());
    let causes = error["causes"].as_array().unwrap().iter().filter_map(Value::as_str);
    let text: Vec<&str> = [error["message"].as_str().unwrap()].into_iter().chain(causes).chain([hint]).collect();
    text.join("\n")
}

#[track_caller]
fn contains_all(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in:\n{text}");
    }
}

/// A world in which the first CreateRole is answered so.
fn answering(call: &str, code: u16, body: &str) -> World {
    let world = World::new();
    let what = onboard_sandbox::What::Status { code, body: body.to_owned() };
    world.sandbox.add_fault(onboard_sandbox::Fault::new(call, what).times(0));
    world
}
