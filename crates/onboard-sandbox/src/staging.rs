//! Setting the scene, for tests and for the simulated Turbot: changes that no policy and no quota hinders.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::authenticate::authenticate_key;
use crate::cloud::{Cloud, existing};
use crate::identity::{Credentials, Denied};
use crate::minting::account_of_key;
use crate::options::Consistency;
use crate::policy_document::{Document, Purpose};
use crate::slot::Lag;
use crate::sts::{Assumption, assume};
use crate::trust;
use crate::view::{AccountState, Blocker};
use crate::world::{self, ACCESS_ROLE, ADMIN, Grants, Group, Key, Role, User, World, key};

impl Cloud {
    /// Sets how far AWS's clock is from the system's. Sessions end, and signatures expire, by AWS's clock.
    pub fn set_clock_offset(&self, millis: i64) {
        self.lock().clock.set_offset_millis(millis);
    }

    /// Sets how far reads lag from now on.
    pub fn set_consistency(&self, consistency: Consistency) {
        self.lock().consistency = consistency;
    }

    /// Makes a role that trusts whom the document says, visible at once; one of that name is replaced.
    ///
    /// # Errors
    /// `MalformedPolicyDocument` for a trust policy that IAM would refuse.
    pub fn create_role_unchecked(
        &self,
        account: &str,
        name: &str,
        path: &str,
        trust_json: &str,
        policies: &[&str],
    ) -> Result<(), Denied> {
        let mut world = self.lock();
        let accepted = trust::accept(&mut world, trust_json)?;
        let role = Role {
            name: name.to_owned(),
            path: path.to_owned(),
            unique_id: world.mint.unique_id("AROA"),
            created: world.clock.now(),
            description: None,
            trust: accepted.document,
            trust_ids: accepted.ids,
            max_session: 3600,
            grants: Grants { attached: policies.iter().map(|arn| (*arn).to_owned()).collect(), ..Grants::default() },
            visible_at: world.clock.monotonic(),
        };
        let lag = at_once(&world);
        existing(&mut world, account).roles.put(&key(name), role, lag);
        Ok(())
    }

    /// Deletes a role with all that hangs on it. False if there is none.
    pub fn delete_role_force(&self, account: &str, name: &str) -> bool {
        let mut world = self.lock();
        let lag = world.lag(Duration::ZERO);
        let account = existing(&mut world, account);
        let key = key(name);
        if account.roles.truth(&key).is_none() {
            return false;
        }
        for profile in account.profiles.values_mut().filter(|profile| profile.role.as_ref() == Some(&key)) {
            profile.role = None;
        }
        account.roles.remove(&key, lag);
        true
    }

    /// Deletes an access key. False if there is none.
    pub fn delete_access_key_force(&self, key_id: &str) -> bool {
        let mut world = self.lock();
        let Some(account) = account_of_key(key_id).filter(|id| world.directory.contains_key(id)) else {
            return false;
        };
        existing(&mut world, &account).keys.remove(key_id).is_some()
    }

    /// Makes a user with these managed policies, visible at once; one of that name is replaced.
    pub fn create_user_unchecked(&self, account: &str, name: &str, path: &str, policies: &[&str]) {
        let mut world = self.lock();
        let user = User {
            name: name.to_owned(),
            path: path.to_owned(),
            unique_id: world.mint.unique_id("AIDA"),
            created: world.clock.now(),
            grants: Grants { attached: policies.iter().map(|arn| (*arn).to_owned()).collect(), ..Grants::default() },
            groups: BTreeSet::new(),
            login_profile: None,
            mfa_devices: Vec::new(),
            ssh_keys: Vec::new(),
            service_credentials: Vec::new(),
            certificates: Vec::new(),
            visible_at: world.clock.monotonic(),
        };
        let lag = at_once(&world);
        existing(&mut world, account).users.put(&key(name), user, lag);
    }

    /// Gives a user an inline policy, seen at once.
    ///
    /// # Panics
    /// If there is no such user, or the document is none.
    pub fn put_user_policy(&self, account: &str, user: &str, name: &str, document: &str) {
        Document::parse(document, Purpose::Identity).expect("a policy document");
        self.change_user(account, user, |user| {
            user.grants.inline.insert(name.to_owned(), document.to_owned());
        });
    }

