//! The accounts of an organization, as its management account or a delegated administrator may list them.

use std::sync::Arc;

use aws_sdk_organizations::types::Account;
use onboard_core::AwsAccountId;

use crate::connect::Aws;
use crate::error::{AwsError, AwsErrorKind};
use crate::paging::pages;
use crate::rate::Told;

/// The most accounts that Organizations gives in a page.
const PAGE: i32 = 20;

/// The life of an account in its organization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountState {
    /// Not usable yet.
    PendingActivation,
    /// In use: the only state in which onboarding makes sense.
    Active,
    /// Restricted by AWS.
    Suspended,
    /// Being closed, though still in use.
    PendingClosure,
    /// Closed; shown for 90 days.
    Closed,
    /// A state that AWS added later, or none at all (empty).
    Other(String),
}

impl AccountState {
    fn of(word: &str) -> Self {
        match word {
            "PENDING_ACTIVATION" => Self::PendingActivation,
            "ACTIVE" => Self::Active,
            "SUSPENDED" => Self::Suspended,
            "PENDING_CLOSURE" => Self::PendingClosure,
            "CLOSED" => Self::Closed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The state in AWS's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::Closed => "CLOSED",
            Self::Other(word) => word,
        }
    }
}

/// An account of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationAccount {
    /// Its id.
    pub id: AwsAccountId,
    /// Its name.
    pub name: String,
    /// The e-mail address of its root user.
    pub email: String,
    /// Its state.
    pub state: AccountState,
    /// Its place: `o-.../r-.../ou-.../<account>/`; empty where AWS did not say.
    pub paths: Vec<String>,
}

impl OrganizationAccount {
    /// Whether the account stands in an organizational unit or root, directly or below.
    #[must_use]
    pub fn is_under(&self, unit: &str) -> bool {
        self.paths.iter().any(|path| path.split('/').any(|segment| segment == unit))
    }
}

impl Aws {
    /// All accounts of the organization, by pages of 20: 10,000 accounts take about a minute at AWS's rate.
    ///
    /// # Errors
    /// [`AwsErrorKind::NoOrganization`], and [`AwsErrorKind::Denied`] for an account that is neither the management
    /// account nor a delegated administrator.
    pub async fn list_accounts(&self) -> Result<Vec<OrganizationAccount>, AwsError> {
        const OPERATION: &str = "ListAccounts";
        let request = self.organizations().list_accounts().max_results(PAGE);
        let accounts = pages(|token| {
            let request = request.clone().set_next_token(token);
            async move {
                self.organizations_rate().turn().await;
                let told = || Told(Arc::clone(self.organizations_rate()));
                let page = self.read(OPERATION, || request.clone().customize().interceptor(told()).send()).await?;
                Ok((page.accounts.unwrap_or_default(), page.next_token))
            }
        })
        .await?;
        accounts
            .iter()
            .map(|account| read(account).map_err(|e| AwsError::new(AwsErrorKind::Malformed, OPERATION, e.to_string())))
            .collect()
    }
}

impl Aws {
    /// The tags of an account of the organization. AWS allows ten such calls a second.
    ///
    /// # Errors
    /// As [`Aws::list_accounts`].
    pub async fn account_tags(&self, account: &AwsAccountId) -> Result<Vec<(String, String)>, AwsError> {
        const OPERATION: &str = "ListTagsForResource";
        let request = self.organizations().list_tags_for_resource().resource_id(account.as_str());
        let tags = pages(|token| {
            let request = request.clone().set_next_token(token);
            async move {
                self.organization_tags_rate().turn().await;
                let told = || Told(Arc::clone(self.organization_tags_rate()));
                let page = self.read(OPERATION, || request.clone().customize().interceptor(told()).send()).await?;
                Ok((page.tags.unwrap_or_default(), page.next_token))
            }
        })
        .await?;
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }
}

fn read(account: &Account) -> Result<OrganizationAccount, onboard_core::IdError> {
    // `Status` was to be retired in September 2026; it says SUSPENDED of closed accounts, so `State` goes first.
    let state = account.state().map(|s| s.as_str()).or_else(|| account.status().map(|s| s.as_str()));
    Ok(OrganizationAccount {
        id: AwsAccountId::new(account.id().unwrap_or_default())?,
        name: account.name().unwrap_or_default().to_owned(),
        email: account.email().unwrap_or_default().to_owned(),
        state: AccountState::of(state.unwrap_or_default()),
        paths: account.paths().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_organizations::types::{AccountState as State, AccountStatus};

    use super::*;

    #[test]
    fn the_state_goes_before_the_older_status() {
        let account = |state: Option<&str>, status: Option<&str>| {
            let account = Account::builder().id("111122223333").name("a").paths("o-1/r-1/ou-1/111122223333/");
            let account = account.set_state(state.map(State::from)).set_status(status.map(AccountStatus::from));
            read(&account.build()).unwrap()
        };
        assert_eq!(account(Some("CLOSED"), Some("SUSPENDED")).state, AccountState::Closed);
        assert_eq!(account(None, Some("ACTIVE")).state, AccountState::Active);
        assert_eq!(account(Some("RESTING"), None).state.as_str(), "RESTING");
        assert_eq!(account(None, None).state, AccountState::Other(String::new()));
        assert!(account(None, None).is_under("ou-1"));
        assert!(!account(None, None).is_under("ou-"));
    }
}
