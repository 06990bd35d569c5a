//! Proofs before anything is handed over: that the new key works, and that the external ID is asked for.

use aws_bootstrap::{AwsErrorKind, Certainty, UserAwaited, WaitError};
use onboard_core::{AccessKeyId, ErrorKind, ErrorReport, ExternalId, RoleName, Step, UserName};

use crate::clock::Moment;
use crate::failure;
use crate::halt::Halt;
use crate::session::AwsAccess;
use crate::steps::wait_halt;
use crate::worker::{AwsHalt, Worker};

impl Worker<'_> {
    pub(crate) async fn create_key(&mut self, step: &Step, user: &UserName) -> Result<(), Halt> {
        match self.effect(step, |aws| async move { aws.create_access_key(user).await }).await {
            Ok(key) => {
                self.report.access_key_id = Some(key.id.to_string());
                self.key = Some(key);
                Ok(())
            }
            Err(AwsHalt::Aws(error)) if error.certainty == Certainty::MaybeDone => {
                // A key may exist whose secret nobody has: let it show, so that the next look finds and deletes it.
                let (begun, pace) = (Moment::now(), self.pace());
                let known = self.known_keys().await;
                for _ in 0..12 {
                    let keys =
                        self.aws.list_access_keys(user).await.map_err(|e| Halt::aws("listing access keys", &e))?;
                    if keys.iter().flatten().any(|k| !known.contains(&k.id.to_string())) || begun.elapsed() > pace.limit
                    {
                        break;
                    }
                    self.pause(pace.interval).await?;
                }
                Err(Halt::aws(&step.sentence(), &error))
            }
            Err(halt) => Err(halt.into_halt(step)),
        }
    }

    async fn known_keys(&self) -> Vec<String> {
        match &self.claim {
            Some(claim) => claim.record().await.prior_keys,
            None => vec![],
        }
    }

    /// The key answers steadily, may do what the policy allows, and is the user's only new one.
    pub(crate) async fn prove_key(&mut self, step: &Step, user: &UserName) -> Result<(), Halt> {
        let Some(key) = &self.key else {
            return Err(Halt::Again("the new key's secret is not here".into()));
        };
        let (Some(arn), pace) = (&self.arn, self.pace()) else {
            return Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "a key without a user")));
        };
        let mut exactly: Vec<AccessKeyId> =
            self.known_keys().await.into_iter().filter_map(|id| AccessKeyId::new(id).ok()).collect();
        exactly.push(key.id.clone());
        let as_user = self.aws.with_static_key(&key.id, &key.secret);
        let boundary = self.expected_boundary().await;
        let awaited = UserAwaited {
            unique_id: self.unique_id.as_deref(),
            policies: &[],
            boundary: boundary.as_ref(),
            keys: Some(&exactly),
        };
        let administrator = self.wanted.policies.is_empty();
        let answers = async {
            if administrator {
                as_user.await_key(&pace, arn).await
            } else {
                as_user.await_key_answers(&pace, arn).await
            }
        };
        let proof = async { tokio::try_join!(answers, self.aws.await_user(&pace, user, &awaited)) };
        match self.session.stop.or(proof).await {
            None => Err(Halt::Interrupted),
            Some(Ok(_)) => Ok(()),
            // Another key beside ours: found by the next look, which knows whether it is a lost one.
            Some(Err(WaitError::Wrong { what, found, .. })) => Err(Halt::Again(format!("{what}: {found}"))),
            Some(Err(error)) => Err(wait_halt(&step.sentence(), &error)),
        }
    }

    /// With the external ID: assumed. Without it and with a wrong one: refused.
    pub(crate) async fn prove_external_id(&mut self, role: &RoleName, profile: &str) -> Result<(), Halt> {
        let access = AwsAccess {
            profile: Some(profile.to_owned()),
            region: self.job.aws.region.clone(),
            ..AwsAccess::default()
        };
        let master = self.session.aws(&access, None).await.map_err(Halt::Failed)?;
        let caller =
            master.caller().await.map_err(|e| Halt::Failed(failure::of_aws("asking who --verify-as is", &e)))?;
        let unproved = |message: String, hint: &str| {
            Halt::Failed(ErrorReport::new(ErrorKind::ExternalIdUnproved, message).hint(hint))
        };
        if caller.account != self.wanted.master_account_id {
            return Err(unproved(
                format!(
                    "the profile {profile} is of account {}, not of Turbot's master account {}",
                    caller.account, self.wanted.master_account_id
                ),
                "give a profile of the master account with --verify-as",
            ));
        }
        let (Some(arn), Some(external_id)) = (self.arn.clone(), self.external_id.clone()) else {
            return Err(Halt::Failed(ErrorReport::new(
                ErrorKind::Bug,
                format!("role {role} without ARN or external ID"),
            )));
        };
        let (begun, pace) = (Moment::now(), self.pace());
        loop {
            match master.assume(&arn, Some(&external_id)).await {
                Ok(()) => break,
                Err(error)
                    if begun.elapsed() < pace.limit
                        && (error.is(AwsErrorKind::Denied) || error.kind.is_transient()) =>
                {
                    self.waiting("the master account to be able to assume the role", begun.elapsed(), pace.limit);
                    self.pause(pace.interval).await?;
                }
                Err(error) => {
                    let report = failure::of_aws("assuming the role with its external ID", &error);
                    return Err(Halt::Failed(ErrorReport { kind: ErrorKind::ExternalIdUnproved, ..report }));
                }
            }
        }
        let wrong = ExternalId::new(format!("{external_id}-not").chars().take(1224).collect::<String>());
        let wrong = wrong.ok().filter(|w| *w != external_id);
        for (words, tried) in [("without an external ID", None), ("with a wrong external ID", wrong.as_ref())] {
            if tried.is_none() && words.contains("wrong") {
                continue;
            }
            match master.assume(&arn, tried).await {
                Err(error) if error.is(AwsErrorKind::Denied) => {}
                Ok(()) => {
                    return Err(unproved(
                        format!("the role can be assumed {words}"),
                        "somebody changed its trust policy; run the same command again",
                    ));
                }
                Err(error) => {
                    let report = failure::of_aws(&format!("assuming the role {words}"), &error);
                    return Err(Halt::Failed(ErrorReport { kind: ErrorKind::ExternalIdUnproved, ..report }));
                }
            }
        }
        Ok(())
    }
}
