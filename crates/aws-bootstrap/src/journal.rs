//! Journal objects in IAM: policies that deny everything, are attached to nothing, and whose tags are the record.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{Policy, PolicyScopeType, Tag};
use jiff::Timestamp;
use onboard_core::{AwsAccountId, JOURNAL_DOCUMENT, JOURNAL_PATH, Journal, Partition, PolicyArn, Record, TAG_PREFIX};
use tokio::time::Instant;

use crate::call::{Done, Repeat};
use crate::connect::{Aws, once};
use crate::error::{AwsError, AwsErrorKind};
use crate::paging::pages;
use crate::removal::Patience;

/// The tag that every writing renews, changed or not.
const CLAIMED_AT: &str = "claimed-at";

impl Aws {
    /// Creates a journal object, which is the claim: names are unique, so of several creators one succeeds.
    ///
    /// # Errors
    /// [`AwsErrorKind::AlreadyExists`] means that the claim is somebody's (or our own, where an answer was lost: its
    /// record tells). [`AwsErrorKind::InvalidInput`] where the record does not fit the tags.
    pub async fn create_journal(
        &self,
        partition: &Partition,
        account: &AwsAccountId,
        generation: u32,
        record: &Record,
    ) -> Result<Done<Journal>, AwsError> {
        const OPERATION: &str = "CreatePolicy";
        let tags = iam_tags(&tags_of(record, OPERATION)?);
        let name = Journal::name_of(generation);
        let request = self
            .iam()
            .create_policy()
            .policy_name(&name)
            .path(JOURNAL_PATH)
            .policy_document(JOURNAL_DOCUMENT)
            .description("The record of an unfinished run of turbot-onboard. Attached to nothing.")
            .set_tags(Some(tags));
        let made = self
            .call(OPERATION, Repeat::Creation, Patience::none(), || {
                request.clone().customize().config_override(once()).send()
            })
            .await?;
        made.try_map(|answer| {
            let policy = answer.policy.ok_or_else(|| AwsError::incomplete(OPERATION, "the answer has no policy"))?;
            let expected = format!("arn:{partition}:iam::{account}:policy{JOURNAL_PATH}{name}");
            let arn = PolicyArn::new(policy.arn().unwrap_or(&expected))
                .map_err(|e| AwsError::incomplete(OPERATION, e.to_string()))?;
            let policy_id = policy.policy_id().unwrap_or_default().to_owned();
            self.births().note(&arn);
            let (made_at, record) = (made_at(&policy), Some(record.clone()));
            Ok(Journal { generation, arn, policy_id, made_at, attached: false, record })
        })
    }

    /// Reads one journal object; `None` if it does not exist (or not yet) or is none by its name.
    ///
    /// # Errors
    /// The read failed.
    pub async fn read_journal(&self, arn: &PolicyArn) -> Result<Option<Journal>, AwsError> {
        let request = self.iam().get_policy().policy_arn(arn.as_str());
        match self.read("GetPolicy", || request.clone().send()).await {
            Ok(answer) => Ok(answer.policy.as_ref().and_then(journal)),
            Err(error) if error.is(AwsErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All journal objects with their records, oldest generation first. The list may lag behind by some seconds.
    ///
    /// # Errors
    /// A read failed.
    pub async fn journals(&self) -> Result<Vec<Journal>, AwsError> {
        let arns = self.journal_arns().await?;
        self.read_journals(&arns).await
    }

    /// The generations of all journal objects, by the list alone: one call where there are fewer than a hundred policies.
    ///
    /// # Errors
    /// The read failed.
    pub async fn journal_generations(&self) -> Result<Vec<u32>, AwsError> {
        let arns = self.journal_arns().await?;
        Ok(arns.iter().filter_map(|arn| Journal::generation_of(arn.name())).collect())
    }

    pub(crate) async fn journal_arns(&self) -> Result<Vec<PolicyArn>, AwsError> {
        let request = self.iam().list_policies().scope(PolicyScopeType::Local).path_prefix(JOURNAL_PATH);
        let policies = pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                let page = self.read("ListPolicies", || request.clone().send()).await?;
                Ok((page.policies.unwrap_or_default(), page.marker.filter(|_| page.is_truncated)))
            }
        })
        .await?;
        Ok(policies.iter().filter_map(|p| Some(journal(p)?.arn)).collect())
    }

    /// Reads what is listed. While the list shows what a read does not find, one of them is old: both are asked again
    /// until they agree, within the settings' patience; after that the reads count, which are of one object each.
    pub(crate) async fn read_journals(&self, arns: &[PolicyArn]) -> Result<Vec<Journal>, AwsError> {
        let mut journals = Vec::new();
        let mut missing = arns.to_vec();
        let (begun, pace) = (Instant::now(), self.patience());
        loop {
            let read = futures::future::try_join_all(missing.iter().map(|arn| self.read_journal(arn))).await?;
            let found: Vec<Journal> = read.into_iter().flatten().collect();
            missing.retain(|arn| found.iter().all(|journal| journal.arn != *arn));
            journals.extend(found);
            if missing.is_empty() || begun.elapsed() >= pace.limit {
                break;
            }
            tokio::time::sleep(pace.interval).await;
            let listed = self.journal_arns().await?;
            missing.retain(|arn| listed.contains(arn));
            if missing.is_empty() {
                break;
            }
        }
        journals.sort_by_key(|j| j.generation);
        Ok(journals)
    }

