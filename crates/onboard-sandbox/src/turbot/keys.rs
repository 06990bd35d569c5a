//! Turbot's API keys and what they may do.

use std::fmt;

use crate::minting::Mint;

use super::answer::Refusal;
use super::options::TurbotOptions;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Turbot/Admin: everything.
    Admin,
    /// Turbot/Operator: reads, imports and retitles accounts.
    Operator,
    /// Turbot/Metadata: reads.
    Metadata,
    /// Turbot/Owner: inherits Metadata and nothing else.
    Owner,
    /// Turbot/Operator, but refused the list of accounts.
    NoListing,
    /// Turbot/Admin until it expired.
    Expired,
    /// Turbot/Admin granted, and not activated.
    Inactive,
}

impl KeyKind {
    const ALL: [Self; 7] =
        [Self::Admin, Self::Operator, Self::Metadata, Self::Owner, Self::NoListing, Self::Expired, Self::Inactive];

    fn may(self, right: Right) -> bool {
        match self {
            Self::Admin => true,
            Self::Operator => right <= Right::Operate,
            Self::Metadata | Self::Owner => right <= Right::Read,
            Self::NoListing => matches!(right, Right::Look | Right::Operate),
            Self::Expired | Self::Inactive => false,
        }
    }
}

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    /// To read the cluster or one account.
    Look,
    /// To list accounts.
    Read,
    /// Turbot/Operator.
    Operate,
    /// Turbot/Admin.
    Administer,
}

/// An API key. `Debug` does not show its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct TurbotKey {
    /// The access key.
    pub access: String,
    /// The secret key.
    pub secret: String,
    /// What it may do.
    pub kind: KeyKind,
}

impl fmt::Debug for TurbotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurbotKey").field("access", &self.access).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The key of a kind that exists always: the same for the same seed. Its secret has what encodings change, so that
/// whoever searches for it in one spelling alone finds out.
pub(super) fn standing(mint: &Mint, kind: KeyKind) -> TurbotKey {
    let half = |half: &str| mint.uuid(&format!("turbot-{half}-{kind:?}"));
    let secret = half("secret").replacen('-', "/", 1).replacen('-', "+", 1);
    TurbotKey { access: half("access"), secret, kind }
}

/// Proves who calls and that it may.
pub(super) fn authorize(
    options: &TurbotOptions,
    mint: &Mint,
    authorization: Option<&str>,
    right: Right,
) -> Result<TurbotKey, Refusal> {
    let unauthorized = |message: &str| Refusal::new(401, "Unauthorized", message);
    let header = authorization.ok_or_else(|| unauthorized("Authentication required"))?;
    let given =
        header.strip_prefix("Basic ").and_then(decode).ok_or_else(|| unauthorized("Basic authentication only"))?;
    let (access, secret) = given.split_once(':').ok_or_else(|| unauthorized("Basic authentication only"))?;
    let key = KeyKind::ALL
        .into_iter()
        .map(|kind| standing(mint, kind))
        .chain(options.keys.iter().cloned())
        .find(|key| key.access == access && key.secret == secret)
        .ok_or_else(|| unauthorized("Invalid access key or secret"))?;
    match key.kind {
        KeyKind::Expired => Err(unauthorized("The access key has expired")),
        KeyKind::Inactive => Err(forbidden("the grant of Turbot/Admin is not activated")),
        kind if kind.may(right) => Ok(key),
        KeyKind::NoListing if right == Right::Read => Err(forbidden("accounts may not be listed")),
        kind => {
            let needed = match right {
                Right::Look | Right::Read => "Turbot/Metadata",
                Right::Operate => "Turbot/Operator",
                Right::Administer => "Turbot/Admin",
            };
            Err(forbidden(&format!("{needed} is needed, the key has Turbot/{kind:?}")))
        }
    }
}

fn forbidden(why: &str) -> Refusal {
    Refusal::new(403, "Forbidden", format!("Insufficient permissions: {why}"))
}

/// Base64 with its padding, as Basic authentication has it.
fn decode(text: &str) -> Option<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for digit in text.trim_end_matches('=').bytes() {
        let value = DIGITS.iter().position(|d| *d == digit)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The header of a key.
    pub(in super::super) fn basic(key: &TurbotKey) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let text = format!("{}:{}", key.access, key.secret);
        let mut out = String::from("Basic ");
        for chunk in text.as_bytes().chunks(3) {
            let n = chunk.iter().fold(0u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
            for i in 0..4 {
                let digit = DIGITS[((n >> (18 - 6 * i)) & 63) as usize];
                out.push(if i > chunk.len() { '=' } else { char::from(digit) });
            }
        }
        out
    }

    #[test]
    fn base64() {
        assert_eq!(decode("dXNlcjpwYXNz").as_deref(), Some("user:pass"));
        assert_eq!(decode("dTpw").as_deref(), Some("u:p"));
        assert_eq!(decode("YTpiYw==").as_deref(), Some("a:bc"));
        for bad in ["YTpiYw", "YT!i", "/w=="] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn rights_are_those_of_the_documents() {
        use KeyKind::*;
        let mint = Mint::new(1);
        let options = TurbotOptions::default();
        let status = |kind, right| {
            authorize(&options, &mint, Some(&basic(&standing(&mint, kind))), right).map_or_else(|e| e.status, |_| 200)
        };
        for (kind, expected) in [
            (Admin, [200, 200, 200, 200]),
            (Operator, [200, 200, 200, 403]),
            (Metadata, [200, 200, 403, 403]),
            (Owner, [200, 200, 403, 403]),
            (NoListing, [200, 403, 200, 403]),
            (Expired, [401, 401, 401, 401]),
            (Inactive, [403, 403, 403, 403]),
        ] {
            let seen = [Right::Look, Right::Read, Right::Operate, Right::Administer].map(|right| status(kind, right));
            assert_eq!(seen, expected, "{kind:?}");
        }
        for header in [None, Some("Bearer x"), Some("Basic !"), Some("Basic dTpw")] {
            assert_eq!(authorize(&options, &mint, header, Right::Look).unwrap_err().status, 401);
        }
    }
}
