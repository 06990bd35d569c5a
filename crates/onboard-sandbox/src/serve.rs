use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::task::JoinHandle;

use crate::aws::{self, Aws};
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::connection::{Connections, Ear, Peer};
use crate::control::{self, Control};
use crate::fault::Fault;
use crate::frame::Frame;
use crate::gate::Gate;
use crate::log::CallRecord;
use crate::minting::Mint;
use crate::options::Options;
use crate::turbot::{self, Turbot};
use crate::turbot_frame;

/// A simulated AWS and a simulated Turbot, served until it is stopped or dropped.
pub struct Sandbox {
    cloud: Cloud,
    turbot: Turbot,
    frame: Arc<Frame>,
    aws_address: SocketAddr,
    turbot_address: SocketAddr,
    connections: Connections,
    servers: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Binds both ports and serves them on the current tokio runtime.
    ///
    /// # Errors
    /// If a port cannot be bound.
    pub async fn start(options: Options) -> io::Result<Self> {
        let clock = Arc::new(Clock::new());
        let mint = Arc::new(Mint::new(options.seed));
        let cloud = Cloud::new(&options, Arc::clone(&clock), Arc::clone(&mint));
        let turbot = Turbot::new(options.turbot.clone(), cloud.clone(), Arc::clone(&mint));
        let frame = Arc::new(Frame::new(clock, options.log_limit, options.gate.clone()));
        for fault in options.faults {
            frame.faults.add(fault);
        }
        let connections = Connections::default();
        let aws_ear = Ear::bind(options.addr, connections.clone()).await?;
        let turbot_ear = Ear::bind(options.turbot_addr, connections.clone()).await?;
        let (aws_address, turbot_address) = (aws_ear.address(), turbot_ear.address());

        let aws =
            Aws { frame: Arc::clone(&frame), cloud: cloud.clone(), mint: Arc::clone(&mint), latency: options.latency };
        let control = Control { frame: Arc::clone(&frame), cloud: cloud.clone() };
        let aws_router = control::router(control).merge(aws::router(aws));
        let turbot_router =
            turbot_frame::around(turbot::router(turbot.clone()), Arc::clone(&frame), mint, options.turbot_latency);
        let servers = vec![serve(aws_ear, aws_router), serve(turbot_ear, turbot_router)];
        Ok(Self { cloud, turbot, frame, aws_address, turbot_address, connections, servers })
    }

    /// The simulated AWS, in-process.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The simulated Turbot, in-process.
    #[must_use]
    pub fn turbot(&self) -> &Turbot {
        &self.turbot
    }

    /// The address of the simulated AWS.
    #[must_use]
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.aws_address)
    }

    /// The address of the simulated Turbot.
    #[must_use]
    pub fn turbot_url(&self) -> String {
        format!("http://{}", self.turbot_address)
    }

    /// The environment by which AWS's SDKs and this project's command use the sandbox, as the user `admin` of the first
    /// member account (of the master account where there is no member).
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let member = self.cloud.member(0);
        let exists = self.cloud.accounts().iter().any(|account| account.id == member);
        let credentials = self.cloud.admin_credentials(if exists { &member } else { self.cloud.master_account() });
        let region = self.cloud.region();
        let mut environment: Vec<(String, String)> = [
            ("AWS_ENDPOINT_URL", self.aws_url()),
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key),
            ("AWS_REGION", region.to_owned()),
            ("AWS_DEFAULT_REGION", region.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("TURBOT_URL", self.turbot_url()),
            ("TURBOT_MASTER_ACCOUNT_ID", self.cloud.master_account().to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        environment.extend(self.turbot.environment());
        environment
    }

    /// The last calls, in the order of arrival.
    #[must_use]
    pub fn log(&self) -> Vec<CallRecord> {
        self.frame.log.records()
    }

    /// How many calls of each name have arrived.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.frame.log.counts()
    }

    /// How many connections were made to it since the start, to either simulator.
    #[must_use]
    pub fn connections_opened(&self) -> u64 {
        self.connections.opened()
    }

    /// Arms a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.frame.faults.add(fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.frame.faults.clear();
    }

    /// Sets or removes the gate.
    pub fn set_gate(&self, gate: Option<Arc<dyn Gate>>) {
        self.frame.set_gate(gate);
    }

    /// Stops both servers: what is held is released unanswered, and every connection is closed.
    pub async fn stop(mut self) {
        self.shut();
        for server in std::mem::take(&mut self.servers) {
            // It was aborted; its end is what is waited for.
            let _ = server.await;
        }
    }

    fn shut(&self) {
        self.frame.stop();
        for server in &self.servers {
            server.abort();
        }
        self.connections.close_all();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shut();
    }
}

fn serve(ear: Ear, router: Router) -> JoinHandle<()> {
    tokio::spawn(async move {
        // Accept errors are retried by the listener, so this only ends when it is aborted.
        let _ = axum::serve(ear, router.into_make_service_with_connect_info::<Peer>()).await;
    })
}
