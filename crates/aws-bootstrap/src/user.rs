//! The user: reading it whole, making it, changing it, removing it.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_iam::types::User;
use onboard_core::{Arn, IamPath, KeySeen, PolicyArn, UserName, UserSeen};

use crate::call::{Done, Repeat};
use crate::connect::{Aws, once};
use crate::error::{AwsError, AwsErrorKind};
use crate::journal::{iam_tags, tag_map};
use crate::paging::pages;
use crate::role::{READS, attached_or_absent, boundary_of};

/// A user to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser<'a> {
    /// Its name.
    pub name: &'a UserName,
    /// Its path.
    pub path: &'a IamPath,
    /// Its permissions boundary.
    pub boundary: Option<&'a PolicyArn>,
    /// Its tags.
    pub tags: &'a BTreeMap<String, String>,
}

/// A user just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserMade {
    /// Its ARN.
    pub arn: Arn,
    /// Its unique id (`AIDA...`).
    pub unique_id: String,
}

impl Aws {
    /// Creates a user.
    ///
    /// # Errors
    /// [`AwsErrorKind::AlreadyExists`] where a user of that name exists in any case; after a lost answer it may be ours.
    pub async fn create_user(&self, user: &NewUser<'_>) -> Result<Done<UserMade>, AwsError> {
        const OPERATION: &str = "CreateUser";
        let request = self
            .iam()
            .create_user()
            .user_name(user.name.as_str())
            .path(user.path.as_str())
            .set_permissions_boundary(user.boundary.map(|b| b.as_str().to_owned()))
            .set_tags(Some(iam_tags(user.tags)));
        // Noted before, too: an answer may be lost and the user be there.
        self.births().note(user.name);
        let patience = self.patient_with(&[AwsErrorKind::NoSuchPolicy]);
        let made = self
            .call(OPERATION, Repeat::Creation, patience, || request.clone().customize().config_override(once()).send())
            .await?;
        self.births().note(user.name);
        let request_id = made.request_id;
        let answer = made.value.user.ok_or_else(|| AwsError::incomplete(OPERATION, "the answer has no user"))?;
        let unique_id = answer.user_id.clone();
        let arn = match Arn::new(answer.arn()) {
            Ok(arn) => arn,
            Err(_) => self.arn_of_new(OPERATION, "user", user.path, user.name.as_str()).await?,
        };
        Ok(Done { value: UserMade { arn, unique_id }, request_id })
    }

    /// Writes tags on a user; other tags stay.
    ///
    /// # Errors
    /// The call failed.
    pub async fn tag_user(&self, name: &UserName, tags: &BTreeMap<String, String>) -> Result<Done<()>, AwsError> {
        let request = self.iam().tag_user().user_name(name.as_str()).set_tags(Some(iam_tags(tags)));
        Ok(self.call("TagUser", Repeat::Safely, self.patient_with_new(), || request.clone().send()).await?.map(drop))
    }

    /// Removes tags from a user.
    ///
    /// # Errors
    /// The call failed; tags and users that are not there are a success.
    pub async fn untag_user(&self, name: &UserName, keys: &[String]) -> Result<Done<()>, AwsError> {
        let request = self.iam().untag_user().user_name(name.as_str()).set_tag_keys(Some(keys.to_vec()));
        self.take_off("UntagUser", name, || request.clone().send()).await
    }

    /// Sets or removes a user's permissions boundary.
    ///
    /// # Errors
    /// The call failed; removing a boundary that is not there is a success.
    pub async fn set_user_boundary(&self, name: &UserName, boundary: Option<&PolicyArn>) -> Result<Done<()>, AwsError> {
        if let Some(boundary) = boundary {
            let request = self.iam().put_user_permissions_boundary().user_name(name.as_str());
            let request = request.permissions_boundary(boundary.as_str());
            let done = self
                .call("PutUserPermissionsBoundary", Repeat::Safely, self.patient_with_new(), || request.clone().send())
                .await?;
            return Ok(done.map(drop));
        }
        let request = self.iam().delete_user_permissions_boundary().user_name(name.as_str());
        self.take_off("DeleteUserPermissionsBoundary", name, || request.clone().send()).await
    }

    /// Attaches a managed policy to a user; one that is attached stays so.
    ///
    /// # Errors
    /// [`AwsErrorKind::NotFound`] where the user does not exist, [`AwsErrorKind::NoSuchPolicy`] where the policy does not;
    /// both after the settings' patience.
    pub async fn attach_user_policy(&self, name: &UserName, policy: &PolicyArn) -> Result<Done<()>, AwsError> {
        let request = self.iam().attach_user_policy().user_name(name.as_str()).policy_arn(policy.as_str());
        Ok(self
            .call("AttachUserPolicy", Repeat::Safely, self.patient_with_new(), || request.clone().send())
            .await?
            .map(drop))
    }

