//! A server in AWS's or Turbot's place: it answers what a test says, and remembers what it was sent.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

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
}

/// A running server on this machine. Every connection serves one request.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server whose answers are written whole by the test; what cannot be written is the client's wish.
    pub fn start(answer: impl Fn(&Seen, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let remembered = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, answer, seen) = (stream.unwrap(), Arc::clone(&answer), Arc::clone(&remembered));
                std::thread::spawn(move || {
                    if let Ok(request) = read(&mut stream) {
                        seen.lock().unwrap().push(request.clone());
                        let _ = answer(&request, &mut stream);
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
