//! The stage: a gate that knows which of two runs makes a call, how far each has come, and what is to happen there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use onboard_sandbox::{CallInfo, Gate, Moment};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

/// How long something is waited for on a machine that has much else to do.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// One of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    A,
    B,
}

/// How far a run has come: the calls whose order matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The list of journals, first.
    Look,
    /// Creating the journal object.
    Claim,
    /// Removing the journal that was taken over.
    Inherit,
    /// Writing what the claim is about.
    Content,
    /// Creating the role or user.
    Create,
    /// Changing a trust policy that stands.
    Trust,
    /// Attaching the policy.
    Attach,
    /// Creating the access key.
    Key,
    /// Writing the intent.
    Intent,
    /// Finding the claim to be ours, after the intent.
    Confirm,
    /// The import.
    Post,
    /// Writing that it was accepted.
    Accepted,
    /// Taking off or deleting what was made.
    Undo,
    /// Deleting the journal object.
    Release,
}

/// What a cue waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The run comes to a mark, or ends.
    Reaches(Who, Mark),
    /// The run ends.
    Ends(Who),
}

/// What happens to a run at a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The call is held: the network is slow.
    Hold,
    /// The process sleeps: its machine was suspended. What it sent is carried out, the answer waits for it.
    Sleep,
}

/// One direction of a schedule.
#[derive(Clone, Copy, Debug)]
pub struct Cue {
    pub who: Who,
    pub mark: Mark,
    pub moment: Moment,
    pub act: Act,
    pub until: Until,
}

#[derive(Default)]
struct Player {
    key: String,
    description: String,
    pid: Option<Pid>,
    looked: bool,
    intends: bool,
    confirmed: bool,
    undoing: bool,
    ended: bool,
    marks: Vec<Mark>,
}

pub struct Stage {
    players: Mutex<[Player; 2]>,
    cues: Mutex<Vec<Cue>>,
    /// Counts whatever happened, so that who waits looks again.
    news: watch::Sender<u64>,
    /// The cues that were played.
    played: Mutex<Vec<Cue>>,
}

impl Stage {
    /// A run is known by its access key, and where it calls Turbot by its description.
    pub fn new(players: [(&str, &str); 2], cues: &[Cue]) -> Self {
        let players = players.map(|(key, description)| Player {
            key: key.to_owned(),
            description: description.to_owned(),
            ..Player::default()
        });
        Self {
            players: Mutex::new(players),
            cues: Mutex::new(cues.to_vec()),
            news: watch::Sender::new(0),
            played: Mutex::default(),
        }
    }

    pub fn enters(&self, who: Who, pid: Pid) {
        self.players.lock().unwrap()[who as usize].pid = Some(pid);
        self.news.send_modify(|n| *n += 1);
    }

    pub fn leaves(&self, who: Who) {
        let mut players = self.players.lock().unwrap();
        players[who as usize].ended = true;
        players[who as usize].pid = None;
        self.news.send_modify(|n| *n += 1);
    }

    /// How far a run came.
    pub fn marks(&self, who: Who) -> Vec<Mark> {
        self.players.lock().unwrap()[who as usize].marks.clone()
    }

    pub fn has_played(&self, who: Who) -> bool {
        self.played.lock().unwrap().iter().any(|cue| cue.who == who)
    }

