//! Where Turbot is: one origin, checked and normalised once.

use std::fmt;
use std::net::IpAddr;

use onboard_core::shown;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

/// Why a text is no Turbot URL. The text itself is not repeated where it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Nothing was given.
    #[error("the Turbot URL is empty: give a host such as turbot.example.com")]
    Empty,
    /// White space or control characters.
    #[error("the Turbot URL holds white space or control characters")]
    Whitespace,
    /// A scheme other than https (or http to this machine).
    #[error("the Turbot URL has the scheme {}: only https is used", shown(.0))]
    Scheme(String),
    /// A user name or password in the URL.
    #[error(
        "the Turbot URL holds a user name or password: give the Turbot keys on their own, never as part of the URL"
    )]
    Userinfo,
    /// A query.
    #[error("the Turbot URL has a query: give the host alone, such as https://turbot.example.com")]
    Query,
    /// A fragment.
    #[error("the Turbot URL has a fragment: give the host alone, such as https://turbot.example.com")]
    Fragment,
    /// A path that is not one of the API's own.
    #[error("the Turbot URL has the path {}: give the host alone, the API is found under /api/v3 by itself", shown(.0))]
    Path(String),
    /// A port that cannot be connected to.
    #[error("the Turbot URL has the port 0")]
    Port,
    /// Plain http to an address that is not this machine.
    #[error("the Turbot URL is plain http to {}: http is for loopback addresses alone, use https", shown(.0))]
    PlainHttp(String),
    /// It cannot be parsed.
    #[error("the Turbot URL cannot be parsed: {reason}; give a host such as turbot.example.com")]
    Malformed {
        /// What the parser says, without the text.
        reason: String,
    },
}

/// The origin of a Turbot installation: scheme, host and port.
///
/// ```
/// use turbot_import::TurbotUrl;
/// let url = TurbotUrl::parse("Turbot.Example.com/api/v3/").unwrap();
/// assert_eq!(url.to_string(), "https://turbot.example.com");
/// assert!(TurbotUrl::parse("http://192.0.2.1").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TurbotUrl {
    origin: String,
    host: String,
    https: bool,
}

impl TurbotUrl {
    /// Parses `host`, `host:port` or a URL, and normalises it. The API's own paths (`/api/v3`, `/api/v1`,
    /// `/api/latest`) are cut off.
    ///
    /// Plain http is accepted for a loopback address, and for a name: a name is checked when it is connected to,
    /// where every address it resolves to must be loopback.
    ///
    /// # Errors
    /// Anything but an origin: a password, a query, another path, another scheme.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(UrlError::Whitespace);
        }
        // `host:port` looks like a scheme to a URL parser, so only `://` makes one.
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        // Before the parser, so that no error can repeat a password. In front of the path alone: a path may hold '@'.
        let authority = full.split_once("://").map_or("", |(_, rest)| rest);
        let authority = authority.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(UrlError::Userinfo);
        }
        // The parser would take the first segment of the path instead.
        if authority.is_empty() {
            return Err(UrlError::Malformed { reason: "no host".to_owned() });
        }
        let url = Url::parse(&full).map_err(|e| UrlError::Malformed { reason: e.to_string() })?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(UrlError::Scheme(other.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Userinfo);
        }
        if url.query().is_some() {
            return Err(UrlError::Query);
        }
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        if url.port() == Some(0) {
            return Err(UrlError::Port);
        }
        if !matches!(url.path().trim_end_matches('/'), "" | "/api/v3" | "/api/v1" | "/api/latest") {
            return Err(UrlError::Path(url.path().to_owned()));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        if host.is_empty() {
            return Err(UrlError::Malformed { reason: "no host".to_owned() });
        }
        if literal(&host).is_none() && host.trim_end_matches('.').split('.').any(str::is_empty) {
            return Err(UrlError::Malformed { reason: "an empty part in the host's name".to_owned() });
        }
        if !https && literal(&host).is_some_and(|ip| !is_loopback(ip)) {
            return Err(UrlError::PlainHttp(host));
        }
        let origin = match url.port() {
            Some(port) => format!("{}://{host}:{port}", url.scheme()),
            None => format!("{}://{host}", url.scheme()),
        };
        Ok(Self { origin, host, https })
    }

    /// The host alone, lower case; IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is reached over TLS; if not, it is this machine.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// `<origin>/api/v3/` and the given segments, each percent-encoded.
    pub(crate) fn v3(&self, segments: &[&str]) -> String {
        let mut url = format!("{}/api/v3", self.origin);
        for segment in segments {
            url.push('/');
            url.extend(utf8_percent_encode(segment, SEGMENT));
        }
        url
    }

    /// The health check. `latest` is the alias that Turbot's monitoring guide documents.
    pub(crate) fn health(&self) -> String {
        format!("{}/api/latest/turbot/health", self.origin)
    }
}

