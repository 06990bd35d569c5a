//! Arbitrary accounts: what is wanted of them, and what stands in AWS and in Turbot. Every choice is drawn from a list
//! whose first item is the plain one, so that a failing case shrinks towards the plain world.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::history::journals;
use super::look::Run;
use super::world::{Deletes, Window, World, put_tags};
use crate::plan::{Chosen, Goal};
use crate::wanted::tests::wanted as plain;
use crate::{
    AccessKeyId, Arn, AwsAccountId, Caller, ClusterId, ExternalId, IamPath, KeySeen, LookFault, MaintenanceLevel,
    Organization, Partition, PolicyArn, RoleName, RoleSeen, RunId, TurbotAccount, TurbotAccountId, UserName, UserSeen,
    Wanted, With,
};

pub(super) const FOREIGN_MASTER: &str = "444455556666";
pub(super) const CHOSEN: &str = "chosen-external-id";
pub(super) const OLDER: &str = "older-external-id";
pub(super) const GIVEN: &str = "given-external-id";

/// The trust policy as this tool writes it.
pub(super) fn trust(partition: &str, account: &str, external_id: &str) -> String {
    crate::TrustPolicy {
        partition: Partition::new(partition).unwrap(),
        account: AwsAccountId::new(account).unwrap(),
        external_id: ExternalId::new(external_id).unwrap(),
    }
    .document()
}

/// Choices, drawn one after the other.
pub(super) struct Draw {
    bytes: Vec<u8>,
    at: usize,
}

impl Draw {
    fn byte(&mut self) -> usize {
        self.at += 1;
        self.bytes.get(self.at - 1).copied().unwrap_or(0).into()
    }

    /// One of these; the first where nothing special is drawn.
    pub(super) fn of<T: Clone>(&mut self, options: &[T]) -> T {
        options[self.byte() * options.len() / 256].clone()
    }

    /// True in one of so many cases.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.byte() >= 256 - 256 / n
    }
}

pub(super) fn draws() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 96)
}

/// A run before a world, with how far it is to go.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) run: Run,
    pub(super) world: World,
    pub(super) goal: Goal,
}

/// Any scene at all: with journals, wrong callers and failing looks.
pub(super) fn any_scene() -> impl Strategy<Value = Scene> {
    draws().prop_map(|bytes| {
        let mut draw = Draw { bytes, at: 0 };
        let mut scene = calm(&mut draw);
        caller(&mut draw, &mut scene);
        turbot(&mut draw, &mut scene.world, &scene.run.wanted, false);
        journals(&mut draw, &mut scene);
        scene.run.take_over = draw.one_in(8);
        scene.run.blind = scene.goal == Goal::Bootstrap && draw.one_in(4);
        scene
    })
}

/// Scenes in which a run may begin: the right caller, no journal, Turbot answering.
pub(super) fn calm_scene() -> impl Strategy<Value = Scene> {
    draws().prop_map(|bytes| {
        let mut draw = Draw { bytes, at: 0 };
        let mut scene = calm(&mut draw);
        turbot(&mut draw, &mut scene.world, &scene.run.wanted, true);
        scene
    })
}

