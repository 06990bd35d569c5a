//! A server in AWS's or Turbot's place: it answers what a test says, and remembers what it was sent.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its first line.
    pub line: String,
    /// Its header lines.
    pub headers: Vec<String>,
    pub body: String,
}

impl Seen {
    /// A header's value; its name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.headers.iter().filter_map(|line| line.split_once(':'));
        pairs.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// All of it, as it was sent.
    pub fn text(&self) -> String {
        format!("{}\r\n{}\r\n\r\n{}", self.line, self.headers.join("\r\n"), self.body)
    }

    /// Passes it on to another server, by its URL, and that one's answer back.
    pub fn pass_on(&self, url: &str, out: &mut dyn Write) -> io::Result<()> {
        let mut on = TcpStream::connect(url.trim_start_matches("http://"))?;
        on.write_all(self.text().replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes())?;
        let mut answer = Vec::new();
        on.read_to_end(&mut answer)?;
        out.write_all(&answer)
    }
}

type Answer = dyn Fn(&Seen, &mut dyn Write) -> io::Result<()> + Send + Sync;

/// A running server on this machine. Every connection serves one request.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server whose answers are written whole by the test; what cannot be written is the client's wish.
    pub fn start(answer: impl Fn(&Seen, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(answer))
    }

    /// The same behind TLS.
    pub fn https(
        tls: Arc<ServerConfig>,
        answer: impl Fn(&Seen, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(tls), Arc::new(answer))
    }

    fn listen(tls: Option<Arc<ServerConfig>>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, tls) = (stream.unwrap(), tls.clone());
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&remembered));
                std::thread::spawn(move || match tls {
                    None => serve(stream, &*answer, &seen),
                    Some(tls) => {
                        let mut stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), stream);
                        serve(&mut stream, &*answer, &seen);
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        Self { address, seen }
    }

    /// A server that answers a status and a body.
    pub fn answering(answer: impl Fn(&Seen) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::start(move |seen, out| {
            let (status, body) = answer(seen);
            write!(out, "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: impl Read + Write, answer: &Answer, seen: &Mutex<Vec<Seen>>) {
    if let Ok(request) = read(&mut stream) {
        seen.lock().unwrap().push(request.clone());
        let _ = answer(&request, &mut stream);
        let _ = stream.flush();
    }
}

fn read(stream: &mut impl Read) -> io::Result<Seen> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut seen = Seen { line: lines.remove(0), headers: lines, body: String::new() };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    stream.take(length).read_to_string(&mut seen.body)?;
    Ok(seen)
}
