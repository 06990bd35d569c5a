//! One look at an account: what is there, what is not, and how many calls it takes.

use aws_bootstrap::Looking;
use onboard_core::{AwsObserved, Organization, RoleName, With};
use onboard_sandbox::{Blocker, Consistency, Fault, Options, What};

use crate::world::{World, administrator, partition, record, role, user};

fn both() -> Looking {
    Looking { roles: vec![role()], users: vec![user()], ..Looking::default() }
}

async fn observe(w: &World, looking: &Looking) -> AwsObserved {
    w.aws.observe(looking).await.unwrap()
}

#[tokio::test]
async fn an_empty_account_takes_one_round() {
    let w = World::new().await;
    let seen = observe(&w, &both()).await;
    assert_eq!(seen.caller.account, w.account);
    assert_eq!(seen.caller.partition(), &partition());
    assert!(
        matches!(&seen.organization, Organization::Member { management } if management.as_str() == w.cloud().management_account())
    );
    assert_eq!((seen.roles.len(), seen.users.len(), seen.journals.len()), (0, 0, 0));
    assert_eq!(w.sandbox.counts().values().sum::<u64>(), 9, "{:?}", w.sandbox.counts());
    assert!(seen.now.duration_since(jiff::Timestamp::now()).as_secs().abs() <= 2);
}

#[tokio::test]
async fn what_is_there_is_seen_whole() {
    let w = World::new().await;
    let account = w.account.as_str();
    w.cloud().set_alias(account, Some("the-alias"));
    w.make_role().await.unwrap();
    w.aws.attach_role_policy(&role(), &administrator()).await.unwrap();
    w.make_user().await.unwrap();
    let inline = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    w.cloud().put_user_policy(account, "turbot-onboard", "inline-one", inline);
    w.cloud().create_login_profile(account, "turbot-onboard");
    w.cloud().add_blocker(account, "turbot-onboard", Blocker::MfaDevice);
    w.cloud().add_blocker(account, "turbot-onboard", Blocker::SshKey);
    w.cloud().add_blocker(account, "turbot-onboard", Blocker::ServiceCredential);
    w.cloud().add_blocker(account, "turbot-onboard", Blocker::SigningCertificate);
    let key = w.aws.create_access_key(&user()).await.unwrap().value;

    let seen = observe(&w, &both()).await;
    assert_eq!(seen.alias.as_deref(), Some("the-alias"));
    let a_role = seen.role("Turbot-Onboard").unwrap();
    assert_eq!(a_role.attached, [administrator()]);
    assert!(w.trust().is_granted_by(&a_role.trust));
    let a_user = seen.user("turbot-onboard").unwrap();
    assert_eq!((a_user.inline.as_slice(), a_user.keys[0].id.clone()), (&["inline-one".to_owned()][..], key.id));
    assert_eq!(a_user.other_access, ["a login profile", "an MFA device"]);
    let deep = observe(&w, &Looking { deep: true, ..both() }).await;
    assert_eq!(
        deep.users[0].other_access,
        [
            "a login profile",
            "an MFA device",
            "an SSH public key",
            "a service-specific credential",
            "a signing certificate"
        ]
    );
}

#[tokio::test]
async fn principals_that_a_journal_names_are_looked_for_too() {
    let w = World::new().await;
    let trust = w.trust().document();
    w.cloud().create_role_unchecked(w.account.as_str(), "older-name", "/", &trust, &[]).unwrap();
    w.cloud().create_user_unchecked(w.account.as_str(), "older-user", "/", &[]);
    for (generation, with, name) in
        [(1, With::Role, "older-name"), (2, With::Keys, "older-user"), (3, With::Role, "gone")]
    {
        w.aws.create_journal(&partition(), &w.account, generation, &record(with, name)).await.unwrap();
    }
    let seen = observe(&w, &both()).await;
    assert!(seen.role("older-name").is_some() && seen.user("older-user").is_some());
    assert_eq!((seen.roles.len(), seen.users.len()), (1, 1));
    assert_eq!(seen.journal().unwrap().generation, 3);
    assert_eq!(seen.journal().unwrap().record.as_ref().unwrap().name, "gone");
    // Looked for anyway: once, not twice.
    let looking = Looking { roles: vec![RoleName::new("OLDER-name").unwrap()], ..Looking::default() };
    assert_eq!(observe(&w, &looking).await.roles.len(), 1);
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let w = World::new().await;
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    for n in 0..130 {
        w.cloud().create_policy_unchecked(
            w.account.as_str(),
            &format!("turbot-onboard-{n}"),
            "/turbot-onboard/",
            document,
            &[],
        );
    }
    let journals = w.aws.journals().await.unwrap();
    assert_eq!(journals.len(), 130);
    assert!(w.count("iam:ListPolicies") > 1);
    assert!(journals.iter().all(|j| j.record.is_none()));
}

