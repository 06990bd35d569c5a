//! Configuration files and the other places settings come from: who wins, and what is said of a fault.

use std::path::PathBuf;

use crate::harness::{Finished, World};
use crate::scene::{Untouched, ended};

/// The user's own file, and that in the working folder.
fn own(world: &World) -> PathBuf {
    let path = world.path(".config/turbot-onboard/turbot-onboard.toml");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

fn here(world: &World) -> PathBuf {
    world.path("turbot-onboard.toml")
}

/// All faults are said at once, each with its place; nothing is done.
#[track_caller]
fn faults(run: Finished, lines: &[&str]) {
    let said = run.said();
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{said}");
    for line in lines {
        assert!(said.contains(line), "{line}\n--- in\n{said}");
    }
}

#[test]
fn a_fault_names_line_and_column_and_what_would_be_right() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    for (text, said) in [
        ("title = \"x\"\nacount_id = \"1\"\n", "turbot-onboard.toml:2:1 (acount_id)"),
        ("account_id = 111122223333\n", "turbot-onboard.toml:1:14 (account_id)"),
        ("\n\ncheck_mode = \"yes\"\n", "turbot-onboard.toml:3:14 (check_mode)"),
        ("timeout = 15\n", "turbot-onboard.toml:1:11 (timeout)"),
        ("with = \"both\"\n", "turbot-onboard.toml:1:8 (with)"),
        ("max_session_duration = 1\n", "turbot-onboard.toml:1:24 (max_session_duration)"),
        ("external_id = \"no spaces\"\n", "turbot-onboard.toml:1:15 (external_id)"),
        ("title = 'x\n", "turbot-onboard.toml:1:"),
        ("[turbot]\nkey = \"x\"\n", "turbot-onboard.toml:2:1 (turbot.key)"),
        ("plan = \"p.json\"\n", "turbot-onboard.toml:1:1 (plan)"),
        ("tag = [\"a\"]\n", "turbot-onboard.toml:1:7 (tag)"),
    ] {
        std::fs::write(here(&world), text).unwrap();
        faults(world.verb("apply", &[]), &[said]);
    }
    std::fs::write(here(&world), "acount_id = \"1\"\n").unwrap();
    faults(world.verb("apply", &[]), &["account_id"]);
    std::fs::write(here(&world), [0xff, 0xfe, 0x00]).unwrap();
    world.verb("apply", &[]).exits(2);
    untouched.never_touched();
}

#[test]
fn the_working_folders_file_decides_nothing_that_grants_or_tells() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    for (n, line) in [
        "turbot_url = \"https://evil.example\"",
        "turbot_ca_bundle = \"ca.pem\"",
        "turbot_key_file = \"keys\"",
        "turbot_key_command = [\"cat\", \"keys\"]",
        "master_account_id = \"012345678901\"",
        "assume_role = \"Admin\"",
        "policy_arn = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]",
        "allow_root = true",
        "allow_management_account = true",
        "allow_master_account = true",
        "allow_endpoint = \"https://evil.example\"",
        "audit_log = \"/tmp/x\"",
        "yes = true",
        "adopt = true",
        "take_over = true",
        "[turbot]\nsecret_key_file = \"keys\"",
        "[turbot]\nkey_command = [\"cat\", \"keys\"]",
    ]
    .iter()
    .enumerate()
    {
        std::fs::write(here(&world), format!("title = \"x\"\n{line}\n")).unwrap();
        let at = if line.starts_with('[') { "turbot-onboard.toml:3:1" } else { "turbot-onboard.toml:2:1" };
        faults(world.verb("apply", &[]), &[at]);
        assert!(n < 17);
    }
    untouched.never_touched();
}

#[test]
fn those_come_from_the_users_own_file_or_by_name() {
    let mut world = World::new();
    let url = world.environment.remove("TURBOT_URL").unwrap();
    let master = world.environment.remove("TURBOT_MASTER_ACCOUNT_ID").unwrap();
    let text = format!("turbot_url = \"{url}\"\nmaster_account_id = \"{master}\"\ntitle = \"own\"\n");
    faults(world.verb("plan", &[]), &["--turbot-url", "--master-account-id"]);
    std::fs::write(own(&world), &text).unwrap();
    world.verb("plan", &["--detailed-exitcode"]).exits(8);
    std::fs::remove_file(own(&world)).unwrap();
    std::fs::write(world.path("named.toml"), &text).unwrap();
    ended(world.verb("apply", &["--config", "named.toml"]), 0, "imported", "");
    assert_eq!(world.sandbox.turbot().accounts()[0].title, "own");
    faults(world.verb("plan", &["--config", "nowhere.toml"]), &["--config", "nowhere.toml"]);
}

