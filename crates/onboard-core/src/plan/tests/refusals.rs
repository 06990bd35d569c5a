//! Every refusal by hand: its kind, and a next step that names the right option.

use std::collections::BTreeMap;

use super::look::Run;
use super::scenes::{CHOSEN, FOREIGN_MASTER, OLDER, trust};
use super::world::{Deletes, Window, World};
use crate::plan::{Chosen, Decision, Goal, WaitFor, cleanup, compare, look_stop, plan, turbot_presence};
use crate::wanted::tests::wanted as plain;
use crate::{
    AccessKeyId, Arn, AwsAccountId, Caller, ErrorKind, ExternalId, Journal, KeySeen, LookFailure, LookFault,
    Organization, Origin, Partition, PolicyArn, Record, RoleName, RoleSeen, RunId, TurbotAccount, UserName, UserSeen,
    Wanted, When, With,
};

fn world() -> World {
    World {
        now: "2026-11-23T12:00:00Z".parse().unwrap(),
        caller: Caller {
            account: AwsAccountId::new("111122223333").unwrap(),
            arn: Arn::new("arn:aws:sts::111122223333:assumed-role/Admin/me").unwrap(),
        },
        organization: Organization::None,
        roles: vec![],
        users: vec![],
        journals: vec![],
        cluster: "urn:turbot:mhe".into(),
        accounts: vec![],
        cluster_fault: None,
        by_id_fault: None,
        list_fault: None,
        window: Window::None,
        deletes: Deletes::AfterVisible,
        made: 0,
        secret: None,
        credential_left: false,
        posts: 0,
        given: vec![],
        to_delete: None,
    }
}

fn run(wanted: Wanted) -> Run {
    Run {
        wanted,
        chosen: Chosen { external_id: ExternalId::new(CHOSEN).unwrap() },
        id: RunId::new("this-run").unwrap(),
        times: crate::Times::default(),
        take_over: false,
        blind: false,
    }
}

fn role(tags: BTreeMap<String, String>) -> RoleSeen {
    RoleSeen {
        name: RoleName::new("turbot-onboard").unwrap(),
        arn: Arn::new("arn:aws:iam::111122223333:role/turbot-onboard").unwrap(),
        path: "/".into(),
        unique_id: "AROASTOOD".into(),
        description: "d".into(),
        max_session_duration: 3600,
        boundary: None,
        tags,
        trust: trust("aws", "999988887777", OLDER),
        attached: vec![],
        inline: vec![],
    }
}

fn user(tags: BTreeMap<String, String>, keys: u32) -> UserSeen {
    let key = |n| KeySeen { id: AccessKeyId::new(format!("AKIASTOOD{n:011}")).unwrap(), active: true };
    UserSeen {
        name: UserName::new("turbot-onboard").unwrap(),
        arn: Arn::new("arn:aws:iam::111122223333:user/turbot-onboard").unwrap(),
        path: "/".into(),
        unique_id: "AIDASTOOD".into(),
        boundary: None,
        tags,
        attached: vec![],
        inline: vec![],
        keys: (1..=keys).map(key).collect(),
        other_access: vec![],
    }
}

fn journal(change: impl FnOnce(&mut Record)) -> Journal {
    let mut record = Record {
        run: RunId::new("earlier-run").unwrap(),
        claimed_at: When::At("2026-11-23T11:00:00Z".parse().unwrap()),
        turbot_id: "aab".into(),
        cluster: "urn:turbot:mhe".into(),
        with: With::Role,
        name: "turbot-onboard".into(),
        unique_id: Some("AROASTOOD".into()),
        origin: Origin::Made,
        delete_credential: true,
        prior_keys: vec![],
        attaches: vec![],
        trust_before: None,
        import_requested: None,
        import_unsettled: false,
        import_accepted: None,
        handed_over: None,
    };
    change(&mut record);
    Journal {
        generation: 3,
        arn: PolicyArn::new("arn:aws:iam::111122223333:policy/turbot-onboard/turbot-onboard-3").unwrap(),
        policy_id: "ANPA3".into(),
        made_at: None,
        attached: false,
        record: Some(record),
    }
}

