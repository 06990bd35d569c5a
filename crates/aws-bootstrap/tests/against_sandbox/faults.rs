//! What goes wrong between the sending and the answer, and what it leaves certain.

use std::time::Duration;

use aws_bootstrap::{Aws, AwsErrorKind, AwsSettings, Certainty, DeniedBy, Given, SharedHttp};
use onboard_sandbox::{Fault, PolicyKind, What};

use crate::world::{World, administrator, role, settings, user};

const CREATE: &str = "iam:CreateRole";

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_not_repeated_and_may_be_done() {
    for (what, kind) in [
        (What::Reset, AwsErrorKind::Interrupted),
        (What::Timeout, AwsErrorKind::TimedOut),
        (What::Truncated, AwsErrorKind::Malformed),
        (What::Malformed, AwsErrorKind::Malformed),
        (What::InternalError, AwsErrorKind::Unavailable),
        (What::Unavailable, AwsErrorKind::Unavailable),
        (What::Html, AwsErrorKind::Unavailable),
    ] {
        let w = World::new().await;
        w.sandbox.add_fault(Fault::new(CREATE, what.clone()).after());
        let error = w.make_role().await.expect_err(&format!("{what:?}"));
        assert_eq!(error.certainty, Certainty::MaybeDone, "{what:?}: {error}");
        assert!(error.kind == kind || error.kind == AwsErrorKind::Interrupted, "{what:?}: {error}");
        assert_eq!(w.count(CREATE), 1, "{what:?}");
        // It was done: the next creation meets it, and a read tells whose it is.
        assert!(w.cloud().role(w.account.as_str(), "turbot-onboard").is_some());
        let again = w.make_role().await.unwrap_err();
        assert_eq!((again.kind, again.certainty), (AwsErrorKind::AlreadyExists, Certainty::NotDone), "{what:?}");
        assert_eq!(w.aws.read_role(&role()).await.unwrap().unwrap().tags["turbot-onboard:turbot-id"], "aab");
    }
}

#[tokio::test]
async fn a_creation_that_was_refused_for_now_is_repeated() {
    for what in [What::Throttle { retry_after: None }, What::ConcurrentModification] {
        let w = World::new().await;
        w.sandbox.add_fault(Fault::new(CREATE, what.clone()).times(3));
        w.make_role().await.unwrap();
        assert_eq!(w.count(CREATE), 4, "{what:?}");
        w.sandbox.add_fault(Fault::new("iam:CreateUser", what.clone()).times(0));
        let error = w.make_user().await.unwrap_err();
        assert_eq!(error.certainty, Certainty::NotDone);
        assert!(error.kind.is_transient(), "{error}");
        assert_eq!(w.count("iam:CreateUser"), 4, "{what:?}");
    }
}

#[tokio::test]
async fn what_is_idempotent_is_repeated_through_everything() {
    for what in [
        What::Throttle { retry_after: None },
        What::Reset,
        What::InternalError,
        What::Unavailable,
        What::Html,
        What::Truncated,
        What::ConcurrentModification,
    ] {
        for after in [false, true] {
            let w = World::new().await;
            w.make_role().await.unwrap();
            let fault = Fault::new("iam:AttachRolePolicy", what.clone()).times(2);
            w.sandbox.add_fault(if after { fault.after() } else { fault });
            let done = w.aws.attach_role_policy(&role(), &administrator()).await;
            assert!(done.is_ok(), "{what:?} after: {after}: {done:?}");
            assert_eq!(w.count("iam:AttachRolePolicy"), 3);
        }
    }
}

#[tokio::test]
async fn a_later_refusal_does_not_make_an_earlier_loss_certain() {
    let w = World::new().await;
    w.make_role().await.unwrap();
    w.sandbox.add_fault(Fault::new("iam:AttachRolePolicy", What::Reset).after());
    w.sandbox.add_fault(Fault::new("iam:AttachRolePolicy", What::Throttle { retry_after: None }).nth(2).times(0));
    let error = w.aws.attach_role_policy(&role(), &administrator()).await.unwrap_err();
    assert_eq!((error.kind, error.certainty), (AwsErrorKind::Throttled, Certainty::MaybeDone));
    // While a refusal from first to last is certain.
    w.sandbox.clear_faults();
    w.sandbox.add_fault(Fault::new("iam:TagRole", What::Throttle { retry_after: None }).times(0));
    let error = w.aws.tag_role(&role(), &crate::world::tags(&[("a", "b")])).await.unwrap_err();
    assert_eq!((error.kind, error.certainty), (AwsErrorKind::Throttled, Certainty::NotDone));
}

