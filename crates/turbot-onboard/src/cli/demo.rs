//! `demo`: the main job, through real HTTP, against a simulated AWS and a simulated Turbot.

use std::sync::Arc;
use std::time::Duration;

use onboard_core::{
    AccessKeyId, AwsAccountId, ClusterId, IdError, MaintenanceSpelling, Secret, Times, TurbotAccountId, Wanted, With,
};
use onboard_engine::{AwsAccess, Given, Job, apply};
use onboard_sandbox::{Consistency, KeyKind, Options, Sandbox, TurbotOptions};

use crate::console;
use crate::edge::Edge;
use crate::environment;
use crate::exit::Exit;
use crate::run::{self, Run};
use crate::settings::audit::Audited;
use crate::settings::global::Verbosity;
use crate::settings::session::SessionPart;
use crate::settings::turbot::TurbotOptions as TurbotAccess;
use crate::settings::wanted;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard demo
  turbot-onboard demo --output json

Nothing is read of the environment, of configuration files or of AWS profiles, nothing is asked, nothing is left.";

/// A second here stands for about a minute of the real thing.
const TIMES: Times = Times {
    timeout: Duration::from_secs(30),
    settle: Duration::from_secs(40),
    lease: Duration::from_secs(8),
    propagation: Duration::from_secs(6),
    visibility: Duration::from_secs(12),
};

/// Onboard two simulated accounts, one with a role and one with keys
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Demo {}

impl Demo {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        carry(edge).unwrap_or_else(|exit| exit)
    }
}

fn carry(edge: &Edge) -> Result<Exit, Exit> {
    let (mut global, ()) = edge.settle_from_flags("demo", |_| Some(()))?;
    global.yes = true;
    environment::forget();
    let runtime = run::runtime()?;
    let exit = runtime.block_on(async {
        let sandbox = Sandbox::start(simulated()).await.map_err(|error| {
            console::say(&format!("error: the simulated AWS and Turbot cannot be served on loopback: {error}"));
            Exit::FAILED
        })?;
        if global.verbosity > Verbosity::Quiet {
            console::say("A simulated AWS and a simulated Turbot answer on loopback; nothing else is touched.\n");
        }
        let jobs = jobs(&sandbox).expect("the simulated accounts' ids and keys have AWS's and Turbot's forms");
        let exit = Run::within(edge, "demo", &global, session(&sandbox), async |run| {
            let asker = run.asker("Grant this");
            let mut accounts = Vec::new();
            for job in &jobs {
                accounts.push(apply(&run.session, job, &asker, None).await);
            }
            run::deliver(edge, &global, &run.report(accounts))
        })
        .await;
        sandbox.stop().await;
        exit
    });
    runtime.shutdown_background();
    exit
}

/// A world that is a little slow, as the real one is.
fn simulated() -> Options {
    let moment = Duration::from_millis(300);
    Options {
        latency: Duration::from_millis(10),
        turbot_latency: Duration::from_millis(10),
        consistency: Consistency {
            role_visible: moment,
            user_visible: moment,
            key_visible: moment,
            policy_visible: moment,
            ..Consistency::default()
        },
        turbot: TurbotOptions {
            import_time: Duration::from_secs(2),
            visible_after: Duration::from_millis(500),
            ..TurbotOptions::default()
        },
        ..Options::default()
    }
}

fn session(sandbox: &Sandbox) -> SessionPart {
    let key = sandbox.turbot().key(KeyKind::Admin);
    SessionPart {
        times: TIMES,
        spelling: MaintenanceSpelling::default(),
        turbot: Some(TurbotAccess {
            url: sandbox.turbot_url(),
            access_key: key.access,
            secret_key: Secret::new(key.secret),
            ca_bundle: None,
        }),
        take_over: false,
        quick: false,
        keep_on_failure: false,
        assume_not_sent: false,
        allowed_endpoint: None,
        audited: Audited::IfAsked,
        fleet: None,
        trouble: None,
    }
}

fn jobs(sandbox: &Sandbox) -> Result<[Job; 2], IdError> {
    let cloud = sandbox.cloud();
    let job = |n: usize, turbot_id: &str, with: With| {
        let account = cloud.member(n);
        let credentials = cloud.admin_credentials(&account);
        let wanted = wanted::default(
            AwsAccountId::new(account)?,
            TurbotAccountId::new(turbot_id)?,
            ClusterId::new(sandbox.turbot().options().cluster_id)?,
            AwsAccountId::new(cloud.master_account())?,
        );
        let given = Given {
            access_key_id: AccessKeyId::new(credentials.access_key_id)?,
            secret: Arc::new(Secret::new(credentials.secret_access_key)),
            session_token: None,
            endpoint: Some(sandbox.aws_url()),
        };
        let aws = AwsAccess { given: Some(given), region: Some(cloud.region().to_owned()), ..AwsAccess::default() };
        Ok::<_, IdError>(Job { wanted: Wanted { with, ..wanted }, aws })
    };
    Ok([job(0, "aab", With::Role)?, job(1, "aac", With::Keys)?])
}