fn account(id: &str, aws: &str) -> TurbotAccount {
    TurbotAccount {
        id: Some(id.into()),
        urn: None,
        aws_account_id: Some(AwsAccountId::new(aws).unwrap()),
        title: Some("Sandbox".into()),
    }
}

fn keys() -> Wanted {
    Wanted { with: With::Keys, ..plain() }
}

fn ago(minutes: i64) -> Option<When> {
    Some(When::At(world().now - jiff::SignedDuration::from_mins(minutes)))
}

#[derive(Debug, Clone, Copy)]
enum Of {
    Apply,
    Bootstrap,
    Cleanup,
}

/// Asserts a refusal with its kind and with every word of the hint.
fn refused(of: Of, what: &str, wanted: &Wanted, world: &World, kind: ErrorKind, hint: &[&str]) {
    let run = run(wanted.clone());
    let decision = match of {
        Of::Apply => run.look(world, false, |s| plan(Goal::Apply, s)),
        Of::Bootstrap => run.look(world, false, |s| plan(Goal::Bootstrap, s)),
        Of::Cleanup => run.look(world, true, cleanup),
    };
    let Decision::Stop(stop) = decision else { panic!("{what}: {decision:#?}") };
    assert_eq!(stop.kind, kind, "{what}: {stop:?}");
    let given = stop.hint.unwrap_or_default();
    for word in hint {
        assert!(given.contains(word), "{what}: {word:?} is not in {given:?}");
    }
}

#[test]
fn the_wrong_caller() {
    let mut wrong = world();
    wrong.caller.account = AwsAccountId::new("121212121212").unwrap();
    let mut root = world();
    root.caller.arn = Arn::new("arn:aws:iam::111122223333:root").unwrap();
    let master = Wanted { master_account_id: plain().account_id, ..plain() };
    let managing = World { organization: Organization::Management, ..world() };
    let china = Wanted { master_partition: Some(Partition::new("aws-cn").unwrap()), ..plain() };
    let policy = Wanted { policies: vec![Partition::new("aws-cn").unwrap().administrator_access()], ..plain() };
    let fence = Wanted { permissions_boundary: Some(policy.policies[0].clone()), ..plain() };
    for of in [Of::Apply, Of::Bootstrap, Of::Cleanup] {
        refused(of, "wrong", &plain(), &wrong, ErrorKind::WrongAccount, &["--profile", "--assume-role"]);
        refused(of, "root", &plain(), &root, ErrorKind::RootCaller, &["--allow-root"]);
        refused(of, "master", &master, &world(), ErrorKind::MasterAccount, &["--allow-master-account"]);
        refused(of, "managing", &plain(), &managing, ErrorKind::ManagementAccount, &["--allow-management-account"]);
        refused(of, "partition", &china, &world(), ErrorKind::Partition, &["--with keys"]);
        refused(of, "policy", &policy, &world(), ErrorKind::Partition, &["--policy-arn"]);
        refused(of, "boundary", &fence, &world(), ErrorKind::Partition, &["--permissions-boundary"]);
    }
    // The account that must be comes before every consent.
    let both = World { caller: Caller { arn: root.caller.arn.clone(), ..wrong.caller.clone() }, ..world() };
    refused(Of::Apply, "both", &plain(), &both, ErrorKind::WrongAccount, &[]);
    let consents = Wanted { allow_root: true, allow_master_account: true, allow_management_account: true, ..master };
    let all = World { organization: Organization::Management, ..root };
    assert!(matches!(run(consents).look(&all, false, |s| plan(Goal::Apply, s)), Decision::Go(_)));
}

