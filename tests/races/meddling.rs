//! A person deletes the role, the user, the key or the journal in mid-run: the run tells the truth, and the next one
//! puts it right.

use std::sync::Mutex;

use onboard_sandbox::{Moment, Options};

use crate::duet::{end_of, world};
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
    let run = |world: &World| end_of(world.start_verb("apply", &["--with", case.with]), world);
    let first = run(&world);
    let story = format!("the first run ended with {}\n{}\n{}", first.code, first.stdout, first.said());
    assert!([0, 4, 5, 6].contains(&first.code), "{story}");
    assert!(first.code != 0 || world.effective_imports() == 1, "it says that it is imported\n{story}");
    let second = run(&world);
    let story = format!("{story}\nthe second {}\n{}\n{}", second.code, second.stdout, second.said());
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
