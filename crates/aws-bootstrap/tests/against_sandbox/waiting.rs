//! IAM that shows things late, in part, or as they were.

use std::time::Duration;

use aws_bootstrap::{AwsErrorKind, Pace, RoleAwaited, TrustAwaited, UserAwaited, WaitError};
use onboard_core::{Arn, TrustPolicy, With};
use onboard_sandbox::{Consistency, Fault, Options, What};

use crate::world::{PACE, World, administrator, partition, record, role, user};

fn late(millis: u64) -> Consistency {
    let late = Duration::from_millis(millis);
    Consistency {
        role_visible: late,
        user_visible: late,
        key_visible: late,
        stale_reads: late,
        ..Consistency::default()
    }
}

#[tokio::test]
async fn a_role_is_awaited_as_it_was_made() {
    let w = World::with(Options { consistency: late(120), ..Options::default() }).await;
    let made = w.make_role().await.unwrap().value;
    assert_eq!(w.aws.read_role(&role()).await.unwrap(), None);
    // An attachment right after the creation is patient with 'not found'.
    w.aws.attach_role_policy(&role(), &administrator()).await.unwrap();
    let trust = w.trust();
    let policies = [administrator()];
    let awaited = RoleAwaited {
        unique_id: Some(&made.unique_id),
        trust: TrustAwaited::Policy(&trust),
        policies: &policies,
        boundary: None,
    };
    w.aws.await_role(&PACE, &role(), &awaited).await.unwrap();
    let document = trust.document();
    let awaited = RoleAwaited { trust: TrustAwaited::Document(&document), ..awaited };
    w.aws.await_role(&PACE, &role(), &awaited).await.unwrap();
}