fn calm(draw: &mut Draw) -> Scene {
    let partition = draw.of(&["aws", "aws", "aws", "aws-cn"]);
    let wanted = wanted(draw, partition);
    let goal = draw.of(&[Goal::Apply, Goal::Apply, Goal::Bootstrap]);
    let account = &wanted.account_id;
    let mut world = World {
        now: "2026-11-23T12:00:00Z".parse().unwrap(),
        caller: Caller {
            account: account.clone(),
            arn: Arn::new(format!("arn:{partition}:sts::{account}:assumed-role/Admin/me")).unwrap(),
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
        window: draw.of(&[Window::None, Window::Unreadable, Window::Value("No Changes".into())]),
        deletes: draw.of(&[Deletes::AfterVisible, Deletes::BeforeVisible, Deletes::Never]),
        made: 0,
        secret: None,
        credential_left: false,
        posts: 0,
        given: vec![],
        to_delete: None,
    };
    world.roles.extend(role(draw, &wanted, partition));
    world.users.extend(user(draw, &wanted, partition));
    let run = Run {
        wanted,
        chosen: Chosen { external_id: ExternalId::new(CHOSEN).unwrap() },
        id: RunId::new("this-run").unwrap(),
        times: crate::Times::default(),
        take_over: false,
        blind: false,
    };
    Scene { run, world, goal }
}

fn wanted(draw: &mut Draw, partition: &str) -> Wanted {
    let own = |name: &str| PolicyArn::new(format!("arn:{partition}:iam::111122223333:policy/{name}")).unwrap();
    let with = draw.of(&[With::Role, With::Keys]);
    let master_partition = Partition::new(partition).unwrap();
    Wanted {
        with,
        master_partition: draw.of(&[None, Some(master_partition)]),
        role_name: draw.of(&[RoleName::new("turbot-onboard"), RoleName::new("My,Role")]).unwrap(),
        user_name: draw.of(&[UserName::new("turbot-onboard"), UserName::new("My,User")]).unwrap(),
        role_path: draw.of(&[IamPath::new("/"), IamPath::new("/vendors/")]).unwrap(),
        max_session_duration: draw.of(&[3600, 7200]),
        policies: draw.of(&[vec![], vec![], vec![own("one,two"), own("b"), own("a")]]),
        permissions_boundary: draw.of(&[None, None, Some(own("boundary"))]),
        external_id: draw.of(&[None, None, Some(ExternalId::new(GIVEN).unwrap())]).filter(|_| with == With::Role),
        tags: draw.of(&[
            BTreeMap::new(),
            BTreeMap::from([("Team".to_owned(), "a".to_owned())]),
            BTreeMap::from([("Team".to_owned(), "a".to_owned()), ("Cost".to_owned(), "1".to_owned())]),
        ]),
        delete_credential: draw.of(&[None, None, Some(true), Some(false)]),
        maintenance: draw.of(&[None, None, Some(MaintenanceLevel::Check), Some(MaintenanceLevel::NoChanges)]),
        verify_as: draw.of(&[None, None, Some("master".to_owned())]).filter(|_| with == With::Role),
        adopt: draw.of(&[false, true]),
        ..plain()
    }
}

/// Tags as they stand: whose, and what else.
fn tags(draw: &mut Draw, wanted: &Wanted, attached: &[PolicyArn], keys: &[KeySeen]) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let whose =
        draw.of(&["ours", "ours", "ours", "adopted", "foreign", "foreign", "other-id", "other-cluster", "half"]);
    match whose {
        "foreign" => {}
        "other-id" => {
            let other = Wanted { turbot_id: TurbotAccountId::new("zzz").unwrap(), ..wanted.clone() };
            tags.extend(other.ownership_tags());
        }
        "other-cluster" => {
            let other = Wanted { cluster_id: ClusterId::new("other").unwrap(), ..wanted.clone() };
            tags.extend(other.ownership_tags());
        }
        "half" => tags.extend(wanted.ownership_tags().into_iter().take(1)),
        _ => tags.extend(wanted.ownership_tags()),
    }
    if whose == "adopted" {
        tags.insert("turbot-onboard:adopted".into(), "true".into());
        if !keys.is_empty() && draw.one_in(2) {
            tags.insert("turbot-onboard:prior-keys".into(), keys[0].id.to_string());
        }
        if let Some(policy) = attached.first().filter(|_| draw.one_in(2)) {
            // A comma is no character of a tag's value; it is written as a space.
            tags.insert("turbot-onboard:attached-0".into(), policy.as_str().replace(',', " "));
        }
    }
    if whose == "ours" && draw.one_in(4) {
        tags.insert("turbot-onboard:version".into(), "0.0.1".into());
    }
    let more = draw.of(&["none", "none", "same", "clash", "other", "many"]);
    let more = match more {
        "same" => vec![("Team".to_owned(), "a".to_owned())],
        "clash" => vec![("TEAM".to_owned(), draw.of(&["a", "b"]).to_owned())],
        "other" => vec![("Team".to_owned(), "b".to_owned())],
        "many" => {
            let mut many: Vec<_> = (0..49 - tags.len()).map(|n| (format!("t{n:02}"), "x".to_owned())).collect();
            many.push(draw.of(&[("TEAM".to_owned(), "b".to_owned()), ("last".to_owned(), "x".to_owned())]));
            many
        }
        _ => vec![],
    };
    put_tags(&mut tags, &more.into_iter().collect()).unwrap();
    tags
}

