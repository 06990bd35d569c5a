//! Verbs that only look.

use super::prelude::*;

/// `plan`.
pub const PLAN: &[Rule] = &[
    rule(&[P::Note, P::Health], "", &[], Good, Good),
    rule(&[P::Cluster], "", &[], Undone(Own), Undone(Own)),
    rule(&[P::Presence], "", SOFT, Good, Good),
    rule(&[P::Presence], "", &[], Undone(Own), Undone(Own)),
    // Nothing stands yet: 'there is none' is the truth, broken as it may be.
    rule(&[P::Look], "iam:GetRole", &[Class::Malformed, Class::BareId, Class::NotVisible], Good, Good),
    rule(&[P::Look], "iam:ListAttached", &[Class::Malformed, Class::NotVisible], Good, Good),
    rule(&[P::Look], "", DEFINITE, Undone(Own), Undone(Own)),
    rule(&[P::Look], "", &[], Good, Undone(Own)),
];

/// `doctor`: it goes on, and says which check failed.
pub const DOCTOR: &[Rule] = &[
    // What is advice alone fails nothing.
    rule(&[P::Note, P::Health, P::Simulate, P::Quotas], "", &[], Good, Good),
    rule(&[P::Cluster], "", &[], Check("turbot.cluster"), Check("turbot.cluster")),
    // A key that may not read them can import.
    rule(&[P::Presence], "", &[Class::DeniedByIdentity], Good, Good),
    // A 404 is one, broken as it may be.
    rule(&[P::Presence], "turbot:GET /accounts/{id}", &[Class::Malformed, Class::NotVisible], Good, Good),
    rule(&[P::Presence], "turbot:GET /accounts/{id}", &[], Check("turbot.account"), Check("turbot.account")),
    rule(&[P::Presence], "", &[], Check("turbot.list"), Check("turbot.list")),
    rule(&[P::Look], "iam:GetRole", &[Class::Malformed, Class::BareId, Class::NotVisible], Good, Good),
    rule(&[P::Look], "iam:ListAttached", &[Class::Malformed, Class::NotVisible], Good, Good),
    // It is asked twice, for two checks.
    rule(&[P::Look], "sts:GetCallerIdentity", DEFINITE, Check("aws."), Check("aws.")),
    rule(&[P::Look], "sts:GetCallerIdentity", &[], Good, Check("aws.")),
    rule(&[P::Look], "", DEFINITE, Check("aws.reads"), Check("aws.reads")),
    rule(&[P::Look], "", &[], Good, Check("aws.reads")),
];
