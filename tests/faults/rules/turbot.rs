//! Verbs that have to do with Turbot alone.

use super::prelude::*;

/// `import --handoff`: as the import of `apply`, without AWS.
pub const IMPORT: &[Rule] = &[];

/// `maintenance set` where another window stands: it is found by setting one, and replaced by the call that is named.
pub const REPLACED: &[Rule] = &[
    // A 409 is one, broken as it may be.
    rule(&[P::SetWindow], "turbot:POST /policies", &[Class::Concurrent, Class::Malformed], Good, Good),
    rule(&[P::SetWindow], "turbot:POST /policies", &[], NoWindow, NoWindow),
];

/// `maintenance set`.
pub const MAINTENANCE: &[Rule] = &[
    // The account shows with its AWS account, by itself or in the list: either is enough.
    rule(&[P::Health, P::Cluster, P::Presence], "", &[], Good, Good),
    rule(&[P::Window, P::WindowBack], "", &[], Good, Good),
    rule(&[P::SetWindow], "", LOST_AFTER, Good, Good),
    rule(&[P::SetWindow], "", &[], NoWindow, NoWindow),
];
