//! Fleets with the real binary against the sandbox: many accounts in one command, from a manifest or an organization.
//! Each test states what is so in the world afterwards.
#![allow(missing_docs, unreachable_pub, reason = "modules of one test")]
#![allow(clippy::disallowed_methods, reason = "waits are bounded")]

#[path = "../harness/mod.rs"]
mod harness;

mod defaults_of_the_sdk;
mod discovering;
mod failures;
mod handing_over;
mod interruption;
mod open_files;
mod saved_plan;
mod scene;
mod settings;
mod soak;
mod terminal;
mod verbs;
