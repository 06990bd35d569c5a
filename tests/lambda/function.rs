//! A Lambda function on this machine: its process, and the runtime API that it asks for work.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::harness::{Running, Seen, Server, World};

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next";
const INVOCATION: &str = "POST /2018-06-01/runtime/invocation/";

/// Long enough for whatever a test does, where the deadline is not what it is about.
pub const LONG: Duration = Duration::from_secs(600);

/// What an invocation came to: the answer, or the error as Lambda keeps it.
pub type Answer = Result<Value, Value>;

#[derive(Default)]
struct Desk {
    waiting: VecDeque<(String, String, i64)>,
    answers: HashMap<String, Answer>,
    invoked: u32,
}

type Shared = Arc<(Mutex<Desk>, Condvar)>;

/// A function, begun.
pub struct Function<'a> {
    world: &'a World,
    desk: Shared,
    running: Mutex<Option<Running>>,
}

impl<'a> Function<'a> {
    /// Begins a function with one of the two handlers.
    pub fn start(world: &'a World, handler: &str) -> Self {
        Self::start_as(world, handler, |_| {})
    }

    /// The same, with changes to its environment.
    pub fn start_as(world: &'a World, handler: &str, change: impl FnOnce(&mut Command)) -> Self {
        let desk: Shared = Arc::default();
        let at = Arc::clone(&desk);
        let api = Server::start(move |seen, out| serve(&at, seen, out));
        let mut command = world.program(env!("CARGO_BIN_EXE_onboard-lambda"));
        command
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "onboard")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/onboard")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "one")
            .env("_HANDLER", handler)
            // There is no home, and nothing can be written but /tmp.
            .env_remove("HOME");
        change(&mut command);
        Self { world, desk, running: Mutex::new(Some(world.start(command))) }
    }

    /// Invokes it and waits for the end.
    #[track_caller]
    pub fn invoke(&self, payload: &Value, time: Duration) -> Answer {
        let id = self.put(payload, time);
        let (mutex, changed) = &*self.desk;
        let desk = mutex.lock().unwrap();
        let patience = Duration::from_secs(120);
        let (mut desk, _) = changed.wait_timeout_while(desk, patience, |d| !d.answers.contains_key(&id)).unwrap();
        let answer = desk.answers.remove(&id).expect("an answer in two minutes");
        let (Ok(text) | Err(text)) = &answer;
        self.world.secrets.lock().unwrap().seen("answer", &text.to_string());
        answer
    }

    /// Invokes it and waits for no answer.
    pub fn send(&self, payload: &Value, time: Duration) {
        self.put(payload, time);
    }

    fn put(&self, payload: &Value, time: Duration) -> String {
        let (mutex, changed) = &*self.desk;
        let mut desk = mutex.lock().unwrap();
        desk.invoked += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012}", desk.invoked);
        let deadline = Timestamp::now().as_millisecond() + i64::try_from(time.as_millis()).unwrap();
        desk.waiting.push_back((id.clone(), payload.to_string(), deadline));
        changed.notify_all();
        id
    }

    /// Kills it; what it logged.
    pub fn kill(&self) -> String {
        let mut running = self.running.lock().unwrap().take().unwrap();
        running.child.kill().unwrap();
        running.finish(self.world).stderr
    }

    /// What it logged, where it ends by itself.
    pub fn ended(&self) -> String {
        let running = self.running.lock().unwrap().take().unwrap();
        let finished = running.finish_within(Duration::from_secs(60), self.world);
        assert_eq!(finished.code, 1, "{}", finished.stderr);
        finished.stderr
    }
}

impl Drop for Function<'_> {
    fn drop(&mut self) {
        if self.running.lock().unwrap().is_some() {
            self.kill();
        }
    }
}

fn serve(desk: &Shared, seen: &Seen, out: &mut dyn Write) -> io::Result<()> {
    let (mutex, changed) = &**desk;
    let none = "HTTP/1.1 202 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    if seen.line.starts_with(NEXT) {
        let desk = mutex.lock().unwrap();
        let mut desk = changed.wait_while(desk, |desk| desk.waiting.is_empty()).unwrap();
        let (id, payload, deadline) = desk.waiting.pop_front().unwrap();
        drop(desk);
        return write!(
            out,
            "HTTP/1.1 200 x\r\nconnection: close\r\nlambda-runtime-aws-request-id: {id}\r\n\
             lambda-runtime-deadline-ms: {deadline}\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:111122223333:function:onboard\r\n\
             content-length: {}\r\n\r\n{payload}",
            payload.len()
        );
    }
    let path = seen.line.strip_prefix(INVOCATION).unwrap_or_default();
    let mut parts = path.split([' ', '/']);
    let (id, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let said: Value = serde_json::from_str(&seen.body).unwrap_or_default();
    let answer = match kind {
        "response" => Ok(said),
        "error" => Err(said),
        _ => return write!(out, "HTTP/1.1 404 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
    };
    mutex.lock().unwrap().answers.insert(id.to_owned(), answer);
    changed.notify_all();
    write!(out, "{none}")
}
