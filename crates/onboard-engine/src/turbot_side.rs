//! Turbot, as one account sees it: looks, waits for the account to show, and what is said meanwhile.

use std::time::Duration;

use onboard_core::{AwsAccountId, ClusterId, ErrorReport, Presence, TurbotAccountId, TurbotObserved, Wanted};

use crate::clock::Moment;
use crate::event::Event;
use crate::halt::Halt;
use crate::session::Session;

/// Which account in Turbot it is about.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) account_id: AwsAccountId,
    pub(crate) turbot_id: TurbotAccountId,
    pub(crate) cluster_id: ClusterId,
    pub(crate) title: String,
}

impl From<&Wanted> for Target {
    fn from(wanted: &Wanted) -> Self {
        Self {
            account_id: wanted.account_id.clone(),
            turbot_id: wanted.turbot_id.clone(),
            cluster_id: wanted.cluster_id.clone(),
            title: wanted.title.clone(),
        }
    }
}

impl Target {
    pub(crate) fn urn(&self) -> String {
        self.cluster_id.account_urn(&self.turbot_id)
    }
}

/// One account's view of Turbot.
#[derive(Clone)]
pub(crate) struct TurbotSide<'a> {
    pub(crate) session: &'a Session,
    pub(crate) target: Target,
}

impl TurbotSide<'_> {
    pub(crate) async fn look(&self, maintenance: bool) -> Result<TurbotObserved, ErrorReport> {
        let turbot = self.session.turbot()?;
        let target = &self.target;
        let ids = (&target.cluster_id, &target.turbot_id, &target.account_id);
        Ok(self.session.look_at_turbot(turbot, ids, maintenance).await)
    }

    pub(crate) fn presence_in(&self, seen: &TurbotObserved) -> Presence {
        seen.presence(&self.target.cluster_id, &self.target.turbot_id, &self.target.account_id)
    }

    pub(crate) async fn presence(&self) -> Result<Presence, Halt> {
        let seen = self.look(false).await.map_err(Halt::Failed)?;
        Ok(self.presence_in(&seen))
    }

    /// Looks until the account is visible or in conflict, for a bounded time; the last presence seen.
    pub(crate) async fn poll_visible(&self, at_most: Duration) -> Result<Presence, Halt> {
        let begun = Moment::now();
        loop {
            let presence = self.presence().await?;
            let decided = matches!(presence, Presence::Visible(_) | Presence::Conflict { same_id: true, .. });
            if decided || begun.elapsed() >= at_most {
                return Ok(presence);
            }
            self.waiting("the account to show in Turbot", begun.elapsed(), at_most);
            let left = at_most.saturating_sub(begun.elapsed()) + Duration::from_millis(1);
            self.pause(self.session.times.turbot_interval().min(left)).await?;
        }
    }

    pub(crate) async fn pause(&self, duration: Duration) -> Result<(), Halt> {
        self.session.stop.or(tokio::time::sleep(duration)).await.ok_or(Halt::Interrupted)
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.session.note(&self.target.account_id, text);
    }

    pub(crate) fn waiting(&self, what: &str, waited: Duration, at_most: Duration) {
        (self.session.events)(Event::Waiting {
            account_id: self.target.account_id.to_string(),
            what: what.to_owned(),
            waited,
            at_most,
        });
    }
}
