//! The conditions that are awaited: a role or user as it was made, a key that answers, something that is gone.

use onboard_core::{AccessKeyId, Arn, KeySeen, PolicyArn, RoleName, RoleSeen, TrustPolicy, UserName, UserSeen};

use crate::connect::Aws;
use crate::document;
use crate::error::{AwsError, AwsErrorKind};
use crate::wait::{Pace, Reading, WaitError, await_streak};

/// The trust policy that a role is awaited with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustAwaited<'a> {
    /// It grants exactly what this policy grants.
    Policy(&'a TrustPolicy),
    /// It is this document, compared as JSON.
    Document(&'a str),
}

/// A role as it is awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAwaited<'a> {
    /// Its unique id; `None` where it is not known (then any role of that name will do).
    pub unique_id: Option<&'a str>,
    /// Its trust policy.
    pub trust: TrustAwaited<'a>,
    /// The managed policies that are attached, among others perhaps.
    pub policies: &'a [PolicyArn],
    /// Its permissions boundary.
    pub boundary: Option<&'a PolicyArn>,
}

/// A user as it is awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAwaited<'a> {
    /// Its unique id; `None` where it is not known.
    pub unique_id: Option<&'a str>,
    /// The managed policies that are attached, among others perhaps.
    pub policies: &'a [PolicyArn],
    /// Its permissions boundary.
    pub boundary: Option<&'a PolicyArn>,
    /// Its access keys, exactly these and active; `None` where they do not matter.
    pub keys: Option<&'a [AccessKeyId]>,
}

impl Aws {
    /// Waits until reads in a row show the role exactly as awaited, with an ARN that is one.
    ///
    /// # Errors
    /// [`WaitError`]; another role of that name is 'not yet', since a stale read shows one.
    pub async fn await_role(&self, pace: &Pace, name: &RoleName, awaited: &RoleAwaited<'_>) -> Result<(), WaitError> {
        await_streak(pace, "the role as it was made", || async {
            Ok(match self.read_role(name).await {
                Ok(Some(role)) => role_reading(&role, awaited),
                Ok(None) => Reading::NotYet("IAM does not show the role".to_owned()),
                Err(error) if error.is(AwsErrorKind::Malformed) => Reading::NotYet(error.to_string()),
                Err(error) => return Err(error),
            })
        })
        .await
    }

    /// Waits until reads in a row show the user exactly as awaited.
    ///
    /// # Errors
    /// [`WaitError`].
    pub async fn await_user(&self, pace: &Pace, name: &UserName, awaited: &UserAwaited<'_>) -> Result<(), WaitError> {
        await_streak(pace, "the user as it was made", || async {
            Ok(match self.read_user(name).await {
                Ok(Some(user)) => user_reading(&user, awaited),
                Ok(None) => Reading::NotYet("IAM does not show the user".to_owned()),
                Err(error) if error.is(AwsErrorKind::Malformed) => Reading::NotYet(error.to_string()),
                Err(error) => return Err(error),
            })
        })
        .await
    }

    /// Waits, on a handle of [`Aws::with_static_key`], until the key answers in a row as the expected user, and then
    /// until the user's policy has reached AWS too ([`Aws::call_that_needs_the_policy`]).
    ///
    /// # Errors
    /// [`WaitError::Wrong`] where the key is another account's or user's.
    pub async fn await_key(&self, pace: &Pace, expected_user: &Arn) -> Result<(), WaitError> {
        self.await_key_answers(pace, expected_user).await?;
        let once = Pace { streak: 1, ..*pace };
        await_streak(&once, "the new key's policy", || async {
            Ok(match self.call_that_needs_the_policy().await {
                Ok(()) => Reading::Good,
                Err(error) => unknown_yet(error)?,
            })
        })
        .await
    }

    /// The first half of [`Aws::await_key`], for users whose policies do not allow `iam:GetAccountSummary`.
    ///
    /// # Errors
    /// As there.
    pub async fn await_key_answers(&self, pace: &Pace, expected_user: &Arn) -> Result<(), WaitError> {
        await_streak(pace, "the new access key", || async {
            Ok(match self.prove_key_answers().await {
                Ok(caller) if caller.arn == *expected_user => Reading::Good,
                Ok(caller) => Reading::Wrong(format!("the key belongs to {}", caller.arn)),
                Err(error) => unknown_yet(error)?,
            })
        })
        .await
    }

