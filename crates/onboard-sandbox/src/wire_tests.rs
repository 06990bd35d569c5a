//! The sandbox over real sockets: faults, gates, consistency, clocks and policies.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::clock;
use crate::sigv4::{self, Authorization};
use crate::wire::HttpRequest;
use crate::{CallInfo, Cloud, Consistency, Credentials, Fault, Gate, Moment, Options, PolicyKind, Sandbox, What, lock};

const ADMIN_POLICY: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A signed request, as bytes.
fn request(url: &str, credentials: &Credentials, service: &str, fields: &[(&str, &str)], time: &str) -> Vec<u8> {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let body: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
    let host = url.trim_start_matches("http://");
    let mut headers = vec![("host".to_owned(), host.to_owned()), ("x-amz-date".to_owned(), time.to_owned())];
    if let Some(token) = &credentials.session_token {
        headers.push(("x-amz-security-token".to_owned(), token.clone()));
    }
    let http = HttpRequest {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        body: Bytes::from(body.join("&")),
        headers,
    };
    let names: Vec<String> = http.headers.iter().map(|(name, _)| name.clone()).collect();
    let mut authorization = Authorization {
        access_key_id: credentials.access_key_id.clone(),
        date: time[..8].to_owned(),
        region: "us-east-1".to_owned(),
        service: service.to_owned(),
        signed_headers: names.clone(),
        signature: String::new(),
    };
    authorization.signature = sigv4::signature(&http, &authorization, &credentials.secret_access_key, time);
    let mut head = String::from("POST / HTTP/1.1\r\n");
    for (name, value) in &http.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "authorization: AWS4-HMAC-SHA256 Credential={}/{}/us-east-1/{service}/aws4_request, SignedHeaders={}, \
         Signature={}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n",
        authorization.access_key_id,
        authorization.date,
        names.join(";"),
        authorization.signature,
        http.body.len(),
    ));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&http.body);
    bytes
}

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://")).await.unwrap()
}

struct Client<'a> {
    sandbox: &'a Sandbox,
    credentials: Credentials,
    offset: i64,
}

impl<'a> Client<'a> {
    fn new(sandbox: &'a Sandbox, credentials: Credentials) -> Self {
        Self { sandbox, credentials, offset: 0 }
    }

    fn admin(sandbox: &'a Sandbox) -> Self {
        Self::new(sandbox, sandbox.cloud().admin_credentials(&sandbox.cloud().member(0)))
    }

    fn bytes(&self, action: &str, fields: &[(&str, &str)]) -> Vec<u8> {
        let sts = ["AssumeRole", "GetCallerIdentity"].contains(&action);
        let (service, version) = if sts { ("sts", "2011-06-15") } else { ("iam", "2010-05-08") };
        let mut all = vec![("Action", action), ("Version", version)];
        all.extend_from_slice(fields);
        let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + self.offset).unwrap();
        request(&self.sandbox.aws_url(), &self.credentials, service, &all, &clock::compact(now))
    }

    /// Sends a call and reads until the connection ends.
    async fn raw(&self, action: &str, fields: &[(&str, &str)]) -> std::io::Result<String> {
        let mut stream = connect(&self.sandbox.aws_url()).await;
        stream.write_all(&self.bytes(action, fields)).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8(answer).unwrap())
    }

    /// The status, and the body.
    async fn call(&self, action: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let answer = self.raw(action, fields).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    async fn code(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let (status, body) = self.call(action, fields).await;
        if status == 200 { "ok".to_owned() } else { between(&body, "<Code>", "</Code>") }
    }
}

fn between(text: &str, start: &str, end: &str) -> String {
    let from = text.find(start).unwrap_or_else(|| panic!("{start} is not in {text}")) + start.len();
    text[from..from + text[from..].find(end).unwrap()].to_owned()
}

fn trust(cloud: &Cloud, external_id: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"{}\"}},\
         \"Action\":\"sts:AssumeRole\",\
         \"Condition\":{{\"StringEquals\":{{\"sts:ExternalId\":\"{external_id}\"}}}}}}]}}",
        cloud.master_account()
    )
}

