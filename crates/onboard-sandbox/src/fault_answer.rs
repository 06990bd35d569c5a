use jiff::{SignedDuration, Timestamp};

use crate::authorize::reason;
use crate::clock;
use crate::fault::{PolicyKind, What};
use crate::frame::Answer;
use crate::gate::CallInfo;
use crate::wire::{self, ApiError};

/// The way a service words its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// IAM's query protocol.
    Iam,
    /// STS's query protocol.
    Sts,
    /// JSON 1.1.
    Organizations,
    /// Turbot's REST.
    Turbot,
}

/// What a fault's answer may mention.
pub(crate) struct Scene<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) call: &'a CallInfo,
    pub(crate) caller_arn: Option<&'a str>,
    pub(crate) request_id: &'a str,
    pub(crate) now: Timestamp,
}

/// The answer by which a fault shows itself.
pub(crate) fn answer(what: &What, scene: &Scene<'_>) -> Answer {
    let plain = |status: u16, content_type: &str, body: String| Answer {
        status,
        headers: vec![
            ("content-type".to_owned(), content_type.to_owned()),
            ("x-amzn-requestid".to_owned(), scene.request_id.to_owned()),
        ],
        body: body.into_bytes(),
        request_id: scene.request_id.to_owned(),
        error: Some(format!("fault-{}", what.word())),
    };
    match what {
        What::Html => plain(
            502,
            "text/html",
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>\
             </center>\r\n</body>\r\n</html>\r\n"
                .to_owned(),
        ),
        What::Status { code, body } => {
            let content_type = match scene.dialect {
                Dialect::Iam | Dialect::Sts => "text/xml",
                Dialect::Organizations => "application/x-amz-json-1.1",
                Dialect::Turbot => "application/json",
            };
            plain(*code, content_type, body.clone())
        }
        What::Malformed => plain(
            200,
            "text/xml",
            match scene.dialect {
                Dialect::Iam | Dialect::Sts => "<Response><Result".to_owned(),
                Dialect::Organizations | Dialect::Turbot => "{\"items\": [".to_owned(),
            },
        ),
        _ => {
            let (error, retry_after) = error(what, scene);
            let mut answer = wire::error_answer(scene.dialect, &error, scene.request_id);
            if let Some(seconds) = retry_after {
                answer.headers.push(("retry-after".to_owned(), seconds.to_string()));
                answer.headers.push(("x-amz-retry-after".to_owned(), (u64::from(seconds) * 1000).to_string()));
            }
            answer
        }
    }
}

/// A good answer, broken.
pub(crate) fn malformed(mut answer: Answer) -> Answer {
    let keep = answer.body.len() * 2 / 3;
    answer.body.truncate(keep);
    answer.error = Some("fault-malformed".to_owned());
    answer
}

/// The same answer with the unique id of the role or user in place of its ARN, where it has one.
pub(crate) fn bare_id(mut answer: Answer) -> Answer {
    let text = |body: &str, name: &str| {
        let from = body.find(&format!("<{name}>"))? + name.len() + 2;
        Some((from, from + body[from..].find(&format!("</{name}>"))?))
    };
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let id = text(&body, "RoleId").or_else(|| text(&body, "UserId"));
    if let (Some((from, to)), Some((arn_from, arn_to))) = (id, text(&body, "Arn")) {
        answer.body = [&body[..arn_from], &body[from..to], &body[arn_to..]].concat().into();
    }
    answer
}

