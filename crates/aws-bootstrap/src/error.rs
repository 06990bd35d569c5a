//! What went wrong at AWS, classified once: by error code, and by text only where AWS has no code for it.

use std::error::Error as StdError;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use crate::cause::{chain, credentials, never_connected, too_long};
use crate::denial::Denial;

/// The longest text of AWS's that an error keeps, in characters; IAM's longest documented texts have about 1,000.
const MAX_MESSAGE: usize = 4000;

/// The operation that errors name which arose in getting credentials, before the call itself.
pub const GETTING_CREDENTIALS: &str = "GetCredentials";

/// Whether a failed effect may nevertheless have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It was refused, or never sent.
    NotDone,
    /// It was sent and the answer was lost, cut, unreadable or a server's failure, at this or an earlier attempt.
    MaybeDone,
}

/// What kind of failure a call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AwsErrorKind {
    /// No credentials were found, or their source failed.
    NoCredentials,
    /// The profile in force is in none of AWS's files.
    NoProfile,
    /// The credentials need a multi-factor code, for which the SDK does not ask.
    MfaNeeded,
    /// The credentials or the single sign-on session expired.
    ExpiredCredentials,
    /// AWS does not know the access key, or its secret is wrong. A new key is unknown for some seconds.
    InvalidKey,
    /// The signature's time is outside AWS's window although the clock was corrected once.
    ClockSkew,
    /// A policy denied the call; [`AwsError::denial`] says which kind.
    Denied,
    /// The account is suspended or closed.
    SuspendedAccount,
    /// The account has not been activated for the service.
    OptInRequired,
    /// The account has the region's STS endpoint switched off.
    RegionDisabled,
    /// The entity does not exist, or not yet.
    NotFound,
    /// The managed policy that is to be attached, or to be the permissions boundary, does not exist, or not yet.
    NoSuchPolicy,
    /// An entity of that name exists (names ignore case).
    AlreadyExists,
    /// A quota is used up.
    Quota,
    /// The entity still has parts that must be removed first.
    Conflict,
    /// Somebody else was changing the entity at the same time, again and again.
    ConcurrentModification,
    /// A trust policy names a principal that AWS does not know: a wrong account, a closed one, or another partition's.
    InvalidPrincipal,
    /// AWS does not accept a value.
    InvalidInput,
    /// Too many calls.
    Throttled,
    /// AWS failed (5xx).
    Unavailable,
    /// No connection could be made: nothing was sent.
    Network,
    /// No connection could be made because the server's certificate was not accepted: nothing was sent.
    Tls,
    /// The connection broke after the request was on its way.
    Interrupted,
    /// No answer within the time-out.
    TimedOut,
    /// An answer that is none of AWS's forms.
    Malformed,
    /// An answer longer than any of AWS's.
    TooLong,
    /// The credentials or an ARN belong to another partition.
    WrongPartition,
    /// The account belongs to no organization.
    NoOrganization,
    /// The server does not know the call (some emulators, some partitions).
    NotImplemented,
    /// The endpoint is neither AWS's nor loopback and was not allowed.
    ForeignEndpoint,
    /// The witness could not record the effect: it was not sent, or what came of it is not on record.
    Unrecorded,
    /// The settings contradict themselves.
    Settings,
    /// Anything else.
    Other,
}

impl AwsErrorKind {
    /// The kind in a few words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCredentials => "no credentials",
            Self::NoProfile => "no such profile",
            Self::MfaNeeded => "multi-factor authentication needed",
            Self::ExpiredCredentials => "expired credentials",
            Self::InvalidKey => "access key not accepted",
            Self::ClockSkew => "clock skew",
            Self::Denied => "access denied",
            Self::SuspendedAccount => "suspended account",
            Self::OptInRequired => "account not activated",
            Self::RegionDisabled => "region disabled",
            Self::NotFound => "not found",
            Self::NoSuchPolicy => "no such policy",
            Self::AlreadyExists => "already exists",
            Self::Quota => "quota used up",
            Self::Conflict => "still in use",
            Self::ConcurrentModification => "changed by others at the same time",
            Self::InvalidPrincipal => "principal not known",
            Self::InvalidInput => "value not accepted",
            Self::Throttled => "throttled",
            Self::Unavailable => "service failure",
            Self::Network => "no connection",
            Self::Tls => "certificate not accepted",
            Self::Interrupted => "connection lost",
            Self::TimedOut => "timed out",
            Self::Malformed => "unreadable answer",
            Self::TooLong => "answer too long",
            Self::WrongPartition => "wrong partition",
            Self::NoOrganization => "no organization",
            Self::NotImplemented => "call not known",
            Self::ForeignEndpoint => "endpoint not allowed",
            Self::Unrecorded => "not recorded",
            Self::Settings => "settings",
            Self::Other => "failed",
        }
    }

    /// Whether the same call may well succeed a little later, whoever makes it.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Throttled
                | Self::Unavailable
                | Self::Network
                | Self::Interrupted
                | Self::TimedOut
                | Self::ConcurrentModification
        )
    }
}

