//! How to reach one account.

use std::sync::Arc;
use std::time::Duration;

use onboard_core::{AccessKeyId, Arn, AwsAccountId, Secret};

use crate::wait::Pace;

/// How to reach one account, and how long to try. What is not given here follows the SDK's own chain: environment,
/// shared configuration files, single sign-on, web identity, container and instance roles.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// Credentials and an endpoint given outright: then nothing is read of the environment, profiles or files.
    pub given: Option<Given>,
    /// The profile; `None` follows `AWS_PROFILE`.
    pub profile: Option<String>,
    /// The region; `None` follows the environment and the profile, and else is us-east-1.
    pub region: Option<String>,
    /// A role to assume with the credentials found.
    pub assume_role: Option<AssumeTarget>,
    /// The account that the role to assume stands in: needed where it is given by name.
    pub account: Option<AwsAccountId>,
    /// The name of assumed sessions, 2 to 64 of `[A-Za-z0-9_+=,.@-]`; CloudTrail shows it.
    pub session_name: String,
    /// An endpoint that is neither AWS's nor loopback, and is nevertheless meant.
    pub allowed_endpoint: Option<String>,
    /// What the user agent says beside the SDK's own words; at most 50 characters.
    pub app_name: String,
    /// The longest a call may take with its repetitions.
    pub operation_timeout: Duration,
    /// The longest one attempt of a call may take.
    pub attempt_timeout: Duration,
    /// How often a call is tried in all, where repeating it is safe.
    pub max_attempts: u32,
    /// The first pause between two attempts; it doubles, with jitter, up to twenty times its length.
    pub backoff: Duration,
    /// How long an effect is repeated that meets 'not known yet': an invalid principal, a principal that was just made.
    pub patience: Pace,
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            given: None,
            profile: None,
            region: None,
            assume_role: None,
            account: None,
            session_name: "turbot-onboard".to_owned(),
            allowed_endpoint: None,
            app_name: "turbot-onboard".to_owned(),
            operation_timeout: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(15),
            max_attempts: 8,
            backoff: Duration::from_millis(500),
            patience: Pace { interval: Duration::from_secs(1), streak: 1, limit: Duration::from_secs(15) },
        }
    }
}

/// A role to assume before anything is done in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssumeTarget {
    /// By its whole ARN.
    ByArn(Arn),
    /// By its name (path included, if it has one) in the settings' account and the caller's partition.
    ByName(String),
}

/// Credentials that need no looking for. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Given {
    /// The access key's id.
    pub access_key_id: AccessKeyId,
    /// Its secret.
    pub secret: Arc<Secret>,
    /// The session token of temporary credentials.
    pub session_token: Option<Arc<Secret>>,
    /// The endpoint of all services; `None` is AWS's own.
    pub endpoint: Option<String>,
}
