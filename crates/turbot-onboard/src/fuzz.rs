//! Hostile settings: configuration files, manifests, key files, times; and foreign words on their way to a terminal.

use std::path::Path;

use onboard_core::{AccountReport, ErrorKind, ErrorReport, Leftover, Report, With};

use crate::cli::options;
use crate::cli::spec::Place;
use crate::environment::Environment;
use crate::render::paint::Paint;
use crate::render::report;
use crate::settings::file::{ConfigFile, Found, TABLES};
use crate::settings::global::Color;
use crate::settings::manifest::{Form, Manifest, Row, columns};
use crate::settings::{duration, keys};
use mutator::{fuzz, is_clean, shape};

#[path = "../../../tests/fuzz/mutator.rs"]
mod mutator;

const TOKENS: [&str; 30] = [
    "account_id = ",
    "\"111122223333\"",
    "turbot_url = \"https://t\"",
    "master_account_id",
    "policy_arn = [",
    "tag = { ",
    "Team = \"a\"",
    "[turbot]",
    "key_command = [\"op\"]",
    "access_key_file = \"x\"",
    "[maintenance_values]",
    "full = \"Anytime\"",
    "timeout = \"15m\"",
    "yes = true",
    "audit_log = \"x\"",
    "with = \"keys\"",
    "allow_root = true",
    "config = \"x\"",
    "plan = \"x\"",
    "[[",
    "]]",
    "\"\"\"",
    "'''",
    "#",
    "0x10",
    "1_000",
    "1979-05-27T07:32:00Z",
    "inf",
    "accounts = 1",
    "assume_role",
];

const MANIFEST_TOKENS: [&str; 24] = [
    "account_id",
    "turbot_id",
    "012345678901",
    "\"111122223333\"",
    "aab",
    "tag",
    "Team=a;Cost=b",
    "policy_arn",
    "defaults:\n  ",
    "accounts:\n- ",
    "  - ",
    "{ Team: a }",
    "&a",
    "*a",
    "<<: *a",
    "!!str",
    "|\n  ",
    "---\n",
    "[[accounts]]\n",
    "[defaults]\n",
    "\"accounts\": [{",
    "}]}",
    "true",
    "# c",
];

/// A file of the working folder never sets what only a person may; what is wrong with any file is said in clean words
/// with its place.
#[test]
fn configuration_files() {
    let path = Path::new("folder/c.toml");
    fuzz("config", &TOKENS, |input| {
        let text = String::from_utf8_lossy(input);
        [Found::WorkingFolder, Found::Own].map(|found| {
            let mut faults = Vec::new();
            let file = ConfigFile::parse(&text, path, path, found, &mut faults);
            for fault in &faults {
                assert!(is_clean(&fault.place) && is_clean(&fault.message), "{fault:?}");
                assert!(fault.place.starts_with("folder/c.toml:"), "{fault:?}");
            }
            for spec in options::all() {
                let forbidden = match spec.place {
                    Place::Any => false,
                    Place::Own(_) => found == Found::WorkingFolder,
                    Place::Never => true,
                };
                assert!(!forbidden || file.get(spec.name).is_none(), "{}", spec.name);
            }
            for (table, key, _, anywhere) in TABLES {
                let set = file.get(&format!("{table}.{key}")).is_some();
                assert!(*anywhere || found == Found::Own || !set, "{table}.{key}");
            }
            let set = options::all().filter(|spec| file.get(spec.name).is_some()).count();
            (set, faults.iter().map(|fault| shape(&fault.message)).take(3).collect::<Vec<_>>())
        })
    });
}

/// What is wrong with a manifest is said in clean words with its place, in whichever form it is written; a text that is no
/// manifest is never silently an empty one.
#[test]
fn manifests() {
    fuzz("manifest", &MANIFEST_TOKENS, |input| {
        // Not more: of a thousand wrong columns each gets its own message, with the name that is near.
        let text: String = String::from_utf8_lossy(input).chars().take(1000).collect();
        [Form::Csv, Form::Yaml, Form::Json, Form::Toml].map(|form| {
            let mut faults = Vec::new();
            let manifest = Manifest::parse(&text, form, "folder/accounts", &mut faults);
            for fault in &faults {
                assert!(is_clean(&fault.place) && is_clean(&fault.message), "{fault:?}");
                let place = fault.place.strip_prefix("folder/accounts:").unwrap_or_else(|| panic!("{fault:?}"));
                let numbers: Vec<usize> = place.split([':', ' ']).map_while(|number| number.parse().ok()).collect();
                assert!(numbers.len() == 2 && !numbers.contains(&0), "{fault:?}");
                assert!(numbers[0] <= text.split(['\n', '\r']).count() + 1, "{fault:?}");
            }
            assert!(!manifest.rows.is_empty() || !faults.is_empty());
            let set = |row: &Row| columns().filter(|spec| row.get(spec.name).is_some()).count();
            let most = manifest.rows.iter().map(set).max();
            (
                most,
                set(&manifest.defaults),
                faults.iter().map(|fault| shape(&fault.message)).take(2).collect::<Vec<_>>(),
            )
        })
    });
}

/// Key files and what a key program prints: what is wrong with them is said without a word of them.
#[test]
fn key_files() {
    const OURS: &str = "gave JSON without the keys: gave lines that are no keys: two lines, access key and secret key, or \
                        JSON {\"access_key\", \"secret_key\"} are right";
    fuzz("keys", &TOKENS, |input| {
        let text = String::from_utf8_lossy(input);
        match keys::parse(&text) {
            Ok(keys) => {
                assert!(text.contains(keys.access_key.as_str()) || text.contains('\\'));
                (true, String::new())
            }
            Err(message) => {
                assert!(is_clean(&message), "{message:?}");
                let foreign = |word: &&str| word.len() >= 4 && !OURS.contains(word);
                let leaked = text.split_whitespace().filter(foreign).find(|word| message.contains(word));
                assert_eq!(leaked, None, "{message}");
                (false, shape(&message))
            }
        }
    });
}

/// Times, and whatever foreign words a report repeats.
#[test]
fn words_on_their_way_to_a_terminal() {
    let paint = Paint::choose(Color::Never, &Environment::default(), false);
    fuzz("words", &TOKENS, |input| {
        let text = String::from_utf8_lossy(input).into_owned();
        let time = match duration::parse(&text) {
            Ok(_) => String::new(),
            Err(message) => {
                assert!(is_clean(&message), "{message:?}");
                shape(&message)
            }
        };
        let error = ErrorReport::new(ErrorKind::Aws, text.clone()).because(text.clone()).hint(text.clone());
        let lines = report::error_lines(&error, paint);
        assert!(lines.iter().flat_map(|line| line.split('\n')).all(is_clean), "{lines:?}");
        let mut account = AccountReport::new("111122223333", "aab", With::Role);
        account.role_arn = Some(text.clone());
        account.maintenance = Some(text.clone());
        account.warnings = vec![text.clone()];
        let left = Leftover { kind: "role", id: text.clone(), why: text.clone(), remove_with: text.clone() };
        account.leftovers = Some(vec![left]);
        account.fail(error);
        let report = Report::new("r".into(), "apply", "2026-01-01T00:00:00Z".into(), vec![account]);
        let whole = report::text(&report, paint);
        assert!(whole.split('\n').all(is_clean), "{whole:?}");
        time
    });
}
