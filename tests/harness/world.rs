//! A sandbox, a folder, and the command run in it with nothing of the surrounding environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use onboard_sandbox::{CallRecord, Options, Sandbox};
use serde_json::Value;

use super::SecretSearch;

/// The name of the role and user where none is given.
pub const NAME: &str = "turbot-onboard";

/// A sandbox and a folder. Dropping it searches everything that was printed and written for secrets.
pub struct World {
    pub sandbox: Sandbox,
    pub account: String,
    pub turbot_id: String,
    pub environment: BTreeMap<String, String>,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    pub secrets: Mutex<SecretSearch>,
}

/// What a run of the command came to.
#[derive(Debug)]
pub struct Finished {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// The document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("standard output is one JSON document: {e}\n{}\n{}", self.stdout, self.stderr))
    }

    /// The report of the first account.
    pub fn account(&self) -> Value {
        self.json()["accounts"][0].clone()
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// A run that is under way.
pub struct Running {
    pub child: Child,
}

impl World {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// A world with scaled times: `TURBOT_ONBOARD_*` are set so that nothing takes long.
    pub fn with(options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
        let account = sandbox.cloud().member(0);
        let folder = tempfile::tempdir().unwrap();
        let mut environment: BTreeMap<String, String> = sandbox.environment().into_iter().collect();
        for (name, value) in
            [("TIMEOUT", "4s"), ("SETTLE", "6s"), ("LEASE", "3s"), ("PROPAGATION", "3s"), ("VISIBILITY", "3s")]
        {
            environment.insert(format!("TURBOT_ONBOARD_{name}"), value.to_owned());
        }
        // Every scenario runs with what would make the SDK print secrets, were it not prevented.
        environment.insert("LOG_SENSITIVE_BODIES".into(), "true".into());
        environment.insert("RUST_BACKTRACE".into(), "1".into());
        let mut secrets = SecretSearch::default();
        for name in ["AWS_SECRET_ACCESS_KEY", "TURBOT_SECRET_KEY"] {
            secrets.add(&environment[name]);
        }
        Self { sandbox, account, turbot_id: "aab".into(), environment, folder, runtime, secrets: Mutex::new(secrets) }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with these arguments and the sandbox's environment, nothing else.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_turbot-onboard"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.start(self.command(arguments)).finish(self)
    }

    /// Runs a verb on the world's account, without asking, with a JSON result and at the highest verbosity.
    pub fn verb(&self, verb: &str, more: &[&str]) -> Finished {
        let mut arguments: Vec<&str> = verb.split(' ').collect();
        arguments.extend(["--account-id", &self.account, "--turbot-id", &self.turbot_id]);
        arguments.extend(["--output", "json", "-vvv"]);
        if !matches!(verb, "plan" | "verify" | "doctor" | "maintenance show") {
            arguments.push("--yes");
        }
        arguments.extend(more);
        self.run(&arguments)
    }

    pub fn start(&self, mut command: Command) -> Running {
        Running { child: command.spawn().unwrap() }
    }

    /// Every call since a place in the log.
    pub fn calls_since(&self, from: usize) -> Vec<CallRecord> {
        self.sandbox.log().split_off(from)
    }

    /// Every effect since a place in the log, by name.
    pub fn effects_since(&self, from: usize) -> Vec<String> {
        let reads = ["Get", "List", "Describe", "Simulate", "GET "];
        let mut names: Vec<String> = self.calls_since(from).into_iter().map(|c| c.call.name).collect();
        names.retain(|name| {
            let operation = name.split_once(':').map_or("", |(_, operation)| operation);
            !reads.iter().any(|read| operation.starts_with(read)) && operation != "AssumeRole"
        });
        names
    }

    /// What is left of ours in the account: roles, users, journals.
    pub fn left(&self) -> Vec<String> {
        let cloud = self.sandbox.cloud();
        let mut left: Vec<String> = cloud.policies(&self.account).into_iter().map(|p| p.arn).collect();
        left.retain(|arn| arn.contains("/turbot-onboard/"));
        left.extend(cloud.role(&self.account, NAME).map(|r| r.arn));
        left.extend(cloud.user(&self.account, NAME).map(|u| u.arn));
        left
    }

    /// How many imports had their effect.
    pub fn effective_imports(&self) -> usize {
        self.sandbox.turbot().imports().iter().filter(|i| i.effective).count()
    }

    /// Runs something asynchronous on the sandbox's runtime.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

impl Running {
    /// Waits for the end and keeps what was printed for the search.
    pub fn finish(self, world: &World) -> Finished {
        let output = self.child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let finished = Finished {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        let mut secrets = world.secrets.lock().unwrap();
        secrets.seen("standard output", &finished.stdout);
        secrets.seen("standard error", &finished.stderr);
        finished
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut secrets = self.secrets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Secrets that were made while it ran: those of new keys and of assumed roles.
        for secret in self.sandbox.cloud().drawn_secrets() {
            secrets.add(&secret);
        }
        secrets.search_folder(self.folder.path());
        secrets.assert_none();
    }
}
