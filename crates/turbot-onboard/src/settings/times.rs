//! How long things may take.

use std::time::Duration;

use onboard_core::Times;

use super::duration;
use super::resolver::Resolver;

/// Resolves the times; what is not given keeps its default.
pub(crate) fn resolve(r: &Resolver<'_>) -> Times {
    let default = Times::default();
    Times {
        timeout: r.parsed("timeout", duration::parse_positive).unwrap_or(default.timeout),
        settle: r.parsed("settle", duration::parse).unwrap_or(default.settle),
        lease: r.parsed("lease", lease).unwrap_or(default.lease),
        propagation: r.parsed("propagation", duration::parse_positive).unwrap_or(default.propagation),
        visibility: r.parsed("visibility", duration::parse_positive).unwrap_or(default.visibility),
    }
}

/// A claim is refreshed and confirmed with calls that take their time: below this it would be lost at once.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

fn lease(text: &str) -> Result<Duration, String> {
    let lease = duration::parse_positive(text)?;
    if lease < SHORTEST_LEASE {
        return Err(format!("'{}' is too short for a lease: 1s is the least", onboard_core::escaped(text)));
    }
    Ok(lease)
}