#[tokio::test]
async fn place_and_alias_that_may_not_be_read_fail_nothing() {
    let w = World::new().await;
    let denied = |call: &str| {
        let policy = onboard_sandbox::PolicyKind::Identity;
        Fault::new(call, What::AccessDenied { policy, arn: None }).times(0)
    };
    w.sandbox.add_fault(denied("organizations:DescribeOrganization"));
    w.sandbox.add_fault(denied("iam:ListAccountAliases"));
    let seen = observe(&w, &both()).await;
    assert!(matches!(seen.organization, Organization::Unknown(why) if why.contains("access denied")));
    assert_eq!(seen.alias, None);

    let master = w.as_caller(w.cloud().master_credentials()).await;
    w.sandbox.clear_faults();
    assert_eq!(master.organization().await, Organization::None);
    let management = w.as_caller(w.cloud().management_credentials()).await;
    assert_eq!(management.organization().await, Organization::Management);
}

#[tokio::test]
async fn a_read_that_a_plan_needs_fails_the_look() {
    let w = World::new().await;
    w.sandbox.add_fault(Fault::new(
        "iam:ListPolicies",
        What::AccessDenied { policy: onboard_sandbox::PolicyKind::Identity, arn: None },
    ));
    let error = w.aws.observe(&both()).await.unwrap_err();
    assert_eq!((error.kind, error.operation), (aws_bootstrap::AwsErrorKind::Denied, "ListPolicies"));
}

#[tokio::test]
async fn halves_that_contradict_each_other_are_read_again() {
    let w = World::new().await;
    w.cloud().set_consistency(Consistency { invisible_reads: 1, ..Consistency::default() });
    w.make_role().await.unwrap();
    // Each kind of read lags by one: both halves say absent at first, and agree.
    assert_eq!(w.aws.read_role(&role()).await.unwrap(), None);
    assert!(w.aws.read_role(&role()).await.unwrap().is_some());
    // One half alone lags.
    w.sandbox.add_fault(Fault::new("iam:GetRole", What::NotFound));
    assert!(w.aws.read_role(&role()).await.unwrap().is_some());
    w.sandbox.add_fault(Fault::new("iam:ListAttachedRolePolicies", What::NotFound));
    assert!(w.aws.read_role(&role()).await.unwrap().is_some());
}

#[tokio::test]
async fn the_rarer_calls_may_be_unknown_to_a_server() {
    let w = World::new().await;
    w.make_user().await.unwrap();
    let unknown = r#"<ErrorResponse><Error><Code>InvalidAction</Code><Message>no</Message></Error></ErrorResponse>"#;
    for call in ["iam:ListSSHPublicKeys", "iam:ListServiceSpecificCredentials", "iam:ListSigningCertificates"] {
        w.sandbox.add_fault(Fault::new(call, What::Status { code: 400, body: unknown.into() }).times(0));
    }
    let seen = observe(&w, &Looking { deep: true, ..both() }).await;
    assert_eq!(seen.users[0].other_access, Vec::<String>::new());
}

#[tokio::test]
async fn other_partitions_keep_their_arns() {
    let w = World::with(Options { partition: "aws-us-gov".into(), ..Options::default() }).await;
    let seen = observe(&w, &both()).await;
    let partition = seen.caller.partition().clone();
    assert_eq!(partition.as_str(), "aws-us-gov");
    let journal = w.aws.create_journal(&partition, &w.account, 1, &record(With::Role, "x")).await.unwrap().value;
    assert!(journal.arn.as_str().starts_with("arn:aws-us-gov:iam::"));
    let trust = onboard_core::TrustPolicy { partition: partition.clone(), ..w.trust() };
    let made = w.make_role_trusting(&trust.document()).await.unwrap().value;
    assert_eq!(made.arn.partition(), &partition);
    w.aws.attach_role_policy(&role(), &partition.administrator_access()).await.unwrap();
}

#[tokio::test]
async fn what_is_only_noted_holds_nothing_up() {
    let w = World::new().await;
    w.sandbox.add_fault(Fault::new("organizations:DescribeOrganization", What::Timeout).times(0));
    let started = tokio::time::Instant::now();
    let seen = observe(&w, &both()).await;
    assert!(matches!(seen.organization, Organization::Unknown(_)));
    assert!(started.elapsed() < std::time::Duration::from_secs(2));
}

#[tokio::test]
async fn looks_and_effects_run_on_any_thread() {
    let w = World::new().await;
    let aws = w.aws.clone();
    let seen = tokio::spawn(async move { aws.observe(&both()).await }).await.unwrap().unwrap();
    let aws = w.aws.clone();
    let account = w.account.clone();
    let made = tokio::spawn(async move {
        let journal = aws.create_journal(&partition(), &account, 1, &record(With::Role, "x")).await?.value;
        aws.write_journal(&journal.arn, &record(With::Role, "x"), &record(With::Role, "x")).await?;
        aws.delete_journal(&journal.arn).await?;
        aws.delete_role(&role()).await?;
        aws.delete_user(&user()).await?;
        aws.list_access_keys(&user()).await
    });
    assert_eq!((made.await.unwrap().unwrap(), seen.caller.account), (None, w.account.clone()));
}
