//! The handle of one account.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};
use onboard_core::{AccessKeyId, Arn, Caller, Partition, Secret};
use tokio::sync::OnceCell;

use crate::base::{Base, BaseKey, retries};
use crate::call::{AttemptJudge, apart};
use crate::clock::Clock;
use crate::endpoint;
use crate::error::{AwsError, AwsErrorKind, Certainty, GETTING_CREDENTIALS, classify};
use crate::http::SharedHttp;
use crate::known_secrets::KnownSecrets;
use crate::profile::ProfileSeen;
use crate::rate::{Rate, Told};
use crate::removal::Births;
use crate::settings::{AssumeTarget, AwsSettings};
use crate::wait::Pace;
use crate::witness::Witness;

/// The longest a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One account, reached with one set of credentials. Cloning is cheap: clones share clients and credentials.
#[derive(Clone)]
pub struct Aws {
    inner: Arc<Inner>,
    witness: Option<Arc<dyn Witness>>,
}

struct Inner {
    settings: AwsSettings,
    http: SharedHttp,
    config: SdkConfig,
    clients: Clients,
    endpoints: Vec<(&'static str, String)>,
    profile: ProfileSeen,
    births: Births,
    secrets: Arc<KnownSecrets>,
    /// Who is calling, where that cannot change as long as the handle lives: the sessions of one role.
    session: Option<OnceCell<Caller>>,
}

/// Made when they are first asked for: a fleet makes thousands of handles, and each needs two of them at most times.
#[derive(Default)]
struct Clients {
    iam: OnceLock<aws_sdk_iam::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    organizations: OnceLock<aws_sdk_organizations::Client>,
}

impl Inner {
    fn new(
        settings: &AwsSettings,
        http: &SharedHttp,
        config: SdkConfig,
        endpoints: Vec<(&'static str, String)>,
        profile: ProfileSeen,
        secrets: Arc<KnownSecrets>,
    ) -> Self {
        Self {
            clients: Clients::default(),
            settings: settings.clone(),
            http: http.clone(),
            config,
            endpoints,
            profile,
            births: Births::default(),
            secrets,
            session: None,
        }
    }
}

impl Aws {
    /// Makes the handle of an account. No call is made, but for a role given by name, whose partition is learnt from
    /// the caller's ARN (once for each profile, not for each account).
    ///
    /// # Errors
    /// [`AwsErrorKind::Settings`], [`AwsErrorKind::ForeignEndpoint`], and what that one call may meet.
    pub async fn connect(settings: &AwsSettings, http: &SharedHttp) -> Result<Self, AwsError> {
        let cell = match &settings.given {
            Some(given) => Arc::new(OnceCell::from(Base::given(given, settings, http)?)),
            None => http.base(&BaseKey::of(settings)),
        };
        let base = cell.get_or_try_init(|| Base::load(settings, http)).await?;
        let endpoints = base.endpoints();
        let foreign = endpoints.iter().map(|(_, url)| url).find(|url| {
            let allowed = settings.allowed_endpoint.as_ref().is_some_and(|allowed| endpoint::same(allowed, url));
            !endpoint::is_aws(url) && !endpoint::is_loopback(url) && !allowed
        });
        if let Some(url) = foreign {
            return Err(AwsError::new(AwsErrorKind::ForeignEndpoint, "Configure", url));
        }
        let config = tuned(&base.config, settings);
        let make = |config, profile| Inner::new(settings, http, config, endpoints.clone(), profile, Arc::default());
        let caller = Self::of(make(config.clone(), base.profile.clone()));
        let role = match &settings.assume_role {
            None => return Ok(caller),
            Some(AssumeTarget::ByArn(arn)) => arn.clone(),
            Some(AssumeTarget::ByName(name)) => {
                let partition = base.partition.get_or_try_init(|| async {
                    Ok::<Partition, AwsError>(caller.caller().await?.partition().clone())
                });
                role_by_name(partition.await?, settings, name)?
            }
        };
        let own = aws_sdk_sts::config::Builder::new()
            .retry_config(retries(settings))
            .timeout_config(timeouts(settings))
            .retry_partition(budget("sts"));
        let (entrance, session_name) = (base.entrance().clone(), settings.session_name.clone());
        let assumed = AssumedRole { entrance, own, caller, role, session_name };
        let config = config
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(assumed))
            // Its own cache: the session is forgotten with the handle, and the wait for it is the call's, not 5 s.
            .identity_cache(IdentityCache::lazy().load_timeout(settings.operation_timeout).build())
            .build();
        Ok(Self::of(Inner { session: Some(OnceCell::new()), ..make(config, ProfileSeen::default()) }))
    }

