//! Every effect and its undo, judged by the world they leave.

use aws_bootstrap::{AwsErrorKind, Certainty, NewRole};
use onboard_core::{AccessKeyId, PolicyArn, RoleName, When, With};

use crate::world::{World, administrator, partition, path, record, role, tags, user};

#[tokio::test]
async fn a_role_is_made_changed_and_unmade() {
    let w = World::new().await;
    let before = w.cloud().snapshot(w.account.as_str());
    let boundary = w.cloud().create_policy_unchecked(
        w.account.as_str(),
        "boundary",
        "/",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
        &[],
    );
    let boundary = PolicyArn::new(boundary).unwrap();
    let with_boundary = w.cloud().snapshot(w.account.as_str());
    assert_ne!(before, with_boundary);

    let made = w.make_role().await.unwrap();
    assert!(made.request_id.is_some());
    assert_eq!(made.value.arn.as_str(), format!("arn:aws:iam::{}:role/vendors/turbot-onboard", w.account));
    w.aws.attach_role_policy(&role(), &administrator()).await.unwrap();
    w.aws.attach_role_policy(&role(), &administrator()).await.unwrap();
    w.aws.set_role(&role(), "another", 3600).await.unwrap();
    w.aws.set_role_boundary(&role(), Some(&boundary)).await.unwrap();
    w.aws.tag_role(&role(), &tags(&[("more", "1 2/3=4:5"), ("team", "b")])).await.unwrap();
    w.aws.untag_role(&role(), &["turbot-onboard:turbot-id".into(), "never-there".into()]).await.unwrap();
    let other = w.trust();
    let other = onboard_core::TrustPolicy { external_id: "another-id".parse().unwrap(), ..other };
    w.aws.set_trust(&role(), &other.document()).await.unwrap();

    let seen = w.aws.read_role(&role()).await.unwrap().unwrap();
    assert_eq!((seen.arn.clone(), seen.unique_id.clone()), (made.value.arn, made.value.unique_id));
    assert_eq!(
        (seen.path.as_str(), seen.description.as_str(), seen.max_session_duration),
        ("/vendors/", "another", 3600)
    );
    assert_eq!((seen.boundary, seen.attached), (Some(boundary), vec![administrator()]));
    assert_eq!(seen.tags, tags(&[("more", "1 2/3=4:5"), ("team", "b")]));
    assert!(other.is_granted_by(&seen.trust), "{}", seen.trust);
    assert!(!w.trust().is_granted_by(&seen.trust));

    // A conflict is a conflict still after the patience for it.
    let conflict = w.aws.delete_role(&role()).await.unwrap_err();
    assert_eq!((conflict.kind, conflict.certainty), (AwsErrorKind::Conflict, Certainty::NotDone));
    // Every undo twice: the second finds nothing and is a success.
    for _ in 0..2 {
        w.aws.set_role_boundary(&role(), None).await.unwrap();
        w.aws.detach_role_policy(&role(), &administrator()).await.unwrap();
        w.aws.delete_role_inline_policy(&role(), "never-there").await.unwrap();
        assert_eq!(w.aws.instance_profiles_of(&role()).await.unwrap(), Vec::<String>::new());
        w.aws.untag_role(&role(), &["team".into()]).await.unwrap();
        w.aws.delete_role(&role()).await.unwrap();
    }
    assert_eq!(w.aws.read_role(&role()).await.unwrap(), None);
    assert_eq!(w.cloud().snapshot(w.account.as_str()), with_boundary);
}

#[tokio::test]
async fn names_are_unique_whatever_their_case() {
    let w = World::new().await;
    w.make_role().await.unwrap();
    let trust = w.trust().document();
    let name = RoleName::new("TURBOT-onboard").unwrap();
    let new = NewRole {
        name: &name,
        path: &path(),
        description: "",
        max_session_duration: 3600,
        boundary: None,
        tags: &tags(&[]),
        trust: &trust,
    };
    let error = w.aws.create_role(&new).await.unwrap_err();
    assert_eq!((error.kind, error.certainty), (AwsErrorKind::AlreadyExists, Certainty::NotDone));
    assert_eq!(error.code.as_deref(), Some("EntityAlreadyExists"));
    assert!(error.request_id.is_some());
}

