//! What happens at a moment of a call: something is done to the world, or the call is held until the test lets it go.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onboard_sandbox::{CallInfo, Gate, Moment};
use tokio::sync::watch;

/// How long a test waits for a call to come, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// The gate of a world: what its tests have written for the calls to come.
#[derive(Default)]
pub struct Script {
    scenes: Mutex<Vec<Arc<Scene>>>,
}

struct Scene {
    call: String,
    moment: Moment,
    /// How many matching calls pass before; none left means that it was played.
    before: Mutex<Option<u32>>,
    act: Act,
}

enum Act {
    Do(Box<dyn Fn() + Send + Sync>),
    Hold { reached: watch::Sender<bool>, released: watch::Sender<bool> },
}

/// A call that is held.
pub struct Held {
    reached: watch::Receiver<bool>,
    released: watch::Sender<bool>,
}

impl Script {
    fn add(&self, call: &str, moment: Moment, nth: u32, act: Act) {
        let scene = Scene { call: call.to_owned(), moment, before: Mutex::new(Some(nth - 1)), act };
        self.scenes.lock().unwrap().push(Arc::new(scene));
    }

    /// At the nth call of that name from now on (1-based), does something, once.
    pub fn at(&self, call: &str, moment: Moment, nth: u32, act: impl Fn() + Send + Sync + 'static) {
        self.add(call, moment, nth, Act::Do(Box::new(act)));
    }

    /// Holds the nth call of that name from now on, once.
    pub fn hold(&self, call: &str, moment: Moment, nth: u32) -> Held {
        let (reached, released) = (watch::Sender::new(false), watch::Sender::new(false));
        let held = Held { reached: reached.subscribe(), released: released.clone() };
        self.add(call, moment, nth, Act::Hold { reached, released });
        held
    }

    fn due(&self, call: &CallInfo, moment: Moment) -> Vec<Arc<Scene>> {
        let mut due = self.scenes.lock().unwrap().clone();
        due.retain(|scene| {
            if scene.call != call.name || scene.moment != moment {
                return false;
            }
            let mut before = scene.before.lock().unwrap();
            let now = *before == Some(0);
            *before = before.and_then(|n| n.checked_sub(1));
            now
        });
        due
    }
}

impl Gate for Script {
    fn at<'a>(&'a self, call: &'a CallInfo, moment: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let due = self.due(call, moment);
        Box::pin(async move {
            for scene in due {
                match &scene.act {
                    Act::Do(act) => act(),
                    Act::Hold { reached, released } => {
                        reached.send_replace(true);
                        let _ = released.subscribe().wait_for(|released| *released).await;
                    }
                }
            }
        })
    }
}

impl Held {
    /// Waits until the call has come to the moment it is held at.
    #[track_caller]
    pub fn reached(&self) {
        let pause = Duration::from_millis(5);
        let polls = PATIENCE.as_millis() / pause.as_millis();
        let came = (0..polls).any(|_| {
            let came = self.has_come();
            if !came {
                std::thread::sleep(pause);
            }
            came
        });
        assert!(came, "the call that is to be held never came");
    }

    /// Whether it has come.
    pub fn has_come(&self) -> bool {
        *self.reached.borrow()
    }

    /// Lets the call go on.
    pub fn release(&self) {
        self.released.send_replace(true);
    }
}
