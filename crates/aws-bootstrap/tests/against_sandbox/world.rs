//! A simulated AWS with one caller, and the values that most tests use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_bootstrap::{Aws, AwsError, AwsSettings, Done, Given, NewRole, NewUser, Pace, RoleMade, SharedHttp, UserMade};
use onboard_core::{
    AccessKeyId, AwsAccountId, IamPath, Origin, Partition, PolicyArn, Record, RoleName, RunId, Secret, TrustPolicy,
    UserName, When, With,
};
use onboard_sandbox::{Cloud, Credentials, Options, Sandbox};

/// Waits as long as IAM's, scaled down.
pub(crate) const PACE: Pace =
    Pace { interval: Duration::from_millis(10), streak: 3, limit: Duration::from_millis(1500) };

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: SharedHttp,
    pub(crate) aws: Aws,
    pub(crate) account: AwsAccountId,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// The caller is the user `admin` of the first member account.
    pub(crate) async fn with(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let http = SharedHttp::direct();
        let account = sandbox.cloud().member(0);
        let settings = settings(&sandbox, sandbox.cloud().admin_credentials(&account));
        let aws = Aws::connect(&settings, &http).await.unwrap();
        Self { sandbox, http, aws, account: AwsAccountId::new(account).unwrap() }
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        self.sandbox.cloud()
    }

    pub(crate) async fn as_caller(&self, credentials: Credentials) -> Aws {
        Aws::connect(&settings(&self.sandbox, credentials), &self.http).await.unwrap()
    }

    pub(crate) fn count(&self, call: &str) -> u64 {
        self.sandbox.counts().get(call).copied().unwrap_or(0)
    }

    pub(crate) fn trust(&self) -> TrustPolicy {
        TrustPolicy {
            partition: partition(),
            account: AwsAccountId::new(self.cloud().master_account()).unwrap(),
            external_id: "an-external-id".parse().unwrap(),
        }
    }

    pub(crate) async fn make_role(&self) -> Result<Done<RoleMade>, AwsError> {
        let trust = self.trust().document();
        self.make_role_trusting(&trust).await
    }

    pub(crate) async fn make_role_trusting(&self, trust: &str) -> Result<Done<RoleMade>, AwsError> {
        let new = NewRole {
            name: &role(),
            path: &path(),
            description: "made by a test",
            max_session_duration: 7200,
            boundary: None,
            tags: &tags(&[("team", "a"), ("turbot-onboard:turbot-id", "aab")]),
            trust,
        };
        self.aws.create_role(&new).await
    }

    pub(crate) async fn make_user(&self) -> Result<Done<UserMade>, AwsError> {
        let new = NewUser { name: &user(), path: &path(), boundary: None, tags: &tags(&[("team", "a")]) };
        self.aws.create_user(&new).await
    }
}

pub(crate) fn settings(sandbox: &Sandbox, credentials: Credentials) -> AwsSettings {
    AwsSettings {
        given: Some(Given {
            access_key_id: AccessKeyId::new(credentials.access_key_id).unwrap(),
            secret: Arc::new(Secret::new(credentials.secret_access_key)),
            session_token: credentials.session_token.map(|token| Arc::new(Secret::new(token))),
            endpoint: Some(sandbox.aws_url()),
        }),
        attempt_timeout: Duration::from_millis(600),
        operation_timeout: Duration::from_secs(5),
        max_attempts: 4,
        backoff: Duration::from_millis(5),
        patience: Pace { interval: Duration::from_millis(10), streak: 1, limit: Duration::from_millis(400) },
        ..AwsSettings::default()
    }
}

pub(crate) fn partition() -> Partition {
    Partition::new("aws").unwrap()
}

pub(crate) fn administrator() -> PolicyArn {
    partition().administrator_access()
}

pub(crate) fn role() -> RoleName {
    RoleName::new("turbot-onboard").unwrap()
}

pub(crate) fn user() -> UserName {
    UserName::new("turbot-onboard").unwrap()
}

pub(crate) fn path() -> IamPath {
    IamPath::new("/vendors/").unwrap()
}

pub(crate) fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

pub(crate) fn record(with: With, name: &str) -> Record {
    Record {
        run: RunId::new("run-1").unwrap(),
        claimed_at: When::At("2026-11-23T10:00:00Z".parse().unwrap()),
        turbot_id: "aab".into(),
        cluster: "urn:turbot:mhe".into(),
        with,
        name: name.into(),
        unique_id: None,
        origin: Origin::Made,
        delete_credential: true,
        prior_keys: vec![],
        attaches: vec![],
        trust_before: None,
        import_requested: None,
        import_unsettled: false,
        import_accepted: None,
        handed_over: None,
    }
}