    /// Detaches a managed policy from a user.
    ///
    /// # Errors
    /// The call failed; a policy that is not attached is a success.
    pub async fn detach_user_policy(&self, name: &UserName, policy: &PolicyArn) -> Result<Done<()>, AwsError> {
        let request = self.iam().detach_user_policy().user_name(name.as_str()).policy_arn(policy.as_str());
        self.take_off("DetachUserPolicy", name, || request.clone().send()).await
    }

    /// Deletes an inline policy of a user.
    ///
    /// # Errors
    /// The call failed; a policy that is not there is a success.
    pub async fn delete_user_inline_policy(&self, name: &UserName, policy: &str) -> Result<Done<()>, AwsError> {
        let request = self.iam().delete_user_policy().user_name(name.as_str()).policy_name(policy);
        self.take_off("DeleteUserPolicy", name, || request.clone().send()).await
    }

    /// Deletes a user; one that is gone is a success. A conflict is repeated for the settings' patience: a key that was
    /// just deleted may still count.
    ///
    /// # Errors
    /// [`AwsErrorKind::Conflict`] where it still has keys, policies, groups or another credential:
    /// [`Aws::other_access`] says which.
    pub async fn delete_user(&self, name: &UserName) -> Result<Done<()>, AwsError> {
        let request = self.iam().delete_user().user_name(name.as_str());
        self.remove("DeleteUser", name, || request.clone().send()).await
    }

    /// Reads a user with its keys and attached policies, side by side; `None` if it does not exist. Inline policies and
    /// other access are not read: [`Aws::observe`] does.
    ///
    /// # Errors
    /// A read failed.
    pub async fn read_user(&self, name: &UserName) -> Result<Option<UserSeen>, AwsError> {
        let mut reads = 1;
        loop {
            let (user, keys, attached) =
                futures::try_join!(self.get_user(name), self.list_access_keys(name), self.attached_to_user(name))?;
            let odd = match (&user, &keys, &attached) {
                (None, None, None) => return Ok(None),
                (Some(user), Some(keys), Some(attached)) => match user_seen(user, name, keys, attached) {
                    Ok(seen) => return Ok(Some(seen)),
                    Err(error) => Some(error),
                },
                _ => None,
            };
            // The parts contradict each other, or the ARN is a bare unique id: read again.
            if reads == READS {
                return match (odd, user) {
                    (Some(error), _) => Err(error),
                    (None, Some(user)) => {
                        user_seen(&user, name, &keys.unwrap_or_default(), &attached.unwrap_or_default()).map(Some)
                    }
                    (None, None) => Ok(None),
                };
            }
            reads += 1;
            tokio::time::sleep(self.patience().interval).await;
        }
    }

    async fn get_user(&self, name: &UserName) -> Result<Option<User>, AwsError> {
        let request = self.iam().get_user().user_name(name.as_str());
        match self.read("GetUser", || request.clone().send()).await {
            Ok(answer) => Ok(answer.user),
            Err(error) if error.is(AwsErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn attached_to_user(&self, name: &UserName) -> Result<Option<Vec<PolicyArn>>, AwsError> {
        let request = self.iam().list_attached_user_policies().user_name(name.as_str());
        let attached = pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                let page = self.read("ListAttachedUserPolicies", || request.clone().send()).await?;
                Ok((page.attached_policies.unwrap_or_default(), page.marker.filter(|_| page.is_truncated)))
            }
        })
        .await;
        attached_or_absent(attached)
    }

