//! One case: a scenario, killed once or several times, run to its end and once more.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use onboard_sandbox::{Gate, Options, TurbotOptions};

use crate::cut::{Cut, Killer};
use crate::harness::{Finished, Running, World, shift};
use crate::scenario::Scenario;

/// How long a run may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(100);

/// A scenario and where it is cut; with several cuts, so many runs in a row are killed.
pub struct Case<'s> {
    pub scenario: &'s Scenario,
    pub cuts: Vec<Cut>,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, killed", self.scenario.name)?;
        self.cuts.iter().enumerate().try_for_each(|(n, cut)| write!(f, "{}{cut}", if n > 0 { ", then " } else { " " }))
    }
}

/// A world with short times and the scenario's scene set.
fn world(scenario: &Scenario) -> World {
    let turbot =
        TurbotOptions { delete: scenario.deletion, import_time: Duration::from_millis(60), ..TurbotOptions::default() };
    let mut world = World::with(Options { turbot, ..Options::default() });
    for (option, time) in
        [("timeout", "3s"), ("settle", "4s"), ("lease", "2s"), ("propagation", "2s"), ("visibility", "2s")]
    {
        world.set(option, time);
    }
    // The machine's clock is wrong by as much: what counts is AWS's.
    world.sandbox.cloud().set_clock_offset(scenario.clock.as_secs() * 1000);
    // The one file that holds a secret, where a scenario asks for it by name.
    world.secrets.lock().unwrap().allow_file(&world.path("handoff.json"));
    (scenario.prepare)(&world);
    world
}

/// Every cut point of a run that nothing disturbs. It ends as promised itself; where the machine was too slow for its
/// short times, it is run anew.
pub fn points_of_a_whole_run(scenario: &Scenario) -> Vec<Cut> {
    let mut tries = 3;
    loop {
        let world = world(scenario);
        let from = world.sandbox.log().len();
        let whole = finish(start(&world, scenario.first, SignedDuration::ZERO), &world);
        tries -= 1;
        if tries > 0 && whole.said().contains("out of date each time") {
            continue;
        }
        assert_eq!(whole.code, scenario.whole, "{}: {}\n{}", scenario.name, whole.stdout, whole.said());
        return Cut::all(world.calls_since(from).len());
    }
}

/// Starts a run on a machine whose clock is wrong by that much.
fn start(world: &World, words: &[&str], clock: SignedDuration) -> Running {
    let folder = world.folder().display().to_string();
    let words: Vec<String> = words.iter().map(|word| word.replace("{folder}", &folder)).collect();
    let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    arguments.extend(["--output", "json", "-vvv", "--yes"]);
    let of_one_account = words[0] != "import" && !words.contains(&"--plan".to_owned());
    if of_one_account {
        arguments.extend(["--account-id", &world.account, "--turbot-id", &world.turbot_id]);
    }
    let mut command = world.command(&arguments);
    shift(&mut command, clock.as_secs());
    world.start(command)
}

fn finish(running: Running, world: &World) -> Finished {
    running.finish_within(PATIENCE, world)
}

impl Case<'_> {
    /// Runs it; how often it was killed.
    pub fn run(&self) -> usize {
        let scenario = self.scenario;
        let world = world(scenario);
        let mut story = Vec::new();
        let mut kills = 0;
        for (n, cut) in self.cuts.iter().enumerate() {
            let (words, clock) = match n {
                0 => (scenario.first, SignedDuration::ZERO),
                _ => (scenario.later, scenario.later_clock),
            };
            let killer = Arc::new(Killer::at(*cut));
            world.sandbox.set_gate(Some(Arc::clone(&killer) as Arc<dyn Gate>));
            let running = start(&world, words, clock);
            killer.aim(running.child.id());
            let killed = finish(running, &world);
            world.sandbox.set_gate(None);
            kills += usize::from(killer.struck().is_some());
            story.push(match killer.struck() {
                Some(call) => format!("killed at {call}"),
                None => format!("not killed, ended with {}", killed.code),
            });
            self.times_are_aws_times(&world);
        }
        world.sandbox.clear_faults();
        let second = finish(start(&world, scenario.later, scenario.later_clock), &world);
        story.push(format!("then {} {}\n{}", second.code, second.stdout, second.said()));
        let story = |more: &str| format!("{}\n{more}", story.join("; "));
        (scenario.second)(&world, &second).unwrap_or_else(|why| panic!("the run after it: {why}\n{}", story("")));
        self.is_on_another_machine(&second);
        let from = world.sandbox.log().len();
        let third = finish(start(&world, scenario.later, scenario.later_clock), &world);
        let last = story(&format!("at last {} {}\n{}", third.code, third.stdout, third.said()));
        (scenario.third)(&world, &third).unwrap_or_else(|why| panic!("the last run: {why}\n{last}"));
        let effects = world.effects_since(from);
        assert!(effects.is_empty(), "the last run changed something: {effects:?}\n{last}");
        (scenario.state)(&world).unwrap_or_else(|why| panic!("{why}\n{last}"));
        kills
    }

    /// The clock of the later runs' machine is as wrong as the scenario has it: they say so themselves.
    fn is_on_another_machine(&self, run: &Finished) {
        if !self.scenario.later_clock.is_zero() {
            let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
            let begun: jiff::Timestamp = report["started_at"].as_str().unwrap().parse().unwrap();
            let wrong = begun.duration_since(jiff::Timestamp::now());
            assert!((wrong - self.scenario.later_clock).abs() < PATIENCE.try_into().unwrap(), "wrong by {wrong}");
        }
    }

    /// What stands in a journal is AWS's time, whatever the machine's clock says.
    fn times_are_aws_times(&self, world: &World) {
        let now = jiff::Timestamp::now() + self.scenario.clock;
        for policy in world.sandbox.cloud().policies(&world.account) {
            for (_, value) in policy.tags.iter().filter(|(key, _)| key == "turbot-onboard:claimed-at") {
                let at: jiff::Timestamp = value.parse().unwrap();
                let given_up = at == jiff::Timestamp::UNIX_EPOCH;
                let off = now.duration_since(at).abs();
                assert!(given_up || off < PATIENCE.try_into().unwrap(), "a journal says {value}, and it is {now}");
            }
        }
    }
}
