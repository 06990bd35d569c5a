//! Connections that a fault can break for real, and that tell when an answer has left.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};

use axum::body::Bytes;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use http_body::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::lock;

/// How an open connection is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// A TCP reset: the peer sees `ECONNRESET`.
    Reset,
    /// An orderly close.
    Close,
}

#[derive(Default)]
struct State {
    broken: Option<Break>,
    reader: Option<Waker>,
    /// Set when the answer's body was handed over whole; the next flush that succeeds tells `answered`.
    body_taken: bool,
    answered: Option<oneshot::Sender<()>>,
    flushes: u64,
    flush_waiter: Option<Waker>,
}

/// The part of a connection that a call's handler can reach.
#[derive(Default)]
pub(crate) struct Connection {
    state: Mutex<State>,
}

impl Connection {
    /// Breaks the connection at its next read or write, and wakes it so that this is now.
    pub(crate) fn shatter(&self, how: Break) {
        let waker = {
            let mut state = lock(&self.state);
            state.broken.get_or_insert(how);
            state.reader.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A receiver that is told when the answer now being made has been handed to the socket whole.
    pub(crate) fn watch_answer(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut state = lock(&self.state);
        state.body_taken = false;
        state.answered = Some(sender);
        receiver
    }
}

/// A TCP stream whose [`Connection`] can break it.
pub(crate) struct Stream {
    tcp: TcpStream,
    shared: Arc<Connection>,
}

impl Stream {
    fn check(&self, cx: Option<&Context<'_>>) -> io::Result<()> {
        let mut state = lock(&self.shared.state);
        match state.broken {
            None => {
                if let Some(cx) = cx {
                    state.reader = Some(cx.waker().clone());
                }
                Ok(())
            }
            Some(how) => {
                if how == Break::Reset {
                    // The close that follows the error then sends RST instead of FIN.
                    self.tcp.set_zero_linger()?;
                }
                Err(io::Error::new(io::ErrorKind::ConnectionAborted, "broken by a fault"))
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(Some(cx))?;
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check(None)?;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(None)?;
        let flushed = Pin::new(&mut self.tcp).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            let mut state = lock(&self.shared.state);
            state.flushes += 1;
            if let Some(waker) = state.flush_waiter.take() {
                waker.wake();
            }
            if state.body_taken
                && let Some(sender) = state.answered.take()
            {
                // The receiver may be gone: then nobody waits for the answer to leave.
                let _ = sender.send(());
            }
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// The peer of a connection, as handlers receive it.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) connection: Arc<Connection>,
}

/// Accepts connections and remembers them, so that [`Connections::close_all`] ends them.
pub(crate) struct Ear {
    tcp: TcpListener,
    local: SocketAddr,
    open: Connections,
}

impl Ear {
    pub(crate) async fn bind(address: SocketAddr, open: Connections) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let local = tcp.local_addr()?;
        Ok(Self { tcp, local, open })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.local
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer")
    }
}

impl Listener for Ear {
    type Io = Stream;
    type Addr = Peer;

    async fn accept(&mut self) -> (Stream, Peer) {
        let (tcp, _) = Listener::accept(&mut self.tcp).await;
        // A small answer must not wait for Nagle's algorithm; a socket that is already dead fails at its first read.
        let _ = tcp.set_nodelay(true);
        let connection = Arc::new(Connection::default());
        self.open.remember(&connection);
        (Stream { tcp, shared: Arc::clone(&connection) }, Peer { connection })
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { connection: Arc::default() })
    }
}

impl Connected<IncomingStream<'_, Ear>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Ear>) -> Self {
        stream.remote_addr().clone()
    }
}

/// All open connections of a sandbox.
#[derive(Clone, Default)]
pub(crate) struct Connections {
    open: Arc<Mutex<Vec<Weak<Connection>>>>,
    opened: Arc<AtomicU64>,
}

impl Connections {
    fn remember(&self, connection: &Arc<Connection>) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        let mut open = lock(&self.open);
        open.retain(|known| known.strong_count() > 0);
        open.push(Arc::downgrade(connection));
    }

    /// How many connections were accepted since the start.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    pub(crate) fn close_all(&self) {
        for connection in lock(&self.open).drain(..).filter_map(|known| known.upgrade()) {
            connection.shatter(Break::Close);
        }
    }
}

/// An answer's body: whole, or cut after some bytes with the connection closed behind them.
pub(crate) struct AnswerBody {
    rest: Option<Bytes>,
    cut: bool,
    flushes_before: u64,
    connection: Arc<Connection>,
}

impl AnswerBody {
    pub(crate) fn whole(bytes: Bytes, connection: Arc<Connection>) -> Self {
        Self { rest: Some(bytes), cut: false, flushes_before: 0, connection }
    }

    /// Sends these bytes, waits until they have left, then closes the connection.
    pub(crate) fn cut(bytes: Bytes, connection: Arc<Connection>) -> Self {
        Self { rest: Some(bytes), cut: true, flushes_before: 0, connection }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.rest.take()
            && !bytes.is_empty()
        {
            let flushes = lock(&self.connection.state).flushes;
            self.flushes_before = flushes;
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.cut {
            return Poll::Ready(None);
        }
        let mut state = lock(&self.connection.state);
        if state.flushes > self.flushes_before {
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault"))));
        }
        state.flush_waiter = Some(cx.waker().clone());
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        !self.cut && self.rest.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match &self.rest {
            Some(bytes) if !self.cut => http_body::SizeHint::with_exact(bytes.len() as u64),
            _ => http_body::SizeHint::default(),
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // hyper drops the body when it has taken all of it, and flushes after that.
        lock(&self.connection.state).body_taken = true;
    }
}
