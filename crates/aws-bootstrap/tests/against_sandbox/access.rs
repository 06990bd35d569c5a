//! Becoming somebody else, proving it, and looking at what the account may do.

use aws_bootstrap::{AssumeTarget, Aws, AwsErrorKind, AwsSettings, DeniedBy, GETTING_CREDENTIALS, Given, Simulation};
use onboard_core::{Arn, AwsAccountId, Organization};
use onboard_sandbox::{Fault, Options, What};

use crate::world::{World, administrator, role, settings};

const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

async fn from_management(w: &World, target: AssumeTarget, account: Option<&str>) -> Aws {
    let settings = AwsSettings {
        assume_role: Some(target),
        account: account.map(|id| AwsAccountId::new(id).unwrap()),
        ..settings(&w.sandbox, w.cloud().management_credentials())
    };
    Aws::connect(&settings, &w.http).await.unwrap()
}

#[tokio::test]
async fn roles_are_assumed_by_name_and_by_arn() {
    let w = World::new().await;
    let member = w.cloud().member(1);
    let by_name = from_management(&w, AssumeTarget::ByName(ACCESS_ROLE.into()), Some(&member)).await;
    assert_eq!(w.count("sts:GetCallerIdentity"), 1, "the partition is learnt");
    assert_eq!(w.count("sts:AssumeRole"), 0);
    let caller = by_name.caller().await.unwrap();
    assert_eq!(caller.account.as_str(), member);
    assert_eq!(caller.arn.resource(), format!("assumed-role/{ACCESS_ROLE}/turbot-onboard"));
    // One session for all calls of the handle.
    by_name.observe(&aws_bootstrap::Looking { roles: vec![role()], ..Default::default() }).await.unwrap();
    assert_eq!(w.count("sts:AssumeRole"), 1);

    let arn = Arn::new(format!("arn:aws:iam::{}:role/{ACCESS_ROLE}", w.account)).unwrap();
    let by_arn = from_management(&w, AssumeTarget::ByArn(arn), None).await;
    assert_eq!(by_arn.caller().await.unwrap().account, w.account);
    assert!(matches!(by_arn.organization().await, Organization::Member { .. }));
}

