//! A person deletes the role, the user, the key or the journal in mid-run: the run tells the truth, and the next one
//! puts it right.

use std::sync::Mutex;

use onboard_sandbox::{Moment, Options};

use crate::duet::{begin, end_of, world};
use crate::final_state;
use crate::harness::{NAME, World};
use crate::{said, side_by_side};

struct Meddling {
    with: &'static str,
    call: &'static str,
    nth: u32,
    moment: Moment,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Role,
    Key,
    Journal,
}

fn all() -> Vec<Meddling> {
    let mut all = Vec::new();
    let moments = [Moment::Before, Moment::AfterEffect];
    let role = ["iam:AttachRolePolicy", "iam:TagPolicy", "turbot:POST /accounts", "iam:DeletePolicy"];
    let keys = ["iam:CreateAccessKey", "iam:TagPolicy", "turbot:POST /accounts", "iam:DeletePolicy"];
    for moment in moments {
        for call in role {
            for nth in if call == "iam:TagPolicy" { 1..=4 } else { 1..=1 } {
                all.push(Meddling { with: "role", call, nth, moment, what: What::Role });
                all.push(Meddling { with: "role", call, nth, moment, what: What::Journal });
            }
        }
        for call in keys {
            for nth in if call == "iam:TagPolicy" { 1..=4 } else { 1..=1 } {
                all.push(Meddling { with: "keys", call, nth, moment, what: What::Key });
                all.push(Meddling { with: "keys", call, nth, moment, what: What::Journal });
            }
        }
    }
    all
}

fn meddle(cloud: &onboard_sandbox::Cloud, account: &str, what: What) {
    match what {
        What::Role => {
            cloud.delete_role_force(account, NAME);
        }
        What::Key => {
            for key in cloud.user(account, NAME).into_iter().flat_map(|user| user.access_keys) {
                cloud.delete_access_key_force(&key.id);
            }
        }
        What::Journal => {
            for policy in cloud.policies(account).into_iter().filter(|p| p.path == "/turbot-onboard/") {
                cloud.delete_policy_force(account, &policy.name);
            }
        }
    }
}

fn play(case: &Meddling) {
    let world = world(Options::default());
    let (cloud, account, what) = (world.sandbox.cloud().clone(), world.account.clone(), case.what);
    world.script().at(case.call, case.moment, case.nth, move || meddle(&cloud, &account, what));
    let run = |world: &World| end_of(begin(world, case.with, &[]), world);
    let first = run(&world);
    let story = format!("the first run ended with {}\n{}\n{}", first.code, first.stdout, first.said());
    assert!([0, 4, 5, 6].contains(&first.code), "{story}");
    assert!(first.code != 0 || world.effective_imports() == 1, "it says that it is imported\n{story}");
    let mut second = run(&world);
    let mut story = format!("{story}\nthe second {}\n{}\n{}", second.code, second.stdout, second.said());
    if matches!(case.what, What::Journal) {
        // Without the journal nobody knows any more whose a key is, or that the user was to go: it is refused or named,
        // never touched, until a person says so.
        let named = !second.account()["leftovers"].as_array().is_none_or(Vec::is_empty);
        if second.code == 3 || named {
            let cleaned = end_of(world.start_verb("cleanup", &[]), &world);
            assert_eq!(cleaned.code, 0, "{story}\ncleanup\n{}\n{}", cleaned.stdout, cleaned.said());
            second = run(&world);
            story = format!("{story}\nafter cleanup {}\n{}\n{}", second.code, second.stdout, second.said());
        }
    }
    final_state::imported_now_or_before(&world, &second).unwrap_or_else(|why| panic!("{why}\n{story}"));
    let from = world.sandbox.log().len();
    final_state::already_imported(&world, &run(&world)).unwrap_or_else(|why| panic!("{why}\n{story}"));
    assert_eq!(world.effects_since(from), Vec::<String>::new(), "{story}");
    final_state::imported_clean(&world).unwrap_or_else(|why| panic!("{why}\n{story}"));
}

#[test]
fn somebody_deletes_it_in_mid_run() {
    let all = all();
    let known = all.len();
    let few = std::env::var_os("RACE_ALL").is_none();
    let cases: Vec<Meddling> =
        all.into_iter().enumerate().filter(|(n, _)| !few || n % 4 == 0).map(|(_, case)| case).collect();
    let failures = Mutex::new(Vec::new());
    side_by_side(&cases, 6, |case| {
        if let Err(panic) = std::panic::catch_unwind(|| play(case)) {
            let name = format!("{:?} gone {:?} {} #{} with {}", case.what, case.moment, case.call, case.nth, case.with);
            failures.lock().unwrap().push(format!("{name}:\n{}", said(panic.as_ref())));
        }
    });
    let failures = failures.into_inner().unwrap();
    println!("meddling: {} of {known} cases; {} failed", cases.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Those who have the hand-off alone have no journal to claim: the file itself is held by one run at a time.
#[test]
fn one_import_at_a_time_from_a_handoff() {
    let world = world(Options::default());
    let file = world.path("handoff.json").display().to_string();
    world.secrets.lock().unwrap().allow_file(&world.path("handoff.json"));
    world.verb("bootstrap", &["--with", "role", "--handoff", &file]).exits(0);
    let words = ["import", "--handoff", &file, "--output", "json", "-v", "--yes"];
    let held = world.script().hold("turbot:POST /accounts", Moment::Before, 1);
    let first = world.start(world.command(&words));
    held.reached();
    let second = end_of(world.start(world.command(&words)), &world);
    assert_eq!(second.code, 6, "{}\n{}", second.stdout, second.said());
    assert!(second.said().contains("another run is at work with the hand-off"), "{}", second.said());
    held.release();
    final_state::imported_now_or_before(&world, &end_of(first, &world)).unwrap();
    final_state::already_imported(&world, &end_of(world.start(world.command(&words)), &world)).unwrap();
    assert_eq!(world.sandbox.turbot().imports().len(), 1);
}

#[test]
fn what_another_run_made_is_not_refused_although_two_looks_in_a_row_are_torn() {
    let world = world(Options::default());
    let more = ["--delete-credential", "false"];
    assert_eq!(end_of(begin(&world, "keys", &more), &world).code, 0);
    // Two looks see the other's user and key, and nothing of its journal and import.
    let (turbot, id, account) = (world.sandbox.turbot().clone(), world.turbot_id.clone(), world.account.clone());
    assert!(turbot.remove_account(&id));
    world.script().at("iam:ListPolicies", Moment::Before, 3, move || turbot.add_account(&id, &account, "aab"));
    let second = end_of(begin(&world, "keys", &more), &world);
    final_state::already_imported(&world, &second).unwrap_or_else(|why| panic!("{why}\n{}", second.said()));
}
