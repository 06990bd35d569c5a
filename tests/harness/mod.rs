//! The real binary against a sandbox in this process: hermetic, and searched for secrets at its end.
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports, reason = "each test uses a part of it")]

mod secrets;
mod world;

pub use secrets::SecretSearch;
pub use world::{Finished, Running, World};
