//! What a manifest may say, and who wins.

use crate::scene::{fleet, manifest, many, organization};

#[test]
fn every_fault_is_named_and_nothing_is_done() {
    let world = organization(many(2));
    let text = "accounts:\n  - account_id: 111122223333\n    turbot_id: aab\n  - account_id: \"444455556666\"\n    \
                turbot_id: aac\n    rolename: x\n  - account_id: \"444455556666\"\n    turbot_id: aac\n";
    std::fs::write(world.path("fleet.yaml"), text).unwrap();
    let run = world.run(&["plan", "--manifest", "fleet.yaml"]).exits(2);
    for fault in [
        "fleet.yaml:2:17: account_id: it is a number",
        "fleet.yaml:6:5: 'rolename' is not a column; role_name is near",
        "fleet.yaml:7:17: the AWS account 444455556666 stands in line 4 already",
        "fleet.yaml:8:16: the Turbot id aac stands in line 5 already",
    ] {
        assert!(run.stderr.contains(fault), "{fault}\n{}", run.stderr);
    }
    assert_eq!(world.sandbox.log().len(), 0);
}

#[test]
fn what_only_a_row_can_say_is_no_flag() {
    let mut world = organization(many(2));
    manifest(&world, 2, &[]);
    for flag in ["--account-id", "--turbot-id", "--title", "--external-id"] {
        let run = fleet(&world, "plan", &[flag, "111122223333"]).exits(2);
        assert!(
            run.stderr.contains(&format!("{flag}: with --manifest every row says it for itself")),
            "{}",
            run.stderr
        );
    }
    world.set("title", "T");
    assert!(fleet(&world, "plan", &[]).exits(2).stderr.contains("TURBOT_ONBOARD_TITLE"));
    for verb in ["import", "sandbox", "demo"] {
        world.run(&[verb, "--manifest", "fleet.csv"]).exits(2);
    }
}

#[test]
fn flag_row_defaults_file_and_default_in_that_order() {
    let mut world = organization(many(3));
    let ids: Vec<String> = (0..3).map(|n| world.sandbox.cloud().member(n)).collect();
    let text = format!(
        "[defaults]\nassume_role = \"OrganizationAccountAccessRole\"\nrole_name = \"of-defaults\"\n\
         [[accounts]]\naccount_id = \"{}\"\nturbot_id = \"aab\"\n\
         [[accounts]]\naccount_id = \"{}\"\nturbot_id = \"aac\"\nrole_name = \"of-row\"\n",
        ids[0], ids[1]
    );
    std::fs::write(world.path("fleet.toml"), text).unwrap();
    std::fs::write(world.path("turbot-onboard.toml"), "role_name = \"of-file\"\nuser_name = \"of-file\"\n").unwrap();
    let names = |world: &crate::harness::World, more: &[&str]| -> Vec<String> {
        let arguments = [&["plan", "--manifest", "fleet.toml", "--output", "json"], more].concat();
        let plan = world.run(&arguments).exits(0).json();
        let of = |n: usize, key: &str| plan["accounts"][n]["wanted"][key].as_str().unwrap().to_owned();
        vec![of(0, "role_name"), of(1, "role_name"), of(0, "user_name"), of(0, "role_path")]
    };
    assert_eq!(names(&world, &[]), ["of-defaults", "of-row", "of-file", "/"]);
    assert_eq!(names(&world, &["--role-name", "of-flag"])[..2], ["of-flag", "of-flag"]);
    world.set("role-name", "of-variable");
    assert_eq!(names(&world, &[])[..2], ["of-variable", "of-variable"]);
}
