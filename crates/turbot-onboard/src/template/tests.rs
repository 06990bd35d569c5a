//! Templates as texts, for several accounts too. That they work is tested with the tools they are for
//! (`tests/emulators/test_templates.py`, which lints the snapshots of CloudFormation as well).

use onboard_core::{AwsAccountId, Chosen, ClusterId, ExternalId, Partition, TurbotAccountId, UserName, Wanted, With};
use serde_json::Value;

use super::cloudformation::{self, Form};
use super::permissions::{self, Verb};
use super::{Blueprint, commands, terraform};
use crate::settings::wanted;

fn wanted(account: &str, id: &str) -> Wanted {
    wanted::default(
        AwsAccountId::new(account).unwrap(),
        TurbotAccountId::new(id).unwrap(),
        ClusterId::new("mhe").unwrap(),
        AwsAccountId::new("210987654321").unwrap(),
    )
}

fn blueprint(wanted: &Wanted, external_id: &str) -> Blueprint {
    let chosen = Chosen { external_id: ExternalId::new(external_id).unwrap() };
    Blueprint::of(wanted, &Partition::new("aws").unwrap(), &chosen).unwrap()
}

/// Two alike, one with a name and tags of its own, one with keys.
fn fleet() -> Vec<Blueprint> {
    let mut own = wanted("300030000057", "aad");
    own.role_name = "turbot's".replace('\'', "-").parse().unwrap();
    own.tags = [("Team".to_owned(), "data".to_owned())].into();
    own.max_session_duration = 7200;
    let mut keys = wanted("300040000076", "aae");
    keys.with = With::Keys;
    keys.user_name = UserName::new("turbot-import").unwrap();
    vec![
        blueprint(&wanted("111122223333", "aab"), "id-of-aab"),
        blueprint(&wanted("012345678901", "aac"), "id-of-aac"),
        blueprint(&own, "id-of-aad"),
        blueprint(&keys, "unused"),
    ]
}

#[track_caller]
fn matches(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // A new version changes no snapshot.
    let text = text.replace(onboard_core::VERSION, "0.0.0");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn one_account() {
    let one = [blueprint(&wanted("111122223333", "aab"), "id-of-aab")];
    matches("stack-of-one", &cloudformation::render(&one, Form::Stack).unwrap());
    matches("module-of-one", &terraform::render(&one));
    matches("commands-of-one", &commands::render(&one));
}

#[test]
fn a_fleet_is_one_text() {
    let fleet = fleet();
    matches("stack-of-a-fleet", &cloudformation::render(&fleet, Form::Stack).unwrap());
    matches("stack-set-of-a-fleet", &cloudformation::render(&fleet[..3], Form::StackSet).unwrap());
    matches("module-of-a-fleet", &terraform::render(&fleet));
    matches("commands-of-a-fleet", &commands::render(&fleet));
}

/// As many accounts, each with what `change` makes of it.
fn many(count: usize, change: impl Fn(usize, &mut Wanted)) -> Vec<Blueprint> {
    let account = |n: usize| {
        let mut wanted = wanted(&format!("{:012}", 300_000_000_000 + n), &format!("a{n}"));
        change(n, &mut wanted);
        blueprint(&wanted, &format!("id-of-{n}"))
    };
    (0..count).map(account).collect()
}

#[test]
fn a_stack_has_no_more_than_cloudformation_takes() {
    let refused = |blueprints: &[Blueprint]| {
        let refusal = cloudformation::render(blueprints, Form::StackSet).unwrap_err();
        assert!(refusal.message.contains("split the manifest"), "{refusal:?}");
        refusal.message
    };
    assert!(cloudformation::render(&many(200, |_, _| ()), Form::StackSet).is_ok());
    assert!(refused(&many(201, |_, _| ())).contains("201 accounts, each with a place under Mappings, and"));
    // Roles that differ are resources of their own, with two outputs each.
    let own = |n: usize, wanted: &mut Wanted| wanted.role_name = format!("role-{n}").parse().unwrap();
    assert!(cloudformation::render(&many(100, own), Form::StackSet).is_ok());
    assert!(refused(&many(101, own)).contains("202 outputs, and CloudFormation takes 200"));
    let wide = |n: usize, wanted: &mut Wanted| {
        own(n, wanted);
        wanted.tags = (0..40).map(|tag| (format!("{tag:0>120}"), "v".repeat(250))).collect();
    };
    assert!(refused(&many(100, wide)).contains("bytes, and CloudFormation takes 1000000"));
}

#[test]
fn a_long_template_is_given_by_its_address() {
    let own = |n: usize, wanted: &mut Wanted| wanted.role_name = format!("role-{n}").parse().unwrap();
    let (short, long) = (many(3, own), many(90, own));
    for (form, given, by_address) in [
        (Form::StackSet, "--template-body file://stackset.yaml", "--template-url https://<bucket>"),
        (Form::Stack, "CAPABILITY_NAMED_IAM\n", "CAPABILITY_NAMED_IAM --s3-bucket <bucket>"),
    ] {
        let text = cloudformation::render(&short, form).unwrap();
        assert!(
            !cloudformation::needs_an_address(&text) && text.contains(given) && !text.contains(by_address),
            "{text}"
        );
        let text = cloudformation::render(&long, form).unwrap();
        assert!(cloudformation::needs_an_address(&text) && text.len() > 51_200, "{}", text.len());
        assert!(!text.contains(given) && text.contains(by_address), "{text}");
        assert!(cloudformation::about_its_length(&text, form).contains("51200"));
    }
}

#[test]
fn what_would_be_refused_everywhere_is_refused_here() {
    let chosen = Chosen { external_id: ExternalId::new("abc").unwrap() };
    let aws = Partition::new("aws").unwrap();
    let master = wanted("210987654321", "aab");
    assert!(Blueprint::of(&master, &aws, &chosen).is_err());
    assert!(Blueprint::of(&Wanted { allow_master_account: true, ..master }, &aws, &chosen).is_ok());
    let mut other = wanted("111122223333", "aab");
    other.policies = vec!["arn:aws-cn:iam::aws:policy/AdministratorAccess".parse().unwrap()];
    assert!(Blueprint::of(&other, &aws, &chosen).is_err());
}

#[test]
fn callers_may_attach_what_is_wanted_and_nothing_else() {
    let fleet = fleet();
    let policy = permissions::policy(Verb::Apply, &fleet).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    for statement in statements {
        let actions: Vec<&str> = statement["Action"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(actions.iter().all(|action| !action.contains('*')), "{statement}");
        let attaches = actions.iter().any(|action| action.contains(":Attach"));
        assert_eq!(attaches, statement.get("Condition").is_some(), "{statement}");
        let looks = statement["Sid"] == "Look";
        assert_eq!(looks, statement["Resource"] == "*", "{statement}");
    }
    // Every role and user of the fleet by name, in whichever account the policy stands.
    for arn in
        ["arn:aws:iam::*:role/turbot-onboard", "arn:aws:iam::*:role/turbot-s", "arn:aws:iam::*:user/turbot-import"]
    {
        assert!(policy.to_string().contains(arn), "{arn}");
    }
    assert_eq!(permissions::policy(Verb::Maintenance, &fleet), None);
}
