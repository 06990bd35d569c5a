//! Turbot's keys, from Secrets Manager.

use serde_json::{Value, json};

use crate::function::{Function, LONG};
use crate::harness::{Seen, Server, World};

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:turbot-AbCdEf";

/// A Secrets Manager with the answer to `GetSecretValue`, and a function whose environment holds no key.
fn with_secret<T>(world: &World, answer: (u16, Value), work: impl FnOnce(&Function<'_>, &Server) -> T) -> T {
    let server = Server::answering(move |_: &Seen| (answer.0, answer.1.to_string()));
    let function = Function::start_as(world, "account", |command| {
        command
            .env_remove("TURBOT_ACCESS_KEY")
            .env_remove("TURBOT_SECRET_KEY")
            .env("TURBOT_KEYS_SECRET", SECRET)
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.url());
    });
    work(&function, &server)
}

#[test]
fn they_are_read_for_every_run() {
    let world = World::new();
    let (access, secret) = (&world.environment["TURBOT_ACCESS_KEY"], &world.environment["TURBOT_SECRET_KEY"]);
    let row = json!({"account_id": world.account, "turbot_id": world.turbot_id});
    for text in [format!("{access}\n{secret}\n"), json!({"access_key": access, "secret_key": secret}).to_string()] {
        with_secret(&world, (200, json!({"SecretString": text})), |function, server| {
            for _ in 0..2 {
                assert_eq!(function.invoke(&row, LONG).unwrap()["summary"]["exit_code"], 0);
            }
            let asked: Vec<Value> =
                server.seen().iter().map(|seen| serde_json::from_str(&seen.body).unwrap()).collect();
            assert_eq!(asked, [json!({"SecretId": SECRET}), json!({"SecretId": SECRET})]);
        });
    }
}

#[test]
fn a_secret_that_cannot_be_used_is_said_without_its_text() {
    let world = World::new();
    world.secrets.lock().unwrap().add("hunter2/hunter2+hunter2");
    let row = json!({"account_id": world.account, "turbot_id": world.turbot_id});
    let denied = json!({"__type": "AccessDeniedException", "Message": "User is not authorized to perform: secretsmanager:GetSecretValue"});
    for (status, answer, kind, said) in [
        (400, denied, "Onboard.Failed", "not authorized to perform"),
        (400, json!({"__type": "ResourceNotFoundException", "Message": "can't find"}), "Onboard.Failed", "can't find"),
        (200, json!({"SecretString": "hunter2/hunter2+hunter2"}), "Onboard.Usage", "two lines"),
        (200, json!({"SecretBinary": "aHVudGVyMg=="}), "Onboard.Failed", "bytes and no text"),
    ] {
        with_secret(&world, (status, answer), |function, _| {
            let error = function.invoke(&row, LONG).unwrap_err();
            assert_eq!(error["errorType"], kind, "{error:#}");
            assert!(error["errorMessage"].as_str().unwrap().contains(said), "{said}: {error:#}");
        });
    }
    assert!(world.sandbox.log().is_empty());
}