fn error(what: &What, scene: &Scene<'_>) -> (ApiError, Option<u32>) {
    let dialect = scene.dialect;
    let by = |iam: &'static str, organizations: &'static str, turbot: &'static str| match dialect {
        Dialect::Iam | Dialect::Sts => iam,
        Dialect::Organizations => organizations,
        Dialect::Turbot => turbot,
    };
    let turbot_or = |turbot: u16, aws: u16| if dialect == Dialect::Turbot { turbot } else { aws };
    let error = match what {
        What::Throttle { .. } => ApiError::new(
            turbot_or(429, 400),
            by("Throttling", "TooManyRequestsException", "TooManyRequests"),
            "Rate exceeded",
        ),
        What::InternalError => ApiError::new(
            500,
            match dialect {
                Dialect::Iam => "ServiceFailure",
                Dialect::Sts => "InternalFailure",
                Dialect::Organizations => "ServiceException",
                Dialect::Turbot => "InternalServerError",
            },
            "The request processing has failed because of an unknown error, exception or failure.",
        ),
        What::Unavailable => ApiError::new(
            503,
            by("ServiceUnavailable", "ServiceUnavailableException", "ServiceUnavailable"),
            "Service is unable to handle request.",
        ),
        What::AccessDenied { policy, arn } => denied(*policy, arn.as_deref(), scene),
        What::ExpiredToken => ApiError::new(
            turbot_or(401, 403),
            by("ExpiredToken", "ExpiredTokenException", "Unauthorized"),
            "The security token included in the request is expired",
        ),
        What::ClockSkew => {
            let quarter = SignedDuration::from_mins(15);
            let earliest = scene.now.checked_sub(quarter).unwrap_or(scene.now);
            let signed = earliest.checked_sub(quarter).unwrap_or(earliest);
            ApiError::new(
                403,
                by("SignatureDoesNotMatch", "InvalidSignatureException", "Forbidden"),
                format!(
                    "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                    clock::compact(signed),
                    clock::compact(earliest),
                    clock::compact(scene.now)
                ),
            )
        }
        What::Quota => ApiError::new(
            turbot_or(400, by_status(dialect, 409)),
            by("LimitExceeded", "ConstraintViolationException", "LimitExceeded"),
            format!("Cannot exceed quota for {}: 0", scene.call.operation),
        ),
        What::ConcurrentModification => ApiError::new(
            by_status(dialect, 409),
            by("ConcurrentModification", "ConcurrentModificationException", "Conflict"),
            "The request was rejected because multiple requests to change this object were submitted simultaneously.",
        ),
        What::NotFound => ApiError::new(
            by_status(dialect, 404),
            by("NoSuchEntity", "AccountNotFoundException", "NotFound"),
            format!("The {} cannot be found.", subject(scene.call)),
        ),
        What::Reset
        | What::Timeout
        | What::Truncated
        | What::Malformed
        | What::BareId
        | What::Html
        | What::Delay { .. }
        | What::Status { .. } => ApiError::new(500, "InternalFailure", "no answer"),
    };
    let retry_after = match what {
        What::Throttle { retry_after } => *retry_after,
        _ => None,
    };
    (error, retry_after)
}

/// JSON 1.1 services answer every client error with 400.
fn by_status(dialect: Dialect, query: u16) -> u16 {
    if dialect == Dialect::Organizations { 400 } else { query }
}

fn param<'a>(call: &'a CallInfo, name: &str) -> Option<&'a str> {
    call.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn subject(call: &CallInfo) -> String {
    for (key, noun) in [("RoleName", "role"), ("UserName", "user"), ("PolicyArn", "policy"), ("AccountId", "account")] {
        if let Some(value) = param(call, key) {
            return format!("{noun} with name {value}");
        }
    }
    "entity".to_owned()
}

fn denied(policy: PolicyKind, arn: Option<&str>, scene: &Scene<'_>) -> ApiError {
    let call = scene.call;
    let action = &call.name;
    let user = scene.caller_arn.unwrap_or("anonymous");
    let partition = user.split(':').nth(1).unwrap_or("aws");
    let account = call.account.as_deref().unwrap_or_default();
    let own = |kind: &str, name: &str| format!("arn:{partition}:iam::{account}:{kind}/{name}");
    let resource = ["RoleName", "UserName", "PolicyName", "PolicyArn", "RoleArn"]
        .iter()
        .find_map(|key| param(call, key).map(|value| (*key, value)))
        .map_or_else(
            || "*".to_owned(),
            |(key, value)| match key {
                "RoleName" => own("role", value),
                "UserName" => own("user", value),
                "PolicyName" => own("policy", value),
                _ => value.to_owned(),
            },
        );
    let context = reason(policy, arn.is_some(), arn, action);
    let message = format!("User: {user} is not authorized to perform: {action} on resource: {resource} {context}");
    match scene.dialect {
        Dialect::Organizations => ApiError::new(400, "AccessDeniedException", message),
        Dialect::Iam | Dialect::Sts => ApiError::new(403, "AccessDenied", message),
        Dialect::Turbot => ApiError::new(403, "Forbidden", message),
    }
}