#[test]
fn turbot_that_does_not_answer() {
    use LookFault as F;
    let faults = [
        (F::Unreachable, ErrorKind::TurbotUnreachable, "--turbot-url"),
        (F::Tls, ErrorKind::TurbotTls, "--turbot-ca-bundle"),
        (F::Redirect, ErrorKind::TurbotRedirect, "URL"),
        (F::Unavailable, ErrorKind::TurbotUnavailable, "same command"),
        (F::Unauthorized, ErrorKind::MissingRight, "TURBOT_ACCESS_KEY"),
        (F::Forbidden, ErrorKind::MissingRight, "Turbot/Operator"),
        (F::Malformed, ErrorKind::TurbotUnavailable, "--turbot-url"),
        (F::NotFound, ErrorKind::TurbotUnavailable, "--turbot-url"),
        (F::Refused, ErrorKind::TurbotUnavailable, "--turbot-url"),
    ];
    for (fault, kind, hint) in faults {
        let blind = World { cluster_fault: Some(fault), ..world() };
        refused(Of::Apply, "cluster", &plain(), &blind, kind, &[hint]);
        let stop = look_stop(&LookFailure { fault, message: "what happened".into() });
        assert_eq!((stop.kind, stop.message.as_str()), (kind, "what happened"));
        // A look that is merely not allowed leaves a first import, with a warning; the others do not.
        let half = matches!(fault, F::Forbidden | F::Malformed | F::NotFound | F::Refused);
        for blind in [World { by_id_fault: Some(fault), ..world() }, World { list_fault: Some(fault), ..world() }] {
            if half {
                let Decision::Go(plan) = run(plain()).look(&blind, false, |s| plan(Goal::Apply, s)) else { panic!() };
                assert!(plan.warnings.iter().any(|w| w.contains("cannot be proved")), "{:?}", plan.warnings);
            } else {
                refused(Of::Apply, "look", &plain(), &blind, kind, &[hint]);
            }
        }
    }
    let other = World { cluster: "urn:turbot:other".into(), ..world() };
    refused(Of::Apply, "cluster", &plain(), &other, ErrorKind::WrongCluster, &["--cluster-id", "--turbot-url"]);
}

#[test]
fn conflicts_in_turbot() {
    let w = plain();
    let cases = [
        (vec![account("aab", "121212121212")], "--turbot-id"),
        (vec![account("zzz", "111122223333")], "that --turbot-id"),
        (
            vec![
                TurbotAccount { aws_account_id: None, ..account("aab", "1".repeat(12).as_str()) },
                account("zzz", "111122223333"),
            ],
            "--turbot-id",
        ),
    ];
    for (accounts, hint) in cases {
        let world = World { accounts, ..world() };
        refused(Of::Apply, "turbot", &w, &world, ErrorKind::Conflict, &[hint]);
        let (_, seen) = world.observe(&w, false);
        let stop = turbot_presence(&seen, &w.cluster_id, &w.turbot_id, &w.account_id).unwrap_err();
        assert_eq!(stop.kind, ErrorKind::Conflict);
        let differences = run(w.clone()).look(&world, false, compare).unwrap();
        assert!(differences.iter().any(|d| d.what == "turbot.account"), "{differences:?}");
    }
}

#[test]
fn journals_of_others() {
    let of = |journal: Journal| World { journals: vec![journal], ..world() };
    let all = [Of::Apply, Of::Bootstrap, Of::Cleanup];
    for of_verb in all {
        let attached = of(Journal { attached: true, ..journal(|_| {}) });
        refused(of_verb, "attached", &plain(), &attached, ErrorKind::NotOurs, &["detach"]);
        let unreadable = of(Journal { record: None, ..journal(|_| {}) });
        refused(of_verb, "unreadable", &plain(), &unreadable, ErrorKind::NotOurs, &["by hand"]);
        let other = of(journal(|r| r.turbot_id = "zzz".into()));
        refused(of_verb, "id", &plain(), &other, ErrorKind::Conflict, &["--turbot-id", "cleanup"]);
        let other = of(journal(|r| r.cluster = "urn:turbot:zzz".into()));
        refused(of_verb, "cluster", &plain(), &other, ErrorKind::Conflict, &["--cluster-id", "cleanup"]);
    }
    // Held by another run: waited for, unless it is taken over.
    let held = of(journal(|r| r.claimed_at = ago(1).unwrap()));
    let mut run = run(plain());
    let decision = run.look(&held, false, |s| plan(Goal::Apply, s));
    assert!(matches!(decision, Decision::Wait(w) if w.what == WaitFor::Claim && w.at_most.as_secs() == 60));
    run.take_over = true;
    assert!(matches!(run.look(&held, false, |s| plan(Goal::Apply, s)), Decision::Go(_)));
    // Never the settle time.
    let sent = of(journal(|r| (r.claimed_at, r.import_requested) = (ago(1).unwrap(), ago(19))));
    let decision = run.look(&sent, false, |s| plan(Goal::Apply, s));
    assert!(matches!(decision, Decision::Wait(w) if w.what == WaitFor::Answer && w.at_most.as_secs() == 60));
}

