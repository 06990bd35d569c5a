//! The import call: one POST, sent once, whose every possible answer has one meaning.

use onboard_core::{ClusterId, Credential, ImportAnswer, LookFailure, RefusalAbout, TurbotAccountId};
use serde::Serialize;
use zeroize::Zeroizing;

use bytes::Bytes;
use reqwest::Method;

use crate::Turbot;
use crate::exchange::{Answer, Ending, OF_A_LOOK};
use crate::redact::Redactor;
use crate::said::Said;

/// What is imported, beside the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// The account's id in Turbot.
    pub id: TurbotAccountId,
    /// The cluster it is imported into.
    pub cluster: ClusterId,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// Whether it is imported in check mode, as Turbot recommends.
    pub check_mode: bool,
    /// Whether Turbot deletes the role or key once it has its own (`deleteAwsRole`, `deleteAwsKey`).
    pub delete_credential: bool,
}

/// The role form of the body, with the fields and in the order of Turbot's article.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleForm<'a> {
    id: &'a str,
    cluster_id: &'a str,
    title: &'a str,
    r#type: &'static str,
    description: &'a str,
    aws_role_arn: &'a str,
    aws_role_external_id: &'a str,
    delete_aws_role: bool,
    check_mode: bool,
}

/// The keys form. The dollar sign is part of the name: it is v3's mark of a secret value.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeysForm<'a> {
    r#type: &'static str,
    cluster_id: &'a str,
    delete_aws_key: bool,
    check_mode: bool,
    id: &'a str,
    title: &'a str,
    aws_access_key_id: &'a str,
    #[serde(rename = "$awsSecretAccessKey")]
    aws_secret_access_key: &'a str,
    description: &'a str,
}

impl Turbot {
    /// Asks Turbot to import an account, once. Nothing is repeated: whether a second POST may follow is the caller's to
    /// decide, after a look.
    ///
    /// The call has a connection of its own, so that [`ImportAnswer::NotSent`] is proved. The body's buffer is wiped
    /// once the HTTP client lets go of it. What cannot be wiped from here are the copies that the HTTP client and TLS
    /// make in their own buffers while they send it, and the kernel's.
    pub async fn import(&self, request: &ImportRequest, credential: &Credential) -> ImportAnswer {
        let inner = &*self.inner;
        let redactor = match credential {
            Credential::Keys { secret, .. } => inner.redactor_with(secret.expose()),
            Credential::Role { .. } => inner.redactor_with(""),
        };
        let body = match body(request, credential) {
            Ok(body) => body,
            Err(error) => {
                let story = format!("the body cannot be written: {error}");
                return ImportAnswer::NotSent(inner.failure(onboard_core::LookFault::Malformed, "the import", &story));
            }
        };
        let call = inner.effect(Method::POST, &inner.url.v3(&["accounts"]), Bytes::from_owner(Wiped(body)));
        match inner.send("import", call, OF_A_LOOK).await {
            Ok(answer) => meaning(answer, &redactor),
            Err(trouble) if trouble.unsent => ImportAnswer::NotSent(LookFailure {
                fault: trouble.fault,
                message: format!("the import at {}: {}", inner.url, redactor.clean(&trouble.story)),
            }),
            Err(trouble) => ImportAnswer::Unknown { why: redactor.clean(&trouble.story) },
        }
    }
}

/// The only holder of the body: dropped by the HTTP client when it has been sent, and wiped then.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn body(request: &ImportRequest, credential: &Credential) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let (id, cluster_id) = (request.id.as_str(), request.cluster.as_str());
    let (title, description) = (request.title.as_str(), request.description.as_str());
    let secret_length = match credential {
        Credential::Role { .. } => 0,
        Credential::Keys { secret, .. } => secret.expose().len(),
    };
    // A growing buffer would leave copies behind. JSON writes a byte as six at the most; ARN and external id have at
    // most 2,048 and 1,224 characters, key id and names less.
    let mut body = Zeroizing::new(Vec::with_capacity(6 * (title.len() + description.len() + secret_length) + 8192));
    let r#type = "awsImport";
    match credential {
        Credential::Role { arn, external_id } => serde_json::to_writer(
            &mut *body,
            &RoleForm {
                id,
                cluster_id,
                title,
                r#type,
                description,
                aws_role_arn: arn.as_str(),
                aws_role_external_id: external_id.as_str(),
                delete_aws_role: request.delete_credential,
                check_mode: request.check_mode,
            },
        ),
        Credential::Keys { id: key, secret } => serde_json::to_writer(
            &mut *body,
            &KeysForm {
                r#type,
                cluster_id,
                delete_aws_key: request.delete_credential,
                check_mode: request.check_mode,
                id,
                title,
                aws_access_key_id: key.as_str(),
                aws_secret_access_key: secret.expose(),
                description,
            },
        ),
    }?;
    Ok(body)
}

