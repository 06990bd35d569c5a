use onboard_core::{Health, ImportAnswer, LookFault, Presence, RefusalAbout};

use crate::import::{keys, request};
use crate::server::{Reply, SECRET, Seen, Server, aab, assert_no_secret, aws, client, json, mhe};

fn good(seen: &Seen) -> Reply {
    let path = seen.line.split(' ').nth(1).unwrap();
    match path {
        "/api/v3/cluster" => Reply::Answer(
            200,
            "content-type: application/json\r\nx-turbot-version: 3.52.0\r\n",
            r#"{"urn":"urn:turbot:mhe","more":[1]}"#.to_owned(),
        ),
        "/api/v3/accounts/aab" => json(200, r#"{"urn":"urn:turbot:mhe:aab","id":"aab","tags":{},"title":"T"}"#),
        "/api/v3/accounts" => json(
            200,
            r#"{"items":[{"id":"aab","awsAccountId":11122223333},{"id":"zzz","awsAccountId":"999999999999"}]}"#,
        ),
        "/api/latest/turbot/health" => json(200, r#"{"cache":"OK"}"#),
        "/api/v3/resources/urn:turbot:mhe:aab/policies/Turbot:Environment:MaintenanceWindow" => {
            json(200, r#"{"value":"No changes"}"#)
        }
        _ => json(404, ""),
    }
}

#[tokio::test]
async fn everything_is_read_with_the_key_and_side_by_side() {
    let server = Server::http(good).await;
    let turbot = server.turbot();
    let seen = turbot.look(&mhe(), &aab(), &aws(), true).await;
    assert_eq!(seen.health, Health::Ok);
    assert_eq!(seen.version.as_deref(), Some("3.52.0"));
    assert_eq!(seen.cluster_urn.as_deref(), Ok("urn:turbot:mhe"));
    assert_eq!(seen.maintenance, Some(Ok(Some("No changes".to_owned()))));
    assert_eq!(seen.listed.as_ref().unwrap().len(), 1, "what concerns neither id nor account is left out");
    let Presence::Visible(account) = seen.presence(&mhe(), &aab(), &aws()) else { panic!("{seen:?}") };
    assert_eq!(account.aws_account_id, Some(aws()), "the listing's number, padded");
    assert!(server.connections() > 1, "not one after another");

    let basic =
        "Basic MTExMTIyMjItZmFjMy00MjRlLTk0ZmItMzI1ZGIxZDY1NTAzOjQ0ODI5YmM0LWM2ODItNGYzZC1iMTRjLWFmNzdiODcyOGJjYg==";
    for request in server.seen() {
        let health = request.line.contains("health");
        assert_eq!(request.headers.get("authorization").map(String::as_str), (!health).then_some(basic), "{request:?}");
        assert_eq!(request.headers["user-agent"], "wire-test/1");
        assert_eq!(request.headers["accept"], "application/json");
    }
    assert_no_secret(&format!("{turbot:?} {seen:?}"));

    let listed = turbot.accounts().await.unwrap();
    let again = turbot.look_listed(&mhe(), &aab(), &aws(), true, &listed).await;
    assert_eq!(again, seen, "a listing read once for a fleet gives the same");
}

#[tokio::test]
async fn absence_is_a_404_beside_a_whole_listing() {
    let server = Server::http(|seen| match seen.line.as_str() {
        "GET /api/v3/accounts/aab HTTP/1.1" => json(404, "<html>no</html>"),
        "GET /api/v3/accounts HTTP/1.1" => json(200, r#"{"items":[]}"#),
        _ => good(seen),
    })
    .await;
    let seen = server.turbot().look(&mhe(), &aab(), &aws(), false).await;
    assert_eq!(seen.presence(&mhe(), &aab(), &aws()), Presence::Absent);
    assert_eq!(seen.maintenance, None);
}

#[tokio::test]
async fn failed_looks_say_what_kind_they_are() {
    let cases: Vec<(Reply, LookFault, &str)> = vec![
        (json(401, r#"{"code":"x","message":"bad key"}"#), LookFault::Unauthorized, "bad key"),
        (json(403, r#"{"message":"no right"}"#), LookFault::Forbidden, "no right"),
        (json(404, ""), LookFault::NotFound, "404"),
        (json(400, "{}"), LookFault::Refused, "400"),
        (json(429, ""), LookFault::Unavailable, "429"),
        (json(408, ""), LookFault::Unavailable, "408"),
        (json(503, "<html><title>503 Down</title></html>"), LookFault::Unavailable, "503 Down"),
        (json(200, "<html><title>Sign in</title></html>"), LookFault::Malformed, "Sign in"),
        (json(200, r#"{"other":1}"#), LookFault::Malformed, "without `urn`"),
        (json(200, ""), LookFault::Malformed, "not JSON"),
        (json(200, &format!("\"{}\"", "x".repeat(2 << 20))), LookFault::Malformed, "more than"),
        (
            Reply::Answer(302, "location: https://elsewhere.example/\r\n", String::new()),
            LookFault::Redirect,
            "elsewhere.example",
        ),
        (Reply::Hang(Vec::new()), LookFault::Unreachable, "no answer within"),
        (Reply::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()), LookFault::Unreachable, "cut-off"),
        (Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()), LookFault::Unreachable, "cut-off"),
        (Reply::Reset(Vec::new()), LookFault::Unreachable, "broke"),
        (Reply::Raw(b"this is no HTTP\r\n\r\n".to_vec()), LookFault::Unreachable, "broke"),
    ];
    for (reply, fault, words) in cases {
        let server = Server::http(move |_| reply.clone()).await;
        let failure = server.turbot().cluster_urn().await.unwrap_err();
        assert_eq!(failure.fault, fault, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
        assert!(failure.message.contains(&server.address.to_string()), "{failure}");
    }
    // Nobody listens: a port that was just free.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failure = client(&format!("http://{free}")).cluster_urn().await.unwrap_err();
    assert_eq!(failure.fault, LookFault::Unreachable);
    assert!(failure.message.contains("refused"), "{failure}");
    let failure = client("http://no-such-host.invalid").cluster_urn().await.unwrap_err();
    assert_eq!(failure.fault, LookFault::Unreachable, "{failure}");
}

#[tokio::test]
async fn an_account_that_is_another_one_is_not_taken_for_it() {
    let server = Server::http(|_| json(200, r#"{"id":"aac","awsAccountId":"011122223333"}"#)).await;
    let failure = server.turbot().account(&aab()).await.unwrap_err();
    assert_eq!(failure.fault, LookFault::Malformed);
    assert!(failure.message.contains("'aac'"), "{failure}");
}

#[tokio::test]
async fn a_listing_of_one_page_proves_nothing() {
    let server = Server::http(|_| json(200, r#"{"items":[{"id":"zzz"}],"paging":{"next":"t"}}"#)).await;
    let failure = server.turbot().accounts().await.unwrap_err();
    assert!(failure.message.contains("one page of several"), "{failure}");
}

#[tokio::test]
async fn health_names_what_fails() {
    for (reply, expected) in [
        (json(200, "not even JSON"), Health::Ok),
        (
            json(503, r#"{"instanceId":"i-1","cache":"OK","dynamoDB":"ERROR","workersCheck":{"status":"X"}}"#),
            Health::Failing("dynamoDB: ERROR".to_owned()),
        ),
        (json(400, r#"{"message":"bad"}"#), Health::Failing("400: bad".to_owned())),
        (
            json(503, "<html><title>Service Unavailable</title></html>"),
            Health::Failing("503: an HTML page: Service Unavailable".to_owned()),
        ),
    ] {
        let server = Server::http(move |_| reply.clone()).await;
        assert_eq!(server.turbot().health().await, expected);
    }
    // Where it asks for a key, it gets it.
    let server = Server::http(|seen| match seen.headers.get("authorization") {
        None => json(401, ""),
        Some(_) => json(200, "{}"),
    })
    .await;
    assert_eq!(server.turbot().health().await, Health::Ok);
    let server = Server::http(|_| json(500, "")).await;
    assert!(matches!(server.turbot().health().await, Health::Unknown(_)));
}

#[tokio::test]
async fn redirects_take_no_credentials_anywhere() {
    let elsewhere = Server::http(|_| json(200, r#"{"urn":"urn:turbot:mhe"}"#)).await;
    let location: &'static str = format!("location: http://{}/\r\n", elsewhere.address).leak();
    for status in [301, 302, 303, 307, 308] {
        let server = Server::http(move |_| Reply::Answer(status, location, String::new())).await;
        let failure = server.turbot().cluster_urn().await.unwrap_err();
        assert_eq!(failure.fault, LookFault::Redirect, "{status}");
        // The import carries the account's credential besides.
        let answer = server.turbot().import(&request(), &keys()).await;
        let ImportAnswer::Refused(refusal) = answer else { panic!("{status}: {answer:?}") };
        assert_eq!(refusal.about, RefusalAbout::Redirect, "{status}");
        assert_eq!(server.seen().len(), 2, "{status}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn an_echoed_key_is_taken_out() {
    let server = Server::http(|seen| {
        let basic = &seen.headers["authorization"];
        json(403, &format!(r#"{{"code":"{SECRET}","message":"key {SECRET} sent as {basic} may not"}}"#))
    })
    .await;
    let failure = server.turbot().cluster_urn().await.unwrap_err();
    assert!(failure.message.contains("[redacted]"), "{failure}");
    assert_no_secret(&failure.message);
}
