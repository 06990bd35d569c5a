//! Whole settings, from what was typed to what is wanted.

use std::path::Path;

use onboard_core::{UpdateVerb, Wanted, With};

use super::file::{ConfigFile, Found};
use super::global::{Global, Output, Verbosity};
use super::layers::Layers;
use super::resolver::Resolver;
use super::source::SettingFault;
use super::turbot::{self, Need};
use super::{times, wanted};
use crate::cli::groups::Typed;
use crate::environment::Environment;

const FULL: &[(&str, &str)] = &[
    ("TURBOT_ONBOARD_ACCOUNT_ID", "111122223333"),
    ("TURBOT_ONBOARD_TURBOT_ID", "aab"),
    ("TURBOT_URL", "https://turbot.example.com"),
    ("TURBOT_CLUSTER_ID", "mhe"),
    ("TURBOT_MASTER_ACCOUNT_ID", "999988887777"),
    ("TURBOT_ACCESS_KEY", "11112222-fac3-424e-94fb-325db1d65503"),
    ("TURBOT_SECRET_KEY", "hunter2"),
];

fn with<T>(
    typed: &[(&'static str, &[&str])],
    variables: &[(&str, &str)],
    folder: &Path,
    f: impl FnOnce(&Resolver<'_>) -> T,
) -> (T, Vec<String>, Vec<String>) {
    let environment = Environment::of(variables);
    let mut faults = Vec::new();
    let layers = Layers::read(Typed::of(typed), &environment, folder, &mut faults);
    let resolver = Resolver::new(&layers, faults);
    let value = f(&resolver);
    let (faults, warnings) = resolver.finish();
    (value, faults.into_iter().map(|f| format!("{}: {}", f.place, f.message)).collect(), warnings)
}

fn wanted_of(typed: &[(&'static str, &[&str])]) -> (Option<Wanted>, Vec<String>) {
    let (wanted, faults, _) = with(typed, FULL, Path::new("/nonexistent"), |r| wanted::resolve(r, None));
    (wanted, faults)
}

#[test]
fn the_defaults_are_the_contracts() {
    let (wanted, faults) = wanted_of(&[]);
    assert_eq!(faults, [""; 0]);
    let wanted = wanted.unwrap();
    assert_eq!((wanted.title.as_str(), wanted.with, wanted.max_session_duration), ("aab", With::Role, 3600));
    assert_eq!(wanted.description, "AWS account 111122223333, imported by turbot-onboard");
    assert_eq!((wanted.check_mode, wanted.delete_credential, wanted.maintenance), (true, None, None));
    assert_eq!((wanted.role_name.as_str(), wanted.role_path.as_str()), ("turbot-onboard", "/"));
    assert!(wanted.policies.is_empty() && wanted.external_id.is_none() && !wanted.adopt && !wanted.allow_root);
}

#[test]
fn every_fault_at_once_each_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let text = "max_session_duration = 60\nwith = \"both\"\n";
    std::fs::write(folder.path().join("turbot-onboard.toml"), text).unwrap();
    let variables = [("TURBOT_ONBOARD_ACCOUNT_ID", "1111-2222-3333"), ("TURBOT_ONBOARD_CHECK_MODE", "yes")];
    let typed: &[(&'static str, &[&str])] = &[("policy-arn", &["AdministratorAccess"]), ("tag", &["oops"])];
    let (_, faults, _) = with(typed, &variables, folder.path(), |r| wanted::resolve(r, None));
    assert_eq!(
        faults,
        [
            "TURBOT_ONBOARD_ACCOUNT_ID: '1111-2222-3333' is not an AWS account id: write its 12 digits alone, 111122223333",
            "--turbot-id: it is missing; give it as --turbot-id, TURBOT_ONBOARD_TURBOT_ID or turbot_id in a configuration file",
            "--cluster-id: it is missing; give it as --cluster-id, TURBOT_CLUSTER_ID or cluster_id in a configuration file",
            "--master-account-id: it is missing; give it as --master-account-id, TURBOT_MASTER_ACCOUNT_ID or master_account_id in a configuration file",
            "--policy-arn: 'AdministratorAccess' is a policy's name, not its ARN: write arn:aws:iam::aws:policy/AdministratorAccess",
            "--tag: 'oops' is not KEY=VALUE",
            "TURBOT_ONBOARD_CHECK_MODE: 'yes' is not true or false",
            "turbot-onboard.toml:2:8 (with): 'both' is not one of role, keys",
        ]
    );
}

#[test]
fn faults_of_the_whole_are_placed_where_the_value_stands() {
    let (wanted, faults) = wanted_of(&[("max-session-duration", &["60"]), ("tag", &["a=1", "a=2"])]);
    assert!(wanted.is_none());
    assert_eq!(
        faults,
        [
            "--tag: the tag 'a' is given twice",
            "--max-session-duration: 60 is not between 3600 and 43200 seconds, IAM's limits"
        ]
    );
}

#[test]
fn the_master_account_may_be_an_arn() {
    let (wanted, _) = wanted_of(&[("master-account-id", &["arn:aws-cn:iam::999988887777:root"])]);
    let wanted = wanted.unwrap();
    assert_eq!(wanted.master_account_id.as_str(), "999988887777");
    assert_eq!(wanted.master_partition.unwrap().as_str(), "aws-cn");
    let (_, faults) = wanted_of(&[("master-account-id", &["arn:aws:iam::999988887777:role/x"])]);
    assert!(faults[0].contains(":root is right"), "{faults:?}");
    let cn: &[(&'static str, &[&str])] =
        &[("master-account-id", &["arn:aws-cn:iam::999988887777:root"]), ("policy-arn", &["ReadOnlyAccess"])];
    assert!(wanted_of(cn).1[0].ends_with("write arn:aws-cn:iam::aws:policy/ReadOnlyAccess"));
}

#[test]
fn aws_options_are_checked() {
    let typed: &[(&'static str, &[&str])] = &[("region", &["US East"]), ("assume-role", &["arn:aws:iam::1:user/x"])];
    let (_, faults, _) = with(typed, &[], Path::new("/nonexistent"), wanted::resolve_aws);
    assert_eq!(faults.len(), 2);
    let typed: &[(&'static str, &[&str])] =
        &[("region", &["eu-west-1"]), ("assume-role", &["OrganizationAccountAccessRole"])];
    let (aws, faults, _) = with(typed, &[], Path::new("/nonexistent"), wanted::resolve_aws);
    assert_eq!((aws.assume_role.as_deref(), faults.len()), (Some("OrganizationAccountAccessRole"), 0));
}

#[test]
fn keys_come_from_variables_a_file_or_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = Path::new("/nonexistent");
    let file = folder.path().join("keys");
    std::fs::write(&file, "file-id\nfile-secret\n").unwrap();
    let secret = |typed: &[(&'static str, &[&str])], variables: &[(&str, &str)]| {
        let (turbot, faults, warnings) = with(typed, variables, nowhere, |r| turbot::resolve(r, Need::Required));
        assert!(!format!("{turbot:?}{faults:?}{warnings:?}").contains("secret-"), "a secret is printed");
        (turbot.map(|t| t.secret_key.expose().to_owned()), faults, warnings)
    };
    assert_eq!(secret(&[], FULL).0.as_deref(), Some("hunter2"));
    let path = file.to_str().unwrap();
    let (value, _, warnings) = secret(&[("turbot-key-file", &[path])], FULL);
    assert_eq!(value.as_deref(), Some("file-secret"));
    assert!(warnings[0].contains("chmod 600"), "{warnings:?}");
    let print = ["printf", r#"{"access_key":"a","secret_key":"%s"}"#, "command"];
    assert_eq!(secret(&[("turbot-key-command", &print)], FULL).0.as_deref(), Some("command"));
    let array = r#"["printf", "a\\nsecond\\n"]"#;
    assert_eq!(secret(&[("turbot-key-command", &[array])], FULL).0.as_deref(), Some("second"));
    // No shell: what would be a command substitution is an argument.
    assert_eq!(secret(&[("turbot-key-command", &["printf", "a\n$(id)"])], FULL).0.as_deref(), Some("$(id)"));
    let (none, faults, _) = secret(&[("turbot-key-command", &["false"])], FULL);
    assert!(none.is_none() && faults[0].contains("ended with"), "{faults:?}");
    let (none, faults, _) = secret(&[("turbot-key-file", &["/nonexistent/keys"])], FULL);
    assert!(none.is_none() && faults[0].starts_with("--turbot-key-file: '/nonexistent/keys' cannot be read"));
    let (_, faults, _) = secret(&[], &FULL[..6]);
    assert_eq!(faults, ["TURBOT_SECRET_KEY: it is missing beside TURBOT_ACCESS_KEY"]);
    let (_, faults, _) = secret(&[], &FULL[..5]);
    assert!(faults[0].starts_with("Turbot's keys: they are missing"), "{faults:?}");
}

#[test]
fn a_profile_has_keys_and_an_address() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join(".config/turbot")).unwrap();
    std::fs::create_dir_all(home.path().join(".aws")).unwrap();
    let yaml = "acme:\n  accessKey: id\n  secretKey: hunter2\n  workspace: acme.example.com\nturbot:\n  accessKey: x\n";
    std::fs::write(home.path().join(".config/turbot/credentials.yml"), yaml).unwrap();
    let at = home.path().to_str().unwrap();
    let look = |typed: &[(&'static str, &[&str])], variables: &[(&str, &str)]| {
        let mut variables = variables.to_vec();
        variables.push(("HOME", at));
        let (options, faults, warnings) = with(typed, &variables, home.path(), |r| turbot::resolve(r, Need::Required));
        assert!(!format!("{faults:?}{warnings:?}").contains("hunter2"));
        (options.map(|o| (o.url, o.access_key)), faults)
    };
    let environment = [("TURBOT_ACCESS_KEY", "env"), ("TURBOT_SECRET_KEY", "env")];
    let acme = |url: &str, key: &str| Some((url.to_owned(), key.to_owned()));
    // Named, it wins over the variables; another address is another address.
    assert_eq!(look(&[("turbot-profile", &["acme"])], &environment).0, acme("acme.example.com", "id"));
    let elsewhere = [("turbot-profile", &["acme"][..]), ("turbot-url", &["t.example.com"][..])];
    assert_eq!(look(&elsewhere, &[]).0, acme("t.example.com", "id"));
    let missing = look(&[("turbot-profile", &["none"])], &[]).1;
    assert!(missing.iter().any(|f| f.contains("neither")), "{missing:?}");
    std::fs::write(home.path().join(".aws/turbothq"), "[turbot]\naccess_key = a\nsecret_key = hunter2\n").unwrap();
    let twice = look(&[("turbot-profile", &["turbot"])], &[]).1;
    assert!(twice.iter().any(|f| f.contains("both")), "{twice:?}");
    // Nobody reads it unasked.
    assert!(look(&[], &[]).1.iter().any(|f| f.contains("they are missing")));
    let mut faults = Vec::new();
    let text = "turbot_profile = \"acme\"";
    let (path, found) = (Path::new("turbot-onboard.toml"), Found::WorkingFolder);
    ConfigFile::parse(text, path, path, found, &mut faults);
    assert_eq!(faults.len(), 1);
}

#[test]
fn turbot_is_not_needed_everywhere() {
    let (none, faults, _) = with(&[], &[], Path::new("/nonexistent"), |r| turbot::resolve(r, Need::Optional));
    assert!(none.is_none() && faults.is_empty());
    let half = [("TURBOT_URL", "https://t")];
    let (_, faults, _) = with(&[], &half, Path::new("/nonexistent"), |r| turbot::resolve(r, Need::Optional));
    assert!(faults[0].starts_with("Turbot's keys"), "{faults:?}");
}

#[test]
fn key_files_of_the_own_configuration_are_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("id"), "the-id\n").unwrap();
    std::fs::write(folder.path().join("secret"), "the-secret\n").unwrap();
    let config = folder.path().join("c.toml");
    let text = "turbot_url = \"https://t\"\n[turbot]\naccess_key_file = \"id\"\nsecret_key_file = \"secret\"\n";
    std::fs::write(&config, text).unwrap();
    let typed: &[(&'static str, &[&str])] = &[("config", &[config.to_str().unwrap()])];
    let (turbot, faults, _) = with(typed, &[], Path::new("/nonexistent"), |r| turbot::resolve(r, Need::Required));
    assert_eq!(faults, [""; 0]);
    assert_eq!(turbot.unwrap().secret_key.expose(), "the-secret");
}

#[test]
fn globals() {
    let variables =
        [("TURBOT_ONBOARD_YES", "true"), ("TURBOT_ONBOARD_OUTPUT", "json"), ("TURBOT_ONBOARD_VERBOSE", "2")];
    let (global, faults, _) = with(&[], &variables, Path::new("/nonexistent"), Global::resolve);
    assert_eq!(faults, [""; 0]);
    assert_eq!((global.yes, global.output, global.verbosity), (true, Output::Json, Verbosity::Verbose));
    let typed: &[(&'static str, &[&str])] = &[("quiet", &["true"]), ("verbose", &["1"]), ("concurrency", &["0"])];
    let (_, faults, _) = with(typed, &[], Path::new("/nonexistent"), Global::resolve);
    assert_eq!(
        faults,
        [
            "--quiet: quiet and verbose exclude each other",
            "--concurrency: '0' is not a whole number between 1 and 1000"
        ]
    );
}

#[test]
fn times_have_units() {
    let typed: &[(&'static str, &[&str])] = &[("timeout", &["90s"]), ("settle", &["0s"]), ("lease", &["2"])];
    let (times, faults, _) = with(typed, &[], Path::new("/nonexistent"), times::resolve);
    assert_eq!(times.timeout.as_secs(), 90);
    assert_eq!(faults, ["--lease: '2' has no unit: write a number with its unit, such as 15m, 90s, 250ms or 1h"]);
}

fn faults_of(text: &str, found: Found) -> Vec<String> {
    let mut faults: Vec<SettingFault> = Vec::new();
    ConfigFile::parse(text, Path::new("c.toml"), Path::new("c.toml"), found, &mut faults);
    faults.into_iter().map(|f| format!("{}: {}", f.place, f.message)).collect()
}

#[test]
fn every_fault_of_a_file_has_its_place() {
    for (text, fault) in [
        ("title = ", "c.toml:1:9: this is not TOML: "),
        ("\n  acount_id = \"1\"", "c.toml:2:3 (acount_id): 'acount_id' is not a key; account_id is near"),
        ("account-id = \"1\"", "c.toml:1:1 (account-id): 'account-id' is not a key; account_id is near"),
        ("colour = 1", "c.toml:1:1 (colour): 'colour' is not a key; "),
        ("account_id = 012345678901", "c.toml:1:14"),
        ("account_id = 111122223333", "c.toml:1:14 (account_id): it is a number: write it in quotes, \"111122223333\""),
        ("# ü\ntimeout = 90", "c.toml:2:11 (timeout): it has no unit: write it with one, in quotes, such as \"90s\""),
        ("allow_root = \"true\"", "c.toml:1:14 (allow_root): it takes true or false, without quotes"),
        ("policy_arn = \"x\"\ntag = 1", "c.toml:2:7 (tag): it takes an array of texts, "),
        ("tag = [1]", "c.toml:1:7 (tag): it takes an array of texts, each in quotes"),
        (
            "max_session_duration = \"1h\"",
            "c.toml:1:24 (max_session_duration): it takes a whole number, without quotes",
        ),
        ("with = 1", "c.toml:1:8 (with): it takes one of role, keys, in quotes"),
        ("title = [1]", "c.toml:1:9 (title): it takes a text in quotes, not an array"),
        ("out = \"x\"", "c.toml:1:1 (out): it is about one call: give it as --out or TURBOT_ONBOARD_OUT"),
        ("[turbot]\nsecret = \"x\"", "c.toml:2:1 (turbot.secret): 'secret' is not a key"),
        (
            "[maintenance_values]\nchecks = \"x\"",
            "c.toml:2:1 (maintenance_values.checks): 'checks' is not a key; check is near",
        ),
        (
            "[maintenance_values]\nreplaced_with = \"POST\"",
            "c.toml:2:17 (maintenance_values.replaced_with): 'POST' is not one of PUT, PATCH",
        ),
    ] {
        let faults = faults_of(text, Found::Own);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert!(faults[0].starts_with(fault), "{text}: {faults:?}");
    }
}

#[test]
fn the_working_folder_may_not_open_doors() {
    let text = r#"
turbot_url = "https://evil.example"
turbot_ca_bundle = "ca.pem"
turbot_key_file = "k"
turbot_key_command = ["sh", "-c", "id"]
master_account_id = "666666666666"
assume_role = "x"
policy_arn = ["arn:aws:iam::aws:policy/AdministratorAccess"]
allow_management_account = true
allow_root = true
allow_master_account = true
allow_endpoint = "http://evil.example"
yes = true
adopt = true
take_over = true
audit_log = "x"
turbot.access_key_file = "x"
turbot.secret_key_file = "x"
turbot.key_command = ["x"]
"#;
    let faults = faults_of(text, Found::WorkingFolder);
    assert_eq!(faults.len(), 18, "{faults:#?}");
    for (n, fault) in faults.iter().enumerate() {
        assert!(fault.contains("may not stand in the working folder's file"), "{n}: {fault}");
    }
    assert!(faults.iter().any(|f| f.starts_with("c.toml:2:1 (turbot_url)")), "{faults:#?}");
    assert_eq!(faults_of(text, Found::Own), [""; 0]);
    let harmless = "cluster_id = \"mhe\"\ntag = { Team = \"a\" }\n[maintenance_values]\nfull = \"Any time\"\n";
    assert_eq!(faults_of(harmless, Found::WorkingFolder), [""; 0]);
}

#[test]
fn maintenance_spellings_come_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("turbot-onboard.toml");
    std::fs::write(&file, "maintenance_values.full = \"Any time\"").unwrap();
    let (spelling, _, _) = with(&[], &[], folder.path(), turbot::spelling);
    assert_eq!((spelling.full.as_str(), spelling.no_changes.as_str()), ("Any time", "No changes"));
    assert_eq!(spelling.replaced_with, None);
    std::fs::write(&file, "maintenance_values.replaced_with = \"PATCH\"").unwrap();
    let (spelling, _, _) = with(&[], &[], folder.path(), turbot::spelling);
    assert_eq!(spelling.replaced_with, Some(UpdateVerb::Patch));
}

#[test]
fn what_is_not_given_is_as_the_saved_plan_says() {
    let (saved, _) =
        wanted_of(&[("with", &["keys"]), ("title", &["Saved"]), ("tag", &["a=1"]), ("allow-root", &["true"])]);
    let saved = saved.unwrap();
    let (same, faults, _) = with(&[], &[], Path::new("/nonexistent"), |r| wanted::resolve(r, Some(&saved)));
    assert_eq!((same.as_ref(), faults.len()), (Some(&saved), 0));
    let typed: &[(&'static str, &[&str])] = &[("account-id", &["444455556666"])];
    let (other, ..) = with(typed, FULL, Path::new("/nonexistent"), |r| wanted::resolve(r, Some(&saved)));
    assert_ne!(other.as_ref(), Some(&saved));
}
