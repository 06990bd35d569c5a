//! Every source of AWS credentials that the SDK's chain promises: the calls are made with the very keys that it gave.

use std::io::Write;
use std::path::PathBuf;

use onboard_sandbox::Credentials;

use crate::harness::{Seen, Server, World};

/// A world whose environment holds no AWS keys, and a session that a source may hand out.
fn without_keys() -> (World, Credentials) {
    let mut world = World::new();
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        world.environment.remove(name);
    }
    let session = world.sandbox.cloud().session(&world.account);
    {
        let mut secrets = world.secrets.lock().unwrap();
        secrets.add(&session.secret_access_key);
        secrets.add(session.session_token.as_deref().unwrap());
    }
    (world, session)
}

/// Writes a file below the home folder that may hold secrets.
fn write(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    world.secrets.lock().unwrap().allow_file(&path);
    path
}

/// What container and instance endpoints answer, and (with a version) processes print.
fn as_json(session: &Credentials, token: &str) -> String {
    format!(
        r#"{{"Version":1,"Code":"Success","Type":"AWS-HMAC","LastUpdated":"2026-01-01T00:00:00Z",
            "AccessKeyId":"{}","SecretAccessKey":"{}","{token}":"{}","Expiration":"2100-01-01T00:00:00Z"}}"#,
        session.access_key_id,
        session.secret_access_key,
        session.session_token.as_deref().unwrap(),
    )
}

/// A plan is made, and AWS's calls for it are all signed with this key.
#[track_caller]
fn planned_with(world: &World, session: &Credentials, arguments: &[&str]) {
    world.verb("plan", arguments).exits(0);
    let calls = world.sandbox.log();
    let keys: Vec<_> = calls.iter().filter(|c| c.call.service != "turbot").map(|c| &c.call.access_key_id).collect();
    assert!(!keys.is_empty());
    assert!(keys.iter().all(|key| key.as_ref() == Some(&session.access_key_id)), "{keys:?}");
}

#[test]
fn the_environment() {
    let (mut world, session) = without_keys();
    world.act_as(&session);
    world.environment.insert("AWS_SESSION_TOKEN".into(), session.session_token.clone().unwrap());
    planned_with(&world, &session, &[]);
}

#[test]
fn a_profile_by_flag_by_variable_and_by_default() {
    for (profile, arguments, variable) in
        [("work", &["--profile", "work"][..], None), ("work", &[], Some("work")), ("default", &[], None)]
    {
        let (mut world, session) = without_keys();
        let (id, secret) = (&session.access_key_id, &session.secret_access_key);
        let token = session.session_token.as_deref().unwrap();
        let text = format!(
            "[{profile}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\naws_session_token = {token}\n"
        );
        write(&world, ".aws/credentials", &text);
        world.environment.extend(variable.map(|name| ("AWS_PROFILE".to_owned(), name.to_owned())));
        planned_with(&world, &session, arguments);
    }
}

#[test]
fn a_process() {
    let (world, session) = without_keys();
    let printed = write(&world, "printed.json", &as_json(&session, "SessionToken"));
    let process = format!("[profile work]\ncredential_process = /bin/cat {}\n", printed.display());
    write(&world, ".aws/config", &process);
    planned_with(&world, &session, &["--profile", "work"]);
}

#[test]
fn single_sign_on() {
    // The names of cached tokens are the SHA-1 of the session's name, or of the start URL where there is no session.
    for (settings, cached) in [
        (
            "sso_session = work\n[sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://work.example/start\n",
            "e274eeff768c6396088ec6eb091f4bf4d47ab1e0",
        ),
        (
            "sso_region = eu-west-1\nsso_start_url = https://work.example/start\n",
            "e218012ba0a50a603585107077633db9e52c4834",
        ),
    ] {
        let (mut world, session) = without_keys();
        let config = format!("[profile work]\nsso_account_id = {}\nsso_role_name = Admin\n{settings}", world.account);
        write(&world, ".aws/config", &config);
        let token = r#"{"accessToken":"the-token-of-a-login","expiresAt":"2100-01-01T00:00:00Z"}"#;
        write(&world, &format!(".aws/sso/cache/{cached}.json"), token);
        world.secrets.lock().unwrap().add("the-token-of-a-login");
        let answer = format!(
            r#"{{"roleCredentials":{{"accessKeyId":"{}","secretAccessKey":"{}","sessionToken":"{}","expiration":4102444800000}}}}"#,
            session.access_key_id,
            session.secret_access_key,
            session.session_token.as_deref().unwrap(),
        );
        let portal = Server::answering(move |seen| {
            let logged_in = seen.header("x-amz-sso_bearer_token") == Some("the-token-of-a-login");
            if logged_in { (200, answer.clone()) } else { (401, String::new()) }
        });
        world.environment.insert("AWS_ENDPOINT_URL_SSO".into(), portal.url());
        planned_with(&world, &session, &["--profile", "work"]);
        let line = &portal.seen()[0].line;
        assert!(line.starts_with("GET /federation/credentials?"), "{line}");
        for part in ["role_name=Admin".to_owned(), format!("account_id={}", world.account)] {
            assert!(line.contains(&part), "{line}");
        }
    }
}