    /// Writes a record: tags what is new or changed, and always the time of the claim; then untags what is gone.
    ///
    /// # Errors
    /// [`AwsErrorKind::NotFound`] (after the settings' patience) where the journal object is gone: the claim was lost.
    pub async fn write_journal(&self, arn: &PolicyArn, record: &Record, before: &Record) -> Result<Done<()>, AwsError> {
        const TAG: &str = "TagPolicy";
        let (put, gone) = changes(&tags_of(before, TAG)?, &tags_of(record, TAG)?);
        let request = self.iam().tag_policy().policy_arn(arn.as_str()).set_tags(Some(iam_tags(&put)));
        let mut done =
            self.call(TAG, Repeat::Safely, self.patient_with_new(), || request.clone().send()).await?.map(drop);
        if !gone.is_empty() {
            let request = self.iam().untag_policy().policy_arn(arn.as_str()).set_tag_keys(Some(gone));
            let patience = self.patient_with_new();
            done = self.call("UntagPolicy", Repeat::Safely, patience, || request.clone().send()).await?.map(drop);
        }
        Ok(done)
    }

    /// Deletes a journal object; one that is gone is a success. Versions that somebody added are deleted first.
    ///
    /// # Errors
    /// [`AwsErrorKind::Conflict`] where it is attached to something, which this tool never does.
    pub async fn delete_journal(&self, arn: &PolicyArn) -> Result<Done<()>, AwsError> {
        match self.delete_policy(arn).await {
            Err(error) if error.is(AwsErrorKind::Conflict) => {
                self.delete_other_versions(arn).await?;
                self.delete_policy(arn).await
            }
            other => other,
        }
    }

    async fn delete_policy(&self, arn: &PolicyArn) -> Result<Done<()>, AwsError> {
        let request = self.iam().delete_policy().policy_arn(arn.as_str());
        // Not `remove`: a conflict here has a reason that waiting does not cure.
        self.take_off("DeletePolicy", arn, || request.clone().send()).await
    }

    async fn delete_other_versions(&self, arn: &PolicyArn) -> Result<(), AwsError> {
        let request = self.iam().list_policy_versions().policy_arn(arn.as_str());
        let versions = pages(|marker| {
            let request = request.clone().set_marker(marker);
            async move {
                let page = self.read("ListPolicyVersions", || request.clone().send()).await?;
                Ok((page.versions.unwrap_or_default(), page.marker.filter(|_| page.is_truncated)))
            }
        })
        .await?;
        for version in versions.iter().filter(|v| !v.is_default_version) {
            let id = version.version_id().unwrap_or_default();
            let request = self.iam().delete_policy_version().policy_arn(arn.as_str()).version_id(id);
            self.take_off("DeletePolicyVersion", arn, || request.clone().send()).await?;
        }
        Ok(())
    }
}

pub(crate) fn iam_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(|pair| tag(pair).expect("key and value are given")).collect()
}

pub(crate) fn tag_map(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

fn tags_of(record: &Record, operation: &'static str) -> Result<BTreeMap<String, String>, AwsError> {
    record.tags().map_err(|error| AwsError::new(AwsErrorKind::InvalidInput, operation, error.to_string()))
}

/// What to tag and what to untag, for one record to become another.
fn changes(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let claimed_at = format!("{TAG_PREFIX}{CLAIMED_AT}");
    let put = after.iter().filter(|(k, v)| before.get(*k) != Some(*v) || **k == claimed_at);
    let gone = before.keys().filter(|k| !after.contains_key(*k));
    (put.map(|(k, v)| (k.clone(), v.clone())).collect(), gone.cloned().collect())
}

fn journal(policy: &Policy) -> Option<Journal> {
    let arn = PolicyArn::new(policy.arn()?).ok()?;
    let generation = Journal::generation_of(policy.policy_name().unwrap_or_else(|| arn.name()))?;
    let attached =
        policy.attachment_count().unwrap_or(0) > 0 || policy.permissions_boundary_usage_count().unwrap_or(0) > 0;
    let record = Record::from_tags(&tag_map(policy.tags()));
    let policy_id = policy.policy_id().unwrap_or_default().to_owned();
    Some(Journal { generation, arn, policy_id, made_at: made_at(policy), attached, record })
}

fn made_at(policy: &Policy) -> Option<Timestamp> {
    Timestamp::from_second(policy.create_date()?.secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| (format!("{TAG_PREFIX}{k}"), (*v).to_owned())).collect()
    }

    #[test]
    fn only_changes_are_written_and_the_claim_always() {
        let before = map(&[("run", "1"), ("claimed-at", "t"), ("import-requested", "t")]);
        let after = map(&[("run", "1"), ("claimed-at", "t"), ("import-accepted", "t2")]);
        let (put, gone) = changes(&before, &after);
        assert_eq!(put, map(&[("claimed-at", "t"), ("import-accepted", "t2")]));
        assert_eq!(gone, ["turbot-onboard:import-requested"]);
    }

    #[test]
    fn foreign_policies_under_the_path_are_no_journals() {
        let policy = |name: &str| {
            Policy::builder()
                .arn(format!("arn:aws:iam::111122223333:policy/turbot-onboard/{name}"))
                .policy_name(name)
                .policy_id("ANPA1")
                .attachment_count(1)
                .build()
        };
        assert_eq!(journal(&policy("somebody-elses")), None);
        let read = journal(&policy("turbot-onboard-3")).unwrap();
        assert_eq!((read.generation, read.attached, read.record), (3, true, None));
    }
}