/// What an answer means.
///
/// Statuses that no one documents for this call (402, 406, 423, 451, ...) are unknown: calling them a refusal would
/// have the role removed under an import that may be on its way. An answer that broke off is unknown whatever its
/// status: a proxy may have written its head.
pub(crate) fn meaning(answer: Answer, redactor: &Redactor) -> ImportAnswer {
    let status = answer.status;
    if let Ending::CutOff(why) = &answer.ending {
        return ImportAnswer::Unknown {
            why: redactor.clean(&format!("an answer of status {status} that broke off: {why}")),
        };
    }
    let said = Said::read(&answer.body, redactor);
    match status {
        200..=299 => ImportAnswer::Accepted { status },
        300..=399 => {
            let mut refusal = said.refusal(status);
            let to = answer.location.as_deref().unwrap_or("an unnamed place");
            refusal.about = RefusalAbout::Redirect;
            refusal.message =
                format!("a redirect to {}, which is not followed", redactor.clean(&onboard_core::escaped(to)));
            ImportAnswer::Refused(refusal)
        }
        400 | 401 | 403 | 404 | 405 | 413 | 415 | 422 => ImportAnswer::Refused(said.refusal(status)),
        409 => ImportAnswer::Conflict(said.refusal(status)),
        429 => ImportAnswer::NotTaken { retry_after: answer.retry_after, message: said.sentence() },
        _ => ImportAnswer::Unknown { why: format!("{status}: {}", said.sentence()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onboard_core::{AccessKeyId, Arn, ExternalId, Secret};
    use std::time::Duration;

    fn request() -> ImportRequest {
        ImportRequest {
            id: TurbotAccountId::new("aab").unwrap(),
            cluster: ClusterId::new("mhe").unwrap(),
            title: "A \"title\"".into(),
            description: "".into(),
            check_mode: true,
            delete_credential: false,
        }
    }

    #[test]
    fn the_bodies_are_the_documented_ones() {
        let role = Credential::Role {
            arn: Arn::new("arn:aws:iam::111122223333:role/p/turbot-onboard").unwrap(),
            external_id: ExternalId::new("turbot:x").unwrap(),
        };
        assert_eq!(
            std::str::from_utf8(&body(&request(), &role).unwrap()).unwrap(),
            r#"{"id":"aab","clusterId":"mhe","title":"A \"title\"","type":"awsImport","description":"","awsRoleArn":"arn:aws:iam::111122223333:role/p/turbot-onboard","awsRoleExternalId":"turbot:x","deleteAwsRole":false,"checkMode":true}"#
        );
        let keys = Credential::Keys {
            id: AccessKeyId::new("AKIAIOSFODNN7EXAMPLE").unwrap(),
            secret: Secret::new("a/b+c".into()),
        };
        assert_eq!(
            std::str::from_utf8(&body(&request(), &keys).unwrap()).unwrap(),
            r#"{"type":"awsImport","clusterId":"mhe","deleteAwsKey":false,"checkMode":true,"id":"aab","title":"A \"title\"","awsAccessKeyId":"AKIAIOSFODNN7EXAMPLE","$awsSecretAccessKey":"a/b+c","description":""}"#
        );
    }

    #[test]
    fn the_body_never_outgrows_its_buffer() {
        let nasty = "\u{1}\"\\".repeat(500);
        let keys =
            Credential::Keys { id: AccessKeyId::new("A".repeat(128)).unwrap(), secret: Secret::new(nasty.clone()) };
        let request = ImportRequest { title: nasty.clone(), description: nasty.clone(), ..request() };
        let body = body(&request, &keys).unwrap();
        assert!(body.len() <= 6 * 3 * nasty.len() + 8192);
        assert_eq!(body.capacity(), 6 * 3 * nasty.len() + 8192, "it was never moved");
    }

    #[test]
    fn every_status_has_its_meaning() {
        let answer = |status, ending| Answer {
            status,
            body: br#"{"code":1,"message":"m"}"#.to_vec(),
            ending,
            version: None,
            retry_after: Some(Duration::from_secs(3)),
            location: None,
        };
        for status in 100..600 {
            let meaning = meaning(answer(status, Ending::Whole), &Redactor::default());
            let expected = match status {
                200..=299 => matches!(meaning, ImportAnswer::Accepted { .. }),
                300..=399 | 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422 => {
                    matches!(meaning, ImportAnswer::Refused(_))
                }
                409 => matches!(meaning, ImportAnswer::Conflict(_)),
                429 => matches!(meaning, ImportAnswer::NotTaken { retry_after: Some(_), .. }),
                _ => matches!(meaning, ImportAnswer::Unknown { .. }),
            };
            assert!(expected, "{status}: {meaning:?}");
        }
        for status in [200, 400, 409, 429, 500] {
            let cut = meaning(answer(status, Ending::CutOff("reset".into())), &Redactor::default());
            assert!(matches!(cut, ImportAnswer::Unknown { .. }), "{status}");
            let long = meaning(answer(status, Ending::TooLong), &Redactor::default());
            assert_eq!(matches!(long, ImportAnswer::Unknown { .. }), status == 500, "{status}");
        }
    }
}
