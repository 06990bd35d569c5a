//! Endpoints that are neither AWS's nor this machine: signed calls, and a new secret with them, would go there.

use crate::harness::World;
use crate::refused;

/// What somebody might put there: lookalikes of AWS's names and of this machine's.
const THEIRS: &[&str] = &[
    "https://theirs.example",
    "https://iam.amazonaws.com.theirs.example",
    "https://iam.amazonaws.com@theirs.example",
    "https://theirs.example/iam.amazonaws.com",
    "https://theirs.s3.amazonaws.com",
    "https://iam.s3.amazonaws.com",
    "http://iam.amazonaws.com",
    "http://localhost.theirs.example",
    "http://127.0.0.1.theirs.example",
    "http://127.0.0.1@theirs.example",
    "http://10.0.0.1:8080",
];

#[test]
fn nothing_is_sent_to_an_endpoint_that_nobody_allowed() {
    for variable in
        ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_ORGANIZATIONS"]
    {
        for theirs in THEIRS {
            let mut world = World::new();
            world.environment.insert(variable.into(), (*theirs).into());
            let account = refused(&world, 0, world.verb("apply", &[]), 3, "endpoint");
            let said = account["error"].to_string();
            let host = theirs.trim_end_matches('/');
            assert!(said.contains(host) && said.contains("--allow-endpoint"), "{variable}={theirs}: {said}");
            let aws = world.sandbox.log().iter().filter(|c| c.call.service != "turbot").count();
            assert_eq!(aws, 0, "{variable}={theirs}: AWS was asked");
        }
    }
}

#[test]
fn nor_to_one_that_a_profile_names() {
    let mut world = World::new();
    let ours = world.environment.remove("AWS_ENDPOINT_URL").unwrap();
    for settings in [
        "[profile theirs]\nendpoint_url = https://theirs.example\n",
        "[profile theirs]\nservices = s\n[services s]\niam =\n  endpoint_url = https://theirs.example\n",
    ] {
        std::fs::create_dir_all(world.path(".aws")).unwrap();
        std::fs::write(world.path(".aws/config"), settings).unwrap();
        refused(&world, 0, world.verb("apply", &["--profile", "theirs"]), 3, "endpoint");
    }
    world.environment.insert("AWS_ENDPOINT_URL".into(), ours);
}

#[test]
fn a_consent_is_for_the_endpoint_it_names() {
    let mut world = World::new();
    world.environment.insert("AWS_ENDPOINT_URL".into(), "https://theirs.example".into());
    for other in ["https://theirs.example.org", "https://theirs.exampl", "http://theirs.example", "theirs.example"] {
        refused(&world, 0, world.verb("apply", &["--allow-endpoint", other]), 3, "endpoint");
    }
}

#[test]
fn the_plan_names_an_endpoint_that_is_not_awss() {
    let world = World::new();
    let run = world.run(&["plan", "--account-id", &world.account, "--turbot-id", &world.turbot_id]).exits(0);
    assert!(run.stdout.contains(&world.environment["AWS_ENDPOINT_URL"]), "{}", run.stdout);
}