    /// The same region, endpoints and connections with a static access key: the proof of a new key.
    #[must_use]
    pub fn with_static_key(&self, id: &AccessKeyId, secret: &Secret) -> Self {
        let credentials = Credentials::new(id.as_str(), secret.expose(), None, None, "aws-bootstrap");
        let inner = &self.inner;
        let config = inner
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            // No cache: the secret is dropped with the handle.
            .identity_cache(IdentityCache::no_cache())
            .build();
        let secrets = Arc::clone(&inner.secrets);
        secrets.add(secret);
        let (endpoints, profile) = (inner.endpoints.clone(), ProfileSeen::default());
        Self::of(Inner::new(&inner.settings, &inner.http, config, endpoints, profile, secrets))
    }

    fn of(inner: Inner) -> Self {
        Self { inner: Arc::new(inner), witness: None }
    }

    /// The same handle, whose effects are told to a witness before they are sent and after their answer. Reads are not,
    /// nor is the assuming of roles.
    #[must_use]
    pub fn witnessed(&self, witness: Arc<dyn Witness>) -> Self {
        Self { inner: Arc::clone(&self.inner), witness: Some(witness) }
    }

    /// The endpoint in force that is not AWS's own, if there is one: an emulator's, a proxy's, a mistake. Where the
    /// services differ, one that is not loopback is named first.
    #[must_use]
    pub fn endpoint(&self) -> Option<String> {
        let mut urls: Vec<&String> = self.inner.endpoints.iter().map(|(_, url)| url).collect();
        urls.retain(|url| !endpoint::is_aws(url));
        urls.sort_by_key(|url| endpoint::is_loopback(url));
        urls.first().map(|url| (*url).clone())
    }

    /// The region in force.
    #[must_use]
    pub fn region(&self) -> Option<String> {
        self.inner.config.region().map(ToString::to_string)
    }

    /// AWS's time: the local clock, corrected by the `Date` of AWS's answers.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// How far AWS's clock is ahead of the local one; `None` before the first answer.
    #[must_use]
    pub fn skew(&self) -> Option<SignedDuration> {
        self.clock().skew()
    }

    /// Whether the profile in force names a multi-factor device, for which the SDK does not ask.
    #[must_use]
    pub fn needs_mfa(&self) -> bool {
        self.inner.profile.needs_mfa
    }

    pub(crate) fn witness(&self) -> Option<&Arc<dyn Witness>> {
        self.witness.as_ref()
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.inner.http.clock()
    }

    pub(crate) fn births(&self) -> &Births {
        &self.inner.births
    }

    pub(crate) fn secrets(&self) -> &Arc<KnownSecrets> {
        &self.inner.secrets
    }

    pub(crate) fn session(&self) -> Option<&OnceCell<Caller>> {
        self.inner.session.as_ref()
    }

    pub(crate) fn attempt_timeout(&self) -> Duration {
        self.inner.settings.attempt_timeout
    }

    pub(crate) fn patience(&self) -> Pace {
        self.inner.settings.patience
    }

    pub(crate) fn max_attempts(&self) -> u32 {
        self.inner.settings.max_attempts.max(1)
    }

    pub(crate) fn backoff(&self) -> Duration {
        self.inner.settings.backoff
    }

    pub(crate) fn session_name(&self) -> &str {
        &self.inner.settings.session_name
    }

    pub(crate) fn iam(&self) -> &aws_sdk_iam::Client {
        self.inner.clients.iam.get_or_init(|| {
            let config = aws_sdk_iam::config::Builder::from(&self.inner.config).interceptor(AttemptJudge);
            aws_sdk_iam::Client::from_conf(config.retry_partition(budget("iam")).build())
        })
    }

    pub(crate) fn sts(&self) -> &aws_sdk_sts::Client {
        self.inner.clients.sts.get_or_init(|| {
            let config = aws_sdk_sts::config::Builder::from(&self.inner.config).interceptor(AttemptJudge);
            aws_sdk_sts::Client::from_conf(config.retry_partition(budget("sts")).build())
        })
    }

