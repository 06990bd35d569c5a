//! The control surface for other processes, beside the simulated AWS: `/_sandbox/...`. It is no AWS call, so it is
//! neither delayed nor logged.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::get;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::fault::Fault;
use crate::frame::Frame;

/// Bounds the body of a list of faults.
const MAX_BODY: usize = 1024 * 1024;

#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) frame: Arc<Frame>,
    pub(crate) cloud: Cloud,
}

pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/_sandbox/health", get(|| async { reply(StatusCode::OK, &json!({"status": "ok"})) }))
        .route("/_sandbox/log", get(log))
        .route("/_sandbox/counts", get(counts))
        .route("/_sandbox/accounts", get(accounts))
        .route("/_sandbox/state/{account}", get(state))
        .route("/_sandbox/faults", get(method_not_allowed).post(add_faults).delete(clear_faults))
        .with_state(control)
}

fn reply(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

async fn log(State(control): State<Control>) -> Response<Body> {
    reply(StatusCode::OK, &control.frame.log.records())
}

async fn counts(State(control): State<Control>) -> Response<Body> {
    reply(StatusCode::OK, &control.frame.log.counts())
}

async fn accounts(State(control): State<Control>) -> Response<Body> {
    reply(StatusCode::OK, &control.cloud.accounts())
}

async fn state(State(control): State<Control>, Path(account): Path<String>) -> Response<Body> {
    let snapshot = control.cloud.snapshot(&account);
    if snapshot == Value::Null {
        return reply(StatusCode::NOT_FOUND, &json!({"error": format!("there is no account {account}")}));
    }
    reply(StatusCode::OK, &snapshot)
}

async fn method_not_allowed() -> Response<Body> {
    reply(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": "faults are added with POST and cleared with DELETE"}))
}

async fn add_faults(State(control): State<Control>, request: Request) -> Response<Body> {
    let refuse = |what: String| reply(StatusCode::BAD_REQUEST, &json!({"error": what}));
    let body = match to_bytes(request.into_body(), MAX_BODY).await {
        Ok(body) => body,
        Err(error) => return refuse(error.to_string()),
    };
    match serde_json::from_slice::<Vec<Fault>>(&body) {
        Ok(faults) => {
            let added = faults.len();
            for fault in faults {
                control.frame.faults.add(fault);
            }
            reply(StatusCode::OK, &json!({"added": added}))
        }
        Err(error) => refuse(error.to_string()),
    }
}

async fn clear_faults(State(control): State<Control>) -> Response<Body> {
    control.frame.faults.clear();
    reply(StatusCode::OK, &json!({"status": "cleared"}))
}