    /// Gives a role an inline policy, seen at once.
    ///
    /// # Panics
    /// If there is no such role, or the document is none.
    pub fn put_role_policy(&self, account: &str, role: &str, name: &str, document: &str) {
        Document::parse(document, Purpose::Identity).expect("a policy document");
        self.change_role(account, role, |role| {
            role.grants.inline.insert(name.to_owned(), document.to_owned());
        });
    }

    /// Gives a user a console password.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn create_login_profile(&self, account: &str, user: &str) {
        let now = self.lock().clock.now();
        self.change_user(account, user, |user| user.login_profile = Some(now));
    }

    /// Gives a user something that stands in the way of its deletion; returns its id.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn add_blocker(&self, account: &str, user: &str, blocker: Blocker) -> String {
        let (prefix, partition) = {
            let world = self.lock();
            let prefix = match blocker {
                Blocker::MfaDevice => "MFA",
                Blocker::SshKey => "APKA",
                Blocker::ServiceCredential => "ACCA",
                Blocker::SigningCertificate => "ASCA",
            };
            (world.mint.unique_id(prefix), world.partition.clone())
        };
        let id = match blocker {
            Blocker::MfaDevice => format!("arn:{partition}:iam::{account}:mfa/{user}"),
            _ => prefix,
        };
        self.change_user(account, user, |user| {
            let list = match blocker {
                Blocker::MfaDevice => &mut user.mfa_devices,
                Blocker::SshKey => &mut user.ssh_keys,
                Blocker::ServiceCredential => &mut user.service_credentials,
                Blocker::SigningCertificate => &mut user.certificates,
            };
            list.push(id.clone());
        });
        id
    }

    /// Puts a user into a group, which is made if there is none of that name.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn join_group(&self, account: &str, user: &str, group: &str) {
        let mut world = self.lock();
        let (unique_id, created) = (world.mint.unique_id("AGPA"), world.clock.now());
        let made = Group { name: group.to_owned(), path: "/".to_owned(), unique_id, created };
        existing(&mut world, account).groups.entry(key(group)).or_insert(made);
        drop(world);
        self.change_user(account, user, |user| {
            user.groups.insert(key(group));
        });
    }

    fn change_user(&self, account: &str, name: &str, change: impl FnOnce(&mut User)) {
        let mut world = self.lock();
        let lag = at_once(&world);
        let users = &mut existing(&mut world, account).users;
        let mut user = User::clone(users.truth(&key(name)).expect("a user of that name"));
        change(&mut user);
        users.put(&key(name), user, lag);
    }

    /// Gives a user one more access key, usable at once, whatever the quota says.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn add_key(&self, account: &str, user: &str) -> Credentials {
        let mut world = self.lock();
        let key_entry = Key {
            id: world.mint.key_id("AKIA", account, None),
            secret: world.mint.secret(None),
            user: Some(key(user)),
            active: true,
            created: world.clock.now(),
            usable_at: world.clock.monotonic(),
            refusals_left: 0,
            listed_at: world.clock.monotonic(),
            lists_without: 0,
            last_used: None,
        };
        let state = existing(&mut world, account);
        assert!(state.users.truth(&key(user)).is_some(), "there is no user {user} in {account}");
        let credentials = Credentials {
            access_key_id: key_entry.id.clone(),
            secret_access_key: key_entry.secret.clone(),
            session_token: None,
        };
        state.keys.insert(key_entry.id.clone(), key_entry);
        credentials
    }

    /// A session of the role that an organization has in a member account: temporary credentials, as single sign-on, web
    /// identities, containers and instances hand them out.
    ///
    /// # Panics
    /// If the role is not there, or may not be assumed.
    #[must_use]
    pub fn session(&self, account: &str) -> Credentials {
        let management = self.management_credentials();
        let mut world = self.lock();
        let proved = authenticate_key(&mut world, &management.access_key_id, &management.secret_access_key);
        let caller = proved.expect("the management account's administrator");
        let role = world.arn(account, "role", "/", ACCESS_ROLE);
        let ask = Assumption::new(&role, "handed-out", None);
        assume(&mut world, &caller, &ask, "us-east-1").expect("a role that may be assumed").credentials
    }

    /// Sets or removes an account's alias.
    pub fn set_alias(&self, account: &str, alias: Option<&str>) {
        existing(&mut self.lock(), account).alias = alias.map(str::to_owned);
    }

    /// Sets the tags of an account in its organization.
    ///
    /// # Panics
    /// If there is no such account.
    pub fn set_account_tags(&self, account: &str, tags: &[(&str, &str)]) {
        let mut world = self.lock();
        let entry = world.entry(account).expect("an account of that id");
        entry.tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    }

    /// Sets the state of an account.
    ///
    /// # Panics
    /// If there is no such account.
    pub fn set_account_state(&self, account: &str, state: AccountState) {
        self.lock().entry(account).expect("an account of that id").state = state;
    }

    /// Says that an account exists at AWS outside of this world, so that principals may name it.
    pub fn add_foreign_account(&self, account: &str) {
        self.lock().foreign.insert(account.to_owned());
    }

    /// Lets an account read the organization as the management account may.
    pub fn set_delegated_administrator(&self, account: &str) {
        self.lock().delegated_administrators.insert(account.to_owned());
    }

    /// Attaches a service control policy to an account, beside AWS's own that allows everything. A document that holds
    /// an Allow takes the place of that one.
    ///
    /// # Panics
    /// If there is no such account, or the document is none.
    pub fn set_scp(&self, account: &str, json: &str, policy_arn: &str) {
        let document = Document::parse(json, Purpose::Identity).expect("a policy document").named(policy_arn);
        let mut world = self.lock();
        let entry = world.entry(account).expect("an account of that id");
        entry.service_control.push((json.to_owned(), Arc::new(document)));
    }

    /// Attaches a resource control policy to an account. It is weighed on AssumeRole into the account.
    ///
    /// # Panics
    /// If there is no such account, or the document is none.
    pub fn set_rcp(&self, account: &str, json: &str, policy_arn: &str) {
        let document = Document::parse(json, Purpose::ResourceControl).expect("a policy document").named(policy_arn);
        let mut world = self.lock();
        let entry = world.entry(account).expect("an account of that id");
        entry.resource_control.push((json.to_owned(), Arc::new(document)));
    }

    /// Removes the control policies of an account.
    ///
    /// # Panics
    /// If there is no such account.
    pub fn clear_control_policies(&self, account: &str) {
        let mut world = self.lock();
        let entry = world.entry(account).expect("an account of that id");
        entry.service_control.clear();
        entry.resource_control.clear();
    }

    /// Makes a customer managed policy of this name the permissions boundary of the user `admin`; returns its ARN.
    ///
    /// # Panics
    /// If the document is none.
    pub fn set_boundary_of_admin(&self, account: &str, name: &str, json: &str) -> String {
        let arn = self.create_policy_unchecked(account, name, "/", json, &[]);
        self.change_user(account, ADMIN, |user| user.grants.boundary = Some(arn.clone()));
        arn
    }

    /// Makes a customer managed policy, visible at once; one of that name is replaced. Returns its ARN.
    ///
    /// # Panics
    /// If the document is none.
    pub fn create_policy_unchecked(
        &self,
        account: &str,
        name: &str,
        path: &str,
        json: &str,
        tags: &[(&str, &str)],
    ) -> String {
        Document::parse(json, Purpose::Identity).expect("a policy document");
        let mut world = self.lock();
        let arn = world.arn(account, "policy", path, name);
        let created = world.clock.now();
        let policy = world::Policy {
            name: name.to_owned(),
            path: path.to_owned(),
            unique_id: world.mint.unique_id("ANPA"),
            arn: arn.clone(),
            created,
            updated: created,
            description: None,
            versions: vec![world::PolicyVersion { number: 1, document: json.to_owned(), created }],
            default_version: 1,
            tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            visible_at: world.clock.monotonic(),
        };
        let lag = at_once(&world);
        existing(&mut world, account).policies.put(&key(name), policy, lag);
        arn
    }
}

fn at_once(world: &World) -> Lag {
    Lag { now: world.clock.monotonic(), hidden: Duration::ZERO, reads: 0 }
}