    pub(crate) fn organizations(&self) -> &aws_sdk_organizations::Client {
        self.inner.clients.organizations.get_or_init(|| {
            let config = aws_sdk_organizations::config::Builder::from(&self.inner.config).interceptor(AttemptJudge);
            aws_sdk_organizations::Client::from_conf(config.retry_partition(budget("organizations")).build())
        })
    }

    /// How often Organizations is asked, by whomever.
    pub(crate) fn organizations_rate(&self) -> &Arc<Rate> {
        self.inner.http.organizations()
    }

    /// How often Organizations is asked for tags, by whomever.
    pub(crate) fn organization_tags_rate(&self) -> &Arc<Rate> {
        self.inner.http.organization_tags()
    }

    /// Names the profile as the reason where credentials are refused and it asks for a multi-factor device, or where
    /// there are none and it is not there.
    pub(crate) fn explain(&self, mut error: AwsError) -> AwsError {
        let profile = &self.inner.profile;
        if let Some(missing) = &profile.missing
            && error.is(AwsErrorKind::NoCredentials)
        {
            return AwsError {
                certainty: error.certainty,
                ..AwsError::new(AwsErrorKind::NoProfile, error.operation, missing)
            };
        }
        if profile.needs_mfa
            && error.operation == GETTING_CREDENTIALS
            && matches!(error.kind, AwsErrorKind::NoCredentials | AwsErrorKind::Denied)
        {
            error.kind = AwsErrorKind::MfaNeeded;
        }
        error
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws")
            .field("region", &self.region())
            .field("endpoint", &self.endpoint())
            .field("assume_role", &self.inner.settings.assume_role)
            .finish_non_exhaustive()
    }
}

/// A retry budget of the handle's own: the SDK's default is one for the whole process, and one throttled account would use
/// up that of all others.
fn budget(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service).build()
}

fn tuned(base: &SdkConfig, settings: &AwsSettings) -> SdkConfig {
    base.to_builder().retry_config(retries(settings)).timeout_config(timeouts(settings)).build()
}

fn timeouts(settings: &AwsSettings) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(settings.attempt_timeout))
        .operation_attempt_timeout(settings.attempt_timeout)
        .operation_timeout(settings.operation_timeout)
        .build()
}

/// For creations: one attempt, never repeated by the SDK.
pub(crate) fn once() -> aws_sdk_iam::config::Builder {
    aws_sdk_iam::config::Builder::new().retry_config(RetryConfig::disabled())
}

fn role_by_name(partition: &Partition, settings: &AwsSettings, name: &str) -> Result<Arn, AwsError> {
    let wrong = |text: String| AwsError::new(AwsErrorKind::Settings, "AssumeRole", text);
    let account = settings
        .account
        .as_ref()
        .ok_or_else(|| wrong("a role to assume by its name needs the account it stands in".to_owned()))?;
    Arn::new(format!("arn:{partition}:iam::{account}:role/{}", name.trim_start_matches('/')))
        .map_err(|e| wrong(e.to_string()))
}

/// Credentials of a role, assumed with the base credentials when first needed and again before they expire.
struct AssumedRole {
    entrance: aws_sdk_sts::Client,
    /// What is this account's own of the client that all share.
    own: aws_sdk_sts::config::Builder,
    caller: Aws,
    role: Arn,
    session_name: String,
}

impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumedRole").field("role", &self.role).finish_non_exhaustive()
    }
}

impl AssumedRole {
    async fn credentials(&self) -> Result<Credentials, AwsError> {
        const OPERATION: &str = GETTING_CREDENTIALS;
        let request = self.entrance.assume_role().role_arn(self.role.as_str()).role_session_name(&self.session_name);
        let rate = self.caller.inner.http.assuming();
        rate.turn().await;
        let request = request.customize().config_override(self.own.clone()).interceptor(Told(Arc::clone(rate)));
        let answer = apart(request.send())
            .await
            .map_err(|e| self.caller.explain(classify(OPERATION, &e, Certainty::NotDone)))?;
        let credentials =
            answer.credentials.ok_or_else(|| AwsError::incomplete(OPERATION, "the answer has no credentials"))?;
        let expiry = std::time::SystemTime::try_from(credentials.expiration).ok();
        let (id, secret, token) = (credentials.access_key_id, credentials.secret_access_key, credentials.session_token);
        Ok(Credentials::new(id, secret, Some(token), expiry, "aws-bootstrap"))
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.credentials().await.map_err(CredentialsError::provider_error) })
    }
}
