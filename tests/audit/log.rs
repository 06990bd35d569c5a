//! An audit log as its reader sees it.

use std::path::Path;

use onboard_sandbox::CallRecord;
use serde_json::Value;

use crate::harness::{World, document_faults};

/// Reads a log; every line is a record as the published schema says.
#[track_caller]
pub(crate) fn read(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "every record is a line");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for record in &records {
        assert_eq!(document_faults(record), Vec::<String>::new(), "{record:#}");
    }
    records
}

/// The records of the world's default log.
#[track_caller]
pub(crate) fn of(world: &World) -> Vec<Value> {
    read(&world.path(".local/state/turbot-onboard/audit.jsonl"))
}

/// Whether a call changes something, or hands a credential over.
pub(crate) fn is_effect(call: &CallRecord) -> bool {
    let reads = ["Get", "List", "Describe", "Simulate", "GET ", "AssumeRole"];
    !reads.iter().any(|read| call.call.operation.starts_with(read))
}

/// How the log names a call of the sandbox's.
pub(crate) fn operation_of(call: &CallRecord) -> String {
    match call.call.name.as_str() {
        "turbot:POST /accounts" => "turbot:import".to_owned(),
        name if name.starts_with("turbot:") => "turbot:set-maintenance-window".to_owned(),
        name => name.to_owned(),
    }
}

/// The text at a key.
pub(crate) fn text<'v>(record: &'v Value, key: &str) -> &'v str {
    record[key].as_str().unwrap_or_default()
}

/// Each effect with what came of it: the record before and the one after.
#[track_caller]
pub(crate) fn pairs(records: &[Value]) -> Vec<(&Value, &Value)> {
    let mut pairs = Vec::new();
    let mut open: Vec<&Value> = Vec::new();
    let same = |a: &Value, b: &Value| ["run", "account_id", "step", "operation", "target"].iter().all(|k| a[k] == b[k]);
    for record in records {
        match text(record, "phase") {
            "begin" => assert!(record["account_id"].is_null() && record["operation"].is_null(), "{record}"),
            "before" => {
                assert!(record["outcome"].is_null() && record["request_id"].is_null() && record["error"].is_null());
                assert!(!open.iter().any(|o| same(o, record)), "announced twice, and not ended in between: {record}");
                open.push(record);
            }
            "after" => {
                assert!(!record["outcome"].is_null(), "{record}");
                assert_eq!(record["outcome"] == "done", record["error"].is_null(), "{record}");
                let at = open.iter().position(|o| same(o, record)).expect("what ends was announced");
                pairs.push((open.remove(at), record));
            }
            phase => panic!("a record with the phase {phase}"),
        }
    }
    assert!(open.is_empty(), "announced, and never ended: {open:#?}");
    pairs
}
