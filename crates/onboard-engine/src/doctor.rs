//! `doctor`: everything that can be known before anything is changed, asked side by side.

use aws_bootstrap::{Aws, AwsErrorKind, Simulation, is_loopback};
use jiff::SignedDuration;
use onboard_core::{
    Arn, Caller, Decision, ErrorKind, ErrorReport, Goal, Health, LookFailure, LookFault, Organization, Presence,
    TurbotObserved, Wanted, With,
};
use serde::Serialize;

use crate::account::fresh;
use crate::halt::Halt;
use crate::session::{Job, Session};
use crate::turbot_side::TurbotSide;
use crate::worker::Worker;

/// The doctor's schema.
pub const DOCTOR_SCHEMA: &str = "turbot-onboard/doctor/1";

/// What could be found out about one account.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorReport {
    /// `turbot-onboard/doctor/1`.
    pub schema: &'static str,
    /// The run's id.
    pub run: String,
    /// The tool's version.
    pub tool_version: &'static str,
    /// The AWS account; `None` for a fleet.
    pub account_id: Option<String>,
    /// Its Turbot id; `None` for a fleet.
    pub turbot_id: Option<String>,
    /// Every check; none for a fleet.
    pub checks: Vec<Check>,
    /// Whether a check failed.
    pub failed: bool,
    /// A fleet's accounts, in the manifest's order; `None` for one account.
    pub accounts: Option<Vec<DoctorAccount>>,
}

/// What could be found out about one of a fleet's accounts.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorAccount {
    /// The AWS account.
    pub account_id: String,
    /// Its Turbot id.
    pub turbot_id: String,
    /// Every check.
    pub checks: Vec<Check>,
    /// Whether a check failed.
    pub failed: bool,
}

/// How far a check's answer can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckResult {
    /// It was tried, and is so.
    Proved,
    /// All signs say so, and something unseen may say otherwise.
    Likely,
    /// It cannot be known from here.
    Unknown,
    /// It is not so.
    Failed,
}

/// One check.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Its name, such as `aws.account`.
    pub check: &'static str,
    /// Its answer.
    pub result: CheckResult,
    /// In words.
    pub message: String,
    /// The next step, where there is one.
    pub hint: Option<String>,
}

