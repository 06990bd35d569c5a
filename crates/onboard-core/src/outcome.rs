//! What came of it: outcomes, kinds of error, exit codes.

use serde::{Deserialize, Serialize};

/// What came of one account, or of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was imported by this run, and verified.
    Imported,
    /// It was there already.
    AlreadyImported,
    /// What was asked was done.
    Done,
    /// There was nothing to do.
    Unchanged,
    /// `verify`: both sides are as wanted.
    Matches,
    /// `verify`: a difference, or no account.
    Differs,
    /// It was refused, by this tool before any change or by Turbot.
    Refused,
    /// It failed.
    Failed,
    /// The outcome is not known, or not visible yet.
    Pending,
    /// A fleet whose accounts differ.
    Mixed,
    /// It was interrupted.
    Interrupted,
    /// A fleet stopped before it came to this account.
    Skipped,
}

macro_rules! error_kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal $code:literal $outcome:ident;)*) => {
        /// The kind of an error: the closed list of the report's `error.kind`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ErrorKind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl ErrorKind {
            /// Every kind, for the schema and the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in the report.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The exit code that goes with it.
            #[must_use]
            pub fn exit_code(self) -> u8 {
                match self { $(Self::$name => $code,)* }
            }

            /// The outcome that goes with it.
            #[must_use]
            pub fn outcome(self) -> Outcome {
                match self { $(Self::$name => Outcome::$outcome,)* }
            }
        }
    };
}

error_kinds! {
    /// A bug, or a failure that fits no other kind.
    Bug "bug" 1 Failed;
    /// The audit log or a file could not be written in mid-run.
    Audit "audit" 1 Failed;
    /// Wrong usage or settings.
    Settings "settings" 2 Failed;
    /// Consent is needed, and there is neither a terminal nor `--yes`.
    NeedsConsent "needs-consent" 2 Refused;
    /// The caller's account is not the one named.
    WrongAccount "wrong-account" 3 Refused;
    /// The caller is the account's root user, without `--allow-root`.
    RootCaller "root-caller" 3 Refused;
    /// The account is Turbot's master account, without `--allow-master-account`.
    MasterAccount "master-account" 3 Refused;
    /// The account is the organization's management account, without `--allow-management-account`.
    ManagementAccount "management-account" 3 Refused;
    /// Something would cross partitions.
    Partition "partition" 3 Refused;
    /// The AWS endpoint is neither AWS's nor loopback, and not allowed.
    Endpoint "endpoint" 3 Refused;
    /// A role or user of that name exists and is not ours.
    NotOurs "not-ours" 3 Refused;
    /// Ours, or in Turbot, but for another id, cluster, master or AWS account.
    Conflict "conflict" 3 Refused;
    /// The Turbot installation serves another cluster.
    WrongCluster "wrong-cluster" 3 Refused;
    /// Something that cannot be changed in place.
    CannotConverge "cannot-converge" 3 Refused;
    /// Turbot says, on a look, that the key is wrong, expired or lacks the right.
    MissingRight "missing-right" 3 Refused;
    /// The answer was no.
    Declined "declined" 3 Refused;
    /// The world is not the saved plan's any more, or the plan is expired, foreign or changed.
    PlanAgain "plan-again" 3 Refused;
    /// The key was handed over: only its holder can go on.
    HandedOver "handed-over" 3 Refused;
    /// `doctor`: a check failed.
    CheckFailed "check-failed" 3 Refused;
    /// The external ID is not enforced, or cannot be proved.
    ExternalIdUnproved "external-id-unproved" 3 Refused;
    /// No AWS credentials, or expired or unknown ones.
    Credentials "credentials" 4 Failed;
    /// AWS denied a call.
    Denied "denied" 4 Failed;
    /// An IAM quota is reached.
    Quota "quota" 4 Failed;
    /// AWS throttled for longer than was waited.
    Throttled "throttled" 4 Failed;
    /// What is to be deleted is held by something that this tool did not make: an instance profile, a credential.
    InUse "in-use" 4 Failed;
    /// A change did not become visible everywhere in time.
    NotPropagated "not-propagated" 4 Failed;
    /// AWS could not be reached, or answered with a fault.
    AwsUnavailable "aws-unavailable" 4 Failed;
    /// The clock is wrong and could not be corrected.
    ClockSkew "clock-skew" 4 Failed;
    /// The account is suspended, or the region is not active in it.
    AccountUnusable "account-unusable" 4 Failed;
    /// IAM did not accept the principal of the trust policy.
    InvalidPrincipal "invalid-principal" 4 Failed;
    /// Somebody changed the role, the user or its keys in mid-run.
    Changed "changed" 4 Failed;
    /// Any other AWS failure.
    Aws "aws" 4 Failed;
    /// Turbot refused the import.
    TurbotRefused "turbot-refused" 5 Refused;
    /// Turbot could not be reached.
    TurbotUnreachable "turbot-unreachable" 5 Failed;
    /// TLS to Turbot failed.
    TurbotTls "turbot-tls" 5 Failed;
    /// Turbot answered with a redirect, which is never followed.
    TurbotRedirect "turbot-redirect" 5 Failed;
    /// Turbot answered with a fault, or with something that is not its API.
    TurbotUnavailable "turbot-unavailable" 5 Failed;
    /// The account shows with another AWS account than the one imported.
    WrongAwsAccount "wrong-aws-account" 5 Failed;
    /// The maintenance window could not be set; the outcome stays.
    Maintenance "maintenance" 5 Failed;
    /// The import's outcome is not known.
    UnknownOutcome "unknown-outcome" 6 Pending;
    /// An import is in flight.
    InFlight "in-flight" 6 Pending;
    /// Accepted, and not visible yet.
    NotVisible "not-visible" 6 Pending;
    /// Another run holds the claim.
    ClaimHeld "claim-held" 6 Pending;
    /// Another run took the claim over.
    ClaimLost "claim-lost" 6 Pending;
    /// The world kept changing under the plan.
    Unsteady "unsteady" 6 Pending;
    /// The time that the run was given is over, and no import is in flight.
    OutOfTime "out-of-time" 6 Pending;
    /// SIGINT or SIGTERM.
    Interrupted "interrupted" 130 Interrupted;
}

impl Outcome {
    /// Every outcome, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Imported,
        Self::AlreadyImported,
        Self::Done,
        Self::Unchanged,
        Self::Matches,
        Self::Differs,
        Self::Refused,
        Self::Failed,
        Self::Pending,
        Self::Mixed,
        Self::Interrupted,
        Self::Skipped,
    ];

    /// Its name in the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::AlreadyImported => "already-imported",
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Matches => "matches",
            Self::Differs => "differs",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Mixed => "mixed",
            Self::Interrupted => "interrupted",
            Self::Skipped => "skipped",
        }
    }

    /// The exit code of an outcome without an error.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Imported | Self::AlreadyImported | Self::Done | Self::Unchanged | Self::Matches => 0,
            Self::Failed => 1,
            Self::Refused => 3,
            Self::Pending => 6,
            Self::Mixed | Self::Skipped => 7,
            Self::Differs => 8,
            Self::Interrupted => 130,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_codes_are_the_contracts() {
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|k| k.as_str()).collect();
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
        for kind in ErrorKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            match kind.exit_code() {
                6 => assert_eq!(kind.outcome(), Outcome::Pending),
                130 => assert_eq!(kind.outcome(), Outcome::Interrupted),
                code => assert!((1..=5).contains(&code), "{kind:?}"),
            }
        }
    }
}
