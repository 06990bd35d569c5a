use onboard_core::{AccessKeyId, Arn, Credential, ExternalId, ImportAnswer, LookFault, RefusalAbout, Secret};
use turbot_import::ImportRequest;

use crate::server::{Reply, SECRET, Server, aab, assert_no_secret, client, json, mhe};

/// With `/`, `+` and a quote: the characters that careless encoding breaks.
const AWS_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY\"EXAMPLEKEY";

pub(crate) fn request() -> ImportRequest {
    ImportRequest {
        id: aab(),
        cluster: mhe(),
        title: "Sandbox".to_owned(),
        description: "made by a test".to_owned(),
        check_mode: true,
        delete_credential: true,
    }
}

pub(crate) fn role() -> Credential {
    Credential::Role {
        arn: Arn::new("arn:aws:iam::011122223333:role/turbot-onboard").unwrap(),
        external_id: ExternalId::new("0123-4567").unwrap(),
    }
}

pub(crate) fn keys() -> Credential {
    Credential::Keys {
        id: AccessKeyId::new("AKIAIOSFODNN7EXAMPLE").unwrap(),
        secret: Secret::new(AWS_SECRET.to_owned()),
    }
}

#[tokio::test]
async fn both_forms_arrive_as_documented_each_on_a_connection_of_its_own() {
    let server = Server::http(|_| json(200, "")).await;
    let turbot = server.turbot();
    for credential in [role(), keys()] {
        assert_eq!(turbot.import(&request(), &credential).await, ImportAnswer::Accepted { status: 200 });
    }
    let seen = server.seen();
    assert_eq!(server.connections(), 2);
    for request in &seen {
        assert_eq!(request.line, "POST /api/v3/accounts HTTP/1.1");
        assert_eq!(request.headers["content-type"], "application/json");
        assert!(request.headers["authorization"].starts_with("Basic "));
    }
    let body = |n: usize| serde_json::from_str::<serde_json::Value>(&seen[n].body).unwrap();
    assert_eq!(
        body(0),
        serde_json::json!({
            "id": "aab", "clusterId": "mhe", "title": "Sandbox", "type": "awsImport", "description": "made by a test",
            "awsRoleArn": "arn:aws:iam::011122223333:role/turbot-onboard", "awsRoleExternalId": "0123-4567",
            "deleteAwsRole": true, "checkMode": true
        })
    );
    assert_eq!(
        body(1),
        serde_json::json!({
            "type": "awsImport", "clusterId": "mhe", "deleteAwsKey": true, "checkMode": true, "id": "aab",
            "title": "Sandbox", "awsAccessKeyId": "AKIAIOSFODNN7EXAMPLE", "$awsSecretAccessKey": AWS_SECRET,
            "description": "made by a test"
        })
    );
}

async fn answer_to(reply: Reply) -> ImportAnswer {
    let server = Server::http(move |_| reply.clone()).await;
    let answer = server.turbot().import(&request(), &keys()).await;
    assert_eq!(server.seen().len(), 1, "sent once, whatever came back");
    answer
}

#[tokio::test]
async fn whatever_a_2xx_says_it_is_accepted() {
    for reply in [
        json(202, r#"{"id":"aab"}"#),
        json(201, "<html>"),
        Reply::Raw(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end".to_vec()),
        json(200, &"x".repeat(3 << 20)),
    ] {
        assert!(matches!(answer_to(reply).await, ImportAnswer::Accepted { .. }));
    }
}

#[tokio::test]
async fn refusals_conflicts_and_429_are_definite() {
    let ImportAnswer::Refused(refusal) = answer_to(json(400, r#"{"code":17,"message":"title too long"}"#)).await else {
        panic!()
    };
    assert_eq!((refusal.status, refusal.code.as_deref(), refusal.about), (400, Some("17"), RefusalAbout::Payload));
    let cannot = r#"{"code":"x","message":"User is not authorized to perform: sts:AssumeRole on it"}"#;
    let ImportAnswer::Refused(refusal) = answer_to(json(400, cannot)).await else { panic!() };
    assert!(refusal.is_propagation());
    let ImportAnswer::Refused(refusal) = answer_to(json(401, "")).await else { panic!() };
    assert_eq!(refusal.about, RefusalAbout::TurbotKey);
    let redirect = Reply::Answer(308, "location: https://elsewhere.example/api/v3/accounts\r\n", String::new());
    let ImportAnswer::Refused(refusal) = answer_to(redirect).await else { panic!() };
    assert_eq!(refusal.about, RefusalAbout::Redirect);
    assert!(refusal.message.contains("elsewhere.example"));
    assert!(matches!(answer_to(json(409, r#"{"code":409,"message":"there"}"#)).await, ImportAnswer::Conflict(_)));
    let busy = Reply::Answer(429, "retry-after: 7\r\n", r#"{"message":"busy"}"#.to_owned());
    let ImportAnswer::NotTaken { retry_after, message } = answer_to(busy).await else { panic!() };
    assert_eq!((retry_after.unwrap().as_secs(), message.as_str()), (7, "busy"));
}

#[tokio::test]
async fn after_the_first_byte_nothing_but_a_whole_answer_is_known() {
    for reply in [
        Reply::Hang(Vec::new()),
        Reply::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{".to_vec()),
        Reply::Raw(Vec::new()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{".to_vec()),
        Reply::Raw(b"HTTP/1.1 400 Bad\r\ncontent-length: 200\r\n\r\n{".to_vec()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n".to_vec()),
        Reply::Raw(b"garbage\r\n\r\n".to_vec()),
        Reply::Reset(Vec::new()),
        Reply::Reset(b"HTTP/1.1 200".to_vec()),
        json(500, ""),
        json(502, "<html><title>502 Bad Gateway</title></html>"),
        json(503, ""),
        json(504, ""),
        json(408, ""),
        json(425, ""),
    ] {
        let answer = answer_to(reply).await;
        assert!(matches!(answer, ImportAnswer::Unknown { .. }), "{answer:?}");
    }
}

#[tokio::test]
async fn without_a_connection_it_was_not_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ImportAnswer::NotSent(failure) = client(&format!("http://{free}")).import(&request(), &role()).await else {
        panic!()
    };
    assert_eq!(failure.fault, LookFault::Unreachable);
    let ImportAnswer::NotSent(failure) = client("http://no-such-host.invalid").import(&request(), &role()).await else {
        panic!()
    };
    assert!(failure.message.contains("resolve"), "{failure}");
}

#[tokio::test]
async fn what_a_server_echoes_is_taken_out() {
    let echo = |status: u16| {
        move |seen: &crate::server::Seen| {
            let sent: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
            let secret = sent["$awsSecretAccessKey"].as_str().unwrap();
            let message = format!("could not use {secret} with {SECRET}: {}", seen.body);
            json(status, &serde_json::json!({"code": secret, "message": message}).to_string())
        }
    };
    for status in [400, 409, 429, 500] {
        let server = Server::http(echo(status)).await;
        let answer = format!("{:?}", server.turbot().import(&request(), &keys()).await);
        assert!(answer.contains("[redacted]"), "{answer}");
        assert!(!answer.contains("MDENG") && !answer.contains("bPxRfiCY"), "{answer}");
        assert_no_secret(&answer);
    }
}
