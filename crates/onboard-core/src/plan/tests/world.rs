//! A world small enough to be obviously right: roles, users, journals and Turbot's accounts, and what each step does to
//! them. A step that meets another world than it expects is an error: the plan was wrong.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    AccessKeyId, Arn, Caller, Journal, KeySeen, LookFault, MaintenanceSpelling, Organization, PolicyArn, Principal,
    Record, RoleSeen, RunId, Step, TrustPolicy, TurbotAccount, UserSeen, Wanted, When,
};

/// When Turbot deletes the credential it was asked to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deletes {
    BeforeVisible,
    AfterVisible,
    Never,
}

/// What the account's maintenance window shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Window {
    Unreadable,
    None,
    Value(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) caller: Caller,
    pub(super) organization: Organization,
    pub(super) roles: Vec<RoleSeen>,
    pub(super) users: Vec<UserSeen>,
    pub(super) journals: Vec<Journal>,
    pub(super) cluster: String,
    pub(super) accounts: Vec<TurbotAccount>,
    pub(super) cluster_fault: Option<LookFault>,
    pub(super) by_id_fault: Option<LookFault>,
    pub(super) list_fault: Option<LookFault>,
    pub(super) window: Window,
    pub(super) deletes: Deletes,
    /// How many things were made: the source of unique ids.
    pub(super) made: u32,
    /// The key whose secret this run has in memory.
    pub(super) secret: Option<AccessKeyId>,
    /// Turbot left the credential: the empty user stays.
    pub(super) credential_left: bool,
    /// Every import that was sent.
    pub(super) posts: u32,
    /// The keys that Turbot was given.
    pub(super) given: Vec<AccessKeyId>,
    /// What Turbot still has to delete once it shows the account.
    pub(super) to_delete: Option<Principal>,
}

pub(super) fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn need(condition: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}

