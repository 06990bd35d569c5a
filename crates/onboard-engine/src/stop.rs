//! The wish to stop: set by a signal, read between steps and inside waits.

use std::sync::Arc;

use tokio::sync::watch;

/// A wish to stop that everybody at work sees. Once requested it stays.
#[derive(Debug, Clone)]
pub struct StopSignal {
    sender: Arc<watch::Sender<bool>>,
}

impl Default for StopSignal {
    fn default() -> Self {
        Self::new()
    }
}

impl StopSignal {
    /// Nobody has asked to stop yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: Arc::new(watch::channel(false).0) }
    }

    /// Asks everybody to finish the step that is under way and begin no other.
    pub fn request(&self) {
        self.sender.send_replace(true);
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.sender.borrow()
    }

    /// Returns when it is asked; at once if it was already.
    pub async fn requested(&self) {
        let mut receiver = self.sender.subscribe();
        // The sender lives in `self`, so this ends only when the wish is there.
        let _ = receiver.wait_for(|stop| *stop).await;
    }

    /// The future's answer, or `None` if the wish to stop came first. Only for futures that may be dropped.
    pub async fn or<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            answer = future => Some(answer),
            () = self.requested() => None,
        }
    }
}
