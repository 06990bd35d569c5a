//! One cell of the matrix: a fresh run with a fault, what it came to, and the same command again without the fault.

use std::collections::BTreeSet;

use onboard_sandbox::{CallRecord, Cloud, Options};
use serde_json::{Value, json};

use crate::class::Class;
use crate::harness::{Finished, World};
use crate::outcomes::{End, exit_code, rule_of};
use crate::point::{self, Point, Purpose};

/// One cell.
#[derive(Clone, Debug)]
pub struct Cell {
    pub with: &'static str,
    pub point: Point,
    pub class: Class,
    pub lasting: bool,
}

impl Cell {
    pub fn name(&self) -> String {
        let Self { with, point, class, lasting } = self;
        let span = if *lasting { "for ever" } else { "once" };
        format!("{with}: {} #{} ({:?}): {class:?} {span}", point.call, point.nth, point.purpose)
    }
}

/// What a run came to and what stands afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub code: i32,
    pub outcome: String,
    pub kind: Option<String>,
    pub undo_failed: bool,
    pub import: String,
    /// The error's words.
    pub said: String,
    /// What of ours stands in AWS: `role`, `user`, `access-key`, `journal`.
    pub left: BTreeSet<&'static str>,
    /// The kinds of the report's leftovers; `None` where nobody could look.
    pub leftovers: Option<BTreeSet<String>>,
    /// Whether Turbot shows the account.
    pub in_turbot: bool,
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

fn is_journal(name: &str) -> bool {
    name.strip_prefix("turbot-onboard-").is_some_and(|rest| rest.parse::<u32>().is_ok())
}

impl Seen {
    pub fn of(world: &World, run: &Finished) -> Self {
        let account = run.account();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let cloud = world.sandbox.cloud();
        let mut left = BTreeSet::new();
        if cloud.role(&world.account, crate::harness::NAME).is_some() {
            left.insert("role");
        }
        if let Some(user) = cloud.user(&world.account, crate::harness::NAME) {
            left.insert("user");
            if !user.access_keys.is_empty() {
                left.insert("access-key");
            }
        }
        if cloud.policies(&world.account).iter().any(|p| p.path == "/turbot-onboard/" && is_journal(&p.name)) {
            left.insert("journal");
        }
        let leftovers = account["leftovers"].as_array().map(|l| l.iter().map(|l| text(&l["kind"])).collect());
        Self {
            code: run.code,
            outcome: text(&account["outcome"]),
            kind: account["error"]["kind"].as_str().map(str::to_owned),
            undo_failed: !account["undo_error"].is_null(),
            import: text(&account["import"]["state"]),
            said: account["error"].to_string(),
            left,
            leftovers,
            in_turbot: world.sandbox.turbot().accounts().iter().any(|a| a.id == world.turbot_id && a.visible),
        }
    }
}

/// Where the fault struck, and what must come of it.
///
/// How many reads a wait takes is a matter of time: the n-th read of this run may be for something else than that of the
/// whole run which the cells are of. It is held to the rule of what it was for.
fn expected(cell: &Cell, world: &World, calls: &[CallRecord]) -> Result<(Point, End), String> {
    let struck = calls.iter().position(|call| call.fault.is_some()).ok_or(format!("{}: never struck", cell.name()))?;
    let mut point = cell.point.clone();
    let of_this_run = point::of_log(world, calls)[struck].purpose;
    if point.purpose.is_of_a_wait() && of_this_run.is_of_a_wait() {
        point.purpose = of_this_run;
    }
    let rule = rule_of(&point, cell.class).ok_or(format!("{}: no rule fits it", cell.name()))?;
    // A broken 'there is none' is still one: it is the end of that wait.
    let gone = calls.iter().filter(|call| call.fault.is_some()).all(|call| call.status == 404);
    if point.purpose == Purpose::Deletion && matches!(cell.class, Class::Malformed | Class::BareId) && gone {
        return Ok((point, End::Imported));
    }
    Ok((point, rule.end(cell.lasting)))
}

/// What is wrong with a cell, if anything.
pub fn run(cell: &Cell) -> Result<(), String> {
    let world = world(|_| {});
    let cloud = world.sandbox.cloud().clone();
    let neighbours = others(&cloud, &world.account);
    world.sandbox.add_fault(cell.class.fault(&cell.point, cell.lasting));
    let first = world.verb("apply", &["--with", cell.with]);
    let seen = Seen::of(&world, &first);
    let calls = world.calls_since(0);
    world.sandbox.clear_faults();

    let (point, end) = expected(cell, &world, &calls)?;
    let mut wrong = judge(&seen, end, end.kind(cell.class, point.is_turbot()), &world);
    // The claim of a run that could not even let it go is not waited out; the settle time always is.
    let again = world.verb("apply", &["--with", cell.with, "--take-over"]);
    let after = Seen::of(&world, &again);
    if again.code != 0 || !after.in_turbot {
        wrong.push(format!("the same command again ends with {after:?}"));
    }
    if !after.left.is_empty() || after.leftovers != Some(BTreeSet::new()) {
        wrong.push(format!("the same command again leaves {:?} and names {:?}", after.left, after.leftovers));
    }
    if world.effective_imports() != 1 {
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

fn judge(seen: &Seen, end: End, kind: Option<&'static str>, world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    must(seen.kind.as_deref() == kind, "the kind of the error");
    let code = kind.map_or(0, exit_code);
    must(seen.code == i32::from(code), "the exit code");
    let outcome = match code {
        0 => "imported",
        3 => "refused",
        5 if seen.import == "refused" => "refused",
        6 => "pending",
        _ => "failed",
    };
    must(seen.outcome == outcome, "the outcome");
    must(world.effective_imports() <= 1, "more than one import had its effect");
    // What is left is named, all of it and nothing else, unless AWS could not be asked.
    // A claim that is lost may be another's: its journal is not ours to name.
    let lost = seen.kind.as_deref() == Some("claim-lost");
    let left: BTreeSet<&str> = seen.left.iter().copied().filter(|kind| !lost || *kind != "journal").collect();
    let named: BTreeSet<&str> = seen.named().into_iter().filter(|kind| !lost || *kind != "journal").collect();
    must(seen.leftovers.is_none() || left == named, "what is left is not what is named");
    let nothing = seen.left.is_empty();
    match end {
        End::Imported => {
            must(nothing && seen.leftovers.is_some(), "something is left");
            must(seen.in_turbot, "Turbot does not show it");
        }
        End::Undone(_) => {
            must(nothing && !seen.undo_failed, "it was not taken back");
            must(!seen.in_turbot, "Turbot shows it");
        }
        End::NotUndone(_) => {
            must(seen.undo_failed, "the undo's own failure is not told");
            must(seen.left.contains("journal"), "nothing is left that tells the next run");
            must(!seen.in_turbot, "Turbot shows it");
        }
        End::Unseen(_) => {
            must(seen.undo_failed || nothing, "it is left without a word");
            must(!seen.undo_failed || seen.left.contains("journal"), "nothing is left that tells the next run");
            must(!seen.in_turbot, "Turbot shows it");
        }
        End::Accepted(_) => {
            must(seen.in_turbot && seen.import == "accepted", "it is not in Turbot");
            must(!seen.undo_failed, "an undo was tried");
        }
        End::Pending(_) => must(seen.left.contains("journal") && !seen.undo_failed, "the journal is gone"),
    }
    wrong
}

impl Seen {
    fn named(&self) -> BTreeSet<&str> {
        self.leftovers.iter().flatten().map(String::as_str).collect()
    }
}
