//! Proxies come from the environment, which a test may not change in its own process: each case runs this very test
//! again as a child with an environment of its own.

use std::process::Command;

use onboard_core::{ImportAnswer, LookFault};

use crate::import::{request, role};
use crate::server::{Reply, Server, client, json};

const URL: &str = "TURBOT_IMPORT_TEST_URL";

/// Runs `in_child` below against `url` in a process with these variables.
async fn in_child(url: String, variables: Vec<(&'static str, String)>) {
    let output = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["proxies::child", "--exact", "--nocapture"]);
        for name in
            ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"]
        {
            command.env_remove(name);
        }
        command.env(URL, url).envs(variables).output().unwrap()
    })
    .await
    .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// The child's half: with plain http the call succeeds, with https it ends in the proxy or in nothing at all.
#[tokio::test]
async fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let turbot = client(&url);
    if url.starts_with("http://") {
        assert_eq!(turbot.cluster_urn().await.as_deref(), Ok("urn:turbot:mhe"));
        return;
    }
    let failure = turbot.cluster_urn().await.unwrap_err();
    assert_eq!(failure.fault, LookFault::Unreachable, "{failure}");
    let answer = turbot.import(&request(), &role()).await;
    assert!(matches!(answer, ImportAnswer::NotSent(_)), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http_to_this_machine_never_meets_a_proxy() {
    let proxy = Server::http(|_| json(200, r#"{"urn":"urn:turbot:stolen"}"#)).await;
    let server = Server::http(|_| json(200, r#"{"urn":"urn:turbot:mhe"}"#)).await;
    let through = format!("http://{}", proxy.address);
    let variables = ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY"].map(|name| (name, through.clone()));
    for host in ["127.0.0.1", "localhost"] {
        in_child(format!("http://{host}:{}", server.address.port()), variables.to_vec()).await;
    }
    assert_eq!(proxy.connections(), 0);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_takes_the_proxy_unless_no_proxy_names_the_host() {
    let proxy = Server::http(|_| Reply::Answer(407, "", String::new())).await;
    let through = vec![("HTTPS_PROXY", format!("http://{}", proxy.address))];
    in_child("https://turbot.invalid".to_owned(), through.clone()).await;
    let seen = proxy.seen();
    assert_eq!(seen.len(), 2);
    for request in seen {
        assert_eq!(request.line, "CONNECT turbot.invalid:443 HTTP/1.1");
        assert!(!request.headers.contains_key("authorization"), "no credentials for a proxy");
    }
    let mut excepted = through;
    excepted.push(("NO_PROXY", "turbot.invalid".to_owned()));
    in_child("https://turbot.invalid".to_owned(), excepted).await;
    assert_eq!(proxy.seen().len(), 2, "no more than before");
}
