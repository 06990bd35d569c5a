//! Carrying a plan out: one step, one effect. Nothing is chosen here.

use aws_bootstrap::{
    AwsError, AwsErrorKind, Certainty, NewRole, NewUser, RoleAwaited, TrustAwaited, UserAwaited, WaitError,
};
use onboard_core::{
    ErrorKind, ErrorReport, KeyFate, Plan, PolicyArn, Principal, Record, Step, StepResult, TrustPolicy, With, shown,
};

use crate::claim::{self, ClaimError, Terms};
use crate::clock::Moment;
use crate::failure;
use crate::halt::Halt;
use crate::recorder::Effected;
use crate::worker::{AwsHalt, Worker};

/// How the audit log names the giving of a credential to whom `bootstrap` gives it.
const GIVE: &str = "handoff:give";

/// What a step came to when it did not halt.
enum Came {
    Done,
    Unchanged,
}

impl Worker<'_> {
    /// Carries the steps out in order, up to the first that halts.
    pub(crate) async fn carry_out(&mut self, plan: &Plan, hand: &mut dyn crate::HandOff) -> Result<(), Halt> {
        for step in &plan.steps {
            self.check_stop()?;
            if let Step::Claim { record, .. } = step {
                self.note_in_journal(record).await?;
                continue;
            }
            let begun = self.begin_step(step);
            let result = Box::pin(self.step(step, hand)).await;
            let shown = match &result {
                Ok(Came::Done) => StepResult::Done,
                Ok(Came::Unchanged) => StepResult::Unchanged,
                Err(halt) => halt.of_its_step(),
            };
            self.end_step(step, begun, shown);
            let may_be_done = matches!(shown, StepResult::Done | StepResult::Unknown);
            if may_be_done && matches!(step, Step::SetTrust { .. } | Step::Tag { .. } | Step::Attach { .. }) {
                self.done.push(step.clone());
            }
            result?;
        }
        Ok(())
    }

    /// One step outside a plan's order: an undo, or a verb that is a single step.
    pub(crate) async fn single(&mut self, step: &Step) -> Result<(), Halt> {
        Box::pin(self.step(step, &mut crate::handoff::Nowhere)).await.map(|_| ())
    }

    async fn step(&mut self, step: &Step, hand: &mut dyn crate::HandOff) -> Result<Came, Halt> {
        match step {
            Step::Claim { record, .. } | Step::Note { record } => self.note_in_journal(record).await?,
            Step::CreateRole { .. } | Step::CreateUser { .. } => self.create(step).await?,
            Step::SetTrust { role, after, .. } => {
                self.fresh_effect(step, |aws| async move { aws.set_trust(role, after).await }).await?;
            }
            Step::SetRole { role, after, .. } => {
                self.fresh_effect(step, |aws| async move { aws.set_role(role, &after.0, after.1).await }).await?;
            }
            Step::SetBoundary { principal, after, .. } => self.boundary(step, principal, after.as_ref()).await?,
            Step::Tag { principal, after, .. } => match principal {
                Principal::Role(name) => {
                    self.fresh_effect(step, |aws| async move { aws.tag_role(name, after).await }).await?
                }
                Principal::User(name) => {
                    self.fresh_effect(step, |aws| async move { aws.tag_user(name, after).await }).await?
                }
            },
            Step::Untag { principal, tags } => {
                let keys = &tags.keys().cloned().collect::<Vec<String>>();
                match principal {
                    Principal::Role(name) => {
                        self.plain_effect(step, |aws| async move { aws.untag_role(name, keys).await }).await?;
                    }
                    Principal::User(name) => {
                        self.plain_effect(step, |aws| async move { aws.untag_user(name, keys).await }).await?;
                    }
                }
            }
            Step::Attach { principal, policy } => match principal {
                Principal::Role(name) => {
                    self.fresh_effect(step, |aws| async move { aws.attach_role_policy(name, policy).await }).await?;
                }
                Principal::User(name) => {
                    self.fresh_effect(step, |aws| async move { aws.attach_user_policy(name, policy).await }).await?;
                }
            },
            Step::Detach { principal: Principal::User(_), .. } | Step::DeleteUser { .. } if self.credential_left => {
                return Ok(Came::Unchanged);
            }
            Step::Detach { principal, policy } => self.detach(step, principal, policy).await?,
            Step::DeleteInline { principal, name: policy } => match principal {
                Principal::Role(name) => {
                    self.plain_effect(step, |aws| async move { aws.delete_role_inline_policy(name, policy).await })
                        .await?;
                }
                Principal::User(name) => {
                    self.plain_effect(step, |aws| async move { aws.delete_user_inline_policy(name, policy).await })
                        .await?;
                }
            },
            Step::ReadBack { principal, policies } => self.read_back(step, principal, policies).await?,
            Step::CreateKey { user } => self.create_key(step, user).await?,
            Step::ProveKey { user } => self.prove_key(step, user).await?,
            Step::DeactivateKey { user, key, .. } => {
                self.plain_effect(step, |aws| async move { aws.deactivate_access_key(user, key).await }).await?;
            }
            Step::DeleteKey { user, key, fate } => {
                self.plain_effect(step, |aws| async move { aws.delete_access_key(user, key).await }).await?;
                if *fate == KeyFate::Lost {
                    self.note(format!("access key {key}, whose secret was lost, is deleted"));
                }
            }
            Step::ProveExternalId { role, profile } => self.prove_external_id(role, profile).await?,
            Step::Import { check_mode, delete_credential, .. } => {
                self.import(*check_mode, *delete_credential).await?;
            }
            Step::AwaitVisible { .. } => self.await_visible().await?,
            Step::AwaitDeletion { principal } => {
                if !self.await_deletion(principal).await? {
                    return Ok(Came::Unchanged);
                }
            }
            Step::HandOver { .. } => self.hand_over(step, hand).await?,
            Step::DeleteRole { role } => self.delete_principal(step, &Principal::Role(role.clone())).await?,
            Step::DeleteUser { user } => self.delete_principal(step, &Principal::User(user.clone())).await?,
            Step::Release { .. } => self.release().await?,
            Step::SetMaintenance { urn, level, .. } => self.set_maintenance(step, urn, *level).await?,
        }
        Ok(Came::Done)
    }

    /// Makes the claim. It says nothing yet: what it is about is written when everything was looked at under it.
    pub(crate) async fn take_claim(&mut self, step: &Step) -> Result<(), Halt> {
        let (Step::Claim { generation, record, .. }, Some(look)) = (step, &self.look) else {
            return Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "a claim without a look")));
        };
        let caller = look.aws.caller.clone();
        let begun = self.begin_step(step);
        let (lease, stop) = (self.session.times.lease, self.session.stop.clone());
        let terms = Terms { lease, at_once: self.session.take_over, pace: self.pace(), stop: &stop };
        match claim::acquire(&self.aws, self.journal_recorder(), &caller, *generation, record, &terms).await {
            Ok((claim, _)) => {
                self.claim = Some(claim);
                self.took_over |= *generation > 1;
                self.effects += 1;
                self.end_step(step, begun, StepResult::Done);
                Ok(())
            }
            Err(error) => {
                let result = if matches!(error, ClaimError::Taken) { StepResult::Unknown } else { StepResult::Failed };
                self.end_step(step, begun, result);
                Err(Halt::claim(&error))
            }
        }
    }

    /// Writes into the journal.
    pub(crate) async fn write_journal(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), Halt> {
        match &self.claim {
            Some(claim) => claim.write(change).await.map(drop).map_err(|e| Halt::claim(&e)),
            None => Ok(()),
        }
    }

    async fn note_in_journal(&mut self, record: &Record) -> Result<(), Halt> {
        let record = record.clone();
        self.write_journal(move |standing| *standing = record).await
    }

    async fn create(&mut self, step: &Step) -> Result<(), Halt> {
        let made = match step {
            Step::CreateRole { name, path, description, max_session_duration, boundary, tags, trust } => {
                let document = trust.document();
                let role = &NewRole {
                    name,
                    path,
                    description,
                    max_session_duration: *max_session_duration,
                    boundary: boundary.as_ref(),
                    tags,
                    trust: &document,
                };
                self.effect(step, |aws| async move { aws.create_role(role).await })
                    .await
                    .map(|made| (made.arn, made.unique_id))
            }
            Step::CreateUser { name, path, boundary, tags } => {
                let user = &NewUser { name, path, boundary: boundary.as_ref(), tags };
                self.effect(step, |aws| async move { aws.create_user(user).await })
                    .await
                    .map(|made| (made.arn, made.unique_id))
            }
            _ => unreachable!("only roles and users are created here"),
        };
        match made {
            Ok((arn, unique_id)) => {
                self.made = Some(unique_id.clone());
                self.set_principal(arn, unique_id);
                Ok(())
            }
            Err(AwsHalt::Aws(error))
                if error.is(AwsErrorKind::AlreadyExists) || error.certainty == Certainty::MaybeDone =>
            {
                // Perhaps our own, whose answer was lost: once it shows, its tags and the journal tell.
                self.await_appearance().await?;
                Err(Halt::aws(&step.sentence(), &error))
            }
            Err(halt) => Err(halt.into_halt(step)),
        }
    }

    /// After a lost answer: waits, for a bounded time, until the role or user shows, before everything is looked at anew.
    async fn await_appearance(&mut self) -> Result<(), Halt> {
        let (begun, pace, wanted) = (Moment::now(), self.pace(), self.wanted);
        let mut reads = 0;
        // A name that is taken shows in the end; one whose creation was lost may never. A dozen reads decide.
        while reads < 12 && begun.elapsed() < pace.limit {
            let there = match wanted.with {
                With::Role => self.aws.read_role(&wanted.role_name).await.map(|r| r.is_some()),
                With::Keys => self.aws.read_user(&wanted.user_name).await.map(|u| u.is_some()),
            };
            if there.map_err(|e| Halt::aws("looking at what was made", &e))? {
                return Ok(());
            }
            reads += 1;
            self.pause(pace.interval).await?;
        }
        Ok(())
    }

    async fn boundary(&mut self, step: &Step, principal: &Principal, after: Option<&PolicyArn>) -> Result<(), Halt> {
        match principal {
            Principal::Role(name) => {
                self.fresh_effect(step, |aws| async move { aws.set_role_boundary(name, after).await }).await
            }
            Principal::User(name) => {
                self.fresh_effect(step, |aws| async move { aws.set_user_boundary(name, after).await }).await
            }
        }
    }

    async fn detach(&mut self, step: &Step, principal: &Principal, policy: &PolicyArn) -> Result<(), Halt> {
        match principal {
            Principal::Role(name) => {
                self.plain_effect(step, |aws| async move { aws.detach_role_policy(name, policy).await }).await
            }
            Principal::User(name) => {
                self.plain_effect(step, |aws| async move { aws.detach_user_policy(name, policy).await }).await
            }
        }
    }

    /// The trust policy the role must have, by the external ID in force.
    fn trust(&self) -> Result<TrustPolicy, Halt> {
        let (Some(look), Some(external_id)) = (&self.look, &self.external_id) else {
            return Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "a role without an external ID")));
        };
        Ok(TrustPolicy {
            partition: look.aws.caller.partition().clone(),
            account: self.wanted.master_account_id.clone(),
            external_id: external_id.clone(),
        })
    }

    /// Reads back in a streak; beside it, the journal learns the unique id.
    async fn read_back(&mut self, step: &Step, principal: &Principal, policies: &[PolicyArn]) -> Result<(), Halt> {
        let pace = self.pace();
        let unique_id = self.unique_id.clone().unwrap_or_default();
        let known = match &self.claim {
            Some(claim) => claim.record().await.unique_id.as_deref() == Some(unique_id.as_str()),
            None => true,
        };
        let trust = match principal {
            Principal::Role(_) => Some(self.trust()?),
            Principal::User(_) => None,
        };
        let known_id = self.unique_id.as_deref();
        let boundary = self.expected_boundary().await;
        let boundary = boundary.as_ref();
        let aws = self.aws.clone();
        let read = async {
            match (principal, &trust) {
                (Principal::Role(name), Some(trust)) => {
                    let trust = TrustAwaited::Policy(trust);
                    aws.await_role(&pace, name, &RoleAwaited { unique_id: known_id, trust, policies, boundary }).await
                }
                (Principal::User(name), _) => {
                    let awaited = UserAwaited { unique_id: known_id, policies, boundary, keys: None };
                    aws.await_user(&pace, name, &awaited).await
                }
                (Principal::Role(_), None) => unreachable!("a role's trust was made above"),
            }
        };
        let noted = async {
            match &self.claim {
                Some(claim) if !known && !unique_id.is_empty() => {
                    claim.write(|record| record.unique_id = Some(unique_id.clone())).await.map(|_| ())
                }
                _ => Ok(()),
            }
        };
        let stop = self.session.stop.clone();
        let (read, noted) = tokio::join!(stop.or(read), noted);
        noted.map_err(|e| Halt::claim(&e))?;
        match read {
            None => Err(Halt::Interrupted),
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(wait_halt(&step.sentence(), &error)),
        }
    }

    /// An adopted principal keeps its own boundary; every other has the one wanted.
    pub(crate) async fn expected_boundary(&self) -> Option<PolicyArn> {
        let adopted = match &self.claim {
            Some(claim) => claim.record().await.origin == onboard_core::Origin::Adopted,
            None => false,
        };
        if adopted { self.adopted_boundary() } else { self.wanted.permissions_boundary.clone() }
    }

    fn adopted_boundary(&self) -> Option<PolicyArn> {
        let look = &self.look.as_ref()?.aws;
        match self.wanted.with {
            With::Role => look.role(self.wanted.role_name.as_str())?.boundary.clone(),
            With::Keys => look.user(self.wanted.user_name.as_str())?.boundary.clone(),
        }
    }

    /// Deletes a role or user; what AWS still finds on it, because its reads were stale, goes first.
    async fn delete_principal(&mut self, step: &Step, principal: &Principal) -> Result<(), Halt> {
        let (begun, pace) = (Moment::now(), self.pace());
        loop {
            let deleted = match principal {
                Principal::Role(name) => self.effect(step, |aws| async move { aws.delete_role(name).await }).await,
                Principal::User(name) => self.effect(step, |aws| async move { aws.delete_user(name).await }).await,
            };
            match deleted {
                Ok(()) => return Ok(()),
                Err(AwsHalt::Aws(error)) if error.is(AwsErrorKind::Conflict) && begun.elapsed() < pace.limit => {
                    let holders = self.holders(principal).await.map_err(|e| Halt::aws(&step.sentence(), &e))?;
                    if !holders.is_empty() {
                        return Err(Halt::Failed(failure::of_holders(step, &holders)));
                    }
                    for taken_off in self.still_on(principal).await.map_err(|e| Halt::aws(&step.sentence(), &e))? {
                        self.single(&taken_off).await?;
                    }
                    self.pause(pace.interval).await?;
                }
                Err(halt) => return Err(halt.into_halt(step)),
            }
        }
    }

    /// Taking off what a role or user that is to be deleted has by now: policies, and keys.
    async fn still_on(&self, principal: &Principal) -> Result<Vec<Step>, AwsError> {
        let detach = |policy| Step::Detach { principal: principal.clone(), policy };
        match principal {
            Principal::Role(name) => {
                let attached = self.aws.read_role(name).await?.map(|role| role.attached).unwrap_or_default();
                Ok(attached.into_iter().map(detach).collect())
            }
            Principal::User(name) => {
                let (user, keys) = tokio::try_join!(self.aws.read_user(name), self.aws.list_access_keys(name))?;
                let attached = user.map(|user| user.attached).unwrap_or_default();
                let fate = if self.undoing { KeyFate::Undone } else { KeyFate::Removed };
                let keys = keys.into_iter().flatten();
                let keys = keys.map(|key| Step::DeleteKey { user: name.clone(), key: key.id, fate });
                Ok(keys.chain(attached.into_iter().map(detach)).collect())
            }
        }
    }

    /// What keeps a role or user from being deleted, and is not this tool's to remove.
    async fn holders(&self, principal: &Principal) -> Result<Vec<String>, AwsError> {
        match principal {
            Principal::Role(name) => {
                let profiles = match self.aws.instance_profiles_of(name).await {
                    // Not among the least permissions: whoever may not look is told of the conflict alone.
                    Err(error) if error.is(AwsErrorKind::Denied) => vec![],
                    looked => looked?,
                };
                Ok(profiles.iter().map(|profile| format!("the instance profile {}", shown(profile))).collect())
            }
            Principal::User(name) => self.aws.other_access(name, true).await,
        }
    }

    pub(crate) async fn release(&mut self) -> Result<(), Halt> {
        match self.claim.take() {
            Some(claim) => claim.release().await.map(drop).map_err(|e| Halt::claim(&e)),
            None => Ok(()),
        }
    }

    async fn hand_over(&mut self, step: &Step, hand: &mut dyn crate::HandOff) -> Result<(), Halt> {
        let credential = self.credential()?;
        let now = onboard_core::When::At(self.aws.now());
        // Before the file: a key that may be with somebody is never deleted as lost.
        self.write_journal(|record| record.handed_over = Some(now)).await?;
        let recorder = self.recorder(step);
        recorder.before(GIVE, self.aws.now())?;
        let handed = hand.give(&crate::handoff::Handed {
            wanted: self.wanted,
            credential: &credential,
            arn: self.arn.as_ref(),
            unique_id: self.unique_id.as_deref(),
            partition: self.look.as_ref().map(|l| l.aws.caller.partition()),
            delete_credential: match &self.claim {
                Some(claim) => claim.record().await.delete_credential,
                None => true,
            },
            made_at: self.aws.now(),
            run: &self.session.run,
        });
        if let Err(error) = handed {
            recorder.after(GIVE, self.aws.now(), Effected::Failed(&error.message))?;
            self.write_journal(|record| record.handed_over = None).await?;
            return Err(Halt::Failed(error));
        }
        recorder.after(GIVE, self.aws.now(), Effected::Done)
    }
}

pub(crate) fn wait_halt(doing: &str, error: &WaitError) -> Halt {
    match error {
        WaitError::Wrong { what, found, .. } => Halt::Again(format!("{what}: {found}")),
        WaitError::Aws { error, .. } => Halt::aws(doing, error),
        WaitError::TimedOut { .. } => Halt::Failed(failure::of_wait(doing, error)),
    }
}
