//! The functions as Lambda runs them: the real binary on a runtime API of the test's own, against the sandbox.
#![allow(missing_docs, unreachable_pub, reason = "a test")]

#[path = "../harness/mod.rs"]
mod harness;

mod account;
mod events;
mod function;
mod keys;
