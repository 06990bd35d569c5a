//! The accounts of a hand-off, held against what is set here.

use onboard_core::{AwsAccountId, ClusterId, ErrorKind, ErrorReport};
use onboard_engine::OpenHandoff;

use super::resolver::Resolver;
use super::wanted::master_account;

/// What is set here of what a hand-off says itself, and where.
#[derive(Debug)]
pub(crate) struct Expected {
    cluster: Option<(ClusterId, String)>,
    master: Option<(AwsAccountId, String)>,
}

impl Expected {
    /// Resolves it; nothing of it is needed.
    pub(crate) fn resolve(r: &Resolver<'_>) -> Self {
        let source = |name| r.layers.find(name).map(|given| given.source.to_string()).unwrap_or_default();
        Self {
            cluster: r.parsed("cluster-id", str::parse).map(|id| (id, source("cluster-id"))),
            master: r.parsed("master-account-id", master_account).map(|(id, _)| (id, source("master-account-id"))),
        }
    }

    /// Compares it with every account: whoever names another cluster or master account means another hand-off.
    pub(crate) fn compare(&self, handoff: &OpenHandoff) -> Result<(), ErrorReport> {
        let accounts = (0..handoff.len()).filter_map(|n| handoff.account(n).ok());
        for account in accounts {
            let of = &account.account_id;
            if let Some((cluster, source)) = self.cluster.as_ref().filter(|(id, _)| *id != account.cluster_id) {
                let ours = account.cluster_id;
                return Err(other(format!("{of} is for the cluster {ours}, and {source} says {cluster}")));
            }
            let Some(ours) = account.master_account_id else { continue };
            if let Some((master, source)) = self.master.as_ref().filter(|(id, _)| *id != ours) {
                return Err(other(format!("{of} is for the master account {ours}, and {source} says {master}")));
            }
        }
        Ok(())
    }
}

fn other(why: String) -> ErrorReport {
    ErrorReport::new(ErrorKind::Conflict, "the settings are not those the hand-off was made with")
        .because(why)
        .hint("leave them to the hand-off, or give the hand-off that is meant; nothing was changed")
}
