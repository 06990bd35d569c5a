#![doc = include_str!("../README.md")]

mod account;
mod cause;
mod collected;
mod course;
mod executions;
mod page;
mod payload;
mod phase;
mod table;

#[cfg(test)]
mod tests;

pub use account::{Account, Failure, ImportFacts, Left, StepTaken};
pub use cause::Cause;
pub use collected::{Collected, DocumentError, Run};
pub use page::page;
pub use phase::Phase;
pub use table::table;
