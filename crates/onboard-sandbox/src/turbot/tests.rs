//! The simulated Turbot over real HTTP, with the simulated AWS behind it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::keys::tests::basic;
use super::{Deletion, ImportBody, ImportOutcome, KeyKind, TurbotOptions};
use crate::{Consistency, Options, Sandbox};

const POLICIES: &str = "/policies/Turbot:Environment:MaintenanceWindow";

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn open(sandbox: &Sandbox, method: &str, path: &str, kind: Option<KeyKind>, body: &str) -> TcpStream {
    let address = sandbox.turbot_url().replace("http://", "");
    let mut tcp = TcpStream::connect(&address).await.unwrap();
    let auth =
        kind.map_or_else(String::new, |kind| format!("authorization: {}\r\n", basic(&sandbox.turbot().key(kind))));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{auth}content-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    tcp.write_all(request.as_bytes()).await.unwrap();
    tcp
}

async fn call(sandbox: &Sandbox, method: &str, path: &str, kind: Option<KeyKind>, body: &str) -> Reply {
    let mut tcp = open(sandbox, method, path, kind, body).await;
    let mut text = String::new();
    tcp.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

async fn get(sandbox: &Sandbox, path: &str) -> Reply {
    call(sandbox, "GET", path, Some(KeyKind::Metadata), "").await
}

async fn import(sandbox: &Sandbox, payload: &Value) -> Reply {
    call(sandbox, "POST", "/api/v3/accounts", Some(KeyKind::Operator), &payload.to_string()).await
}

async fn started(turbot: TurbotOptions) -> Sandbox {
    Sandbox::start(Options { turbot, ..Options::default() }).await.unwrap()
}

fn trust(sandbox: &Sandbox, condition: &Value) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{}:root", sandbox.cloud().master_account())},
            "Action": "sts:AssumeRole",
            "Condition": condition
        }]
    })
    .to_string()
}

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn make_role(sandbox: &Sandbox, condition: &Value, policies: &[&str]) {
    let cloud = sandbox.cloud();
    cloud.create_role_unchecked(&cloud.member(0), "onboard", "/", &trust(sandbox, condition), policies).unwrap();
}

fn good_role(sandbox: &Sandbox) -> Value {
    make_role(sandbox, &json!({"StringEquals": {"sts:ExternalId": "e-1"}}), &[ADMINISTRATOR]);
    role_payload(sandbox, "aab")
}

fn role_payload(sandbox: &Sandbox, id: &str) -> Value {
    json!({
        "id": id, "clusterId": "mhe", "title": "T", "type": "awsImport", "description": "D",
        "awsRoleArn": format!("arn:aws:iam::{}:role/onboard", sandbox.cloud().member(0)),
        "awsRoleExternalId": "e-1", "deleteAwsRole": true, "checkMode": true
    })
}

fn has_role(sandbox: &Sandbox, name: &str) -> bool {
    let cloud = sandbox.cloud();
    cloud.role(&cloud.member(0), name).is_some()
}

/// Waits for a condition of the simulated world, for ten seconds at the most.
async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it never came true");
}

#[tokio::test]
async fn an_import_uses_the_role_makes_turbots_own_and_deletes_it() {
    let sandbox = started(TurbotOptions::default()).await;
    let payload = good_role(&sandbox);
    assert_eq!(get(&sandbox, "/api/v3/accounts/aab").await.status, 404);
    let reply = import(&sandbox, &payload).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.head.contains("x-turbot-version: 3.52.0"), "{}", reply.head);
    assert!(!has_role(&sandbox, "onboard") && has_role(&sandbox, "turbot_superuser"));
    let account = get(&sandbox, "/api/v3/accounts/aab").await.json();
    assert_eq!(account["urn"], "urn:turbot:mhe:aab");
    assert_eq!(account["awsAccountId"], json!(sandbox.cloud().member(0)));
    assert_eq!(get(&sandbox, "/api/v3/accounts").await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(get(&sandbox, "/api/v3/cluster").await.json()["urn"], "urn:turbot:mhe");
    let imports = sandbox.turbot().imports();
    assert_eq!(imports.len(), 1);
    assert!(imports[0].effective && imports[0].outcome == ImportOutcome::Done && imports[0].ended.is_some());
}

