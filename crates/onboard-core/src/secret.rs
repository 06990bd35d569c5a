//! Secrets: wiped when dropped, redacted when printed, and impossible to copy or serialise by accident.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text. It has no `Display`, no `Clone` and no `Serialize`; its `Debug` says only that it is one.
///
/// ```compile_fail
/// let secret = onboard_core::Secret::new("x".to_owned());
/// let copy = secret.clone();
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the buffer is wiped when the secret is dropped.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A second holder of the same secret, asked for by name.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(Zeroizing::new(self.0.as_str().to_owned()))
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its buffer is of a kind that is wiped when it is dropped; a change of that kind does not compile.
    #[test]
    fn a_secrets_buffer_is_wiped() {
        fn wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        wiped(&Secret::new("hunter2".to_owned()).0);
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(secret.expose(), "hunter2");
    }
}
