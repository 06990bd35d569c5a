//! The simulated AWS's port: which call a request is, and its way through the frame.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Response;
use axum::routing::any;

use crate::authenticate::{claimed_key, service_name};
use crate::cloud::Cloud;
use crate::connection::Peer;
use crate::fault_answer::Dialect;
use crate::frame::{Answer, Frame, Incoming};
use crate::minting::{Mint, account_of_key};
use crate::wire::{self, ApiError, HttpRequest, Params};

/// Bounds a request's body. The largest field of IAM is a policy document of 131,072 characters, which may be three
/// times as long when encoded.
const MAX_BODY: usize = 1024 * 1024;

#[derive(Clone)]
pub(crate) struct Aws {
    pub(crate) frame: Arc<Frame>,
    pub(crate) cloud: Cloud,
    pub(crate) mint: Arc<Mint>,
    pub(crate) latency: Duration,
}

pub(crate) fn router(aws: Aws) -> Router {
    Router::new().route("/", any(call)).fallback(any(call)).with_state(aws)
}

struct Call {
    dialect: Dialect,
    operation: String,
    params: Vec<(String, String)>,
    target: Option<String>,
}

async fn call(State(aws): State<Aws>, ConnectInfo(peer): ConnectInfo<Peer>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let request_id = aws.mint.request_id();
    let body = to_bytes(body, MAX_BODY).await;
    let too_large = body.is_err();
    let http = HttpRequest {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: body.unwrap_or_default(),
    };
    let read = if too_large {
        Err(ApiError::new(413, "RequestEntityTooLarge", "Request size exceeded 1 MiB"))
    } else {
        recognize(&http)
    };
    let access_key_id = claimed_key(&http);
    let caller_arn = access_key_id.as_deref().and_then(|id| aws.cloud.owner_of_key(id));
    let (call, refusal) = match read {
        Ok(call) => (call, None),
        Err(error) => {
            let unknown =
                Call { dialect: Dialect::Iam, operation: "Unknown".to_owned(), params: Vec::new(), target: None };
            (unknown, Some(error))
        }
    };
    let incoming = Incoming {
        dialect: call.dialect,
        service: service_name(call.dialect).to_owned(),
        operation: call.operation.clone(),
        account: access_key_id.as_deref().and_then(account_of_key),
        target: call.target,
        access_key_id,
        params: call.params,
        request_id: request_id.clone(),
        latency: aws.latency,
        connection: peer.connection,
        caller_arn,
    };
    let cloud = aws.cloud.clone();
    let effect = async move {
        match refusal {
            Some(error) => wire::error_answer(Dialect::Iam, &error, &request_id),
            None => serve(&cloud, call.dialect, &call.operation, &http, &request_id),
        }
    };
    aws.frame.carry(incoming, effect).await
}

fn serve(cloud: &Cloud, dialect: Dialect, operation: &str, http: &HttpRequest, request_id: &str) -> Answer {
    cloud.serve(dialect, operation, http, request_id)
}

/// Which service and operation a request is for.
fn recognize(http: &HttpRequest) -> Result<Call, ApiError> {
    if http.method != "POST" {
        return Err(ApiError::new(405, "UnsupportedMethod", "the sandbox takes calls as POST, as SDKs send them"));
    }
    if let Some(target) = http.header("x-amz-target") {
        let operation = target
            .strip_prefix("AWSOrganizationsV20161128.")
            .ok_or_else(|| ApiError::new(400, "UnknownOperationException", target))?;
        let input = serde_json::from_slice::<serde_json::Value>(&http.body).unwrap_or_default();
        let params = input.as_object().into_iter().flatten();
        return Ok(Call {
            dialect: Dialect::Organizations,
            operation: operation.to_owned(),
            params: params
                .filter(|(key, _)| !key.to_ascii_lowercase().contains("token"))
                .map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
                .collect(),
            target: None,
        });
    }
    let params = Params::parse(&String::from_utf8_lossy(&http.body));
    let dialect = match params.get("Version") {
        Some("2010-05-08") => Dialect::Iam,
        Some("2011-06-15") => Dialect::Sts,
        other => {
            return Err(ApiError::new(
                400,
                "NoSuchVersion",
                format!("The requested version ( {} ) is not valid.", other.unwrap_or_default()),
            ));
        }
    };
    let operation = params.get("Action").ok_or_else(|| {
        ApiError::new(400, "MissingAction", "The request is missing an action or operation parameter")
    })?;
    Ok(Call {
        dialect,
        operation: operation.to_owned(),
        params: params.public(),
        target: params.get("RoleArn").and_then(|arn| arn.split(':').nth(4)).map(str::to_owned),
    })
}