#[tokio::test]
async fn a_key_is_really_used_and_deleted() {
    let sandbox = started(TurbotOptions::default()).await;
    let cloud = sandbox.cloud();
    let member = cloud.member(1);
    let key = cloud.admin_credentials(&member);
    assert!(cloud.access_keys(&member).iter().any(|known| known.id == key.access_key_id));
    let payload = |secret: &str| {
        json!({
            "type": "awsImport", "clusterId": "mhe", "deleteAwsKey": true, "checkMode": false, "id": "aac",
            "title": "T", "awsAccessKeyId": key.access_key_id, "$awsSecretAccessKey": secret, "description": ""
        })
    };
    let refused = import(&sandbox, &payload("wrong")).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("SignatureDoesNotMatch")));
    let reply = import(&sandbox, &payload(&key.secret_access_key)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["awsAccountId"], json!(member));
    assert!(cloud.access_keys(&member).iter().all(|known| known.id != key.access_key_id));
    assert!(!format!("{:?}", sandbox.log()).contains(&key.secret_access_key));
    assert!(!format!("{:?}", sandbox.turbot().imports()).contains(&key.secret_access_key));
}

#[tokio::test]
async fn roles_that_do_not_protect_the_account_are_refused() {
    let sandbox = started(TurbotOptions { rights_patience: Duration::from_millis(50), ..Default::default() }).await;
    let payload = role_payload(&sandbox, "aab");
    let missing = import(&sandbox, &payload).await;
    assert_eq!((missing.status, missing.json()["code"].as_str()), (400, Some("CannotAssumeRole")));
    for (condition, policies, status, words) in [
        (json!({"StringEquals": {"sts:ExternalId": "other"}}), &[ADMINISTRATOR][..], 400, "Unable to assume"),
        (json!({}), &[ADMINISTRATOR], 422, "without its external id"),
        (json!({"StringLike": {"sts:ExternalId": "*"}}), &[ADMINISTRATOR], 422, "with any external id"),
        (json!({"StringEquals": {"sts:ExternalId": "e-1"}}), &[], 422, "no administrator rights"),
        (
            json!({"StringEquals": {"sts:ExternalId": "e-1"}}),
            &["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            422,
            "no administrator rights",
        ),
    ] {
        make_role(&sandbox, &condition, policies);
        let reply = import(&sandbox, &payload).await;
        assert_eq!(reply.status, status, "{condition}: {}", reply.body);
        assert!(reply.body.contains(words), "{condition}: {}", reply.body);
    }
    assert!(has_role(&sandbox, "onboard") && !has_role(&sandbox, "turbot_superuser"));
    assert!(sandbox.turbot().accounts().is_empty());
    assert!(sandbox.turbot().imports().iter().all(|import| !import.effective));
    // What was refused holds nothing back.
    assert_eq!(import(&sandbox, &good_role(&sandbox)).await.status, 200);
}

#[tokio::test]
async fn a_policy_that_is_still_spreading_is_waited_for() {
    let sandbox = started(TurbotOptions::default()).await;
    let payload = good_role(&sandbox);
    sandbox.cloud().set_consistency(Consistency { invisible_reads: 2, ..Consistency::default() });
    assert_eq!(import(&sandbox, &payload).await.status, 200);
}

#[tokio::test]
async fn duplicates_are_conflicts_while_in_work_and_after() {
    let sandbox = started(TurbotOptions { import_time: Duration::from_millis(300), ..Default::default() }).await;
    let mut payload = good_role(&sandbox);
    payload["deleteAwsRole"] = json!(false);
    let same_aws = json!({"id": "zzz"});
    let second = |change: &Value| {
        let mut payload = payload.clone();
        payload["id"] = change["id"].clone();
        payload
    };
    let (first, early) = tokio::join!(import(&sandbox, &payload), async {
        until(async || sandbox.turbot().imports().first().is_some_and(|i| i.aws_account_id.is_some())).await;
        (import(&sandbox, &payload).await.status, import(&sandbox, &second(&same_aws)).await.status)
    });
    assert_eq!((first.status, early), (200, (409, 409)));
    let again = import(&sandbox, &payload).await;
    assert_eq!((again.status, again.json()["code"].as_str()), (409, Some("Conflict")));
    let other = import(&sandbox, &second(&same_aws)).await;
    assert!(other.status == 409 && other.body.contains("as aab"), "{}", other.body);
    assert_eq!(sandbox.turbot().imports().iter().filter(|import| import.effective).count(), 1);
}

#[tokio::test]
async fn too_many_at_once_are_told_when_to_come_back() {
    let sandbox = started(TurbotOptions {
        import_time: Duration::from_millis(200),
        max_imports: Some(1),
        retry_after: Duration::from_secs(7),
        ..Default::default()
    })
    .await;
    let payload = good_role(&sandbox);
    let (first, second) = tokio::join!(import(&sandbox, &payload), async {
        until(async || !sandbox.turbot().imports().is_empty()).await;
        import(&sandbox, &role_payload(&sandbox, "zzz")).await
    });
    assert_eq!((first.status, second.status), (200, 429));
    assert!(second.head.contains("retry-after: 7"), "{}", second.head);
}

#[tokio::test]
async fn who_hangs_up_does_not_stop_the_import() {
    let sandbox = started(TurbotOptions { import_time: Duration::from_millis(200), ..Default::default() }).await;
    let payload = good_role(&sandbox).to_string();
    let tcp = open(&sandbox, "POST", "/api/v3/accounts", Some(KeyKind::Admin), &payload).await;
    until(async || !sandbox.turbot().imports().is_empty()).await;
    drop(tcp);
    until(async || get(&sandbox, "/api/v3/accounts/aab").await.status == 200).await;
    assert!(sandbox.turbot().imports()[0].effective);
}

#[tokio::test]
async fn acceptance_visibility_and_deletion_are_apart() {
    let sandbox = started(TurbotOptions {
        asynchronous: true,
        import_time: Duration::from_millis(100),
        visible_after: Duration::from_millis(300),
        delete: Deletion::AfterVisible { after: Duration::from_millis(100) },
        body: ImportBody::Empty,
        ..Default::default()
    })
    .await;
    let reply = import(&sandbox, &good_role(&sandbox)).await;
    assert_eq!((reply.status, reply.body.as_str()), (202, ""));
    assert_eq!(get(&sandbox, "/api/v3/accounts/aab").await.status, 404);
    until(async || sandbox.turbot().accounts().iter().any(|account| !account.visible)).await;
    until(async || get(&sandbox, "/api/v3/accounts/aab").await.status == 200).await;
    until(async || !has_role(&sandbox, "onboard")).await;
}

#[tokio::test]
async fn accounts_may_vanish_hide_and_show_another_aws_account() {
    let sandbox = started(TurbotOptions {
        vanish_after: Some(Duration::from_millis(300)),
        delete: Deletion::Never,
        wrong_aws_account: Some("012345678901".to_owned()),
        account_id_as_number: true,
        list_hides: vec!["aab".to_owned()],
        status: Some(201),
        body: ImportBody::Html,
        ..Default::default()
    })
    .await;
    let turbot = sandbox.turbot();
    turbot.add_account("xyz", "999999999999", "Other");
    let reply = import(&sandbox, &good_role(&sandbox)).await;
    assert!(reply.status == 201 && reply.body.starts_with("<!DOCTYPE"), "{}", reply.body);
    assert!(has_role(&sandbox, "onboard"), "never deleted, though asked");
    assert_eq!(get(&sandbox, "/api/v3/accounts/aab").await.json()["awsAccountId"], json!(12_345_678_901_u64));
    let listed = get(&sandbox, "/api/v3/accounts").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    turbot.change(|options| {
        options.list_hides = Vec::new();
        options.list_page = Some(1);
    });
    let page = get(&sandbox, "/api/v3/accounts").await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert!(page["paging"]["next"].is_string());
    until(async || get(&sandbox, "/api/v3/accounts/aab").await.status == 404).await;
    assert_eq!(turbot.accounts().len(), 1);
    assert!(turbot.remove_account("xyz") && !turbot.remove_account("xyz"));
}

#[tokio::test]
async fn every_key_may_what_it_may() {
    let sandbox = started(TurbotOptions::default()).await;
    let turbot = sandbox.turbot();
    turbot.add_account("aab", "111122223333", "T");
    let window = format!("/api/v3/resources/urn:turbot:mhe:aab{POLICIES}?exception=true");
    let setting =
        json!({"requirement": "MUST", "notes": "", "expirationTimestamp": "", "value": "Anytime"}).to_string();
    for (kind, expected) in [
        (Some(KeyKind::Owner), [200, 200, 200, 403, 403]),
        (Some(KeyKind::Metadata), [200, 200, 200, 403, 403]),
        (Some(KeyKind::NoListing), [200, 403, 200, 400, 403]),
        (Some(KeyKind::Operator), [200, 200, 200, 400, 403]),
        (Some(KeyKind::Admin), [200, 200, 200, 400, 200]),
        (Some(KeyKind::Expired), [401; 5]),
        (Some(KeyKind::Inactive), [403; 5]),
        (None, [401; 5]),
    ] {
        let seen = [
            call(&sandbox, "GET", "/api/v3/cluster", kind, "").await.status,
            call(&sandbox, "GET", "/api/v1/accounts", kind, "").await.status,
            call(&sandbox, "GET", "/api/latest/accounts/aab", kind, "").await.status,
            call(&sandbox, "POST", "/api/v3/accounts", kind, "{}").await.status,
            call(&sandbox, "POST", &window, kind, &setting).await.status,
        ];
        assert_eq!(seen, expected, "{kind:?}");
    }
    turbot.change(|options| options.numeric_codes = true);
    let reply = call(&sandbox, "GET", "/api/v3/cluster", None, "").await;
    assert_eq!(reply.json()["code"], json!(401));
    assert!(reply.json()["message"].is_string());
}

#[tokio::test]
async fn the_maintenance_window_is_set_once_and_read() {
    let sandbox = started(TurbotOptions::default()).await;
    let turbot = sandbox.turbot();
    turbot.add_account("aab", "111122223333", "T");
    let path = format!("/api/v3/resources/urn:turbot:mhe:aab{POLICIES}");
    let setting = |value: &str| {
        json!({"requirement": "MUST", "notes": "", "expirationTimestamp": "", "value": value}).to_string()
    };
    let set = |method: &'static str, query: &str, body: String| {
        let (sandbox, path) = (&sandbox, format!("{path}{query}"));
        async move { call(sandbox, method, &path, Some(KeyKind::Admin), &body).await.status }
    };
    assert_eq!(get(&sandbox, &path).await.json()["value"], "No changes");
    assert_eq!(set("POST", "", setting("Anytime")).await, 400, "only as an exception");
    assert_eq!(set("POST", "?exception=true", setting("Sometimes")).await, 400);
    assert_eq!(set("POST", "?exception=true", "{}".to_owned()).await, 400);
    assert_eq!(set("POST", "?exception=true", setting("Anytime")).await, 200);
    assert_eq!(get(&sandbox, &path).await.json()["value"], "Anytime");
    assert_eq!(set("POST", "?exception=true", setting("No changes")).await, 409);
    assert_eq!(set("PUT", "?exception=true", setting("No changes")).await, 405);
    turbot.change(|options| options.update_verbs = vec!["PUT".to_owned()]);
    assert_eq!(set("PUT", "?exception=true", setting("Forced changes")).await, 200);
    assert_eq!(turbot.accounts()[0].window.as_deref(), Some("Forced changes"));
    assert!(turbot.set_window("aab", None) && !turbot.set_window("zzz", None));
    assert_eq!(get(&sandbox, &path).await.json()["value"], "No changes");
    turbot.change(|options| options.maintenance_readable = false);
    assert_eq!(get(&sandbox, &path).await.status, 404);
    for other in ["urn:turbot:other:aab", "urn:turbot:mhe:zzz", "urn:turbot:mhe"] {
        assert_eq!(get(&sandbox, &format!("/api/v3/resources/{other}{POLICIES}")).await.status, 404, "{other}");
    }
}

