//! One account of a sandbox, and the engine pointed at it.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onboard_core::*;
use onboard_engine::*;
use onboard_sandbox::{Options, Sandbox};

pub struct World {
    pub sandbox: Sandbox,
    pub account: String,
    pub events: Arc<Mutex<Vec<String>>>,
}

pub fn times() -> Times {
    Times {
        timeout: Duration::from_secs(3),
        settle: Duration::from_secs(4),
        lease: Duration::from_secs(2),
        propagation: Duration::from_millis(1500),
        visibility: Duration::from_millis(1500),
    }
}

impl World {
    pub async fn new(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
        let account = sandbox.cloud().member(0);
        Self { sandbox, account, events: Arc::default() }
    }

    pub fn wanted(&self, with: With) -> Wanted {
        Wanted {
            account_id: AwsAccountId::new(self.account.clone()).unwrap(),
            turbot_id: TurbotAccountId::new("aab").unwrap(),
            cluster_id: ClusterId::new("mhe").unwrap(),
            master_account_id: AwsAccountId::new(self.sandbox.cloud().master_account()).unwrap(),
            master_partition: None,
            title: "Sandbox".into(),
            description: "one".into(),
            with,
            role_name: RoleName::new(DEFAULT_NAME).unwrap(),
            user_name: UserName::new(DEFAULT_NAME).unwrap(),
            role_path: IamPath::new("/").unwrap(),
            role_description: "d".into(),
            max_session_duration: 3600,
            policies: vec![],
            permissions_boundary: None,
            external_id: None,
            tags: BTreeMap::new(),
            check_mode: true,
            delete_credential: None,
            maintenance: None,
            verify_as: None,
            adopt: false,
            allow_management_account: false,
            allow_root: false,
            allow_master_account: false,
        }
    }

    pub fn session(&self, run: &str, change: impl FnOnce(&mut SessionSettings)) -> Session {
        let environment: BTreeMap<String, String> = self.sandbox.environment().into_iter().collect();
        let events = Arc::clone(&self.events);
        let mut settings = SessionSettings {
            run: RunId::new(run).unwrap(),
            times: times(),
            spelling: MaintenanceSpelling::default(),
            turbot: Some(TurbotAccess {
                url: self.sandbox.turbot_url(),
                access_key: environment["TURBOT_ACCESS_KEY"].clone(),
                secret_key: Secret::new(environment["TURBOT_SECRET_KEY"].clone()),
                ca_bundle: None,
            }),
            audit_log: None,
            take_over: false,
            quick: false,
            keep_on_failure: false,
            assume_not_sent: false,
            allowed_endpoint: None,
            events: Arc::new(move |event| events.lock().unwrap().push(format!("{event:?}"))),
            stop: StopSignal::new(),
        };
        change(&mut settings);
        Session::new(settings).unwrap()
    }

    pub fn job(&self, wanted: Wanted) -> Job {
        let credentials = self.sandbox.cloud().admin_credentials(wanted.account_id.as_str());
        Job {
            wanted,
            aws: AwsAccess {
                given: Some(Given {
                    access_key_id: AccessKeyId::new(credentials.access_key_id.clone()).unwrap(),
                    secret: Arc::new(Secret::new(credentials.secret_access_key.clone())),
                    session_token: None,
                    endpoint: Some(self.sandbox.aws_url()),
                }),
                ..AwsAccess::default()
            },
        }
    }

    pub async fn apply(&self, run: &str, wanted: Wanted) -> AccountReport {
        let session = self.session(run, |_| {});
        apply(&session, &self.job(wanted), &Agreed, None).await
    }

    /// Writes to AWS since a place in the log.
    pub fn writes_since(&self, from: usize) -> Vec<String> {
        let reads = ["Get", "List", "Describe", "Simulate"];
        self.sandbox
            .log()
            .into_iter()
            .skip(from)
            .map(|c| c.call.name)
            .filter(|n| {
                let operation = n.split(':').nth(1).unwrap_or_default();
                !reads.iter().any(|r| operation.starts_with(r)) && !operation.starts_with("GET ")
            })
            .collect()
    }

    /// What is left of ours in the account: roles, users and journals.
    pub fn left(&self) -> Vec<String> {
        let cloud = self.sandbox.cloud();
        let mut left: Vec<String> = cloud.policies(&self.account).into_iter().map(|p| p.arn).collect();
        left.retain(|arn| arn.contains("/turbot-onboard/"));
        left.extend(cloud.role(&self.account, DEFAULT_NAME).map(|r| r.arn));
        left.extend(cloud.user(&self.account, DEFAULT_NAME).map(|u| u.arn));
        left
    }

    pub fn assert_clean(&self) {
        assert_eq!(self.left(), Vec::<String>::new());
    }
}