#[tokio::test]
async fn a_removal_whose_answer_was_lost_succeeds_at_the_second_try() {
    let w = World::new().await;
    w.make_user().await.unwrap();
    w.sandbox.add_fault(Fault::new("iam:DeleteUser", What::Reset).after());
    // Not the maker, for whom 'not found' might mean 'not yet'.
    let another = w.as_caller(w.cloud().admin_credentials(w.account.as_str())).await;
    another.delete_user(&user()).await.unwrap();
    assert_eq!(w.count("iam:DeleteUser"), 2);
    w.make_user().await.unwrap();
    w.sandbox.add_fault(Fault::new("iam:DeleteUser", What::Reset).after());
    w.aws.delete_user(&user()).await.unwrap();
    assert!(w.cloud().user(w.account.as_str(), "turbot-onboard").is_none());
}

#[tokio::test]
async fn a_list_that_was_cut_is_read_again() {
    let w = World::new().await;
    w.make_user().await.unwrap();
    w.aws.create_access_key(&user()).await.unwrap();
    for what in [What::Malformed, What::Truncated] {
        w.sandbox.add_fault(Fault::new("iam:ListAccessKeys", what.clone()).after());
        assert_eq!(w.aws.list_access_keys(&user()).await.unwrap().unwrap().len(), 1, "{what:?}");
        w.sandbox.add_fault(Fault::new("iam:ListAccessKeys", what.clone()).after().times(0));
        let error = w.aws.list_access_keys(&user()).await.unwrap_err();
        assert!(matches!(error.kind, AwsErrorKind::Malformed | AwsErrorKind::Interrupted), "{what:?}: {error}");
        w.sandbox.clear_faults();
    }
}

#[tokio::test]
async fn a_lost_key_leaves_no_secret_and_is_seen() {
    let w = World::new().await;
    w.make_user().await.unwrap();
    w.sandbox.add_fault(Fault::new("iam:CreateAccessKey", What::Truncated).after());
    let error = w.aws.create_access_key(&user()).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::MaybeDone);
    assert_eq!(w.count("iam:CreateAccessKey"), 1);
    let keys = w.aws.list_access_keys(&user()).await.unwrap().unwrap();
    assert_eq!(keys.len(), 1);
}

#[tokio::test]
async fn denials_are_taken_apart() {
    let scp = "arn:aws:organizations::999988887777:policy/o-abc/service_control_policy/p-1";
    for (policy, arn, by) in [
        (PolicyKind::ServiceControl, Some(scp), DeniedBy::ServiceControl),
        (PolicyKind::ServiceControl, None, DeniedBy::ServiceControl),
        (PolicyKind::ResourceControl, None, DeniedBy::ResourceControl),
        (PolicyKind::Boundary, None, DeniedBy::Boundary),
        (PolicyKind::Session, None, DeniedBy::Session),
        (PolicyKind::Identity, None, DeniedBy::Identity),
        (PolicyKind::Trust, None, DeniedBy::Trust),
    ] {
        let w = World::new().await;
        w.sandbox.add_fault(Fault::new(CREATE, What::AccessDenied { policy, arn: arn.map(str::to_owned) }));
        let error = w.make_role().await.unwrap_err();
        assert_eq!((error.kind, error.certainty), (AwsErrorKind::Denied, Certainty::NotDone));
        let denial = error.denial.unwrap();
        assert_eq!((denial.policy, denial.explicit, denial.arn.as_deref()), (by, arn.is_some(), arn));
        assert_eq!(denial.action.as_deref(), Some(CREATE));
        assert_eq!(w.count(CREATE), 1);
    }
}

#[tokio::test]
async fn real_policies_deny_with_their_names() {
    let w = World::new().await;
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*"}]}"#;
    let arn = "arn:aws:organizations::999988887777:policy/o-abc/service_control_policy/p-deny";
    w.cloud().set_scp(w.account.as_str(), deny, arn);
    let error = w.make_role().await.unwrap_err();
    let denial = error.denial.unwrap_or_else(|| panic!("{}", error.message));
    assert_eq!((denial.policy, denial.explicit), (DeniedBy::ServiceControl, true), "{}", error.message);
    w.cloud().clear_control_policies(w.account.as_str());
    w.make_role().await.unwrap();
}