    /// Waits until a cue of this run was played, or the run has ended.
    pub fn await_cue(&self, who: Who, has_ended: impl Fn() -> bool) {
        let begun = Instant::now();
        while !self.has_played(who) && !has_ended() {
            assert!(begun.elapsed() < PATIENCE, "the cue of {who:?} never came: {:?}", self.marks(who));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_so(&self, until: Until) -> bool {
        let players = self.players.lock().unwrap();
        match until {
            Until::Reaches(who, mark) => players[who as usize].marks.contains(&mark) || players[who as usize].ended,
            Until::Ends(who) => players[who as usize].ended,
        }
    }

    async fn until(&self, until: Until) {
        let mut news = self.news.subscribe();
        let so = async {
            while !self.is_so(until) {
                if news.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(PATIENCE, so).await;
    }

    fn pid(&self, who: Who) -> Option<Pid> {
        self.players.lock().unwrap()[who as usize].pid
    }

    /// Whose call it is, and which mark. A mark is noted when its call arrives.
    fn recognize(&self, call: &CallInfo, arrives: bool) -> Option<(Who, Mark)> {
        let mut players = self.players.lock().unwrap();
        let says = |text: &str| call.params.iter().any(|(_, value)| value == text);
        let who = [Who::A, Who::B].into_iter().find(|who| {
            let player = &players[*who as usize];
            call.access_key_id.as_ref() == Some(&player.key) || (call.service == "turbot" && says(&player.description))
        })?;
        let player = &mut players[who as usize];
        let mark = match call.name.as_str() {
            "iam:ListPolicies" if !player.looked || (!arrives && player.marks == [Mark::Look]) => {
                player.looked = true;
                Mark::Look
            }
            "iam:ListPolicies" if player.intends && (!player.confirmed || !arrives) => {
                player.confirmed = true;
                Mark::Confirm
            }
            "iam:CreatePolicy" => Mark::Claim,
            "iam:TagPolicy" if says("turbot-onboard:import-requested") => {
                player.intends = true;
                Mark::Intent
            }
            "iam:TagPolicy" if says("turbot-onboard:import-accepted") => Mark::Accepted,
            "iam:TagPolicy" if says("turbot-onboard:name") => Mark::Content,
            "iam:CreateRole" | "iam:CreateUser" => Mark::Create,
            "iam:UpdateAssumeRolePolicy" => Mark::Trust,
            "iam:AttachRolePolicy" | "iam:AttachUserPolicy" => Mark::Attach,
            "iam:CreateAccessKey" => Mark::Key,
            "turbot:POST /accounts" => Mark::Post,
            "iam:DeletePolicy" if player.intends || player.undoing => Mark::Release,
            "iam:DeletePolicy" => Mark::Inherit,
            "iam:DetachRolePolicy"
            | "iam:DetachUserPolicy"
            | "iam:DeleteRole"
            | "iam:DeleteUser"
            | "iam:UpdateAccessKey"
            | "iam:DeleteAccessKey" => {
                player.undoing = true;
                Mark::Undo
            }
            _ => return None,
        };
        if arrives {
            player.marks.push(mark);
            drop(players);
            self.news.send_modify(|n| *n += 1);
        }
        Some((who, mark))
    }

    fn cue(&self, who: Who, mark: Mark, moment: Moment) -> Option<Cue> {
        let mut cues = self.cues.lock().unwrap();
        let n = cues.iter().position(|c| (c.who, c.mark, c.moment) == (who, mark, moment))?;
        Some(cues.remove(n))
    }
}

/// A gate that shares the stage.
pub struct OnStage(pub std::sync::Arc<Stage>);

impl Gate for OnStage {
    fn at<'a>(&'a self, call: &'a CallInfo, moment: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let stage = &self.0;
            let Some((who, mark)) = stage.recognize(call, moment == Moment::Before) else { return };
            let Some(cue) = stage.cue(who, mark, moment) else { return };
            stage.played.lock().unwrap().push(cue);
            match cue.act {
                Act::Hold => stage.until(cue.until).await,
                Act::Sleep => {
                    let Some(pid) = stage.pid(who) else { return };
                    let _ = kill_process(pid, Signal::STOP);
                    let stage = std::sync::Arc::clone(stage);
                    tokio::spawn(async move {
                        stage.until(cue.until).await;
                        // If it has ended the id is nobody's until the test has waited for it.
                        if let Some(pid) = stage.pid(who) {
                            let _ = kill_process(pid, Signal::CONT);
                        }
                    });
                }
            }
        })
    }
}
