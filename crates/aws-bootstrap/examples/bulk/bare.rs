//! The floor: the same five requests, written by hand, signed, sent through the SDK's own HTTP client, and looked at no
//! further than it takes to go on.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{ADMINISTRATOR, ENTRANCE, ROLE, World};

pub(crate) struct Requests {
    connector: Connector,
    endpoint: String,
    host: String,
    master: String,
    base: Credentials,
}

impl Requests {
    pub(crate) fn new(world: &World) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(10)).build();
        Self {
            connector: Connector::builder().connector_settings(settings).build_http(),
            endpoint: format!("{}/", world.endpoint.trim_end_matches('/')),
            host: world.endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            master: world.master.clone(),
            base: Credentials::new(&world.access_key_id, &world.secret_access_key, None, None, "given"),
        }
    }

    pub(crate) async fn onboard(&self, account: String) -> Result<(), String> {
        let assumed = self
            .send(
                "sts",
                &self.base,
                &[
                    ("Action", "AssumeRole"),
                    ("Version", "2011-06-15"),
                    ("RoleArn", &format!("arn:aws:iam::{account}:role/{ENTRANCE}")),
                    ("RoleSessionName", "turbot-onboard"),
                ],
            )
            .await?;
        let of = |name: &str| between(&assumed, name).map(str::to_owned).ok_or_else(|| format!("no {name}: {assumed}"));
        let session =
            Credentials::new(of("AccessKeyId")?, of("SecretAccessKey")?, Some(of("SessionToken")?), None, "assumed");
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"external-id-of-{account}"}}}}}}]}}"#,
            self.master
        );
        let iam = [("Version", "2010-05-08"), ("RoleName", ROLE)];
        for more in [
            &[("Action", "CreateRole"), ("AssumeRolePolicyDocument", trust.as_str())][..],
            &[("Action", "AttachRolePolicy"), ("PolicyArn", ADMINISTRATOR)],
            &[("Action", "GetRole")],
            &[("Action", "ListAttachedRolePolicies")],
        ] {
            self.send("iam", &session, &[&iam[..], more].concat()).await?;
        }
        Ok(())
    }

    async fn send(&self, service: &str, who: &Credentials, form: &[(&str, &str)]) -> Result<String, String> {
        let encoded = form.iter().map(|(k, v)| format!("{k}={}", utf8_percent_encode(v, NON_ALPHANUMERIC)));
        let body = encoded.collect::<Vec<_>>().join("&");
        let mut request = http::Request::builder()
            .method("POST")
            .uri(&self.endpoint)
            .header("host", &self.host)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(SdkBody::from(body.as_str()))
            .map_err(|error| error.to_string())?;
        let identity = who.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(service)
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?;
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new("POST", &self.endpoint, headers, SignableBody::Bytes(body.as_bytes()))
            .map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &params.into()).map_err(|error| error.to_string())?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let request = Request::try_from(request).map_err(|error| error.to_string())?;
        let answer = self.connector.call(request).await.map_err(|error| format!("{error:?}"))?;
        let status = answer.status().as_u16();
        let bytes = http_body_util::BodyExt::collect(answer.into_body()).await.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&bytes.to_bytes()).into_owned();
        if status == 200 { Ok(text) } else { Err(format!("{status}: {text}")) }
    }
}

#[expect(clippy::disallowed_methods, reason = "a program of its own: this is its edge")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn between<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(value, _)| value)
}
