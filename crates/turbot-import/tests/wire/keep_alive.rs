//! Signs of life while an answer is awaited, which may take minutes: the kernel tells of the timer that sends them.

use std::time::Duration;

use crate::import::{request, role};
use crate::server::{Reply, Server};

/// How many times the timer is looked for, 10 ms apart: at first the request's own acknowledgement is waited for.
const LOOKS: u32 = 50;

/// The timer of the connection to this port, by /proc/net/tcp: its kind (02 is keep-alive), and the hundredths of a
/// second until it goes off.
fn timer(port: u16) -> Option<(String, u64)> {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let remote = format!(":{port:04X}");
    let fields = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let connection = fields.into_iter().find(|f| f.len() > 5 && f[2].ends_with(&remote) && f[3] == "01")?;
    let (kind, when) = connection[5].split_once(':')?;
    Some((kind.to_owned(), u64::from_str_radix(when, 16).unwrap()))
}

async fn kept_alive(server: &Server) {
    for _ in 0..LOOKS {
        if let Some((kind, when)) = timer(server.address.port())
            && kind == "02"
        {
            // Ours, not the HTTP client's own 15 s.
            assert!((1600..=3000).contains(&when), "the first one after {when} hundredths of a second");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no keep-alive: {:?}", timer(server.address.port()));
}

#[tokio::test]
async fn looks_and_imports_keep_their_connections_alive() {
    let server = Server::http(|_| Reply::Hang(Vec::new())).await;
    let turbot = server.turbot();
    tokio::select! {
        answer = turbot.cluster_urn() => panic!("{answer:?}"),
        () = kept_alive(&server) => {}
    }
    let server = Server::http(|_| Reply::Hang(Vec::new())).await;
    let turbot = server.turbot();
    let (request, role) = (request(), role());
    tokio::select! {
        answer = turbot.import(&request, &role) => panic!("{answer:?}"),
        () = kept_alive(&server) => {}
    }
}
