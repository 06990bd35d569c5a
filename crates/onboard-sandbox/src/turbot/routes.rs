//! Turbot's calls: paths, verbs, rights.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::Turbot;
use super::accounts::{json as account_json, urn};
use super::answer::{Refusal, Reply, respond};
use super::importing::import;
use super::keys::{Right, authorize};
use super::options::TurbotOptions;

const WINDOW: &str = "Turbot:Environment:MaintenanceWindow";
/// Bounds a request's body; an import's is under 10 KiB.
const MAX_BODY: usize = 256 * 1024;

/// What is served on Turbot's port. Latency, faults, gates and the log are laid around it by the sandbox.
pub(crate) fn router(turbot: Turbot) -> Router {
    Router::new().fallback(answer).with_state(turbot)
}

async fn answer(State(turbot): State<Turbot>, request: Request) -> Response<Body> {
    let options = turbot.options();
    let (parts, body) = request.into_parts();
    let outcome = match to_bytes(body, MAX_BODY).await {
        Ok(body) => {
            let query = parts.uri.query().unwrap_or_default();
            serve(&turbot, &parts.method, parts.uri.path(), query, &parts.headers, body, &options).await
        }
        Err(_) => Err(Refusal::new(413, "PayloadTooLarge", "the request is too large")),
    };
    respond(outcome, &options)
}

async fn serve(
    turbot: &Turbot,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: Bytes,
    options: &TurbotOptions,
) -> Result<Reply, Refusal> {
    let segments: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let nowhere = || Refusal::not_found("no such resource");
    let ["api", version @ ("v1" | "v3" | "latest"), rest @ ..] = segments.as_slice() else { return Err(nowhere()) };
    let v3 = *version != "v1";
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    let may = |right| authorize(options, &turbot.mint, authorization, right);
    let now = turbot.now();
    let verb = method.as_str();
    match (verb, rest) {
        ("GET", ["turbot", "health"]) => Ok(health(options)),
        ("GET", ["cluster"]) => {
            may(Right::Look)?;
            let id = &options.cluster_id;
            Ok(Reply::Json(200, json!({"id": id, "urn": format!("urn:turbot:{id}"), "title": "Sandbox cluster"})))
        }
        ("GET", ["accounts"]) => {
            may(Right::Read)?;
            Ok(Reply::Json(200, turbot.with_accounts(|accounts| accounts.listing(options, now))))
        }
        ("POST", ["accounts"]) if v3 => {
            may(Right::Operate)?;
            must_be_json(headers)?;
            import(turbot.clone(), body, options.clone()).await
        }
        ("GET", ["accounts", id]) => {
            may(Right::Look)?;
            let account = turbot.with_accounts(|accounts| accounts.visible(id, now).cloned())?;
            let mut value = account_json(&account, options);
            if let (true, Some(fields)) = (options.account_without_aws_id, value.as_object_mut()) {
                fields.remove("awsAccountId");
            }
            Ok(Reply::Json(200, value))
        }
        ("PATCH", ["accounts", id]) => {
            may(Right::Operate)?;
            must_be_json(headers)?;
            let title = title(&body)?;
            turbot.with_accounts(|accounts| {
                let account = accounts.visible_mut(id, now)?;
                account.title = title;
                Ok(Reply::Json(200, account_json(account, options)))
            })
        }
        (_, ["resources", urn, "policies", WINDOW]) if v3 => {
            let right = if verb == "GET" { Right::Look } else { Right::Administer };
            may(right)?;
            let id = account_of(urn, &options.cluster_id).ok_or_else(|| Refusal::not_found(urn))?;
            if verb == "GET" {
                return read_window(turbot, id, options);
            }
            let replaces = options.update_verbs.iter().any(|known| known.eq_ignore_ascii_case(verb));
            if verb != "POST" && !replaces {
                return Err(Refusal::new(405, "MethodNotAllowed", format!("{verb} is not allowed here")));
            }
            must_be_json(headers)?;
            if !query.split('&').any(|pair| pair == "exception=true") {
                return Err(Refusal::new(400, "BadRequest", "a setting on an account is an exception"));
            }
            let value = window(&body)?;
            turbot.with_accounts(|accounts| {
                let account = accounts.visible_mut(id, now)?;
                if account.window.is_some() && !replaces {
                    return Err(Refusal::new(409, "Conflict", format!("a setting of {WINDOW} exists already")));
                }
                account.window = Some(value.clone());
                Ok(Reply::Json(200, setting(&value, true)))
            })
        }
        (_, ["turbot", "health"] | ["cluster"] | ["accounts"] | ["accounts", _]) => {
            Err(Refusal::new(405, "MethodNotAllowed", format!("{verb} is not allowed here")))
        }
        _ => Err(nowhere()),
    }
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(Refusal::new(415, "UnsupportedMediaType", "application/json is expected"))
}

fn fields(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Refusal::new(400, "BadRequest", "malformed JSON: an object is expected")),
    }
}

fn title(body: &[u8]) -> Result<String, Refusal> {
    match fields(body)?.get("title") {
        Some(Value::String(title)) if !title.is_empty() => Ok(title.clone()),
        _ => Err(Refusal::new(400, "BadRequest", "title is required")),
    }
}

/// The value of a setting; the other fields must be those that Turbot's own tool sends.
fn window(body: &[u8]) -> Result<String, Refusal> {
    let bad = |message: &str| Refusal::new(400, "BadRequest", message);
    let fields = fields(body)?;
    if fields.get("requirement").and_then(Value::as_str) != Some("MUST") {
        return Err(bad("requirement must be MUST"));
    }
    if !["notes", "expirationTimestamp"].iter().all(|name| fields.get(*name).is_some_and(Value::is_string)) {
        return Err(bad("notes and expirationTimestamp must be strings"));
    }
    match fields.get("value").and_then(Value::as_str) {
        Some(value) if ["no changes", "forced changes", "anytime"].contains(&value.to_ascii_lowercase().as_str()) => {
            Ok(value.to_owned())
        }
        Some(value) => Err(bad(&format!("value {value} is not one of No changes, Forced changes, Anytime"))),
        None => Err(bad("value is required")),
    }
}

fn read_window(turbot: &Turbot, id: &str, options: &TurbotOptions) -> Result<Reply, Refusal> {
    let own = turbot.with_accounts(|accounts| Ok(accounts.visible(id, turbot.now())?.window.clone()))?;
    if !options.maintenance_readable {
        return Err(Refusal::not_found("no such resource"));
    }
    let value = own.as_deref().unwrap_or(&options.inherited_window);
    Ok(Reply::Json(200, setting(value, own.is_some())))
}

fn setting(value: &str, exception: bool) -> Value {
    json!({"policyUrn": WINDOW, "value": value, "requirement": "MUST", "exception": exception})
}

fn account_of<'a>(resource: &'a str, cluster: &str) -> Option<&'a str> {
    let id = resource.rsplit(':').next()?;
    (resource == urn(cluster, id)).then_some(id)
}

fn health(options: &TurbotOptions) -> Reply {
    let mut parts = json!({
        "instanceId": "i-0123456789abcdef0",
        "ec2Metadata": "OK",
        "cache": "OK",
        "dynamoDB": "OK",
        "connectivityCheckRunTime": 77,
        "workersCheck": {"status": "LOCKED"},
        "totalHealthCheckRunTime": 78
    });
    for part in &options.failing_health {
        parts[part] = json!("ERROR");
    }
    Reply::Json(if options.failing_health.is_empty() { 200 } else { 503 }, parts)
}
