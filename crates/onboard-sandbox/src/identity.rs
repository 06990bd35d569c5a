use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::policy_document::Document;
use crate::wire::ApiError;

/// An access key with its secret, and its token if it is temporary. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…` or, with a session token, `ASIA…`.
    pub access_key_id: String,
    /// The secret; it holds `/` and `+`.
    pub secret_access_key: String,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Temporary credentials and whom they act for.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whom the credentials act for.
    pub identity: Identity,
    /// The credentials; they work on the AWS port too.
    pub credentials: Credentials,
    /// When they end.
    pub expires: Timestamp,
}

/// Why the simulated AWS said no: its error code and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The error code, such as `AccessDenied` or `InvalidClientTokenId`.
    pub code: String,
    /// The message, as a client would read it.
    pub message: String,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Denied {}

impl From<ApiError> for Denied {
    fn from(error: ApiError) -> Self {
        Self { code: error.code, message: error.message }
    }
}

/// A caller that has proved who it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account the caller acts in.
    pub account: String,
    /// The ARN that GetCallerIdentity answers.
    pub arn: String,
    /// The unique id that GetCallerIdentity answers.
    pub user_id: String,
    /// The access key of the credentials.
    pub access_key_id: String,
    pub(crate) principal: Principal,
    pub(crate) session_policies: Vec<Arc<Document>>,
    pub(crate) mfa: bool,
    /// The credentials are temporary.
    pub(crate) temporary: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    Root,
    /// Names are kept as they are spelled; `arn` has the path.
    User {
        name: String,
        arn: String,
        unique_id: String,
    },
    Role {
        name: String,
        arn: String,
        unique_id: String,
    },
}

impl Identity {
    /// `aws:PrincipalArn`: the user or role itself, not its session.
    pub(crate) fn principal_arn(&self) -> &str {
        match &self.principal {
            Principal::Root => &self.arn,
            Principal::User { arn, .. } | Principal::Role { arn, .. } => arn,
        }
    }

    pub(crate) fn principal_unique_id(&self) -> &str {
        match &self.principal {
            Principal::Root => &self.account,
            Principal::User { unique_id, .. } | Principal::Role { unique_id, .. } => unique_id,
        }
    }
}