/// What stays as it is in a path segment: RFC 3986's unreserved characters, and the colons of a URN.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether an address is this machine: 127.0.0.0/8, ::1, or the former mapped into IPv6.
pub(crate) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

impl fmt::Display for TurbotUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl fmt::Debug for TurbotUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.origin)
    }
}

impl std::str::FromStr for TurbotUrl {
    type Err = UrlError;
    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_normalised() {
        for (text, normal, host) in [
            ("turbot.example.com", "https://turbot.example.com", "turbot.example.com"),
            ("TURBOT.Example.com:8443", "https://turbot.example.com:8443", "turbot.example.com"),
            ("https://turbot.example.com/", "https://turbot.example.com", "turbot.example.com"),
            ("https://turbot.example.com:443", "https://turbot.example.com", "turbot.example.com"),
            ("https://turbot.example.com/api/v3/", "https://turbot.example.com", "turbot.example.com"),
            ("https://turbot.example.com/api/v1", "https://turbot.example.com", "turbot.example.com"),
            ("turbot.example.com/api/latest", "https://turbot.example.com", "turbot.example.com"),
            ("http://127.0.0.1:4567", "http://127.0.0.1:4567", "127.0.0.1"),
            ("http://[::1]:4567/", "http://[::1]:4567", "[::1]"),
            ("http://localhost", "http://localhost", "localhost"),
            ("127.0.0.1:4567", "https://127.0.0.1:4567", "127.0.0.1"),
            // Other spellings of an address are the same address.
            ("http://2130706433", "http://127.0.0.1", "127.0.0.1"),
        ] {
            let url = TurbotUrl::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((url.to_string().as_str(), url.host()), (normal, host), "{text}");
            assert_eq!(TurbotUrl::parse(&url.to_string()), Ok(url), "{text} is stable");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_its_reason() {
        for (text, expected) in [
            ("", UrlError::Empty),
            ("turbot.example.com ", UrlError::Whitespace),
            ("ftp://turbot.example.com", UrlError::Scheme("ftp".into())),
            ("https://turbot.example.com?x=1", UrlError::Query),
            ("https://turbot.example.com/#a", UrlError::Fragment),
            ("https://turbot.example.com/api/v5", UrlError::Path("/api/v5".into())),
            ("https://turbot.example.com:0", UrlError::Port),
            ("http://192.0.2.1", UrlError::PlainHttp("192.0.2.1".into())),
            ("http://[2001:db8::1]", UrlError::PlainHttp("[2001:db8::1]".into())),
            ("http://0.0.0.0", UrlError::PlainHttp("0.0.0.0".into())),
        ] {
            assert_eq!(TurbotUrl::parse(text), Err(expected), "{text}");
        }
        for text in ["https://", "https://a b", "https://[::1", "https://turbot.example.com:99999", "https:///x"] {
            assert!(TurbotUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_repeated() {
        for text in [
            "https://user:hunter2@turbot.example.com",
            "user:hunter2@turbot.example.com",
            "https://:hunter2@[",
            "https://hunter2@turbot.example.com:99999",
        ] {
            let error = TurbotUrl::parse(text).unwrap_err();
            assert_eq!(error, UrlError::Userinfo, "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn segments_are_encoded() {
        let url = TurbotUrl::parse("t.example.com").unwrap();
        assert_eq!(
            url.v3(&["resources", "urn:turbot:mhe:aab", "a/../b?c"]),
            "https://t.example.com/api/v3/resources/urn:turbot:mhe:aab/a%2F..%2Fb%3Fc"
        );
    }
}
