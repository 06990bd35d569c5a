//! Everything a client is made from, and the two HTTP clients made from it.

use std::time::Duration;

use onboard_core::MaintenanceSpelling;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, ClientBuilder, redirect, retry};

use crate::loopback::LoopbackOnly;
use crate::{TurbotKey, TurbotUrl};

/// What a [`Turbot`](crate::Turbot) is made from.
#[derive(Debug)]
pub struct TurbotSettings {
    /// Where Turbot is.
    pub url: TurbotUrl,
    /// Turbot's own API key.
    pub key: TurbotKey,
    /// Certificates in PEM that are trusted instead of the system's: Enterprise installations often have their own.
    pub ca_bundle: Option<Vec<u8>>,
    /// How long one look may take, its connection included.
    pub look_timeout: Duration,
    /// How long the import call may take; Turbot says 'upwards of 5 minutes'.
    pub import_timeout: Duration,
    /// How long a connection may take, name and TLS included. It is held below three quarters of the call's own time,
    /// so that a connection that was never made can be told from an answer that never came.
    pub connect_timeout: Duration,
    /// How the levels of the maintenance window are spelled.
    pub spelling: MaintenanceSpelling,
    /// The `User-Agent` header.
    pub user_agent: String,
}

/// Settings that no client can be made from.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The CA bundle holds no certificate.
    #[error("the CA bundle holds no certificate in PEM form ('-----BEGIN CERTIFICATE-----')")]
    EmptyBundle,
    /// The CA bundle cannot be read.
    #[error("the CA bundle cannot be read")]
    Bundle(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The `User-Agent` holds characters that no header may.
    #[error("the user agent holds characters that an HTTP header may not")]
    UserAgent,
    /// A time of zero.
    #[error("the {0} is zero")]
    ZeroTimeout(&'static str),
    /// The HTTP client cannot be made: no trusted certificates on this system, say.
    #[error("the HTTPS client cannot be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The HTTP clients: one that keeps connections, for looks, and one that never reuses any, for effects.
pub(crate) struct Clients {
    pub(crate) looks: Client,
    /// Every call has a connection of its own. So an error before the request was written is a failed connection,
    /// which proves that nothing was sent; with a kept connection that died meanwhile it could not be proved.
    pub(crate) effects: Client,
}

impl Clients {
    pub(crate) fn new(settings: &TurbotSettings) -> Result<Self, SettingsError> {
        for (name, time) in [
            ("look timeout", settings.look_timeout),
            ("import timeout", settings.import_timeout),
            ("connect timeout", settings.connect_timeout),
        ] {
            if time.is_zero() {
                return Err(SettingsError::ZeroTimeout(name));
            }
        }
        let agent = HeaderValue::from_str(&settings.user_agent).map_err(|_| SettingsError::UserAgent)?;
        let roots = settings.ca_bundle.as_deref().map(certificates).transpose()?;
        let client = |timeout: Duration| {
            let builder = base(settings.url.is_https())
                .user_agent(agent.clone())
                .connect_timeout(settings.connect_timeout.min(timeout * 3 / 4))
                .timeout(timeout);
            match roots.clone() {
                Some(roots) => builder.tls_certs_only(roots),
                None => builder,
            }
        };
        let built = |builder: ClientBuilder| {
            // A bundle whose certificates cannot be trusted anchors is found out here.
            builder.build().map_err(|e| match &settings.ca_bundle {
                Some(_) => SettingsError::Bundle(e.into()),
                None => SettingsError::Client(e.into()),
            })
        };
        Ok(Self {
            // Load balancers close idle connections, AWS's after 60 s: a look must not meet one that is just closing.
            looks: built(client(settings.look_timeout).pool_idle_timeout(Duration::from_secs(30)))?,
            effects: built(client(settings.import_timeout).pool_max_idle_per_host(0))?,
        })
    }
}

/// What holds for every request: TLS unless it is this machine, no redirect, no repetition by the HTTP client, and
/// signs of life on idle connections, which NATs and load balancers otherwise drop after some 350 s of silence.
fn base(https: bool) -> ClientBuilder {
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .tcp_keepalive(Duration::from_secs(30))
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(20))
        .http2_keep_alive_while_idle(true)
        .tls_backend_rustls();
    if https {
        // Proxies as the environment names them, NO_PROXY honoured.
        builder.https_only(true)
    } else {
        builder.no_proxy().dns_resolver(LoopbackOnly)
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, SettingsError> {
    let certificates = Certificate::from_pem_bundle(pem).map_err(|e| SettingsError::Bundle(e.into()))?;
    if certificates.is_empty() { Err(SettingsError::EmptyBundle) } else { Ok(certificates) }
}
