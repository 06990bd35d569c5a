//! The AWS half of many accounts at once, for measuring: into each account, a role that trusts a master account under an
//! external id, AdministratorAccess, and both read back. Five calls an account.
//!
//!     bulk library|bare WIDTH < accounts.json
//!
//! `library` does it through this crate, as the command does: key, region and endpoint are the environment's. `bare` is
//! what the same five signed requests cost through the same HTTP client with nothing around them. The input is what
//! `simulated_accounts serve` prints, with `master` if it is another. It prints one JSON line: accounts, failed, the first
//! failure, seconds.
#![allow(clippy::print_stdout, reason = "a program: what it prints is what it is for")]

mod bare;
mod library;

use std::error::Error;
use std::sync::Arc;

use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Where the accounts are, and with whose key they are entered.
pub(crate) struct World {
    pub(crate) endpoint: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) master: String,
}

/// The role by which an organization's management account enters its members.
pub(crate) const ENTRANCE: &str = "OrganizationAccountAccessRole";
/// The role that is made.
pub(crate) const ROLE: &str = "turbot-onboard";
pub(crate) const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [how, width] = &arguments[..] else {
        return Err("library|bare WIDTH".into());
    };
    let input: Value = serde_json::from_reader(std::io::stdin().lock())?;
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    let world = Arc::new(World {
        endpoint: text("endpoint"),
        access_key_id: text("access_key_id"),
        secret_access_key: text("secret_access_key"),
        master: input["master"].as_str().unwrap_or("210987654321").to_owned(),
    });
    let accounts: Vec<String> =
        input["accounts"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let (count, width) = (accounts.len(), width.parse()?);
    let begun = Instant::now();
    let failures: Vec<String> = match how.as_str() {
        "library" => {
            let fleet = library::Fleet::new(&world)?;
            let work = accounts.into_iter().map(|account| fleet.onboard(account));
            ended(futures::stream::iter(work).buffer_unordered(width).collect().await)
        }
        "bare" => {
            let loops = bare::Requests::new(&world);
            let work = accounts.into_iter().map(|account| loops.onboard(account));
            ended(futures::stream::iter(work).buffer_unordered(width).collect().await)
        }
        other => return Err(format!("{other} is neither library nor bare").into()),
    };
    let seconds = begun.elapsed().as_secs_f64();
    println!("{}", json!({"accounts": count, "failed": failures.len(), "first": failures.first(), "seconds": seconds}));
    Ok(())
}

fn ended(results: Vec<Result<(), String>>) -> Vec<String> {
    results.into_iter().filter_map(Result::err).collect()
}
