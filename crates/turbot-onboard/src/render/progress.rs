//! What happens, while it happens, on standard error: at a terminal one live line for each account, elsewhere one line
//! for each change and a sign of life every 30 seconds.

mod fleet;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use onboard_core::{StepResult, escaped};
use onboard_engine::Event;

use super::fleet_count::FleetCount;
use super::paint::Paint;
use crate::settings::global::Verbosity;

/// How long nothing may be said where no live line shows that the tool is alive.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// How long a picture of a fleet stands at least.
const PICTURE: Duration = Duration::from_millis(100);
/// How many of the accounts in flight a terminal shows.
const LANES: usize = 12;
/// A step that took this long says so when it ends.
const LONG: Duration = Duration::from_secs(2);

/// The progress of a run, shared by all its accounts.
pub(crate) struct Progress {
    board: Mutex<Board>,
    started: Instant,
}

impl Progress {
    /// Progress on standard error.
    pub(crate) fn new(live: bool, verbosity: Verbosity, paint: Paint) -> Self {
        let board = Board::new(Box::new(std::io::stderr()), live && verbosity != Verbosity::Quiet, verbosity, paint);
        #[expect(
            clippy::disallowed_methods,
            reason = "only how long something takes is shown; nothing is decided by it"
        )]
        let started = Instant::now();
        Self { board: Mutex::new(board), started }
    }

    /// Takes in what happened.
    pub(crate) fn event(&self, event: &Event) {
        let now = self.started.elapsed();
        self.lock().event(event, now);
    }

    /// Lets time be seen; to be called about once a second.
    pub(crate) fn tick(&self) {
        let now = self.started.elapsed();
        self.lock().tick(now);
    }

    /// Says something beside the live lines.
    pub(crate) fn say(&self, lines: &str) {
        let now = self.started.elapsed();
        let mut board = self.lock();
        board.print(lines);
        board.draw(now);
    }

    /// Keeps the terminal free for a question and its answer.
    pub(crate) fn pause<T>(&self, question: impl FnOnce() -> T) -> T {
        let mut board = self.lock();
        board.erase();
        question()
    }

    /// Takes the live lines away. A thread that is asking keeps the terminal: then there are none.
    pub(crate) fn clear(&self) {
        match self.board.try_lock() {
            Ok(mut board) => board.erase(),
            Err(TryLockError::Poisoned(board)) => board.into_inner().erase(),
            Err(TryLockError::WouldBlock) => {}
        }
    }

    /// Whether an import was sent and not answered yet, as far as it can be said at this moment.
    pub(crate) fn import_in_flight(&self) -> bool {
        let in_flight = |board: &Board| board.lanes.values().any(|lane| lane.step == Some("import"));
        match self.board.try_lock() {
            Ok(board) => in_flight(&board),
            Err(TryLockError::Poisoned(board)) => in_flight(&board.into_inner()),
            Err(TryLockError::WouldBlock) => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One account's place on the board.
#[derive(Debug, Default)]
struct Lane {
    /// The step under way.
    step: Option<&'static str>,
    /// It, as a sentence.
    sentence: String,
    /// When it began.
    since: Duration,
    /// What is waited for: what, since when, for how long at most.
    waiting: Option<(String, Duration, Duration)>,
    /// When something was last said of it.
    said: Duration,
}

/// What is shown; a function of events and time, so that it can be looked at in tests.
struct Board {
    out: Box<dyn Write + Send>,
    live: bool,
    verbosity: Verbosity,
    paint: Paint,
    lanes: BTreeMap<String, Lane>,
    /// The count of a fleet, while one is worked on.
    fleet: Option<FleetCount>,
    /// How many live lines stand on the terminal.
    drawn: usize,
    /// When they were drawn.
    pictured: Duration,
}

impl Board {
    fn new(out: Box<dyn Write + Send>, live: bool, verbosity: Verbosity, paint: Paint) -> Self {
        Self { out, live, verbosity, paint, lanes: BTreeMap::new(), fleet: None, drawn: 0, pictured: Duration::ZERO }
    }

    fn event(&mut self, event: &Event, now: Duration) {
        if let Some(line) = self.take_in(event, now)
            && self.verbosity > Verbosity::Quiet
        {
            self.print(&line);
        }
        // Thousands of events a second are not thousands of pictures.
        let soon = self.fleet.is_some() && self.drawn > 0 && now.saturating_sub(self.pictured) < PICTURE;
        if !soon {
            self.draw(now);
        }
    }

    /// Notes what happened; the answer is the line that is to stay.
    fn take_in(&mut self, event: &Event, now: Duration) -> Option<String> {
        let (live, verbose, paint) = (self.live, self.verbosity == Verbosity::Verbose, self.paint);
        if let Some(line) = self.of_fleet(event, now) {
            return line;
        }
        match event {
            Event::FleetBegun { .. } | Event::FleetEnded | Event::AccountBegun { .. } | Event::AccountEnded { .. } => {
                None
            }
            Event::StepBegun { account_id, step, sentence } => {
                let lane = self.lane(account_id);
                *lane = Lane { step: Some(step), sentence: sentence.clone(), since: now, waiting: None, said: now };
                (!live).then(|| line(account_id, sentence))
            }
            Event::StepEnded { account_id, step, result, millis } => {
                let lane = self.lane(account_id);
                let sentence = if lane.sentence.is_empty() { (*step).to_owned() } else { lane.sentence.clone() };
                *lane = Lane { said: now, ..Lane::default() };
                let took = Duration::from_millis(*millis);
                let (how, worth_a_line) = match result {
                    StepResult::Done => (paint.good("done"), took >= LONG),
                    StepResult::Unchanged => (paint.good("nothing to do"), false),
                    StepResult::Failed => (paint.bad("failed"), true),
                    StepResult::Undone => (paint.caution("taken back"), true),
                    StepResult::Unknown => (paint.caution("outcome unknown"), true),
                };
                let after = if took >= LONG { format!(" after {}", clock(took)) } else { String::new() };
                // Elsewhere the sentence was said when the step began, and the last words of a log are to be short.
                let what = if live { sentence.as_str() } else { *step };
                (live || verbose || worth_a_line).then(|| format!("{}: {how}{after}", line(account_id, what)))
            }
            Event::Waiting { account_id, what, waited, at_most } => {
                let lane = self.lane(account_id);
                let news = lane.waiting.as_ref().is_none_or(|(before, ..)| before != what);
                lane.waiting = Some((what.clone(), now.saturating_sub(*waited), *at_most));
                let due = news || now.saturating_sub(lane.said) >= SIGN_OF_LIFE;
                if due {
                    lane.said = now;
                }
                (due && !live).then(|| line(account_id, &waiting(what, *waited, *at_most)))
            }
            Event::Note { account_id, text } => {
                self.lane(account_id).said = now;
                Some(line(account_id, text))
            }
        }
    }

    fn lane(&mut self, account_id: &str) -> &mut Lane {
        self.lanes.entry(account_id.to_owned()).or_default()
    }

    fn tick(&mut self, now: Duration) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if self.live {
            return self.draw(now);
        }
        if let Some(fleet) = &mut self.fleet {
            if now.saturating_sub(fleet.said) >= SIGN_OF_LIFE {
                fleet.said = now;
                let line = fleet.text(now);
                self.print(&line);
            }
            return;
        }
        let mut lines = Vec::new();
        for (account_id, lane) in &mut self.lanes {
            if now.saturating_sub(lane.said) >= SIGN_OF_LIFE
                && let Some(text) = lane.text(now)
            {
                lane.said = now;
                lines.push(line(account_id, &format!("still at it: {text}")));
            }
        }
        for line in lines {
            self.print(&line);
        }
    }

    /// Prints lines that stay.
    fn print(&mut self, lines: &str) {
        self.erase();
        let _ = writeln!(self.out, "{lines}");
    }

    fn erase(&mut self) {
        match self.drawn {
            0 => return,
            1 => write!(self.out, "\r\u{1b}[J"),
            n => write!(self.out, "\r\u{1b}[{}A\u{1b}[J", n - 1),
        }
        .and_then(|()| self.out.flush())
        .ok();
        self.drawn = 0;
    }

    fn draw(&mut self, now: Duration) {
        if !self.live {
            return;
        }
        self.pictured = now;
        let width = width();
        let lanes = self
            .lanes
            .iter()
            .filter_map(|(account_id, lane)| lane.text(now).map(|text| cut(&line(account_id, &text), width)));
        let lines: Vec<String> = match &self.fleet {
            None => lanes.collect(),
            Some(fleet) => {
                let room = height().saturating_sub(3).min(LANES);
                let mut lines = vec![cut(&fleet.text(now), width)];
                lines.extend(lanes.take(room));
                let more = self.lanes.len().saturating_sub(room);
                lines.extend((more > 0).then(|| cut(&format!("... and {more} more"), width)));
                lines
            }
        };
        self.erase();
        self.drawn = lines.len();
        let _ = write!(self.out, "{}", lines.join("\n")).and_then(|()| self.out.flush());
    }
}

impl Lane {
    /// What is under way, or waited for, and for how long.
    fn text(&self, now: Duration) -> Option<String> {
        match &self.waiting {
            Some((what, since, at_most)) => Some(waiting(what, now.saturating_sub(*since), *at_most)),
            None if self.step.is_some() => {
                Some(format!("{} ({})", self.sentence, clock(now.saturating_sub(self.since))))
            }
            None => None,
        }
    }
}

fn line(account_id: &str, text: &str) -> String {
    format!("{}  {}", escaped(account_id), escaped(text))
}

fn waiting(what: &str, waited: Duration, at_most: Duration) -> String {
    format!("waiting for {what} ({} of {})", clock(waited), clock(at_most))
}

/// `mm:ss`.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// The line, cut so that it does not wrap. A character beyond ASCII may take two columns, so it counts as two.
fn cut(line: &str, width: usize) -> String {
    let mut used = 0;
    let mut out = String::new();
    for c in line.chars() {
        used += if c.is_ascii() { 1 } else { 2 };
        if used >= width {
            out.pop();
            let _ = write!(out, "~");
            break;
        }
        out.push(c);
    }
    out
}

fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80)
}