    pub(crate) async fn inline_of_user(&self, name: &UserName) -> Result<Vec<String>, AwsError> {
        let request = self.iam().list_user_policies().user_name(name.as_str());
        pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                match self.read("ListUserPolicies", || request.clone().send()).await {
                    Ok(page) => Ok((page.policy_names, page.marker.filter(|_| page.is_truncated))),
                    Err(error) if error.is(AwsErrorKind::NotFound) => Ok((Vec::new(), None)),
                    Err(error) => Err(error),
                }
            }
        })
        .await
    }

    /// Everything but keys and policies by which somebody could use the user, in words: a login profile, groups, MFA
    /// devices; with `deep` also SSH keys, service-specific credentials and signing certificates.
    ///
    /// # Errors
    /// A read failed. A server that does not know one of the rarer calls has none of the rarer credentials.
    pub async fn other_access(&self, name: &UserName, deep: bool) -> Result<Vec<String>, AwsError> {
        let usual = async {
            let (login, groups, mfa) =
                futures::try_join!(self.login_profile(name), self.groups_of(name), self.mfa_devices(name))?;
            let mut found: Vec<String> = login.then(|| "a login profile".to_owned()).into_iter().collect();
            found.extend(groups.into_iter().map(|group| format!("the group {group}")));
            found.extend((0..mfa).map(|_| "an MFA device".to_owned()));
            Ok(found)
        };
        let rare = async {
            if !deep {
                return Ok(Vec::new());
            }
            let (ssh, service, signing) = futures::try_join!(
                rare(self.ssh_public_keys(name)),
                rare(self.service_credentials(name)),
                rare(self.signing_certificates(name)),
            )?;
            let mut found = vec!["an SSH public key".to_owned(); ssh];
            found.extend(vec!["a service-specific credential".to_owned(); service]);
            found.extend(vec!["a signing certificate".to_owned(); signing]);
            Ok(found)
        };
        let (mut found, more) = futures::try_join!(usual, rare)?;
        found.extend(more);
        Ok(found)
    }

    async fn login_profile(&self, name: &UserName) -> Result<bool, AwsError> {
        let request = self.iam().get_login_profile().user_name(name.as_str());
        match self.read("GetLoginProfile", || request.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) if error.is(AwsErrorKind::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn groups_of(&self, name: &UserName) -> Result<Vec<String>, AwsError> {
        let request = self.iam().list_groups_for_user().user_name(name.as_str());
        pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                match self.read("ListGroupsForUser", || request.clone().send()).await {
                    Ok(page) => {
                        let names = page.groups.into_iter().map(|group| group.group_name).collect();
                        Ok((names, page.marker.filter(|_| page.is_truncated)))
                    }
                    Err(error) if error.is(AwsErrorKind::NotFound) => Ok((Vec::new(), None)),
                    Err(error) => Err(error),
                }
            }
        })
        .await
    }

    // Of the following it matters whether there are any; AWS allows a user so few that they fit the first page.

    async fn mfa_devices(&self, name: &UserName) -> Result<usize, AwsError> {
        let request = self.iam().list_mfa_devices().user_name(name.as_str());
        none_if_absent(self.read("ListMFADevices", || request.clone().send()).await.map(|page| page.mfa_devices.len()))
    }

    async fn ssh_public_keys(&self, name: &UserName) -> Result<usize, AwsError> {
        let request = self.iam().list_ssh_public_keys().user_name(name.as_str());
        let read = self.read("ListSSHPublicKeys", || request.clone().send()).await;
        none_if_absent(read.map(|page| page.ssh_public_keys().len()))
    }

    async fn service_credentials(&self, name: &UserName) -> Result<usize, AwsError> {
        let request = self.iam().list_service_specific_credentials().user_name(name.as_str());
        let read = self.read("ListServiceSpecificCredentials", || request.clone().send()).await;
        none_if_absent(read.map(|page| page.service_specific_credentials().len()))
    }

    async fn signing_certificates(&self, name: &UserName) -> Result<usize, AwsError> {
        let request = self.iam().list_signing_certificates().user_name(name.as_str());
        let read = self.read("ListSigningCertificates", || request.clone().send()).await;
        none_if_absent(read.map(|page| page.certificates.len()))
    }
}

fn none_if_absent(read: Result<usize, AwsError>) -> Result<usize, AwsError> {
    match read {
        Err(error) if error.is(AwsErrorKind::NotFound) => Ok(0),
        other => other,
    }
}

/// Emulators and some partitions do not know the rarer kinds of credential at all.
async fn rare(read: impl Future<Output = Result<usize, AwsError>>) -> Result<usize, AwsError> {
    match read.await {
        Err(error) if error.is(AwsErrorKind::NotImplemented) => Ok(0),
        other => other,
    }
}

fn user_seen(user: &User, asked: &UserName, keys: &[KeySeen], attached: &[PolicyArn]) -> Result<UserSeen, AwsError> {
    let arn = Arn::new(user.arn()).map_err(|e| AwsError::new(AwsErrorKind::Malformed, "GetUser", e.to_string()))?;
    Ok(UserSeen {
        // Users from before IAM's limit of 64 may have longer names than can be asked for.
        name: UserName::new(user.user_name()).unwrap_or_else(|_| asked.clone()),
        arn,
        path: user.path().to_owned(),
        unique_id: user.user_id().to_owned(),
        boundary: boundary_of(user.permissions_boundary()),
        tags: tag_map(user.tags()),
        attached: attached.to_vec(),
        inline: Vec::new(),
        keys: keys.to_vec(),
        other_access: Vec::new(),
    })
}
