//! `-vv` and `-vvv`: what this tool's crates, and the libraries below them, trace of their work.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// This tool's own crates that trace.
const OWN: [&str; 4] = ["aws_bootstrap", "turbot_import", "onboard_engine", "turbot_onboard"];

/// Begins to trace. Everything stops at debug: at that level neither the AWS SDK nor the HTTP client prints bodies, and
/// at the next one the SDK prints external IDs.
pub(crate) fn begin(traces: u32) {
    let level = match traces {
        0 => return,
        1 => LevelFilter::OFF,
        _ => LevelFilter::DEBUG,
    };
    let filter = Targets::new().with_default(level).with_targets(OWN.map(|name| (name, LevelFilter::DEBUG)));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Escaped).without_time();
    // A second run in one process keeps the first one's.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}

/// Standard error, with what a terminal would obey escaped: traces quote what servers send.
#[derive(Debug, Clone, Copy)]
struct Escaped;

impl Write for Escaped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        // Nobody listening is no failure.
        let _ = io::stderr().lock().write_all(onboard_core::escaped_lines(&text).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Escaped {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}
