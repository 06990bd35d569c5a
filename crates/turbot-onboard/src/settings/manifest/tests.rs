//! Manifests of every form: what they say, and every fault with its place.

use std::time::{Duration, Instant};

use super::*;
use crate::cli::groups::Typed;
use crate::environment::Environment;
use crate::settings::fleet;
use crate::settings::layers::Layers;
use crate::settings::resolver::Resolver;

fn read(form: Form, text: &str) -> (Manifest, Vec<String>) {
    let mut faults = Vec::new();
    let manifest = Manifest::parse(text, form, "m", &mut faults);
    (manifest, faults.into_iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
}

fn faults(form: Form, text: &str) -> Vec<String> {
    read(form, text).1
}

/// What a row says, with the defaults below it.
fn said(manifest: &Manifest, n: usize, name: &str) -> Vec<String> {
    let given = manifest.rows[n].get(name).or_else(|| manifest.defaults.get(name));
    given.map(|given| given.values).unwrap_or_default()
}

/// The four forms of one manifest.
const ALIKE: [(Form, &str); 4] = [
    (
        Form::Csv,
        "account_id,turbot_id,title,with,tag,check_mode,policy_arn\r\n\
         012345678901,aab,\"Data, platform\",keys,Team=a;Cost=b,false,arn:aws:iam::aws:policy/A;arn:aws:iam::aws:policy/B\r\n\
         444455556666,aac,,keys,,,\r\n",
    ),
    (
        Form::Yaml,
        "defaults:\n  with: keys\naccounts:\n  - account_id: \"012345678901\"\n    turbot_id: aab\n    title: Data, platform\n    \
         tag: {Team: a, Cost: b}\n    check_mode: false\n    policy_arn:\n      - arn:aws:iam::aws:policy/A\n      - arn:aws:iam::aws:policy/B\n  \
         - account_id: '444455556666'\n    turbot_id: aac\n",
    ),
    (
        Form::Json,
        r#"{"$schema": "x", "defaults": {"with": "keys"}, "accounts": [
            {"account_id": "012345678901", "turbot_id": "aab", "title": "Data, platform", "tag": ["Team=a", "Cost=b"],
             "check_mode": false, "policy_arn": "arn:aws:iam::aws:policy/A;arn:aws:iam::aws:policy/B"},
            {"account_id": "444455556666", "turbot_id": "aac", "title": null}]}"#,
    ),
    (
        Form::Toml,
        "[defaults]\nwith = \"keys\"\n[[accounts]]\naccount_id = \"012345678901\"\nturbot_id = \"aab\"\ntitle = \"Data, platform\"\n\
         tag = { Team = \"a\", Cost = \"b\" }\ncheck_mode = false\npolicy_arn = [\"arn:aws:iam::aws:policy/A\", \"arn:aws:iam::aws:policy/B\"]\n\
         [[accounts]]\naccount_id = \"444455556666\"\nturbot_id = \"aac\"\n",
    ),
];

#[test]
fn four_forms_say_the_same() {
    for (form, text) in ALIKE {
        let (manifest, faults) = read(form, text);
        assert_eq!(faults, Vec::<String>::new(), "{form:?}");
        assert_eq!(manifest.rows.len(), 2, "{form:?}");
        assert_eq!(said(&manifest, 0, "account-id"), ["012345678901"], "{form:?}");
        assert_eq!(said(&manifest, 0, "title"), ["Data, platform"], "{form:?}");
        let mut tags = said(&manifest, 0, "tag");
        tags.sort();
        assert_eq!(tags, ["Cost=b", "Team=a"], "{form:?}");
        assert_eq!(said(&manifest, 0, "policy-arn").len(), 2, "{form:?}");
        assert_eq!(said(&manifest, 0, "check-mode"), ["false"], "{form:?}");
        assert_eq!(said(&manifest, 1, "title"), Vec::<String>::new(), "{form:?}");
        assert_eq!(said(&manifest, 1, "with"), ["keys"], "{form:?}");
    }
}

#[test]
fn an_extension_says_the_form() {
    for (path, form) in [
        ("a.csv", Some(Form::Csv)),
        ("b/a.YML", Some(Form::Yaml)),
        ("a.json", Some(Form::Json)),
        ("a.toml", Some(Form::Toml)),
    ] {
        assert_eq!(Form::of(path), form);
    }
    assert_eq!((Form::of("a.txt"), Form::of("csv")), (None, None));
    assert!(Manifest::read("a.txt", &mut Vec::new()).unwrap_err().contains("csv, yaml, json or toml"));
    assert!(Manifest::read("/nonexistent/a.csv", &mut Vec::new()).unwrap_err().contains("cannot be read"));
}