fn attached(draw: &mut Draw, wanted: &Wanted, partition: &str) -> Vec<PolicyArn> {
    let partition = Partition::new(partition).unwrap();
    let mut policies = wanted.policies_in(&partition);
    match draw.of(&["all", "none", "some", "extra", "extra-alone"]) {
        "none" => policies.clear(),
        "some" => drop(policies.pop()),
        "extra" => policies.insert(0, partition.managed_policy("ReadOnlyAccess")),
        "extra-alone" => policies = vec![partition.managed_policy("ReadOnlyAccess")],
        _ => {}
    }
    policies
}

fn boundary(draw: &mut Draw, wanted: &Wanted, partition: &str) -> Option<PolicyArn> {
    let other = PolicyArn::new(format!("arn:{partition}:iam::111122223333:policy/other-boundary")).unwrap();
    draw.of(&[wanted.permissions_boundary.clone(), wanted.permissions_boundary.clone(), None, Some(other)])
}

fn cased(draw: &mut Draw, name: &str) -> String {
    if draw.one_in(8) { name.to_uppercase() } else { name.to_owned() }
}

fn path(draw: &mut Draw, wanted: &Wanted) -> String {
    if draw.one_in(12) { "/elsewhere/".into() } else { wanted.role_path.to_string() }
}

fn role(draw: &mut Draw, wanted: &Wanted, partition: &str) -> Option<RoleSeen> {
    if draw.of(&[false, false, true, true, true]) {
        let name = cased(draw, wanted.role_name.as_str());
        let path = path(draw, wanted);
        let attached = attached(draw, wanted, partition);
        let master = wanted.master_account_id.as_str();
        let exact = trust(partition, master, OLDER);
        let trust = match draw.of(&["exact", "exact", "given", "second", "if-exists", "foreign", "partition", "none"]) {
            "given" => trust(partition, master, GIVEN),
            "second" => {
                let mut document: serde_json::Value = serde_json::from_str(&exact).unwrap();
                let again = document["Statement"][0].clone();
                document["Statement"].as_array_mut().unwrap().push(again);
                document.to_string()
            }
            "if-exists" => exact.replace("StringEquals", "StringEqualsIfExists"),
            "foreign" => trust(partition, FOREIGN_MASTER, OLDER),
            "partition" => trust("aws-us-gov", master, OLDER),
            "none" => "{}".to_owned(),
            _ => exact,
        };
        Some(RoleSeen {
            arn: Arn::new(format!("arn:{partition}:iam::111122223333:role{path}{name}")).unwrap(),
            name: RoleName::new(name).unwrap(),
            path,
            unique_id: "AROASTOOD".into(),
            description: draw.of(&[wanted.role_description.clone(), "another".to_owned()]),
            max_session_duration: draw.of(&[wanted.max_session_duration, 3600]),
            boundary: boundary(draw, wanted, partition),
            tags: tags(draw, wanted, &attached, &[]),
            trust,
            attached,
            inline: draw.of(&[vec![], vec![], vec![], vec!["inline".to_owned()]]),
        })
    } else {
        None
    }
}

