//! A sandbox, a folder, and the command run in it with nothing of the surrounding environment.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use onboard_sandbox::{CallRecord, Credentials, KeyKind, Options, Sandbox};
use serde_json::Value;

use super::{Script, SecretSearch, schema};

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
    script: OnceLock<Arc<Script>>,
    pub secrets: Mutex<SecretSearch>,
}

/// The command as it was built: cargo says where to its own tests; another crate's run beside it.
pub fn built() -> PathBuf {
    option_env!("CARGO_BIN_EXE_turbot-onboard").map_or_else(
        || std::env::current_exe().unwrap().parent().unwrap().with_file_name("turbot-onboard"),
        PathBuf::from,
    )
}

/// What a run of the command came to.
#[derive(Debug)]
pub struct Finished {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// The document on standard output: one, and as its published schema says.
    #[track_caller]
    pub fn json(&self) -> Value {
        let document: Value = match serde_json::from_str(&self.stdout) {
            Ok(document) => document,
            Err(e) => panic!("standard output is one JSON document: {e}\n{}\n{}", self.stdout, self.stderr),
        };
        assert_eq!(schema::faults(&document), Vec::<String>::new(), "not as the schema says: {document:#}");
        document
    }

    /// The report of the first account; the exit code and the summary are compared on the way.
    #[track_caller]
    pub fn account(&self) -> Value {
        let report = self.json();
        assert_eq!(report["summary"]["exit_code"], self.code, "{report:#}");
        report["accounts"][0].clone()
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.said());
        self
    }

    /// Standard error without the libraries' traces.
    pub fn said(&self) -> String {
        let traces = ["DEBUG ", "TRACE "];
        let said = self.stderr.lines().filter(|line| !traces.iter().any(|t| line.contains(t)));
        said.collect::<Vec<_>>().join("\n")
    }
}

/// A run that is under way. What it prints is read as it comes, so that no run waits for its test to read.
pub struct Running {
    pub child: Child,
    stdout: Reading,
    stderr: Reading,
}

/// What a run prints, while it prints it.
struct Reading(Option<JoinHandle<Vec<u8>>>);

impl Reading {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        Self(pipe.map(|mut pipe| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                pipe.read_to_end(&mut bytes).unwrap();
                bytes
            })
        }))
    }

    fn whole(self) -> String {
        let bytes = self.0.map(|reading| reading.join().unwrap()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
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
        Self {
            sandbox,
            account,
            turbot_id: "aab".into(),
            environment,
            folder,
            runtime,
            script: OnceLock::new(),
            secrets: Mutex::new(secrets),
        }
    }

    /// What is to happen at the calls to come.
    pub fn script(&self) -> &Script {
        self.script.get_or_init(|| {
            let script = Arc::new(Script::default());
            self.sandbox.set_gate(Some(script.clone()));
            script
        })
    }

    /// From now on these credentials are the caller's.
    pub fn act_as(&mut self, credentials: &Credentials) {
        self.environment.insert("AWS_ACCESS_KEY_ID".into(), credentials.access_key_id.clone());
        self.environment.insert("AWS_SECRET_ACCESS_KEY".into(), credentials.secret_access_key.clone());
        self.secrets.lock().unwrap().add(&credentials.secret_access_key);
    }

    /// From now on this account is worked on, with the credentials of its user `admin`.
    pub fn enter(&mut self, account: &str) {
        account.clone_into(&mut self.account);
        self.act_as(&self.sandbox.cloud().admin_credentials(account));
    }

    /// From now on Turbot is called with a key of this kind.
    pub fn use_turbot_key(&mut self, kind: KeyKind) {
        let key = self.sandbox.turbot().key(kind);
        self.environment.insert("TURBOT_ACCESS_KEY".into(), key.access);
        self.environment.insert("TURBOT_SECRET_KEY".into(), key.secret.clone());
        self.secrets.lock().unwrap().add(&key.secret);
    }

    /// From now on an option has this value, unless a flag says otherwise.
    pub fn set(&mut self, option: &str, value: &str) {
        let variable = format!("TURBOT_ONBOARD_{}", option.replace('-', "_").to_uppercase());
        self.environment.insert(variable, value.to_owned());
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with these arguments and the sandbox's environment, nothing else.
    pub fn command(&self, arguments: &[&str]) -> Command {
        // A long run tries a copy, which no build replaces meanwhile.
        let mut command = self.program(std::env::var_os("COMMAND_UNDER_TEST").map_or_else(built, PathBuf::from));
        command.args(arguments);
        command
    }

    /// A program in the sandbox's environment, nothing else.
    pub fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
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
        self.start_verb(verb, more).finish(self)
    }

    /// The same, not waited for.
    pub fn start_verb(&self, verb: &str, more: &[&str]) -> Running {
        let mut arguments: Vec<&str> = verb.split(' ').collect();
        arguments.extend(["--account-id", &self.account, "--turbot-id", &self.turbot_id]);
        arguments.extend(["--output", "json", "-vvv"]);
        if !matches!(verb, "plan" | "verify" | "doctor" | "maintenance show") {
            arguments.push("--yes");
        }
        arguments.extend(more);
        self.start(self.command(&arguments))
    }

    /// Runs the command with something on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        use std::io::Write as _;
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        let mut running = self.start(command);
        running.child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        running.finish(self)
    }

    /// The same command where no file can have more than so many blocks of 512 bytes, as on a disk that is full.
    pub fn on_a_full_disk(&self, plain: &Command, blocks: usize) -> Command {
        self.limited(plain, &format!("-f {blocks}"))
    }

    /// The same command under a limit of `ulimit`'s.
    pub fn limited(&self, plain: &Command, limit: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\"")])
            .arg(plain.get_program())
            .args(plain.get_args())
            .current_dir(self.folder())
            .env_clear()
            .envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn start(&self, mut command: Command) -> Running {
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (Reading::of(child.stdout.take()), Reading::of(child.stderr.take()));
        Running { child, stdout, stderr }
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
    pub fn finish(mut self, world: &World) -> Finished {
        drop(self.child.stdin.take());
        // The pipes are closed first: until the child is waited for its process id is its own.
        let (stdout, stderr) = (self.stdout.whole(), self.stderr.whole());
        let status = self.child.wait().unwrap();
        let finished = Finished { code: status.code().unwrap_or(-1), stdout, stderr };
        let mut secrets = world.secrets.lock().unwrap();
        secrets.seen("standard output", &finished.stdout);
        secrets.seen("standard error", &finished.stderr);
        finished
    }

    /// Waits for the end, for a bounded time: a run that hangs is killed, and fails the test with what it said.
    #[track_caller]
    pub fn finish_within(self, patience: Duration, world: &World) -> Finished {
        let pid = rustix::process::Pid::from_child(&self.child);
        let (ended, waiting) = std::sync::mpsc::channel::<()>();
        let (finished, hung) = std::thread::scope(|scope| {
            let watch = scope.spawn(move || {
                let hangs = waiting.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
                // Its id is its own until `finish` has waited for it, which it does when its pipes are closed.
                hangs && rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok()
            });
            let finished = self.finish(world);
            drop(ended);
            (finished, watch.join().unwrap())
        });
        assert!(!hung, "it did not end within {} s\n{}", patience.as_secs(), finished.said());
        finished
    }

    /// Kills it, as a machine that goes away does, and waits until it is gone; what it had printed is searched, too.
    pub fn kill(mut self, world: &World) {
        self.child.kill().unwrap();
        drop(self.finish(world));
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
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
