//! What is lost in mid-run: the way to Turbot, the disk of the audit log. What was not sent is known not to be.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onboard_sandbox::Moment;
use serde_json::json;

use crate::harness::World;
use crate::scene::{Untouched, ended};

/// A way to Turbot that can be closed and opened again.
#[derive(Clone)]
struct Way(Arc<Mutex<Inner>>);

struct Inner {
    here: SocketAddr,
    target: SocketAddr,
    /// The listener while it is open; its thread ends when it is taken away.
    generation: u32,
    open: bool,
    streams: Vec<TcpStream>,
}

impl Way {
    fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = url.trim_start_matches("http://").parse().unwrap();
        let here = listener.local_addr().unwrap();
        let inner = Inner { here, target, generation: 0, open: true, streams: Vec::new() };
        let way = Self(Arc::new(Mutex::new(inner)));
        way.listen(listener, 0);
        way
    }

    fn listen(&self, listener: TcpListener, generation: u32) {
        listener.set_nonblocking(true).unwrap();
        let way = self.clone();
        std::thread::spawn(move || {
            loop {
                let mut inner = way.0.lock().unwrap();
                if !inner.open || inner.generation != generation {
                    return;
                }
                if let Ok((near, _)) = listener.accept() {
                    near.set_nonblocking(false).unwrap();
                    let far = TcpStream::connect(inner.target).unwrap();
                    inner.streams.extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                    pump(near.try_clone().unwrap(), far.try_clone().unwrap());
                    pump(far, near);
                } else {
                    drop(inner);
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        });
    }

    /// Nobody gets through, and whoever was through is cut off.
    fn close(&self) {
        let mut inner = self.0.lock().unwrap();
        inner.open = false;
        inner.generation += 1;
        for stream in inner.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn open(&self) {
        let (here, generation) = {
            let mut inner = self.0.lock().unwrap();
            inner.open = true;
            (inner.here, inner.generation)
        };
        // The closed listener's thread may not have let go of the port yet.
        let listener = loop {
            match TcpListener::bind(here) {
                Ok(listener) => break listener,
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        self.listen(listener, generation);
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.lock().unwrap().here)
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[test]
fn an_import_that_could_not_be_sent_was_not_sent() {
    let mut world = World::new();
    let way = Way::to(&world.sandbox.turbot_url());
    world.environment.insert("TURBOT_URL".into(), way.url());
    let untouched = Untouched::from_here(&world);
    let closing = way.clone();
    world.script().at("iam:AttachRolePolicy", Moment::AfterEffect, 1, move || closing.close());
    let account = ended(world.verb("apply", &["--propagation", "1s"]), 5, "failed", "turbot-unreachable");
    assert_eq!(account["import"]["state"], "not-sent", "{account:#}");
    assert_eq!(account["leftovers"], json!([]));
    untouched.restored();
    assert_eq!(world.sandbox.turbot().imports().len(), 0);
}

#[test]
fn a_way_that_opens_again_in_time_is_taken() {
    let mut world = World::new();
    let way = Way::to(&world.sandbox.turbot_url());
    world.environment.insert("TURBOT_URL".into(), way.url());
    let closing = way.clone();
    world.script().at("iam:AttachRolePolicy", Moment::AfterEffect, 1, move || closing.close());
    let held = world.script().hold("iam:AttachRolePolicy", Moment::AfterAnswer, 1);
    let run = world.start_verb("apply", &["--propagation", "20s"]);
    held.reached();
    held.release();
    std::thread::sleep(Duration::from_millis(1500));
    way.open();
    let account = ended(run.finish(&world), 0, "imported", "");
    assert_eq!(account["import"]["state"], "accepted");
    assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
}

/// An audit log into a pipe: it breaks when the reader goes away.
fn breakable_audit_log(world: &World) -> Arc<Mutex<Option<std::fs::File>>> {
    let path = world.path("audit.fifo");
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&path).status().unwrap().success());
    // Open for reading and writing, so that neither side waits for the other.
    Arc::new(Mutex::new(Some(std::fs::File::options().read(true).write(true).open(path).unwrap())))
}

#[test]
fn without_its_audit_log_a_run_does_nothing_more() {
    let world = World::new();
    let reader = breakable_audit_log(&world);
    world.script().at("iam:CreateRole", Moment::AfterEffect, 1, move || drop(reader.lock().unwrap().take()));
    let run = world.verb("apply", &["--audit-log", "audit.fifo"]);
    std::fs::remove_file(world.path("audit.fifo")).unwrap();
    let account = ended(run, 1, "failed", "audit");
    assert_eq!(account["import"]["state"], "none");
    // Not even undone: what is there is named.
    assert_eq!(world.left().len(), 2, "{account:#}");
    assert_eq!(account["leftovers"].as_array().unwrap().len(), 2, "{account:#}");
    ended(world.verb("apply", &[]), 0, "imported", "");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn without_its_audit_log_an_import_in_flight_is_6() {
    let world = World::new();
    let reader = breakable_audit_log(&world);
    let breaking = move || drop(reader.lock().unwrap().take());
    world.script().at("turbot:POST /accounts", Moment::AfterEffect, 1, breaking);
    let run = world.verb("apply", &["--audit-log", "audit.fifo"]);
    std::fs::remove_file(world.path("audit.fifo")).unwrap();
    let account = ended(run, 6, "pending", "in-flight");
    assert_eq!(account["import"]["requests"], 1, "{account:#}");
    let account = world.verb("apply", &[]).exits(0).account();
    assert_eq!((account["outcome"].as_str(), world.effective_imports()), (Some("already-imported"), 1));
}

#[test]
fn an_audit_log_that_cannot_be_written_is_2_before_anything() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    std::fs::create_dir(world.path("folder")).unwrap();
    std::fs::write(world.path("target"), "").unwrap();
    std::os::unix::fs::symlink(world.path("target"), world.path("link")).unwrap();
    for path in ["/dev/full", "folder", "link", "/proc/nowhere/audit"] {
        let run = world.verb("apply", &["--audit-log", path]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{path}: {}", run.said());
    }
    untouched.never_touched();
}

#[test]
fn a_result_that_cannot_be_written_hides_no_other_code() {
    let world = World::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.stdout(full());
        world.start(command).finish(&world)
    };
    let apply = ["apply", "--account-id", &world.account, "--turbot-id", "aab", "--yes"];
    let lost = run(&apply);
    assert!(lost.code == 1 && lost.said().contains("could not be written"), "{}", lost.said());
    assert_eq!((world.left(), world.effective_imports()), (vec![], 1), "the work was done all the same");
    let wrong = ["apply", "--account-id", "012345678901", "--turbot-id", "aab", "--yes"];
    assert_eq!(run(&wrong).code, 3);
}
