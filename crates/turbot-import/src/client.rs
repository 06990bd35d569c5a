//! The client itself: one Turbot installation, seen with one key.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use onboard_core::{LookFailure, LookFault, MaintenanceSpelling, Skew};
use reqwest::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};

use crate::exchange::{Answer, Ending, OF_A_LOOK, exchange};
use crate::redact::Redactor;
use crate::said::Said;
use crate::settings::Clients;
use crate::trouble::Trouble;
use crate::{SettingsError, TurbotKey, TurbotSettings, TurbotUrl};

/// A Turbot installation, reached with one API key. Cloning it is cheap; clones share their connections.
#[derive(Clone)]
pub struct Turbot {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) url: TurbotUrl,
    pub(crate) key: TurbotKey,
    pub(crate) spelling: MaintenanceSpelling,
    pub(crate) effects: Client,
    looks: Client,
    /// `Authorization`, marked as sensitive: the HTTP client prints it as such and keeps it out of HTTP/2's table.
    authorization: HeaderValue,
    redactor: Redactor,
    version: Mutex<Option<String>>,
    clock: Skew,
}

impl Turbot {
    /// Makes the client. Nothing is connected to yet.
    ///
    /// # Errors
    /// An unusable CA bundle or user agent, a time of zero, or no trusted certificates on this system.
    pub fn new(settings: TurbotSettings) -> Result<Self, SettingsError> {
        let Clients { looks, effects } = Clients::new(&settings)?;
        let TurbotSettings { url, key, spelling, .. } = settings;
        let authorization = authorization(&looks, &url, &key)?;
        let redactor = redactor_of(&key, &authorization);
        let version = Mutex::new(None);
        let clock = Skew::default();
        let inner = Inner { url, key, spelling, effects, looks, authorization, redactor, version, clock };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &TurbotUrl {
        &self.inner.url
    }

    /// The `X-Turbot-Version` of the latest answer that had one.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.inner.version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Turbot's time: the local clock, corrected by the `Date` of its answers; the local one where it sends none.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.corrected(Timestamp::now())
    }
}

impl fmt::Debug for Turbot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turbot").field("url", &self.inner.url).finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The secrets of this client, and one more.
    pub(crate) fn redactor_with(&self, secret: &str) -> Redactor {
        let mut redactor = redactor_of(&self.key, &self.authorization);
        redactor.hide(secret);
        redactor
    }

    /// A request with the key and the headers Turbot's own clients send.
    pub(crate) fn request(&self, client: &Client, method: Method, url: &str) -> RequestBuilder {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        client.request(method, url).headers(headers)
    }

    /// The same with a JSON body.
    pub(crate) fn effect(&self, method: Method, url: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.request(&self.effects, method, url).header(CONTENT_TYPE, "application/json").body(body)
    }

    /// Sends a request once and remembers the version in its answer.
    pub(crate) async fn send(&self, what: &str, request: RequestBuilder, bound: usize) -> Result<Answer, Trouble> {
        let outcome = exchange(request, bound, &self.clock).await;
        match &outcome {
            Ok(answer) => {
                tracing::debug!(call = what, status = answer.status, bytes = answer.body.len(), "turbot answered");
                if let Some(version) = &answer.version {
                    *self.version.lock().unwrap_or_else(PoisonError::into_inner) = Some(version.clone());
                }
            }
            Err(trouble) => tracing::debug!(call = what, trouble = %trouble.story, "turbot did not answer"),
        }
        outcome
    }

    /// A GET whose answer is wanted whole; `what` names it in failures.
    pub(crate) async fn get(&self, what: &str, url: &str, bound: usize) -> Result<Answer, LookFailure> {
        let request = self.request(&self.looks, Method::GET, url);
        let answer = self.send(what, request, bound).await.map_err(|trouble| LookFailure {
            fault: trouble.fault,
            message: format!("{what} at {}: {}", self.url, trouble.story),
        })?;
        match &answer.ending {
            Ending::CutOff(why) => Err(self.failure(LookFault::Unreachable, what, &format!("a cut-off answer: {why}"))),
            Ending::TooLong if answer.is_success() => {
                Err(self.failure(LookFault::Malformed, what, &format!("more than {bound} bytes")))
            }
            Ending::Whole | Ending::TooLong => Ok(answer),
        }
    }

    /// A GET without the key.
    pub(crate) async fn get_openly(&self, what: &str, url: &str) -> Result<Answer, Trouble> {
        self.send(what, self.looks.get(url).header(ACCEPT, "application/json"), OF_A_LOOK).await
    }

    /// A failure of a look, in the form all of them have.
    pub(crate) fn failure(&self, fault: LookFault, what: &str, story: &str) -> LookFailure {
        LookFailure { fault, message: format!("{what} at {}: {story}", self.url) }
    }

    /// The failure that an answer other than 2xx is.
    pub(crate) fn refused_look(&self, what: &str, answer: &Answer) -> LookFailure {
        let said = Said::read(&answer.body, &self.redactor).sentence();
        let status = answer.status;
        let (fault, meaning) = match status {
            300..=399 => {
                let to = answer.location.as_deref().unwrap_or("an unnamed place");
                let to = self.redactor.clean(&onboard_core::escaped(to));
                let story = format!("{status}, a redirect to {to}, which is not followed: give the final URL");
                return self.failure(LookFault::Redirect, what, &story);
            }
            401 => (LookFault::Unauthorized, "the Turbot key is unknown, wrong or expired"),
            403 => (LookFault::Forbidden, "the Turbot key lacks the right, or its grant is not active"),
            404 => (LookFault::NotFound, "not found; is this a Turbot v3 API?"),
            408 | 425 | 429 | 500.. => (LookFault::Unavailable, "not available"),
            _ => (LookFault::Refused, "refused"),
        };
        self.failure(fault, what, &format!("{status}, {meaning}: {said}"))
    }
}

/// The Basic header, made by the HTTP client itself: it encodes straight into the header's own buffer.
fn authorization(client: &Client, url: &TurbotUrl, key: &TurbotKey) -> Result<HeaderValue, SettingsError> {
    let request = client.get(url.health()).basic_auth(key.access(), Some(key.secret().expose())).build();
    let request = request.map_err(|e| SettingsError::Client(e.into()))?;
    let header = request.headers().get(AUTHORIZATION).cloned();
    header.ok_or_else(|| SettingsError::Client("no authorization header".into()))
}

fn redactor_of(key: &TurbotKey, authorization: &HeaderValue) -> Redactor {
    let mut redactor = Redactor::default();
    redactor.hide(key.secret().expose());
    if let Some(encoded) = authorization.to_str().ok().and_then(|h| h.strip_prefix("Basic ")) {
        redactor.hide(encoded);
    }
    redactor
}
