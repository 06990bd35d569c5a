//! Changing what stands, for tests: what somebody else did to a role or user meanwhile. It is seen at once.

use std::time::Duration;

use crate::cloud::{Cloud, existing};
use crate::identity::Denied;
use crate::slot::Lag;
use crate::trust;
use crate::world::{Role, User, World, key};

/// What of a role or user can be changed in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editable {
    /// The ARNs of its managed policies, in the order of attachment.
    pub attached: Vec<String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// A role's description; a user has none.
    pub description: Option<String>,
    /// A role's longest session in seconds; a user has none.
    pub max_session_duration: u32,
}

impl Cloud {
    /// Changes a role in place: it keeps its unique id.
    ///
    /// # Panics
    /// If there is no such role.
    pub fn edit_role(&self, account: &str, name: &str, edit: impl FnOnce(&mut Editable)) {
        self.change_role(account, name, |role| {
            let mut editable = Editable {
                attached: role.grants.attached.clone(),
                boundary: role.grants.boundary.clone(),
                tags: role.grants.tags.clone(),
                description: role.description.clone(),
                max_session_duration: role.max_session,
            };
            edit(&mut editable);
            role.grants.attached = editable.attached;
            role.grants.boundary = editable.boundary;
            role.grants.tags = editable.tags;
            role.description = editable.description;
            role.max_session = editable.max_session_duration;
        });
    }

    /// Changes a user in place: it keeps its unique id.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn edit_user(&self, account: &str, name: &str, edit: impl FnOnce(&mut Editable)) {
        let mut world = self.lock();
        let lag = at_once(&world);
        let users = &mut existing(&mut world, account).users;
        let mut user = User::clone(users.truth(&key(name)).expect("a user of that name"));
        let mut editable = Editable {
            attached: user.grants.attached.clone(),
            boundary: user.grants.boundary.clone(),
            tags: user.grants.tags.clone(),
            description: None,
            max_session_duration: 0,
        };
        edit(&mut editable);
        user.grants.attached = editable.attached;
        user.grants.boundary = editable.boundary;
        user.grants.tags = editable.tags;
        users.put(&key(name), user, lag);
    }

    /// Gives a role another trust policy in place.
    ///
    /// # Errors
    /// `MalformedPolicyDocument` for a trust policy that IAM would refuse.
    ///
    /// # Panics
    /// If there is no such role.
    pub fn set_trust(&self, account: &str, name: &str, trust_json: &str) -> Result<(), Denied> {
        let accepted = trust::accept(&mut self.lock(), trust_json)?;
        self.change_role(account, name, |role| {
            role.trust = accepted.document;
            role.trust_ids = accepted.ids;
        });
        Ok(())
    }

    /// Deletes a customer managed policy that is attached to nothing. False if there is none.
    pub fn delete_policy_force(&self, account: &str, name: &str) -> bool {
        let mut world = self.lock();
        let lag = at_once(&world);
        let policies = &mut existing(&mut world, account).policies;
        let there = policies.truth(&key(name)).is_some();
        policies.remove(&key(name), lag);
        there
    }

    pub(crate) fn change_role(&self, account: &str, name: &str, change: impl FnOnce(&mut Role)) {
        let mut world = self.lock();
        let lag = at_once(&world);
        let roles = &mut existing(&mut world, account).roles;
        let mut role = Role::clone(roles.truth(&key(name)).expect("a role of that name"));
        change(&mut role);
        roles.put(&key(name), role, lag);
    }
}

fn at_once(world: &World) -> Lag {
    Lag { now: world.clock.monotonic(), hidden: Duration::ZERO, reads: 0 }
}