#[test]
fn a_bare_number_is_no_id() {
    let right = "it is a number, which loses leading zeros: write it in quotes, ";
    assert_eq!(
        faults(Form::Yaml, "accounts:\n  - account_id: 012345678901\n    turbot_id: aab\n"),
        [format!("m:2:17: account_id: {right}\"012345678901\"")]
    );
    assert_eq!(
        faults(Form::Json, "{\"accounts\": [\n {\"turbot_id\": \"aab\", \"account_id\": 111122223333}]}"),
        [format!("m:2:37: account_id: {right}\"111122223333\"")]
    );
    assert_eq!(
        faults(Form::Toml, "[[accounts]]\naccount_id = 111122223333\nturbot_id = \"aab\"\n"),
        [format!("m:2:14: account_id: {right}\"111122223333\"")]
    );
}

#[test]
fn columns_that_are_none_and_stand_twice() {
    assert_eq!(
        faults(Form::Csv, "acount_id,turbot_id,turbot_id,colour\n111122223333,aab,aab,red\n"),
        [
            "m:1:1: 'acount_id' is not a column; account_id is near",
            "m:1:21: the column turbot_id stands twice",
            "m:1:31: 'colour' is not a column; `turbot-onboard schema manifest` lists them",
        ]
    );
    assert_eq!(
        faults(Form::Yaml, "accounts:\n- turbot_id: a\n  turbot_id: b\n  rolename: x\nmore: 1\n"),
        [
            "m:3:3: turbot_id stands twice",
            "m:4:3: 'rolename' is not a column; role_name is near",
            "m:5:1: 'more' is neither accounts nor defaults",
        ]
    );
    // A column that only says whom to trust or what to consent to is for whoever runs the tool.
    for name in ["turbot_url", "yes", "allow_root", "adopt", "turbot_key_file", "audit_log"] {
        let found = faults(Form::Csv, &format!("account_id,{name}\n111122223333,x\n"));
        assert!(found[0].contains("is not a column"), "{found:?}");
    }
}

#[test]
fn twins_are_found_whatever_else_is_wrong() {
    let text = "account_id,turbot_id,cluster_id\n111122223333,aab,\n444455556666,aac,x\n111122223333,aad,\n300030000057,aab,\n300030000058,aac,y\n";
    assert_eq!(
        faults(Form::Csv, text),
        [
            "m:4:1: the AWS account 111122223333 stands in line 2 already",
            "m:5:14: the Turbot id aab stands in line 2 already",
        ]
    );
}

#[test]
fn csv_rows_that_do_not_fit() {
    let text = "account_id,turbot_id\n111122223333\n\n444455556666,aac,more\n,\n\"a\nb\",aad\n";
    let (manifest, found) = read(Form::Csv, text);
    assert_eq!(
        found,
        ["m:2:13: the row has 1 cells, and the header 2", "m:4:18: the row has 3 cells, and the header 2"]
    );
    assert_eq!(manifest.rows.len(), 3, "a row of empty cells is none");
    let (_, placed) = manifest.rows[2].text("turbot-id").unwrap();
    assert_eq!((placed.line, placed.column), (7, 4), "behind a cell of two lines");
}

#[test]
fn what_is_no_manifest_at_all() {
    for (form, text, place, message) in [
        (Form::Csv, "", "m:1:1", "names no account"),
        (Form::Csv, "account_id,turbot_id\n", "m:1:1", "names no account"),
        (Form::Yaml, "", "m:1:1", "empty"),
        (Form::Yaml, "accounts: [a, b", "m:", "this is not YAML"),
        (Form::Yaml, "- a\n", "m:1:1", "a manifest is a table"),
        (Form::Yaml, "accounts: 1\n", "m:1:11", "accounts is a list"),
        (Form::Yaml, "accounts:\n- x\n", "m:2:3", "an account is a table"),
        (Form::Yaml, "a: &x 1\naccounts: *x\n", "m:2:11", "aliases are not read"),
        (Form::Yaml, "accounts: []\n---\nb: 1\n", "m:", "more than one document"),
        (Form::Json, "{\"accounts\": [],}", "m:1:", "this is not JSON"),
        (Form::Json, "{\n // c\n}", "m:2:2", "this is not JSON"),
        (Form::Json, "{}", "m:1:1", "names no account"),
        (Form::Toml, "a = \n", "m:1:", "this is not TOML"),
    ] {
        let found = faults(form, text);
        assert_eq!(found.len(), 1, "{text:?} {found:?}");
        assert!(found[0].starts_with(place) && found[0].contains(message), "{text:?} {found:?}");
    }
    let deep = format!("accounts: {}", "[".repeat(5000));
    assert_eq!(faults(Form::Yaml, &deep).len(), 1);
    let deep = format!("{{\"accounts\": {}", "[".repeat(100_000));
    assert_eq!(faults(Form::Json, &deep).len(), 1);
}

