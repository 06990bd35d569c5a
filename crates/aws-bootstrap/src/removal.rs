//! Patience and removals. For some seconds after a change IAM may answer as if it had not been made: 'not found' is then
//! no proof that something is gone, and a conflict none that it is still in use.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use onboard_core::{AccessKeyId, PolicyArn, RoleName, UserName};
use tokio::time::Instant;

use crate::call::{Done, Repeat};
use crate::connect::Aws;
use crate::error::{AwsError, AwsErrorKind};

/// Refusals that are repeated, each until its own time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patience(Vec<(AwsErrorKind, Instant)>);

impl Patience {
    /// Nothing is waited out.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    pub(crate) fn covers(&self, kind: AwsErrorKind, now: Instant) -> bool {
        self.0.iter().any(|(patient, until)| *patient == kind && now < *until)
    }
}

/// What a handle made, and when: only for such things is 'not found' waited out before it counts as gone.
#[derive(Debug, Default)]
pub(crate) struct Births(Mutex<HashMap<Entity, Instant>>);

/// A thing that is made and removed; names ignore case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Entity {
    Role(String),
    User(String),
    Key(String),
    Policy(String),
}

impl From<&RoleName> for Entity {
    fn from(name: &RoleName) -> Self {
        Self::Role(name.as_str().to_lowercase())
    }
}

impl From<&UserName> for Entity {
    fn from(name: &UserName) -> Self {
        Self::User(name.as_str().to_lowercase())
    }
}

impl From<&AccessKeyId> for Entity {
    fn from(id: &AccessKeyId) -> Self {
        Self::Key(id.as_str().to_owned())
    }
}

impl From<&PolicyArn> for Entity {
    fn from(arn: &PolicyArn) -> Self {
        Self::Policy(arn.as_str().to_lowercase())
    }
}

impl Births {
    pub(crate) fn note(&self, entity: impl Into<Entity>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entity.into(), Instant::now());
    }

    fn of(&self, entity: &Entity) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(entity).copied()
    }

    fn forget(&self, entity: &Entity) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(entity);
    }
}

impl Aws {
    /// The settings' patience, from now on, with these refusals.
    pub(crate) fn patient_with(&self, kinds: &[AwsErrorKind]) -> Patience {
        let until = Instant::now() + self.patience().limit;
        Patience(kinds.iter().map(|kind| (*kind, until)).collect())
    }

    /// The same with 'not found': for changes to what should be there.
    pub(crate) fn patient_with_new(&self) -> Patience {
        self.patient_with(&[AwsErrorKind::NotFound, AwsErrorKind::NoSuchPolicy])
    }

    /// Takes something off an entity. 'Not found' is its success, perhaps that of an attempt whose answer was lost; but
    /// of an entity that this handle made a moment ago it is waited out first.
    pub(crate) async fn take_off<T, E, F, Fut>(
        &self,
        operation: &'static str,
        entity: impl Into<Entity>,
        send: F,
    ) -> Result<Done<()>, AwsError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        self.removing(operation, &entity.into(), Patience::none(), send).await
    }

    /// Removes an entity itself. A conflict is waited out too: what was just taken off it may still count.
    pub(crate) async fn remove<T, E, F, Fut>(
        &self,
        operation: &'static str,
        entity: impl Into<Entity>,
        send: F,
    ) -> Result<Done<()>, AwsError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let entity = entity.into();
        let patience = self.patient_with(&[AwsErrorKind::Conflict]);
        let removed = self.removing(operation, &entity, patience, send).await?;
        self.births().forget(&entity);
        Ok(removed)
    }

    async fn removing<T, E, F, Fut>(
        &self,
        operation: &'static str,
        entity: &Entity,
        mut patience: Patience,
        send: F,
    ) -> Result<Done<()>, AwsError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        if let Some(born) = self.births().of(entity) {
            patience.0.push((AwsErrorKind::NotFound, born + self.patience().limit));
        }
        match self.call(operation, Repeat::Safely, patience, send).await {
            Ok(done) => Ok(done.map(drop)),
            Err(error) if error.is(AwsErrorKind::NotFound) => Ok(Done { value: (), request_id: error.request_id }),
            Err(error) => Err(error),
        }
    }
}
