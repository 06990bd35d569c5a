//! Somebody who answers without end in AWS's place: no more of it is read than a bound, and no call is repeated for it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{Server, World};

/// What the kernel may hold on its way lies between this and the bound of 8 MiB.
const NEVER_SO_MUCH: usize = 64 << 20;

/// A server that says the beginning and then the rest over and over, until nobody listens; and the most that it could
/// say on one connection.
fn endless(beginning: &'static str, rest: &str) -> (Server, Arc<AtomicUsize>) {
    let most = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&most);
    let rest = rest.repeat((64 << 10) / rest.len());
    let server = Server::start(move |_, out: &mut dyn Write| -> io::Result<()> {
        out.write_all(beginning.as_bytes())?;
        let mut said = 0;
        // More than that is a failure already.
        while said <= NEVER_SO_MUCH {
            out.write_all(rest.as_bytes())?;
            said += rest.len();
            counted.fetch_max(said, Ordering::SeqCst);
        }
        Ok(())
    });
    (server, most)
}

/// A world in which an attempt has its whole 20 s: a busy machine reads 8 MiB, in small chunks, for some seconds.
fn patient() -> World {
    let mut world = World::new();
    world.set("propagation", "120s");
    world
}

#[test]
fn a_body_without_end_is_refused() {
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    for (what, beginning, rest) in [
        ("until the end", "HTTP/1.1 200 OK\r\n\r\n<GetCallerIdentityResponse>", "<x>0123456789abc"),
        ("in chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &chunk),
        ("an error", "HTTP/1.1 403 Forbidden\r\n\r\n<ErrorResponse>", "<x>0123456789abc"),
        ("a failure", "HTTP/1.1 500 x\r\ncontent-length: 99999999999\r\n\r\n", "x"),
    ] {
        let mut world = patient();
        let (server, most) = endless(beginning, rest);
        world.environment.insert("AWS_ENDPOINT_URL".into(), server.url());
        let account = world.verb("plan", &[]).exits(4).account();
        assert_eq!(account["error"]["kind"], "aws-unavailable", "{what}: {account:#}");
        let error = account["error"].to_string();
        assert!(error.contains("longer than 8 MiB") && error.contains("AWS_ENDPOINT_URL"), "{what}: {error}");
        for seen in server.seen() {
            let attempt = seen.header("amz-sdk-request").unwrap();
            assert!(attempt.starts_with("attempt=1;"), "{what}: it was asked again: {}", seen.text());
        }
        assert!(most.load(Ordering::SeqCst) < NEVER_SO_MUCH, "{what}");
    }
}

#[test]
fn nor_is_one_of_a_credential_source_read() {
    let mut world = patient();
    let (server, most) = endless("HTTP/1.1 200 OK\r\n\r\n{", " ");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        world.environment.remove(name);
    }
    world.environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".into(), server.url());
    let account = world.verb("plan", &[]).exits(4).account();
    assert!(account["error"].to_string().contains("longer than 8 MiB"), "{account:#}");
    assert!(!server.seen().is_empty());
    assert!(most.load(Ordering::SeqCst) < NEVER_SO_MUCH);
}

#[test]
fn a_head_without_end_is_refused() {
    for (what, rest) in [("one line", "x"), ("many lines", "x-filler: 0123456789\r\n")] {
        let mut world = patient();
        let (server, most) = endless("HTTP/1.1 200 OK\r\nx-filler: ", rest);
        world.environment.insert("AWS_ENDPOINT_URL".into(), server.url());
        let account = world.verb("plan", &[]).exits(4).account();
        assert_eq!(account["error"]["kind"], "aws-unavailable", "{what}: {account:#}");
        assert!(most.load(Ordering::SeqCst) < NEVER_SO_MUCH, "{what}");
    }
}