async fn started(consistency: Consistency) -> Sandbox {
    Sandbox::start(Options { consistency, ..Options::default() }).await.unwrap()
}

#[tokio::test]
async fn a_reset_is_a_reset_and_may_follow_the_effect() {
    let sandbox = started(Consistency::default()).await;
    let client = Client::admin(&sandbox);
    sandbox.add_fault(Fault::new("iam:CreateRole", What::Reset));
    sandbox.add_fault(Fault::new("iam:CreateRole", What::Reset).nth(2).after());
    let document = trust(sandbox.cloud(), "x");
    let member = sandbox.cloud().member(0);
    for made in [false, true] {
        let error =
            client.raw("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &document)]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(sandbox.cloud().role(&member, "r").is_some(), made);
    }
    let log = sandbox.log();
    assert_eq!(log[0].fault.as_deref(), Some("reset"));
    assert_eq!((log[1].status, log[1].call.nth), (0, 2));
    assert_eq!(client.code("GetRole", &[("RoleName", "r")]).await, "ok");
}

#[tokio::test]
async fn a_truncated_answer_promises_the_whole() {
    let sandbox = started(Consistency::default()).await;
    sandbox.add_fault(Fault::new("sts:GetCallerIdentity", What::Truncated));
    let answer = Client::admin(&sandbox).raw("GetCallerIdentity", &[]).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"));
    let promised: usize = between(&format!("{head}\r\n"), "content-length: ", "\r\n").parse().unwrap();
    assert!(!body.is_empty() && body.len() < promised, "{} of {promised}", body.len());
    assert!(body.starts_with("<GetCallerIdentityResponse"));
}

#[tokio::test]
async fn a_timeout_lasts_until_the_sandbox_stops() {
    let sandbox = started(Consistency::default()).await;
    sandbox.add_fault(Fault::new("*", What::Timeout));
    let mut stream = connect(&sandbox.aws_url()).await;
    stream.write_all(&Client::admin(&sandbox).bytes("GetCallerIdentity", &[])).await.unwrap();
    let mut answer = Vec::new();
    let held = tokio::time::timeout(Duration::from_millis(200), stream.read_to_end(&mut answer)).await;
    assert!(held.is_err());
    sandbox.stop().await;
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok() && answer.is_empty());
}

#[tokio::test]
async fn other_faults_show_themselves() {
    let sandbox = started(Consistency::default()).await;
    let client = Client::admin(&sandbox);
    for (what, status, text) in [
        (What::Throttle { retry_after: Some(3) }, 400, "<Code>Throttling</Code>"),
        (What::InternalError, 500, "<Code>InternalFailure</Code>"),
        (What::Unavailable, 503, "<Code>ServiceUnavailable</Code>"),
        (What::Html, 502, "<html>"),
        (What::ExpiredToken, 403, "<Code>ExpiredToken</Code>"),
        (What::ClockSkew, 403, "Signature expired: "),
        (What::Quota, 409, "<Code>LimitExceeded</Code>"),
        (What::ConcurrentModification, 409, "<Code>ConcurrentModification</Code>"),
        (What::NotFound, 404, "<Code>NoSuchEntity</Code>"),
        (What::Malformed, 200, "<Response><Result"),
        (What::Status { code: 418, body: "tea".to_owned() }, 418, "tea"),
        (
            What::AccessDenied { policy: PolicyKind::Boundary, arn: None },
            403,
            "because no permissions boundary allows the sts:GetCallerIdentity action",
        ),
        (
            What::AccessDenied { policy: PolicyKind::Identity, arn: Some("arn:p".to_owned()) },
            403,
            "with an explicit deny in an identity-based policy: arn:p",
        ),
    ] {
        sandbox.add_fault(Fault::new("sts:GetCallerIdentity", what.clone()));
        let answer = client.raw("GetCallerIdentity", &[]).await.unwrap();
        assert!(answer.contains(text), "{what:?}: {answer}");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{what:?}: {answer}");
        if let What::Throttle { .. } = what {
            assert!(answer.contains("retry-after: 3\r\n"));
        }
        sandbox.clear_faults();
    }
    assert_eq!(client.code("GetCallerIdentity", &[]).await, "ok");
}

