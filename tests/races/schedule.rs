//! The schedules, as data: who does what when, in which scene.

use onboard_sandbox::{Consistency, Fault, Moment, What};
use std::time::Duration;

use crate::final_state::{self as state, Checked};
use crate::harness::{NAME, World};
use crate::stage::{Act, Cue, Mark, Until, Who};

/// What both runs do, and what must be so when both are done and a third has run.
#[derive(Clone, Copy)]
pub struct Scene {
    pub name: &'static str,
    pub words: &'static [&'static str],
    pub prepare: fn(&World),
    pub state: fn(&World) -> Checked,
    /// The marks that a run in this scene passes.
    pub marks: &'static [Mark],
}

/// When the second run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    AtOnce,
    /// When the first run's cue was played.
    AfterCue,
}

pub struct Schedule {
    pub scene: Scene,
    pub title: String,
    pub cues: Vec<Cue>,
    pub begins: Begins,
    pub consistency: Consistency,
    /// A fault that the first import meets.
    pub fault: Option<Fault>,
    /// Who is told to take over: no lease is waited out.
    pub take_over: &'static [Who],
    /// How many imports may reach Turbot at most.
    pub posts: usize,
    /// Whether it belongs to the short run whatever the sample.
    pub always: bool,
}

impl Schedule {
    pub fn name(&self) -> String {
        format!("{}: {}", self.scene.name, self.title)
    }

    /// Whether reads lag behind writes.
    pub fn reads_lag(&self) -> bool {
        self.title.contains(", reads ")
    }

    /// Whether this run's machine is suspended in it.
    pub fn sleeps(&self, who: Who) -> bool {
        self.cues.iter().any(|cue| cue.who == who && cue.act == Act::Sleep)
    }
}

const OWNERS_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

const ROLE: Scene = Scene {
    name: "role",
    words: &["apply", "--with", "role"],
    prepare: |_| {},
    state: state::imported_clean,
    marks: &[
        Mark::Claim,
        Mark::Content,
        Mark::Create,
        Mark::Attach,
        Mark::Intent,
        Mark::Confirm,
        Mark::Post,
        Mark::Accepted,
        Mark::Release,
    ],
};

const KEYS: Scene = Scene {
    name: "keys",
    words: &["apply", "--with", "keys"],
    marks: &[
        Mark::Claim,
        Mark::Content,
        Mark::Create,
        Mark::Attach,
        Mark::Key,
        Mark::Intent,
        Mark::Confirm,
        Mark::Post,
        Mark::Accepted,
        Mark::Release,
    ],
    ..ROLE
};

const KEPT_ROLE: Scene = Scene {
    name: "kept role that stood",
    words: &["apply", "--with", "role", "--delete-credential", "false"],
    prepare: a_role_that_stood,
    state: state::role_in_use,
    marks: &[
        Mark::Claim,
        Mark::Content,
        Mark::Trust,
        Mark::Attach,
        Mark::Intent,
        Mark::Confirm,
        Mark::Post,
        Mark::Accepted,
        Mark::Release,
    ],
};

const NEW_KEPT_ROLE: Scene = Scene { name: "new role that is kept", prepare: |_| {}, marks: ROLE.marks, ..KEPT_ROLE };

const NEW_KEPT_KEYS: Scene = Scene {
    name: "new key that is kept",
    words: &["apply", "--with", "keys", "--delete-credential", "false"],
    prepare: |_| {},
    state: state::key_in_use,
    marks: KEYS.marks,
};

const ADOPTED_KEYS: Scene = Scene {
    name: "adopted user",
    words: &["apply", "--with", "keys", "--adopt"],
    prepare: somebodys_user,
    state: state::key_in_use,
    marks: &[
        Mark::Claim,
        Mark::Content,
        Mark::Attach,
        Mark::Key,
        Mark::Intent,
        Mark::Confirm,
        Mark::Post,
        Mark::Accepted,
        Mark::Release,
    ],
};

/// A run was killed in the middle: its journal stands, and the role or the user with a key whose secret is lost.
const ABANDONED_ROLE: Scene = Scene {
    name: "abandoned role that is kept",
    prepare: |world| abandon(world, "role", "iam:AttachRolePolicy"),
    marks: &[Mark::Claim, Mark::Content, Mark::Inherit, Mark::Intent, Mark::Post, Mark::Release],
    ..KEPT_ROLE
};

