#![doc = include_str!("../README.md")]

mod accounts;
mod base;
mod body;
mod call;
mod cause;
mod clock;
mod condition;
mod connect;
mod denial;
mod document;
mod endpoint;
mod error;
#[cfg(test)]
mod fuzz;
mod http;
mod journal;
mod key;
mod known_secrets;
mod observe;
mod organization;
mod paging;
mod profile;
mod rate;
mod removal;
mod role;
mod settings;
mod summary;
mod user;
mod wait;
mod witness;

pub use accounts::{AccountState, OrganizationAccount};
pub use call::Done;
pub use condition::{RoleAwaited, TrustAwaited, UserAwaited};
pub use connect::Aws;
pub use denial::{Denial, DeniedBy};
pub use endpoint::is_loopback;
pub use error::{AwsError, AwsErrorKind, Certainty, GETTING_CREDENTIALS};
pub use http::SharedHttp;
pub use key::NewKey;
pub use observe::Looking;
pub use role::{NewRole, RoleMade};
pub use settings::{AssumeTarget, AwsSettings, Given};
pub use summary::{SimulatedAction, Simulation, Summary};
pub use user::{NewUser, UserMade};
pub use wait::{Pace, Reading, WaitError, await_streak};
pub use witness::{Witness, WitnessedEffect, WitnessedEnd, WitnessedOutcome};
