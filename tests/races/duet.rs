//! One schedule played: two runs at once, then a third that finishes, and a fourth that finds nothing to do.

use std::sync::Arc;
use std::time::Duration;

use onboard_sandbox::{Gate, ImportOutcome, Options, TurbotOptions};
use rustix::process::Pid;

use crate::final_state;
use crate::harness::{Finished, Running, World};
use crate::schedule::{Begins, Schedule};
use crate::stage::{OnStage, PATIENCE, Stage, Who};

/// A world with short times.
pub fn world(options: Options) -> World {
    let turbot = TurbotOptions { import_time: Duration::from_millis(100), ..options.turbot };
    let mut world = World::with(Options { turbot, ..options });
    for (option, time) in
        [("timeout", "3s"), ("settle", "7s"), ("lease", "4s"), ("propagation", "5s"), ("visibility", "3s")]
    {
        world.set(option, time);
    }
    world
}

/// Waits for the end of a run, for a bounded time.
pub fn end_of(running: Running, world: &World) -> Finished {
    running.finish_within(PATIENCE, world)
}

/// Starts a run whose output fits the pipes: nobody reads it until its end is waited for.
pub fn begin(world: &World, with: &str, more: &[&str]) -> Running {
    let account = ["--account-id", &world.account, "--turbot-id", &world.turbot_id];
    let words = ["apply", "--with", with, "--output", "json", "-vvv", "--yes"];
    world.start(world.command(&[&words[..], &account[..], more].concat()))
}

fn start(world: &World, words: &[&str], key: &(String, String), description: &str) -> Running {
    let mut arguments = words.to_vec();
    arguments.extend(["--account-id", &world.account, "--turbot-id", &world.turbot_id, "--description", description]);
    arguments.extend(["--output", "json", "-vvv", "--yes"]);
    let mut command = world.command(&arguments);
    command.env("AWS_ACCESS_KEY_ID", &key.0).env("AWS_SECRET_ACCESS_KEY", &key.1);
    world.start(command)
}

pub fn play(schedule: &Schedule) {
    let scene = &schedule.scene;
    let world = world(Options::default());
    (scene.prepare)(&world);
    let cloud = world.sandbox.cloud();
    cloud.set_consistency(schedule.consistency.clone());
    if let Some(fault) = &schedule.fault {
        world.sandbox.add_fault(fault.clone());
    }
    let keys = [(); 2].map(|()| {
        let key = cloud.add_key(&world.account, "admin");
        world.secrets.lock().unwrap().add(&key.secret_access_key);
        (key.access_key_id, key.secret_access_key)
    });
    let stage = Arc::new(Stage::new([(&keys[0].0, "of-a"), (&keys[1].0, "of-b")], &schedule.cues));
    world.sandbox.set_gate(Some(Arc::new(OnStage(Arc::clone(&stage))) as Arc<dyn Gate>));

    let enter = |who: Who| {
        let take_over: &[&str] = if schedule.take_over.contains(&who) { &["--take-over"] } else { &[] };
        let words = [scene.words, take_over].concat();
        let running = start(&world, &words, &keys[who as usize], if who == Who::A { "of-a" } else { "of-b" });
        stage.enters(who, Pid::from_child(&running.child));
        running
    };
    let leave = |who: Who, running: Running| {
        let finished = end_of(running, &world);
        stage.leaves(who);
        finished
    };
    let (a, b) = std::thread::scope(|scope| {
        let first = enter(Who::A);
        let first = scope.spawn(|| leave(Who::A, first));
        if schedule.begins == Begins::AfterCue {
            stage.await_cue(Who::A, || first.is_finished());
        }
        let second = enter(Who::B);
        let b = leave(Who::B, second);
        (first.join().unwrap(), b)
    });
    world.sandbox.set_gate(None);
    world.sandbox.clear_faults();
    let story = format!(
        "A {:?} ended with {}\n{}\nB {:?} ended with {}\n{}",
        stage.marks(Who::A),
        a.code,
        a.said(),
        stage.marks(Who::B),
        b.code,
        b.said()
    );
    assert!(schedule.cues.iter().any(|cue| stage.has_played(cue.who)), "no cue was played\n{story}");
    for (who, finished) in [(Who::A, &a), (Who::B, &b)] {
        // A refused import is told as such, whatever becomes of taking it back; so are a look and a call that the
        // sleep or the network cut off, and a look in which a run slept for longer than a call may take. Where reads
        // lag the other may have worked on a little, unseen: what it made too many or took away makes this one give up,
        // and take everything back.
        let kind = finished.account()["error"]["kind"].as_str().unwrap_or_default().to_owned();
        let truthful = match finished.code {
            0 | 6 => true,
            4 if kind == "aws-unavailable" && schedule.sleeps(who) => {
                finished.account()["steps"] == serde_json::json!([])
            }
            4 if schedule.reads_lag() => {
                let account = finished.account();
                let taken_back = account["undo_error"].is_null() && account["leftovers"] == serde_json::json!([]);
                taken_back && ["not-propagated", "quota"].contains(&kind.as_str())
            }
            4 => schedule.title.contains("on its way"),
            5 => kind == "turbot-unreachable" || (kind == "turbot-refused" && schedule.fault.is_some()),
            _ => false,
        };
        assert!(truthful, "{who:?} ended with {}: {:#}\n{story}", finished.code, finished.account());
        let said_imported = ["imported", "already-imported"].iter().any(|o| finished.account()["outcome"] == *o);
        assert_eq!(said_imported, finished.code == 0, "{who:?} does not say what it came to\n{story}");
        assert!(!said_imported || world.effective_imports() == 1, "{who:?} says that it is imported\n{story}");
    }
    let third = end_of(start(&world, scene.words, &keys[0], "of-a"), &world);
    let story = format!("{story}\nthen {}\n{}\n{}", third.code, third.stdout, third.said());
    assert_eq!(third.code, 0, "the run after them\n{story}");
    let from = world.sandbox.log().len();
    let fourth = end_of(start(&world, scene.words, &keys[0], "of-a"), &world);
    let story = format!("{story}\nat last {}\n{}", fourth.code, fourth.said());
    final_state::already_imported(&world, &fourth).unwrap_or_else(|why| panic!("{why}\n{story}"));
    let effects = world.effects_since(from);
    assert!(effects.is_empty(), "the last run changed something: {effects:?}\n{story}");
    (scene.state)(&world).unwrap_or_else(|why| panic!("{why}\n{story}"));
    // A credential that Turbot cannot use yet is refused, definitely, and offered again.
    let not_yet = |outcome: &ImportOutcome| matches!(outcome, ImportOutcome::Refused { status: 400, .. });
    let posts = world.sandbox.turbot().imports().iter().filter(|i| !not_yet(&i.outcome)).count();
    assert!(posts <= schedule.posts, "{posts} imports reached Turbot\n{story}");
}
