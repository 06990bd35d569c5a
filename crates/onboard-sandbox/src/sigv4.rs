//! AWS Signature Version 4, header form.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::minting::hex;
use crate::wire::HttpRequest;

/// What an `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) access_key_id: String,
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: String,
}

impl Authorization {
    /// Reads the header; none if it is not of this form.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let rest = header.strip_prefix("AWS4-HMAC-SHA256")?.trim_start();
        let field = |name: &str| {
            rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let credential = field("Credential")?;
        let mut scope = credential.split('/');
        let authorization = Self {
            access_key_id: scope.next()?.to_owned(),
            date: scope.next()?.to_owned(),
            region: scope.next()?.to_owned(),
            service: scope.next()?.to_owned(),
            signed_headers: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: field("Signature")?,
        };
        (scope.next() == Some("aws4_request") && scope.next().is_none()).then_some(authorization)
    }
}

/// Whether the signature was made over this request with this secret. `time` is the request's `X-Amz-Date`.
pub(crate) fn verify(request: &HttpRequest, authorization: &Authorization, secret: &str, time: &str) -> bool {
    let expected = signature(request, authorization, secret, time);
    // Compared in full whatever differs, as a verifier should.
    let given = authorization.signature.as_bytes();
    given.len() == expected.len() && given.iter().zip(expected.as_bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

/// The signature that a holder of the secret would make.
pub(crate) fn signature(request: &HttpRequest, authorization: &Authorization, secret: &str, time: &str) -> String {
    let scope = format!("{}/{}/{}/aws4_request", authorization.date, authorization.region, authorization.service);
    let hashed = hex(&Sha256::digest(canonical(request, &authorization.signed_headers)));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashed}");
    let mut signing_key = mac(format!("AWS4{secret}").as_bytes(), &authorization.date);
    for part in [&authorization.region, &authorization.service, "aws4_request"] {
        signing_key = mac(&signing_key, part);
    }
    hex(&mac(&signing_key, &to_sign))
}

fn mac(key: &[u8], message: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

fn canonical(request: &HttpRequest, signed_headers: &[String]) -> String {
    let payload = match request.header("x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD".to_owned(),
        _ => hex(&Sha256::digest(&request.body)),
    };
    let mut headers = String::new();
    for name in signed_headers {
        let values: Vec<String> = request
            .headers
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload}",
        request.method,
        encode_path(&request.path),
        encode_query(&request.query),
        signed_headers.join(";"),
    )
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn encode_path(path: &str) -> String {
    let segments: Vec<String> =
        path.split('/').map(|segment| utf8_percent_encode(segment, UNRESERVED).to_string()).collect();
    let path = segments.join("/");
    if path.is_empty() { "/".to_owned() } else { path }
}

fn encode_query(query: &str) -> String {
    let recode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8_lossy().into_owned();
        utf8_percent_encode(&decoded, UNRESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (recode(key), recode(value))
        })
        .collect();
    pairs.sort();
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;

    // The worked example of "Create a signed AWS API request" in AWS's documentation of Signature Version 4.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const TIME: &str = "20150830T123600Z";

    fn published() -> (HttpRequest, Authorization) {
        let request = HttpRequest {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: "Action=ListUsers&Version=2010-05-08".to_owned(),
            headers: vec![
                ("content-type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned()),
                ("host".to_owned(), "iam.amazonaws.com".to_owned()),
                ("x-amz-date".to_owned(), TIME.to_owned()),
            ],
            body: Bytes::new(),
        };
        let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                      SignedHeaders=content-type;host;x-amz-date, \
                      Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        (request, Authorization::parse(header).unwrap())
    }

    #[test]
    fn aws_published_example() {
        let (request, authorization) = published();
        assert_eq!(authorization.access_key_id, "AKIDEXAMPLE");
        assert_eq!(
            hex(&Sha256::digest(canonical(&request, &authorization.signed_headers))),
            "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
        );
        assert!(verify(&request, &authorization, SECRET, TIME));
        assert!(!verify(&request, &authorization, "another", TIME));
        assert!(!verify(&request, &authorization, SECRET, "20150830T123601Z"));
    }

    #[test]
    fn a_changed_body_or_header_breaks_it() {
        let (mut request, authorization) = published();
        request.body = Bytes::from_static(b"x");
        assert!(!verify(&request, &authorization, SECRET, TIME));
        let (mut request, authorization) = published();
        request.headers[1].1 = "sts.amazonaws.com".to_owned();
        assert!(!verify(&request, &authorization, SECRET, TIME));
    }

    #[test]
    fn refuses_other_schemes() {
        for header in ["Basic abc", "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=x", ""] {
            assert_eq!(Authorization::parse(header), None, "{header}");
        }
    }
}
