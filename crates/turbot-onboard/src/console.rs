//! The two streams. Standard output carries the result alone; everything else goes to standard error. Whoever closed
//! either of them does not change what is done or the exit code.

use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};

use serde::Serialize;

use crate::render::json;

/// Writes the result. A closed standard output is no error: nobody wants to know.
///
/// # Errors
/// The disk is full, or the like.
pub(crate) fn deliver(result: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    whoever_listens(out.write_all(result.as_bytes()).and_then(|()| out.flush()))
}

/// The same of a document, which is JSON.
///
/// # Errors
/// The disk is full, or the like.
pub(crate) fn deliver_document(result: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    whoever_listens(json::write(result, &mut out).and_then(|()| out.flush()))
}

fn whoever_listens(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes lines to standard error; if nobody listens there, nobody does.
pub(crate) fn say(lines: &str) {
    let _ = writeln!(io::stderr().lock(), "{lines}");
}

/// Whether standard output is a terminal.
pub(crate) fn result_is_seen() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard error is a terminal.
pub(crate) fn talk_is_seen() -> bool {
    io::stderr().is_terminal()
}

/// Whether somebody can answer: both ends of the conversation are a terminal.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
