//! Identifiers, each checked once, when it is made. One of them cannot stand in for another:
//!
//! ```compile_fail
//! use onboard_core::{AwsAccountId, TurbotAccountId};
//! let turbot: TurbotAccountId = AwsAccountId::new("111122223333").unwrap();
//! ```
//!
//! ```compile_fail
//! use onboard_core::{RoleName, UserName};
//! fn of_role(_: &RoleName) {}
//! of_role(&UserName::new("turbot-onboard").unwrap());
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::shown;

/// A value that is not what its place asks for: names the value and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not {what}: {right}", shown(value))]
pub struct IdError {
    /// The value as given, cut when it is very long and never a secret.
    pub value: String,
    /// What it should have been, with its article: `an AWS account id`.
    pub what: &'static str,
    /// What would be right, or what was probably meant.
    pub right: String,
}

impl IdError {
    pub(crate) fn new(value: &str, what: &'static str, right: impl Into<String>) -> Self {
        Self { value: value.chars().take(200).collect(), what, right: right.into() }
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps the value.
            ///
            /// # Errors
            /// The value does not have the form the type's documentation gives.
            pub fn new(value: impl Into<String>) -> Result<Self, IdError> {
                let value = value.into();
                let check: fn(&str) -> Result<(), IdError> = $check;
                check(&value)?;
                Ok(Self(value))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(value: &str) -> Result<Self, IdError> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(value: String) -> Result<Self, IdError> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
    };
}
pub(crate) use identifier;

identifier! {
    /// An AWS account id: exactly 12 digits, leading zeros included.
    AwsAccountId, |value| {
        const WHAT: &str = "an AWS account id";
        if value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(());
        }
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        let right = if digits.len() == 12 && value.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ')) {
            format!("write its 12 digits alone, {digits}")
        } else if value.bytes().all(|b| b.is_ascii_digit()) && (9..12).contains(&value.len()) {
            format!("it has {} digits instead of 12; if leading zeros were lost it is {value:0>12}", value.len())
        } else {
            "it is 12 digits, such as 111122223333".to_owned()
        };
        Err(IdError::new(value, WHAT, right))
    }
}

impl AwsAccountId {
    /// Reads an account id that lost its leading zeros, as a number in JSON does.
    ///
    /// # Errors
    /// More than 12 digits, or anything but digits.
    pub fn padded(value: &str) -> Result<Self, IdError> {
        if value.is_empty() || value.len() > 12 {
            return Self::new(value);
        }
        Self::new(format!("{value:0>12}"))
    }
}

fn check_turbot_name(value: &str, what: &'static str, example: &str) -> Result<(), IdError> {
    let right = if value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit()) {
        format!("12 digits are an AWS account id; Turbot's own id is a short name such as {example}")
    } else if is_aws_unique_id(value) {
        format!("this looks like an AWS key or unique id; Turbot's own id is a short name such as {example}")
    } else if value.starts_with("urn:") {
        format!("give the last part of the URN alone, such as {example}")
    } else if value.starts_with("arn:") {
        format!("this is an ARN; Turbot's own id is a short name such as {example}")
    } else if value.is_empty()
        || value.len() > 64
        || !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        || !value.as_bytes()[0].is_ascii_alphanumeric()
    {
        format!("it is 1 to 64 letters, digits, '-', '_' or '.', such as {example}")
    } else {
        return Ok(());
    };
    Err(IdError::new(value, what, right))
}

