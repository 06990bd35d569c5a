//! The role: reading it whole, making it, changing it, removing it.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{AttachedPermissionsBoundary, AttachedPolicy, Role};
use onboard_core::{Arn, IamPath, PolicyArn, RoleName, RoleSeen};

use crate::call::{Done, Repeat};
use crate::connect::{Aws, once};
use crate::document::decoded;
use crate::error::{AwsError, AwsErrorKind};
use crate::journal::{iam_tags, tag_map};
use crate::paging::pages;

/// How often a read is repeated whose two halves contradict each other, or whose ARN is none: signs of a change that
/// has not reached all of IAM.
pub(crate) const READS: u32 = 5;

/// A role to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRole<'a> {
    /// Its name.
    pub name: &'a RoleName,
    /// Its path.
    pub path: &'a IamPath,
    /// Its description, in IAM's alphabet (Latin-1).
    pub description: &'a str,
    /// Its maximum session duration in seconds, 3,600 to 43,200.
    pub max_session_duration: u32,
    /// Its permissions boundary.
    pub boundary: Option<&'a PolicyArn>,
    /// Its tags.
    pub tags: &'a BTreeMap<String, String>,
    /// Its trust policy document, JSON text.
    pub trust: &'a str,
}

/// A role or user just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleMade {
    /// Its ARN; AWS at times answers a creation with a bare unique id, then it is built from the account's other data.
    pub arn: Arn,
    /// Its unique id (`AROA...`), by which reads tell it from an older one of the same name.
    pub unique_id: String,
}

impl Aws {
    /// Creates a role. An invalid principal is repeated for the settings' patience: it may be a new account's.
    ///
    /// # Errors
    /// [`AwsErrorKind::AlreadyExists`] where a role of that name exists in any case; after a lost answer it may be ours.
    pub async fn create_role(&self, role: &NewRole<'_>) -> Result<Done<RoleMade>, AwsError> {
        const OPERATION: &str = "CreateRole";
        let request = self
            .iam()
            .create_role()
            .role_name(role.name.as_str())
            .path(role.path.as_str())
            .set_description((!role.description.is_empty()).then(|| role.description.to_owned()))
            .max_session_duration(i32::try_from(role.max_session_duration).unwrap_or(i32::MAX))
            .set_permissions_boundary(role.boundary.map(|b| b.as_str().to_owned()))
            .set_tags(Some(iam_tags(role.tags)))
            .assume_role_policy_document(role.trust);
        // Noted before, too: an answer may be lost and the role be there.
        self.births().note(role.name);
        let patience = self.patient_with(&[AwsErrorKind::InvalidPrincipal, AwsErrorKind::NoSuchPolicy]);
        let made = self
            .call(OPERATION, Repeat::Creation, patience, || request.clone().customize().config_override(once()).send())
            .await?;
        self.births().note(role.name);
        let request_id = made.request_id;
        let answer = made.value.role.ok_or_else(|| AwsError::incomplete(OPERATION, "the answer has no role"))?;
        let unique_id = answer.role_id.clone();
        let arn = match Arn::new(answer.arn()) {
            Ok(arn) => arn,
            Err(_) => self.arn_of_new(OPERATION, "role", role.path, role.name.as_str()).await?,
        };
        Ok(Done { value: RoleMade { arn, unique_id }, request_id })
    }

    /// The ARN of what was just made, where AWS answered with a bare unique id instead.
    pub(crate) async fn arn_of_new(
        &self,
        operation: &'static str,
        kind: &str,
        path: &IamPath,
        name: &str,
    ) -> Result<Arn, AwsError> {
        let unreadable = |why: String| AwsError::incomplete(operation, why);
        let caller = self.caller().await.map_err(|e| unreadable(e.to_string()))?;
        Arn::new(format!("arn:{}:iam::{}:{kind}{path}{name}", caller.partition(), caller.account))
            .map_err(|e| unreadable(e.to_string()))
    }

    /// Replaces a role's trust policy, in place: others may refer to the role by its ARN.
    ///
    /// # Errors
    /// As for [`Aws::create_role`]; [`AwsErrorKind::NotFound`] only after the settings' patience.
    pub async fn set_trust(&self, name: &RoleName, document: &str) -> Result<Done<()>, AwsError> {
        let request = self.iam().update_assume_role_policy().role_name(name.as_str()).policy_document(document);
        let patience = self.patient_with(&[AwsErrorKind::InvalidPrincipal, AwsErrorKind::NotFound]);
        let done = self.call("UpdateAssumeRolePolicy", Repeat::Safely, patience, || request.clone().send()).await?;
        Ok(done.map(drop))
    }

