//! The command at a terminal: what it shows there is read, and it is answered.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::World;

/// How long a test waits for something to be shown, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run that sits at a terminal.
pub struct Terminal {
    pub child: Child,
    keyboard: File,
    screen: Arc<Screen>,
    /// What was waited for is not found a second time.
    seen: usize,
}

#[derive(Default)]
struct Screen {
    /// What was shown; and whether that is all.
    text: Mutex<(String, bool)>,
    more: Condvar,
}

impl World {
    /// Starts the command at a terminal of its own: standard input, output and error are that terminal.
    pub fn at_terminal(&self, arguments: &[&str]) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let end = || Stdio::from(OwnedFd::from(File::options().read(true).write(true).open(&name).unwrap()));
        let mut command = self.command(arguments);
        command.env("TERM", "xterm-256color").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        drop(command);
        let keyboard = File::from(master);
        let (mut from, screen) = (keyboard.try_clone().unwrap(), Arc::new(Screen::default()));
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The last one who holds the other end closes it with an error, not with an end of file.
            while let Ok(length @ 1..) = from.read(&mut bytes) {
                shown.text.lock().unwrap().0.push_str(&String::from_utf8_lossy(&bytes[..length]));
                shown.more.notify_all();
            }
            shown.text.lock().unwrap().1 = true;
            shown.more.notify_all();
        });
        Terminal { child, keyboard, screen, seen: 0 }
    }
}

impl Terminal {
    /// Waits until this is shown; what was shown since the last wait.
    #[track_caller]
    pub fn shows(&mut self, what: &str) -> String {
        let seen = self.seen;
        let text = self.wait_for(what, |(text, ended)| *ended || text[seen..].contains(what));
        assert!(text[seen..].contains(what), "{what:?} is not shown, but:\n{}", &text[seen..]);
        self.seen = text.len();
        text[seen..].to_owned()
    }

    #[track_caller]
    fn wait_for(&mut self, what: &str, mut come: impl FnMut(&(String, bool)) -> bool) -> String {
        let screen = self.screen.text.lock().unwrap();
        let (screen, out) = self.screen.more.wait_timeout_while(screen, PATIENCE, |screen| !come(screen)).unwrap();
        let text = screen.0.clone();
        drop(screen);
        if out.timed_out() {
            let _ = self.child.kill();
            panic!("waited for {what}, and there is:\n{text}");
        }
        text
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Waits for its end: the exit code, and all that was shown.
    #[track_caller]
    pub fn ends(mut self, world: &World) -> (i32, String) {
        let text = self.wait_for("its end", |(_, ended)| *ended);
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        world.secrets.lock().unwrap().seen("the terminal", &text);
        (code, text)
    }
}
