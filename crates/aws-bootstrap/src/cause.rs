//! The causes behind an SDK error: its chain of sources, read by type where there is one.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::body::TooLong;
use crate::error::{AwsError, AwsErrorKind, GETTING_CREDENTIALS, by_code};

/// Whether the failure was at making the connection: then nothing of the request was sent.
pub(crate) fn never_connected(error: &ConnectorError) -> bool {
    sources(error)
        .filter_map(|source| source.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(hyper_util::client::legacy::Error::is_connect)
}

/// Whether the answer was longer than is read.
pub(crate) fn too_long(error: &(dyn StdError + 'static)) -> bool {
    // The HTTP client's own bound of the head has no type.
    sources(error).any(|source| source.is::<TooLong>() || source.to_string() == "message head is too large")
}

/// A failure to get credentials at all, found anywhere in the chain of causes.
pub(crate) fn credentials(error: &(dyn StdError + 'static)) -> Option<AwsError> {
    let at = sources(error).find_map(|s| s.downcast_ref::<CredentialsError>())?;
    for source in sources(at) {
        // Our own provider carries its classification along.
        if let Some(own) = source.downcast_ref::<AwsError>() {
            return Some(own.clone());
        }
        let metadata = (source.downcast_ref::<AssumeRoleError>().map(ProvideErrorMetadata::meta))
            .or_else(|| source.downcast_ref::<AssumeRoleWithWebIdentityError>().map(ProvideErrorMetadata::meta));
        if let Some(metadata) = metadata
            && let Some(code) = metadata.code()
        {
            return Some(by_code(GETTING_CREDENTIALS, code, metadata.message().unwrap_or_default(), 400));
        }
    }
    let text = chain(at);
    let folded = text.to_ascii_lowercase();
    let has = |word: &str| folded.contains(word);
    let kind = if too_long(at) {
        AwsErrorKind::TooLong
    } else if has("signature expired") || has("signature not yet current") {
        AwsErrorKind::ClockSkew
    } else if has("expired") || has("token is invalid") || has("session has ended") {
        AwsErrorKind::ExpiredCredentials
    } else if has("mfa") || has("multifactor") {
        AwsErrorKind::MfaNeeded
    } else if matches!(at, CredentialsError::ProviderTimedOut(_)) {
        AwsErrorKind::TimedOut
    } else {
        AwsErrorKind::NoCredentials
    };
    Some(AwsError::new(kind, GETTING_CREDENTIALS, text))
}

fn sources<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&e| e.source())
}

/// An error and its causes as one text, without repetitions.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for source in sources(error).take(16) {
        let text = source.to_string();
        if !text.is_empty() && !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}
