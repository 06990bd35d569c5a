//! Whose certificates are trusted, for AWS and for Turbot, and what is said of the others.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;

use crate::harness::{Server, World};
use crate::refused;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "the authority of this test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate as a file.
    fn bundle(&self, path: &Path) -> String {
        std::fs::write(path, self.0.pem()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A server's side of TLS, with a certificate of this authority for that name.
    fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap());
        Arc::new(config.unwrap())
    }
}

/// A server behind TLS that passes everything on.
fn in_front_of(url: String, tls: Arc<ServerConfig>) -> (Server, String) {
    let server = Server::https(tls, move |seen, out| seen.pass_on(&url, out));
    let url = format!("https://localhost:{}", server.address.port());
    (server, url)
}

#[test]
fn turbots_authority_is_unknown_until_it_is_given() {
    let mut world = World::new();
    let authority = Authority::new();
    let (server, url) = in_front_of(world.sandbox.turbot_url(), authority.server("localhost", |_| {}));
    world.environment.insert("TURBOT_URL".into(), url);
    let account = refused(&world, 0, world.verb("apply", &[]), 5, "turbot-tls");
    let said = account["error"].to_string();
    assert!(said.contains("unknown authority") && said.contains("--turbot-ca-bundle"), "{said}");
    assert_eq!(server.seen().len(), 0);

    let bundle = authority.bundle(&world.path("ca.pem"));
    let account = world.verb("apply", &["--turbot-ca-bundle", &bundle]).exits(0).account();
    assert_eq!(account["outcome"], "imported", "{account:#}");
    assert!(!server.seen().is_empty());
}

#[test]
fn awss_authority_is_unknown_until_the_systems_file_has_it() {
    let mut world = World::new();
    let authority = Authority::new();
    let (server, url) = in_front_of(world.sandbox.aws_url(), authority.server("localhost", |_| {}));
    let bundle = authority.bundle(&world.path("ca.pem"));
    world.environment.insert("AWS_ENDPOINT_URL".into(), url);
    let said = refused_by_aws(&world);
    assert!(said.contains("UnknownIssuer"), "{said}");
    // What other tools of AWS's take is not read by the SDK for Rust; Turbot's bundle is Turbot's.
    world.environment.insert("AWS_CA_BUNDLE".into(), bundle.clone());
    refused(&world, 0, world.verb("apply", &["--turbot-ca-bundle", &bundle]), 4, "aws-unavailable");
    assert_eq!(server.seen().len(), 0);

    world.environment.remove("AWS_CA_BUNDLE");
    world.environment.insert("SSL_CERT_FILE".into(), bundle);
    world.verb("apply", &[]).exits(0);
    assert!(!server.seen().is_empty());
}

#[test]
fn a_certificate_of_aws_for_another_host_or_another_time_is_refused() {
    let old = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    for (name, change, word) in [("iam.amazonaws.com", None, "not valid for name"), ("localhost", Some(old), "expired")]
    {
        let mut world = World::new();
        let authority = Authority::new();
        let tls = authority.server(name, |params| change.into_iter().for_each(|change| change(params)));
        let (server, url) = in_front_of(world.sandbox.aws_url(), tls);
        world.environment.insert("AWS_ENDPOINT_URL".into(), url);
        let bundle = authority.bundle(&world.path("ca.pem"));
        world.environment.insert("SSL_CERT_FILE".into(), bundle);
        let said = refused_by_aws(&world);
        assert!(said.contains(word), "{name}: {said}");
        assert_eq!(server.seen().len(), 0);
    }
}

/// What is said of AWS's certificate, having done nothing.
#[track_caller]
fn refused_by_aws(world: &World) -> String {
    let account = refused(world, 0, world.verb("apply", &[]), 4, "aws-unavailable");
    let said = account["error"].to_string();
    assert!(said.contains("certificate not accepted") && said.contains("SSL_CERT_FILE"), "{said}");
    said
}
