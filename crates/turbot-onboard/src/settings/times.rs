//! How long things may take.

use onboard_core::Times;

use super::duration;
use super::resolver::Resolver;

/// Resolves the times; what is not given keeps its default.
pub(crate) fn resolve(r: &Resolver<'_>) -> Times {
    let default = Times::default();
    Times {
        timeout: r.parsed("timeout", duration::parse_positive).unwrap_or(default.timeout),
        settle: r.parsed("settle", duration::parse).unwrap_or(default.settle),
        lease: r.parsed("lease", duration::parse_positive).unwrap_or(default.lease),
        propagation: r.parsed("propagation", duration::parse_positive).unwrap_or(default.propagation),
        visibility: r.parsed("visibility", duration::parse_positive).unwrap_or(default.visibility),
    }
}
