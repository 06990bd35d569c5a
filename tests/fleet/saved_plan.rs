//! The plan of a fleet, approved by somebody else and carried out as it stands.

use crate::scene::{ROLE, manifest, many, nothing_left, of, organization, outcomes, report};

#[test]
fn a_saved_plan_is_applied_with_its_own_external_ids() {
    let mut world = organization(many(5));
    manifest(&world, 5, &[]);
    let plan = ["plan", "--manifest", "fleet.csv", "--out", "fleet.plan", "--output", "json"];
    let saved = world.run(&plan).exits(0).json();
    let apply = ["apply", "--plan", "fleet.plan", "--manifest", "fleet.csv", "--yes", "--output", "json"];
    let done = report(&world.run(&apply).exits(0), &world, 5);
    assert_eq!(outcomes(&done), of(&[("imported", 5)]));
    for n in 0..5 {
        assert_eq!(done["accounts"][n]["external_id"], saved["accounts"][n]["chosen"]["external_id"], "{n}");
    }
    nothing_left(&mut world, 5);
}

#[test]
fn the_plan_alone_names_the_accounts_and_options_the_credentials() {
    let world = organization(many(4));
    manifest(&world, 4, &[]);
    world.run(&["plan", "--manifest", "fleet.csv", "--out", "fleet.plan"]).exits(0);
    let role = ["--assume-role", "OrganizationAccountAccessRole"];
    let apply = [&["apply", "--plan", "fleet.plan", "--yes", "--output", "json"], &role[..]].concat();
    let done = report(&world.run(&apply).exits(0), &world, 4);
    assert_eq!(outcomes(&done), of(&[("imported", 4)]));
}

#[test]
fn another_manifest_than_the_plans_is_plan_again() {
    let world = organization(many(4));
    manifest(&world, 3, &[]);
    world.run(&["plan", "--manifest", "fleet.csv", "--out", "fleet.plan"]).exits(0);
    let from = world.sandbox.log().len();
    let apply = ["apply", "--plan", "fleet.plan", "--manifest", "fleet.csv", "--yes"];
    for (accounts, more, says) in [
        (4, &[][..], "an account that is not in the plan"),
        (2, &[], "an account that is not in the manifest"),
        (3, &[("role_name", "other")], "role_name differs (fleet.csv:2"),
    ] {
        manifest(&world, accounts, more);
        let run = world.run(&apply).exits(3);
        assert!(run.stderr.contains(says), "{says}\n{}", run.stderr);
    }
    assert_eq!(world.effects_since(from), Vec::<String>::new());
}

#[test]
fn a_plan_names_the_accounts_that_cannot_be_planned() {
    let mut world = organization(many(3));
    manifest(&world, 3, &[]);
    let locked = world.sandbox.cloud().member(1);
    assert!(world.sandbox.cloud().delete_role_force(&locked, ROLE));
    let plan = ["plan", "--manifest", "fleet.csv", "--out", "fleet.plan", "--output", "json"];
    let run = world.run(&plan).exits(7);
    assert!(run.stderr.contains("without 1 AWS account that cannot be planned"), "{}", run.stderr);
    let saved = run.json();
    assert_eq!(saved["accounts"].as_array().unwrap().len(), 2);
    assert_eq!(saved["unplanned"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&saved["unplanned"][0]["account_id"], &saved["unplanned"][0]["turbot_id"]),
        (&locked.into(), &"t0001".into())
    );
    assert_eq!(saved["unplanned"][0]["error"]["kind"], "denied");
    let with_manifest = ["apply", "--plan", "fleet.plan", "--manifest", "fleet.csv", "--yes"];
    let run = world.run(&with_manifest).exits(3);
    assert!(run.stderr.contains("could not be planned when the plan was made"), "{}", run.stderr);
    world.run(&["apply", "--plan", "fleet.plan", "--yes", "--assume-role", ROLE]).exits(0);
    assert_eq!(world.effective_imports(), 2);
    nothing_left(&mut world, 3);
}
