//! One cell of the matrix: a run with a fault, what it came to, and twice the same command again without the fault.

use onboard_sandbox::{CallRecord, Cloud, Options};
use serde_json::{Value, json};

use crate::class::Class;
use crate::harness::World;
use crate::mode::{Chapter, Mode};
use crate::outcomes::{End, LOST_AFTER, LOST_BEFORE, rule_of};
use crate::point::{Point, Purpose};
use crate::seen::{Seen, judge};

/// One cell.
#[derive(Clone)]
pub struct Cell {
    pub mode: &'static Mode,
    pub point: Point,
    pub class: Class,
    pub lasting: bool,
}

impl Cell {
    /// Whether AWS never shows what stands: then it cannot be named either.
    fn hides(&self) -> bool {
        self.lasting && self.class == Class::NotVisible && !self.point.is_turbot()
    }

    pub fn name(&self) -> String {
        let Self { mode, point, class, lasting } = self;
        let span = if *lasting { "for ever" } else { "once" };
        format!("{}: {} #{} ({:?}): {class:?} {span}", mode.name, point.call, point.nth, point.purpose)
    }
}

/// A world with neighbours that nothing may touch.
pub fn world(change: impl FnOnce(&mut Options)) -> World {
    let mut options = Options::default();
    change(&mut options);
    let mut world = World::with(options);
    for (name, value) in
        [("TIMEOUT", "2s"), ("SETTLE", "3s"), ("LEASE", "60s"), ("PROPAGATION", "5s"), ("VISIBILITY", "2s")]
    {
        world.environment.insert(format!("TURBOT_ONBOARD_{name}"), value.to_owned());
    }
    let cloud = world.sandbox.cloud();
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    cloud.create_role_unchecked(&world.account, "turbot-onboard-other", "/", trust, &[administrator]).unwrap();
    cloud.create_user_unchecked(&world.account, "turbot-onboard-other", "/turbot-onboard/", &[administrator]);
    cloud.add_key(&world.account, "turbot-onboard-other");
    cloud.create_policy_unchecked(&world.account, "turbot-onboard-1-other", "/turbot-onboard/", deny, &[]);
    world
}

/// The account without what is ours or Turbot's.
pub fn others(cloud: &Cloud, account: &str) -> Value {
    let mut all = cloud.snapshot(account);
    let ours = |name: &String| name == crate::harness::NAME || name == "turbot_superuser";
    for kind in ["roles", "users"] {
        all[kind].as_object_mut().unwrap().retain(|name, _| !ours(name));
    }
    all["policies"].as_object_mut().unwrap().retain(|name, _| !is_journal(name));
    let user = json!(crate::harness::NAME);
    all["access-keys"].as_object_mut().unwrap().retain(|_, key| key["user"] != user);
    all
}

pub fn is_journal(name: &str) -> bool {
    name.strip_prefix("turbot-onboard-").is_some_and(|rest| rest.parse::<u32>().is_ok())
}

/// Where the fault struck, and what must come of it.
///
/// How many reads a wait takes is a matter of time: the n-th read of this run may be for something else than that of the
/// whole run which the cells are of. It is held to the rule of what it was for.
fn expected(cell: &Cell, world: &World, calls: &[CallRecord]) -> Result<(Point, End), String> {
    let struck = calls.iter().position(|call| call.fault.is_some()).ok_or(format!("{}: never struck", cell.name()))?;
    let mut point = cell.point.clone();
    let of_this_run = cell.mode.purposes(world, calls)[struck].purpose;
    let of_this_run = Point { purpose: of_this_run, ..point.clone() };
    if point.purpose.is_of_a_wait()
        && of_this_run.purpose.is_of_a_wait()
        && rule_of(cell.mode.chapter, &of_this_run, cell.class).is_some()
    {
        point = of_this_run;
    }
    let rule = rule_of(cell.mode.chapter, &point, cell.class).ok_or(format!("{}: no rule fits it", cell.name()))?;
    // A broken 'there is none' is still one: it is the end of that wait.
    let gone = calls.iter().filter(|call| call.fault.is_some()).all(|call| call.status == 404);
    if point.purpose == Purpose::Deletion && matches!(cell.class, Class::Malformed | Class::BareId) && gone {
        return Ok((point, End::Good));
    }
    // Whoever has removed all of it needs the claim no more.
    let removed = calls[..struck].iter().any(|c| ["iam:DeleteRole", "iam:DeleteUser"].contains(&c.call.name.as_str()));
    if cell.mode.chapter == Chapter::Refused && cell.hides() && point.call == "iam:GetPolicy" && removed {
        return Ok((point, End::Good));
    }
    Ok((point, rule.end(cell.lasting)))
}

/// What is wrong with a cell, if anything.
pub fn run(cell: &Cell) -> Result<(), String> {
    let (mode, chapter) = (cell.mode, cell.mode.chapter);
    let world = mode.world();
    let cloud = world.sandbox.cloud().clone();
    let (neighbours, from) = (others(&cloud, &world.account), world.sandbox.log().len());
    world.sandbox.add_fault(cell.class.fault(&cell.point, cell.lasting));
    let first = mode.run(&world, mode.first);
    let seen = Seen::of(&world, mode, &first);
    let mut calls = world.calls_since(from);
    if chapter == Chapter::Refused {
        // The refusal itself is a fault of the scene.
        calls.iter_mut().filter(|c| c.call.name == "turbot:POST /accounts").for_each(|c| c.fault = None);
    }
    world.sandbox.clear_faults();

    let (point, end) = expected(cell, &world, &calls)?;
    let doubtful = cell.lasting
        && match point.purpose {
            Purpose::Remove => LOST_AFTER.contains(&cell.class),
            Purpose::Trust => LOST_BEFORE.contains(&cell.class),
            _ => false,
        };
    let kind = end.kind(chapter, cell.class, point.is_turbot());
    let mut wrong = judge(&seen, mode, end, kind, &world, cell.hides(), doubtful);
    if chapter.only_looks() && !world.effects_since(from).is_empty() {
        wrong.push(format!("it changed something: {:?}", world.effects_since(from)));
    }
    // The claim of a run that could not even let it go is not waited out; the settle time always is.
    let again = mode.run(&world, mode.later);
    let after = Seen::of(&world, mode, &again);
    if let Err(why) = (mode.second)(&world, &again) {
        wrong.push(format!("the same command again: {why}: {after:?}"));
    }
    let looked = !chapter.only_looks() && !chapter.leaves_aws_alone();
    if looked && again.code == 0 && after.leftovers.as_ref().is_none_or(|named| !named.is_empty()) {
        wrong.push(format!("the same command again names {:?}", after.leftovers));
    }
    if chapter != Chapter::Fresh {
        let from = world.sandbox.log().len();
        let third = mode.run(&world, mode.later);
        if let Err(why) = (mode.third)(&world, &third) {
            wrong.push(format!("the same command a third time: {why}: {:?}", Seen::of(&world, mode, &third)));
        }
        if !world.effects_since(from).is_empty() {
            wrong.push(format!("the same command a third time changes something: {:?}", world.effects_since(from)));
        }
    }
    if let Err(why) = (mode.state)(&world) {
        wrong.push(format!("at the end: {why}"));
    }
    if world.effective_imports() > 1 {
        wrong.push(format!("{} imports had their effect", world.effective_imports()));
    }
    if others(&cloud, &world.account) != neighbours {
        wrong.push("something foreign was touched".into());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n  expected {end:?}, saw {seen:?}\n  {}", cell.name(), wrong.join("\n  ")))
}