    /// Sets a role's description and maximum session duration.
    ///
    /// # Errors
    /// The call failed.
    pub async fn set_role(
        &self,
        name: &RoleName,
        description: &str,
        max_session_duration: u32,
    ) -> Result<Done<()>, AwsError> {
        let seconds = i32::try_from(max_session_duration).unwrap_or(i32::MAX);
        let request = self.iam().update_role().role_name(name.as_str()).description(description);
        let request = request.max_session_duration(seconds);
        let done = self.call("UpdateRole", Repeat::Safely, self.patient_with_new(), || request.clone().send()).await?;
        Ok(done.map(drop))
    }

    /// Sets or removes a role's permissions boundary.
    ///
    /// # Errors
    /// The call failed; removing a boundary that is not there is a success.
    pub async fn set_role_boundary(&self, name: &RoleName, boundary: Option<&PolicyArn>) -> Result<Done<()>, AwsError> {
        if let Some(boundary) = boundary {
            let request = self.iam().put_role_permissions_boundary().role_name(name.as_str());
            let request = request.permissions_boundary(boundary.as_str());
            let done = self
                .call("PutRolePermissionsBoundary", Repeat::Safely, self.patient_with_new(), || request.clone().send())
                .await?;
            return Ok(done.map(drop));
        }
        let request = self.iam().delete_role_permissions_boundary().role_name(name.as_str());
        self.take_off("DeleteRolePermissionsBoundary", name, || request.clone().send()).await
    }

    /// Writes tags on a role; other tags stay.
    ///
    /// # Errors
    /// The call failed.
    pub async fn tag_role(&self, name: &RoleName, tags: &BTreeMap<String, String>) -> Result<Done<()>, AwsError> {
        let request = self.iam().tag_role().role_name(name.as_str()).set_tags(Some(iam_tags(tags)));
        Ok(self.call("TagRole", Repeat::Safely, self.patient_with_new(), || request.clone().send()).await?.map(drop))
    }

    /// Removes tags from a role.
    ///
    /// # Errors
    /// The call failed; tags and roles that are not there are a success.
    pub async fn untag_role(&self, name: &RoleName, keys: &[String]) -> Result<Done<()>, AwsError> {
        let request = self.iam().untag_role().role_name(name.as_str()).set_tag_keys(Some(keys.to_vec()));
        self.take_off("UntagRole", name, || request.clone().send()).await
    }

    /// Attaches a managed policy to a role; one that is attached stays so.
    ///
    /// # Errors
    /// [`AwsErrorKind::NotFound`] where the role does not exist, [`AwsErrorKind::NoSuchPolicy`] where the policy does not;
    /// both after the settings' patience.
    pub async fn attach_role_policy(&self, name: &RoleName, policy: &PolicyArn) -> Result<Done<()>, AwsError> {
        let request = self.iam().attach_role_policy().role_name(name.as_str()).policy_arn(policy.as_str());
        Ok(self
            .call("AttachRolePolicy", Repeat::Safely, self.patient_with_new(), || request.clone().send())
            .await?
            .map(drop))
    }

    /// Detaches a managed policy from a role.
    ///
    /// # Errors
    /// The call failed; a policy that is not attached is a success.
    pub async fn detach_role_policy(&self, name: &RoleName, policy: &PolicyArn) -> Result<Done<()>, AwsError> {
        let request = self.iam().detach_role_policy().role_name(name.as_str()).policy_arn(policy.as_str());
        self.take_off("DetachRolePolicy", name, || request.clone().send()).await
    }

    /// Deletes an inline policy of a role.
    ///
    /// # Errors
    /// The call failed; a policy that is not there is a success.
    pub async fn delete_role_inline_policy(&self, name: &RoleName, policy: &str) -> Result<Done<()>, AwsError> {
        let request = self.iam().delete_role_policy().role_name(name.as_str()).policy_name(policy);
        self.take_off("DeleteRolePolicy", name, || request.clone().send()).await
    }

    /// Deletes a role; one that is gone is a success. A conflict is repeated for the settings' patience: a policy that
    /// was just detached may still count.
    ///
    /// # Errors
    /// [`AwsErrorKind::Conflict`] where it still has policies or stands in an instance profile.
    pub async fn delete_role(&self, name: &RoleName) -> Result<Done<()>, AwsError> {
        let request = self.iam().delete_role().role_name(name.as_str());
        self.remove("DeleteRole", name, || request.clone().send()).await
    }

