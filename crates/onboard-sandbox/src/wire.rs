//! The two wire protocols of the simulated AWS: requests in, answers out.

use std::collections::BTreeMap;

use axum::body::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::fault_answer::Dialect;
use crate::frame::Answer;
use crate::xml::Xml;

/// An error as a service answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(400, "MalformedPolicyDocument", message)
    }

    pub(crate) fn no_such(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Self::new(409, "EntityAlreadyExists", message)
    }

    pub(crate) fn limit(quota: &str, value: u32) -> Self {
        Self::new(409, "LimitExceeded", format!("Cannot exceed quota for {quota}: {value}"))
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "DeleteConflict", message)
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }
}

/// An HTTP request, read whole.
pub(crate) struct HttpRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// In order; names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl HttpRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The fields of a form, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    pub(crate) fn parse(form: &str) -> Self {
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = form.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self(pairs.collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The field, or the error AWS answers where it must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| {
            let member = camel(name);
            ApiError::validation(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must \
                 not be null"
            ))
        })
    }

    /// The values of a list field, `Name.member.1`, `Name.member.2`, ...
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|n| self.get(&format!("{name}.member.{n}"))).collect()
    }

    /// The `Tags` field.
    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        (1..)
            .map_while(|n| {
                let key = self.get(&format!("Tags.member.{n}.Key"))?;
                let value = self.get(&format!("Tags.member.{n}.Value")).unwrap_or_default();
                Some((key.to_owned(), value.to_owned()))
            })
            .collect()
    }

    /// All fields but those whose name says that they hold a secret.
    pub(crate) fn public(&self) -> Vec<(String, String)> {
        const SECRET: [&str; 4] = ["secret", "password", "token", "samlassertion"];
        self.0
            .iter()
            .filter(|(key, _)| {
                let key = key.to_ascii_lowercase();
                key != "action" && key != "version" && !SECRET.iter().any(|word| key.contains(word))
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

/// `RoleName` as AWS's validation texts spell it: `roleName`.
pub(crate) fn camel(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + chars.as_str())
}

fn namespace(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Sts {
        "https://sts.amazonaws.com/doc/2011-06-15/"
    } else {
        "https://iam.amazonaws.com/doc/2010-05-08/"
    }
}

/// A successful answer of the query protocol; an action without a result has `result` none.
pub(crate) fn query_answer(dialect: Dialect, action: &str, result: Option<Xml>, request_id: &str) -> Answer {
    let mut xml = Xml::default();
    let attributes = format!("xmlns=\"{}\"", namespace(dialect));
    let mut body = String::new();
    if let Some(result) = result {
        body = format!("<{action}Result>{}</{action}Result>", result.into_string());
    }
    xml.node_with(&format!("{action}Response"), &attributes, |xml| {
        xml.raw(&body);
        xml.node("ResponseMetadata", |xml| xml.leaf("RequestId", request_id));
    });
    answer(200, "text/xml", xml.into_string(), request_id, None)
}

/// A successful answer of JSON 1.1.
pub(crate) fn json_answer(body: &Value, request_id: &str) -> Answer {
    answer(200, "application/x-amz-json-1.1", body.to_string(), request_id, None)
}

/// An error in the service's own form.
pub(crate) fn error_answer(dialect: Dialect, error: &ApiError, request_id: &str) -> Answer {
    let code = Some(error.code.clone());
    match dialect {
        Dialect::Iam | Dialect::Sts => {
            let mut xml = Xml::default();
            let attributes = format!("xmlns=\"{}\"", namespace(dialect));
            xml.node_with("ErrorResponse", &attributes, |xml| {
                xml.node("Error", |xml| {
                    xml.leaf("Type", if error.status >= 500 { "Receiver" } else { "Sender" });
                    xml.leaf("Code", &error.code);
                    xml.leaf("Message", &error.message);
                });
                xml.leaf("RequestId", request_id);
            });
            answer(error.status, "text/xml", xml.into_string(), request_id, code)
        }
        Dialect::Organizations => {
            let body = json!({"__type": error.code, "Message": error.message});
            answer(error.status, "application/x-amz-json-1.1", body.to_string(), request_id, code)
        }
        Dialect::Turbot => {
            let body = json!({"error": {"code": error.code, "message": error.message}});
            answer(error.status, "application/json", body.to_string(), request_id, code)
        }
    }
}

fn answer(status: u16, content_type: &str, body: String, request_id: &str, error: Option<String>) -> Answer {
    Answer {
        status,
        headers: vec![
            ("content-type".to_owned(), content_type.to_owned()),
            ("x-amzn-requestid".to_owned(), request_id.to_owned()),
        ],
        body: body.into_bytes(),
        request_id: request_id.to_owned(),
        error,
    }
}