fn is_aws_unique_id(value: &str) -> bool {
    let prefixes = ["AKIA", "ASIA", "AIDA", "AROA", "ABIA", "ACCA"];
    value.len() >= 16
        && prefixes.iter().any(|p| value.starts_with(p))
        && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

identifier! {
    /// The account's id in Turbot (the `id` of the import payload), such as `aab`: not the 12 digits.
    ///
    /// Turbot's own rule is not public; one customer's is `^(gxp)?[a-z][a-z][a-z]$`. What is accepted
    /// here is what fits a URL path and a URN.
    TurbotAccountId, |value| check_turbot_name(value, "a Turbot account id", "aab")
}

identifier! {
    /// A Turbot cluster's id, such as `mhe`; its URN is `urn:turbot:mhe`.
    ClusterId, |value| check_turbot_name(value, "a Turbot cluster id", "mhe")
}

impl ClusterId {
    /// The cluster's URN, `urn:turbot:<cluster>`.
    #[must_use]
    pub fn urn(&self) -> String {
        format!("urn:turbot:{}", self.0)
    }

    /// The URN of an account in this cluster, `urn:turbot:<cluster>:<account>`.
    #[must_use]
    pub fn account_urn(&self, account: &TurbotAccountId) -> String {
        format!("urn:turbot:{}:{account}", self.0)
    }
}

fn iam_name(value: &str, what: &'static str) -> Result<(), IdError> {
    let ok =
        (1..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    if ok { Ok(()) } else { Err(IdError::new(value, what, "it is 1 to 64 letters, digits or any of _+=,.@-")) }
}

identifier! {
    /// An IAM role's name: 1 to 64 of `[A-Za-z0-9_+=,.@-]`, unique in the account whatever its case.
    RoleName, |value| iam_name(value, "an IAM role name")
}

identifier! {
    /// An IAM user's name: 1 to 64 of `[A-Za-z0-9_+=,.@-]`, unique in the account whatever its case.
    UserName, |value| iam_name(value, "an IAM user name")
}

identifier! {
    /// An IAM path: `/`, or segments of `[A-Za-z0-9.,+@=_-]` between slashes, 512 characters at most.
    IamPath, |value| {
        let ok = value == "/" || (value.len() <= 512 && value.len() > 2 && value.starts_with('/') && value.ends_with('/')
            && value[1..value.len() - 1].split('/').all(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b".,+@=_-".contains(&b))));
        if ok { Ok(()) } else { Err(IdError::new(value, "an IAM path", "it begins and ends with '/', such as / or /vendors/turbot/")) }
    }
}

identifier! {
    /// An external ID by STS's rule, which is stricter than IAM's: 2 to 1,224 of `[A-Za-z0-9_+=,.@:/-]`.
    ///
    /// IAM accepts others (with spaces, say) in a trust policy, and STS then refuses every AssumeRole.
    ExternalId, |value| {
        let ok = (2..=1224).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b));
        if ok { Ok(()) } else { Err(IdError::new(value, "an external ID", "STS accepts 2 to 1224 letters, digits or any of _+=,.@:/- and no spaces")) }
    }
}

identifier! {
    /// An access key's id (not its secret): 16 to 128 letters, digits or `_`.
    AccessKeyId, |value| {
        let ok = (16..=128).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if ok { Ok(()) } else { Err(IdError::new(value, "an AWS access key id", "it is 16 to 128 letters and digits, such as AKIAIOSFODNN7EXAMPLE")) }
    }
}

identifier! {
    /// The id of one run of the tool: 1 to 64 of `[A-Za-z0-9-]`.
    RunId, |value| {
        let ok = (1..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if ok { Ok(()) } else { Err(IdError::new(value, "a run id", "it is 1 to 64 letters, digits or '-'")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_are_twelve_digits_and_say_what_was_meant() {
        assert!(AwsAccountId::new("012345678901").is_ok());
        for (value, hint) in [
            ("12345678901", "012345678901"),
            ("1111-2222-3333", "111122223333"),
            ("aab", "12 digits"),
            ("1111222233334", "12 digits"),
            ("", "12 digits"),
            ("１１１１２２２２３３３３", "12 digits"),
        ] {
            let error = AwsAccountId::new(value).unwrap_err().to_string();
            assert!(error.contains(hint), "{value}: {error}");
        }
        assert_eq!(AwsAccountId::padded("12345678901").unwrap().as_str(), "012345678901");
        assert!(AwsAccountId::padded("").is_err());
    }

    #[test]
    fn turbot_ids_are_not_aws_ids() {
        assert!(TurbotAccountId::new("aab").is_ok());
        assert!(TurbotAccountId::new("gxpabc").is_ok());
        for (value, hint) in [
            ("111122223333", "AWS account id"),
            ("AKIAIOSFODNN7EXAMPLE", "AWS key"),
            ("urn:turbot:mhe:aab", "last part"),
            ("a b", "1 to 64"),
            ("../x", "1 to 64"),
            ("", "1 to 64"),
        ] {
            let error = TurbotAccountId::new(value).unwrap_err().to_string();
            assert!(error.contains(hint), "{value}: {error}");
        }
    }

    #[test]
    fn external_ids_follow_sts() {
        assert!(ExternalId::new("turbot:1234:uuid/x_y").is_ok());
        for bad in ["a", "", "with space", "umlaut-ä", "tab\t"] {
            assert!(ExternalId::new(bad).is_err(), "{bad}");
        }
        assert!(ExternalId::new("x".repeat(1224)).is_ok());
        assert!(ExternalId::new("x".repeat(1225)).is_err());
    }

    #[test]
    fn paths() {
        for good in ["/", "/a/", "/turbot/core/"] {
            assert!(IamPath::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "/a", "a/", "//", "/a//b/", "/ä/"] {
            assert!(IamPath::new(bad).is_err(), "{bad}");
        }
    }
}
