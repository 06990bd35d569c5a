//! Somebody sits at the terminal: a fleet is asked about once, and what was shown is what is done.

use crate::scene::{manifest, many, organization};

#[test]
fn a_fleet_is_asked_about_once_and_what_was_shown_is_done() {
    let world = organization(many(3));
    manifest(&world, 3, &[("delete_credential", "false")]);
    let mut run = world.at_terminal(&["apply", "--manifest", "fleet.csv", "--color", "never"]);
    let asked = run.shows("Grant this in 3 AWS accounts? [y/N]");
    assert_eq!(asked.matches("  planned").count(), 3, "nothing is done yet\n{asked}");
    assert!(!asked.contains("  done"), "{asked}");
    run.types("y");
    let (code, text) = run.ends(&world);
    assert_eq!(code, 0, "{text}");
    assert_eq!(text.matches("[y/N]").count(), 1, "{text}");
    for n in 0..3 {
        assert!(world.sandbox.cloud().role(&world.sandbox.cloud().member(n), "turbot-onboard").is_some(), "{n}");
    }
}

#[test]
fn a_no_leaves_every_account_as_it_was() {
    let world = organization(many(3));
    manifest(&world, 3, &[]);
    let from = world.sandbox.log().len();
    let mut run = world.at_terminal(&["apply", "--manifest", "fleet.csv"]);
    run.shows("[y/N]");
    run.types("n");
    let (code, text) = run.ends(&world);
    assert_eq!(code, 3, "{text}");
    assert_eq!(world.effects_since(from), Vec::<String>::new());
}

#[test]
fn an_account_that_changed_after_it_was_shown_is_asked_about_again() {
    let world = organization(many(2));
    manifest(&world, 2, &[("with", "keys"), ("delete_credential", "false")]);
    world.run(&["apply", "--manifest", "fleet.csv", "--yes"]).exits(0);
    let cloud = world.sandbox.cloud();
    let changed = cloud.member(0);
    let mut run = world.at_terminal(&["cleanup", "--manifest", "fleet.csv", "--color", "never"]);
    let asked = run.shows("Remove this in 2 AWS accounts? [y/N]");
    let removes = "delete access keys of user turbot-onboard; detach AdministratorAccess from user turbot-onboard; \
                   delete user turbot-onboard.";
    assert!(asked.contains(removes), "{asked}");
    let shown =
        cloud.access_keys(&changed).into_iter().find(|key| key.user.as_deref() == Some("turbot-onboard")).unwrap();
    cloud.delete_access_key_force(&shown.id);
    let other = cloud.add_key(&changed, "turbot-onboard");
    world.secrets.lock().unwrap().add(&other.secret_access_key);
    run.types("y");
    let again = run.shows(&format!("Remove this in AWS account {changed}"));
    assert!(again.contains(&other.access_key_id), "{again}");
    run.types("n");
    let (code, text) = run.ends(&world);
    assert_eq!(code, 7, "{text}");
    let user = |n| cloud.user(&cloud.member(n), "turbot-onboard");
    assert!(user(0).is_some(), "what was not agreed to stands");
    assert!(user(1).is_none(), "what was agreed to is done");
}
