//! Simulated accounts for measuring against: an organization on loopback, or a delay in front of another one.
//!
//!     simulated_accounts serve ACCOUNTS LATENCY_MS    prints one JSON line: endpoint, credentials, master, accounts
//!     simulated_accounts delay ADDRESS LATENCY_MS     prints one JSON line: the endpoint that answers so much later
//!
//! It ends when its standard input does.
#![allow(clippy::print_stdout, reason = "a program: what it prints is what it is for")]

use std::error::Error;
use std::io::{self, Read as _};
use std::time::Duration;

use onboard_sandbox::{Options, Sandbox};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", accounts, latency] => {
            let sandbox = serve(accounts.parse()?, Duration::from_millis(latency.parse()?)).await?;
            until_input_ends().await?;
            sandbox.stop().await;
        }
        ["delay", address, latency] => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", json!({"endpoint": format!("http://{}", listener.local_addr()?)}));
            tokio::spawn(delay(listener, address.to_owned(), Duration::from_millis(latency.parse()?)));
            until_input_ends().await?;
        }
        _ => return Err("serve ACCOUNTS LATENCY_MS, or delay ADDRESS LATENCY_MS".into()),
    }
    Ok(())
}

async fn serve(accounts: usize, latency: Duration) -> Result<Sandbox, Box<dyn Error>> {
    // The log is not read here, and would count as the simulator's memory.
    let sandbox = Sandbox::start(Options { accounts, latency, log_limit: 16, ..Options::default() }).await?;
    let cloud = sandbox.cloud();
    let credentials = cloud.management_credentials();
    let members: Vec<String> = (0..accounts).map(|n| cloud.member(n)).collect();
    println!(
        "{}",
        json!({
            "endpoint": sandbox.aws_url(),
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key,
            "accounts": members,
        })
    );
    Ok(sandbox)
}

async fn until_input_ends() -> io::Result<()> {
    let read = || std::io::stdin().lock().read_to_end(&mut Vec::new()).map(drop);
    tokio::task::spawn_blocking(read).await.unwrap_or(Ok(()))
}

/// Hands every connection on; what a client sends arrives so much later, each piece counted from when it came.
async fn delay(listener: TcpListener, address: String, latency: Duration) {
    while let Ok((client, _)) = listener.accept().await {
        let address = address.clone();
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(&address).await else {
                return;
            };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            let (send, mut pieces) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
            tokio::spawn(async move {
                while let Some((due, piece)) = pieces.recv().await {
                    sleep_until(due).await;
                    if to_server.write_all(&piece).await.is_err() {
                        return;
                    }
                }
            });
            tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                if send.send((Instant::now() + latency, buffer[..read].to_vec())).is_err() {
                    return;
                }
            }
        });
    }
}