#[test]
fn roles_that_are_not_ours() {
    let with = |role: RoleSeen| World { roles: vec![role], ..world() };
    let ours = plain().ownership_tags();
    let foreign = with(role(BTreeMap::new()));
    refused(Of::Apply, "foreign", &plain(), &foreign, ErrorKind::NotOurs, &["--role-name", "--adopt"]);
    let mut another = ours.clone();
    another.insert("turbot-onboard:turbot-id".into(), "zzz".into());
    for of in [Of::Apply, Of::Cleanup] {
        refused(of, "another's", &plain(), &with(role(another.clone())), ErrorKind::Conflict, &["--turbot-id"]);
    }
    let adopt = Wanted { adopt: true, ..plain() };
    refused(Of::Apply, "another's", &adopt, &with(role(another)), ErrorKind::Conflict, &["--role-name"]);
    let moved = with(RoleSeen { path: "/x/".into(), ..role(ours.clone()) });
    refused(Of::Apply, "path", &plain(), &moved, ErrorKind::CannotConverge, &["--role-path /x/"]);
    let master = RoleSeen { trust: trust("aws", FOREIGN_MASTER, OLDER), ..role(ours.clone()) };
    refused(Of::Apply, "master", &plain(), &with(master.clone()), ErrorKind::Conflict, &["--master-account-id"]);
    let mut marked = ours.clone();
    marked.insert("turbot-onboard:adopted".into(), "true".into());
    let master = RoleSeen { tags: marked, ..master };
    refused(Of::Apply, "adopted", &plain(), &with(master), ErrorKind::Conflict, &["--master-account-id"]);
    // Of an adopted role another master is no conflict: the plan shows what takes its place.
    let theirs = with(RoleSeen { trust: trust("aws", FOREIGN_MASTER, OLDER), ..role(BTreeMap::new()) });
    let Decision::Go(plan) = run(adopt.clone()).look(&theirs, false, |s| plan(Goal::Apply, s)) else { panic!() };
    assert!(plan.steps.iter().any(|s| s.name() == "set-trust-policy"), "{:?}", plan.steps);
    let fence = Wanted {
        permissions_boundary: Some(PolicyArn::new("arn:aws:iam::111122223333:policy/b").unwrap()),
        ..adopt.clone()
    };
    refused(Of::Apply, "boundary", &fence, &foreign, ErrorKind::CannotConverge, &["--role-name"]);
    let full = with(role((0..50).map(|n| (format!("t{n}"), String::new())).collect()));
    refused(Of::Apply, "tags", &adopt, &full, ErrorKind::CannotConverge, &["--tag"]);
    let long = with(RoleSeen { trust: "x".repeat(5000), ..role(BTreeMap::new()) });
    refused(Of::Apply, "trust", &adopt, &long, ErrorKind::CannotConverge, &["--role-name"]);
}

#[test]
fn users_that_are_not_ours() {
    let with = |user: UserSeen| World { users: vec![user], ..world() };
    let ours = plain().ownership_tags();
    let adopt = Wanted { adopt: true, ..keys() };
    refused(
        Of::Apply,
        "foreign",
        &keys(),
        &with(user(BTreeMap::new(), 0)),
        ErrorKind::NotOurs,
        &["--user-name", "--adopt"],
    );
    // Tags find, they do not prove.
    let odd = [
        UserSeen { other_access: vec!["a login profile".into()], ..user(ours.clone(), 0) },
        UserSeen { inline: vec!["x".into()], ..user(ours.clone(), 0) },
        UserSeen { attached: vec![PolicyArn::new("arn:aws:iam::aws:policy/x").unwrap()], ..user(ours.clone(), 0) },
        user(ours.clone(), 1),
    ];
    for user in odd {
        let world = with(user);
        refused(Of::Apply, "odd", &keys(), &world, ErrorKind::NotOurs, &["--user-name", "--adopt"]);
        assert!(matches!(run(adopt.clone()).look(&world, false, |s| plan(Goal::Apply, s)), Decision::Go(_)));
    }
    refused(
        Of::Apply,
        "two keys",
        &adopt,
        &with(user(BTreeMap::new(), 2)),
        ErrorKind::CannotConverge,
        &["--user-name"],
    );
    let used = UserSeen { other_access: vec!["the group admins".into()], ..user(ours, 1) };
    refused(Of::Cleanup, "used", &keys(), &with(used.clone()), ErrorKind::NotOurs, &["by hand"]);
    // A user of this journal's run that somebody uses meanwhile: no consent makes that ours.
    let journals = vec![journal(|r| (r.with, r.unique_id) = (With::Keys, Some("AIDASTOOD".into())))];
    refused(Of::Apply, "used", &adopt, &World { journals, ..with(used) }, ErrorKind::NotOurs, &["by hand"]);
}

