//! A configuration file in the working folder: whoever wrote it need not be whoever runs the tool.

use std::path::Path;

use crate::harness::World;

/// What such a file may not say, and the key that the refusal names.
const FORBIDDEN: &[(&str, &str)] = &[
    ("turbot_url = \"http://127.0.0.1:1\"", "turbot_url"),
    ("turbot_ca_bundle = \"theirs.pem\"", "turbot_ca_bundle"),
    ("turbot_key_file = \"theirs\"", "turbot_key_file"),
    ("turbot_key_command = [\"sh\", \"-c\", \"touch stolen\"]", "turbot_key_command"),
    ("[turbot]\nkey_command = [\"sh\", \"-c\", \"touch stolen\"]", "turbot.key_command"),
    ("[turbot]\naccess_key_file = \"theirs\"", "turbot.access_key_file"),
    ("[turbot]\nsecret_key_file = \"theirs\"", "turbot.secret_key_file"),
    ("master_account_id = \"999988887777\"", "master_account_id"),
    ("assume_role = \"Theirs\"", "assume_role"),
    ("policy_arn = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]", "policy_arn"),
    ("allow_endpoint = \"https://theirs.example\"", "allow_endpoint"),
    ("allow_root = true", "allow_root"),
    ("allow_management_account = true", "allow_management_account"),
    ("allow_master_account = true", "allow_master_account"),
    ("adopt = true", "adopt"),
    ("take_over = true", "take_over"),
    ("yes = true", "yes"),
    ("audit_log = \"theirs.jsonl\"", "audit_log"),
];

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn it_redirects_no_keys_names_no_master_and_gives_no_consent() {
    let world = World::new();
    for (text, key) in FORBIDDEN {
        write(&world.path("turbot-onboard.toml"), &format!("# a comment\n{text}\n"));
        for verb in ["apply", "plan", "cleanup", "doctor"] {
            let run = world.verb(verb, &[]).exits(2);
            let line = if text.starts_with('[') { "turbot-onboard.toml:3" } else { "turbot-onboard.toml:2" };
            assert!(run.stderr.contains(line) && run.stderr.contains(key), "{key}, {line}: {}", run.stderr);
        }
    }
    assert_eq!(world.sandbox.log().len(), 0, "nobody was asked anything");
    assert!(!world.path("stolen").exists(), "the folder's command was run");
    assert!(!world.path("theirs.jsonl").exists());
}

#[test]
fn a_variable_does_not_make_it_harmless() {
    // The file is refused even where something else would win over it: what it tries is worth knowing.
    let world = World::new();
    write(&world.path("turbot-onboard.toml"), "turbot_url = \"http://127.0.0.1:1\"\n");
    assert!(world.environment.contains_key("TURBOT_URL"));
    world.verb("apply", &[]).exits(2);
    assert_eq!(world.sandbox.log().len(), 0);
}

#[test]
fn the_same_words_are_taken_from_a_file_named_by_flag_and_from_the_users_own_folder() {
    for place in ["named.toml", ".config/turbot-onboard/turbot-onboard.toml"] {
        let mut world = World::new();
        let master = world.environment.remove("TURBOT_MASTER_ACCOUNT_ID").unwrap();
        let url = world.environment.remove("TURBOT_URL").unwrap();
        let path = world.path(place);
        write(&path, &format!("master_account_id = \"{master}\"\nturbot_url = \"{url}\"\n"));
        let path = path.to_string_lossy().into_owned();
        let flag = ["--config", path.as_str()];
        let more: &[&str] = if place == "named.toml" { &flag } else { &[] };
        let account = world.verb("apply", more).exits(0).account();
        assert_eq!(account["outcome"], "imported", "{place}: {account:#}");
    }
}

#[test]
fn harmless_words_are_taken_from_the_working_folder() {
    let world = World::new();
    write(&world.path("turbot-onboard.toml"), "title = \"From the folder\"\nrole_name = \"of-the-folder\"\n");
    world.verb("apply", &[]).exits(0);
    assert_eq!(world.sandbox.turbot().accounts()[0].title, "From the folder");
}