fn height() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.ok().map(|size| usize::from(size.ws_row)).filter(|rows| *rows > 0).unwrap_or(24)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    pub(super) struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Screen {
        pub(super) fn text(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    pub(super) fn board(live: bool, verbosity: Verbosity) -> (Board, Screen) {
        let screen = Screen::default();
        (Board::new(Box::new(screen.clone()), live, verbosity, Paint::PLAIN), screen)
    }

    fn begun() -> Event {
        Event::StepBegun { account_id: "1".into(), step: "import", sentence: "ask Turbot \u{1b}[31m".into() }
    }

    fn ended(result: StepResult, millis: u64) -> Event {
        Event::StepEnded { account_id: "1".into(), step: "import", result, millis }
    }

    fn waits(seconds: u64) -> Event {
        Event::Waiting {
            account_id: "1".into(),
            what: "Turbot's answer".into(),
            waited: Duration::from_secs(seconds),
            at_most: Duration::from_secs(900),
        }
    }

    pub(super) const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn without_a_terminal_a_line_for_each_change_and_a_sign_of_life() {
        let (mut board, screen) = board(false, Verbosity::Normal);
        board.event(&begun(), at(0));
        assert_eq!(screen.text(), "1  ask Turbot \\u{1b}[31m\n");
        board.event(&waits(0), at(0));
        assert_eq!(screen.text(), "1  waiting for Turbot's answer (00:00 of 15:00)\n");
        for second in 1..30 {
            board.event(&waits(second), at(second));
            board.tick(at(second));
        }
        assert_eq!(screen.text(), "");
        board.tick(at(31));
        assert_eq!(screen.text(), "1  still at it: waiting for Turbot's answer (00:31 of 15:00)\n");
        board.event(&ended(StepResult::Done, 75_000), at(75));
        assert_eq!(screen.text(), "1  import: done after 01:15\n");
        board.tick(at(200));
        board.event(&begun(), at(200));
        board.event(&ended(StepResult::Done, 3), at(200));
        assert_eq!(screen.text(), "1  ask Turbot \\u{1b}[31m\n");
        board.event(&begun(), at(200));
        board.event(&ended(StepResult::Unknown, 3), at(200));
        assert!(screen.text().ends_with("outcome unknown\n"));
    }

    #[test]
    fn at_a_terminal_live_lines_that_go_again() {
        let (mut board, screen) = board(true, Verbosity::Normal);
        board.event(&begun(), at(0));
        assert_eq!(screen.text(), "1  ask Turbot \\u{1b}[31m (00:00)");
        board.event(&Event::StepBegun { account_id: "2".into(), step: "claim", sentence: "claim".into() }, at(5));
        assert_eq!(screen.text(), "\r\u{1b}[J1  ask Turbot \\u{1b}[31m (00:05)\n2  claim (00:00)");
        board.event(&ended(StepResult::Done, 5), at(6));
        assert_eq!(screen.text(), "\r\u{1b}[1A\u{1b}[J1  ask Turbot \\u{1b}[31m: done\n2  claim (00:01)");
        board.erase();
        assert_eq!(screen.text(), "\r\u{1b}[J");
    }

    #[test]
    fn quiet_is_quiet() {
        let (mut board, screen) = board(false, Verbosity::Quiet);
        board.event(&begun(), at(0));
        board.event(&waits(0), at(1));
        board.tick(at(100));
        assert_eq!(screen.text(), "");
        assert!(board.lanes["1"].step == Some("import"));
    }

    #[test]
    fn lines_are_cut_to_the_terminal() {
        assert_eq!(cut("abcdef", 20), "abcdef");
        assert_eq!(cut("abcdef", 5), "abc~");
        assert_eq!(cut("漢字漢字", 6), "漢~");
    }
}
