//! One run of the tool: its settings, and what all its accounts share.

use std::sync::Arc;
use std::time::Duration;

use aws_bootstrap::{AssumeTarget, Aws, AwsSettings, Given, Pace, SharedHttp};
use onboard_core::{
    Arn, AwsAccountId, ClusterId, ErrorKind, ErrorReport, MaintenanceSpelling, RunId, Secret, Times, TurbotAccountId,
    TurbotObserved, Wanted,
};
use turbot_import::{Turbot, TurbotKey, TurbotSettings, TurbotUrl};

use crate::audit::{Audit, AuditLog};
use crate::clock::Moment;
use crate::event::Event;
use crate::failure;
use crate::fleet::{FleetSettings, Imports, SharedTurbot};
use crate::stop::StopSignal;

/// How the tool names itself to AWS and Turbot.
pub(crate) const AGENT: &str = concat!("turbot-onboard/", env!("CARGO_PKG_VERSION"));

/// Where Turbot is, and with which key.
#[derive(Debug)]
pub struct TurbotAccess {
    /// The URL as a person gave it.
    pub url: String,
    /// The Turbot access key's id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: Secret,
    /// Certificates in PEM to trust instead of the system's.
    pub ca_bundle: Option<Vec<u8>>,
}

/// Whose AWS credentials to use; what is not given follows the SDK's own chain.
#[derive(Debug, Clone, Default)]
pub struct AwsAccess {
    /// Credentials and endpoint given outright: then nothing is read of the environment.
    pub given: Option<Given>,
    /// A profile.
    pub profile: Option<String>,
    /// A region.
    pub region: Option<String>,
    /// A role to assume first, by ARN or by its name in the account.
    pub assume_role: Option<String>,
    /// Roles to try in this order where that one cannot be assumed.
    pub or_roles: Vec<String>,
}

/// Somebody who wants to know what happens.
pub type Events = Arc<dyn Fn(Event) + Send + Sync>;

/// Everything a run is made from.
pub struct SessionSettings {
    /// The run's id.
    pub run: RunId,
    /// The times in force.
    pub times: Times,
    /// How maintenance levels are spelled in Turbot's API.
    pub spelling: MaintenanceSpelling,
    /// Turbot, where the verb needs it or it is configured.
    pub turbot: Option<TurbotAccess>,
    /// The audit log.
    pub audit_log: Option<AuditLog>,
    /// `--take-over`.
    pub take_over: bool,
    /// `--quick`: an account that Turbot lists is not looked at in AWS.
    pub quick: bool,
    /// `--on-failure keep`.
    pub keep_on_failure: bool,
    /// `--assume-not-sent`.
    pub assume_not_sent: bool,
    /// `--allow-endpoint`.
    pub allowed_endpoint: Option<String>,
    /// Who is told what happens.
    pub events: Events,
    /// The wish to stop.
    pub stop: StopSignal,
}

/// One run.
pub struct Session {
    pub(crate) run: RunId,
    /// When it was made: accounts are reported as so and so long after it.
    pub(crate) begun: Moment,
    pub(crate) times: Times,
    pub(crate) spelling: MaintenanceSpelling,
    pub(crate) turbot: Option<Turbot>,
    pub(crate) audit: Audit,
    pub(crate) http: SharedHttp,
    pub(crate) take_over: bool,
    pub(crate) quick: bool,
    pub(crate) keep_on_failure: bool,
    pub(crate) assume_not_sent: bool,
    pub(crate) allowed_endpoint: Option<String>,
    pub(crate) events: Events,
    pub(crate) stop: StopSignal,
    /// How many imports Turbot is given at once.
    pub(crate) imports: Imports,
    /// What a fleet's accounts share of Turbot.
    pub(crate) shared_turbot: Option<SharedTurbot>,
}

/// One account to work on.
#[derive(Debug, Clone)]
pub struct Job {
    /// What is wanted of it.
    pub wanted: Wanted,
    /// With whose credentials.
    pub aws: AwsAccess,
}

impl Session {
    /// Opens the audit log and makes the clients; nothing is sent yet.
    ///
    /// # Errors
    /// A URL, key, CA bundle or audit log that cannot be used.
    pub fn new(settings: SessionSettings) -> Result<Self, ErrorReport> {
        let audit = Audit::open(settings.audit_log.as_ref(), &settings.run)?;
        let turbot = settings.turbot.map(|access| turbot(access, &settings.times, &settings.spelling)).transpose()?;
        Ok(Self {
            run: settings.run,
            begun: Moment::now(),
            times: settings.times,
            spelling: settings.spelling,
            turbot,
            audit,
            http: SharedHttp::new(),
            take_over: settings.take_over,
            quick: settings.quick,
            keep_on_failure: settings.keep_on_failure,
            assume_not_sent: settings.assume_not_sent,
            allowed_endpoint: settings.allowed_endpoint,
            events: settings.events,
            stop: settings.stop,
            imports: Imports::new(FleetSettings::IMPORTS),
            shared_turbot: None,
        })
    }

