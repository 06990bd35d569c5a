//! Leads Turbot's calls through the same frame as AWS's.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use serde_json::Value;

use crate::connection::Peer;
use crate::fault_answer::Dialect;
use crate::frame::{Answer, Frame, Incoming};
use crate::minting::Mint;

/// Bounds a request's body; Turbot's are a few hundred bytes.
const MAX_BODY: usize = 256 * 1024;
/// Bounds an answer's body: a list of 50,000 accounts, AWS's largest organization, stays under it.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

#[derive(Clone)]
struct TurbotFrame {
    frame: Arc<Frame>,
    mint: Arc<Mint>,
    latency: Duration,
}

/// Lays numbering, gates, latency, faults and the log around Turbot's router.
pub(crate) fn around(router: Router, frame: Arc<Frame>, mint: Arc<Mint>, latency: Duration) -> Router {
    router.layer(from_fn_with_state(TurbotFrame { frame, mint, latency }, framed))
}

async fn framed(
    State(state): State<TurbotFrame>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let mut refused = Response::new(Body::from("{\"error\":{\"message\":\"request body too large\"}}"));
        *refused.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return refused;
    };
    let (operation, id) = operation(parts.method.as_str(), parts.uri.path());
    let payload = serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null);
    let request_id = state.mint.request_id();
    let incoming = Incoming {
        dialect: Dialect::Turbot,
        service: "turbot".to_owned(),
        operation,
        account: aws_account(&payload),
        target: id.or_else(|| payload.get("id").and_then(Value::as_str).map(str::to_owned)),
        access_key_id: None,
        params: public_fields(&payload),
        request_id: request_id.clone(),
        latency: state.latency,
        connection: peer.connection,
        caller_arn: None,
    };
    let request = Request::from_parts(parts, Body::from(body));
    let effect = async move { collect(next.run(request).await, request_id).await };
    state.frame.carry(incoming, effect).await
}

/// The call's name for faults and the log, and the Turbot account id of its path.
fn operation(method: &str, path: &str) -> (String, Option<String>) {
    let rest = path.strip_prefix("/api/").and_then(|rest| rest.split_once('/')).map_or(path, |(_, rest)| rest);
    let segments: Vec<&str> = rest.trim_matches('/').split('/').collect();
    let (name, id) = match segments.as_slice() {
        ["accounts", id] => ("accounts/{id}", Some((*id).to_owned())),
        ["resources", urn, "policies" | "options", ..] => {
            ("policies", urn.replace("%3A", ":").rsplit(':').next().map(str::to_owned))
        }
        ["turbot", "health"] => ("health", None),
        _ => (rest.trim_matches('/'), None),
    };
    (format!("{method} /{name}"), id)
}

fn aws_account(payload: &Value) -> Option<String> {
    let fields = payload.as_object()?;
    let arn = fields.values().filter_map(Value::as_str).find(|text| text.starts_with("arn:"));
    let account = arn.and_then(|arn| arn.split(':').nth(4)).or_else(|| payload.get("awsAccountId")?.as_str())?;
    Some(account.to_owned())
}

fn public_fields(payload: &Value) -> Vec<(String, String)> {
    let fields = payload.as_object().into_iter().flatten();
    fields
        .filter(|(key, _)| {
            // Turbot writes a field with `$` in front where its value is a secret.
            let lower = key.to_ascii_lowercase();
            !lower.starts_with('$') && !["secret", "password", "token"].iter().any(|word| lower.contains(word))
        })
        .map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

async fn collect(response: Response<Body>, request_id: String) -> Answer {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_ANSWER).await.unwrap_or_else(|_| Bytes::new());
    let status = parts.status.as_u16();
    let mut headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .filter(|(name, _)| name.as_str() != "content-length")
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    headers.push(("x-request-id".to_owned(), request_id.clone()));
    let error = (status >= 400).then(|| {
        let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        ["/error/code", "/code", "/error"]
            .iter()
            .find_map(|path| answer.pointer(path)?.as_str().map(str::to_owned))
            .unwrap_or_else(|| status.to_string())
    });
    Answer { status, headers, body: body.to_vec(), request_id, error }
}

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn names_of_calls() {
        for (method, path, name, id) in [
            ("GET", "/api/v3/cluster", "GET /cluster", None),
            ("POST", "/api/v3/accounts", "POST /accounts", None),
            ("GET", "/api/v3/accounts/aab", "GET /accounts/{id}", Some("aab")),
            ("POST", "/api/v3/resources/urn:turbot:c:aab/policies/Turbot:X", "POST /policies", Some("aab")),
            ("GET", "/api/latest/turbot/health", "GET /health", None),
            ("GET", "/elsewhere", "GET /elsewhere", None),
        ] {
            assert_eq!(operation(method, path), (name.to_owned(), id.map(str::to_owned)), "{path}");
        }
    }
}
