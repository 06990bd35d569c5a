//! Reports for people: the files that verbs write, and the page in a real browser.
#![allow(missing_docs, unreachable_pub, clippy::print_stderr, reason = "modules of one test, which says what it skips")]

#[path = "../harness/mod.rs"]
mod harness;

mod browser;
mod fleet;
mod in_a_browser;
mod written;
