//! What a run is made from, beside the account.

use onboard_core::{ErrorReport, MaintenanceSpelling, RunId, Times};
use onboard_engine::{AuditLog, Events, FleetSettings, SessionSettings, StopSignal, TurbotAccess};

use super::audit::Audited;
use super::fleet::Accounts;
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
    /// How a fleet is worked on, where there is one.
    pub(crate) fleet: Option<FleetSettings>,
    /// Why there can be no run although nothing is wrong with the settings.
    pub(crate) trouble: Option<ErrorReport>,
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
            fleet: None,
            trouble: None,
        };
        (need == Need::Optional || part.turbot.is_some()).then_some(part)
    }

    /// The same for a verb that changes something.
    pub(crate) fn audited(self) -> Self {
        Self { audited: Audited::Always, ..self }
    }

    /// The same for these accounts: a fleet shares what one account has for itself.
    pub(crate) fn for_accounts(self, accounts: &Accounts, settings: FleetSettings) -> Self {
        Self { fleet: accounts.fleet.then_some(settings), trouble: accounts.trouble.clone(), ..self }
    }

    /// What a session is made from.
    pub(crate) fn session(
        self,
        run: RunId,
        audit_log: Option<AuditLog>,
        events: Events,
        stop: StopSignal,
    ) -> SessionSettings {
        SessionSettings {
            run,
            times: self.times,
            spelling: self.spelling,
            turbot: self.turbot.map(|turbot| TurbotAccess {
                url: turbot.url,
                access_key: turbot.access_key,
                secret_key: turbot.secret_key,
                ca_bundle: turbot.ca_bundle,
            }),
            audit_log,
            take_over: self.take_over,
            quick: self.quick,
            keep_on_failure: self.keep_on_failure,
            assume_not_sent: self.assume_not_sent,
            allowed_endpoint: self.allowed_endpoint,
            events,
            stop,
        }
    }
}

/// A run's id: nobody has had it before.
pub(crate) fn new_run() -> RunId {
    RunId::new(uuid::Uuid::new_v4().hyphenated().to_string()).expect("a UUID is a valid run id")
}