impl fmt::Display for AwsErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {kind}{}{}", if message.is_empty() { "" } else { ": " }, message)]
pub struct AwsError {
    /// What kind of failure it is.
    pub kind: AwsErrorKind,
    /// The call, by its API name: `CreateRole`; or [`GETTING_CREDENTIALS`].
    pub operation: &'static str,
    /// AWS's error code, where there was one.
    pub code: Option<String>,
    /// AWS's text whole (bounded), or the chain of causes where AWS said nothing. It is foreign text: escape it.
    pub message: String,
    /// AWS's request id.
    pub request_id: Option<String>,
    /// Whether the effect may have happened.
    pub certainty: Certainty,
    /// For a denial: by what.
    pub denial: Option<Box<Denial>>,
}

impl AwsError {
    pub(crate) fn new(kind: AwsErrorKind, operation: &'static str, message: impl AsRef<str>) -> Self {
        Self {
            kind,
            operation,
            code: None,
            message: bounded(message.as_ref()),
            request_id: None,
            certainty: Certainty::NotDone,
            denial: None,
        }
    }

    /// A successful answer without a part that it must have: the effect happened, its result is not readable.
    pub(crate) fn incomplete(operation: &'static str, what: impl AsRef<str>) -> Self {
        Self { certainty: Certainty::MaybeDone, ..Self::new(AwsErrorKind::Malformed, operation, what) }
    }

    /// Whether it is of that kind.
    #[must_use]
    pub fn is(&self, kind: AwsErrorKind) -> bool {
        self.kind == kind
    }
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Classifies an SDK error. `certainty` is what the attempts of the call left open (see `call`).
pub(crate) fn classify<E>(operation: &'static str, error: &SdkError<E, HttpResponse>, certainty: Certainty) -> AwsError
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    let request_id = error.request_id().map(str::to_owned);
    let mut classified = match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            match (service.err().code(), service.err().message()) {
                (Some(code), message) => by_code(operation, code, message.unwrap_or_default(), status),
                (None, message) => by_status(operation, status, message.unwrap_or("an answer without an error code")),
            }
        }
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            by_status(operation, status, &chain(error))
        }
        SdkError::TimeoutError(_) => AwsError::new(AwsErrorKind::TimedOut, operation, "no answer within the time-out"),
        SdkError::DispatchFailure(failure) => match credentials(error) {
            Some(classified) => classified,
            None => dispatch(operation, failure.as_connector_error(), error),
        },
        SdkError::ConstructionFailure(_) => match credentials(error) {
            Some(classified) => classified,
            None => AwsError::new(AwsErrorKind::InvalidInput, operation, chain(error)),
        },
        _ => AwsError::new(AwsErrorKind::Other, operation, chain(error)),
    };
    classified.request_id = classified.request_id.or(request_id);
    classified.certainty = certainty;
    classified
}

/// The table of codes: IAM and STS send them without, Organizations with the suffix `Exception`.
fn kind_of_code(code: &str) -> Option<AwsErrorKind> {
    use AwsErrorKind::*;
    Some(match code.strip_suffix("Exception").unwrap_or(code) {
        "NoSuchEntity" | "AccountNotFound" | "PolicyNotFound" | "ParentNotFound" => NotFound,
        "EntityAlreadyExists" => AlreadyExists,
        // IAM's quota code is `LimitExceeded`: not among those that the SDK repeats, and rightly so.
        "LimitExceeded" | "ConstraintViolation" | "ServiceQuotaExceeded" => Quota,
        "DeleteConflict" => Conflict,
        "ConcurrentModification" => ConcurrentModification,
        "AccessDenied"
        | "NotAuthorized"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "AccessDeniedForDependency" => Denied,
        "InvalidClientTokenId"
        | "UnrecognizedClient"
        | "SignatureDoesNotMatch"
        | "InvalidSignature"
        | "AuthFailure"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "InvalidAccessKeyId" => InvalidKey,
        "ExpiredToken" | "TokenRefreshRequired" | "ExpiredTradeInToken" => ExpiredCredentials,
        "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => ClockSkew,
        "OptInRequired" | "SubscriptionRequired" | "PendingVerification" => OptInRequired,
        "RegionDisabled" => RegionDisabled,
        "AccountSuspended" | "AccountClosed" | "AccountProblem" => SuspendedAccount,
        "MalformedPolicyDocument"
        | "InvalidInput"
        | "ValidationError"
        | "Validation"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "MissingParameter"
        | "UnmodifiableEntity"
        | "PolicyNotAttachable"
        | "PackedPolicyTooLarge"
        | "InvalidParameter"
        | "MalformedQueryString" => InvalidInput,
        "Throttling"
        | "Throttled"
        | "ThrottledRequest"
        | "RequestThrottled"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete" => Throttled,
        "ServiceFailure"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "Service"
        | "RequestTimeout" => Unavailable,
        "AWSOrganizationsNotInUse" => NoOrganization,
        "InvalidAction"
        | "UnknownOperation"
        | "NotImplemented"
        | "UnknownAction"
        | "ActionNotFound"
        | "UnsupportedOperation"
        | "UnsupportedAPIEndpoint" => NotImplemented,
        _ => return None,
    })
}

