//! `--turbot-profile`: keys and address from the files that people have of Turbot's own tools and of the community's.

use std::os::unix::fs::PermissionsExt as _;

use onboard_sandbox::KeyKind;

use crate::harness::{Finished, World};

const YAML: &str = ".config/turbot/credentials.yml";
const INI: &str = ".aws/turbothq";

/// What a world's environment said of Turbot, and does no more: key, secret, address.
fn forgotten(world: &mut World) -> [String; 3] {
    ["TURBOT_ACCESS_KEY", "TURBOT_SECRET_KEY", "TURBOT_URL"].map(|name| world.environment.remove(name).unwrap())
}

/// Writes one of the files, as their tools do.
fn write(world: &World, name: &str, text: &str) {
    let path = world.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    world.secrets.lock().unwrap().allow_file(&path);
}

fn yaml(profile: &str, [key, secret, url]: &[String; 3]) -> String {
    format!(
        "other:\n  accessKey: x\n  secretKey: y\n{profile}:\n  accessKey: {key}\n  secretKey: {secret}\n  workspace: {url}\n"
    )
}

fn ini([key, secret, url]: &[String; 3]) -> String {
    format!("[turbot]\naccess_key = {key}\nsecret_key = {secret}\nhost = {url}\nverify = False\napi = v3\n")
}

#[track_caller]
fn refused(run: Finished, what: &str) {
    let run = run.exits(2);
    assert!(run.stderr.contains("--turbot-profile") && run.stderr.contains(what), "{}", run.stderr);
}

#[test]
fn an_account_is_imported_with_what_either_file_says() {
    for (file, profile) in [(YAML, "acme"), (INI, "turbot")] {
        let mut world = World::new();
        let said = forgotten(&mut world);
        world.verb("apply", &[]).exits(2);
        write(&world, file, &if file == YAML { yaml(profile, &said) } else { ini(&said) });
        // Nothing is read of it before it is named.
        world.verb("apply", &[]).exits(2);
        let run = world.verb("apply", &["--turbot-profile", profile]).exits(0);
        assert_eq!(run.account()["outcome"], "imported", "{file}");
        assert_eq!(world.effective_imports(), 1);
        assert_eq!(run.stderr.contains("turns the check of Turbot's certificate off"), file == INI, "{}", run.stderr);
        // By variable as by flag.
        world.set("turbot-profile", profile);
        world.verb("verify", &[]).exits(0);
    }
}

#[test]
fn the_profile_named_by_flag_wins_over_the_variables_of_the_keys() {
    let mut world = World::new();
    let said = forgotten(&mut world);
    write(&world, YAML, &yaml("acme", &said));
    // A key that may only read: with it nothing could be imported.
    world.use_turbot_key(KeyKind::Metadata);
    world.verb("apply", &["--turbot-profile", "acme"]).exits(0);
    assert_eq!(world.effective_imports(), 1);
}

#[test]
fn a_profile_that_is_missing_twice_there_or_halved_is_said() {
    let mut world = World::new();
    let said = forgotten(&mut world);
    let run = |world: &World, profile: &str| world.verb("plan", &["--turbot-profile", profile]);
    let neither = "neither ~/.config/turbot/credentials.yml nor ~/.aws/turbothq has the profile";
    refused(run(&world, "acme"), neither);
    write(&world, YAML, &yaml("turbot", &said));
    refused(run(&world, "acme"), neither);
    write(&world, INI, &ini(&said));
    refused(run(&world, "turbot"), "both ~/.config/turbot/credentials.yml and ~/.aws/turbothq have the profile");
    write(&world, INI, "[half]\naccess_key = x\n");
    refused(run(&world, "half"), "has not both an access key and a secret key");
    assert!(world.sandbox.log().is_empty());
}
