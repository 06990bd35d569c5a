//! What a run is made from, beside the account.

use onboard_core::{MaintenanceSpelling, Times};

use super::audit::Audited;
use super::resolver::Resolver;
use super::times;
use super::turbot::{self, Need, TurbotOptions};

/// The settings that all accounts of a run share.
#[derive(Debug)]
pub(crate) struct SessionPart {
    pub(crate) times: Times,
    pub(crate) spelling: MaintenanceSpelling,
    pub(crate) turbot: Option<TurbotOptions>,
    pub(crate) take_over: bool,
    pub(crate) quick: bool,
    pub(crate) keep_on_failure: bool,
    pub(crate) assume_not_sent: bool,
    pub(crate) allowed_endpoint: Option<String>,
    pub(crate) audited: Audited,
}

impl SessionPart {
    /// Resolves them; `None` if Turbot is needed and its settings are missing or wrong.
    pub(crate) fn resolve(r: &Resolver<'_>, need: Need) -> Option<Self> {
        let part = Self {
            times: times::resolve(r),
            spelling: turbot::spelling(r),
            turbot: turbot::resolve(r, need),
            take_over: r.flag("take-over"),
            quick: r.flag("quick"),
            keep_on_failure: r.choice("on-failure") == Some("keep"),
            assume_not_sent: r.flag("assume-not-sent"),
            allowed_endpoint: r.text("allow-endpoint"),
            audited: Audited::NoEffects,
        };
        (need == Need::Optional || part.turbot.is_some()).then_some(part)
    }

    /// The same for a verb that changes something.
    pub(crate) fn audited(self) -> Self {
        Self { audited: Audited::Always, ..self }
    }
}