#[tokio::test]
async fn other_refusals_keep_their_kinds() {
    let w = World::new().await;
    for (what, kind) in [
        (What::ExpiredToken, AwsErrorKind::ExpiredCredentials),
        (What::Quota, AwsErrorKind::Quota),
        (What::Status { code: 407, body: "proxy".into() }, AwsErrorKind::Network),
        (What::Status { code: 302, body: "portal".into() }, AwsErrorKind::Malformed),
    ] {
        w.sandbox.clear_faults();
        w.sandbox.add_fault(Fault::new(CREATE, what.clone()).times(0));
        let error = w.make_role().await.unwrap_err();
        assert_eq!(error.kind, kind, "{what:?}: {error}");
    }
    assert!(w.cloud().role(w.account.as_str(), "turbot-onboard").is_none());
}

#[tokio::test]
async fn nothing_is_sent_where_nobody_listens() {
    let w = World::new().await;
    let made = settings(&w.sandbox, w.cloud().admin_credentials(w.account.as_str()));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let given = Given { endpoint: Some(format!("http://{closed}")), ..made.given.clone().unwrap() };
    let aws = Aws::connect(&AwsSettings { given: Some(given), ..made.clone() }, &w.http).await.unwrap();
    let error = aws.create_access_key(&user()).await.unwrap_err();
    assert_eq!((error.kind, error.certainty), (AwsErrorKind::Network, Certainty::NotDone), "{error}");

    // The same where a server speaks no TLS: the handshake fails before anything is sent.
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write;
        for stream in plain.incoming().take(8).flatten() {
            let _ = (&stream).write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let given = Given { endpoint: Some(format!("https://{address}")), ..made.given.clone().unwrap() };
    let aws = Aws::connect(&AwsSettings { given: Some(given), ..made }, &SharedHttp::direct()).await.unwrap();
    let error = aws.create_access_key(&user()).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::NotDone, "{error}");
    assert!(matches!(error.kind, AwsErrorKind::Tls | AwsErrorKind::Network), "{error}");
    assert_eq!(w.count("iam:CreateAccessKey"), 0);
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_by_aws_own() {
    for hours in [-5_i64, 5] {
        let w = World::new().await;
        w.cloud().set_clock_offset(hours * 3_600_000);
        assert_eq!(w.aws.skew(), None);
        let caller = w.aws.caller().await.unwrap();
        assert_eq!(caller.account, w.account);
        let skew = w.aws.skew().unwrap();
        assert!((skew.as_secs() - hours * 3600).abs() <= 2, "{skew:?}");
        // One refusal, one repetition; creations too, and from then on none.
        assert_eq!(w.count("sts:GetCallerIdentity"), 2);
        w.make_role().await.unwrap();
        assert_eq!(w.count(CREATE), 1);
        // Set back in mid-run, a creation corrects it by itself.
        w.cloud().set_clock_offset(0);
        w.make_user().await.unwrap();
        assert_eq!(w.count("iam:CreateUser"), 2);
        assert!(w.aws.skew().unwrap().as_secs().abs() <= 2);
    }
}

#[tokio::test]
async fn a_refusal_for_the_clock_is_repeated_once_and_no_more() {
    let w = World::new().await;
    w.aws.caller().await.unwrap();
    w.sandbox.add_fault(Fault::new(CREATE, What::ClockSkew).times(0));
    let error = w.make_role().await.unwrap_err();
    assert_eq!((error.kind, error.certainty), (AwsErrorKind::ClockSkew, Certainty::NotDone));
    assert_eq!(w.count(CREATE), 2);
}

#[tokio::test]
async fn an_invalid_principal_is_given_time_and_no_more() {
    let w = World::new().await;
    let trust = w.trust().document().replace(w.cloud().master_account(), "123123123123");
    let error = w.make_role_trusting(&trust).await.unwrap_err();
    assert_eq!((error.kind, error.certainty), (AwsErrorKind::InvalidPrincipal, Certainty::NotDone), "{error}");
    assert!(w.count(CREATE) > 3);
    let soon = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        w.cloud().add_foreign_account("123123123123");
    };
    let (made, ()) = tokio::join!(w.make_role_trusting(&trust), soon);
    made.unwrap();
}
