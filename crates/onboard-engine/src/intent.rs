//! Where the intent to import is written before it is sent: the journal, or the hand-off file.

use std::time::Duration;

use aws_bootstrap::{Aws, Pace};
use jiff::Timestamp;
use onboard_core::When;
use turbot_import::Turbot;

use crate::claim::Claim;
use crate::clock::Moment;
use crate::halt::Halt;
use crate::handoff::OpenHandoff;

/// The keeper of the intent.
pub(crate) enum Intent<'a> {
    /// The journal object in the account.
    Journal { claim: &'a Claim, aws: &'a Aws, pace: Pace },
    /// The hand-off file, for those who have no access to the account.
    File { file: &'a mut OpenHandoff, entry: usize, unsettled: bool, turbot: &'a Turbot },
}

impl Intent<'_> {
    /// Writes the intent; with the journal, the claim is then proved still to be ours.
    pub(crate) async fn declare(&mut self) -> Result<(), Halt> {
        match self {
            Self::Journal { claim, aws, pace } => {
                claim.intend_import(aws.now(), pace).await.map_err(|e| Halt::claim(&e))
            }
            // The next run may be on another machine: Turbot's clock is the one that both see.
            Self::File { file, entry, turbot, .. } => file.request(*entry, Some(turbot.now())).map_err(Halt::Failed),
        }
    }

    /// Whether the import may still be sent: the intent is not older than `within`, and the claim is ours. A machine that
    /// slept since, or a slow disk, makes it untrue.
    pub(crate) async fn stands(&self, declared: Moment, within: Duration) -> bool {
        declared.elapsed() < within
            && match self {
                Self::Journal { claim, .. } => claim.is_fresh().await,
                Self::File { .. } => true,
            }
    }

    /// Declares it once more, with the present time; nothing was sent since.
    pub(crate) async fn declare_again(&mut self) -> Result<(), Halt> {
        match self {
            Self::Journal { claim, aws, pace } => {
                claim.renew_intent(aws.now(), pace).await.map_err(|e| Halt::claim(&e))
            }
            Self::File { file, entry, turbot, .. } => file.request(*entry, Some(turbot.now())).map_err(Halt::Failed),
        }
    }

    /// A definite end of an import: the intent goes.
    pub(crate) async fn ends(&mut self) -> Result<(), Halt> {
        match self {
            Self::Journal { claim, .. } => {
                claim.write(|record| record.import_requested = None).await.map(|_| ()).map_err(|e| Halt::claim(&e))
            }
            Self::File { file, entry, .. } => file.request(*entry, None).map_err(Halt::Failed),
        }
    }

    /// Turbot accepted it. The hand-off keeps its time: whoever runs it again looks first.
    pub(crate) async fn accepted(&mut self) -> Result<(), Halt> {
        match self {
            Self::Journal { claim, aws, .. } => {
                let now = When::At(aws.now());
                claim.write(|record| record.import_accepted = Some(now)).await.map(|_| ()).map_err(|e| Halt::claim(&e))
            }
            Self::File { .. } => Ok(()),
        }
    }

    /// Whether an earlier import never had a definite answer.
    pub(crate) async fn unsettled(&self) -> bool {
        match self {
            Self::Journal { claim, .. } => claim.record().await.import_unsettled,
            Self::File { unsettled, .. } => *unsettled,
        }
    }

    /// For the record: AWS's time where it is known, else this machine's.
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::Journal { aws, .. } => aws.now(),
            Self::File { .. } => Timestamp::now(),
        }
    }
}
