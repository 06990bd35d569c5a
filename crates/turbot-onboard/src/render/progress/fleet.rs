//! A fleet's events: one line that counts, the accounts in flight, and what each account came to.

use std::time::Duration;

use onboard_core::StepResult;
use onboard_engine::Event;

use super::{Board, Lane, line};
use crate::render::fleet_count::FleetCount;
use crate::settings::global::Verbosity;

impl Board {
    /// What a fleet's event changes; the inner answer is the line that is to stay. `None` is an event like one account's.
    pub(super) fn of_fleet(&mut self, event: &Event, now: Duration) -> Option<Option<String>> {
        match event {
            Event::FleetBegun { accounts } => {
                self.fleet = Some(FleetCount::new(*accounts, now));
                return Some(None);
            }
            Event::FleetEnded => {
                self.fleet = None;
                self.lanes.clear();
                return Some(None);
            }
            _ => {}
        }
        let verbose = self.verbosity == Verbosity::Verbose;
        let fleet = self.fleet.as_mut()?;
        match event {
            Event::AccountBegun { account_id } => {
                fleet.in_flight += 1;
                *self.lane(account_id) = Lane { since: now, said: now, ..Lane::default() };
                Some(None)
            }
            Event::AccountEnded { account_id, came_to, failure } => {
                fleet.ended(failure.is_some());
                self.lanes.remove(account_id);
                let what = match failure {
                    Some(kind) => self.paint.bad(&format!("{came_to} ({})", kind.as_str())),
                    None => self.paint.good(came_to),
                };
                Some(Some(format!("{}{what}", line(account_id, ""))))
            }
            // Of thousands of accounts only what each comes to is said; the heartbeat says the rest.
            _ if !self.live && !verbose => {
                let failed = matches!(event, Event::StepEnded { result: StepResult::Failed | StepResult::Unknown, .. });
                (!failed).then_some(None)
            }
            // The terminal shows what each waits for while it does; what stays is what it came to.
            Event::StepEnded { account_id, result: StepResult::Done | StepResult::Unchanged, .. } if !verbose => {
                *self.lane(account_id) = Lane { said: now, since: now, ..Lane::default() };
                Some(None)
            }
            Event::Note { account_id, .. } if !verbose => {
                self.lane(account_id).said = now;
                Some(None)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use onboard_core::ErrorKind;

    use super::super::tests::{at, board};
    use super::*;

    fn begun(account: &str) -> Event {
        Event::AccountBegun { account_id: account.into() }
    }

    fn step(account: &str) -> Event {
        Event::StepBegun { account_id: account.into(), step: "claim", sentence: "claim the account".into() }
    }

    fn ended(account: &str, failure: Option<ErrorKind>) -> Event {
        let came_to = if failure.is_some() { "failed" } else { "imported" };
        Event::AccountEnded { account_id: account.into(), came_to, failure }
    }

    #[test]
    fn without_a_terminal_a_line_for_each_account_and_a_heartbeat() {
        let (mut board, screen) = board(false, Verbosity::Normal);
        board.event(&Event::FleetBegun { accounts: 3 }, at(0));
        for account in ["1", "2"] {
            board.event(&begun(account), at(0));
            board.event(&step(account), at(0));
        }
        assert_eq!(screen.text(), "");
        board.event(&ended("1", None), at(10));
        board.event(&ended("2", Some(ErrorKind::Denied)), at(20));
        assert_eq!(screen.text(), "1  imported\n2  failed (denied)\n");
        board.tick(at(29));
        assert_eq!(screen.text(), "");
        board.tick(at(30));
        let said = "2 of 3 accounts done, 0 in flight, 1 failed, 4.0 a minute, about 00:15 left\n";
        assert_eq!(screen.text(), said);
        board.event(&Event::FleetEnded, at(31));
        board.event(&step("9"), at(31));
        assert_eq!(screen.text(), "9  claim the account\n");
    }

    #[test]
    fn at_a_terminal_the_count_and_what_each_is_at() {
        let (mut board, screen) = board(true, Verbosity::Normal);
        board.event(&Event::FleetBegun { accounts: 30 }, at(0));
        for n in 0..20 {
            board.event(&begun(&n.to_string()), at(1));
            board.event(&step(&n.to_string()), at(1));
        }
        screen.text();
        board.tick(at(2));
        let picture = screen.text();
        let lines: Vec<&str> = picture.lines().collect();
        assert!(lines[0].ends_with("0 of 30 accounts done, 20 in flight, 0 failed"), "{picture}");
        assert_eq!(lines.len(), 14, "the count, twelve accounts, and how many more\n{picture}");
        assert_eq!(lines[13], "... and 8 more");
        board.event(&ended("0", None), at(3));
        assert!(screen.text().contains("0  imported\n"), "what it came to stays above");
        assert!(!board.lanes.contains_key("0"), "and nothing else of it");
        // Thousands of events a second are not thousands of pictures.
        for _ in 0..100 {
            board.event(&step("1"), at(3));
        }
        assert_eq!(screen.text(), "");
    }
}
