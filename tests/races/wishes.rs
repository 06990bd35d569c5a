//! The wish to stop, at every call of the verbs beside `apply`: what stands is named, and the same command goes on.

use onboard_sandbox::{Moment, Options};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::duet::{end_of, world};
use crate::final_state;
use crate::harness::{Finished, NAME, World};
use crate::signals::{Caller, sweep};

/// A verb, what it is given to do, and what must be so after it has ended at last.
#[derive(Clone, Copy)]
struct Wish {
    name: &'static str,
    prepare: fn(&World),
    words: &'static [&'static str],
    /// The verb once more.
    again: fn(&World) -> Finished,
    state: fn(&World) -> final_state::Checked,
}

fn nothing(_: &World) {}

fn bootstrapped(world: &World) {
    world.verb("bootstrap", &[]).exits(0);
}

fn bootstrapped_with_keys(world: &World) {
    world.verb("bootstrap", &["--with", "keys", "--handoff", "h.json"]).exits(0);
}

fn imported(world: &World) {
    world.verb("apply", &[]).exits(0);
}

/// The same command; what it says of an earlier run's end does not matter.
fn same(world: &World, words: &[&str]) -> Finished {
    end_of(world.start_verb(words[0], &words[1..]), world)
}

const CLEANUP: &[&str] = &["cleanup"];
const BOOTSTRAP: &[&str] = &["bootstrap"];
const BOOTSTRAP_KEYS: &[&str] = &["bootstrap", "--with", "keys", "--handoff", "h.json"];
const MAINTENANCE: &[&str] = &["maintenance set", "full"];

/// A hand-over that came about is for `import` to go on from; else the same command makes one.
fn then_imported(world: &World, words: &[&str]) -> Finished {
    if !world.path("h.json").exists() {
        same(world, words).exits(0);
    }
    end_of(world.start(world.command(&["import", "--handoff", "h.json", "--output", "json", "--yes"])), world)
}

const WISHES: [Wish; 5] = [
    Wish {
        name: "cleanup of a role",
        prepare: bootstrapped,
        words: CLEANUP,
        again: |world| same(world, CLEANUP),
        state: final_state::nothing_left,
    },
    Wish {
        name: "cleanup of a user",
        prepare: bootstrapped_with_keys,
        words: CLEANUP,
        again: |world| same(world, CLEANUP),
        state: final_state::nothing_left,
    },
    Wish {
        name: "bootstrap of a role",
        prepare: nothing,
        words: BOOTSTRAP,
        again: |world| {
            same(world, BOOTSTRAP).exits(0);
            same(world, &["apply"])
        },
        state: final_state::imported_clean,
    },
    Wish {
        name: "bootstrap of keys",
        prepare: nothing,
        words: BOOTSTRAP_KEYS,
        again: |world| {
            then_imported(world, BOOTSTRAP_KEYS).exits(0);
            same(world, &["apply", "--with", "keys"])
        },
        state: final_state::imported_clean,
    },
    Wish {
        name: "maintenance set",
        prepare: imported,
        words: MAINTENANCE,
        again: |world| same(world, MAINTENANCE),
        state: final_state::in_full_mode,
    },
];

fn prepared(wish: &Wish) -> World {
    let world = world(Options::default());
    world.secrets.lock().unwrap().allow_file(&world.path("h.json"));
    (wish.prepare)(&world);
    world
}

fn interrupted_at(wish: &Wish, nth: usize, moment: Moment, signal: Signal) {
    let world = prepared(wish);
    let caller = Caller::at(&world, nth, moment, signal);
    let first = caller.end_of(world.start_verb(wish.words[0], &wish.words[1..]), &world);
    let account = first.account();
    let story = format!("{account:#}\n{}", first.said());
    match first.code {
        // It was over before the wish could be heeded.
        0 => {}
        130 => {
            assert_eq!(account["outcome"], "interrupted", "{story}");
            assert!(account["error"]["hint"].as_str().is_some_and(|h| h.contains("run the same command")), "{story}");
            named(&world, &account["leftovers"], wish.words == MAINTENANCE, &story);
        }
        code => panic!("it ended with {code}\n{story}"),
    }
    let again = (wish.again)(&world);
    let story = format!("{story}\nthen {}\n{}\n{}", again.code, again.stdout, again.said());
    assert_eq!(again.code, 0, "{story}");
    (wish.state)(&world).unwrap_or_else(|why| panic!("{why}\n{story}"));
}

/// What stands of ours is named, and nothing else; the maintenance window is no matter of AWS, which is not looked at.
#[track_caller]
fn named(world: &World, leftovers: &Value, not_looked: bool, story: &str) {
    if not_looked {
        return assert_eq!((leftovers, world.left().len()), (&json!(null), 0), "{story}");
    }
    let mut left = world.left();
    let user = world.sandbox.cloud().user(&world.account, NAME);
    left.extend(user.into_iter().flat_map(|user| user.access_keys).map(|key| key.id));
    let mut named: Vec<&str> = leftovers.as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap()).collect();
    left.sort();
    named.sort_unstable();
    assert_eq!(named, left, "{story}");
}

#[test]
fn the_first_wish_is_heeded_at_every_call_of_the_other_verbs() {
    let mut cases = Vec::new();
    for wish in WISHES {
        let world = prepared(&wish);
        let from = world.sandbox.log().len();
        world.verb(wish.words[0], &wish.words[1..]).exits(0);
        for nth in 0..world.calls_since(from).len() {
            let signal = if nth % 2 == 0 { Signal::INT } else { Signal::TERM };
            cases.extend([Moment::Before, Moment::AfterEffect].map(|moment| (wish, nth, moment, signal)));
        }
    }
    sweep(cases, 13, |(wish, nth, moment, signal)| {
        let name = format!("{signal:?} {moment:?} call {nth} of {}", wish.name);
        (name, Box::new(move || interrupted_at(&wish, nth, moment, signal)))
    });
}