pub(crate) fn by_code(operation: &'static str, code: &str, message: &str, status: u16) -> AwsError {
    let folded = message.to_ascii_lowercase();
    let has = |text: &str| folded.contains(text);
    let kind = match kind_of_code(code) {
        // Clock skew hides behind the signature codes; AWS's text is the only sign of it.
        Some(AwsErrorKind::InvalidKey) if has("signature expired") || has("signature not yet current") => {
            AwsErrorKind::ClockSkew
        }
        Some(AwsErrorKind::InvalidKey) if has("credential should be scoped to a valid region") => {
            AwsErrorKind::WrongPartition
        }
        Some(AwsErrorKind::Denied) if has("multifactorauthentication") => AwsErrorKind::MfaNeeded,
        Some(AwsErrorKind::Denied | AwsErrorKind::InvalidKey | AwsErrorKind::OptInRequired)
            if has("account is suspended")
                || has("account has been suspended")
                || has("account is closed")
                || has("suspended account") =>
        {
            AwsErrorKind::SuspendedAccount
        }
        // The same code says that the role or user is not there; these calls name both.
        Some(AwsErrorKind::NotFound) if has("does not exist or is not attachable") && gives_policy(operation) => {
            AwsErrorKind::NoSuchPolicy
        }
        Some(AwsErrorKind::InvalidInput) if has("invalid principal in policy") => AwsErrorKind::InvalidPrincipal,
        // "Partition ... is not valid for resource" in policies, "Invalid partition" elsewhere.
        Some(AwsErrorKind::InvalidInput)
            if has("partition") && (has("invalid partition") || has("is not valid for resource")) =>
        {
            AwsErrorKind::WrongPartition
        }
        Some(kind) => kind,
        None if status >= 500 => AwsErrorKind::Unavailable,
        None => AwsErrorKind::Other,
    };
    let denial = (kind == AwsErrorKind::Denied).then(|| Box::new(Denial::of(message)));
    AwsError { code: Some(bounded(code)), denial, ..AwsError::new(kind, operation, message) }
}

/// Whether a call gives a managed policy to a role or user.
fn gives_policy(operation: &str) -> bool {
    matches!(
        operation,
        "AttachRolePolicy"
            | "AttachUserPolicy"
            | "CreateRole"
            | "CreateUser"
            | "PutRolePermissionsBoundary"
            | "PutUserPermissionsBoundary"
    )
}

/// An answer without a readable code: a proxy's, a load balancer's, or one that was cut.
fn by_status(operation: &'static str, status: u16, message: &str) -> AwsError {
    let kind = match status {
        429 => AwsErrorKind::Throttled,
        501 => AwsErrorKind::NotImplemented,
        500.. => AwsErrorKind::Unavailable,
        407 => AwsErrorKind::Network,
        _ => AwsErrorKind::Malformed,
    };
    AwsError::new(kind, operation, format!("HTTP {status}: {message}"))
}

