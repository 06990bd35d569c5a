//! What people read, whole.

use std::collections::BTreeMap;

use onboard_core::{
    AccountReport, Arn, AwsAccountId, Caller, ClusterId, Difference, ErrorKind, ErrorReport, ExternalId, ImportState,
    Leftover, MaintenanceLevel, Outcome, Plan, PolicyArn, Principal, Report, RoleName, Step, StepReport, StepResult,
    TrustPolicy, TurbotAccountId, UserName, Wanted, With,
};
use onboard_engine::{Check, CheckResult, DOCTOR_SCHEMA, DoctorReport};

use super::paint::Paint;
use super::plan::PlanView;
use super::{doctor, plan, report, settings};
use crate::settings::source::SettingFault;
use crate::settings::wanted;

const EXTERNAL_ID: &str = "0af8a16f-d9bc-4f69-85a0-41393ad19659";

fn sample_wanted() -> Wanted {
    wanted::default(
        AwsAccountId::new("111122223333").unwrap(),
        TurbotAccountId::new("aab").unwrap(),
        ClusterId::new("mhe").unwrap(),
        AwsAccountId::new("999988887777").unwrap(),
    )
}

fn sample_plan(steps: Vec<Step>, external_id: Option<&str>) -> Plan {
    Plan {
        steps,
        end: Outcome::Imported,
        warnings: vec![],
        external_id: external_id.map(|id| ExternalId::new(id).unwrap()),
        delete_credential: true,
        then_again: false,
    }
}

fn shown(wanted: &Wanted, plan: &Plan, alias: Option<&str>, endpoint: Option<&str>) -> String {
    let caller = Caller {
        account: wanted.account_id.clone(),
        arn: Arn::new("arn:aws:sts::111122223333:assumed-role/Admin/me").unwrap(),
    };
    let view =
        PlanView { wanted, plan, caller: &caller, alias, endpoint, turbot_url: Some("https://turbot.example.com") };
    plan::text(&view, Paint::PLAIN)
}

fn import(principal: Principal) -> Step {
    Step::Import {
        urn: "urn:turbot:mhe:aab".into(),
        principal,
        master: AwsAccountId::new("999988887777").unwrap(),
        check_mode: true,
        delete_credential: true,
    }
}