/// Resolves a manifest as a verb does.
fn jobs(text: &str, typed: &[(&'static str, &[&str])], variables: &[(&str, &str)]) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.csv");
    std::fs::write(&path, text).unwrap();
    let shown = path.to_str().unwrap().to_owned();
    let mut all = vec![("manifest", vec![shown.as_str()])];
    all.extend(typed.iter().map(|(name, values)| (*name, values.to_vec())));
    let all: Vec<(&'static str, &[&str])> = all.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    let mut variables = variables.to_vec();
    variables.extend([("TURBOT_CLUSTER_ID", "mhe"), ("TURBOT_MASTER_ACCOUNT_ID", "999988887777")]);
    let environment = Environment::of(&variables);
    let mut faults = Vec::new();
    let layers = Layers::read(Typed::of(&all), &environment, Path::new("/nonexistent"), &mut faults);
    let resolver = Resolver::new(&layers, faults);
    let accounts = fleet::accounts(&resolver, None);
    let faults = resolver.finish().0;
    let said = faults.into_iter().map(|f| format!("{}: {}", f.place.replace(&shown, "m.csv"), f.message));
    (accounts.map_or(0, |accounts| accounts.jobs.len()), said.collect())
}

#[test]
fn every_fault_of_every_row_at_once() {
    let text = "account_id,turbot_id,with,max_session_duration\n1111,aab,role,\n444455556666,,both,\n300030000057,aad,role,60\n";
    let (found, said) = jobs(text, &[], &[]);
    assert_eq!(found, 0);
    assert_eq!(
        said,
        [
            "m.csv:2:1 (account_id): '1111' is not an AWS account id: it is 12 digits, such as 111122223333",
            "m.csv:3:1 (turbot_id): it is missing in this row",
            "m.csv:3:15 (with): 'both' is not one of role, keys",
            "m.csv:4:23 (max_session_duration): 60 is not between 3600 and 43200 seconds, IAM's limits",
        ]
    );
}

#[test]
fn the_faults_are_in_the_order_of_the_lines_whoever_found_them() {
    let text = "account_id,turbot_id,witch\n1111,aab,role\n300030000057,aab\n300030000057,,x\n";
    let (_, said) = jobs(text, &[("max-session-duration", &["1"])], &[]);
    let places: Vec<&str> = said.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "--max-session-duration",
            "m.csv:1:22",
            "m.csv:2:1 (account_id)",
            "m.csv:3:14",
            "m.csv:3:17",
            "m.csv:4:1",
            "m.csv:4:1 (turbot_id)",
        ],
        "{said:#?}"
    );
}

#[test]
fn flags_win_over_rows_but_for_what_only_a_row_can_say() {
    let text = "account_id,turbot_id,with\n111122223333,aab,keys\n444455556666,aac,\n";
    assert_eq!(jobs(text, &[("with", &["role"])], &[]).0, 2);
    let (_, said) = jobs(text, &[("title", &["T"]), ("role-name", &["a b"])], &[("TURBOT_ONBOARD_EXTERNAL_ID", "x")]);
    assert_eq!(
        said[..2],
        [
            "--title: with --manifest every row says it for itself",
            "TURBOT_ONBOARD_EXTERNAL_ID: with --manifest every row says it for itself",
        ]
    );
    assert_eq!(said.iter().filter(|fault| fault.starts_with("--role-name")).count(), 1, "{said:?}");
}

/// Ten thousand rows: well under a second as it is shipped; this build is not optimised, on a machine that has other
/// things to do.
#[test]
fn ten_thousand_rows_take_no_time() {
    use std::fmt::Write as _;
    let mut text = String::from("account_id,turbot_id,title,with,tag,assume_role\n");
    for n in 0..10_000_u64 {
        let _ = writeln!(
            text,
            "{:012},t{n},Account {n},role,Team=x;Cost={n},OrganizationAccountAccessRole",
            100_000_000_000 + n
        );
    }
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
    let begun = Instant::now();
    assert_eq!(jobs(&text, &[], &[]), (10_000, vec![]));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

/// Quotes within a field are its own, lines end as they do anywhere, and foreign words are escaped.
#[test]
fn hostile_csv_has_its_places() {
    let faults = |text: &str| {
        let mut faults = Vec::new();
        Manifest::parse(text, Form::Csv, "m", &mut faults);
        faults.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect::<Vec<_>>()
    };
    assert_eq!(faults("account_id,turbot_id\na\"b,aab,x\n"), ["m:2:9: the row has 3 cells, and the header 2"]);
    assert_eq!(faults("account_id,turbot_id\n\"a\"\"b\",aab,x\n"), ["m:2:12: the row has 3 cells, and the header 2"]);
    assert_eq!(faults("account_id,turbot_id\r1,aab\r2\r"), ["m:3:2: the row has 1 cells, and the header 2"]);
    assert_eq!(faults("account_id,title\n1,\"two\r\nlines\"\n2\n"), ["m:4:2: the row has 1 cells, and the header 2"]);
    assert_eq!(
        faults("account_id\n\u{1b}[31m\n\u{1b}[31m\n"),
        ["m:3:1: the AWS account \\u{1b}[31m stands in line 2 already"]
    );
}
