//! The simulated Turbot v3: its keys and rights, its accounts, the import and the maintenance window.

mod accounts;
mod answer;
mod handshake;
mod importing;
mod keys;
mod options;
mod payload;
mod routes;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::lock;
use crate::minting::Mint;

use accounts::{Accounts, Entry};

pub use accounts::{ImportOutcome, ImportRecord, TurbotAccount};
pub use keys::{KeyKind, TurbotKey};
pub use options::{Deletion, ImportBody, TurbotOptions};
pub(crate) use routes::router;

/// The simulated Turbot: a handle on its state, cheap to clone.
#[derive(Clone)]
pub struct Turbot {
    cloud: Cloud,
    mint: Arc<Mint>,
    options: Arc<Mutex<TurbotOptions>>,
    accounts: Arc<Mutex<Accounts>>,
    started: Instant,
}

impl Turbot {
    /// A Turbot whose master account is the simulated AWS's; its ids and keys come from the mint.
    pub(crate) fn new(options: TurbotOptions, cloud: Cloud, mint: Arc<Mint>) -> Self {
        let options = Arc::new(Mutex::new(options));
        Self { cloud, mint, options, accounts: Arc::default(), started: Instant::now() }
    }

    /// `TURBOT_CLUSTER_ID`, `TURBOT_ACCESS_KEY` and `TURBOT_SECRET_KEY` of the Turbot/Admin key; the address and the
    /// master account are added by the sandbox.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let key = self.key(KeyKind::Admin);
        vec![
            ("TURBOT_CLUSTER_ID".to_owned(), self.options().cluster_id),
            ("TURBOT_ACCESS_KEY".to_owned(), key.access),
            ("TURBOT_SECRET_KEY".to_owned(), key.secret),
        ]
    }

    /// The API key of this kind. Every kind has one, the same for the same seed.
    #[must_use]
    pub fn key(&self, kind: KeyKind) -> TurbotKey {
        keys::standing(&self.mint, kind)
    }

    /// How it behaves now.
    #[must_use]
    pub fn options(&self) -> TurbotOptions {
        lock(&self.options).clone()
    }

    /// Has it behave otherwise from the next call on; a call that is being served keeps what it began with.
    pub fn set_options(&self, options: TurbotOptions) {
        *lock(&self.options) = options;
    }

    /// The same for a few of them.
    pub fn change(&self, change: impl FnOnce(&mut TurbotOptions)) {
        change(&mut lock(&self.options));
    }

    /// Every account of the cluster, those that are not shown yet included.
    #[must_use]
    pub fn accounts(&self) -> Vec<TurbotAccount> {
        let now = self.now();
        self.with_accounts(|accounts| accounts.all(now))
    }

    /// Every import there was, refused ones included.
    #[must_use]
    pub fn imports(&self) -> Vec<ImportRecord> {
        self.with_accounts(|accounts| accounts.records.clone())
    }

    /// Puts an account into the cluster, as if it had been imported long ago.
    pub fn add_account(&self, id: &str, aws_account_id: &str, title: &str) {
        let account = TurbotAccount {
            id: id.to_owned(),
            title: title.to_owned(),
            description: String::new(),
            aws_account_id: aws_account_id.to_owned(),
            window: None,
            visible: true,
        };
        let visible_from = self.now();
        self.with_accounts(|accounts| accounts.put(Entry { account, visible_from, gone_at: None }));
    }

    /// Takes an account out of the cluster; whether it was there.
    pub fn remove_account(&self, id: &str) -> bool {
        self.with_accounts(|accounts| accounts.remove(id))
    }

    /// Sets the maintenance window of an account, or takes its setting away; whether the account is there.
    pub fn set_window(&self, id: &str, window: Option<&str>) -> bool {
        self.with_accounts(|accounts| {
            let account = accounts.get_mut(id);
            account.map(|account| account.window = window.map(str::to_owned)).is_some()
        })
    }

    fn with_accounts<T>(&self, f: impl FnOnce(&mut Accounts) -> T) -> T {
        f(&mut lock(&self.accounts))
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}