#[tokio::test]
async fn another_trust_policy_or_boundary_is_never_the_role_awaited() {
    let w = World::new().await;
    let made = w.make_role().await.unwrap().value;
    let short = Pace { limit: Duration::from_millis(60), ..PACE };
    let (trust, boundary) = (w.trust(), administrator());
    let other = TrustPolicy { external_id: "another-id".parse().unwrap(), ..trust.clone() };
    let right = RoleAwaited {
        unique_id: Some(&made.unique_id),
        trust: TrustAwaited::Policy(&trust),
        policies: &[],
        boundary: None,
    };
    w.aws.await_role(&short, &role(), &right).await.unwrap();
    let policies = [administrator()];
    for (wrong, why) in [
        (RoleAwaited { trust: TrustAwaited::Policy(&other), ..right.clone() }, "trust"),
        (RoleAwaited { unique_id: Some("AROAOTHER"), ..right.clone() }, "another role"),
        (RoleAwaited { policies: &policies, ..right.clone() }, "attached"),
        (RoleAwaited { boundary: Some(&boundary), ..right.clone() }, "boundary"),
    ] {
        match w.aws.await_role(&short, &role(), &wrong).await {
            Err(WaitError::TimedOut { last, .. }) => assert!(last.contains(why), "{last}"),
            other => panic!("{why}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_bare_unique_id_in_place_of_an_arn_is_read_again() {
    let consistency = Consistency { odd_arn_reads: 2, ..Consistency::default() };
    let w = World::with(Options { consistency, ..Options::default() }).await;
    let made = w.make_role().await.unwrap().value;
    let seen = w.aws.read_role(&role()).await.unwrap().unwrap();
    assert_eq!(seen.arn, made.arn);
    assert_eq!(w.count("iam:GetRole"), 3);
}

#[tokio::test]
async fn a_new_key_is_awaited_by_a_streak_and_its_policy_too() {
    let w = World::new().await;
    w.cloud().set_consistency(Consistency { invisible_reads: 3, ..Consistency::default() });
    let made = w.make_user().await.unwrap().value;
    w.aws.attach_user_policy(&user(), &administrator()).await.unwrap();
    let key = w.aws.create_access_key(&user()).await.unwrap().value;
    let proved = w.aws.with_static_key(&key.id, &key.secret);
    proved.await_key(&PACE, &made.arn).await.unwrap();
    // Three refusals, then a streak of three.
    assert!(w.count("sts:GetCallerIdentity") >= 6);

    let other = Arn::new(format!("arn:aws:iam::{}:user/other", w.account)).unwrap();
    assert!(matches!(proved.await_key(&PACE, &other).await, Err(WaitError::Wrong { .. })));
    let ids = [key.id.clone()];
    let policies = [administrator()];
    let awaited =
        UserAwaited { unique_id: Some(&made.unique_id), policies: &policies, boundary: None, keys: Some(&ids) };
    w.aws.await_user(&PACE, &user(), &awaited).await.unwrap();
    let none = UserAwaited { keys: Some(&[]), ..awaited };
    let short = Pace { limit: Duration::from_millis(50), ..PACE };
    assert!(matches!(w.aws.await_user(&short, &user(), &none).await, Err(WaitError::TimedOut { .. })));
}

#[tokio::test]
async fn a_key_without_its_policy_is_waited_for_in_vain() {
    let w = World::new().await;
    let made = w.make_user().await.unwrap().value;
    let key = w.aws.create_access_key(&user()).await.unwrap().value;
    let proved = w.aws.with_static_key(&key.id, &key.secret);
    let short = Pace { limit: Duration::from_millis(100), ..PACE };
    proved.await_key_answers(&short, &made.arn).await.unwrap();
    match proved.await_key(&short, &made.arn).await {
        Err(WaitError::TimedOut { last, .. }) => assert!(last.contains("access denied"), "{last}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_removed_is_awaited_until_reads_agree() {
    let w = World::new().await;
    let made = w.make_role().await.unwrap().value;
    w.make_user().await.unwrap();
    let key = w.aws.create_access_key(&user()).await.unwrap().value;
    w.cloud().set_consistency(late(80));
    w.aws.delete_role(&role()).await.unwrap();
    assert!(w.aws.read_role(&role()).await.unwrap().is_some(), "the read lags");
    w.aws.await_role_gone(&PACE, &role(), Some(&made.unique_id)).await.unwrap();
    w.aws.delete_access_key(&user(), &key.id).await.unwrap();
    w.aws.await_key_gone(&PACE, &user(), &key.id).await.unwrap();
    w.aws.delete_user(&user()).await.unwrap();
    w.aws.await_user_gone(&PACE, &user(), None).await.unwrap();
    // One made anew under the same name is another.
    w.make_role().await.unwrap();
    w.aws.await_role_gone(&PACE, &role(), Some(&made.unique_id)).await.unwrap();
}

#[tokio::test]
async fn waits_endure_throttling_and_end_by_name() {
    let w = World::new().await;
    let made = w.make_role().await.unwrap().value;
    w.sandbox.add_fault(Fault::new("iam:GetRole", What::Throttle { retry_after: None }).times(6));
    let trust = w.trust();
    let awaited = RoleAwaited {
        unique_id: Some(&made.unique_id),
        trust: TrustAwaited::Policy(&trust),
        policies: &[],
        boundary: None,
    };
    w.aws.await_role(&PACE, &role(), &awaited).await.unwrap();
    w.sandbox.add_fault(Fault::new("iam:GetRole", What::Throttle { retry_after: None }).times(0));
    let started = tokio::time::Instant::now();
    let short = Pace { limit: Duration::from_millis(100), ..PACE };
    match w.aws.await_role(&short, &role(), &awaited).await {
        Err(WaitError::Aws { error, .. }) => assert_eq!(error.kind, AwsErrorKind::Throttled),
        other => panic!("{other:?}"),
    }
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn what_was_just_made_is_removed_though_it_is_not_to_be_found_yet() {
    let w = World::with(Options { consistency: late(150), ..Options::default() }).await;
    let empty = w.cloud().snapshot(w.account.as_str());
    w.make_role().await.unwrap();
    w.make_user().await.unwrap();
    // The undo of a run that failed at once: IAM knows neither yet, and answers 'not found'.
    w.aws.delete_role(&role()).await.unwrap();
    w.aws.delete_user(&user()).await.unwrap();
    assert_eq!(w.cloud().snapshot(w.account.as_str()), empty);
    // What nobody made is gone at the first word.
    let calls = w.count("iam:DeleteRole");
    w.aws.delete_role(&role()).await.unwrap();
    assert_eq!(w.count("iam:DeleteRole"), calls + 1);
}

#[tokio::test]
async fn a_journal_is_written_and_removed_though_it_is_not_to_be_found_yet() {
    let lag = Duration::from_millis(100);
    let consistency = Consistency { policy_visible: lag, ..Consistency::default() };
    let w = World::with(Options { consistency, ..Options::default() }).await;
    let first = record(With::Role, "x");
    let journal = w.aws.create_journal(&partition(), &w.account, 1, &first).await.unwrap().value;
    let next = onboard_core::Record { import_unsettled: true, ..first.clone() };
    w.aws.write_journal(&journal.arn, &next, &first).await.unwrap();
    assert_eq!(w.aws.read_journal(&journal.arn).await.unwrap().unwrap().record, Some(next.clone()));
    let second = w.aws.create_journal(&partition(), &w.account, 2, &next).await.unwrap().value;
    w.aws.delete_journal(&second.arn).await.unwrap();
    w.aws.delete_journal(&journal.arn).await.unwrap();
    assert!(w.cloud().policies(w.account.as_str()).is_empty());
}
