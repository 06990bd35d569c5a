use std::sync::Arc;

use onboard_core::{ImportAnswer, LookFault};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use turbot_import::{SettingsError, Turbot};

use crate::import::{request, role};
use crate::server::{Server, client, json, settings};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        Self::named("the authority of this test")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    /// A server's side of TLS for these names, with a certificate from this authority.
    fn acceptor(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams), alpn: &[&[u8]]) -> TlsAcceptor {
        let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn trusting(authority: &Authority, url: &str) -> Turbot {
    let mut settings = settings(url);
    settings.ca_bundle = Some(authority.pem());
    Turbot::new(settings).unwrap()
}

/// Both a look and the import fail in TLS with these words, and the server never sees a request.
async fn refused(turbot: &Turbot, server: &Server, words: &str) {
    let failure = turbot.cluster_urn().await.unwrap_err();
    assert_eq!(failure.fault, LookFault::Tls, "{failure}");
    assert!(failure.message.contains(words), "{failure}");
    let ImportAnswer::NotSent(failure) = turbot.import(&request(), &role()).await else { panic!("it was sent") };
    assert_eq!(failure.fault, LookFault::Tls, "{failure}");
    assert!(server.seen().is_empty());
}

fn cluster(_: &crate::server::Seen) -> crate::server::Reply {
    json(200, r#"{"urn":"urn:turbot:mhe"}"#)
}

#[tokio::test]
async fn an_authority_is_unknown_until_it_is_given() {
    let authority = Authority::new();
    let server = Server::https(authority.acceptor(&["localhost"], |_| {}, &[]), cluster).await;
    let url = format!("https://localhost:{}", server.address.port());
    refused(&client(&url), &server, "unknown authority").await;
    refused(&trusting(&Authority::named("another one"), &url), &server, "unknown authority").await;
    refused(&trusting(&Authority::new(), &url), &server, "was the authority renewed").await;
    let turbot = trusting(&authority, &url);
    assert_eq!(turbot.cluster_urn().await.as_deref(), Ok("urn:turbot:mhe"));
    assert_eq!(turbot.import(&request(), &role()).await, ImportAnswer::Accepted { status: 200 });
}

#[tokio::test]
async fn a_certificate_for_another_host_an_expired_one_and_one_of_the_future() {
    let authority = Authority::new();
    let other = Server::https(authority.acceptor(&["turbot.example.com"], |_| {}, &[]), cluster).await;
    let turbot = trusting(&authority, &format!("https://localhost:{}", other.address.port()));
    refused(&turbot, &other, "another host").await;

    let old = |p: &mut CertificateParams| p.not_after = date_time_ymd(2020, 1, 1);
    let expired = Server::https(authority.acceptor(&["localhost"], old, &[]), cluster).await;
    let turbot = trusting(&authority, &format!("https://localhost:{}", expired.address.port()));
    refused(&turbot, &expired, "expired").await;

    let young = |p: &mut CertificateParams| p.not_before = date_time_ymd(2200, 1, 1);
    let future = Server::https(authority.acceptor(&["localhost"], young, &[]), cluster).await;
    let turbot = trusting(&authority, &format!("https://localhost:{}", future.address.port()));
    refused(&turbot, &future, "not valid yet").await;
}

#[tokio::test]
async fn plain_http_behind_https_is_named() {
    let server = Server::http(cluster).await;
    // The greeting is no HTTP request either: the server waits for its end until the client gives up.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut tcp, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    });
    refused(&client(&format!("https://localhost:{port}")), &server, "does not speak TLS").await;
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_no_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.push(listener.accept().await.unwrap());
        }
    });
    let answer = client(&format!("https://localhost:{port}")).import(&request(), &role()).await;
    let ImportAnswer::NotSent(failure) = answer else { panic!("{answer:?}") };
    assert!(failure.message.contains("no connection within"), "{failure}");
}

#[tokio::test]
async fn an_unusable_bundle_is_refused_at_once() {
    let with = |bundle: &[u8]| {
        let mut settings = settings("turbot.example.com");
        settings.ca_bundle = Some(bundle.to_vec());
        Turbot::new(settings).map(|_| ())
    };
    assert!(matches!(with(b""), Err(SettingsError::EmptyBundle)));
    assert!(matches!(with(b"no certificate at all"), Err(SettingsError::EmptyBundle)));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(with(broken), Err(SettingsError::Bundle(_))));
    let mut zero = settings("turbot.example.com");
    zero.look_timeout = std::time::Duration::ZERO;
    assert!(matches!(Turbot::new(zero), Err(SettingsError::ZeroTimeout(_))));
    let mut agent = settings("turbot.example.com");
    agent.user_agent = "a\nb".to_owned();
    assert!(matches!(Turbot::new(agent), Err(SettingsError::UserAgent)));
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["localhost"], |_| {}, &[b"h2"]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(acceptor.accept(tcp).await.unwrap()).await.unwrap();
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    if request.method() == "POST" {
                        // Gone in the middle of the call.
                        respond.send_reset(h2::Reason::REFUSED_STREAM);
                        continue;
                    }
                    let mut body = respond.send_response(Default::default(), false).unwrap();
                    body.send_data(r#"{"urn":"urn:turbot:mhe"}"#.into(), true).unwrap();
                }
            });
        }
    });
    let turbot = trusting(&authority, &format!("https://localhost:{port}"));
    assert_eq!(turbot.cluster_urn().await.as_deref(), Ok("urn:turbot:mhe"));
    // HTTP/2 promises that a refused stream was not processed; what a proxy in between did is not promised.
    let answer = turbot.import(&request(), &role()).await;
    assert!(matches!(answer, ImportAnswer::Unknown { .. }), "{answer:?}");
}
