//! Servers that repeat in their answers what they were sent, or what they made: none of it is shown, at the highest
//! verbosity, with everything traced and with `LOG_SENSITIVE_BODIES` in the environment.

use onboard_sandbox::{Fault, KeyKind, Moment, Options, TurbotKey, What};

use crate::harness::World;

/// A Turbot secret with everything that encodings change.
const HARD: &str = "9fA/b+c=d\"e\\f%g&h<i>j'k~é/+Z";

/// A world whose Turbot key is hard to encode.
fn world() -> World {
    let mut options = Options::default();
    let key = TurbotKey { access: "8c4b0f5e-hard".into(), secret: HARD.into(), kind: KeyKind::Admin };
    options.turbot.keys.push(key.clone());
    let mut world = World::with(options);
    world.environment.insert("TURBOT_ACCESS_KEY".into(), key.access);
    world.environment.insert("TURBOT_SECRET_KEY".into(), key.secret);
    world.secrets.lock().unwrap().add(HARD);
    world
}

/// A text with secrets in many spellings, as careless servers would quote them.
fn careless(secrets: &[String]) -> String {
    let mut text = String::new();
    for secret in secrets {
        let escaped = |upper: bool| -> String {
            let one = |b: u8| match (b.is_ascii_alphanumeric(), upper) {
                (true, _) => char::from(b).to_string(),
                (false, true) => format!("%{b:02X}"),
                (false, false) => format!("%{b:02x}"),
            };
            secret.bytes().map(one).collect()
        };
        let json = serde_json::to_string(secret).unwrap();
        for spelling in [secret.clone(), escaped(true), escaped(false), json, secret.replace('/', "\\/")] {
            text.push_str(&format!(" you sent {spelling};"));
        }
    }
    text
}

fn json_error(secrets: &[String]) -> String {
    serde_json::json!({"code": "bad_key", "message": careless(secrets)}).to_string()
}

fn xml_error(code: &str, secrets: &[String]) -> String {
    let text = careless(secrets).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{text}</Message></Error><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ErrorResponse>"
    )
}

#[test]
fn of_turbots_key_by_turbot() {
    for call in ["GET /health", "GET /cluster", "GET /accounts", "GET /accounts/{id}", "POST /accounts"] {
        for status in [400, 403, 500, 302] {
            // A pattern of the call's name: the sandbox writes ids in their place.
            let name = format!("turbot:{}", call.replace("{id}", "*"));
            let world = world();
            for body in
                [json_error(&[HARD.into()]), format!("<html><title>{HARD}</title></html>"), format!("plain {HARD}")]
            {
                world.sandbox.clear_faults();
                world.sandbox.add_fault(Fault::new(name.clone(), What::Status { code: status, body }));
                world.verb("plan", &[]);
                if call.starts_with("POST") && matches!(status, 400 | 500) {
                    world.verb("apply", &["--settle", "1s"]);
                }
            }
        }
    }
}

/// The new key's secret, which Turbot is sent and AWS has made. It is known once the key is: before that nobody calls.
#[test]
fn of_the_new_key_by_turbot_and_by_aws() {
    let faults: [(&str, u16, bool); 6] = [
        ("turbot:POST /accounts", 400, true),
        ("turbot:POST /accounts", 500, true),
        ("turbot:POST /accounts", 302, true),
        ("iam:TagPolicy", 400, false),
        ("iam:GetUser", 403, false),
        ("iam:GetAccountSummary", 400, false),
    ];
    for (call, status, turbot) in faults {
        let world = world();
        let held = world.script().hold("iam:CreateAccessKey", Moment::AfterEffect, 1);
        let file = world.path("stderr");
        let mut command = world.command(&["apply", "--account-id", &world.account, "--turbot-id", "aab"]);
        command.args(["--with", "keys", "--yes", "-vvv", "--output", "json", "--settle", "1s"]);
        // A file, which is searched with the folder: a pipe would fill up while the call is held.
        command.stderr(std::fs::File::create(&file).unwrap());
        let running = world.start(command);
        held.reached();
        let mut secrets = world.sandbox.cloud().drawn_secrets();
        assert!(!secrets.is_empty());
        if turbot {
            secrets.push(HARD.into());
        }
        let body = if turbot { json_error(&secrets) } else { xml_error("NotAuthorizedAtAll", &secrets) };
        world.sandbox.add_fault(Fault::new(call, What::Status { code: status, body }).times(2));
        held.release();
        let finished = running.finish(&world);
        assert_ne!(finished.code, 101, "{call} {status}");
        let said = std::fs::read_to_string(&file).unwrap();
        assert!(
            said.contains("[redacted]") || finished.stdout.contains("[redacted]") || status == 302,
            "{call} {status}: the echo was met"
        );
    }
}

/// The one answer that holds the secret of a key, broken in every way.
#[test]
fn of_a_key_in_an_answer_that_cannot_be_read() {
    for (what, after) in [
        (What::Truncated, true),
        (What::Malformed, true),
        (What::Html, true),
        (What::InternalError, true),
        (What::Timeout, true),
    ] {
        let world = World::new();
        let fault = Fault::new("iam:CreateAccessKey", what);
        world.sandbox.add_fault(if after { fault.after() } else { fault });
        world.verb("apply", &["--with", "keys"]).exits(0);
        assert!(world.sandbox.cloud().drawn_secrets().len() >= 2, "the first key's secret is searched for as well");
    }
}

/// Everything that is shown or kept beside a run.
#[test]
fn nothing_else_holds_one() {
    let world = world();
    for arguments in [
        vec!["completions", "bash"],
        vec!["completions", "zsh"],
        vec!["completions", "fish"],
        vec!["man"],
        vec!["schema"],
        vec!["--help"],
        vec!["apply", "--help"],
        vec!["--version"],
    ] {
        world.run(&arguments).exits(0);
    }
    world.verb("doctor", &[]);
    world.verb("plan", &["--with", "keys", "--out", "saved.plan"]).exits(0);
    world.verb("apply", &["--plan", "saved.plan"]).exits(0);
    world.verb("verify", &["--with", "keys"]);
    world.verb("maintenance show", &[]).exits(0);
    world.verb("cleanup", &["--with", "keys"]).exits(0);
    // The names of files that the search of the folder goes through.
    assert!(world.path("saved.plan").exists() && world.path(".local/state/turbot-onboard/audit.jsonl").exists());
}
