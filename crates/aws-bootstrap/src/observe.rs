//! Reading everything that a plan needs: one round of calls side by side, a second where something was found, a third
//! where a journal names a principal that was not looked for.

use std::collections::BTreeSet;

use futures::future::{join, try_join_all};
use onboard_core::{AwsObserved, Journal, Organization, RoleName, RoleSeen, UserName, UserSeen, With};
use tokio::time::timeout;

use crate::connect::Aws;
use crate::error::AwsError;
use crate::organization::place;

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looking {
    /// The roles.
    pub roles: Vec<RoleName>,
    /// The users.
    pub users: Vec<UserName>,
    /// Whether a user's rarer credentials are looked for too: SSH keys, service-specific credentials, certificates.
    pub deep: bool,
    /// A journal object that the looker made itself and knows: the list has to show it, its tags are not read.
    pub own_journal: Option<Journal>,
}

impl Aws {
    /// Reads who is calling, the account's alias and organization, the roles and users looked for, all journal objects,
    /// and the roles and users that those name.
    ///
    /// # Errors
    /// A read failed that a plan cannot do without. Alias and organization never fail it.
    pub async fn observe(&self, looking: &Looking) -> Result<AwsObserved, AwsError> {
        let roles = try_join_all(looking.roles.iter().map(|name| self.read_role(name)));
        let users = try_join_all(looking.users.iter().map(|name| self.read_user(name)));
        let needed = async { futures::try_join!(self.caller(), roles, users, self.journal_arns()) };
        // What is only noted may not hold up what is needed, not by its repetitions either.
        let noted = join(
            timeout(self.attempt_timeout(), self.management_account()),
            timeout(self.attempt_timeout(), self.alias()),
        );
        let (needed, (management, alias)) = join(needed, noted).await;
        let (caller, roles, users, arns) = needed?;

        let roles = try_join_all(roles.into_iter().flatten().map(|role| self.complete_role(role)));
        let users = try_join_all(users.into_iter().flatten().map(|user| self.complete_user(user, looking.deep)));
        let (own, others): (Vec<_>, Vec<_>) =
            arns.into_iter().partition(|arn| looking.own_journal.as_ref().is_some_and(|own| own.arn == *arn));
        let (mut roles, mut users, mut journals) = futures::try_join!(roles, users, self.read_journals(&others))?;
        if !own.is_empty() {
            journals.extend(looking.own_journal.clone());
            journals.sort_by_key(|j| j.generation);
        }

        let (more_roles, more_users) = self.named_by(&journals, looking).await?;
        // Two spellings of one name may find the same.
        roles.extend(more_roles);
        let mut known = BTreeSet::new();
        roles.retain(|role| known.insert(role.unique_id.clone()));
        users.extend(more_users);
        users.retain(|user| known.insert(user.unique_id.clone()));
        let organization = match management {
            Ok(Ok(management)) => place(&caller, management),
            Ok(Err(error)) => Organization::Unknown(error.to_string()),
            Err(_) => Organization::Unknown("DescribeOrganization: no answer in time".to_owned()),
        };
        let alias = alias.ok().flatten();
        Ok(AwsObserved { caller, alias, organization, roles, users, journals, now: self.now() })
    }

    async fn complete_role(&self, role: RoleSeen) -> Result<RoleSeen, AwsError> {
        let inline = self.inline_of_role(&role.name).await?;
        Ok(RoleSeen { inline, ..role })
    }

    async fn complete_user(&self, user: UserSeen, deep: bool) -> Result<UserSeen, AwsError> {
        let (inline, other_access) =
            futures::try_join!(self.inline_of_user(&user.name), self.other_access(&user.name, deep))?;
        Ok(UserSeen { inline, other_access, ..user })
    }

    /// The principals of unfinished runs that were not looked for: another name was wanted then.
    async fn named_by(
        &self,
        journals: &[Journal],
        looking: &Looking,
    ) -> Result<(Vec<RoleSeen>, Vec<UserSeen>), AwsError> {
        let named = |with: With| {
            let mut names: Vec<String> = Vec::new();
            for record in journals.iter().filter_map(|j| j.record.as_ref()).filter(|r| r.with == with) {
                if !names.contains(&record.name) {
                    names.push(record.name.clone());
                }
            }
            names
        };
        let roles = named(With::Role).into_iter().filter_map(|name| RoleName::new(name).ok());
        let roles = roles.filter(|name| !looking.roles.contains(name));
        let users = named(With::Keys).into_iter().filter_map(|name| UserName::new(name).ok());
        let users = users.filter(|name| !looking.users.contains(name));
        let roles = try_join_all(roles.map(|name| async move {
            match self.read_role(&name).await? {
                Some(role) => self.complete_role(role).await.map(Some),
                None => Ok(None),
            }
        }));
        let users = try_join_all(users.map(|name| async move {
            match self.read_user(&name).await? {
                Some(user) => self.complete_user(user, looking.deep).await.map(Some),
                None => Ok(None),
            }
        }));
        let (roles, users) = futures::try_join!(roles, users)?;
        Ok((roles.into_iter().flatten().collect(), users.into_iter().flatten().collect()))
    }
}
