//! What is in the simulated AWS, for tests: the truth, whatever reads over the wire show.

use std::sync::Arc;

use serde_json::Value;

use crate::cloud::{Cloud, existing};
use crate::snapshot;
use crate::view::{AccountView, KeyView, PolicyView, RoleView, UserView};
use crate::world::{self, ADMIN, Key, Role, User, World, key};

impl Cloud {
    /// The AWS accounts of this world, by id.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountView> {
        let world = self.lock();
        let view = |(id, entry): (&String, &world::Entry)| AccountView {
            id: id.clone(),
            name: entry.name.clone(),
            email: entry.email.clone(),
            state: entry.state,
            in_organization: entry.place.is_some(),
            admin_access_key_id: world.mint.key_id("AKIA", id, Some(ADMIN)),
        };
        world.directory.iter().map(view).collect()
    }

    /// A role as it is now.
    #[must_use]
    pub fn role(&self, account: &str, name: &str) -> Option<RoleView> {
        let mut world = self.lock();
        let role = existing(&mut world, account).roles.truth(&key(name))?.clone();
        Some(role_view(&mut world, account, &role))
    }

    /// A user as it is now.
    #[must_use]
    pub fn user(&self, account: &str, name: &str) -> Option<UserView> {
        let mut world = self.lock();
        let user = existing(&mut world, account).users.truth(&key(name))?.clone();
        Some(user_view(&mut world, account, &user))
    }

    /// The roles of an account, by name.
    #[must_use]
    pub fn roles(&self, account: &str) -> Vec<RoleView> {
        let mut world = self.lock();
        let roles: Vec<Arc<Role>> = existing(&mut world, account).roles.all().cloned().collect();
        roles.iter().map(|role| role_view(&mut world, account, role)).collect()
    }

    /// The users of an account, by name.
    #[must_use]
    pub fn users(&self, account: &str) -> Vec<UserView> {
        let mut world = self.lock();
        let users: Vec<Arc<User>> = existing(&mut world, account).users.all().cloned().collect();
        users.iter().map(|user| user_view(&mut world, account, user)).collect()
    }

    /// The customer managed policies of an account, by name.
    #[must_use]
    pub fn policies(&self, account: &str) -> Vec<PolicyView> {
        let mut world = self.lock();
        let account = existing(&mut world, account);
        let grants = || account.roles.all().map(|r| &r.grants).chain(account.users.all().map(|u| &u.grants));
        let view = |policy: &Arc<world::Policy>| PolicyView {
            name: policy.name.clone(),
            path: policy.path.clone(),
            arn: policy.arn.clone(),
            unique_id: policy.unique_id.clone(),
            document: policy.default_document().to_owned(),
            tags: policy.tags.clone(),
            attachments: grants().filter(|grants| grants.attached.contains(&policy.arn)).count(),
        };
        account.policies.all().map(view).collect()
    }

    /// The access keys of an account, the root user's included.
    #[must_use]
    pub fn access_keys(&self, account: &str) -> Vec<KeyView> {
        let mut world = self.lock();
        key_views(existing(&mut world, account), |_| true)
    }

    /// All of an account that a tool can change, sorted and without times, unique ids and secrets: two snapshots are
    /// equal if nothing was changed between them. Keys are named by their ids.
    #[must_use]
    pub fn snapshot(&self, account: &str) -> Value {
        snapshot::of(&mut self.lock(), account)
    }
}

fn key_views(account: &world::Account, wanted: impl Fn(&Key) -> bool) -> Vec<KeyView> {
    let view = |access: &Key| KeyView {
        id: access.id.clone(),
        user: access.user.as_ref().and_then(|user| account.users.truth(user)).map(|user| user.name.clone()),
        active: access.active,
        used: access.last_used.is_some(),
    };
    account.keys.values().filter(|access| wanted(access)).map(view).collect()
}

fn role_view(world: &mut World, account: &str, role: &Role) -> RoleView {
    let arn = world.arn(account, "role", &role.path, &role.name);
    let trust = crate::trust::shown(world, role);
    let used = existing(world, account).role_last_used.contains_key(&role.unique_id);
    RoleView {
        name: role.name.clone(),
        path: role.path.clone(),
        arn,
        unique_id: role.unique_id.clone(),
        trust,
        description: role.description.clone(),
        max_session_duration: role.max_session,
        boundary: role.grants.boundary.clone(),
        attached: role.grants.attached.clone(),
        inline: role.grants.inline.keys().cloned().collect(),
        tags: role.grants.tags.clone(),
        used,
    }
}

fn user_view(world: &mut World, account: &str, user: &User) -> UserView {
    let arn = world.arn(account, "user", &user.path, &user.name);
    let table_key = key(&user.name);
    let state = existing(world, account);
    UserView {
        name: user.name.clone(),
        path: user.path.clone(),
        arn,
        unique_id: user.unique_id.clone(),
        boundary: user.grants.boundary.clone(),
        attached: user.grants.attached.clone(),
        inline: user.grants.inline.keys().cloned().collect(),
        tags: user.grants.tags.clone(),
        groups: user.groups.iter().filter_map(|group| state.groups.get(group)).map(|g| g.name.clone()).collect(),
        login_profile: user.login_profile.is_some(),
        access_keys: key_views(state, |access| access.user.as_ref() == Some(&table_key)),
    }
}