fn user(draw: &mut Draw, wanted: &Wanted, partition: &str) -> Option<UserSeen> {
    if draw.of(&[true, true, false, false]) {
        return None;
    }
    let name = cased(draw, wanted.user_name.as_str());
    let path = path(draw, wanted);
    let attached = attached(draw, wanted, partition);
    let key = |n: u32, active| KeySeen { id: AccessKeyId::new(format!("AKIASTOOD{n:011}")).unwrap(), active };
    let keys = draw.of(&[vec![], vec![], vec![key(1, true)], vec![key(1, false)], vec![key(1, true), key(2, false)]]);
    Some(UserSeen {
        arn: Arn::new(format!("arn:{partition}:iam::111122223333:user{path}{name}")).unwrap(),
        name: UserName::new(name).unwrap(),
        path,
        unique_id: "AIDASTOOD".into(),
        boundary: boundary(draw, wanted, partition),
        tags: tags(draw, wanted, &attached, &keys),
        attached,
        inline: draw.of(&[vec![], vec![], vec![], vec!["inline".to_owned()]]),
        keys,
        other_access: draw.of(&[
            vec![],
            vec![],
            vec![],
            vec!["a login profile".to_owned()],
            vec!["the group admins".to_owned()],
        ]),
    })
}

fn caller(draw: &mut Draw, scene: &mut Scene) {
    let wanted = &mut scene.run.wanted;
    wanted.allow_root = draw.of(&[false, true]);
    wanted.allow_master_account = draw.of(&[false, true]);
    wanted.allow_management_account = draw.of(&[false, true]);
    let own = scene.world.caller.arn.partition().clone();
    match draw.of(&[
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "wrong",
        "root",
        "master",
        "management",
        "partition",
        "policy",
    ]) {
        "wrong" => scene.world.caller.account = AwsAccountId::new("121212121212").unwrap(),
        "root" => {
            scene.world.caller.arn = Arn::new(own.account_principal(&wanted.account_id)).unwrap();
        }
        "master" => wanted.master_account_id = wanted.account_id.clone(),
        "management" => scene.world.organization = Organization::Management,
        "partition" => wanted.master_partition = Some(Partition::new("aws-us-gov").unwrap()),
        "policy" => wanted.policies = vec![Partition::new("aws-iso").unwrap().administrator_access()],
        _ => {}
    }
}

fn turbot(draw: &mut Draw, world: &mut World, wanted: &Wanted, calm: bool) {
    let account = |id: Option<&str>, aws: Option<&str>, title: &str| TurbotAccount {
        id: id.map(str::to_owned),
        urn: None,
        aws_account_id: aws.map(|a| AwsAccountId::new(a).unwrap()),
        title: Some(title.to_owned()),
    };
    let (id, aws) = (Some(wanted.turbot_id.as_str()), Some(wanted.account_id.as_str()));
    let mut kinds = vec!["absent", "absent", "absent", "absent", "visible", "visible", "title", "no-aws"];
    if !calm {
        kinds.extend(["same-id", "other-id", "both"]);
    }
    world.accounts = match draw.of(&kinds) {
        "visible" => vec![account(id, aws, "Sandbox")],
        "title" => vec![account(id, aws, "Another title")],
        "no-aws" => vec![account(id, None, "Sandbox")],
        "same-id" => vec![account(id, Some("121212121212"), "Sandbox")],
        "other-id" => vec![account(Some("zzz"), aws, "Sandbox")],
        "both" => vec![account(id, None, "Sandbox"), account(Some("zzz"), aws, "Sandbox")],
        _ => vec![account(Some("yyy"), Some("343434343434"), "a bystander")],
    };
    if calm {
        return;
    }
    if draw.one_in(16) {
        world.cluster = "urn:turbot:another".into();
    }
    let faults = [
        LookFault::Forbidden,
        LookFault::Forbidden,
        LookFault::Malformed,
        LookFault::NotFound,
        LookFault::Refused,
        LookFault::Unreachable,
        LookFault::Tls,
        LookFault::Redirect,
        LookFault::Unavailable,
        LookFault::Unauthorized,
    ];
    world.cluster_fault = draw.one_in(16).then(|| draw.of(&faults));
    world.by_id_fault = draw.one_in(8).then(|| draw.of(&faults));
    world.list_fault = draw.one_in(6).then(|| draw.of(&faults));
}