#[tokio::test]
async fn a_user_and_its_key_are_made_and_unmade() {
    let w = World::new().await;
    let before = w.cloud().snapshot(w.account.as_str());
    let made = w.make_user().await.unwrap().value;
    assert_eq!(made.arn.as_str(), format!("arn:aws:iam::{}:user/vendors/turbot-onboard", w.account));
    w.aws.attach_user_policy(&user(), &administrator()).await.unwrap();
    w.aws.tag_user(&user(), &tags(&[("more", "1")])).await.unwrap();
    w.aws.untag_user(&user(), &["team".into()]).await.unwrap();
    let key = w.aws.create_access_key(&user()).await.unwrap().value;
    assert!(!format!("{key:?}").contains(key.secret.expose()));
    let proved = w.aws.with_static_key(&key.id, &key.secret);
    assert_eq!(proved.prove_key_answers().await.unwrap().arn, made.arn);
    proved.call_that_needs_the_policy().await.unwrap();

    let seen = w.aws.read_user(&user()).await.unwrap().unwrap();
    assert_eq!((seen.unique_id, seen.attached), (made.unique_id, vec![administrator()]));
    assert_eq!((seen.keys.len(), seen.keys[0].id.clone(), seen.keys[0].active), (1, key.id.clone(), true));
    assert_eq!(seen.tags, tags(&[("more", "1")]));

    let second = w.aws.create_access_key(&user()).await.unwrap().value;
    let third = w.aws.create_access_key(&user()).await.unwrap_err();
    assert_eq!((third.kind, third.code.as_deref()), (AwsErrorKind::Quota, Some("LimitExceeded")));
    assert_eq!(w.aws.delete_user(&user()).await.unwrap_err().kind, AwsErrorKind::Conflict);

    w.aws.deactivate_access_key(&user(), &key.id).await.unwrap();
    let inactive = w.aws.list_access_keys(&user()).await.unwrap().unwrap();
    assert!(inactive.iter().any(|k| k.id == key.id && !k.active));
    assert_eq!(proved.prove_key_answers().await.unwrap_err().kind, AwsErrorKind::InvalidKey);
    for _ in 0..2 {
        for id in [&key.id, &second.id] {
            w.aws.deactivate_access_key(&user(), id).await.unwrap();
            w.aws.delete_access_key(&user(), id).await.unwrap();
        }
        w.aws.set_user_boundary(&user(), None).await.unwrap();
        w.aws.detach_user_policy(&user(), &administrator()).await.unwrap();
        w.aws.delete_user_inline_policy(&user(), "never-there").await.unwrap();
        w.aws.delete_user(&user()).await.unwrap();
    }
    assert_eq!(w.aws.list_access_keys(&user()).await.unwrap(), None);
    assert_eq!(w.cloud().snapshot(w.account.as_str()), before);
}

#[tokio::test]
async fn a_wrong_secret_is_not_accepted() {
    let w = World::new().await;
    w.make_user().await.unwrap();
    let key = w.aws.create_access_key(&user()).await.unwrap().value;
    let wrong = w.aws.with_static_key(&key.id, &onboard_core::Secret::new("wrong".repeat(8)));
    let error = wrong.prove_key_answers().await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (AwsErrorKind::InvalidKey, Some("SignatureDoesNotMatch")));
    let unknown = AccessKeyId::new("AKIAIOSFODNN7EXAMPLE").unwrap();
    let unknown = w.aws.with_static_key(&unknown, &key.secret);
    assert_eq!(unknown.prove_key_answers().await.unwrap_err().kind, AwsErrorKind::InvalidKey);
}

