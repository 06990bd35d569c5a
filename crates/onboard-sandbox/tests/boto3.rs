//! A stock boto3 client against the sandbox: every call, its errors, its pages.

use std::process::Command;
use std::time::Duration;

use onboard_sandbox::{Cloud, Credentials, Options, Sandbox};
use serde_json::{Value, json};

fn importable() -> bool {
    Command::new("python3").args(["-c", "import boto3"]).output().is_ok_and(|output| output.status.success())
}

fn keys(credentials: &Credentials) -> Value {
    json!({"AccessKeyId": credentials.access_key_id, "SecretAccessKey": credentials.secret_access_key})
}

fn world(cloud: &Cloud, members: usize) -> Value {
    json!({
        "member": cloud.member(0),
        "other": cloud.member(1),
        "members": members,
        "master": cloud.master_account(),
        "management": cloud.management_account(),
        "master_credentials": keys(&cloud.master_credentials()),
        "management_credentials": keys(&cloud.management_credentials()),
        "root_credentials": keys(&cloud.root_credentials(&cloud.member(0))),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_boto3_client_finds_what_it_expects() {
    if !importable() {
        // Without it there is no client to test with; the other tests of this crate cover the same ground less widely.
        println_skip();
        return;
    }
    let members = 25;
    let options = Options { accounts: members, organization_extras: true, ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.cloud().set_account_tags(&sandbox.cloud().member(0), &[("team", "blue")]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boto3_smoke.py");
    let mut command = tokio::process::Command::new("python3");
    command.arg(script).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    if let Some(home) = std::env::var_os("HOME") {
        // Where a user's own site-packages are.
        command.env("HOME", home);
    }
    command
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("NO_PROXY", "127.0.0.1")
        .envs(sandbox.environment())
        .env("SANDBOX_WORLD", world(sandbox.cloud(), members).to_string())
        .kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(300), command.output()).await.unwrap().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    assert!(text.contains("ok control"), "{text}");
    sandbox.stop().await;
}

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn println_skip() {
    eprintln!("skipped: python3 cannot import boto3");
}
