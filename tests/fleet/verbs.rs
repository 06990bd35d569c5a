//! Every verb over a manifest.

use serde_json::json;

use crate::scene::{arguments, fleet, manifest, many, nothing_left, of, organization, outcomes, report};

#[test]
fn plan_apply_verify_maintenance_cleanup_and_doctor() {
    let mut world = organization(many(12));
    manifest(&world, 12, &[]);

    let looked = fleet(&world, "doctor", &[]).exits(0);
    assert_eq!(looked.stderr.matches("  passed\n").count(), 12, "{}", looked.stderr);
    let doctor = looked.json();
    assert_eq!((doctor["failed"].clone(), doctor["account_id"].clone()), (json!(false), json!(null)));
    assert_eq!(doctor["accounts"].as_array().unwrap().len(), 12);
    assert_eq!(doctor["accounts"][3]["account_id"], world.sandbox.cloud().member(3));

    let plan = fleet(&world, "plan", &["--detailed-exitcode"]).exits(8).json();
    assert_eq!(plan["accounts"].as_array().unwrap().len(), 12);
    assert_eq!(plan["accounts"][11]["wanted"]["account_id"], world.sandbox.cloud().member(11));
    assert_eq!(world.sandbox.turbot().imports().len(), 0);

    let done = report(&fleet(&world, "apply", &[]).exits(0), &world, 12);
    assert_eq!(outcomes(&done), of(&[("imported", 12)]));
    assert_eq!(world.effective_imports(), 12);
    nothing_left(&mut world, 12);

    let from = world.sandbox.log().len();
    let again = report(&fleet(&world, "apply", &[]).exits(0), &world, 12);
    assert_eq!(outcomes(&again), of(&[("already-imported", 12)]));
    assert_eq!(world.effects_since(from), Vec::<String>::new());

    let verified = report(&fleet(&world, "verify", &[]).exits(0), &world, 12);
    assert_eq!(outcomes(&verified), of(&[("matches", 12)]));
    let shown = report(&fleet(&world, "maintenance show", &[]).exits(0), &world, 12);
    assert_eq!(outcomes(&shown), of(&[("done", 12)]));
    let set = report(&fleet(&world, "maintenance set full", &[]).exits(0), &world, 12);
    assert_eq!(set["accounts"][7]["maintenance"], "Anytime");
    let clean = report(&fleet(&world, "cleanup", &[]).exits(0), &world, 12);
    assert_eq!(clean["summary"]["exit_code"], 0);
}

#[test]
fn bootstrap_hands_every_credential_over_and_import_takes_them() {
    let world = organization(many(6));
    manifest(&world, 6, &[("with", "keys")]);
    world.secrets.lock().unwrap().allow_file(&world.path("all.handoff"));
    let made = report(&fleet(&world, "bootstrap", &["--handoff", "all.handoff"]).exits(0), &world, 6);
    assert_eq!(outcomes(&made), of(&[("done", 6)]));
    let imported = world.run(&["import", "--handoff", "all.handoff", "--yes", "--output", "json"]).exits(0).json();
    assert_eq!(imported["accounts"].as_array().unwrap().len(), 6);
    assert_eq!(world.effective_imports(), 6);
}

/// A thousand finished accounts take one listing and nothing else with --quick; without it, AWS is looked at for each,
/// and Turbot is still listed once.
#[test]
fn turbot_is_listed_once() {
    let world = organization(many(40));
    manifest(&world, 40, &[]);
    let listings =
        |world: &crate::harness::World| world.sandbox.counts().get("turbot:GET /accounts").copied().unwrap_or(0);
    fleet(&world, "apply", &[]).exits(0);
    assert_eq!(listings(&world), 1, "{:?}", world.sandbox.counts());
    fleet(&world, "apply", &[]).exits(0);
    assert_eq!(listings(&world), 2);
    let from = world.sandbox.log().len();
    let quick = report(&fleet(&world, "apply", &["--quick"]).exits(0), &world, 40);
    assert_eq!(outcomes(&quick), of(&[("already-imported", 40)]));
    let calls: Vec<String> = world.calls_since(from).into_iter().map(|c| c.call.name).collect();
    assert!(calls.len() <= 4 && calls.iter().all(|call| call.starts_with("turbot:")), "{calls:?}");
}

/// Ten thousand finished accounts: seconds as it is shipped; this build is not optimised, on a machine that has other
/// things to do.
#[test]
fn ten_thousand_finished_accounts_are_quick() {
    let world = organization(many(10_000));
    manifest(&world, 10_000, &[]);
    for n in 0..10_000 {
        let account = world.sandbox.cloud().member(n);
        world.sandbox.turbot().add_account(&crate::scene::turbot_id(n), &account, "Title");
    }
    let begun = crate::scene::now();
    let quick = report(&fleet(&world, "apply", &["--quick", "--quiet"]).exits(0), &world, 10_000);
    assert_eq!(outcomes(&quick), of(&[("already-imported", 10_000)]));
    assert!(world.sandbox.log().len() <= 4, "{:?}", world.sandbox.counts());
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn people_get_a_line_for_each_account_and_the_sum() {
    let world = organization(many(5));
    manifest(&world, 5, &[]);
    let run = world.run(&["plan", "--manifest", "fleet.csv"]).exits(0);
    assert!(run.stdout.starts_with("5 AWS accounts: 5 to be changed\n"), "{}", run.stdout);
    assert!(run.stdout.contains("gets AdministratorAccess in each, through the role turbot-onboard"), "{}", run.stdout);
    assert!(run.stdout.contains("and 1 more"), "{}", run.stdout);
    let run = world.run(&["apply", "--manifest", "fleet.csv", "--yes"]).exits(0);
    assert!(run.stdout.ends_with("\n5 AWS accounts: 5 imported\n"), "{}", run.stdout);
    let lines = run.stderr.lines().filter(|line| line.ends_with("  imported")).count();
    assert_eq!(lines, 5, "a line for each account that ended\n{}", run.stderr);
    assert!(run.stderr.lines().count() < 10, "{}", run.stderr);
}

#[test]
fn without_consent_nothing_is_done() {
    let world = organization(many(3));
    manifest(&world, 3, &[]);
    let mut all = arguments("apply", &[]);
    all.retain(|argument| *argument != "--yes");
    let from = world.sandbox.log().len();
    let refused = report(&world.run(&all).exits(2), &world, 3);
    assert_eq!(refused["accounts"][0]["error"]["kind"], "needs-consent");
    assert_eq!(world.effects_since(from), Vec::<String>::new());
}