/// Notes every moment, and holds calls of one name at one moment.
struct Recorder {
    seen: Mutex<Vec<(String, Moment)>>,
    hold: (&'static str, Moment),
    reached: Notify,
    release: Notify,
    answered: Notify,
}

impl Recorder {
    fn new(name: &'static str, moment: Moment) -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            hold: (name, moment),
            reached: Notify::new(),
            release: Notify::new(),
            answered: Notify::new(),
        })
    }
}

impl Gate for Recorder {
    fn at<'a>(&'a self, call: &'a CallInfo, moment: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            lock(&self.seen).push((call.name.clone(), moment));
            if (call.name.as_str(), moment) == self.hold {
                self.reached.notify_one();
                self.release.notified().await;
            }
            if moment == Moment::AfterAnswer {
                self.answered.notify_one();
            }
        })
    }
}

#[tokio::test]
async fn gates_are_passed_in_order() {
    let sandbox = started(Consistency::default()).await;
    let gate = Recorder::new("", Moment::Before);
    sandbox.set_gate(Some(gate.clone()));
    assert_eq!(Client::admin(&sandbox).code("GetCallerIdentity", &[]).await, "ok");
    tokio::time::timeout(Duration::from_secs(5), gate.answered.notified()).await.unwrap();
    let name = || "sts:GetCallerIdentity".to_owned();
    let expected = [(name(), Moment::Before), (name(), Moment::AfterEffect), (name(), Moment::AfterAnswer)];
    assert_eq!(*lock(&gate.seen), expected);
}

