//! Turbot's answers on the wire.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::options::{ImportBody, TurbotOptions};

/// An error as Turbot answers it: `{code, message}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), retry_after: None }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(404, "NotFound", format!("Not found: {what}"))
    }
}

/// A good answer.
pub(super) enum Reply {
    Json(u16, Value),
    Import(u16, ImportBody, Value),
}

pub(super) fn respond(outcome: Result<Reply, Refusal>, options: &TurbotOptions) -> Response<Body> {
    const JSON: &str = "application/json; charset=utf-8";
    let (status, kind, body, retry_after) = match outcome {
        Ok(Reply::Json(status, body)) => (status, JSON, body.to_string(), None),
        Ok(Reply::Import(status, kind, account)) => match kind {
            ImportBody::Json => (status, JSON, account.to_string(), None),
            ImportBody::Empty => (status, JSON, String::new(), None),
            ImportBody::Html => {
                (status, "text/html", "<!DOCTYPE html><html><title>Imported</title></html>".to_owned(), None)
            }
            ImportBody::NotJson => (status, JSON, "import accepted".to_owned(), None),
        },
        Err(refusal) => {
            let code = if options.numeric_codes { json!(refusal.status) } else { json!(refusal.code) };
            let body = json!({"code": code, "message": refusal.message});
            (refusal.status, JSON, body.to_string(), refusal.retry_after)
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(kind));
    if let Ok(version) = HeaderValue::from_str(&options.version) {
        headers.insert("x-turbot-version", version);
    }
    if let Some(seconds) = retry_after {
        headers.insert("retry-after", HeaderValue::from(seconds));
    }
    response
}
