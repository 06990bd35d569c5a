//! Turbot's own API key: the two halves of HTTP Basic authentication.

use std::fmt;

use onboard_core::Secret;

/// Why a pair is no Turbot API key. Neither half is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A half is missing.
    #[error("the Turbot {half} key is empty")]
    Empty {
        /// `access` or `secret`.
        half: &'static str,
    },
    /// White space (a line end from a file, say) or control characters.
    #[error("the Turbot {half} key holds white space or control characters")]
    Whitespace {
        /// `access` or `secret`.
        half: &'static str,
    },
    /// An AWS access key id stands in its place.
    #[error(
        "the Turbot access key is an AWS access key id: Turbot's own key is made in its console and looks like a UUID"
    )]
    AwsKey,
    /// An AWS account id stands in its place.
    #[error("the Turbot access key is 12 digits, an AWS account id: Turbot's own key looks like a UUID")]
    AwsAccount,
    /// An ARN stands in its place.
    #[error("the Turbot access key is an ARN: Turbot's own key looks like a UUID")]
    Arn,
    /// A colon would end the user name of Basic authentication.
    #[error(
        "the Turbot access key holds a colon, which HTTP Basic authentication cannot carry: give access and secret key apart"
    )]
    Colon,
}

/// A Turbot API key. Its secret is wiped when dropped and is never printed.
pub struct TurbotKey {
    access: String,
    secret: Secret,
}

impl TurbotKey {
    /// Checks the two halves for the usual mix-ups. Their exact form is not public (every example is a UUID), so
    /// nothing else is asked of them.
    ///
    /// # Errors
    /// An empty half, white space, or an AWS identifier in place of the access key.
    pub fn new(access: String, secret: Secret) -> Result<Self, KeyError> {
        for (half, text) in [("access", access.as_str()), ("secret", secret.expose())] {
            if text.is_empty() {
                return Err(KeyError::Empty { half });
            }
            if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(KeyError::Whitespace { half });
            }
        }
        if access.starts_with("arn:") {
            return Err(KeyError::Arn);
        }
        let upper_or_digit = access.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if upper_or_digit && access.len() >= 16 && (access.starts_with("AKIA") || access.starts_with("ASIA")) {
            return Err(KeyError::AwsKey);
        }
        if access.len() == 12 && access.bytes().all(|b| b.is_ascii_digit()) {
            return Err(KeyError::AwsAccount);
        }
        if access.contains(':') {
            return Err(KeyError::Colon);
        }
        Ok(Self { access, secret })
    }

    /// The access key's id, which is no secret.
    #[must_use]
    pub fn access(&self) -> &str {
        &self.access
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for TurbotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurbotKey").field("access", &"[redacted]").field("secret", &self.secret).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(access: &str, secret: &str) -> Result<TurbotKey, KeyError> {
        TurbotKey::new(access.to_owned(), Secret::new(secret.to_owned()))
    }

    #[test]
    fn mix_ups_are_named_and_nothing_is_printed() {
        let good = key("11112222-fac3-424e-94fb-325db1d65503", "44829bc4-c682-4f3d-b14c-af77b8728bcb").unwrap();
        let debug = format!("{good:?}");
        assert!(!debug.contains("1111") && !debug.contains("44829"), "{debug}");
        for (access, secret, expected) in [
            ("", "s", KeyError::Empty { half: "access" }),
            ("a", "", KeyError::Empty { half: "secret" }),
            ("a b", "s", KeyError::Whitespace { half: "access" }),
            ("a", "s\n", KeyError::Whitespace { half: "secret" }),
            ("AKIAIOSFODNN7EXAMPLE", "s", KeyError::AwsKey),
            ("ASIAIOSFODNN7EXAMPLE", "s", KeyError::AwsKey),
            ("111122223333", "s", KeyError::AwsAccount),
            ("arn:aws:iam::111122223333:user/x", "s", KeyError::Arn),
            ("access:secret", "s", KeyError::Colon),
        ] {
            let error = key(access, secret).unwrap_err();
            assert_eq!(error, expected, "{access}");
        }
    }
}