const ABANDONED_KEYS: Scene = Scene {
    name: "abandoned key, a new one is kept",
    prepare: |world| abandon(world, "keys", "iam:CreateAccessKey"),
    marks: &[Mark::Claim, Mark::Content, Mark::Inherit, Mark::Undo, Mark::Key, Mark::Post, Mark::Release],
    ..NEW_KEPT_KEYS
};

fn abandon(world: &World, with: &str, call: &str) {
    let held = world.script().hold(call, Moment::AfterEffect, 1);
    let running = crate::duet::begin(world, with, &["--delete-credential", "false"]);
    held.reached();
    running.kill(world);
    held.release();
}

fn a_role_that_stood(world: &World) {
    let cloud = world.sandbox.cloud();
    cloud.create_role_unchecked(&world.account, NAME, "/", OWNERS_TRUST, &[]).unwrap();
    let tags = [("turbot-id", "aab"), ("cluster", "urn:turbot:mhe"), ("version", "1")];
    cloud.edit_role(&world.account, NAME, |role| {
        role.tags = tags.map(|(key, value)| (format!("turbot-onboard:{key}"), value.to_owned())).to_vec();
    });
}

fn somebodys_user(world: &World) {
    let cloud = world.sandbox.cloud();
    cloud.create_user_unchecked(&world.account, NAME, "/", &[]);
    let key = cloud.add_key(&world.account, NAME);
    world.secrets.lock().unwrap().add(&key.secret_access_key);
    std::fs::write(world.path("prior-keys"), key.access_key_id).unwrap();
}

