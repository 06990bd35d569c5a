//! Ctrl-C: the first asks to stop cleanly, the second leaves at once and says how to go on.

use std::sync::Arc;

use onboard_engine::StopSignal;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console;
use crate::exit::Exit;
use crate::render::progress::Progress;

/// Listens for SIGINT and SIGTERM until the process ends.
///
/// # Errors
/// The system does not let signals be listened for.
pub(crate) fn listen(stop: StopSignal, progress: Arc<Progress>) -> std::io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // Its default is the sudden end: with somebody listening a write beyond the limit of a file's size fails instead,
    // and that can be told. Listening once is for good.
    drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        stop.request();
        progress.clear();
        console::say("Stopping as soon as the step under way allows. Once more leaves at once.");
        either(&mut interrupt, &mut terminate).await;
        progress.clear();
        console::say(parting(progress.import_in_flight()));
        std::process::exit(i32::from(Exit::INTERRUPTED.0));
    });
    Ok(())
}

/// Waits for either of the two; used by whatever serves until it is interrupted, too.
pub(crate) async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

fn parting(in_flight: bool) -> &'static str {
    if in_flight {
        "Left at once; an import is in flight. Run the same command again: it waits for the import to settle and goes \
         on from there."
    } else {
        "Left at once; what was begun still stands. Run the same command again: it goes on from there. \
         `turbot-onboard cleanup` removes it instead."
    }
}
