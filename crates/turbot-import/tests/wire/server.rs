//! A server that answers exactly what a test scripts, byte for byte, and remembers what it was sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onboard_core::{AwsAccountId, ClusterId, MaintenanceSpelling, Secret, TurbotAccountId, UpdateVerb};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use turbot_import::{Turbot, TurbotKey, TurbotSettings, TurbotUrl};

pub(crate) const ACCESS: &str = "11112222-fac3-424e-94fb-325db1d65503";
pub(crate) const SECRET: &str = "44829bc4-c682-4f3d-b14c-af77b8728bcb";

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Sends a status, extra header lines and a body.
    Answer(u16, &'static str, String),
    /// Sends these bytes and closes the connection in order.
    Raw(Vec<u8>),
    /// Sends these bytes and resets the connection.
    Reset(Vec<u8>),
    /// Sends these bytes and then nothing more.
    Hang(Vec<u8>),
}

/// A body of JSON with a status.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    Reply::Answer(status, "content-type: application/json\r\n", body.to_owned())
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn http(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(script)).await
    }

    pub(crate) async fn https(tls: TlsAcceptor, script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(Some(tls), Arc::new(script)).await
    }

    async fn start(tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, connections) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let (remembered, counted) = (Arc::clone(&seen), Arc::clone(&connections));
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let (script, tls, seen) = (Arc::clone(&script), tls.clone(), Arc::clone(&remembered));
                tokio::spawn(async move {
                    match tls {
                        None => serve(tcp, script, seen, |tcp| tcp.set_zero_linger().unwrap()).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(tcp).await {
                                serve(stream, script, seen, |tls| tls.get_ref().0.set_zero_linger().unwrap()).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, seen, connections }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn turbot(&self) -> Turbot {
        client(&format!("http://{}", self.address))
    }

    pub(crate) fn turbot_replacing_windows_with(&self, verb: UpdateVerb) -> Turbot {
        let spelling = MaintenanceSpelling { replaced_with: Some(verb), ..Default::default() };
        Turbot::new(TurbotSettings { spelling, ..settings(&format!("http://{}", self.address)) }).unwrap()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: Script,
    seen: Arc<Mutex<Vec<Seen>>>,
    make_reset: impl Fn(&S),
) {
    while let Some(request) = read(&mut stream).await {
        seen.lock().unwrap().push(request.clone());
        match script(&request) {
            Reply::Answer(status, headers, body) => {
                let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            Reply::Raw(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                stream.shutdown().await.unwrap();
                return;
            }
            Reply::Reset(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                stream.flush().await.unwrap();
                make_reset(&stream);
                return;
            }
            Reply::Hang(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                stream.flush().await.unwrap();
                // Until the client is gone.
                while stream.read(&mut [0; 256]).await.is_ok_and(|n| n > 0) {}
                return;
            }
        }
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|l| l.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |l| l.parse().unwrap());
    let mut body = bytes.split_off(head_end);
    while body.len() < length {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(n) if n > 0 => body.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    }
    Some(Seen { line, headers, body: String::from_utf8(body).unwrap() })
}

pub(crate) fn settings(url: &str) -> TurbotSettings {
    TurbotSettings {
        url: TurbotUrl::parse(url).unwrap(),
        key: TurbotKey::new(ACCESS.to_owned(), Secret::new(SECRET.to_owned())).unwrap(),
        ca_bundle: None,
        look_timeout: Duration::from_millis(800),
        import_timeout: Duration::from_millis(800),
        connect_timeout: Duration::from_secs(10),
        spelling: Default::default(),
        user_agent: "wire-test/1".to_owned(),
    }
}

pub(crate) fn client(url: &str) -> Turbot {
    Turbot::new(settings(url)).unwrap()
}

pub(crate) fn aab() -> TurbotAccountId {
    TurbotAccountId::new("aab").unwrap()
}

pub(crate) fn mhe() -> ClusterId {
    ClusterId::new("mhe").unwrap()
}

pub(crate) fn aws() -> AwsAccountId {
    AwsAccountId::new("011122223333").unwrap()
}

/// Fails if a text shows the secret, or the end of `ACCESS:SECRET` in base64.
pub(crate) fn assert_no_secret(text: &str) {
    for secret in [SECRET, "LWFmNzdiODcyOGJjYg"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
