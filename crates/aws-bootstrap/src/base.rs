//! A profile's configuration, loaded once however many accounts use it.

use std::sync::OnceLock;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_types::retry::RetryConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;
use onboard_core::Partition;
use tokio::sync::OnceCell;

use crate::call::AttemptJudge;
use crate::clock::CorrectedTime;
use crate::error::{AwsError, AwsErrorKind, GETTING_CREDENTIALS};
use crate::http::SharedHttp;
use crate::profile::ProfileSeen;
use crate::settings::{AwsSettings, Given};

/// The region where none is configured: that of IAM's control plane in the commercial partition, whose STS endpoint no
/// account can switch off.
const DEFAULT_REGION: &str = "us-east-1";

/// What makes two settings share one configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BaseKey {
    profile: Option<String>,
    region: Option<String>,
    app_name: String,
}

impl BaseKey {
    pub(crate) fn of(settings: &AwsSettings) -> Self {
        Self { profile: settings.profile.clone(), region: settings.region.clone(), app_name: settings.app_name.clone() }
    }
}

/// A loaded configuration, with its credential source.
pub(crate) struct Base {
    pub(crate) config: SdkConfig,
    /// The profile in force.
    pub(crate) profile: ProfileSeen,
    /// The partition of the base caller, once it had to be learnt.
    pub(crate) partition: OnceCell<Partition>,
    /// By which all accounts' roles are assumed. Its set-up costs more than a call does.
    entrance: OnceLock<aws_sdk_sts::Client>,
}

impl Base {
    fn new(config: SdkConfig, profile: ProfileSeen) -> Self {
        Self { config, profile, partition: OnceCell::new(), entrance: OnceLock::new() }
    }

    /// The client that assumes roles; what an account's settings say of retries and times goes with each request.
    pub(crate) fn entrance(&self) -> &aws_sdk_sts::Client {
        self.entrance.get_or_init(|| {
            let config = aws_sdk_sts::config::Builder::from(&self.config).interceptor(AttemptJudge);
            aws_sdk_sts::Client::from_conf(config.build())
        })
    }

    pub(crate) async fn load(settings: &AwsSettings, http: &SharedHttp) -> Result<Self, AwsError> {
        let app_name = app_name(settings)?;
        let profile = ProfileSeen::look(settings.profile.as_deref()).await;
        if let (Some(_), Some(missing)) = (&settings.profile, &profile.missing) {
            return Err(AwsError::new(AwsErrorKind::NoProfile, GETTING_CREDENTIALS, missing));
        }
        let loader = |region: Option<String>| {
            let mut loader = aws_config::defaults(BehaviorVersion::latest())
                .http_client(http.client())
                .time_source(CorrectedTime(http.clock().clone()))
                .identity_cache(http.identities())
                // The correction is ours, in the time source: two corrections would add up.
                .disable_clock_skew_correction(true)
                .retry_config(retries(settings))
                .app_name(app_name.clone());
            if let Some(profile) = &settings.profile {
                loader = loader.profile_name(profile);
            }
            match region {
                Some(region) => loader.region(Region::new(region)),
                None => loader,
            }
        };
        let mut config = loader(settings.region.clone()).load().await;
        if config.region().is_none() {
            // Loaded anew rather than patched: the credential sources inside keep the region they were made with.
            config = loader(Some(DEFAULT_REGION.to_owned())).load().await;
        }
        if let Some(profile) = &settings.profile {
            // The SDK's chain asks the environment first, whatever profile is named. A profile that is named by hand
            // wins, as with AWS's command line.
            let sources = ProviderConfig::without_region()
                .with_region(config.region().cloned())
                .with_http_client(http.client())
                .with_time_source(CorrectedTime(http.clock().clone()));
            let named = ProfileFileCredentialsProvider::builder().configure(&sources).profile_name(profile).build();
            config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(named)).build();
        }
        Ok(Self::new(config, profile))
    }

    /// The configuration of credentials given outright: nothing is read of the environment.
    pub(crate) fn given(given: &Given, settings: &AwsSettings, http: &SharedHttp) -> Result<Self, AwsError> {
        let token = given.session_token.as_ref().map(|token| token.expose().to_owned());
        let (id, secret) = (given.access_key_id.as_str(), given.secret.expose());
        let credentials = Credentials::new(id, secret, token, None, "aws-bootstrap");
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned())))
            .http_client(http.client())
            .time_source(CorrectedTime(http.clock().clone()))
            .disable_clock_skew_correction(true)
            // No cache: the secret is dropped with the handle.
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .app_name(app_name(settings)?);
        builder.set_sleep_impl(default_async_sleep());
        builder.set_endpoint_url(given.endpoint.clone());
        Ok(Self::new(builder.build(), ProfileSeen::default()))
    }

    /// The endpoint overrides in force, service by service.
    pub(crate) fn endpoints(&self) -> Vec<(&'static str, String)> {
        ["IAM", "STS", "Organizations"]
            .into_iter()
            .filter_map(|service| {
                let key = ServiceConfigKey::builder()
                    .service_id(service)
                    .env("AWS_ENDPOINT_URL")
                    .profile("endpoint_url")
                    .build()
                    .expect("all three parts are given");
                let own = self.config.service_config().and_then(|c| c.load_config(key));
                Some((service, own.or_else(|| self.config.endpoint_url().map(str::to_owned))?))
            })
            .collect()
    }
}

fn app_name(settings: &AwsSettings) -> Result<AppName, AwsError> {
    AppName::new(settings.app_name.clone())
        .map_err(|e| AwsError::new(AwsErrorKind::Settings, "Configure", format!("application name: {e}")))
}

pub(crate) fn retries(settings: &AwsSettings) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(settings.max_attempts.max(1))
        .with_initial_backoff(settings.backoff)
        .with_max_backoff(settings.backoff.saturating_mul(20))
}
