#![doc = include_str!("../README.md")]

mod account;
mod event;
mod failure;
mod log;
mod queue;
mod turbot_keys;
mod work;

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Error, run, service_fn};
use turbot_onboard::headless::Surroundings;

use crate::turbot_keys::TurbotKeys;
use crate::work::Work;

/// The variable by which Lambda says which handler a function is.
const HANDLER: &str = "_HANDLER";

fn main() -> ExitCode {
    // The first thing, before there is any thread.
    let surroundings = Surroundings::take();
    let ended = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::from)
        .and_then(|runtime| runtime.block_on(serve(surroundings)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error(&format!("the function cannot be served: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(surroundings: Surroundings) -> Result<(), Error> {
    let work = Arc::new(Work::new(surroundings, TurbotKeys::from_environment().await));
    let work = &work;
    match std::env::var(HANDLER).unwrap_or_default().as_str() {
        "account" => run(service_fn(|invocation| account::handle(Arc::clone(work), invocation))).await,
        "event" => run(service_fn(|invocation| queue::handle(Arc::clone(work), invocation))).await,
        other => {
            let other = onboard_core::shown(other);
            Err(format!("there is no handler {other}: the function's handler is `account` or `event`").into())
        }
    }
}
