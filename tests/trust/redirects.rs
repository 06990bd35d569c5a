//! A redirect in AWS's place: signed calls, and what they carry, go nowhere but where they were meant.

use std::io::Write;

use crate::harness::{Seen, Server, World};
use crate::refused;

#[test]
fn it_is_followed_nowhere() {
    for status in [302, 303, 307, 308] {
        let mut world = World::new();
        let elsewhere = Server::answering(|_| (200, String::new()));
        let to = elsewhere.url();
        let aws = Server::start(move |_: &Seen, out: &mut dyn Write| {
            write!(out, "HTTP/1.1 {status} x\r\nlocation: {to}/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        });
        world.environment.insert("AWS_ENDPOINT_URL".into(), aws.url());
        let account = refused(&world, 0, world.verb("apply", &[]), 4, "aws-unavailable");
        assert!(account["error"].to_string().contains(&format!("HTTP {status}")), "{account:#}");
        assert!(!aws.seen().is_empty());
        assert_eq!(elsewhere.seen().len(), 0, "{status}: it was followed");
    }
}
