//! What a look shows of a world, and a run that plans by it.

use super::world::{Window, World, same_name};
use crate::plan::{Chosen, Situation};
use crate::{
    AwsAccountId, AwsObserved, Health, LookFailure, LookFault, MaintenanceSpelling, RunId, Step, Times, TurbotAccount,
    TurbotObserved, Wanted, With,
};

fn failure(fault: LookFault) -> LookFailure {
    LookFailure { fault, message: format!("{fault:?}") }
}

impl World {
    /// What a look shows: the role or user that is wanted (or both), those that journals name, and Turbot.
    pub(super) fn observe(&self, wanted: &Wanted, both: bool) -> (AwsObserved, TurbotObserved) {
        let mut roles = vec![];
        let mut users = vec![];
        if both || wanted.with == With::Role {
            roles.push(wanted.role_name.to_string());
        }
        if both || wanted.with == With::Keys {
            users.push(wanted.user_name.to_string());
        }
        for record in self.journals.iter().filter_map(|j| j.record.as_ref()) {
            match record.with {
                With::Role => roles.push(record.name.clone()),
                With::Keys => users.push(record.name.clone()),
            }
        }
        let aws = AwsObserved {
            caller: self.caller.clone(),
            alias: None,
            organization: self.organization.clone(),
            roles: self.roles.iter().filter(|r| roles.iter().any(|n| same_name(n, r.name.as_str()))).cloned().collect(),
            users: self.users.iter().filter(|u| users.iter().any(|n| same_name(n, u.name.as_str()))).cloned().collect(),
            journals: self.journals.clone(),
            now: self.now,
        };
        let id = Some(wanted.turbot_id.as_str());
        let ours: Option<&AwsAccountId> = Some(&wanted.account_id);
        let meant = |a: &&TurbotAccount| a.id.as_deref() == id || a.aws_account_id.as_ref() == ours;
        let by_id = self.accounts.iter().find(|a| a.id.as_deref() == id).cloned();
        let turbot = TurbotObserved {
            health: Health::Ok,
            version: None,
            cluster_urn: self.cluster_fault.map_or(Ok(self.cluster.clone()), |f| Err(failure(f))),
            by_id: self.by_id_fault.map_or(Ok(by_id), |f| Err(failure(f))),
            listed: self
                .list_fault
                .map_or(Ok(self.accounts.iter().filter(meant).cloned().collect()), |f| Err(failure(f))),
            maintenance: wanted.maintenance.map(|_| match &self.window {
                Window::Unreadable => Err(failure(LookFault::Forbidden)),
                Window::None => Ok(None),
                Window::Value(value) => Ok(Some(value.clone())),
            }),
        };
        (aws, turbot)
    }
}

/// A run at work on a world: what it wants, what it chose, and who it is.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) wanted: Wanted,
    pub(super) chosen: Chosen,
    pub(super) id: RunId,
    pub(super) times: Times,
    pub(super) take_over: bool,
    /// Turbot is not looked at: `bootstrap` and `cleanup` work without it.
    pub(super) blind: bool,
}

impl Run {
    /// Looks, and gives the planner's view of it to a function.
    pub(super) fn look<T>(&self, world: &World, both: bool, decide: impl FnOnce(&Situation<'_>) -> T) -> T {
        let (aws, turbot) = world.observe(&self.wanted, both);
        decide(&Situation {
            wanted: &self.wanted,
            aws: &aws,
            turbot: (!self.blind).then_some(&turbot),
            chosen: &self.chosen,
            times: &self.times,
            spelling: &MaintenanceSpelling::default(),
            run: &self.id,
            take_over: self.take_over,
        })
    }

    pub(super) fn apply(&self, world: &mut World, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            world.apply_step(step, &self.wanted, &self.id).map_err(|e| format!("{}: {e}", step.sentence()))?;
        }
        Ok(())
    }

    /// Another run that wants the same, some time later.
    pub(super) fn next(&self, id: &str) -> Self {
        Self { id: RunId::new(id).unwrap(), ..self.clone() }
    }
}
