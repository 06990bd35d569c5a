//! What a template makes in one account: what the planner would make where nothing of it stands yet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use onboard_core::{
    Arn, AwsObserved, Caller, Chosen, Decision, ExternalId, Goal, IamPath, MaintenanceSpelling, Organization,
    Partition, PolicyArn, Principal, RunId, Situation, Step, Stop, TAG_PREFIX, Times, TrustPolicy, Wanted, plan,
};
use serde_json::Value;

/// The role or user of one account, taken from the plan of `bootstrap` in an account that has nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blueprint {
    /// What is wanted of the account.
    pub(crate) wanted: Wanted,
    /// The account's partition.
    pub(crate) partition: Partition,
    /// The role or user.
    pub(crate) principal: Principal,
    /// Its path.
    pub(crate) path: IamPath,
    /// Its permissions boundary.
    pub(crate) boundary: Option<PolicyArn>,
    /// Its tags: those wanted, ours, and the mark of what was not made by this tool.
    pub(crate) tags: BTreeMap<String, String>,
    /// The managed policies attached to it.
    pub(crate) policies: Vec<PolicyArn>,
    /// What a role has and a user has not.
    pub(crate) role: Option<RolePart>,
}

/// What a role has and a user has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolePart {
    /// Its description.
    pub(crate) description: String,
    /// Its maximum session duration in seconds.
    pub(crate) seconds: u32,
    /// Who may assume it.
    pub(crate) trust: TrustPolicy,
}

impl Blueprint {
    /// Plans for an untouched account of that partition, without asking anybody.
    ///
    /// # Errors
    /// The plan would be refused whatever the account has: another partition's policy, Turbot's own master account.
    pub(crate) fn of(wanted: &Wanted, partition: &Partition, chosen: &Chosen) -> Result<Self, Stop> {
        let account = &wanted.account_id;
        let arn = Arn::new(format!("arn:{partition}:sts::{account}:assumed-role/template/offline"));
        let untouched = AwsObserved {
            caller: Caller { account: account.clone(), arn: arn.expect("its parts are valid") },
            alias: None,
            organization: Organization::None,
            roles: vec![],
            users: vec![],
            journals: vec![],
            now: Timestamp::UNIX_EPOCH,
        };
        let situation = Situation {
            wanted,
            aws: &untouched,
            turbot: None,
            chosen,
            times: &Times::default(),
            spelling: &MaintenanceSpelling::default(),
            run: &RunId::new("template").expect("a valid run id"),
            take_over: false,
        };
        match plan(Goal::Bootstrap, &situation) {
            Decision::Go(plan) => Ok(Self::from_steps(wanted, partition, &plan.steps)),
            Decision::Stop(stop) => Err(stop),
            Decision::Wait(wait) => unreachable!("an untouched account has nothing to wait for: {}", wait.message),
        }
    }

    fn from_steps(wanted: &Wanted, partition: &Partition, steps: &[Step]) -> Self {
        let mut made = None;
        let mut attached = Vec::new();
        for step in steps {
            match step {
                Step::CreateRole { name, path, description, max_session_duration, boundary, tags, trust } => {
                    let (description, seconds, trust) = (description.clone(), *max_session_duration, trust.clone());
                    made = Some(Self {
                        wanted: wanted.clone(),
                        partition: partition.clone(),
                        principal: Principal::Role(name.clone()),
                        path: path.clone(),
                        boundary: boundary.clone(),
                        tags: marked(tags),
                        policies: vec![],
                        role: Some(RolePart { description, seconds, trust }),
                    });
                }
                Step::CreateUser { name, path, boundary, tags } => {
                    made = Some(Self {
                        wanted: wanted.clone(),
                        partition: partition.clone(),
                        principal: Principal::User(name.clone()),
                        path: path.clone(),
                        boundary: boundary.clone(),
                        tags: marked(tags),
                        policies: vec![],
                        role: None,
                    });
                }
                Step::Attach { policy, .. } => attached.push(policy.clone()),
                // Proofs, the run's own journal, and Turbot's half. A user's key is made by `apply`: in a template its
                // secret would stand in a stack's outputs or in a state file.
                Step::Claim { .. }
                | Step::Note { .. }
                | Step::ReadBack { .. }
                | Step::CreateKey { .. }
                | Step::ProveKey { .. }
                | Step::ProveExternalId { .. }
                | Step::HandOver { .. }
                | Step::Import { .. }
                | Step::AwaitVisible { .. }
                | Step::AwaitDeletion { .. }
                | Step::SetMaintenance { .. }
                | Step::Release { .. } => {}
                // Of an untouched account there is nothing to change or to take away.
                Step::SetTrust { .. }
                | Step::SetRole { .. }
                | Step::SetBoundary { .. }
                | Step::Tag { .. }
                | Step::Untag { .. }
                | Step::Detach { .. }
                | Step::DeleteInline { .. }
                | Step::DeactivateKey { .. }
                | Step::DeleteKey { .. }
                | Step::DeleteRole { .. }
                | Step::DeleteUser { .. } => {
                    unreachable!("an untouched account has nothing for {}", step.name())
                }
            }
        }
        let made = made.expect("the plan of an untouched account makes a role or a user");
        Self { policies: attached, ..made }
    }

    /// The external ID that the role asks for.
    pub(crate) fn external_id(&self) -> Option<&ExternalId> {
        self.role.as_ref().map(|role| &role.trust.external_id)
    }

    /// The role's trust policy.
    pub(crate) fn trust_policy(&self) -> Option<Value> {
        let document = self.role.as_ref()?.trust.document();
        Some(serde_json::from_str(&document).expect("it is written as JSON"))
    }

    /// The ARN of the role or user, of which everything is known beforehand.
    pub(crate) fn arn(&self) -> String {
        let (kind, name, account) = (self.principal.kind(), self.principal.name(), &self.wanted.account_id);
        format!("arn:{}:iam::{account}:{kind}{}{name}", self.partition, self.path)
    }
}

/// The tags with the mark of what this tool did not make: it is never deleted by it, nor by Turbot unless that is asked
/// for by name, and taking it over changes nothing in it.
fn marked(tags: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut tags = tags.clone();
    tags.insert(format!("{TAG_PREFIX}adopted"), "true".to_owned());
    tags
}
