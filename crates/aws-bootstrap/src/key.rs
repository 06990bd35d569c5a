//! Access keys. A secret comes once, in the answer to the creation, and is wrapped at once.

use aws_sdk_iam::types::StatusType;
use onboard_core::{AccessKeyId, Caller, KeySeen, Secret, UserName};

use crate::call::{Done, Repeat};
use crate::connect::{Aws, once};
use crate::error::{AwsError, AwsErrorKind};
use crate::paging::pages;

/// A key just made. Its `Debug` shows no secret.
#[derive(Debug)]
pub struct NewKey {
    /// The key's id.
    pub id: AccessKeyId,
    /// Its secret, in memory only.
    pub secret: Secret,
}

impl Aws {
    /// Creates an access key of a user, always by the user's name: without one AWS makes a key of the caller's own.
    ///
    /// # Errors
    /// [`AwsErrorKind::Quota`] where the user has two keys. After a lost answer ([`Certainty::MaybeDone`](crate::Certainty))
    /// a key may exist whose secret nobody has.
    pub async fn create_access_key(&self, user: &UserName) -> Result<Done<NewKey>, AwsError> {
        const OPERATION: &str = "CreateAccessKey";
        let request = self.iam().create_access_key().user_name(user.as_str());
        let made = self
            .call(OPERATION, Repeat::Creation, self.patient_with_new(), || {
                request.clone().customize().config_override(once()).send()
            })
            .await?;
        made.try_map(|answer| {
            let key = answer.access_key.ok_or_else(|| AwsError::incomplete(OPERATION, "the answer has no key"))?;
            let secret = Secret::new(key.secret_access_key);
            self.secrets().add(&secret);
            let id = AccessKeyId::new(key.access_key_id)
                .map_err(|_| AwsError::incomplete(OPERATION, "the answer's access key id is none"))?;
            if secret.is_empty() {
                return Err(AwsError::incomplete(OPERATION, "the answer has no secret"));
            }
            self.births().note(&id);
            Ok(NewKey { id, secret })
        })
    }

    /// Deactivates an access key; one that is gone is a success.
    ///
    /// # Errors
    /// The call failed.
    pub async fn deactivate_access_key(&self, user: &UserName, key: &AccessKeyId) -> Result<Done<()>, AwsError> {
        let request = self.iam().update_access_key().user_name(user.as_str()).access_key_id(key.as_str());
        let request = request.status(StatusType::Inactive);
        self.take_off("UpdateAccessKey", key, || request.clone().send()).await
    }

    /// Deletes an access key; one that is gone is a success.
    ///
    /// # Errors
    /// The call failed.
    pub async fn delete_access_key(&self, user: &UserName, key: &AccessKeyId) -> Result<Done<()>, AwsError> {
        let request = self.iam().delete_access_key().user_name(user.as_str()).access_key_id(key.as_str());
        self.remove("DeleteAccessKey", key, || request.clone().send()).await
    }

    /// The access keys of a user; `None` where the user does not exist.
    ///
    /// # Errors
    /// The read failed.
    pub async fn list_access_keys(&self, user: &UserName) -> Result<Option<Vec<KeySeen>>, AwsError> {
        const OPERATION: &str = "ListAccessKeys";
        let request = self.iam().list_access_keys().user_name(user.as_str());
        let listed = pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                let page = self.read(OPERATION, || request.clone().send()).await?;
                Ok((page.access_key_metadata, page.marker.filter(|_| page.is_truncated)))
            }
        })
        .await;
        let metadata = match listed {
            Err(error) if error.is(AwsErrorKind::NotFound) => return Ok(None),
            other => other?,
        };
        let seen = metadata.into_iter().map(|key| {
            let active = key.status == Some(StatusType::Active);
            let id = AccessKeyId::new(key.access_key_id.unwrap_or_default())
                .map_err(|e| AwsError::new(AwsErrorKind::Malformed, OPERATION, e.to_string()))?;
            Ok(KeySeen { id, active })
        });
        seen.collect::<Result<_, _>>().map(Some)
    }

    /// Asks a handle of [`Aws::with_static_key`] who it is: needs no permission, so it proves the key alone.
    ///
    /// # Errors
    /// [`AwsErrorKind::InvalidKey`] while AWS does not know the key yet.
    pub async fn prove_key_answers(&self) -> Result<Caller, AwsError> {
        self.caller().await
    }

    /// A call that succeeds only once an attached AdministratorAccess (or another policy with
    /// `iam:GetAccountSummary`) has reached AWS.
    ///
    /// # Errors
    /// [`AwsErrorKind::Denied`] until then.
    pub async fn call_that_needs_the_policy(&self) -> Result<(), AwsError> {
        self.account_summary().await.map(drop)
    }
}
