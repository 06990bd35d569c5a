//! What went wrong, in the report's terms, with the next step a person can take.

use aws_bootstrap::{AwsError, AwsErrorKind, DeniedBy, GETTING_CREDENTIALS, WaitError};
use onboard_core::{ErrorKind, ErrorReport, RefusalAbout, Step, TurbotRefusal};

/// A panic ended what was being done. What it said is not repeated: it may quote what was in hand.
#[must_use]
pub fn broke_off(what: &str) -> ErrorReport {
    ErrorReport::new(ErrorKind::Bug, format!("{what} broke off, by a fault of this program"))
        .because("standard error says where in the source")
        .hint("run the same command again: it looks at what was done and goes on from there")
}

/// An effect that could not be recorded: nothing more may be done.
pub(crate) fn unrecorded(why: &str) -> ErrorReport {
    ErrorReport::new(ErrorKind::Audit, "the audit log cannot be written any more, and nothing is done without it")
        .because(why)
        .hint("make room or give another file with --audit-log, then run the same command again: it goes on from there")
}

/// Whoever confirms a claim takes longer than the claim is good for.
pub(crate) fn of_slow_claim() -> ErrorReport {
    ErrorReport::new(ErrorKind::ClaimLost, "the claim on the account was out of date each time it was confirmed")
        .hint("this machine or AWS is too slow for the lease: raise --lease, then run the same command again")
}

/// An AWS failure while something was being done.
pub(crate) fn of_aws(doing: &str, error: &AwsError) -> ErrorReport {
    if error.is(AwsErrorKind::Unrecorded) {
        return unrecorded(&error.message);
    }
    let (kind, hint) = match error.kind {
        AwsErrorKind::NoCredentials => (
            ErrorKind::Credentials,
            "set AWS_PROFILE or --profile, log in (aws sso login), or give credentials in the environment".to_owned(),
        ),
        AwsErrorKind::NoProfile => (
            ErrorKind::Credentials,
            "name a profile that is there (aws configure list-profiles shows them), or make this one: aws configure sso, aws configure".to_owned(),
        ),
        AwsErrorKind::MfaNeeded => (
            ErrorKind::Credentials,
            "the profile asks for a one-time code, for which the SDK does not prompt: get a session first (aws sts get-session-token)".to_owned(),
        ),
        AwsErrorKind::ExpiredCredentials => (ErrorKind::Credentials, "log in again and run the same command".to_owned()),
        AwsErrorKind::InvalidKey => (
            ErrorKind::Credentials,
            "check the access key: AWS does not know it, or its secret is another".to_owned(),
        ),
        AwsErrorKind::ClockSkew => (ErrorKind::ClockSkew, "set this machine's clock".to_owned()),
        AwsErrorKind::Denied if error.operation == GETTING_CREDENTIALS => (
            ErrorKind::Denied,
            "check that the role to assume exists in the account (invited accounts have no OrganizationAccountAccessRole) and trusts the caller".to_owned(),
        ),
        AwsErrorKind::Denied => (ErrorKind::Denied, denied(error)),
        AwsErrorKind::SuspendedAccount => {
            (ErrorKind::AccountUnusable, "the account is suspended or closed: have it reactivated first".to_owned())
        }
        AwsErrorKind::OptInRequired => {
            (ErrorKind::AccountUnusable, "finish the account's sign-up at AWS first".to_owned())
        }
        AwsErrorKind::RegionDisabled => {
            (ErrorKind::AccountUnusable, "choose another region with --region: STS is switched off there".to_owned())
        }
        AwsErrorKind::Quota => (
            ErrorKind::Quota,
            "ask for a higher quota in IAM's service quotas, or remove what is not needed, and run the same command again".to_owned(),
        ),
        AwsErrorKind::Throttled => (ErrorKind::Throttled, "run the same command again a little later".to_owned()),
        AwsErrorKind::InvalidPrincipal => (
            ErrorKind::InvalidPrincipal,
            "check --master-account-id: the account does not exist, is closed, or is in another partition".to_owned(),
        ),
        AwsErrorKind::NoSuchPolicy => {
            let option = if error.operation.starts_with("Attach") { "policy-arn" } else { "permissions-boundary" };
            (
                ErrorKind::Aws,
                format!("check --{option}: there is no such policy in the account, nor one of AWS's own of that ARN"),
            )
        }
        AwsErrorKind::WrongPartition => {
            (ErrorKind::Partition, "use credentials and ARNs of one partition".to_owned())
        }
        AwsErrorKind::Unavailable | AwsErrorKind::Interrupted | AwsErrorKind::TimedOut | AwsErrorKind::Malformed => {
            (ErrorKind::AwsUnavailable, "run the same command again: it looks at what was done and goes on from there".to_owned())
        }
        AwsErrorKind::TooLong => {
            (ErrorKind::AwsUnavailable, "find out who answers in AWS's place (AWS_ENDPOINT_URL, a proxy), then run the same command again".to_owned())
        }
        AwsErrorKind::Network | AwsErrorKind::Tls => {
            (ErrorKind::AwsUnavailable, "check the network, the proxy and the certificates (SSL_CERT_FILE), then run the same command again".to_owned())
        }
        AwsErrorKind::ForeignEndpoint => (
            ErrorKind::Endpoint,
            "unset AWS_ENDPOINT_URL, or allow that endpoint by name with --allow-endpoint URL".to_owned(),
        ),
        AwsErrorKind::Settings => (ErrorKind::Settings, String::new()),
        AwsErrorKind::NotFound
        | AwsErrorKind::AlreadyExists
        | AwsErrorKind::Conflict
        | AwsErrorKind::ConcurrentModification => {
            (ErrorKind::Changed, "somebody else is changing the account; run the same command again".to_owned())
        }
        AwsErrorKind::InvalidInput
        | AwsErrorKind::NoOrganization
        | AwsErrorKind::NotImplemented
        | AwsErrorKind::Unrecorded
        | AwsErrorKind::Other => (ErrorKind::Aws, String::new()),
    };
    let mut report = ErrorReport::new(kind, doing).because(in_one_line(&error.to_string()));
    if let Some(id) = &error.request_id {
        report = report.because(format!("AWS request id {id}"));
    }
    report.hint = (!hint.is_empty()).then_some(hint);
    report
}