#[tokio::test]
async fn journals_are_claimed_written_and_removed() {
    let w = World::new().await;
    let before = w.cloud().snapshot(w.account.as_str());
    let first = record(With::Role, "turbot-onboard");
    let journal = w.aws.create_journal(&partition(), &w.account, 1, &first).await.unwrap().value;
    assert_eq!(journal.arn.as_str(), format!("arn:aws:iam::{}:policy/turbot-onboard/turbot-onboard-1", w.account));
    assert!(journal.policy_id.starts_with("ANPA"));
    // The claim is an atomic test-and-set: of the same generation there is one.
    let lost = w.aws.create_journal(&partition(), &w.account, 1, &first).await.unwrap_err();
    assert_eq!((lost.kind, lost.certainty), (AwsErrorKind::AlreadyExists, Certainty::NotDone));
    w.aws.create_journal(&partition(), &w.account, 10, &first).await.unwrap();
    w.aws.create_journal(&partition(), &w.account, 2, &first).await.unwrap();
    let generations: Vec<_> = w.aws.journals().await.unwrap().iter().map(|j| j.generation).collect();
    assert_eq!(generations, [1, 2, 10]);

    let at = When::At("2026-11-23T10:05:00Z".parse().unwrap());
    let asked = onboard_core::Record { import_requested: Some(at), unique_id: Some("AROA1".into()), ..first.clone() };
    w.aws.write_journal(&journal.arn, &asked, &first).await.unwrap();
    let read = w.aws.read_journal(&journal.arn).await.unwrap().unwrap();
    assert_eq!((read.record.as_ref(), read.attached, read.policy_id), (Some(&asked), false, journal.policy_id));
    let settled = onboard_core::Record { import_requested: None, claimed_at: at, ..asked.clone() };
    w.aws.write_journal(&journal.arn, &settled, &asked).await.unwrap();
    assert_eq!(w.aws.read_journal(&journal.arn).await.unwrap().unwrap().record, Some(settled.clone()));

    for journal in w.aws.journals().await.unwrap() {
        w.aws.delete_journal(&journal.arn).await.unwrap();
        w.aws.delete_journal(&journal.arn).await.unwrap();
    }
    assert_eq!(w.aws.read_journal(&journal.arn).await.unwrap(), None);
    assert_eq!(w.aws.write_journal(&journal.arn, &settled, &first).await.unwrap_err().kind, AwsErrorKind::NotFound);
    assert_eq!(w.cloud().snapshot(w.account.as_str()), before);
}

#[tokio::test]
async fn an_attached_journal_is_seen_and_not_deleted() {
    let w = World::new().await;
    let journal = w.aws.create_journal(&partition(), &w.account, 1, &record(With::Role, "x")).await.unwrap().value;
    w.make_role().await.unwrap();
    w.aws.attach_role_policy(&role(), &journal.arn).await.unwrap();
    assert!(w.aws.read_journal(&journal.arn).await.unwrap().unwrap().attached);
    assert_eq!(w.aws.delete_journal(&journal.arn).await.unwrap_err().kind, AwsErrorKind::Conflict);
}

#[tokio::test]
async fn what_is_long_fits_and_what_does_not_is_refused_before_any_call() {
    let w = World::new().await;
    let long = onboard_core::Record { trust_before: Some("{\"a\":\"ü\"}".repeat(300)), ..record(With::Role, "x") };
    let journal = w.aws.create_journal(&partition(), &w.account, 1, &long).await.unwrap().value;
    assert_eq!(w.aws.read_journal(&journal.arn).await.unwrap().unwrap().record, Some(long.clone()));
    let too_long = onboard_core::Record { trust_before: Some("x".repeat(9000)), ..long.clone() };
    let calls = w.count("iam:TagPolicy");
    let error = w.aws.write_journal(&journal.arn, &too_long, &long).await.unwrap_err();
    assert_eq!((error.kind, w.count("iam:TagPolicy")), (AwsErrorKind::InvalidInput, calls));
}
