//! The audit log: complete, durable, safe to keep, and enough to tell from it alone what a run did.

#[path = "../harness/mod.rs"]
mod harness;

mod log;
mod lost;
mod place;
mod records;
mod story;