#[test]
fn a_web_identity() {
    let (mut world, session) = without_keys();
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhLXBpcGVsaW5lIn0.c2lnbmF0dXJl";
    let file = write(&world, "token", token);
    let role = format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", world.account);
    let answer = format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}\
         </SecretAccessKey><SessionToken>{}</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        session.access_key_id,
        session.secret_access_key,
        session.session_token.as_deref().unwrap(),
    );
    // The one call that nobody signs is answered here; what is signed goes to the sandbox.
    let sandbox = world.sandbox.aws_url();
    let sts = Server::start(move |seen: &Seen, out: &mut dyn Write| {
        if seen.body.contains("Action=AssumeRoleWithWebIdentity") {
            return write!(
                out,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            );
        }
        seen.pass_on(&sandbox, out)
    });
    world.environment.insert("AWS_ENDPOINT_URL_STS".into(), sts.url());
    world.environment.insert("AWS_ROLE_ARN".into(), role);
    world.environment.insert("AWS_ROLE_SESSION_NAME".into(), "a-pipeline".into());
    world.environment.insert("AWS_WEB_IDENTITY_TOKEN_FILE".into(), file.to_str().unwrap().into());
    world.secrets.lock().unwrap().add(token);
    planned_with(&world, &session, &[]);
    let asked = sts.seen().into_iter().find(|seen| seen.body.contains("WebIdentity")).unwrap();
    assert!(asked.body.contains(token) && asked.body.contains("RoleSessionName=a-pipeline"), "{}", asked.body);
    assert!(asked.body.contains("OrganizationAccountAccessRole"), "{}", asked.body);
    assert_eq!(asked.header("authorization"), None);
}

#[test]
fn a_container() {
    let (mut world, session) = without_keys();
    let answer = as_json(&session, "Token");
    let agent = Server::answering(move |seen| {
        let authorized = seen.header("authorization") == Some("the-container's-own");
        if authorized && seen.line.starts_with("GET /v2/credentials ") {
            (200, answer.clone())
        } else {
            (403, String::new())
        }
    });
    world.environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".into(), format!("{}/v2/credentials", agent.url()));
    world.environment.insert("AWS_CONTAINER_AUTHORIZATION_TOKEN".into(), "the-container's-own".into());
    planned_with(&world, &session, &[]);
}

#[test]
fn an_instance() {
    let (mut world, session) = without_keys();
    let answer = as_json(&session, "Token");
    let metadata = Server::start(move |seen: &Seen, out: &mut dyn Write| {
        const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
        let with_token = seen.header("x-aws-ec2-metadata-token") == Some("the-instance's-own");
        let path = seen.line.split(' ').nth(1).unwrap_or_default();
        let (status, body) = match path {
            "/latest/api/token" if seen.line.starts_with("PUT ") => (200, "the-instance's-own"),
            _ if !with_token => (401, ""),
            ROLES => (200, "its-role"),
            _ if path.strip_prefix(ROLES) == Some("its-role") => (200, answer.as_str()),
            _ => (404, ""),
        };
        let head = "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\nconnection: close";
        write!(out, "HTTP/1.1 {status} x\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    });
    world.environment.remove("AWS_EC2_METADATA_DISABLED");
    world.environment.insert("AWS_EC2_METADATA_SERVICE_ENDPOINT".into(), metadata.url());
    planned_with(&world, &session, &[]);
}