#[tokio::test]
async fn a_session_is_asked_once_who_it_is_and_other_credentials_each_time() {
    let w = World::new().await;
    let looking = aws_bootstrap::Looking::default();
    for _ in 0..3 {
        w.aws.observe(&looking).await.unwrap();
    }
    assert_eq!(w.count("sts:GetCallerIdentity"), 3);
    let arn = Arn::new(format!("arn:aws:iam::{}:role/{ACCESS_ROLE}", w.account)).unwrap();
    let session = from_management(&w, AssumeTarget::ByArn(arn), None).await;
    // What failed is not kept.
    w.sandbox.add_fault(Fault::new("sts:GetCallerIdentity", What::InternalError).times(100));
    session.observe(&looking).await.unwrap_err();
    w.sandbox.clear_faults();
    let before = w.count("sts:GetCallerIdentity");
    for _ in 0..3 {
        assert_eq!(session.observe(&looking).await.unwrap().caller.account, w.account);
    }
    assert_eq!(w.count("sts:GetCallerIdentity"), before + 1);
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_denial_of_assuming() {
    let w = World::new().await;
    let member = w.cloud().member(1);
    let aws = from_management(&w, AssumeTarget::ByName("not-there".into()), Some(&member)).await;
    let error = aws.caller().await.unwrap_err();
    assert_eq!((error.kind, error.operation), (AwsErrorKind::Denied, GETTING_CREDENTIALS), "{error}");
    assert_eq!(error.denial.unwrap().action.as_deref(), Some("sts:AssumeRole"));
    // And it costs no certainty: the effect was never sent.
    let error = aws.create_access_key(&crate::world::user()).await.unwrap_err();
    assert_eq!(error.certainty, aws_bootstrap::Certainty::NotDone);
    let nameless = AwsSettings {
        assume_role: Some(AssumeTarget::ByName(ACCESS_ROLE.into())),
        ..settings(&w.sandbox, w.cloud().management_credentials())
    };
    assert_eq!(Aws::connect(&nameless, &w.http).await.unwrap_err().kind, AwsErrorKind::Settings);
}

#[tokio::test]
async fn a_lost_answer_to_assuming_leaves_the_effect_certain() {
    let w = World::new().await;
    let member = w.cloud().member(1);
    let aws = from_management(&w, AssumeTarget::ByName(ACCESS_ROLE.into()), Some(&member)).await;
    w.sandbox.add_fault(Fault::new("sts:AssumeRole", What::InternalError).times(0));
    let error = aws.create_access_key(&crate::world::user()).await.unwrap_err();
    assert_eq!((error.kind, error.certainty), (AwsErrorKind::Unavailable, aws_bootstrap::Certainty::NotDone));
    assert_eq!(w.count("iam:CreateAccessKey"), 0);
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_before_a_role_is_assumed() {
    let w = World::new().await;
    w.cloud().set_clock_offset(-3 * 3_600_000);
    let arn = Arn::new(format!("arn:aws:iam::{}:role/{ACCESS_ROLE}", w.account)).unwrap();
    let aws = from_management(&w, AssumeTarget::ByArn(arn), None).await;
    assert_eq!(aws.caller().await.unwrap().account, w.account);
}

#[tokio::test]
async fn the_external_id_is_proved_from_the_master_account() {
    let w = World::new().await;
    let made = w.make_role().await.unwrap().value;
    let master = w.as_caller(w.cloud().master_credentials()).await;
    let right = w.trust().external_id;
    master.assume(&made.arn, Some(&right)).await.unwrap();
    let wrong = "another-id".parse().unwrap();
    for refused in [None, Some(&wrong)] {
        let error = master.assume(&made.arn, refused).await.unwrap_err();
        assert_eq!(error.kind, AwsErrorKind::Denied, "{refused:?}");
    }
    let sent = w.sandbox.log();
    let call = sent.iter().find(|record| record.call.name == "sts:AssumeRole").unwrap();
    let param = |name: &str| call.call.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(param("DurationSeconds"), Some("900"));
    assert!(param("Policy").is_some_and(|policy| policy.contains("Deny")));
}

#[tokio::test]
async fn figures_are_the_accounts_own() {
    let mut options = Options::default();
    options.quotas.attached_policies_per_role = 25;
    let w = World::with(options).await;
    let before = w.aws.account_summary().await.unwrap();
    w.make_role().await.unwrap();
    let after = w.aws.account_summary().await.unwrap();
    assert_eq!(after.roles.unwrap(), before.roles.unwrap() + 1);
    assert_eq!((after.policies_per_role_quota, after.roles_quota), (Some(25), Some(1000)));
    assert_eq!(after.access_keys_per_user_quota, Some(2));
}

#[tokio::test]
async fn a_simulation_advises() {
    let w = World::new().await;
    let caller = w.aws.caller().await.unwrap();
    let actions = ["iam:CreateRole", "iam:AttachRolePolicy"];
    let judged = |simulation: Simulation| match simulation {
        Simulation::Judged(actions) => actions.into_iter().map(|a| (a.action, a.denied_by)).collect::<Vec<_>>(),
        Simulation::Unknown(why) => panic!("{why}"),
    };
    let all = judged(w.aws.simulate(&caller.arn, &actions).await);
    assert_eq!(all, actions.map(|a| (a.to_owned(), None)));
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*"}]}"#;
    w.cloud().set_scp(w.account.as_str(), deny, "arn:aws:organizations::1:policy/o-a/service_control_policy/p-1");
    let all = judged(w.aws.simulate(&caller.arn, &actions).await);
    assert_eq!(all[0], ("iam:CreateRole".to_owned(), Some(DeniedBy::ServiceControl)));
    assert_eq!(all[1].1, None);
    w.sandbox.add_fault(Fault::new("iam:SimulatePrincipalPolicy", What::Throttle { retry_after: None }).times(0));
    assert!(matches!(w.aws.simulate(&caller.arn, &actions).await, Simulation::Unknown(_)));
}

#[tokio::test]
async fn an_organization_is_listed_by_its_management_account() {
    let w = World::with(Options { accounts: 45, organization_extras: true, ..Options::default() }).await;
    let management = w.as_caller(w.cloud().management_credentials()).await;
    let listed = management.list_accounts().await.unwrap();
    let mut ids: Vec<_> = listed.iter().map(|a| a.id.as_str().to_owned()).collect();
    ids.sort();
    let mut expected: Vec<_> = w.cloud().accounts().into_iter().filter(|a| a.in_organization).map(|a| a.id).collect();
    expected.sort();
    assert_eq!(ids, expected);
    assert!(w.count("organizations:ListAccounts") >= 3);
    assert!(listed.iter().any(|a| a.state == aws_bootstrap::AccountState::Suspended));
    assert!(listed.iter().any(|a| a.state == aws_bootstrap::AccountState::PendingActivation));
    assert!(listed.iter().all(|a| !a.paths.is_empty() && !a.name.is_empty()));
    assert_eq!(w.aws.list_accounts().await.unwrap_err().kind, AwsErrorKind::Denied);
    let master = w.as_caller(w.cloud().master_credentials()).await;
    assert_eq!(master.list_accounts().await.unwrap_err().kind, AwsErrorKind::NoOrganization);
}

#[tokio::test]
async fn endpoints_are_shown_and_strange_ones_refused() {
    let w = World::new().await;
    assert_eq!(w.aws.endpoint(), Some(w.sandbox.aws_url()));
    let made = settings(&w.sandbox, w.cloud().admin_credentials(w.account.as_str()));
    let at = |endpoint: Option<&str>, allowed: Option<&str>| AwsSettings {
        given: Some(Given { endpoint: endpoint.map(str::to_owned), ..made.given.clone().unwrap() }),
        allowed_endpoint: allowed.map(str::to_owned),
        ..made.clone()
    };
    let strange = "https://iam.evil.example";
    let error = Aws::connect(&at(Some(strange), None), &w.http).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (AwsErrorKind::ForeignEndpoint, strange));
    let allowed = Aws::connect(&at(Some(strange), Some("https://iam.evil.example/")), &w.http).await.unwrap();
    assert_eq!(allowed.endpoint().as_deref(), Some(strange));
    assert_eq!(Aws::connect(&at(None, None), &w.http).await.unwrap().endpoint(), None);
    assert!(w.aws.attach_role_policy(&role(), &administrator()).await.is_err());
}

#[tokio::test]
async fn no_debug_shows_a_secret() {
    let w = World::new().await;
    let credentials = w.cloud().admin_credentials(w.account.as_str());
    let secret = credentials.secret_access_key.clone();
    let made = settings(&w.sandbox, credentials);
    for shown in [format!("{made:?}"), format!("{:?}", w.aws), format!("{:?}", w.http)] {
        assert!(!shown.contains(&secret), "{shown}");
    }
}
