//! What the account has and may have, and an advisory look at what the caller may do.

use std::collections::HashMap;

use aws_sdk_iam::types::{PolicyEvaluationDecisionType, SummaryKeyType};
use onboard_core::Arn;

use crate::connect::Aws;
use crate::denial::DeniedBy;
use crate::error::{AwsError, AwsErrorKind};

/// Counts and quotas by `GetAccountSummary`; `None` where AWS did not say. Quotas are never assumed: AWS raises them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Roles in the account.
    pub roles: Option<u32>,
    /// The most it may have.
    pub roles_quota: Option<u32>,
    /// Users in the account.
    pub users: Option<u32>,
    /// The most it may have.
    pub users_quota: Option<u32>,
    /// Customer managed policies in the account; a journal object is one.
    pub policies: Option<u32>,
    /// The most it may have.
    pub policies_quota: Option<u32>,
    /// The most managed policies a role may have attached.
    pub policies_per_role_quota: Option<u32>,
    /// The most managed policies a user may have attached.
    pub policies_per_user_quota: Option<u32>,
    /// The most access keys a user may have.
    pub access_keys_per_user_quota: Option<u32>,
    /// The longest trust policy, in characters without white space.
    pub trust_policy_size_quota: Option<u32>,
    /// Whether the root user has access keys.
    pub root_has_access_keys: Option<bool>,
    /// Whether the root user has a multi-factor device.
    pub root_has_mfa: Option<bool>,
}

/// What a simulation says of the actions asked for. Advisory: it sees no resource control, session or VPC endpoint
/// policies, and AWS says that results can differ from the live environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Simulation {
    /// All actions were judged.
    Judged(Vec<SimulatedAction>),
    /// It may not be asked, or not of this principal.
    Unknown(String),
}

/// One action's judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedAction {
    /// The action, such as `iam:CreateRole`.
    pub action: String,
    /// By what it is denied; `None` where it is allowed.
    pub denied_by: Option<DeniedBy>,
}

impl Aws {
    /// The account's counts and quotas.
    ///
    /// # Errors
    /// The read failed.
    pub async fn account_summary(&self) -> Result<Summary, AwsError> {
        let answer = self.read("GetAccountSummary", || self.iam().get_account_summary().send()).await?;
        Ok(summary(&answer.summary_map.unwrap_or_default()))
    }

    /// Asks IAM what a principal (a role's or user's ARN, path included; never a session's or root's) could do. IAM
    /// throttles this call first of all: one call, all actions. Whatever fails is [`Simulation::Unknown`].
    pub async fn simulate(&self, principal: &Arn, actions: &[&str]) -> Simulation {
        let names = actions.iter().map(|a| (*a).to_owned()).collect();
        let request = self
            .iam()
            .simulate_principal_policy()
            .policy_source_arn(principal.as_str())
            .set_action_names(Some(names))
            .max_items(1000);
        let answer = match self.read("SimulatePrincipalPolicy", || request.clone().send()).await {
            Ok(answer) => answer,
            Err(error) => return Simulation::Unknown(error.to_string()),
        };
        let mut judged = Vec::new();
        for result in answer.evaluation_results() {
            let by_organization = result.organizations_decision_detail().is_some_and(|d| !d.allowed_by_organizations());
            let by_boundary =
                result.permissions_boundary_decision_detail().is_some_and(|d| !d.allowed_by_permissions_boundary());
            let denied_by = match result.eval_decision() {
                PolicyEvaluationDecisionType::Allowed => None,
                _ if by_organization => Some(DeniedBy::ServiceControl),
                _ if by_boundary => Some(DeniedBy::Boundary),
                _ => Some(DeniedBy::Identity),
            };
            judged.push(SimulatedAction { action: result.eval_action_name().to_owned(), denied_by });
        }
        if judged.len() < actions.len() {
            let error =
                AwsError::new(AwsErrorKind::Malformed, "SimulatePrincipalPolicy", "not all actions were judged");
            return Simulation::Unknown(error.to_string());
        }
        Simulation::Judged(judged)
    }
}

fn summary(map: &HashMap<SummaryKeyType, i32>) -> Summary {
    let get = |key: SummaryKeyType| map.get(&key).and_then(|n| u32::try_from(*n).ok());
    // By its wire name: emulators and AWS have keys that the SDK's list lacks.
    let named = |key: &str| get(SummaryKeyType::from(key));
    Summary {
        roles: named("Roles"),
        roles_quota: named("RolesQuota"),
        users: get(SummaryKeyType::Users),
        users_quota: get(SummaryKeyType::UsersQuota),
        policies: named("Policies"),
        policies_quota: named("PoliciesQuota"),
        policies_per_role_quota: named("AttachedPoliciesPerRoleQuota"),
        policies_per_user_quota: named("AttachedPoliciesPerUserQuota"),
        access_keys_per_user_quota: named("AccessKeysPerUserQuota"),
        trust_policy_size_quota: named("AssumeRolePolicySizeQuota"),
        root_has_access_keys: named("AccountAccessKeysPresent").map(|n| n > 0),
        root_has_mfa: named("AccountMFAEnabled").map(|n| n > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_not_assumed() {
        let map = [("Roles", 12), ("RolesQuota", 1000), ("AccountMFAEnabled", 0), ("Users", -1)]
            .map(|(k, n)| (SummaryKeyType::from(k), n));
        let read = summary(&map.into());
        assert_eq!(
            (read.roles, read.roles_quota, read.users, read.root_has_mfa),
            (Some(12), Some(1000), None, Some(false))
        );
        assert_eq!(read.policies_per_role_quota, None);
    }
}