#[tokio::test]
async fn titles_health_and_what_is_nowhere() {
    let sandbox = started(TurbotOptions::default()).await;
    let turbot = sandbox.turbot();
    turbot.add_account("aab", "111122223333", "T");
    let path = "/api/v3/accounts/aab";
    assert_eq!(
        call(&sandbox, "PATCH", path, Some(KeyKind::Operator), r#"{"title":"~ Deleted aab"}"#).await.status,
        200
    );
    assert_eq!(turbot.accounts()[0].title, "~ Deleted aab");
    assert_eq!(call(&sandbox, "PATCH", path, Some(KeyKind::Operator), "{}").await.status, 400);
    assert_eq!(call(&sandbox, "DELETE", path, Some(KeyKind::Admin), "").await.status, 405);
    assert_eq!(call(&sandbox, "GET", "/api/v5/cluster", Some(KeyKind::Admin), "").await.status, 404);
    assert_eq!(call(&sandbox, "GET", "/", None, "").await.status, 404);
    for version in ["v1", "v3", "latest"] {
        let reply = call(&sandbox, "GET", &format!("/api/{version}/turbot/health"), None, "").await;
        assert_eq!((reply.status, reply.json()["cache"].as_str()), (200, Some("OK")), "{version}");
    }
    turbot.change(|options| options.failing_health = vec!["dynamoDB".to_owned()]);
    let reply = call(&sandbox, "GET", "/api/latest/turbot/health", None, "").await;
    assert_eq!((reply.status, reply.json()["dynamoDB"].as_str()), (503, Some("ERROR")));
}