#[test]
fn a_plan_with_a_role() {
    let mut wanted = sample_wanted();
    wanted.title = "Data \u{202e}platform".into();
    wanted.policies = vec![
        PolicyArn::new("arn:aws:iam::aws:policy/AdministratorAccess").unwrap(),
        PolicyArn::new("arn:aws:iam::111122223333:policy/own").unwrap(),
    ];
    wanted.permissions_boundary = Some(PolicyArn::new("arn:aws:iam::111122223333:policy/bound").unwrap());
    let role = RoleName::new("turbot-onboard").unwrap();
    let create = Step::CreateRole {
        name: role.clone(),
        path: wanted.role_path.clone(),
        description: "d".into(),
        max_session_duration: 3600,
        boundary: wanted.permissions_boundary.clone(),
        tags: BTreeMap::from([("Team".into(), "a\u{1b}[31m".into())]),
        trust: TrustPolicy {
            partition: onboard_core::Partition::new("aws").unwrap(),
            account: wanted.master_account_id.clone(),
            external_id: ExternalId::new(EXTERNAL_ID).unwrap(),
        },
    };
    let mut plan = sample_plan(vec![create, import(Principal::Role(role))], Some(EXTERNAL_ID));
    plan.warnings.push("the organization is not known".into());
    assert_eq!(
        shown(&wanted, &plan, Some("acme-dev"), Some("http://127.0.0.1:1")),
        "\
AWS account 111122223333 (acme-dev), urn:turbot:mhe:aab in Turbot: 2 steps
Called by arn:aws:sts::111122223333:assumed-role/Admin/me.
AWS is reached at http://127.0.0.1:1, which is not an endpoint of AWS's own.

Turbot's master account, arn:aws:iam::999988887777:root,
gets AdministratorAccess (arn:aws:iam::aws:policy/AdministratorAccess) and arn:aws:iam::111122223333:policy/own, within the boundary arn:aws:iam::111122223333:policy/bound
in AWS account 111122223333 (acme-dev),
through the role turbot-onboard, under the external ID 0af8a16f-d9bc-4f69-85a0-41393ad19659.
Turbot at https://turbot.example.com imports the account as urn:turbot:mhe:aab with the title 'Data \\u{202e}platform', in check mode, and is asked to delete the role afterwards.

1. create role turbot-onboard, which account 999988887777 may assume under external ID 0af8a16f-d9bc-4f69-85a0-41393ad19659
     path /, sessions of at most 3600 s
     permissions boundary arn:aws:iam::111122223333:policy/bound
     tags Team=a\\u{1b}[31m
2. ask Turbot to import the account as urn:turbot:mhe:aab with the role turbot-onboard, in check mode, and to delete that credential afterwards
warning: the organization is not known
"
    );
}

#[test]
fn a_plan_with_keys_and_without_check_mode() {
    let mut wanted = sample_wanted();
    (wanted.with, wanted.check_mode) = (With::Keys, false);
    let user = UserName::new("turbot-onboard").unwrap();
    let mut plan = sample_plan(vec![Step::CreateKey { user: user.clone() }, import(Principal::User(user))], None);
    plan.delete_credential = false;
    let text = shown(&wanted, &plan, None, None);
    assert!(text.contains("through the user turbot-onboard, who has no password.\n"), "{text}");
    assert!(
        text.contains("not in check mode: it may change things at once, and is asked to leave the access key as it is")
    );
    assert!(!text.contains("endpoint"), "{text}");
}

#[test]
fn a_plan_that_changes_a_trust_policy_shows_what_changes() {
    let step = Step::SetTrust {
        role: RoleName::new("turbot-onboard").unwrap(),
        before: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}"#.into(),
        after: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny"}]}"#.into(),
    };
    let text = shown(&sample_wanted(), &sample_plan(vec![step], Some(EXTERNAL_ID)), None, None);
    let (_, steps) = text.split_once("1. ").unwrap();
    assert_eq!(
        steps,
        "\
replace the trust policy of role turbot-onboard
       {
         \"Version\": \"2012-10-17\",
         \"Statement\": [
           {
     -       \"Effect\": \"Allow\"
     +       \"Effect\": \"Deny\"
           }
         ]
       }
"
    );
}

#[test]
fn plans_that_grant_nothing_do_not_speak_of_grants() {
    let nothing = shown(&sample_wanted(), &sample_plan(vec![], None), None, None);
    assert_eq!(
        nothing,
        "\
AWS account 111122223333, urn:turbot:mhe:aab in Turbot: no steps
Called by arn:aws:sts::111122223333:assumed-role/Admin/me.

There is nothing to do.
"
    );
    let window = Step::SetMaintenance {
        urn: "urn:turbot:mhe:aab".into(),
        before: Some("No changes".into()),
        level: MaintenanceLevel::Full,
    };
    let text = shown(&sample_wanted(), &sample_plan(vec![window], None), None, None);
    assert!(!text.contains("gets") && text.contains("1. set the maintenance window"), "{text}");
}

fn report_of(accounts: Vec<AccountReport>) -> String {
    report::text(&Report::new("r".into(), "apply", "t".into(), accounts), Paint::PLAIN)
}

#[test]
fn a_report_of_success() {
    let mut account = AccountReport::new("111122223333", "aab", With::Role);
    account.outcome = Outcome::Imported;
    account.role_arn = Some("arn:aws:iam::111122223333:role/turbot-onboard".into());
    account.external_id = Some(EXTERNAL_ID.into());
    account.import = onboard_core::ImportReport { requests: 2, state: ImportState::Accepted };
    account.maintenance = Some("Anytime".into());
    account.warnings = vec!["a \u{1b}]0;title\u{7}".into()];
    assert_eq!(
        report_of(vec![account]),
        "\
111122223333 as aab: imported and verified
  role          arn:aws:iam::111122223333:role/turbot-onboard
  external ID   0af8a16f-d9bc-4f69-85a0-41393ad19659
  import        accepted, after 2 requests
  maintenance   Anytime
  warning: a \\u{1b}]0;title\\u{7}
"
    );
}

