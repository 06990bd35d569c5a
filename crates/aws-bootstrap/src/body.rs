//! Answers are bounded: whoever answers in AWS's place cannot fill the memory.

use std::pin::pin;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use futures::stream;
use http_body_util::{BodyExt as _, StreamBody};

/// The longest body of an answer that is read, in bytes. The longest that we ask for, a page of 1,000 policies, has
/// less than 1 MiB. Heads are bounded by the HTTP client: 100 lines, 408 KiB.
const MAX_BODY: usize = 8 << 20;

/// An answer whose body is longer than any of AWS's.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {} MiB, which no answer of AWS's is", MAX_BODY >> 20)]
pub(crate) struct TooLong;

/// Reads an answer's body whole. One that is too long fails as the connection's fault of no kind that is repeated, in
/// the credential sources' clients too; one that breaks off is left to break off for whoever reads it, who knows the
/// status.
pub(crate) async fn bounded(mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let mut body = pin!(response.take_body());
    // Copied together as it comes: kept chunk by chunk, many small ones would take many times their length.
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                *response.body_mut() = SdkBody::from_body_1_x(StreamBody::new(stream::iter([Err(error)])));
                return Ok(response);
            }
        };
        let data = frame.into_data().unwrap_or_default();
        if whole.len() + data.len() > MAX_BODY {
            return Err(ConnectorError::other(TooLong.into(), None));
        }
        whole.extend_from_slice(&data);
    }
    *response.body_mut() = SdkBody::from(whole);
    Ok(response)
}
