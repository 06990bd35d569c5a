//! The tables of outcomes, one for each kind of run.

pub mod adopted;
pub mod apply;
pub mod bootstrap;
pub mod cleanup;
pub mod drifted;
pub mod entered;
pub mod looks;
pub mod refused;
pub mod resumed;
pub mod taking_over;
pub mod turbot;

/// What every table is written with.
mod prelude {
    pub use crate::class::Class;
    pub use crate::outcomes::End::{Accepted, Check, Gone, Good, NoWindow, NotUndone, Pending, Stands, Undone, Unseen};
    pub use crate::outcomes::Kind::{self, Is, Own};
    pub use crate::outcomes::{DEFINITE, DENIED, LOST_AFTER, LOST_BEFORE, Rule, SOFT, rule};
    pub use crate::point::Purpose::{self as P};
}
