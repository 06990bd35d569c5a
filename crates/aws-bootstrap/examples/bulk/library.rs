//! Through the library, as the command does it: a handle for each account, one HTTP client for all.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_bootstrap::{AssumeTarget, Aws, AwsSettings, NewRole, Pace, RoleAwaited, SharedHttp, TrustAwaited};
use onboard_core::{Arn, AwsAccountId, ExternalId, IamPath, Partition, PolicyArn, RoleName, TrustPolicy};

use crate::{ADMINISTRATOR, ENTRANCE, ROLE, World};

pub(crate) struct Fleet {
    http: SharedHttp,
    settings: AwsSettings,
    master: AwsAccountId,
    role: RoleName,
    path: IamPath,
    policy: PolicyArn,
    tags: BTreeMap<String, String>,
}

impl Fleet {
    pub(crate) fn new(world: &World) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            http: SharedHttp::direct(),
            settings: AwsSettings::default(),
            master: AwsAccountId::new(world.master.as_str())?,
            role: RoleName::new(ROLE)?,
            path: IamPath::new("/")?,
            policy: PolicyArn::new(ADMINISTRATOR)?,
            tags: BTreeMap::new(),
        })
    }

    pub(crate) async fn onboard(&self, account: String) -> Result<(), String> {
        self.carry(&account).await.map_err(|error| format!("{account}: {error}"))
    }

    async fn carry(&self, account: &str) -> Result<(), Box<dyn Error>> {
        let entrance = Arn::new(format!("arn:aws:iam::{account}:role/{ENTRANCE}"))?;
        let settings = AwsSettings { assume_role: Some(AssumeTarget::ByArn(entrance)), ..self.settings.clone() };
        let aws = Aws::connect(&settings, &self.http).await?;
        let trust = TrustPolicy {
            partition: Partition::new("aws")?,
            account: self.master.clone(),
            external_id: ExternalId::new(format!("external-id-of-{account}"))?,
        };
        let document = trust.document();
        let made = aws
            .create_role(&NewRole {
                name: &self.role,
                path: &self.path,
                description: "",
                max_session_duration: 3600,
                boundary: None,
                tags: &self.tags,
                trust: &document,
            })
            .await?;
        aws.attach_role_policy(&self.role, &self.policy).await?;
        let once = Pace { interval: Duration::from_secs(1), streak: 1, limit: Duration::from_secs(15) };
        let awaited = RoleAwaited {
            unique_id: Some(&made.value.unique_id),
            trust: TrustAwaited::Policy(&trust),
            policies: std::slice::from_ref(&self.policy),
            boundary: None,
        };
        aws.await_role(&once, &self.role, &awaited).await?;
        Ok(())
    }
}
