//! Ids, keys and secrets: derived from a seed, shaped as AWS's.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::lock;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Makes ids and secrets. The same seed and the same order of calls give the same ones.
pub(crate) struct Mint {
    seed: u64,
    drawn: AtomicU64,
    /// The secrets drawn at run time, so that a test can search for them where they must not be.
    secrets: Mutex<Vec<String>>,
}

/// How many secrets are kept for that: a fleet's worth of calls must not grow without end.
const KEPT_SECRETS: usize = 10_000;

impl Mint {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0), secrets: Mutex::default() }
    }

    fn bytes(&self, label: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(label.as_bytes());
        hash.finalize().into()
    }

    fn next(&self, label: &str) -> [u8; 32] {
        let n = self.drawn.fetch_add(1, Ordering::Relaxed);
        self.bytes(&format!("{label}#{n}"))
    }

    /// A unique id such as `AROA…`: 21 characters.
    pub(crate) fn unique_id(&self, prefix: &str) -> String {
        let bytes = self.next(prefix);
        let tail: String = bytes[..17].iter().map(|b| char::from(BASE32[usize::from(b & 31)])).collect();
        format!("{prefix}{tail}")
    }

    /// An access key id of 20 characters that carries its account, as AWS's own do.
    pub(crate) fn key_id(&self, prefix: &str, account: &str, label: Option<&str>) -> String {
        let bytes = label.map_or_else(|| self.next(prefix), |label| self.bytes(&format!("{prefix}{account}{label}")));
        encode_key_id(prefix, account, &bytes)
    }

    /// A secret of 40 characters, always with `/` and `+`: the characters that careless encoding breaks.
    pub(crate) fn secret(&self, label: Option<&str>) -> String {
        let bytes = label.map_or_else(|| self.next("secret"), |label| self.bytes(label));
        let more = Sha256::digest(bytes);
        let mut secret: Vec<u8> = bytes.iter().chain(&more).map(|b| BASE64[usize::from(b & 63)]).take(40).collect();
        secret[11] = b'/';
        secret[23] = b'+';
        let secret: String = secret.into_iter().map(char::from).collect();
        if label.is_none() {
            let mut kept = lock(&self.secrets);
            if kept.len() < KEPT_SECRETS {
                kept.push(secret.clone());
            }
        }
        secret
    }

    /// The secrets of keys and sessions that were drawn while the sandbox ran.
    pub(crate) fn drawn_secrets(&self) -> Vec<String> {
        lock(&self.secrets).clone()
    }

    /// A session token.
    pub(crate) fn token(&self) -> String {
        let mut token = String::from("IQoJb3JpZ2luX2Vj");
        for _ in 0..4 {
            token.push_str(&self.secret(None));
        }
        token.push_str("==");
        token
    }

    /// A request id in UUID form.
    pub(crate) fn request_id(&self) -> String {
        let hex = hex(&self.next("request")[..16]);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// A UUID for this label.
    pub(crate) fn uuid(&self, label: &str) -> String {
        let hex = hex(&self.bytes(label)[..16]);
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn encode_key_id(prefix: &str, account: &str, random: &[u8]) -> String {
    // Bits 46..=7 of the first six bytes are the account; the top bit marks ids of this generation.
    let number: u64 = account.parse().unwrap_or(0);
    let head = (1 << 47) | (number << 7) | u64::from(random[0] & 0x7f);
    let mut raw = [0u8; 10];
    raw[..6].copy_from_slice(&head.to_be_bytes()[2..]);
    raw[6..].copy_from_slice(&random[1..5]);
    let bits = raw.iter().fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let tail: String =
        (0..16).rev().map(|i| char::from(BASE32[usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0)])).collect();
    format!("{prefix}{tail}")
}

/// The account that an access key id carries.
pub(crate) fn account_of_key(key_id: &str) -> Option<String> {
    let tail = key_id.get(4..20).filter(|_| key_id.len() == 20)?;
    let mut bits = 0u128;
    for c in tail.bytes() {
        let digit = BASE32.iter().position(|&b| b == c)?;
        bits = (bits << 5) | digit as u128;
    }
    let head = u64::try_from(bits >> 32).ok()?;
    Some(format!("{:012}", (head & 0x7fff_ffff_ff80) >> 7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_carry_their_account() {
        let mint = Mint::new(7);
        for account in ["111122223333", "012345678901", "999999999999", "000000000001"] {
            let id = mint.key_id("AKIA", account, None);
            assert_eq!(id.len(), 20);
            assert_eq!(account_of_key(&id).as_deref(), Some(account));
        }
    }

    #[test]
    fn decodes_as_published_for_real_ids() {
        // The worked example of "A short note on AWS KEY ID" (Tal Be'ery, 2023).
        assert_eq!(account_of_key("ASIAQNZGKIQY56JQ7WML").as_deref(), Some("029608264753"));
    }

    #[test]
    fn secrets_are_hard_to_encode() {
        let mint = Mint::new(1);
        let secret = mint.secret(None);
        assert_eq!(secret.len(), 40);
        assert!(secret.contains('/') && secret.contains('+'));
        assert_ne!(secret, mint.secret(None));
    }
}