    /// The same for many accounts: Turbot is listed once for all of them, and is given so many imports at once.
    #[must_use]
    pub fn of_fleet(self, settings: &FleetSettings) -> Self {
        Self { imports: Imports::new(settings.imports), shared_turbot: Some(SharedTurbot::default()), ..self }
    }

    /// Everything that Turbot shows about one account.
    pub(crate) async fn look_at_turbot(
        &self,
        turbot: &Turbot,
        (cluster, id, aws): (&ClusterId, &TurbotAccountId, &AwsAccountId),
        maintenance: bool,
    ) -> TurbotObserved {
        match &self.shared_turbot {
            Some(shared) => shared.look(turbot, cluster, id, aws, maintenance).await,
            None => turbot.look(cluster, id, aws, maintenance).await,
        }
    }

    pub(crate) fn note(&self, account: &AwsAccountId, text: impl Into<String>) {
        (self.events)(Event::Note { account_id: account.to_string(), text: text.into() });
    }

    /// The handle of one account. The endpoint it would talk to is AWS's, loopback, or allowed by name.
    pub(crate) async fn aws(&self, access: &AwsAccess, account: Option<&AwsAccountId>) -> Result<Aws, ErrorReport> {
        let assume_role = access.assume_role.as_ref().map(|role| match Arn::new(role.as_str()) {
            Ok(arn) => AssumeTarget::ByArn(arn),
            Err(_) => AssumeTarget::ByName(role.clone()),
        });
        // A sixth of the propagation time, 20 s; scaled-down times stay long enough for a busy machine.
        let attempt = (self.times.propagation / 6).clamp(Duration::from_secs(3), Duration::from_secs(20));
        let settings = AwsSettings {
            given: access.given.clone(),
            profile: access.profile.clone(),
            region: access.region.clone(),
            assume_role,
            account: account.cloned(),
            session_name: format!("turbot-onboard-{}", self.run).chars().take(64).collect(),
            allowed_endpoint: self.allowed_endpoint.clone(),
            app_name: "turbot-onboard".to_owned(),
            operation_timeout: attempt * 3,
            attempt_timeout: attempt,
            // Pauses and patience go with the propagation time, so that a scaled run is scaled throughout.
            backoff: self.times.aws_interval() / 2,
            patience: Pace { interval: self.times.aws_interval(), streak: 1, limit: self.times.propagation / 8 },
            ..AwsSettings::default()
        };
        Aws::connect(&settings, &self.http).await.map_err(|e| failure::of_aws("connecting to AWS", &e))
    }

    pub(crate) fn turbot(&self) -> Result<&Turbot, ErrorReport> {
        self.turbot.as_ref().ok_or_else(|| {
            ErrorReport::new(ErrorKind::Settings, "Turbot's URL and keys are not set")
                .hint("set TURBOT_URL, TURBOT_ACCESS_KEY and TURBOT_SECRET_KEY")
        })
    }
}

/// Whether a URL can be Turbot's, before anything is asked of it.
///
/// # Errors
/// What is wrong with it and what would be right.
pub fn check_turbot_url(url: &str) -> Result<(), String> {
    TurbotUrl::parse(url).map(|_| ()).map_err(|e| e.to_string())
}

/// Whether a key can be Turbot's: not an AWS key, not a number, nothing a header cannot carry.
///
/// # Errors
/// What is wrong with it and what would be right; no secret is in it.
pub fn check_turbot_key(access_key: &str, secret_key: &Secret) -> Result<(), String> {
    TurbotKey::new(access_key.to_owned(), secret_key.duplicate()).map(|_| ()).map_err(|e| e.to_string())
}

fn turbot(access: TurbotAccess, times: &Times, spelling: &MaintenanceSpelling) -> Result<Turbot, ErrorReport> {
    let settings = |what: &str, cause: &dyn std::error::Error| {
        let mut report = ErrorReport::new(ErrorKind::Settings, what.to_owned());
        let mut cause = Some(cause);
        while let Some(error) = cause {
            report = report.because(error.to_string());
            cause = error.source();
        }
        report
    };
    let url = TurbotUrl::parse(&access.url).map_err(|e| settings("the Turbot URL cannot be used", &e))?;
    let key = TurbotKey::new(access.access_key, access.secret_key)
        .map_err(|e| settings("the Turbot key cannot be used", &e))?;
    Turbot::new(TurbotSettings {
        url,
        key,
        ca_bundle: access.ca_bundle,
        // Scaled-down times stay long enough for a busy machine.
        look_timeout: Duration::from_secs(30).min(times.timeout.max(Duration::from_secs(5))),
        import_timeout: times.timeout,
        connect_timeout: Duration::from_secs(10),
        spelling: spelling.clone(),
        user_agent: AGENT.to_owned(),
    })
    .map_err(|e| settings("the connection to Turbot cannot be set up", &e))
}