#[test]
fn the_flag_wins_over_the_variable_over_the_folder_over_the_users_own() {
    let mut world = World::new();
    let title = |world: &World, more: &[&str]| {
        world.verb("plan", more).exits(0).json()["accounts"][0]["wanted"]["title"].as_str().unwrap().to_owned()
    };
    assert_eq!(title(&world, &[]), "aab");
    std::fs::write(own(&world), "title = \"own\"\n").unwrap();
    assert_eq!(title(&world, &[]), "own");
    std::fs::write(here(&world), "title = \"here\"\n").unwrap();
    assert_eq!(title(&world, &[]), "here");
    // With --config neither of the two is read.
    std::fs::write(world.path("named.toml"), "description = \"x\"\n").unwrap();
    assert_eq!(title(&world, &["--config", "named.toml"]), "aab");
    world.set("title", "variable");
    assert_eq!(title(&world, &[]), "variable");
    assert_eq!(title(&world, &["--title", "flag"]), "flag");
    // The long variable wins over the short one.
    let cluster = world.environment["TURBOT_CLUSTER_ID"].clone();
    world.environment.insert("TURBOT_CLUSTER_ID".into(), "other".into());
    world.set("cluster-id", &cluster);
    assert_eq!(title(&world, &["--title", "flag"]), "flag");
}

#[test]
fn turbots_keys_come_from_a_file_or_a_commands_output_too() {
    let mut world = World::new();
    let (access, secret) = ("TURBOT_ACCESS_KEY", "TURBOT_SECRET_KEY");
    let (access, secret) = (world.environment.remove(access).unwrap(), world.environment.remove(secret).unwrap());
    faults(world.verb("apply", &[]), &["Turbot's keys"]);
    let keys = world.path("keys");
    world.secrets.lock().unwrap().allow_file(&keys);
    let private = |text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(&keys, text).unwrap();
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    private(&format!("{access}\n{secret}\n"));
    world.verb("plan", &["--turbot-key-file", "keys"]).exits(0);
    let json = serde_json::json!({"access_key": access, "secret_key": secret}).to_string();
    private(&json);
    world.verb("plan", &["--turbot-key-file", "keys"]).exits(0);
    // No shell: each word is one argument.
    let path = keys.display().to_string();
    let command = ["--turbot-key-command", "/bin/cat", "--turbot-key-command", path.as_str()];
    ended(world.verb("apply", &command), 0, "imported", "");
    let fails = ["--turbot-key-command", "/bin/cat", "--turbot-key-command", "nowhere; cat keys"];
    world.verb("apply", &fails).exits(2);
}

#[test]
fn what_stands_in_the_wrong_place_is_told_apart() {
    let mut world = World::new();
    // An AWS key in the place of Turbot's.
    let key = world.environment["TURBOT_ACCESS_KEY"].clone();
    world.environment.insert("TURBOT_ACCESS_KEY".into(), "AKIAIOSFODNN7EXAMPLE".into());
    let run = world.verb("apply", &[]);
    assert!(run.code == 2 && run.said().contains("AWS"), "{}", run.said());
    world.environment.insert("TURBOT_ACCESS_KEY".into(), key);
    for (more, words) in [
        (["--turbot-id", "111122223333"], "--turbot-id"),
        (["--account-id", "11112222333"], "--account-id"),
        (["--timeout", "15"], "--timeout"),
        (["--delete-credential", "maybe"], "--delete-credential"),
        (["--maintenance", "often"], "--maintenance"),
    ] {
        faults(world.verb("apply", &more), &[words]);
    }
    // All at once.
    let many = ["--timeout", "15", "--maintenance", "often", "--tag", "aws:x=1"];
    faults(world.verb("apply", &many), &["--timeout", "--maintenance", "--tag"]);
}

#[test]
fn an_unknown_option_or_verb_is_2() {
    let world = World::new();
    for arguments in [&["apply", "--turbot-secret-key", "x"][..], &["aply"], &["import"], &["maintenance", "set"], &[]]
    {
        let code = world.run(arguments).code;
        assert_eq!(code, 2, "{arguments:?}");
    }
}

/// What is there and wrong is not missing, too.
#[test]
fn a_number_as_an_id_is_one_fault() {
    let world = World::new();
    std::fs::write(world.path("fleet.yaml"), "accounts:\n- account_id: 012345678901\n  turbot_id: aab\n").unwrap();
    let run = world.run(&["plan", "--manifest", "fleet.yaml"]).exits(2);
    assert!(run.said().contains("one setting is wrong") && run.said().contains("write it in quotes"), "{}", run.said());
    std::fs::write(world.path("turbot-onboard.toml"), "account_id = 111122223333\nturbot_id = \"aab\"\n").unwrap();
    let run = world.run(&["plan"]).exits(2);
    assert!(run.said().contains("one setting is wrong") && run.said().contains("write it in quotes"), "{}", run.said());
}

/// A lease that no confirmation could keep is refused before an account is claimed.
#[test]
fn a_lease_below_a_second_is_refused() {
    let world = World::new();
    let run = world.verb("apply", &["--lease", "100ms"]).exits(2);
    assert!(run.said().contains("1s is the least"), "{}", run.said());
}
