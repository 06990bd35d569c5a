//! The real binary against the sandbox, from end to end: every mode, every verb, every exit code. Each test states what
//! is so in the world afterwards, not by which calls it came about.
#![allow(missing_docs, unreachable_pub, reason = "modules of one test")]

#[path = "../harness/mod.rs"]
mod harness;

mod adopt;
mod cleanup;
mod credential_sources;
mod doctor;
mod drift;
mod fresh_and_again;
mod handoff;
mod interruptions;
mod lost_connections;
mod maintenance;
mod plan_text;
mod proof;
mod refusals;
mod round_trips;
mod saved_plan;
mod scene;
mod settings_file;
mod templates;
mod terminal;
mod turbot_answers;
mod turbot_profile;
mod two_machines;
mod undoing;
