//! Proxies between here and AWS or Turbot: they are asked for a tunnel, and see nothing of what goes through it.

use std::net::TcpListener;

use crate::harness::{Server, World};

/// All cases at once: what cannot be reached is tried for some seconds.
fn each<T: Send, const N: usize>(cases: [T; N], test: impl Fn(T) + Sync) {
    std::thread::scope(|scope| cases.into_iter().for_each(|case| drop(scope.spawn(|| test(case)))));
}

/// A proxy that makes no tunnel for anybody.
fn unwilling() -> Server {
    Server::answering(|_| (403, String::new()))
}

#[test]
fn a_proxy_is_asked_for_tunnels_and_sees_no_secret() {
    each(["HTTPS_PROXY", "https_proxy", "ALL_PROXY"], |variable| {
        let mut world = World::new();
        let proxy = unwilling();
        world.environment.insert(variable.into(), proxy.url());
        world.environment.remove("AWS_ENDPOINT_URL");
        world.environment.insert("TURBOT_URL".into(), "https://turbot.invalid".into());
        world.environment.insert("AWS_REGION".into(), "eu-west-1".into());
        let run = world.verb("apply", &[]).exits(4);
        assert!(run.stdout.contains("proxy"), "{variable}: {}", run.stdout);
        let seen = proxy.seen();
        for host in ["sts.eu-west-1.amazonaws.com:443", "iam.amazonaws.com:443", "turbot.invalid:443"] {
            assert!(seen.iter().any(|s| s.line == format!("CONNECT {host} HTTP/1.1")), "{variable}, {host}: {seen:#?}");
        }
        let mut secrets = world.secrets.lock().unwrap();
        for request in seen {
            assert!(request.line.starts_with("CONNECT "), "{variable}: {}", request.text());
            assert_eq!(request.header("authorization"), None, "{variable}");
            assert_eq!(request.header("proxy-authorization"), None, "{variable}");
            secrets.seen("the proxy", &request.text());
        }
    });
}

#[test]
fn hosts_that_no_proxy_names_are_called_without_one() {
    each([(None, false), (Some("localhost"), true), (Some("other.example"), false)], |(exception, around)| {
        let mut world = World::new();
        let proxy = unwilling();
        // Whoever connects there has come without the proxy; that it speaks no TLS is enough here.
        let aws = TcpListener::bind("127.0.0.1:0").unwrap();
        aws.set_nonblocking(true).unwrap();
        let host = format!("localhost:{}", aws.local_addr().unwrap().port());
        world.environment.insert("AWS_ENDPOINT_URL".into(), format!("https://{host}"));
        world.environment.insert("HTTPS_PROXY".into(), proxy.url());
        world.environment.extend(exception.map(|name| ("NO_PROXY".to_owned(), name.to_owned())));
        world.verb("plan", &[]).exits(4);
        assert_eq!(aws.accept().is_ok(), around, "{exception:?}");
        let connect = format!("CONNECT {host} HTTP/1.1");
        assert_eq!(proxy.seen().iter().any(|seen| seen.line == connect), !around, "{exception:?}");
    });
}
