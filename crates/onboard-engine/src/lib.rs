#![doc = include_str!("../README.md")]

mod account;
mod audit;
mod claim;
mod clock;
mod doctor;
mod event;
mod failure;
mod fleet;
#[cfg(test)]
mod fuzz;
mod halt;
mod handoff;
mod import_call;
mod intent;
mod journals;
mod planned;
mod proof_steps;
mod recorder;
mod saved_plan;
mod session;
mod steps;
mod stop;
mod turbot_side;
mod turbot_steps;
mod verbs;
mod worker;

pub use account::apply;
pub use audit::{AUDIT_SCHEMA, AuditLog, AuditPlace};
pub use aws_bootstrap::Given;
pub use doctor::{Check, CheckResult, DOCTOR_SCHEMA, DoctorAccount, DoctorReport, doctor};
pub use event::Event;
pub use failure::broke_off;
pub use fleet::{Discovered, Discovering, Ended, FleetSettings, FoundAccount, LeftOut, MaxFailures, discover, fleet};
pub use handoff::{FileHandOff, HANDOFF_SCHEMA, HandOff, Handed, HandedAccount, Nowhere, OpenHandoff, TextHandOff};
pub use planned::{Agreed, Answer, Consent, Planned};
pub use saved_plan::{PLAN_SCHEMA, SavedAccount, SavedPlan, plan_document, write_plan};
pub use session::{AwsAccess, Events, Job, Session, SessionSettings, TurbotAccess, check_turbot_key, check_turbot_url};
pub use stop::StopSignal;
pub use verbs::{Planning, bootstrap, cleanup, import, maintenance_set, maintenance_show, plan, plan_for, verify};