fn dispatch(operation: &'static str, connector: Option<&ConnectorError>, error: &(dyn StdError + 'static)) -> AwsError {
    let text = chain(error);
    let folded = text.to_ascii_lowercase();
    let kind = match connector {
        _ if too_long(error) => AwsErrorKind::TooLong,
        Some(connector) if never_connected(connector) => {
            let tls = ["certificate", "handshake", "tls", "corrupt message", "unknownissuer"];
            if tls.iter().any(|word| folded.contains(word)) { AwsErrorKind::Tls } else { AwsErrorKind::Network }
        }
        Some(connector) if connector.is_timeout() => AwsErrorKind::TimedOut,
        Some(connector) if connector.is_user() => AwsErrorKind::InvalidInput,
        Some(connector) if connector.is_io() || connector.as_other().is_some() => AwsErrorKind::Interrupted,
        _ => AwsErrorKind::Other,
    };
    AwsError::new(kind, operation, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_policy_is_told_from_a_missing_role() {
        let of = |operation, message| by_code(operation, "NoSuchEntity", message, 404).kind;
        let policy = "Policy arn:aws:iam::aws:policy/Typo does not exist or is not attachable.";
        let boundary = "Scope ARN: arn:aws:iam::111122223333:policy/Typo does not exist or is not attachable.";
        assert_eq!(of("AttachRolePolicy", policy), AwsErrorKind::NoSuchPolicy);
        assert_eq!(of("PutUserPermissionsBoundary", boundary), AwsErrorKind::NoSuchPolicy);
        assert_eq!(of("AttachRolePolicy", "The role with name x cannot be found."), AwsErrorKind::NotFound);
        // Taken off, it is gone: that is what is wanted.
        assert_eq!(of("DetachRolePolicy", policy), AwsErrorKind::NotFound);
    }

    #[test]
    fn codes_are_classified() {
        use AwsErrorKind::*;
        for (code, message, status, kind) in [
            ("NoSuchEntity", "", 404, NotFound),
            ("EntityAlreadyExists", "Role with name x already exists.", 409, AlreadyExists),
            ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409, Quota),
            ("DeleteConflict", "", 409, Conflict),
            ("ConcurrentModification", "", 409, ConcurrentModification),
            (
                "MalformedPolicyDocument",
                "Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:root\"",
                400,
                InvalidPrincipal,
            ),
            ("MalformedPolicyDocument", "Syntax errors in policy.", 400, InvalidInput),
            ("MalformedPolicyDocument", "Partition \"aws-cn\" is not valid for resource \"x\".", 400, WrongPartition),
            ("InvalidClientTokenId", "The security token included in the request is invalid.", 403, InvalidKey),
            ("UnrecognizedClientException", "", 403, InvalidKey),
            ("SignatureDoesNotMatch", "The request signature we calculated does not match", 403, InvalidKey),
            (
                "SignatureDoesNotMatch",
                "Signature expired: 20261123T220000Z is now earlier than 20261123T221500Z",
                403,
                ClockSkew,
            ),
            (
                "InvalidSignatureException",
                "Signature not yet current: 20261123T233000Z is still later than ...",
                403,
                ClockSkew,
            ),
            ("SignatureDoesNotMatch", "Credential should be scoped to a valid region.", 403, WrongPartition),
            ("RequestExpired", "Request has expired.", 400, ClockSkew),
            ("RequestTimeTooSkewed", "", 403, ClockSkew),
            ("ExpiredToken", "", 403, ExpiredCredentials),
            ("ExpiredTokenException", "", 400, ExpiredCredentials),
            ("AccessDenied", "User: x is not authorized to perform: iam:GetRole", 403, Denied),
            ("AccessDeniedException", "", 400, Denied),
            ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.", 403, MfaNeeded),
            ("AccessDenied", "The account is suspended", 403, SuspendedAccount),
            ("OptInRequired", "", 403, OptInRequired),
            ("RegionDisabledException", "STS is not activated in this region", 403, RegionDisabled),
            ("Throttling", "Rate exceeded", 400, Throttled),
            ("ThrottlingException", "", 400, Throttled),
            ("TooManyRequestsException", "", 400, Throttled),
            ("ServiceFailure", "", 500, Unavailable),
            ("ServiceUnavailable", "", 503, Unavailable),
            ("ServiceException", "", 500, Unavailable),
            ("AWSOrganizationsNotInUseException", "", 400, NoOrganization),
            ("InvalidAction", "Could not find operation", 400, NotImplemented),
            ("UnmodifiableEntity", "", 400, InvalidInput),
            ("SomethingNew", "", 400, Other),
            ("SomethingNew", "", 503, Unavailable),
        ] {
            let error = by_code("Test", code, message, status);
            assert_eq!(error.kind, kind, "{code}: {message}");
            assert_eq!(error.denial.is_some(), kind == Denied, "{code}");
            assert_eq!(error.code.as_deref(), Some(code));
        }
    }

    #[test]
    fn answers_without_a_code() {
        for (status, kind) in [
            (429, AwsErrorKind::Throttled),
            (502, AwsErrorKind::Unavailable),
            (501, AwsErrorKind::NotImplemented),
            (302, AwsErrorKind::Malformed),
            (403, AwsErrorKind::Malformed),
            (200, AwsErrorKind::Malformed),
        ] {
            assert_eq!(by_status("Test", status, "x").kind, kind, "{status}");
        }
    }

    #[test]
    fn messages_are_bounded() {
        let error = AwsError::new(AwsErrorKind::Other, "Test", "ü".repeat(10_000));
        assert_eq!(error.message.chars().count(), MAX_MESSAGE + 3);
        assert!(error.to_string().starts_with("Test: failed: ü"));
    }
}