/// IAM keeps one tag for keys that differ in case alone; the newer spelling replaces the older.
pub(super) fn put_tags(tags: &mut BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<(), String> {
    for (key, value) in new {
        tags.retain(|k, _| k.to_lowercase() != key.to_lowercase());
        tags.insert(key.clone(), value.clone());
    }
    need(tags.len() <= 50, || format!("{} tags", tags.len()))
}

fn attach(attached: &mut Vec<PolicyArn>, policy: &PolicyArn) -> Result<(), String> {
    need(!attached.contains(policy), || format!("{policy} is attached already"))?;
    attached.push(policy.clone());
    Ok(())
}

fn remove<T: PartialEq + std::fmt::Debug>(items: &mut Vec<T>, item: &T) -> Result<(), String> {
    let before = items.len();
    items.retain(|i| i != item);
    need(items.len() < before, || format!("{item:?} is not there"))
}

impl World {
    pub(super) fn role(&mut self, name: &str) -> Result<&mut RoleSeen, String> {
        self.roles.iter_mut().find(|r| same_name(r.name.as_str(), name)).ok_or(format!("no role {name}"))
    }

    pub(super) fn user(&mut self, name: &str) -> Result<&mut UserSeen, String> {
        self.users.iter_mut().find(|u| same_name(u.name.as_str(), name)).ok_or(format!("no user {name}"))
    }

    pub(super) fn find_role(&self, name: &str) -> Option<&RoleSeen> {
        self.roles.iter().find(|r| same_name(r.name.as_str(), name))
    }

    pub(super) fn find_user(&self, name: &str) -> Option<&UserSeen> {
        self.users.iter().find(|u| same_name(u.name.as_str(), name))
    }

    pub(super) fn tags(&mut self, principal: &Principal) -> Result<&mut BTreeMap<String, String>, String> {
        Ok(match principal {
            Principal::Role(name) => &mut self.role(name.as_str())?.tags,
            Principal::User(name) => &mut self.user(name.as_str())?.tags,
        })
    }

    fn attached(&mut self, principal: &Principal) -> Result<&mut Vec<PolicyArn>, String> {
        Ok(match principal {
            Principal::Role(name) => &mut self.role(name.as_str())?.attached,
            Principal::User(name) => &mut self.user(name.as_str())?.attached,
        })
    }

    fn unique(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}MADE{:012}", self.made)
    }

    fn arn(&self, what: &str, path: &str, name: &str) -> Arn {
        let (partition, account) = (self.caller.partition(), &self.caller.account);
        Arn::new(format!("arn:{partition}:iam::{account}:{what}{path}{name}")).unwrap()
    }

    /// The journal that the run at work holds; every effect needs one.
    fn record(&mut self, run: &RunId) -> Result<&mut Record, String> {
        let now = self.now;
        let record = self.journals.last_mut().and_then(|j| j.record.as_mut()).ok_or("no journal")?;
        need(record.run == *run, || format!("the claim is of run {}", record.run))?;
        record.claimed_at = When::At(now);
        Ok(record)
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now += SignedDuration::from_secs(i64::try_from(seconds).unwrap());
    }

    /// The run at work is gone: its memory with it.
    pub(super) fn killed(&mut self) {
        self.secret = None;
        self.credential_left = false;
    }

    fn turbot_deletes(&mut self) {
        match self.to_delete.take() {
            Some(Principal::Role(name)) => self.roles.retain(|r| r.name != name),
            Some(Principal::User(name)) => {
                let given = self.given.clone();
                if let Ok(user) = self.user(name.as_str()) {
                    user.keys.retain(|k| !given.contains(&k.id));
                }
            }
            None => {}
        }
    }

    /// Carries one step out, as the engine would.
    pub(super) fn apply_step(&mut self, step: &Step, wanted: &Wanted, run: &RunId) -> Result<(), String> {
        let now = When::At(self.now);
        let book_keeping = matches!(step, Step::Claim { .. } | Step::AwaitVisible { .. } | Step::SetMaintenance { .. });
        if !book_keeping {
            self.record(run)?;
        }
        match step {
            Step::Claim { generation, take_over, record } => {
                need(self.journals.iter().all(|j| j.generation < *generation), || "the claim is taken".into())?;
                need(*take_over == self.journals.last().map(|j| j.generation), || "another was taken over".into())?;
                need(record.run == *run, || "the claim names another run".into())?;
                let tags = record.tags().map_err(|e| e.to_string())?;
                let read = Record::from_tags(&tags);
                need(read.as_ref() == Some(record), || format!("{record:?} is read back as {read:?}"))?;
                let record = Record { claimed_at: now, ..(**record).clone() };
                let name = Journal::name_of(*generation);
                let arn = PolicyArn::new(self.arn("policy", "/turbot-onboard/", &name).as_str()).unwrap();
                let policy_id = self.unique("ANPA");
                let (made_at, record) = (None, Some(record));
                self.journals =
                    vec![Journal { generation: *generation, arn, policy_id, made_at, attached: false, record }];
            }
            Step::Note { record } => *self.record(run)? = Record { claimed_at: now, ..(**record).clone() },
            Step::CreateRole { name, path, description, max_session_duration, boundary, tags, trust } => {
                need(self.find_role(name.as_str()).is_none(), || format!("role {name} exists"))?;
                let mut all = BTreeMap::new();
                put_tags(&mut all, tags)?;
                let role = RoleSeen {
                    name: name.clone(),
                    arn: self.arn("role", path.as_str(), name.as_str()),
                    path: path.to_string(),
                    unique_id: self.unique("AROA"),
                    description: description.clone(),
                    max_session_duration: *max_session_duration,
                    boundary: boundary.clone(),
                    tags: all,
                    trust: trust.document(),
                    attached: vec![],
                    inline: vec![],
                };
                self.roles.push(role);
            }
            Step::SetTrust { role, before, after } => {
                let role = self.role(role.as_str())?;
                need(role.trust == *before, || "the trust policy is another".into())?;
                role.trust.clone_from(after);
            }
            Step::SetRole { role, before, after } => {
                let role = self.role(role.as_str())?;
                let stands = (role.description.clone(), role.max_session_duration);
                need(stands == *before && before != after, || "the role is another".into())?;
                (role.description, role.max_session_duration) = after.clone();
            }
            Step::CreateUser { name, path, boundary, tags } => {
                need(self.find_user(name.as_str()).is_none(), || format!("user {name} exists"))?;
                let mut all = BTreeMap::new();
                put_tags(&mut all, tags)?;
                let user = UserSeen {
                    name: name.clone(),
                    arn: self.arn("user", path.as_str(), name.as_str()),
                    path: path.to_string(),
                    unique_id: self.unique("AIDA"),
                    boundary: boundary.clone(),
                    tags: all,
                    attached: vec![],
                    inline: vec![],
                    keys: vec![],
                    other_access: vec![],
                };
                self.users.push(user);
            }
            Step::SetBoundary { principal, before, after } => {
                let boundary = match principal {
                    Principal::Role(name) => &mut self.role(name.as_str())?.boundary,
                    Principal::User(name) => &mut self.user(name.as_str())?.boundary,
                };
                need(boundary == before && before != after, || "the boundary is another".into())?;
                boundary.clone_from(after);
            }
            Step::Tag { principal, before, after } => {
                let tags = self.tags(principal)?;
                let replaced: BTreeMap<_, _> = tags
                    .iter()
                    .filter(|(k, _)| after.keys().any(|a| a.to_lowercase() == k.to_lowercase()))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect();
                need(replaced == *before, || format!("{replaced:?} is replaced, not {before:?}"))?;
                put_tags(tags, after)?;
            }
            Step::Untag { principal, tags } => {
                let standing = self.tags(principal)?;
                for key in tags.keys() {
                    need(standing.remove(key).is_some(), || format!("no tag {key}"))?;
                }
            }
            Step::Attach { principal, policy } => attach(self.attached(principal)?, policy)?,
            Step::Detach { principal: Principal::User(_), .. } | Step::DeleteUser { .. } if self.credential_left => {}
            Step::Detach { principal, policy } => remove(self.attached(principal)?, policy)?,
            Step::DeleteInline { principal, name } => match principal {
                Principal::Role(role) => remove(&mut self.role(role.as_str())?.inline, name)?,
                Principal::User(user) => remove(&mut self.user(user.as_str())?.inline, name)?,
            },
            Step::ReadBack { principal, policies } => self.read_back(principal, policies, wanted, run)?,
            Step::CreateKey { user } => {
                let id = AccessKeyId::new(self.unique("AKIA")).unwrap();
                let user = self.user(user.as_str())?;
                need(user.keys.len() < 2, || "a third key".into())?;
                user.keys.push(KeySeen { id: id.clone(), active: true });
                self.secret = Some(id);
            }
            Step::ProveKey { user } => {
                let prior = self.record(run)?.prior_keys.clone();
                let secret = self.secret.clone();
                let keys: Vec<_> =
                    self.user(user.as_str())?.keys.iter().filter(|k| !prior.contains(&k.id.to_string())).collect();
                need(keys.len() == 1 && Some(&keys[0].id) == secret.as_ref(), || format!("the keys are {keys:?}"))?;
            }
            Step::DeactivateKey { user, key, .. } => {
                let user = self.user(user.as_str())?;
                let key = user.keys.iter_mut().find(|k| k.id == *key && k.active).ok_or("no such active key")?;
                key.active = false;
            }
            Step::DeleteKey { user, key, .. } => {
                let user = self.user(user.as_str())?;
                let key = KeySeen { id: key.clone(), active: false };
                remove(&mut user.keys, &key)?;
            }
            Step::ProveExternalId { role, .. } => drop(self.role(role.as_str())?),
            Step::Import { principal, delete_credential, .. } => {
                self.post(principal, *delete_credential, wanted, run)?;
                self.record(run)?.import_accepted = Some(now);
            }
            Step::AwaitVisible { .. } => {
                let there = self.accounts.iter().any(|a| a.id.as_deref() == Some(wanted.turbot_id.as_str()));
                need(there, || "the account does not show".into())?;
                self.shown();
            }
            Step::AwaitDeletion { principal } => {
                self.shown();
                let prior = self.record(run)?.prior_keys.clone();
                self.credential_left = match principal {
                    Principal::Role(name) => self.find_role(name.as_str()).is_some(),
                    Principal::User(name) => self
                        .find_user(name.as_str())
                        .is_some_and(|u| u.keys.iter().any(|k| !prior.contains(&k.id.to_string()))),
                };
            }
            Step::HandOver { principal } => {
                if let Principal::User(_) = principal {
                    let key = self.secret.take().ok_or("no secret to hand over")?;
                    self.given.push(key);
                }
                self.record(run)?.handed_over = Some(now);
            }
            Step::DeleteRole { role } => {
                let seen = self.role(role.as_str())?;
                need(seen.attached.is_empty() && seen.inline.is_empty(), || "the role has policies".into())?;
                self.roles.retain(|r| r.name != *role);
            }
            Step::DeleteUser { user } => {
                let seen = self.user(user.as_str())?;
                let empty = seen.attached.is_empty() && seen.inline.is_empty() && seen.keys.is_empty();
                need(empty && seen.other_access.is_empty(), || format!("the user is not empty: {seen:?}"))?;
                self.users.retain(|u| u.name != *user);
            }
            Step::Release { generation } => {
                need(self.journals.last().is_some_and(|j| j.generation == *generation), || "another's journal".into())?;
                self.journals.pop();
            }
            Step::SetMaintenance { level, .. } => {
                if self.window != Window::Unreadable {
                    self.window = Window::Value(MaintenanceSpelling::default().of(*level).to_owned());
                }
            }
        }
        Ok(())
    }

    /// Turbot shows the account, and deletes what it was to delete thereafter.
    pub(super) fn shown(&mut self) {
        if self.deletes == Deletes::AfterVisible {
            self.turbot_deletes();
        }
    }

    /// The POST, with its intent written before it; Turbot takes it.
    pub(super) fn post(
        &mut self,
        principal: &Principal,
        delete: bool,
        wanted: &Wanted,
        run: &RunId,
    ) -> Result<(), String> {
        self.intend(run)?;
        if let Principal::User(_) = principal {
            let key = self.secret.take().ok_or("no secret to import with")?;
            self.given.push(key);
        }
        self.posts += 1;
        let there = self.accounts.iter().any(|a| a.id.as_deref() == Some(wanted.turbot_id.as_str()));
        need(!there, || "it was imported already".into())?;
        self.accounts.push(TurbotAccount {
            id: Some(wanted.turbot_id.to_string()),
            urn: Some(wanted.account_urn()),
            aws_account_id: Some(self.caller.account.clone()),
            title: Some(wanted.title.clone()),
        });
        if delete {
            self.to_delete = Some(principal.clone());
            if self.deletes == Deletes::BeforeVisible {
                self.turbot_deletes();
            }
        }
        Ok(())
    }

    /// The intent alone, as it is written before a POST.
    pub(super) fn intend(&mut self, run: &RunId) -> Result<(), String> {
        let now = When::At(self.now);
        let record = self.record(run)?;
        record.import_unsettled |= record.import_requested.is_some() || record.import_accepted.is_some();
        record.import_requested = Some(now);
        record.import_accepted = None;
        Ok(())
    }

    /// What the engine proves, and the unique id that it notes beside it.
    fn read_back(
        &mut self,
        principal: &Principal,
        policies: &[PolicyArn],
        wanted: &Wanted,
        run: &RunId,
    ) -> Result<(), String> {
        let partition = self.caller.partition().clone();
        let (attached, unique_id) = match principal {
            Principal::Role(name) => {
                let role = self.role(name.as_str())?;
                let external_id = super::oracle::trusted(&role.trust)
                    .filter(|t| t.0 == partition.as_str() && t.1 == wanted.master_account_id.as_str())
                    .ok_or_else(|| format!("the trust policy is {}", role.trust))?
                    .2;
                let exact = TrustPolicy {
                    partition,
                    account: wanted.master_account_id.clone(),
                    external_id: crate::ExternalId::new(external_id).unwrap(),
                };
                need(exact.document() == role.trust, || "the trust policy is another".into())?;
                (role.attached.clone(), role.unique_id.clone())
            }
            Principal::User(name) => {
                let user = self.user(name.as_str())?;
                (user.attached.clone(), user.unique_id.clone())
            }
        };
        need(policies.iter().all(|p| attached.contains(p)), || format!("{attached:?} shows, not {policies:?}"))?;
        self.record(run)?.unique_id = Some(unique_id);
        Ok(())
    }
}