#[test]
fn a_report_of_failure_says_why_once_and_what_is_left() {
    let mut account = AccountReport::new("111122223333", "aab", With::Role);
    account.import = onboard_core::ImportReport { requests: 1, state: ImportState::Refused };
    account.steps = vec![
        StepReport { step: "claim", target: "policy x".into(), result: StepResult::Done, offset_millis: 0, millis: 1 },
        StepReport {
            step: "create-role",
            target: "role turbot-onboard".into(),
            result: StepResult::Undone,
            offset_millis: 0,
            millis: 1,
        },
    ];
    account.fail(
        ErrorReport::new(ErrorKind::TurbotRefused, "Turbot refused the import: 400 no such cluster")
            .because("no such cluster")
            .because("the load balancer said so")
            .hint("check --cluster-id"),
    );
    account.undo_error = Some(ErrorReport::new(ErrorKind::Denied, "deleting the role").hint("run cleanup"));
    account.leftovers = Some(vec![Leftover {
        kind: "role",
        id: "arn:aws:iam::111122223333:role/turbot-onboard".into(),
        why: "it was not taken back".into(),
        remove_with: "turbot-onboard cleanup --account-id 111122223333".into(),
    }]);
    let mut differs = AccountReport::new("444455556666", "aac", With::Role);
    differs.outcome = Outcome::Differs;
    differs.differences =
        vec![Difference { what: "turbot.title".into(), wanted: "'a'".into(), found: "'\u{202e}b'".into() }];
    assert_eq!(
        report_of(vec![account, differs]),
        "\
111122223333 as aab: refused
  import        refused
  taken back: create-role of role turbot-onboard
  error: Turbot refused the import: 400 no such cluster
    because: the load balancer said so
  Hint: check --cluster-id
  what was begun could not be taken back:
    error: deleting the role
    Hint: run cleanup
  left over:
    role arn:aws:iam::111122223333:role/turbot-onboard: it was not taken back
      remove it with: turbot-onboard cleanup --account-id 111122223333

444455556666 as aac: not as wanted
  turbot.title
    wanted  'a'
    found   '\\u{202e}b'

2 accounts: 1 differs, 1 refused
"
    );
}

#[test]
fn what_the_doctor_found() {
    let check = |check, result, message: &str, hint: Option<&str>| Check {
        check,
        result,
        message: message.into(),
        hint: hint.map(str::to_owned),
    };
    let found = DoctorReport {
        schema: DOCTOR_SCHEMA,
        run: "r".into(),
        tool_version: "1",
        account_id: Some("111122223333".into()),
        turbot_id: Some("aab".into()),
        accounts: None,
        checks: vec![
            check("aws.account", CheckResult::Proved, "it is 111122223333", None),
            check("turbot.key", CheckResult::Failed, "the key is expired", Some("make a new one")),
        ],
        failed: true,
    };
    assert_eq!(
        doctor::text(&found, Paint::PLAIN),
        "\
111122223333 as aab
  proved   aws.account  it is 111122223333
  failed   turbot.key   the key is expired
           Hint: make a new one
1 check failed; nothing was changed.
"
    );
}

#[test]
fn faults_of_settings_are_listed_with_their_places() {
    let faults = [SettingFault::new("--tag", "'x\u{7}' is not KEY=VALUE"), SettingFault::new("c.toml:1:2", "no")];
    assert_eq!(
        settings::faults(&faults, "apply", Paint::PLAIN),
        "\
error: 2 settings are wrong; nothing was done
  --tag: 'x\\u{7}' is not KEY=VALUE
  c.toml:1:2: no
Hint: `turbot-onboard apply --help` lists the options"
    );
}
