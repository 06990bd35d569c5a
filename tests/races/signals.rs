//! Ctrl-C, once and twice, SIGTERM, and a pipe that nobody reads any more.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use onboard_sandbox::{CallInfo, Fault, Gate, Moment, Options, What};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::duet::{begin, end_of, world};
use crate::final_state;
use crate::harness::{Finished, Running, World};
use crate::{said, side_by_side};

/// Sends a signal at a moment of the n-th call.
pub struct Caller {
    nth: usize,
    moment: Moment,
    signal: Signal,
    seen: AtomicUsize,
    pid: AtomicI32,
    /// Whether that call is the import: it is on its way, whatever becomes of it.
    is_import: AtomicBool,
}

impl Caller {
    /// From now on calls are counted.
    pub fn at(world: &World, nth: usize, moment: Moment, signal: Signal) -> Arc<Self> {
        let (seen, pid, is_import) = (AtomicUsize::new(0), AtomicI32::new(0), AtomicBool::new(false));
        let caller = Arc::new(Self { nth, moment, signal, seen, pid, is_import });
        world.sandbox.set_gate(Some(Arc::clone(&caller) as Arc<dyn Gate>));
        caller
    }

    /// The run that gets the signal is waited for.
    pub fn end_of(&self, running: Running, world: &World) -> Finished {
        self.pid.store(i32::try_from(running.child.id()).unwrap(), Ordering::SeqCst);
        let finished = end_of(running, world);
        world.sandbox.set_gate(None);
        finished
    }
}

impl Gate for Caller {
    fn at<'a>(&'a self, call: &'a CallInfo, moment: Moment) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            if moment == self.moment && self.seen.fetch_add(1, Ordering::SeqCst) == self.nth {
                while self.pid.load(Ordering::SeqCst) == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                self.is_import.store(call.name == "turbot:POST /accounts", Ordering::SeqCst);
                let pid = Pid::from_raw(self.pid.load(Ordering::SeqCst)).unwrap();
                let _ = kill_process(pid, self.signal);
                // The wish arrives before the answer.
                tokio::time::sleep(std::time::Duration::from_millis(60)).await;
            }
        })
    }
}

fn interrupted_at(with: &'static str, nth: usize, moment: Moment, signal: Signal) {
    let world = world(Options::default());
    let caller = Caller::at(&world, nth, moment, signal);
    let first = caller.end_of(begin(&world, with, &[]), &world);
    let account = first.account();
    let story = format!("{:#}\n{}", account, first.said());
    // A run that hears of the wish late, on a slow machine, may have cut off a request that the sandbox never heard of.
    let begun = account["import"]["requests"] != json!(0);
    let sent = begun || caller.is_import.load(Ordering::SeqCst) || !world.sandbox.turbot().imports().is_empty();
    match first.code {
        // It was over before the wish could be heeded.
        0 => assert_eq!(world.effective_imports(), 1, "{story}"),
        130 => {
            assert_eq!(account["outcome"], "interrupted", "{story}");
            assert!(account["error"]["hint"].as_str().is_some_and(|h| h.contains("run the same command")), "{story}");
            let left = world.left();
            if !sent {
                assert_eq!(left, Vec::<String>::new(), "nothing was sent, so all is taken back\n{story}");
                assert_eq!(account["leftovers"], json!([]), "{story}");
            } else {
                // What stands is named, and nothing else.
                let named: Vec<&str> =
                    account["leftovers"].as_array().unwrap().iter().filter_map(|l| l["id"].as_str()).collect();
                assert!(left.iter().all(|arn| named.contains(&arn.as_str())), "left {left:?}\n{story}");
            }
            let in_flight = account["import"]["state"] == "in-flight";
            assert!(!in_flight || account["error"]["message"].as_str().unwrap().contains("in flight"), "{story}");
        }
        code => panic!("it ended with {code}\n{story}"),
    }
    let run = |world: &World| end_of(begin(world, with, &[]), world);
    let second = run(&world);
    let story = format!("{story}\nthen {}\n{}\n{}", second.code, second.stdout, second.said());
    final_state::imported_now_or_before(&world, &second).unwrap_or_else(|why| panic!("{why}\n{story}"));
    let from = world.sandbox.log().len();
    final_state::already_imported(&world, &run(&world)).unwrap_or_else(|why| panic!("{why}\n{story}"));
    assert_eq!(world.effects_since(from), Vec::<String>::new(), "{story}");
    final_state::imported_clean(&world).unwrap_or_else(|why| panic!("{why}\n{story}"));
}

#[test]
fn the_first_wish_is_heeded_at_every_call() {
    let mut cases = Vec::new();
    for with in ["role", "keys"] {
        let world = world(Options::default());
        world.verb("apply", &["--with", with]).exits(0);
        let calls = world.calls_since(0).len();
        for nth in 0..calls {
            for moment in [Moment::Before, Moment::AfterEffect] {
                let signal = if nth % 2 == 0 { Signal::INT } else { Signal::TERM };
                cases.push((with, nth, moment, signal));
            }
        }
    }
    sweep(cases, 11, |(with, nth, moment, signal)| {
        let name = format!("{signal:?} {moment:?} call {nth} with {with}");
        (name, Box::new(move || interrupted_at(with, nth, moment, signal)))
    });
}

