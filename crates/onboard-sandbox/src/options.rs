use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::fault::Fault;
use crate::gate::Gate;
use crate::turbot::TurbotOptions;

/// What a sandbox is started with.
#[derive(Clone)]
pub struct Options {
    /// Member accounts besides the management and the master account.
    pub accounts: usize,
    /// The partition of every ARN: `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: String,
    /// How long every AWS call takes.
    pub latency: Duration,
    /// How long every Turbot call takes, besides what an import takes.
    pub turbot_latency: Duration,
    /// How far reads lag behind writes.
    pub consistency: Consistency,
    /// AWS's limits.
    pub quotas: Quotas,
    /// Whether callers' policies are evaluated; if not, every authenticated caller may do everything in its account.
    /// Trust policies are evaluated always.
    pub authorization: bool,
    /// Faults that are armed from the start.
    pub faults: Vec<Fault>,
    /// Awaited at every moment of every call.
    pub gate: Option<Arc<dyn Gate>>,
    /// What keys, ids and secrets are derived from: the same seed gives the same world.
    pub seed: u64,
    /// Where the simulated AWS listens; port 0 means any.
    pub addr: SocketAddr,
    /// Where the simulated Turbot listens; port 0 means any.
    pub turbot_addr: SocketAddr,
    /// Adds one SUSPENDED and one PENDING_ACTIVATION account to the organization.
    pub organization_extras: bool,
    /// Whether the master account is a member of the organization.
    pub master_in_organization: bool,
    /// Records kept by the request log; older ones are dropped (the counts by name are kept).
    pub log_limit: usize,
    /// The simulated Turbot's own options.
    pub turbot: TurbotOptions,
}

impl Default for Options {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            accounts: 2,
            partition: "aws".to_owned(),
            latency: Duration::ZERO,
            turbot_latency: Duration::ZERO,
            consistency: Consistency::default(),
            quotas: Quotas::default(),
            authorization: true,
            faults: Vec::new(),
            gate: None,
            seed: 0,
            addr: loopback,
            turbot_addr: loopback,
            organization_extras: false,
            master_in_organization: false,
            log_limit: 50_000,
            turbot: TurbotOptions::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("accounts", &self.accounts)
            .field("partition", &self.partition)
            .field("consistency", &self.consistency)
            .field("seed", &self.seed)
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}

/// How far what is read lags behind what was written. By default nothing lags.
///
/// Writes test and set the newest state, as at AWS: a name that a read does not show yet is taken already.
#[derive(Clone, Debug, Default)]
pub struct Consistency {
    /// How long a new role is not found: by reads, by writes to it, and by AssumeRole.
    pub role_visible: Duration,
    /// How long a new user is not found: by reads and by writes to it.
    pub user_visible: Duration,
    /// How long a new access key answers `InvalidClientTokenId`.
    pub key_visible: Duration,
    /// How long a new customer managed policy is not found.
    pub policy_visible: Duration,
    /// How long reads of roles, users, policies, their tags and lists show the state before a write.
    pub stale_reads: Duration,
    /// The first so many reads of each kind after each write show the state before it, and so many first uses of a
    /// new key fail: the same lag without a clock.
    pub invisible_reads: u32,
    /// The first so many GetRole answers for a role give its bare unique id as `Arn`.
    pub odd_arn_reads: u32,
}

/// AWS's limits, by default as the IAM user guide lists them (IAM and STS quotas, 2026).
#[derive(Clone, Debug)]
pub struct Quotas {
    /// Roles in an account.
    pub roles_per_account: u32,
    /// Users in an account.
    pub users_per_account: u32,
    /// Customer managed policies in an account.
    pub policies_per_account: u32,
    /// Managed policies attached to a role.
    pub attached_policies_per_role: u32,
    /// Managed policies attached to a user.
    pub attached_policies_per_user: u32,
    /// Access keys of a user.
    pub access_keys_per_user: u32,
    /// Tags of a role, user or policy.
    pub tags_per_entity: u32,
    /// Characters of a trust policy, white space not counted.
    pub trust_policy_length: u32,
    /// Characters of a managed policy, white space not counted.
    pub managed_policy_length: u32,
    /// Characters of all inline policies of a role, white space not counted.
    pub role_inline_length: u32,
    /// Characters of all inline policies of a user, white space not counted.
    pub user_inline_length: u32,
    /// Versions of a managed policy.
    pub versions_per_policy: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            roles_per_account: 1_000,
            users_per_account: 5_000,
            policies_per_account: 1_500,
            attached_policies_per_role: 20,
            attached_policies_per_user: 10,
            access_keys_per_user: 2,
            tags_per_entity: 50,
            trust_policy_length: 2_048,
            managed_policy_length: 6_144,
            role_inline_length: 10_240,
            user_inline_length: 2_048,
            versions_per_policy: 5,
        }
    }
}
