//! The real binary against a sandbox in this process: hermetic, and searched for secrets at its end.
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports, reason = "each test uses a part of it")]

mod clock;
mod schema;
mod script;
mod secrets;
mod server;
mod terminal;
mod world;

pub use clock::shift;
pub use schema::faults as document_faults;
pub use script::{Held, Script};
pub use secrets::SecretSearch;
pub use server::{Seen, Server};
pub use terminal::Terminal;
pub use world::{Finished, NAME, Running, World};
