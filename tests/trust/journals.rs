//! A journal object that somebody planted: it says what suits them, and proves nothing.

use onboard_sandbox::Blocker;

use crate::harness::{NAME, World};
use crate::{our_tags, refused};

const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

fn plant(world: &World, more: &[(&str, &str)]) {
    let mut tags = vec![
        ("turbot-onboard:run", "somebody"),
        ("turbot-onboard:claimed-at", "1970-01-01T00:00:00Z"),
        ("turbot-onboard:turbot-id", world.turbot_id.as_str()),
        ("turbot-onboard:cluster", "urn:turbot:mhe"),
        ("turbot-onboard:with", "keys"),
        ("turbot-onboard:name", NAME),
        ("turbot-onboard:origin", "made"),
        ("turbot-onboard:delete-credential", "true"),
    ];
    tags.extend(more);
    world.sandbox.cloud().create_policy_unchecked(&world.account, "turbot-onboard-1", "/turbot-onboard/", DENY, &tags);
}

#[test]
fn it_makes_a_key_of_theirs_no_key_of_ours() {
    for prior in [true, false] {
        let world = World::new();
        let (cloud, tags) = (world.sandbox.cloud(), our_tags(&world));
        cloud.create_user_unchecked(&world.account, NAME, "/", &[]);
        cloud.edit_user(&world.account, NAME, |user| user.tags = tags);
        let theirs = cloud.add_key(&world.account, NAME);
        world.secrets.lock().unwrap().add(&theirs.secret_access_key);
        let id = cloud.user(&world.account, NAME).unwrap().unique_id;
        let key =
            [("turbot-onboard:unique-id", id.as_str()), ("turbot-onboard:prior-keys", theirs.access_key_id.as_str())];
        plant(&world, if prior { &key } else { &key[..1] });
        let run = world.verb("apply", &["--with", "keys"]);
        let report = run.account();
        // Either it is refused, or their key went as one whose secret was lost: it never stands beside ours.
        let user = world.sandbox.cloud().user(&world.account, NAME);
        let keeps =
            user.is_some_and(|u| u.access_keys.iter().any(|k| k.id == theirs.access_key_id) && !u.attached.is_empty());
        assert!(!keeps, "prior {prior}: {report:#}");
        for import in world.sandbox.turbot().imports() {
            assert_ne!(import.credential.as_deref(), Some(theirs.access_key_id.as_str()), "prior {prior}");
        }
    }
}

#[test]
fn it_makes_nothing_of_theirs_ours_to_delete() {
    // The journal says that a run made the role of theirs: without our tags on it, it is not touched.
    let world = World::new();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let cloud = world.sandbox.cloud();
    cloud.create_role_unchecked(&world.account, "theirs", "/", trust, &[]).unwrap();
    let id = cloud.role(&world.account, "theirs").unwrap().unique_id;
    plant(
        &world,
        &[("turbot-onboard:with", "role"), ("turbot-onboard:name", "theirs"), ("turbot-onboard:unique-id", &id)],
    );
    for verb in ["apply", "cleanup"] {
        let _ = world.verb(verb, &[]);
        assert!(cloud.role(&world.account, "theirs").is_some(), "{verb} deleted a role that is not ours");
    }
}

#[test]
fn one_that_is_attached_is_not_touched() {
    let world = World::new();
    plant(&world, &[]);
    let arn = format!("arn:aws:iam::{}:policy/turbot-onboard/turbot-onboard-1", world.account);
    world.sandbox.cloud().create_user_unchecked(&world.account, "somebody", "/", &[&arn]);
    let before = world.sandbox.cloud().snapshot(&world.account);
    for verb in ["apply", "cleanup"] {
        let account = refused(&world, 0, world.verb(verb, &[]), 3, "not-ours");
        assert!(account["error"].to_string().contains("attached"), "{account:#}");
    }
    assert_eq!(world.sandbox.cloud().snapshot(&world.account), before);
}

#[test]
fn it_is_no_consent_to_take_over_what_is_theirs() {
    // The journal says that a run was taking the user over, which nobody here ever asked for.
    let world = World::new();
    let cloud = world.sandbox.cloud();
    cloud.create_user_unchecked(&world.account, NAME, "/", &[]);
    let theirs = cloud.add_key(&world.account, NAME);
    world.secrets.lock().unwrap().add(&theirs.secret_access_key);
    let id = cloud.user(&world.account, NAME).unwrap().unique_id;
    plant(
        &world,
        &[
            ("turbot-onboard:origin", "adopted"),
            ("turbot-onboard:unique-id", &id),
            ("turbot-onboard:prior-keys", &theirs.access_key_id),
        ],
    );
    let before = cloud.user(&world.account, NAME).unwrap();
    let account = world.verb("apply", &["--with", "keys"]).exits(3).account();
    assert_eq!(account["error"]["kind"], "not-ours", "{account:#}");
    assert_eq!(cloud.user(&world.account, NAME).unwrap(), before, "it was touched");
    assert_eq!(world.sandbox.turbot().imports().len(), 0);
}

#[test]
fn it_makes_no_way_in_of_theirs_ours() {
    // A user with our tags, a journal that says a run of ours made it, and a way in that no run of ours ever makes.
    type Plant = fn(&World);
    let ways: [(&str, Plant); 3] = [
        ("login profile", |w| w.sandbox.cloud().create_login_profile(&w.account, NAME)),
        ("MFA", |w| drop(w.sandbox.cloud().add_blocker(&w.account, NAME, Blocker::MfaDevice))),
        ("group", |w| w.sandbox.cloud().join_group(&w.account, NAME, "theirs")),
    ];
    for (way, give) in ways {
        let world = World::new();
        let (cloud, tags) = (world.sandbox.cloud(), our_tags(&world));
        cloud.create_user_unchecked(&world.account, NAME, "/", &[]);
        cloud.edit_user(&world.account, NAME, |user| user.tags = tags);
        give(&world);
        let planted = cloud.user(&world.account, NAME).unwrap();
        plant(&world, &[("turbot-onboard:unique-id", &planted.unique_id)]);
        let account = world.verb("apply", &["--with", "keys"]).exits(3).account();
        assert_eq!(account["error"]["kind"], "not-ours", "{way}: {account:#}");
        assert!(account["error"].to_string().contains(way), "{way}: {account:#}");
        assert_eq!(cloud.user(&world.account, NAME).unwrap(), planted, "{way}: it was touched");
        assert_eq!(world.sandbox.turbot().imports().len(), 0, "{way}");
    }
}