#[tokio::test]
async fn a_request_that_has_arrived_is_carried_out_without_its_client() {
    for moment in [Moment::Before, Moment::AfterEffect] {
        let sandbox = started(Consistency::default()).await;
        let gate = Recorder::new("iam:CreateUser", moment);
        sandbox.set_gate(Some(gate.clone()));
        let mut stream = connect(&sandbox.aws_url()).await;
        stream.write_all(&Client::admin(&sandbox).bytes("CreateUser", &[("UserName", "u")])).await.unwrap();
        gate.reached.notified().await;
        let member = sandbox.cloud().member(0);
        assert_eq!(sandbox.cloud().user(&member, "u").is_some(), moment == Moment::AfterEffect);
        drop(stream);
        gate.release.notify_one();
        tokio::time::timeout(Duration::from_secs(5), async {
            while sandbox.log().is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        assert!(sandbox.cloud().user(&member, "u").is_some());
    }
}

#[tokio::test]
async fn reads_lag_behind_writes_that_test_and_set() {
    let consistency = Consistency { invisible_reads: 1, odd_arn_reads: 2, ..Consistency::default() };
    let sandbox = started(consistency).await;
    let client = Client::admin(&sandbox);
    let document = trust(sandbox.cloud(), "x");
    let create = [("RoleName", "r"), ("AssumeRolePolicyDocument", document.as_str())];
    assert_eq!(client.code("CreateRole", &create).await, "ok");
    assert_eq!(client.code("CreateRole", &create).await, "EntityAlreadyExists");
    assert_eq!(client.code("GetRole", &[("RoleName", "r")]).await, "NoSuchEntity");
    for odd in [true, true, false] {
        let (_, body) = client.call("GetRole", &[("RoleName", "r")]).await;
        assert_eq!(between(&body, "<Arn>", "</Arn>").starts_with("AROA"), odd);
    }
    client.code("TagRole", &[("RoleName", "r"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]).await;
    // The list of tags has not been read before: it lags behind the creation too.
    assert_eq!(client.code("ListRoleTags", &[("RoleName", "r")]).await, "NoSuchEntity");
    assert!(client.call("ListRoleTags", &[("RoleName", "r")]).await.1.contains("<Key>a</Key>"));
    client.code("DeleteRole", &[("RoleName", "r")]).await;
    assert_eq!(client.code("GetRole", &[("RoleName", "r")]).await, "ok");
    assert_eq!(client.code("GetRole", &[("RoleName", "r")]).await, "NoSuchEntity");

    let (_, body) = client.call("CreateAccessKey", &[("UserName", "admin")]).await;
    let fresh = Credentials {
        access_key_id: between(&body, "<AccessKeyId>", "<"),
        secret_access_key: between(&body, "<SecretAccessKey>", "<"),
        session_token: None,
    };
    let own = Client::new(&sandbox, fresh.clone());
    assert_eq!(own.code("GetCallerIdentity", &[]).await, "InvalidClientTokenId");
    assert_eq!(own.code("GetCallerIdentity", &[]).await, "ok");
    assert!(sandbox.cloud().delete_access_key_force(&fresh.access_key_id));
    assert_eq!(own.code("GetCallerIdentity", &[]).await, "InvalidClientTokenId");
}

#[tokio::test]
async fn a_new_role_and_key_take_their_time() {
    let consistency = Consistency {
        role_visible: Duration::from_millis(300),
        key_visible: Duration::from_millis(300),
        ..Consistency::default()
    };
    let sandbox = started(consistency).await;
    let client = Client::admin(&sandbox);
    let cloud = sandbox.cloud();
    let document = trust(cloud, "right");
    client.code("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &document)]).await;
    let attach = [("RoleName", "r"), ("PolicyArn", ADMIN_POLICY)];
    assert_eq!(client.code("AttachRolePolicy", &attach).await, "NoSuchEntity");
    let arn = format!("arn:aws:iam::{}:role/r", cloud.member(0));
    let assume = || cloud.assume_role(cloud.master_account(), &arn, Some("right"));
    assert_eq!(assume().unwrap_err().code, "AccessDenied");
    tokio::time::timeout(Duration::from_secs(5), async {
        while assume().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(client.code("AttachRolePolicy", &attach).await, "ok");
    assert!(cloud.is_administrator(&assume().unwrap().identity));
    assert!(cloud.assume_role(cloud.master_account(), &arn, None).is_err());
    assert!(cloud.assume_role(cloud.master_account(), &arn, Some("wrong")).is_err());
    assert!(cloud.assume_role(&cloud.member(1), &arn, Some("right")).is_err());
}

#[tokio::test]
async fn the_clock_decides_on_signatures_and_sessions() {
    let sandbox = started(Consistency::default()).await;
    let cloud = sandbox.cloud();
    let late = Client { offset: -16 * 60, ..Client::admin(&sandbox) };
    let (status, body) = late.call("GetCallerIdentity", &[]).await;
    assert!(status == 403 && body.contains("Signature expired: ") && body.contains("- 15 min.)"), "{body}");
    let early = Client { offset: 16 * 60, ..Client::admin(&sandbox) };
    assert!(early.call("GetCallerIdentity", &[]).await.1.contains("Signature not yet current: "));
    cloud.set_clock_offset(16 * 60 * 1000);
    assert_eq!(early.code("GetCallerIdentity", &[]).await, "ok");

    let arn = format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", cloud.member(0));
    let session = cloud.assume_role(cloud.management_account(), &arn, None).unwrap();
    let client = Client { offset: 16 * 60, ..Client::new(&sandbox, session.credentials) };
    assert_eq!(client.code("ListRoles", &[]).await, "ok");
    cloud.set_clock_offset(2 * 3600 * 1000);
    let client = Client { offset: 2 * 3600, ..client };
    assert_eq!(client.code("ListRoles", &[]).await, "ExpiredToken");
}

#[tokio::test]
async fn an_organization_denies() {
    let sandbox = started(Consistency::default()).await;
    let cloud = sandbox.cloud();
    let (member, client) = (cloud.member(0), Client::admin(&sandbox));
    let control = "arn:aws:organizations::999988887777:policy/o-aa111bb222/service_control_policy/p-1";
    let statement = |rest: &str| format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{{{rest}}}]}}");
    cloud.set_scp(&member, &statement(r#""Effect":"Deny","Action":"iam:CreateRole","Resource":"*""#), control);
    let document = trust(cloud, "right");
    let (_, body) = client.call("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &document)]).await;
    assert!(body.contains(&format!("with an explicit deny in a service control policy: {control}")), "{body}");
    cloud.clear_control_policies(&member);
    cloud.set_scp(&member, &statement(r#""Effect":"Allow","Action":"sts:*","Resource":"*""#), control);
    let (_, body) = client.call("ListRoles", &[]).await;
    assert!(body.contains("because no service control policy allows the iam:ListRoles action"), "{body}");
    cloud.clear_control_policies(&member);

    cloud.create_role_unchecked(&member, "r", "/", &document, &[ADMIN_POLICY]).unwrap();
    let arn = format!("arn:aws:iam::{member}:role/r");
    let assume = || cloud.assume_role(cloud.master_account(), &arn, Some("right"));
    assert!(assume().is_ok());
    let perimeter = statement(
        r#""Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*",
           "Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-aa111bb222"}}"#,
    );
    cloud.set_rcp(&member, &perimeter, &control.replace("service", "resource"));
    let denied = assume().unwrap_err();
    // The master account has no organization, so the key is absent and the condition holds.
    assert!(denied.message.contains("with an explicit deny in a resource control policy: "), "{denied}");
    cloud.clear_control_policies(&member);

    let boundary = statement(r#""Effect":"Allow","Action":"iam:Get*","Resource":"*""#);
    cloud.set_boundary_of_admin(&member, "boundary", &boundary);
    let (_, body) = client.call("ListRoles", &[]).await;
    assert!(body.contains("because no permissions boundary allows the iam:ListRoles action"), "{body}");
}

#[tokio::test]
async fn partitions_and_large_organizations() {
    let options = Options { accounts: 10_000, partition: "aws-cn".to_owned(), ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let cloud = sandbox.cloud();
    let accounts = cloud.accounts();
    assert_eq!(accounts.len(), 10_002);
    let ids: std::collections::BTreeSet<&String> = accounts.iter().map(|account| &account.id).collect();
    assert_eq!(ids.len(), 10_002);
    assert!(ids.iter().all(|id| id.len() == 12));
    let environment = sandbox.environment();
    assert!(environment.contains(&("AWS_REGION".to_owned(), "cn-north-1".to_owned())));
    let last = Client::new(&sandbox, cloud.admin_credentials(&cloud.member(9_999)));
    let (_, body) = last.call("GetCallerIdentity", &[]).await;
    assert_eq!(between(&body, "<Arn>", "<"), format!("arn:aws-cn:iam::{}:user/admin", cloud.member(9_999)));
    let wrong = trust(cloud, "x").replace("210987654321", "arn:aws:iam::210987654321:root");
    let (_, body) = last.call("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &wrong)]).await;
    assert!(
        body.contains("Invalid principal in policy: &quot;AWS&quot;:&quot;arn:aws:iam::210987654321:root"),
        "{body}"
    );
}

#[tokio::test]
async fn turbot_passes_the_same_frame() {
    let sandbox = started(Consistency::default()).await;
    sandbox.add_fault(Fault::new("turbot:GET /cluster", What::Throttle { retry_after: Some(2) }));
    sandbox.add_fault(Fault::new("turbot:POST /accounts", What::Reset));
    let send = async |head: &str| {
        let mut stream = connect(&sandbox.turbot_url()).await;
        let head = format!("{head} HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.map(|_| String::from_utf8(answer).unwrap())
    };
    let answer = send("GET /api/v3/cluster").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: 2\r\n"), "{answer}");
    assert_eq!(send("POST /api/v3/accounts").await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert!(send("GET /api/v3/cluster").await.unwrap().starts_with("HTTP/1.1 401"));
    let names: Vec<String> = sandbox.log().into_iter().map(|record| record.call.name).collect();
    assert_eq!(names, ["turbot:GET /cluster", "turbot:POST /accounts", "turbot:GET /cluster"]);
}
