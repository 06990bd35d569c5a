//! Turbot's keys from the environment, a file, or a program; never from an argument.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::harness::{Finished, World};

/// A world whose environment holds no Turbot keys, and those keys.
fn without_keys() -> (World, String, String) {
    let mut world = World::new();
    let access = world.environment.remove("TURBOT_ACCESS_KEY").unwrap();
    let secret = world.environment.remove("TURBOT_SECRET_KEY").unwrap();
    (world, access, secret)
}

/// A file that may hold a secret.
fn file(world: &World, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = world.path(name);
    world.secrets.lock().unwrap().allow_file(&path);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[track_caller]
fn planned(world: &World, more: &[&str]) -> Finished {
    let finished = world.verb("plan", more);
    assert_eq!(finished.code, 0, "{}", finished.said());
    finished
}

#[test]
fn from_a_file_whose_lax_mode_is_warned_about() {
    let (world, access, secret) = without_keys();
    for (n, (text, mode)) in [
        (format!("{access}\n{secret}\n"), 0o600),
        (format!("{{\"access_key\": \"{access}\", \"secret_key\": \"{secret}\"}}"), 0o400),
        (format!("{access}\n{secret}\n"), 0o644),
        (format!("{access}\n{secret}\n"), 0o620),
    ]
    .into_iter()
    .enumerate()
    {
        let path = file(&world, &format!("keys-{n}"), &text, mode);
        let finished = planned(&world, &["--turbot-key-file", path.to_str().unwrap()]);
        assert_eq!(finished.stderr.contains("others can read it"), mode & 0o077 != 0, "{mode:o}: {}", finished.said());
    }
    let broken = file(&world, "broken", &format!("{secret}\n{access}\nmore {secret}"), 0o600);
    world.verb("plan", &["--turbot-key-file", broken.to_str().unwrap()]).exits(2);
}

#[test]
fn from_a_program() {
    let (world, access, secret) = without_keys();
    let path = file(&world, "keys", &format!("{access}\n{secret}\n"), 0o600);
    let path = path.to_str().unwrap();
    planned(&world, &["--turbot-key-command", "cat", "--turbot-key-command", path]);
    planned(&world, &["--turbot-key-command", &format!("[\"cat\", \"{path}\"]")]);
    // No shell: what one would obey is an argument as any other.
    let finished = world.verb("plan", &["--turbot-key-command", "cat", "--turbot-key-command", "$(echo keys); true"]);
    assert!(finished.exits(2).stderr.contains("ended with"));
    // What it prints besides is not shown where it is no key.
    let print = format!("echo {secret}; echo {access} and more; exit 0");
    let script = file(&world, "print.sh", &print, 0o700);
    world.verb("plan", &["--turbot-key-command", "sh", "--turbot-key-command", script.to_str().unwrap()]).exits(2);
}

#[test]
fn from_an_argument_in_no_way() {
    let (world, access, secret) = without_keys();
    let account = ["--account-id", world.account.as_str(), "--turbot-id", "aab"];
    for option in ["--turbot-secret-key", "--secret-key", "--turbot-access-key", "--turbot-key", "--key", "--password"]
    {
        for verb in ["plan", "apply", "doctor"] {
            let joined = format!("{option}={secret}");
            let tried: [Vec<&str>; 2] = [vec![verb, joined.as_str()], vec![verb, option, access.as_str()]];
            for mut arguments in tried {
                arguments.extend(account);
                // The search at the world's end sees whether the value was repeated in the complaint.
                let finished = world.run(&arguments).exits(2);
                assert!(finished.stderr.contains("unexpected argument"), "{}", finished.stderr);
            }
        }
    }
    assert_eq!(world.sandbox.log().len(), 0);
}

/// No option's variable takes them either, but for the two that are Turbot's own.
#[test]
fn from_no_other_variable() {
    let (mut world, access, secret) = without_keys();
    for variable in ["TURBOT_ONBOARD_SECRET_KEY", "TURBOT_ONBOARD_TURBOT_SECRET_KEY"] {
        world.environment.insert(variable.into(), secret.clone());
    }
    world.environment.insert("TURBOT_ONBOARD_TURBOT_ACCESS_KEY".into(), access);
    let finished = world.verb("plan", &[]).exits(2);
    assert!(finished.stderr.contains("Turbot's keys"), "{}", finished.stderr);
}