#[test]
fn imports_that_may_be_under_way() {
    let at_keys = |r: &mut Record| (r.with, r.unique_id) = (With::Keys, Some("AIDASTOOD".into()));
    let of = |journal: Journal| World {
        journals: vec![journal],
        roles: vec![role(plain().ownership_tags())],
        users: vec![user(plain().ownership_tags(), 1)],
        ..world()
    };
    let blind = |world: World| World { list_fault: Some(LookFault::Forbidden), ..world };
    let old = of(journal(|r| r.import_requested = ago(25)));
    for verb in [Of::Apply, Of::Bootstrap, Of::Cleanup] {
        refused(verb, "unproved", &plain(), &blind(old.clone()), ErrorKind::UnknownOutcome, &["Turbot key"]);
    }
    let unsettled = blind(of(journal(|r| r.import_unsettled = true)));
    refused(Of::Apply, "unsettled", &plain(), &unsettled, ErrorKind::UnknownOutcome, &["Turbot key"]);
    let accepted = of(journal(|r| r.import_accepted = ago(10)));
    refused(Of::Apply, "accepted", &plain(), &accepted, ErrorKind::NotVisible, &["same command", "cleanup"]);
    let accepted = of(journal(|r| {
        at_keys(r);
        r.import_accepted = ago(60);
    }));
    refused(Of::Apply, "accepted", &keys(), &accepted, ErrorKind::NotVisible, &["cleanup"]);
    let handed = of(journal(|r| {
        at_keys(r);
        r.handed_over = ago(60);
    }));
    for verb in [Of::Apply, Of::Bootstrap] {
        refused(verb, "handed", &keys(), &handed, ErrorKind::HandedOver, &["import --handoff", "cleanup"]);
        // Nor is it taken back because a role is wanted now.
        refused(verb, "handed", &plain(), &handed, ErrorKind::HandedOver, &["import --handoff", "cleanup"]);
    }
    let accepted = of(journal(|r| r.import_accepted = ago(60)));
    refused(Of::Apply, "accepted", &keys(), &accepted, ErrorKind::NotVisible, &["cleanup"]);
    let lost = of(journal(at_keys));
    refused(Of::Apply, "lost", &keys(), &blind(lost.clone()), ErrorKind::UnknownOutcome, &["cleanup"]);
    refused(Of::Apply, "lost", &plain(), &blind(lost), ErrorKind::UnknownOutcome, &["cleanup"]);
}

/// The name was given to another role since: what the journal remembers of the first is not done to the second.
#[test]
fn a_record_of_another_object_of_that_name() {
    let journal = journal(|r| {
        (r.origin, r.unique_id) = (Origin::Adopted, Some("AROADEAD".into()));
        (r.trust_before, r.attaches) = (Some("{}".into()), vec!["arn:aws:iam::aws:policy/AdministratorAccess".into()]);
    });
    let world = World { journals: vec![journal], roles: vec![role(BTreeMap::new())], ..world() };
    refused(Of::Apply, "reborn", &plain(), &world, ErrorKind::NotOurs, &["--adopt"]);
    let Decision::Go(plan) = run(plain()).look(&world, true, cleanup) else { panic!() };
    assert!(plan.steps.iter().all(|s| matches!(s.name(), "claim" | "release")), "{:?}", plan.steps);
}
