//! Endpoints: whether one is AWS's own. Signed calls, and new secrets with them, go there.

/// What AWS's own endpoints end with, partition by partition (botocore's partitions.json, dual-stack names included).
const SUFFIXES: [&str; 11] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
];
const SERVICES: [&str; 6] = ["iam", "iam-fips", "sts", "sts-fips", "organizations", "organizations-fips"];

/// Whether an endpoint is AWS's own for IAM, STS or Organizations. A bucket's or function's name under
/// `amazonaws.com` is somebody's, so the host must begin with the service's name, or be a VPC endpoint of it.
pub(crate) fn is_aws(url: &str) -> bool {
    let Some((scheme, host)) = parts(url) else { return false };
    if scheme != "https" {
        return false;
    }
    let Some(labels) = SUFFIXES.iter().find_map(|s| host.strip_suffix(s)?.strip_suffix('.')) else { return false };
    let labels: Vec<&str> = labels.split('.').collect();
    match labels[..] {
        [service] => SERVICES.contains(&service),
        [service, region] => SERVICES.contains(&service) && is_region(region),
        [_, service, region, "vpce"] => SERVICES.contains(&service) && is_region(region),
        _ => false,
    }
}

/// Whether a label is a region's name (or stands in a region's place): `sts.s3.amazonaws.com` is a bucket called `sts`.
fn is_region(label: &str) -> bool {
    let area = label.split('-').next().unwrap_or_default();
    let named = (2..=4).contains(&area.len()) && area.bytes().all(|b| b.is_ascii_lowercase());
    label == "global"
        || label == "us-gov"
        || (named && label.contains('-') && label.ends_with(|c: char| c.is_ascii_digit()))
}

/// Whether a URL's host is this machine itself by its literal: `localhost`, 127.0.0.0/8 or `[::1]`.
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    let Some((_, host)) = parts(url) else { return false };
    host == "localhost"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .and_then(|h| h.parse::<std::net::Ipv6Addr>().ok())
            .is_some_and(|ip| ip.is_loopback())
}

/// Whether two URLs name the same endpoint, a slash at the end aside.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

/// Scheme and host, both in lower case, of a web address whose authority is a host and perhaps a port: whatever else
/// stands there (user information, white space) is read differently by different readers, and is nobody's endpoint.
fn parts(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let (host, port) = match authority.find(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port_is_one = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let literal = host.starts_with('[');
    let host_is_one = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b) || (literal && b"[]:".contains(&b)));
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    (matches!(scheme.as_str(), "http" | "https") && port_is_one && host_is_one && !host.is_empty())
        .then_some((scheme, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_own() {
        for url in [
            "https://iam.amazonaws.com",
            "https://sts.eu-west-1.amazonaws.com/",
            "https://iam.us-gov.amazonaws.com",
            "https://iam.cn-north-1.amazonaws.com.cn",
            "https://iam.global.api.aws",
            "https://sts-fips.us-east-1.amazonaws.com",
            "https://iam.eusc-de-east-1.amazonaws.eu",
            "https://organizations.us-east-1.amazonaws.com:443",
            "https://vpce-0a1b-xyz.sts.us-east-1.vpce.amazonaws.com",
        ] {
            assert!(is_aws(url), "{url}");
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn not_aws() {
        for url in [
            "http://iam.amazonaws.com",
            "https://iam.s3.us-east-1.amazonaws.com",
            "https://iam.s3.amazonaws.com",
            "https://sts.s3-us-west-2.amazonaws.com",
            "https://abc.execute-api.us-east-1.amazonaws.com",
            "https://evilamazonaws.com",
            "https://iam.amazonaws.com.evil.example",
            "https://iam.amazonaws.com@evil.example",
            "https://evil.example/iam.amazonaws.com",
            "https://evil.example#.iam.amazonaws.com",
            "https://evil.example\\.iam.amazonaws.com",
            "http://localhost:4566",
            "iam.amazonaws.com",
            "",
        ] {
            assert!(!is_aws(url), "{url}");
        }
    }

    #[test]
    fn loopback() {
        for url in
            ["http://127.0.0.1:4566", "http://localhost", "http://[::1]:80/x", "http://127.8.8.8", "HTTP://LOCALHOST:1"]
        {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://128.0.0.1",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1@evil.example",
            "http://evil.example@127.0.0.1",
            "http://127.0.0.1:80 .evil.example",
            "http://127.0.0.1:x",
            "ftp://127.0.0.1",
            "x",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