    /// Waits until reads in a row no longer show the role (a new one under its name is another).
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] where it stays.
    pub async fn await_role_gone(
        &self,
        pace: &Pace,
        name: &RoleName,
        unique_id: Option<&str>,
    ) -> Result<(), WaitError> {
        await_streak(pace, "the role's removal", || async {
            Ok(match self.read_role(name).await? {
                Some(role) if unique_id.is_none_or(|id| id == role.unique_id) => {
                    Reading::NotYet("IAM still shows the role".to_owned())
                }
                _ => Reading::Good,
            })
        })
        .await
    }

    /// Waits until reads in a row no longer show the user (a new one under its name is another).
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] where it stays.
    pub async fn await_user_gone(
        &self,
        pace: &Pace,
        name: &UserName,
        unique_id: Option<&str>,
    ) -> Result<(), WaitError> {
        await_streak(pace, "the user's removal", || async {
            Ok(match self.read_user(name).await? {
                Some(user) if unique_id.is_none_or(|id| id == user.unique_id) => {
                    Reading::NotYet("IAM still shows the user".to_owned())
                }
                _ => Reading::Good,
            })
        })
        .await
    }

    /// Waits until reads in a row no longer show the access key.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] where it stays.
    pub async fn await_key_gone(&self, pace: &Pace, user: &UserName, key: &AccessKeyId) -> Result<(), WaitError> {
        await_streak(pace, "the access key's removal", || async {
            let keys = self.list_access_keys(user).await?.unwrap_or_default();
            Ok(if keys.iter().any(|k| k.id == *key) {
                Reading::NotYet("IAM still shows the access key".to_owned())
            } else {
                Reading::Good
            })
        })
        .await
    }
}

/// What a key that was just made meets for a while.
fn unknown_yet(error: AwsError) -> Result<Reading, AwsError> {
    match error.kind {
        AwsErrorKind::InvalidKey | AwsErrorKind::Denied | AwsErrorKind::NotFound => {
            Ok(Reading::NotYet(error.to_string()))
        }
        _ => Err(error),
    }
}

fn role_reading(role: &RoleSeen, awaited: &RoleAwaited<'_>) -> Reading {
    let trusted = match awaited.trust {
        TrustAwaited::Policy(policy) => policy.is_granted_by(&role.trust),
        TrustAwaited::Document(document) => document::same(document, &role.trust),
    };
    if awaited.unique_id.is_some_and(|id| id != role.unique_id) {
        Reading::NotYet(format!("IAM shows another role of that name, {}", role.unique_id))
    } else if !trusted {
        Reading::NotYet("IAM shows another trust policy".to_owned())
    } else {
        held(awaited.policies, &role.attached, awaited.boundary, role.boundary.as_ref())
    }
}

fn user_reading(user: &UserSeen, awaited: &UserAwaited<'_>) -> Reading {
    if awaited.unique_id.is_some_and(|id| id != user.unique_id) {
        return Reading::NotYet(format!("IAM shows another user of that name, {}", user.unique_id));
    }
    if let Some(keys) = awaited.keys
        && !exactly(keys, &user.keys)
    {
        return Reading::NotYet(format!(
            "IAM shows {} access keys, not exactly the {} meant",
            user.keys.len(),
            keys.len()
        ));
    }
    held(awaited.policies, &user.attached, awaited.boundary, user.boundary.as_ref())
}

fn exactly(wanted: &[AccessKeyId], seen: &[KeySeen]) -> bool {
    wanted.len() == seen.len() && wanted.iter().all(|id| seen.iter().any(|key| key.active && key.id == *id))
}

fn held(
    wanted: &[PolicyArn],
    attached: &[PolicyArn],
    boundary_wanted: Option<&PolicyArn>,
    boundary: Option<&PolicyArn>,
) -> Reading {
    if let Some(missing) = wanted.iter().find(|p| !attached.contains(p)) {
        Reading::NotYet(format!("IAM does not show {missing} attached"))
    } else if boundary_wanted != boundary {
        Reading::NotYet("IAM shows another permissions boundary".to_owned())
    } else {
        Reading::Good
    }
}
