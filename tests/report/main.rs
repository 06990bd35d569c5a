//! Reports for people: the files that verbs write, and the page in a real browser.
#![allow(missing_docs, unreachable_pub, reason = "modules of one test")]

#[path = "../harness/mod.rs"]
mod harness;

mod browser;
mod fleet;
mod in_a_browser;
mod written;
