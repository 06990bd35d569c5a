#![doc = include_str!("../README.md")]

mod account;
mod client;
mod exchange;
#[cfg(test)]
mod fuzz;
mod import;
mod key;
mod look;
mod loopback;
mod redact;
mod said;
mod settings;
mod trouble;
mod url;
mod window;

pub use client::Turbot;
pub use import::ImportRequest;
pub use key::{KeyError, TurbotKey};
pub use settings::{SettingsError, TurbotSettings};
pub use url::{TurbotUrl, UrlError};
pub use window::{MaintenanceError, MaintenanceSet};