    /// The instance profiles that hold a role: they keep it from being deleted, and this tool makes none.
    ///
    /// # Errors
    /// The read failed.
    pub async fn instance_profiles_of(&self, name: &RoleName) -> Result<Vec<String>, AwsError> {
        let request = self.iam().list_instance_profiles_for_role().role_name(name.as_str());
        pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                match self.read("ListInstanceProfilesForRole", || request.clone().send()).await {
                    Ok(page) => {
                        let names = page.instance_profiles.into_iter().map(|p| p.instance_profile_name).collect();
                        Ok((names, page.marker.filter(|_| page.is_truncated)))
                    }
                    Err(error) if error.is(AwsErrorKind::NotFound) => Ok((Vec::new(), None)),
                    Err(error) => Err(error),
                }
            }
        })
        .await
    }

    /// Reads a role with its attached policies, side by side; `None` if it does not exist. Inline policies are not
    /// read: [`Aws::observe`] does.
    ///
    /// # Errors
    /// A read failed.
    pub async fn read_role(&self, name: &RoleName) -> Result<Option<RoleSeen>, AwsError> {
        let mut reads = 1;
        loop {
            let (role, attached) = futures::try_join!(self.get_role(name), self.attached_to_role(name))?;
            let odd = match (&role, &attached) {
                (None, None) => return Ok(None),
                (Some(role), Some(attached)) => match role_seen(role, attached) {
                    Ok(seen) => return Ok(Some(seen)),
                    Err(error) => Some(error),
                },
                _ => None,
            };
            // The two halves contradict each other, or the ARN is a bare unique id: read again.
            if reads == READS {
                return match (odd, role) {
                    (Some(error), _) => Err(error),
                    (None, Some(role)) => role_seen(&role, &[]).map(Some),
                    (None, None) => Ok(None),
                };
            }
            reads += 1;
            tokio::time::sleep(self.patience().interval).await;
        }
    }

    async fn get_role(&self, name: &RoleName) -> Result<Option<Role>, AwsError> {
        let request = self.iam().get_role().role_name(name.as_str());
        match self.read("GetRole", || request.clone().send()).await {
            Ok(answer) => Ok(answer.role),
            Err(error) if error.is(AwsErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn attached_to_role(&self, name: &RoleName) -> Result<Option<Vec<PolicyArn>>, AwsError> {
        let request = self.iam().list_attached_role_policies().role_name(name.as_str());
        let attached = pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                let page = self.read("ListAttachedRolePolicies", || request.clone().send()).await?;
                Ok((page.attached_policies.unwrap_or_default(), page.marker.filter(|_| page.is_truncated)))
            }
        })
        .await;
        attached_or_absent(attached)
    }

    pub(crate) async fn inline_of_role(&self, name: &RoleName) -> Result<Vec<String>, AwsError> {
        let request = self.iam().list_role_policies().role_name(name.as_str());
        pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                match self.read("ListRolePolicies", || request.clone().send()).await {
                    Ok(page) => Ok((page.policy_names, page.marker.filter(|_| page.is_truncated))),
                    Err(error) if error.is(AwsErrorKind::NotFound) => Ok((Vec::new(), None)),
                    Err(error) => Err(error),
                }
            }
        })
        .await
    }
}

pub(crate) fn attached_or_absent(
    attached: Result<Vec<AttachedPolicy>, AwsError>,
) -> Result<Option<Vec<PolicyArn>>, AwsError> {
    match attached {
        Ok(policies) => policies
            .into_iter()
            .filter_map(|p| p.policy_arn)
            .map(|arn| {
                PolicyArn::new(arn)
                    .map_err(|e| AwsError::new(AwsErrorKind::Malformed, "ListAttachedPolicies", e.to_string()))
            })
            .collect::<Result<_, _>>()
            .map(Some),
        Err(error) if error.is(AwsErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn boundary_of(boundary: Option<&AttachedPermissionsBoundary>) -> Option<PolicyArn> {
    PolicyArn::new(boundary?.permissions_boundary_arn()?).ok()
}

fn role_seen(role: &Role, attached: &[PolicyArn]) -> Result<RoleSeen, AwsError> {
    let malformed = |e: onboard_core::IdError| AwsError::new(AwsErrorKind::Malformed, "GetRole", e.to_string());
    Ok(RoleSeen {
        name: RoleName::new(role.role_name()).map_err(malformed)?,
        arn: Arn::new(role.arn()).map_err(malformed)?,
        path: role.path().to_owned(),
        unique_id: role.role_id().to_owned(),
        description: role.description().unwrap_or_default().to_owned(),
        // IAM leaves the default out.
        max_session_duration: role.max_session_duration().and_then(|s| u32::try_from(s).ok()).unwrap_or(3600),
        boundary: boundary_of(role.permissions_boundary()),
        tags: tag_map(role.tags()),
        trust: decoded(role.assume_role_policy_document().unwrap_or_default()),
        attached: attached.to_vec(),
        inline: Vec::new(),
    })
}
