#![doc = include_str!("../README.md")]

mod arn;
mod aws;
mod credential;
mod id;
mod journal;
mod outcome;
mod plan;
mod report;
mod secret;
mod sentence;
mod skew;
mod step;
mod text;
mod trust;
mod turbot;
mod wanted;

pub use arn::{Arn, Partition, PolicyArn};
pub use aws::{AwsObserved, Caller, KeySeen, Organization, RoleSeen, UserSeen};
pub use credential::{Credential, With};
pub use id::{
    AccessKeyId, AwsAccountId, ClusterId, ExternalId, IamPath, IdError, RoleName, RunId, TurbotAccountId, UserName,
};
pub use journal::{
    JOURNAL_DOCUMENT, JOURNAL_PATH, JOURNAL_PREFIX, Journal, Origin, Record, RecordError, TAG_PREFIX, When,
};
pub use outcome::{ErrorKind, Outcome};
pub use plan::{
    Chosen, Decision, Difference, Goal, Own, Plan, Situation, Stop, Wait, WaitFor, cleanup, compare, first_beyond,
    is_kept, kept_external_id, look_stop, of_record, plan, remains_of, turbot_presence, undo,
};
pub use report::{
    AccountReport, ErrorReport, ImportReport, ImportState, Leftover, REPORT_SCHEMA, Report, StepReport, StepResult,
    Summary,
};
pub use secret::Secret;
pub use skew::Skew;
pub use step::{KeyFate, Principal, Step, StepView};
pub use text::{escaped, escaped_lines, shown};
pub use trust::{TrustPolicy, TrustReading};
pub use turbot::{
    Health, ImportAnswer, LookFailure, LookFault, MaintenanceLevel, MaintenanceSpelling, Presence, RefusalAbout,
    TurbotAccount, TurbotObserved, TurbotRefusal, UpdateVerb,
};
pub use wanted::{DEFAULT_NAME, Fault, Times, VERSION, Wanted};
