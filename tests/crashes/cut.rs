//! The cut: a gate that kills the client at one moment of one of its calls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

use onboard_sandbox::{CallInfo, Gate, Moment};
use rustix::process::{Pid, Signal, kill_process};

/// Where to cut: at this moment of the n-th call (from 0) that comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub nth: usize,
    pub moment: Moment,
}

impl Cut {
    /// Every cut of a run of so many calls.
    pub fn all(calls: usize) -> Vec<Self> {
        let moments = [Moment::Before, Moment::AfterEffect, Moment::AfterAnswer];
        (0..calls).flat_map(|nth| moments.map(|moment| Self { nth, moment })).collect()
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of call {}", self.moment, self.nth)
    }
}

/// Kills a process at a cut.
pub struct Killer {
    cut: Cut,
    seen: AtomicUsize,
    pid: AtomicI32,
    struck: Mutex<Option<String>>,
}

impl Killer {
    pub fn at(cut: Cut) -> Self {
        Self { cut, seen: AtomicUsize::new(0), pid: AtomicI32::new(0), struck: Mutex::new(None) }
    }

    /// Whom to kill.
    pub fn aim(&self, pid: u32) {
        self.pid.store(i32::try_from(pid).unwrap(), Ordering::SeqCst);
    }

    /// The call at which it was killed, if it came to that.
    pub fn struck(&self) -> Option<String> {
        self.struck.lock().unwrap().clone()
    }
}

impl Gate for Killer {
    fn at<'a>(&'a self, call: &'a CallInfo, moment: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            if moment != self.cut.moment || self.seen.fetch_add(1, Ordering::SeqCst) != self.cut.nth {
                return;
            }
            let pid = loop {
                match Pid::from_raw(self.pid.load(Ordering::SeqCst)) {
                    Some(pid) => break pid,
                    None => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            };
            *self.struck.lock().unwrap() = Some(call.name.clone());
            // A process that has ended is not reaped before the gate is taken away: the id is still its own.
            let _ = kill_process(pid, Signal::KILL);
            if moment == Moment::Before {
                // The request never arrived.
                std::future::pending::<()>().await;
            }
        })
    }
}
