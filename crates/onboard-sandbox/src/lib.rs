#![doc = include_str!("../README.md")]

mod authenticate;
mod authorize;
mod aws;
mod clock;
mod cloud;
mod condition;
mod connection;
mod control;
mod editing;
mod fault;
mod fault_answer;
mod frame;
mod gate;
mod iam;
mod identity;
mod inventory;
mod log;
mod managed;
mod minting;
mod options;
mod organizations;
mod pattern;
mod policy_document;
mod policy_eval;
mod serve;
mod sigv4;
mod slot;
mod snapshot;
mod staging;
mod sts;
mod trust;
mod turbot;
mod turbot_frame;
mod view;
mod wire;
#[cfg(test)]
mod wire_tests;
mod world;
mod xml;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use cloud::Cloud;
pub use editing::Editable;
pub use fault::{Fault, PolicyKind, What, When};
pub use gate::{CallInfo, Gate, Moment};
pub use identity::{Credentials, Denied, Identity, Session};
pub use log::CallRecord;
pub use options::{Consistency, Options, Quotas};
pub use serve::Sandbox;
pub use turbot::{
    Deletion, ImportBody, ImportOutcome, ImportRecord, KeyKind, Turbot, TurbotAccount, TurbotKey, TurbotOptions,
};
pub use view::{AccountState, AccountView, Blocker, KeyView, PolicyView, RoleView, UserView};

/// Locks, also after a panic elsewhere: a test that panicked in a gate must not take the sandbox with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
