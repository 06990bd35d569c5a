//! One HTTP client for all accounts' clients: connections, TLS sessions and AWS's time are shared.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, proxy::ProxyConfig};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::OnceCell;

use crate::base::{Base, BaseKey};
use crate::body::bounded;
use crate::clock::{Clock, http_date, local_now};
use crate::rate::Rate;

/// How many credential sources are remembered at once; the SDK's own 64 make a bulk run fetch credentials over and over.
const MAX_IDENTITIES: usize = 4096;
/// STS's requests a second for an account and region, by its published quota.
const ASSUMING: f64 = 600.0;
/// Organizations' `ListAccounts` for an account: 8 a second, 12 at once, by its published quotas.
const LISTING: f64 = 8.0;
const LISTING_BURST: f64 = 11.0;
/// Its `ListTagsForResource`: 10 a second, 15 at once.
const TAGS: f64 = 10.0;
const TAGS_BURST: f64 = 14.0;
/// The longest a credential source may take: a process that asks its user, a sign-on service that is slow.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(60);

/// What all accounts' handles share: the HTTP client, AWS's time, the credential sources of the profiles in use.
#[derive(Clone)]
pub struct SharedHttp {
    inner: Arc<Inner>,
}

struct Inner {
    client: SharedHttpClient,
    clock: Arc<Clock>,
    identities: SharedIdentityCache,
    bases: Mutex<HashMap<BaseKey, Arc<OnceCell<Base>>>>,
    assuming: Arc<Rate>,
    organizations: Arc<Rate>,
    organization_tags: Arc<Rate>,
}

impl SharedHttp {
    /// A new client: rustls with the operating system's certificate store (`SSL_CERT_FILE` is honoured), and the proxy
    /// that the environment names (`HTTPS_PROXY`, `NO_PROXY`, ...). No connection is made yet.
    #[must_use]
    pub fn new() -> Self {
        Self::through(ProxyConfig::from_env())
    }

    /// The same without a proxy, whatever the environment says: for a server on this machine.
    #[must_use]
    pub fn direct() -> Self {
        Self::through(ProxyConfig::disabled())
    }

    fn through(proxy: ProxyConfig) -> Self {
        let clock = Clock::new();
        let client = SharedHttpClient::new(Dated { connectors: RwLock::default(), proxy, clock: clock.clone() });
        let identities = IdentityCache::lazy().max_partitions(MAX_IDENTITIES).load_timeout(CREDENTIALS_TIMEOUT).build();
        let assuming = Arc::new(Rate::new(ASSUMING, ASSUMING / 10.0));
        let organizations = Arc::new(Rate::new(LISTING, LISTING_BURST));
        let organization_tags = Arc::new(Rate::new(TAGS, TAGS_BURST));
        let bases = Mutex::default();
        let inner = Inner { client, clock, identities, bases, assuming, organizations, organization_tags };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn client(&self) -> SharedHttpClient {
        self.inner.client.clone()
    }

    /// How often roles are assumed, by all accounts together.
    pub(crate) fn assuming(&self) -> &Arc<Rate> {
        &self.inner.assuming
    }

    /// How often Organizations is asked.
    pub(crate) fn organizations(&self) -> &Arc<Rate> {
        &self.inner.organizations
    }

    /// How often Organizations is asked for tags.
    pub(crate) fn organization_tags(&self) -> &Arc<Rate> {
        &self.inner.organization_tags
    }

    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.inner.clock
    }

    pub(crate) fn identities(&self) -> SharedIdentityCache {
        self.inner.identities.clone()
    }

    /// The cell in which a profile's configuration is loaded once, however many accounts use it.
    pub(crate) fn base(&self, key: &BaseKey) -> Arc<OnceCell<Base>> {
        let mut bases = self.inner.bases.lock().unwrap_or_else(PoisonError::into_inner);
        bases.entry(key.clone()).or_default().clone()
    }
}

impl Default for SharedHttp {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SharedHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedHttp").field("skew", &self.inner.clock.skew()).finish_non_exhaustive()
    }
}

/// The time-outs that make a connector another one: those of connecting and of reading.
type Timeouts = (Option<Duration>, Option<Duration>);

/// An HTTP client that reads the `Date` of every signed call's answer, and no more of an answer than is sensible.
#[derive(Debug)]
struct Dated {
    connectors: RwLock<HashMap<Timeouts, SharedHttpConnector>>,
    proxy: ProxyConfig,
    clock: Arc<Clock>,
}

impl HttpClient for Dated {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let key = (settings.connect_timeout(), settings.read_timeout());
        if let Some(connector) = self.connectors.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return connector.clone();
        }
        let mut connectors = self.connectors.write().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let inner = connector(settings, components.sleep_impl(), self.proxy.clone());
            SharedHttpConnector::new(DatedConnector {
                inner: SharedHttpConnector::new(inner),
                clock: self.clock.clone(),
            })
        };
        connectors.entry(key).or_insert_with(make).clone()
    }
}

fn connector(settings: &HttpConnectorSettings, sleep: Option<SharedAsyncSleep>, proxy: ProxyConfig) -> Connector {
    let mut builder = Connector::builder().connector_settings(settings.clone()).proxy_config(proxy);
    builder.set_sleep_impl(sleep);
    builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()
}

#[derive(Debug)]
struct DatedConnector {
    inner: SharedHttpConnector,
    clock: Arc<Clock>,
}

impl HttpConnector for DatedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // Only AWS's signed calls: a sign-on page or a metadata service is no authority on AWS's time.
        let signed = request.headers().get("authorization").is_some_and(|a| a.starts_with("AWS4-"));
        let call = self.inner.call(request);
        let clock = signed.then(|| self.clock.clone());
        HttpConnectorFuture::new(async move {
            let sent = local_now();
            let response = call.await?;
            if let Some(clock) = clock
                && let Some(date) = date_of(&response)
            {
                clock.observe(date, sent, local_now());
            }
            bounded(response).await
        })
    }
}

/// The answer's own time, unless a cache kept it or a proxy may have written it.
fn date_of(response: &HttpResponse) -> Option<jiff::Timestamp> {
    let headers = response.headers();
    let from_aws = headers.get("x-amzn-requestid").is_some() || headers.get("x-amz-request-id").is_some();
    if headers.get("age").is_some() || (response.status().as_u16() >= 500 && !from_aws) {
        return None;
    }
    http_date(headers.get("date")?)
}