impl Check {
    fn new(check: &'static str, result: CheckResult, message: impl Into<String>) -> Self {
        Self { check, result, message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn failed(check: &'static str, error: ErrorReport) -> Self {
        let message = std::iter::once(error.message).chain(error.causes).collect::<Vec<_>>().join(": ");
        Self { check, result: CheckResult::Failed, message, hint: error.hint }
    }
}

impl DoctorReport {
    /// The report of these checks.
    pub(crate) fn blank(account_id: String, turbot_id: String, checks: Vec<Check>) -> Self {
        Self {
            schema: DOCTOR_SCHEMA,
            run: String::new(),
            tool_version: onboard_core::VERSION,
            account_id: Some(account_id),
            turbot_id: Some(turbot_id),
            accounts: None,
            failed: checks.iter().any(|c| c.result == CheckResult::Failed),
            checks,
        }
    }
}

impl DoctorReport {
    /// The report of a fleet.
    #[must_use]
    pub fn of_fleet(run: String, accounts: Vec<Self>) -> Self {
        let failed = accounts.iter().any(|account| account.failed);
        let account = |report: Self| DoctorAccount {
            account_id: report.account_id.unwrap_or_default(),
            turbot_id: report.turbot_id.unwrap_or_default(),
            checks: report.checks,
            failed: report.failed,
        };
        Self {
            run,
            account_id: None,
            turbot_id: None,
            failed,
            accounts: Some(accounts.into_iter().map(account).collect()),
            ..Self::blank(String::new(), String::new(), vec![])
        }
    }
}

/// Runs every check. Nothing is changed.
pub async fn doctor(session: &Session, job: &Job) -> DoctorReport {
    let wanted = &job.wanted;
    let mut checks = match Worker::begin(session, job, fresh()).await {
        Err(report) => {
            let mut checks = Vec::new();
            if let Some(error) = report.error {
                let check = if error.kind == ErrorKind::Endpoint { "aws.endpoint" } else { "aws.credentials" };
                checks.push(Check::failed(check, error));
            }
            // What is wrong on AWS's side hides nothing of Turbot's.
            checks.extend(turbot_alone(session, wanted).await);
            checks
        }
        Ok(mut worker) => examine(session, wanted, &mut worker).await,
    };
    checks.sort_by_key(|c| !c.check.starts_with("aws."));
    let report = DoctorReport::blank(wanted.account_id.to_string(), wanted.turbot_id.to_string(), checks);
    DoctorReport { run: session.run.to_string(), ..report }
}

async fn examine(session: &Session, wanted: &Wanted, worker: &mut Worker<'_>) -> Vec<Check> {
    let aws = worker.aws.clone();
    let (caller, quotas, observed) = tokio::join!(aws.caller(), quotas(&aws, wanted), worker.observe(false, true));
    let mut checks = vec![endpoint(&aws)];
    match caller {
        Err(error) => {
            checks.push(Check::failed("aws.credentials", crate::failure::of_aws("asking who is calling", &error)));
            checks.extend(turbot_alone(session, wanted).await);
            return checks;
        }
        Ok(caller) => {
            checks.push(Check::new("aws.credentials", CheckResult::Proved, format!("the caller is {}", caller.arn)));
            checks.extend(of_caller(&caller, wanted));
            checks.push(clock(&aws));
            checks.push(rights(&aws, &caller, wanted.with).await);
        }
    }
    checks.extend(quotas);
    match observed {
        Err(Halt::Failed(error)) => checks.push(Check::failed("aws.reads", error)),
        Err(_) => checks.push(Check::new("aws.reads", CheckResult::Unknown, "interrupted")),
        Ok(look) => {
            checks.push(Check::new(
                "aws.reads",
                CheckResult::Proved,
                "the account's roles, users and journal can be read",
            ));
            checks.push(organization(&look.aws.organization, wanted));
            let look = look.clone();
            if let Some(turbot) = &look.turbot {
                checks.extend(of_turbot(turbot, wanted));
            } else {
                checks.extend(turbot_alone(session, wanted).await);
            }
            checks.push(planned(worker, &look));
        }
    }
    checks
}

fn endpoint(aws: &Aws) -> Check {
    match aws.endpoint() {
        None => Check::new("aws.endpoint", CheckResult::Proved, "AWS's own endpoints are used"),
        Some(url) if is_loopback(&url) => {
            Check::new("aws.endpoint", CheckResult::Proved, format!("calls go to {url}, on this machine: not to AWS"))
        }
        Some(url) => {
            Check::new("aws.endpoint", CheckResult::Likely, format!("calls go to {url}, which was allowed by name"))
                .hint("make sure that whoever runs that endpoint may have administrator credentials")
        }
    }
}

fn of_caller(caller: &Caller, wanted: &Wanted) -> Vec<Check> {
    let account = if caller.account == wanted.account_id {
        Check::new("aws.account", CheckResult::Proved, format!("it is account {}", caller.account))
    } else {
        Check::new("aws.account", CheckResult::Failed, format!("the credentials belong to account {}, not to {}", caller.account, wanted.account_id))
            .hint("use the account's own credentials (--profile), or enter it with --assume-role OrganizationAccountAccessRole")
    };
    let root = if !caller.arn.is_root() {
        Check::new("aws.root", CheckResult::Proved, "the caller is not the root user")
    } else if wanted.allow_root {
        Check::new("aws.root", CheckResult::Proved, "the caller is the root user, with consent")
    } else {
        Check::new("aws.root", CheckResult::Failed, "the caller is the account's root user")
            .hint("use an administrator role or user, or consent with --allow-root")
    };
    vec![account, root]
}

fn clock(aws: &Aws) -> Check {
    let Some(skew) = aws.skew() else {
        return Check::new("aws.clock", CheckResult::Unknown, "AWS did not say what time it is");
    };
    let seconds = skew.abs().as_secs();
    // AWS refuses signatures that are more than some minutes off.
    if skew.abs() < SignedDuration::from_mins(4) {
        Check::new(
            "aws.clock",
            CheckResult::Proved,
            format!("this machine's clock is within {} s of AWS's", seconds.max(1)),
        )
    } else {
        Check::new(
            "aws.clock",
            CheckResult::Likely,
            format!("this machine's clock is {seconds} s off; calls are signed with AWS's time"),
        )
        .hint("set this machine's clock")
    }
}

/// The calls that `apply` and its undo make, by IAM's names.
fn actions(with: With) -> Vec<&'static str> {
    let mut actions = vec![
        "iam:CreatePolicy",
        "iam:GetPolicy",
        "iam:ListPolicies",
        "iam:TagPolicy",
        "iam:UntagPolicy",
        "iam:DeletePolicy",
    ];
    actions.extend(match with {
        With::Role => [
            "iam:CreateRole",
            "iam:GetRole",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:AttachRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:DetachRolePolicy",
            "iam:DeleteRole",
            "iam:UpdateRole",
        ]
        .as_slice(),
        With::Keys => [
            "iam:CreateUser",
            "iam:GetUser",
            "iam:TagUser",
            "iam:AttachUserPolicy",
            "iam:ListAttachedUserPolicies",
            "iam:ListUserPolicies",
            "iam:CreateAccessKey",
            "iam:ListAccessKeys",
            "iam:UpdateAccessKey",
            "iam:DeleteAccessKey",
            "iam:DetachUserPolicy",
            "iam:DeleteUser",
            "iam:ListGroupsForUser",
            "iam:GetLoginProfile",
            "iam:ListMFADevices",
            "iam:ListSSHPublicKeys",
            "iam:ListServiceSpecificCredentials",
            "iam:ListSigningCertificates",
        ]
        .as_slice(),
    });
    actions
}

/// A simulation is advisory: it is no proof either way.
async fn rights(aws: &Aws, caller: &Caller, with: With) -> Check {
    const BLIND: &str = "resource control, session and VPC endpoint policies are not seen by a simulation";
    let Some(principal) = simulated(aws, caller).await else {
        return Check::new(
            "aws.rights",
            CheckResult::Unknown,
            "the caller's rights cannot be simulated (root, a federated user, or a role that cannot be read)",
        );
    };
    match aws.simulate(&principal, &actions(with)).await {
        Simulation::Unknown(why) => {
            Check::new("aws.rights", CheckResult::Unknown, format!("the caller's rights could not be simulated: {why}"))
        }
        Simulation::Judged(judged) => {
            let denied: Vec<String> = judged
                .iter()
                .filter_map(|a| a.denied_by.map(|by| format!("{} (by {})", a.action, by.as_str())))
                .collect();
            if denied.is_empty() {
                Check::new(
                    "aws.rights",
                    CheckResult::Likely,
                    format!("all {} calls are allowed by simulation; {BLIND}", judged.len()),
                )
            } else {
                Check::new(
                    "aws.rights",
                    CheckResult::Unknown,
                    format!("by simulation these are denied: {}; {BLIND}", denied.join(", ")),
                )
                .hint("give the caller these permissions, or try: a simulation can be wrong")
            }
        }
    }
}

/// The principal to simulate: for a session its role, whose path the session's ARN does not have.
async fn simulated(aws: &Aws, caller: &Caller) -> Option<Arn> {
    let resource = caller.arn.resource();
    if resource.starts_with("user/") {
        return Some(caller.arn.clone());
    }
    let role = resource.strip_prefix("assumed-role/")?.split('/').next()?;
    let role = onboard_core::RoleName::new(role).ok()?;
    aws.read_role(&role).await.ok().flatten().map(|r| r.arn)
}

async fn quotas(aws: &Aws, wanted: &Wanted) -> Vec<Check> {
    let summary = match aws.account_summary().await {
        Ok(summary) => summary,
        Err(error) if error.is(AwsErrorKind::Denied) => {
            return vec![Check::new("aws.quotas", CheckResult::Unknown, "GetAccountSummary is denied")];
        }
        Err(error) => return vec![Check::new("aws.quotas", CheckResult::Unknown, error.to_string())],
    };
    let mut full = Vec::new();
    let mut check = |what: &str, used: Option<u32>, quota: Option<u32>| {
        if let (Some(used), Some(quota)) = (used, quota)
            && used >= quota
        {
            full.push(format!("{used} of {quota} {what}"));
        }
    };
    check("customer managed policies (the journal is one)", summary.policies, summary.policies_quota);
    match wanted.with {
        With::Role => check("roles", summary.roles, summary.roles_quota),
        With::Keys => check("users", summary.users, summary.users_quota),
    }
    vec![if full.is_empty() {
        Check::new("aws.quotas", CheckResult::Proved, "there is room for what will be made")
    } else {
        Check::new("aws.quotas", CheckResult::Failed, format!("used up: {}", full.join(", ")))
            .hint("ask for higher quotas in IAM's service quotas")
    }]
}

fn organization(organization: &Organization, wanted: &Wanted) -> Check {
    match organization {
        Organization::None => {
            Check::new("aws.organization", CheckResult::Proved, "the account belongs to no organization")
        }
        Organization::Member { management } => {
            Check::new("aws.organization", CheckResult::Proved, format!("a member account; {management} manages it"))
                .hint("a resource control policy on sts:AssumeRole could keep Turbot out, and cannot be seen from here")
        }
        Organization::Management if wanted.allow_management_account => {
            Check::new("aws.organization", CheckResult::Proved, "it is the management account, with consent")
        }
        Organization::Management => {
            Check::new("aws.organization", CheckResult::Failed, "it is the organization's management account")
                .hint("consent with --allow-management-account if it is meant")
        }
        Organization::Unknown(why) => {
            Check::new("aws.organization", CheckResult::Unknown, format!("its organization cannot be read: {why}"))
        }
    }
}

async fn turbot_alone(session: &Session, wanted: &Wanted) -> Vec<Check> {
    if session.turbot.is_none() {
        return vec![
            Check::new("turbot.configured", CheckResult::Failed, "Turbot's URL and keys are not set")
                .hint("set TURBOT_URL, TURBOT_ACCESS_KEY and TURBOT_SECRET_KEY"),
        ];
    }
    match (TurbotSide { session, target: wanted.into() }).look(false).await {
        Ok(seen) => of_turbot(&seen, wanted),
        Err(error) => vec![Check::failed("turbot.configured", error)],
    }
}

fn of_turbot(seen: &TurbotObserved, wanted: &Wanted) -> Vec<Check> {
    let mut checks = vec![match &seen.health {
        Health::Ok => Check::new("turbot.health", CheckResult::Proved, "Turbot says that it is healthy"),
        Health::Failing(parts) => {
            Check::new("turbot.health", CheckResult::Unknown, format!("Turbot says that it is not healthy: {parts}"))
                .hint("imports may fail until it is")
        }
        Health::Unknown(why) => {
            Check::new("turbot.health", CheckResult::Unknown, format!("no health to be read: {why}"))
        }
    }];
    checks.push(match &seen.cluster_urn {
        Ok(urn) if *urn == wanted.cluster_id.urn() => {
            Check::new("turbot.cluster", CheckResult::Proved, format!("it serves {urn}"))
        }
        Ok(urn) => Check::new(
            "turbot.cluster",
            CheckResult::Failed,
            format!("it serves {urn}, not {}", wanted.cluster_id.urn()),
        )
        .hint("check --cluster-id and --turbot-url"),
        Err(failure) => of_failure("turbot.cluster", failure),
    });
    for (check, failure) in [("turbot.account", seen.by_id.as_ref().err()), ("turbot.list", seen.listed.as_ref().err())]
    {
        checks.push(
            failure.map_or_else(
                || Check::new(check, CheckResult::Proved, "the key may read it"),
                |f| of_failure(check, f),
            ),
        );
    }
    checks.push(match seen.presence(&wanted.cluster_id, &wanted.turbot_id, &wanted.account_id) {
        Presence::Absent => Check::new("turbot.presence", CheckResult::Proved, "the account is not in the cluster yet"),
        Presence::Visible(_) => {
            Check::new("turbot.presence", CheckResult::Proved, "the account is in the cluster already")
        }
        Presence::Unknown(failure) => Check::new("turbot.presence", CheckResult::Unknown, failure.message),
        Presence::Conflict { .. } => {
            match onboard_core::turbot_presence(seen, &wanted.cluster_id, &wanted.turbot_id, &wanted.account_id) {
                Err(stop) => Check::failed("turbot.presence", stop.into()),
                Ok(_) => Check::new("turbot.presence", CheckResult::Unknown, "a conflict"),
            }
        }
    });
    checks.push(
        Check::new("turbot.operator", CheckResult::Unknown, "whether the key may import cannot be asked without importing")
            .hint("the import needs Turbot/Operator at the cluster, the maintenance window Turbot/Admin, each with an active grant"),
    );
    checks
}

fn of_failure(check: &'static str, failure: &LookFailure) -> Check {
    let soft = failure.fault == LookFault::Forbidden && check != "turbot.cluster";
    let error: ErrorReport = onboard_core::look_stop(failure).into();
    let failed = Check::failed(check, error);
    // A key that may not list can still import: absence is then not proved, which a first import survives.
    if soft { Check { result: CheckResult::Unknown, ..failed } } else { failed }
}

/// The plan itself: whatever it would refuse is known now.
fn planned(worker: &Worker<'_>, look: &crate::worker::Look) -> Check {
    match onboard_core::plan(Goal::Apply, &worker.situation(look)) {
        Decision::Go(plan) if plan.steps.is_empty() => Check::new("plan", CheckResult::Proved, "nothing is to be done"),
        Decision::Go(plan) => {
            Check::new("plan", CheckResult::Likely, format!("a plan of {} steps can be made", plan.steps.len()))
        }
        Decision::Wait(wait) => Check::new("plan", CheckResult::Unknown, wait.message),
        Decision::Stop(stop) => Check::failed("plan", stop.into()),
    }
}
