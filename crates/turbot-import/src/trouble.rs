//! Why an exchange brought no answer: told once, from the HTTP client's error values.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use onboard_core::{LookFault, escaped};
use rustls::CertificateError;

use crate::loopback::NotLoopback;

/// A failed exchange, in kind and in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) fault: LookFault,
    pub(crate) story: String,
    /// Whether it is proved that no byte of the request left: there was no connection, or no TLS.
    pub(crate) unsent: bool,
}

impl Trouble {
    /// Classifies an error of the HTTP client.
    ///
    /// `is_connect` covers the name, the TCP connection, a proxy's tunnel and the TLS handshake, all of which end
    /// before the request is written. A request that could not be built was not sent either. Of everything else it
    /// cannot be proved.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let unsent = error.is_connect() || error.is_builder();
        let chain = chain(error);
        if let Some(story) = chain.iter().find_map(|e| e.downcast_ref::<rustls::Error>()).map(tls_story) {
            return Self { fault: LookFault::Tls, story, unsent };
        }
        let root = || {
            let last = chain.last().map_or_else(|| "no cause given".to_owned(), |e| e.to_string());
            escaped(&last).into_owned()
        };
        let story = if let Some(refused) = chain.iter().find_map(|e| e.downcast_ref::<NotLoopback>()) {
            refused.to_string()
        } else if error.is_timeout() && error.is_connect() {
            "no connection within the time allowed for it".to_owned()
        } else if error.is_timeout() {
            "no answer within the time allowed for it".to_owned()
        } else if error.is_dns() {
            format!("the host's name does not resolve: {}", root())
        } else if error.is_connect() {
            format!("no connection: {}", root())
        } else {
            format!("the connection broke before the answer was complete: {}", root())
        };
        Self { fault: LookFault::Unreachable, story, unsent }
    }
}

/// The error and its causes. An `io::Error` made of another error is looked into: its `source` skips that one.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut all = Vec::new();
    let mut next = Some(error);
    // The bound only guards against an error that names itself as its cause.
    while let (Some(error), true) = (next, all.len() < 32) {
        all.push(error);
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    all
}

/// Which of TLS's failures it was, and what can be done about it.
fn tls_story(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => {
                "TLS: the server's certificate was issued by an unknown authority; if that is your own, give its \
                 certificate as the CA bundle"
                    .to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("TLS: the server's certificate is for another host: {}", escaped(&error.to_string()))
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "TLS: the server's certificate has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "TLS: the server's certificate is not valid yet; is this machine's clock right?".to_owned()
            }
            CertificateError::BadSignature => {
                "TLS: the server's certificate was not signed by the authority of that name that is trusted here; was \
                 the authority renewed?"
                    .to_owned()
            }
            CertificateError::Revoked => "TLS: the server's certificate was revoked".to_owned(),
            other => format!("TLS: the server's certificate is not acceptable: {}", escaped(&other.to_string())),
        },
        rustls::Error::InvalidMessage(_) => {
            "TLS: the other side does not speak TLS; is it plain http on that port?".to_owned()
        }
        rustls::Error::AlertReceived(alert) => {
            format!("TLS: the server refused the connection with the alert {alert:?}")
        }
        other => format!("TLS: {}", escaped(&other.to_string())),
    }
}

/// Joins addresses for a message.
pub(crate) fn addresses(list: &[SocketAddr]) -> String {
    list.iter().map(|a| a.ip().to_string()).collect::<Vec<_>>().join(", ")
}
