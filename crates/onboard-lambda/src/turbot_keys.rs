//! Turbot's keys from AWS Secrets Manager. They are read for every run: after a rotation no function has to be begun
//! anew, and none holds them while nothing is to be done.

use aws_config::BehaviorVersion;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use onboard_core::{ErrorKind, ErrorReport, Secret, shown};

/// The variable that names the secret, by its ARN or name.
const VARIABLE: &str = "TURBOT_KEYS_SECRET";

/// Where the keys are.
pub(crate) struct TurbotKeys {
    secret: Option<(String, Client)>,
}

impl TurbotKeys {
    /// As the environment says; without the variable they are where the command would look for them.
    pub(crate) async fn from_environment() -> Self {
        let Some(id) = std::env::var(VARIABLE).ok().filter(|id| !id.is_empty()) else {
            return Self { secret: None };
        };
        let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
        Self { secret: Some((id, Client::new(&config))) }
    }

    /// The secret's text, where there is a secret.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) async fn read(&self) -> Result<Option<Secret>, ErrorReport> {
        let Some((id, client)) = &self.secret else {
            return Ok(None);
        };
        let failed = |cause: String| {
            ErrorReport::new(ErrorKind::Aws, format!("Turbot's keys cannot be read from the secret {}", shown(id)))
                .because(cause)
                .hint(format!("{VARIABLE} names a secret in this account and region; the function's role needs secretsmanager:GetSecretValue on it, and kms:Decrypt where it has a key of its own"))
        };
        let answer = client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| failed(DisplayErrorContext(error).to_string()))?;
        match answer.secret_string {
            Some(text) => Ok(Some(Secret::new(text))),
            None => Err(failed("it holds bytes and no text".to_owned())),
        }
    }
}