/// The SDK lists what it tried on lines of its own; a cause is one line.
fn in_one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

fn denied(error: &AwsError) -> String {
    let Some(denial) = &error.denial else {
        return "give the caller the permissions that `turbot-onboard template policy` prints".to_owned();
    };
    let arn = denial.arn.as_ref().map(|a| format!(" ({a})")).unwrap_or_default();
    let what = match denial.policy {
        DeniedBy::ServiceControl => {
            format!("a service control policy{arn} denies it: have the organization make an exception")
        }
        DeniedBy::ResourceControl => {
            format!("a resource control policy{arn} denies it: have the organization make an exception")
        }
        DeniedBy::Boundary => format!("the caller's permissions boundary{arn} does not allow it"),
        DeniedBy::Session => format!("the session policy{arn} that the role was assumed with does not allow it"),
        DeniedBy::Identity => format!("the caller's own policies{arn} do not allow it"),
        DeniedBy::Trust => "the role's trust policy does not let this caller assume it".to_owned(),
        DeniedBy::ResourceBased => format!("a resource-based policy{arn} denies it"),
        DeniedBy::VpcEndpoint => format!("the VPC endpoint's policy{arn} denies it"),
        DeniedBy::Unclassified => {
            "give the caller the permissions that `turbot-onboard template policy` prints".to_owned()
        }
    };
    match &denial.authorization_id {
        Some(id) => {
            format!("{what}; details: aws iam-toolbox get-request-authorization-details --authorization-id {id}")
        }
        None => what,
    }
}

/// Something that this tool did not make keeps a role or user from being deleted.
pub(crate) fn of_holders(step: &Step, holders: &[String]) -> ErrorReport {
    let held = holders.join(", ");
    ErrorReport::new(ErrorKind::InUse, step.sentence())
        .because(format!("AWS does not delete it as long as it has {held}, which this tool did not make"))
        .hint(format!("have {held} taken off it by whoever put it there, then run the same command again"))
}

/// A bounded wait that did not end well.
pub(crate) fn of_wait(doing: &str, error: &WaitError) -> ErrorReport {
    match error {
        WaitError::Aws { error, .. } => of_aws(doing, error),
        WaitError::TimedOut { what, last, .. } => ErrorReport::new(ErrorKind::NotPropagated, doing)
            .because(format!("{what}: {last}"))
            .hint("AWS takes its time: run the same command again, or give it longer with --propagation"),
        WaitError::Wrong { what, found, .. } => ErrorReport::new(ErrorKind::Changed, doing)
            .because(format!("{what}: {found}"))
            .hint("somebody else changed it in the meantime; find out who, then run the same command again"),
    }
}

/// Turbot's refusal of an import.
pub(crate) fn of_refusal(refusal: &TurbotRefusal) -> ErrorReport {
    let hint = match refusal.about {
        RefusalAbout::CannotAssume => {
            "Turbot could not use the credential: check --master-account-id, and whether a resource control policy restricts sts:AssumeRole"
        }
        RefusalAbout::UnknownKey => {
            "AWS did not show the new key to Turbot in time: run the same command again, or give it longer with --propagation"
        }
        RefusalAbout::TurbotKey => "check TURBOT_ACCESS_KEY and TURBOT_SECRET_KEY; Turbot's access keys expire",
        RefusalAbout::MissingRight => {
            "the import needs Turbot/Operator at the cluster, and an active grant (granting is not activating; Turbot/Owner does not include it)"
        }
        RefusalAbout::Payload => "check --turbot-id, --title and --description against what your Turbot accepts",
        RefusalAbout::Redirect => "give the URL that Turbot itself answers at; credentials never follow a redirect",
        RefusalAbout::Other => "read Turbot's words above",
    };
    let code = refusal.code.as_ref().map(|c| format!(" (code {c})")).unwrap_or_default();
    ErrorReport::new(ErrorKind::TurbotRefused, "Turbot refused the import")
        .because(format!("HTTP {}{code}: {}", refusal.status, refusal.message))
        .hint(hint)
}