/// Plays every so many-th case, or all of them; `play` says what a case is called and how it goes.
pub fn sweep<C: Clone + Sync>(
    mut cases: Vec<C>,
    stride: usize,
    play: impl Fn(C) -> (String, Box<dyn Fn() + std::panic::UnwindSafe>) + Sync,
) {
    let known = cases.len();
    if std::env::var_os("RACE_ALL").is_none() {
        cases = cases.into_iter().step_by(stride).collect();
    }
    let failures = Mutex::new(Vec::new());
    side_by_side(&cases, 6, |case| {
        let (name, played) = play(case.clone());
        if let Err(panic) = std::panic::catch_unwind(played) {
            failures.lock().unwrap().push(format!("{name}:\n{}", said(panic.as_ref())));
        }
    });
    let failures = failures.into_inner().unwrap();
    println!("signals: {} of {known} points; {} failed", cases.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Starts a run, holds it at a call, and sends it two signals.
fn left_at_once(call: &'static str, expected: &str) {
    let world = world(Options::default());
    let held = world.script().hold(call, Moment::Before, 1);
    let running = begin(&world, "role", &[]);
    held.reached();
    running.signal(Signal::INT);
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal(Signal::INT);
    let finished = end_of(running, &world);
    held.release();
    assert_eq!(finished.code, 130, "{}", finished.said());
    assert!(finished.said().contains(expected), "{}", finished.said());
    let second = end_of(begin(&world, "role", &[]), &world);
    assert_eq!(second.code, 0, "{}\n{}", second.stdout, second.said());
    final_state::imported_clean(&world).unwrap();
}

#[test]
fn the_second_leaves_at_once_and_says_how_to_go_on() {
    left_at_once("iam:CreateRole", "Run the same command again");
}

/// Interrupts a run that Turbot has the import of and has not answered: it says so.
fn stopped_in_flight(world: &World, begin: impl FnOnce() -> Running) -> Value {
    let held = world.script().hold("turbot:POST /accounts", Moment::AfterEffect, 1);
    let running = begin();
    held.reached();
    running.signal(Signal::INT);
    let finished = end_of(running, world);
    held.release();
    let account = finished.exits(130).account();
    assert_eq!(account["import"], json!({"requests": 1, "state": "in-flight"}), "{account:#}");
    assert!(account["error"]["message"].as_str().unwrap().contains("in flight"), "{account:#}");
    account
}

#[test]
fn a_wish_while_the_import_is_awaited_names_it_as_in_flight() {
    let world = world(Options::default());
    let account = stopped_in_flight(&world, || begin(&world, "role", &[]));
    let kinds: Vec<_> = account["leftovers"].as_array().unwrap().iter().map(|l| l["kind"].clone()).collect();
    assert!(kinds.contains(&json!("journal")), "{account:#}");
    let second = end_of(begin(&world, "role", &[]), &world);
    assert_eq!(second.code, 0, "{}\n{}", second.stdout, second.said());
    final_state::imported_clean(&world).unwrap();
}

#[test]
fn a_wish_while_the_import_of_a_hand_off_is_awaited_names_it_as_well() {
    let world = world(Options::default());
    world.verb("bootstrap", &["--handoff", "h.json"]).exits(0);
    let import = ["import", "--handoff", "h.json", "--output", "json", "--yes"];
    let account = stopped_in_flight(&world, || world.start(world.command(&import)));
    assert!(account["error"]["hint"].as_str().unwrap().contains("waits for the import to settle"), "{account:#}");
    let second = end_of(world.start(world.command(&import)), &world);
    assert_eq!((second.code, world.effective_imports()), (0, 1), "{}\n{}", second.stdout, second.said());
}

#[test]
fn a_pipe_that_nobody_reads_changes_no_code() {
    let world = world(Options::default());
    for (closed_out, closed_err) in [(true, false), (false, true), (true, true)] {
        let arguments = ["apply", "--account-id", &world.account, "--turbot-id", &world.turbot_id, "--yes", "-v"];
        let mut command = world.command(&arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        if closed_out {
            command.stdout(writer.try_clone().unwrap());
        }
        if closed_err {
            command.stderr(Stdio::from(writer.try_clone().unwrap()));
        }
        let running = world.start(command);
        drop((reader, writer));
        let finished = end_of(running, &world);
        assert_eq!(finished.code, 0, "{}\n{}", finished.stdout, finished.stderr);
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    }
    assert_eq!(world.effective_imports(), 1);
}

#[test]
fn a_refused_import_is_taken_back_although_somebody_wishes_to_stop() {
    let world = world(Options::default());
    let body = r#"{"error":{"code":422,"message":"no"}}"#.to_owned();
    world.sandbox.add_fault(Fault::new("turbot:POST /accounts", What::Status { code: 422, body }));
    let held = world.script().hold("iam:DetachRolePolicy", Moment::Before, 1);
    let running = begin(&world, "role", &[]);
    held.reached();
    running.signal(Signal::INT);
    std::thread::sleep(std::time::Duration::from_millis(200));
    held.release();
    let finished = end_of(running, &world);
    assert!([5, 130].contains(&finished.code), "{}", finished.said());
    assert_eq!(world.left(), Vec::<String>::new(), "{}", finished.said());
}