/// Reads that lag behind writes: by time, and by their number.
fn stale() -> [(&'static str, Consistency); 3] {
    let lag = Duration::from_millis(150);
    [
        ("", Consistency::default()),
        (
            ", reads late",
            Consistency {
                policy_visible: lag,
                role_visible: lag,
                user_visible: lag,
                stale_reads: lag,
                ..Consistency::default()
            },
        ),
        (", reads stale", Consistency { invisible_reads: 2, ..Consistency::default() }),
    ]
}

/// The same where the other run wakes the sleeper: what a read may be late by is over long before most of its calls.
fn stale_for(until: Until) -> impl Iterator<Item = (&'static str, Consistency)> {
    let soon = matches!(until, Until::Ends(_) | Until::Reaches(_, Mark::Claim | Mark::Content | Mark::Inherit));
    stale().into_iter().filter(move |(words, _)| soon || words.is_empty())
}

pub fn all() -> Vec<Schedule> {
    let mut all = Vec::new();
    for scene in [ROLE, KEYS, KEPT_ROLE, NEW_KEPT_ROLE, NEW_KEPT_KEYS, ADOPTED_KEYS] {
        all.extend(old_looks(scene));
        all.extend(sleepers(scene));
        all.extend(at_the_same_call(scene));
    }
    for scene in [ABANDONED_ROLE, ABANDONED_KEYS] {
        all.extend(old_looks(scene));
        all.extend(sleepers(scene));
        all.extend(at_the_same_call(scene));
        all.extend(take_overs_at_once(scene));
    }
    for scene in [ROLE, KEYS] {
        all.extend(taken_over_alive(scene));
        all.extend(sleep_in_undo(scene));
        all.extend(slow_network(scene));
    }
    all
}

fn schedule(scene: Scene, title: String, cues: Vec<Cue>, begins: Begins, consistency: Consistency) -> Schedule {
    Schedule { scene, title, cues, begins, consistency, fault: None, take_over: &[], posts: 1, always: false }
}

/// One run looks, and acts on what it saw when the other has come so far, or has ended.
fn old_looks(scene: Scene) -> Vec<Schedule> {
    let reached = scene.marks.iter().map(|mark| Until::Reaches(Who::A, *mark)).chain([Until::Ends(Who::A)]);
    let mut all = Vec::new();
    for until in reached {
        for (words, consistency) in stale() {
            let title = format!("B goes on from an old look when {until:?}{words}");
            let cue = Cue { who: Who::B, mark: Mark::Look, moment: Moment::AfterEffect, act: Act::Sleep, until };
            let mut schedule = schedule(scene, title, vec![cue], Begins::AtOnce, consistency);
            schedule.always = until == Until::Ends(Who::A) && words.is_empty();
            all.push(schedule);
        }
    }
    all
}

/// One run sleeps past its lease at each of its calls; the other takes over, and at each of its own the first wakes.
fn sleepers(scene: Scene) -> Vec<Schedule> {
    let mut all = Vec::new();
    for mark in scene.marks {
        let wakes = scene.marks.iter().map(|other| Until::Reaches(Who::B, *other)).chain([Until::Ends(Who::B)]);
        for until in wakes {
            for (words, consistency) in stale_for(until) {
                let title = format!("A sleeps at {mark:?} until {until:?}{words}");
                let cue = Cue { who: Who::A, mark: *mark, moment: Moment::AfterEffect, act: Act::Sleep, until };
                let mut schedule = schedule(scene, title, vec![cue], Begins::AfterCue, consistency);
                schedule.always =
                    scene.name == "role" && *mark == Mark::Confirm && until == Until::Ends(Who::B) && words.is_empty();
                all.push(schedule);
            }
        }
    }
    all
}

/// Both come to the same call at once, and either is let go first.
fn at_the_same_call(scene: Scene) -> Vec<Schedule> {
    let mut all = Vec::new();
    for (first, second) in [(Who::A, Who::B), (Who::B, Who::A)] {
        for (words, consistency) in stale() {
            let barrier = |who, other, mark, until| Cue {
                who,
                mark,
                moment: Moment::Before,
                act: Act::Hold,
                until: if until { Until::Reaches(other, Mark::Content) } else { Until::Reaches(other, mark) },
            };
            // The second is let go when the first has written what it is about.
            let cues = vec![barrier(first, second, Mark::Claim, false), barrier(second, first, Mark::Claim, true)];
            let title = format!("both claim at once, {first:?} first{words}");
            all.push(schedule(scene, title, cues, Begins::AtOnce, consistency));
        }
    }
    all
}

/// A run that is alive, and only slow, is taken over by somebody who believes it dead.
fn taken_over_alive(scene: Scene) -> Vec<Schedule> {
    let mut all = sleepers(scene);
    for schedule in &mut all {
        schedule.title = format!("{}, B told to take over", schedule.title);
        schedule.take_over = &[Who::B];
        schedule.always = false;
    }
    all
}

/// Both are told to take over what a third one left.
fn take_overs_at_once(scene: Scene) -> Vec<Schedule> {
    let mut all = at_the_same_call(scene);
    for schedule in &mut all {
        schedule.title = format!("{}, each told to take over", schedule.title);
        schedule.take_over = &[Who::A, Who::B];
    }
    all
}

/// Turbot refuses the first run's import; it sleeps while it takes back what it made.
fn sleep_in_undo(scene: Scene) -> Vec<Schedule> {
    let wakes = scene.marks.iter().map(|mark| Until::Reaches(Who::B, *mark)).chain([Until::Ends(Who::B)]);
    let mut all = Vec::new();
    for mark in [Mark::Undo, Mark::Release] {
        for until in wakes.clone() {
            for (stale, consistency) in stale_for(until) {
                for (words, take_over) in [("", &[][..]), (", B told to take over", &[Who::B][..])] {
                    let title = format!("A sleeps in undo at {mark:?} until {until:?}{stale}{words}");
                    let cue = Cue { who: Who::A, mark, moment: Moment::AfterEffect, act: Act::Sleep, until };
                    let mut schedule = schedule(scene, title, vec![cue], Begins::AfterCue, consistency.clone());
                    let body = r#"{"error":{"code":422,"message":"no"}}"#.to_owned();
                    schedule.fault = Some(Fault::new("turbot:POST /accounts", What::Status { code: 422, body }));
                    schedule.posts = 2;
                    schedule.take_over = take_over;
                    all.push(schedule);
                }
            }
        }
    }
    all
}

/// A write of the claim itself is on its way while the other run takes over.
fn slow_network(scene: Scene) -> Vec<Schedule> {
    let mut all = Vec::new();
    for mark in [Mark::Claim, Mark::Content, Mark::Intent, Mark::Confirm, Mark::Accepted] {
        for until in [Until::Reaches(Who::B, Mark::Content), Until::Ends(Who::B)] {
            for (words, consistency) in stale_for(until) {
                let title = format!("A's {mark:?} is on its way until {until:?}{words}");
                let cue = Cue { who: Who::A, mark, moment: Moment::Before, act: Act::Hold, until };
                let mut schedule = schedule(scene, title, vec![cue], Begins::AfterCue, consistency);
                schedule.always = mark == Mark::Intent && until == Until::Ends(Who::B) && words.is_empty();
                all.push(schedule);
            }
        }
    }
    all
}
