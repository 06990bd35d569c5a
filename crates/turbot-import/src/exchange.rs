//! One request and its answer: bounded in size and time, sent once.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use onboard_core::Skew;
use reqwest::header::{AGE, CONTENT_LENGTH, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};

use crate::trouble::Trouble;

/// The most that is read of a single account, the cluster, health or a policy.
pub(crate) const OF_A_LOOK: usize = 1 << 20;
/// The most that is read of a listing: about 200 bytes for each of 300,000 accounts.
pub(crate) const OF_A_LISTING: usize = 64 << 20;
/// The most that is read of an answer that is not 2xx.
const OF_AN_ERROR: usize = 64 << 10;

/// How a body ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was read to its end.
    Whole,
    /// It is longer than what is read of it.
    TooLong,
    /// It broke off; why, in words.
    CutOff(String),
}

/// An answer, as far as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) ending: Ending,
    pub(crate) version: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) location: Option<String>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends a request once and reads its answer: `bound` bytes of a 2xx, less of any other. Its `Date` goes to the clock.
pub(crate) async fn exchange(request: RequestBuilder, bound: usize, clock: &Skew) -> Result<Answer, Trouble> {
    let sent = Timestamp::now();
    let response = request.send().await.map_err(|e| Trouble::of(&e))?;
    let status = response.status().as_u16();
    // What a cache kept has an old time, and an error from 500 on may be a proxy's.
    if status < 500
        && !response.headers().contains_key(AGE)
        && let Some(date) = http_date(response.headers(), DATE)
    {
        clock.observe(date, sent, Timestamp::now());
    }
    let bound = if response.status().is_success() { bound } else { OF_AN_ERROR };
    let text = |name| {
        let value = response.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).chars().take(200).collect::<String>())
    };
    let version = response.headers().get("x-turbot-version").and_then(|v| v.to_str().ok()).map(|v| cut(v, 64));
    let (location, retry_after) = (text(LOCATION), retry_after(response.headers()));
    let (body, ending) = read(response, bound).await;
    Ok(Answer { status, body, ending, version, retry_after, location })
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

async fn read(mut response: Response, bound: usize) -> (Vec<u8>, Ending) {
    let announced = response.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    let mut body = Vec::with_capacity(announced.unwrap_or(0).min(bound).min(1 << 16));
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > bound => {
                body.extend_from_slice(&chunk[..bound - body.len()]);
                return (body, Ending::TooLong);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, Ending::Whole),
            Err(error) => return (body, Ending::CutOff(Trouble::of(&error).story)),
        }
    }
}

/// The longest `Retry-After` that is believed: no run waits as long, and what is added to a time must not run over.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// `Retry-After`: seconds, or a date that is compared with the server's own `Date`, since this machine's clock may be
/// off. A date that is past is zero.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let (then, now) = (http_date(headers, RETRY_AFTER)?, http_date(headers, DATE)?);
    let seconds = then.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(LONGEST_WAIT))
}

fn http_date(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(headers.get(name)?.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        let headers = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            headers
        };
        let now = "Tue, 15 Nov 1994 08:12:31 GMT";
        assert_eq!(retry_after(&headers("7", None)), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers(&u64::MAX.to_string(), None)), Some(LONGEST_WAIT));
        assert_eq!(retry_after(&headers("Mon, 15 Nov 2094 08:13:01 GMT", Some(now))), Some(LONGEST_WAIT));
        assert_eq!(retry_after(&headers("Tue, 15 Nov 1994 08:13:01 GMT", Some(now))), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&headers("Tue, 15 Nov 1994 08:00:00 GMT", Some(now))), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("Tue, 15 Nov 1994 08:13:01 GMT", None)), None);
        assert_eq!(retry_after(&headers("soon", Some(now))), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
