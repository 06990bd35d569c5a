//! A run that takes an unfinished one over, whatever it is for: until it has, what the earlier run made stands and is
//! named.

use super::prelude::*;

pub const RULES: &[Rule] = &[
    rule(&[P::Note, P::Health], "", &[], Good, Good),
    rule(&[P::Cluster], "", &[], Stands(Own), Stands(Own)),
    rule(&[P::ClusterAgain], "", &[], Undone(Own), Undone(Own)),
    rule(&[P::Claim], "", LOST_AFTER, Good, Good),
    rule(&[P::Probe], "", &[Class::NotVisible], Good, Pending(Is("unsteady"))),
    rule(&[P::Inherit], "", &[Class::NotVisible], Good, Pending(Is("claim-lost"))),
    // The second answer says that it is gone, broken as it is.
    rule(&[P::Older], "", &[Class::Malformed], Good, Good),
    rule(&[P::Claim, P::Arrive, P::Probe, P::Inherit, P::Older], "", DEFINITE, Stands(Own), Stands(Own)),
    rule(&[P::Claim, P::Arrive, P::Probe, P::Inherit, P::Older], "", &[], Good, Stands(Own)),
];
