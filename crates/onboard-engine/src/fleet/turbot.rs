//! Turbot, as a whole fleet sees it: its health, its cluster and its listing are asked for once, not for every account.
//!
//! The account by its id is the authority and is read anew each time. Only where it cannot be read, or does not say which
//! AWS account it is, does a listing have to be newer than that of the beginning.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use onboard_core::{AwsAccountId, ClusterId, Health, LookFailure, TurbotAccount, TurbotAccountId, TurbotObserved};
use tokio::sync::Mutex;
use turbot_import::Turbot;

use crate::clock::Moment;

/// How old a listing may be where the account itself cannot be read.
const NEW: Duration = Duration::from_secs(10);

/// What all accounts of a fleet share of Turbot.
#[derive(Debug, Default)]
pub(crate) struct SharedTurbot {
    newest: Mutex<Option<Arc<Whole>>>,
}

/// One look at the whole of Turbot.
#[derive(Debug)]
struct Whole {
    at: Moment,
    health: Health,
    cluster_urn: Result<String, LookFailure>,
    listed: Result<Listing, LookFailure>,
}

/// The accounts that Turbot shows, found by either id.
#[derive(Debug)]
struct Listing {
    accounts: Vec<TurbotAccount>,
    by_id: HashMap<String, Vec<usize>>,
    by_aws: HashMap<AwsAccountId, Vec<usize>>,
}

impl Listing {
    fn of(accounts: Vec<TurbotAccount>) -> Self {
        let (mut by_id, mut by_aws) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (n, account) in accounts.iter().enumerate() {
            if let Some(id) = &account.id {
                by_id.entry(id.clone()).or_default().push(n);
            }
            if let Some(aws) = &account.aws_account_id {
                by_aws.entry(aws.clone()).or_default().push(n);
            }
        }
        Self { accounts, by_id, by_aws }
    }

    /// Those that carry this Turbot id or this AWS account.
    fn about(&self, id: &TurbotAccountId, aws: &AwsAccountId) -> Vec<TurbotAccount> {
        let (by_id, by_aws) = (self.by_id.get(id.as_str()), self.by_aws.get(aws));
        let mut found: Vec<usize> = by_id.into_iter().chain(by_aws).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|n| self.accounts[n].clone()).collect()
    }
}

impl Whole {
    /// Whether anything of it could not be read: then it is asked for again before long.
    fn has_gaps(&self) -> bool {
        self.cluster_urn.is_err() || self.listed.is_err()
    }
}

impl SharedTurbot {
    /// Everything about one account. Whoever comes first asks for the whole; the others wait for its answer.
    pub(crate) async fn look(
        &self,
        turbot: &Turbot,
        cluster: &ClusterId,
        id: &TurbotAccountId,
        aws: &AwsAccountId,
        maintenance: bool,
    ) -> TurbotObserved {
        let urn = cluster.account_urn(id);
        let window = async { if maintenance { Some(turbot.maintenance_window(&urn).await) } else { None } };
        let (mut whole, by_id, maintenance) = tokio::join!(self.whole(turbot, None), turbot.account(id), window);
        let said = match &by_id {
            Ok(Some(account)) => account.aws_account_id.is_some(),
            Ok(None) => true,
            Err(_) => false,
        };
        if !said {
            whole = self.whole(turbot, Some(NEW)).await;
        }
        TurbotObserved {
            health: whole.health.clone(),
            version: turbot.version(),
            cluster_urn: whole.cluster_urn.clone(),
            by_id,
            listed: whole.listed.as_ref().map(|listing| listing.about(id, aws)).map_err(Clone::clone),
            maintenance,
        }
    }

    /// Whether the listing alone shows the account as wanted: all that `--quick` asks.
    pub(crate) async fn lists(
        &self,
        turbot: &Turbot,
        cluster: &ClusterId,
        id: &TurbotAccountId,
        aws: &AwsAccountId,
    ) -> bool {
        let whole = self.whole(turbot, None).await;
        let Ok(listing) = &whole.listed else { return false };
        let about = listing.about(id, aws);
        whole.cluster_urn.as_ref().is_ok_and(|urn| *urn == cluster.urn())
            && !about.is_empty()
            && about.iter().all(|a| a.id.as_deref() == Some(id.as_str()) && a.aws_account_id.as_ref() == Some(aws))
    }

    async fn whole(&self, turbot: &Turbot, newer_than: Option<Duration>) -> Arc<Whole> {
        let mut newest = self.newest.lock().await;
        if let Some(whole) = newest.as_ref() {
            let limit = if whole.has_gaps() { Some(NEW) } else { newer_than };
            if limit.is_none_or(|limit| whole.at.elapsed() < limit) {
                return Arc::clone(whole);
            }
        }
        let at = Moment::now();
        let (health, cluster_urn, listed) = tokio::join!(turbot.health(), turbot.cluster_urn(), turbot.accounts());
        let whole = Arc::new(Whole { at, health, cluster_urn, listed: listed.map(Listing::of) });
        Arc::clone(newest.insert(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_by_either_id() {
        let account = |id: &str, aws: Option<&str>| TurbotAccount {
            id: Some(id.into()),
            urn: None,
            aws_account_id: aws.map(|aws| AwsAccountId::new(aws).unwrap()),
            title: None,
        };
        let listing = Listing::of(vec![
            account("aab", Some("111122223333")),
            account("aac", Some("444455556666")),
            account("aad", None),
        ]);
        let about = |id: &str, aws: &str| -> Vec<String> {
            let (id, aws) = (TurbotAccountId::new(id).unwrap(), AwsAccountId::new(aws).unwrap());
            listing.about(&id, &aws).into_iter().filter_map(|account| account.id).collect()
        };
        assert_eq!(about("aab", "111122223333"), ["aab"]);
        assert_eq!(about("aab", "444455556666"), ["aab", "aac"]);
        assert_eq!(about("aad", "000000000001"), ["aad"]);
        assert_eq!(about("zzz", "000000000001"), Vec::<String>::new());
    }
}
