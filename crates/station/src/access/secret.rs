//! Makes the secrets that tokens stand for, and their hashes, by which they are found again.

use std::fmt;

use rustix::rand::{GetRandomFlags, getrandom};
use sha2::{Digest, Sha256};
use station_core::model::{Micros, Principal, Role, Token};

/// What every secret begins with, so that people and scanners know one when they see it.
const PREFIX: &str = "stm_";
/// How many characters follow: 32 bytes in base64url without padding.
const LENGTH: usize = 43;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What its holder shows to be let in. It is never stored and never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new one, of 32 random bytes.
    ///
    /// # Errors
    /// A sentence, when the system gives no random bytes.
    pub fn new() -> Result<Self, String> {
        let mut bytes = [0_u8; 32];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match getrandom(rest, GetRandomFlags::empty()) {
                Ok(n) => filled = filled.saturating_add(n),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(format!("the system gives no random bytes: {error}")),
            }
        }
        Ok(Self(format!("{PREFIX}{}", base64url(&bytes))))
    }

    /// Reads one; `None` when the text cannot be a secret of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let good = rest.len() == LENGTH && rest.bytes().all(|byte| ALPHABET.contains(&byte));
        good.then(|| Self(text.to_owned()))
    }

    /// The text itself, to be shown to its holder once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What it is stored and looked up by.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a secret, in hexadecimal digits.
#[must_use]
pub fn hash(secret: &str) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(secret.as_bytes()) {
        text.extend([byte >> 4, byte & 15].map(|digit| match digit {
            0..=9 => char::from(b'0'.wrapping_add(digit)),
            _ => char::from(b'a'.wrapping_add(digit).wrapping_sub(10)),
        }));
    }
    text
}

/// A new token and the secret that opens for it.
///
/// # Errors
/// A sentence, when the system gives no random bytes.
pub fn issue(
    name: &str,
    role: Role,
    created_by: Principal,
    created_at: Micros,
    expires_at: Option<Micros>,
) -> Result<(Secret, Token), String> {
    let secret = Secret::new()?;
    let token = token_of(&secret, name, role, created_by, created_at, expires_at);
    Ok((secret, token))
}

/// The token of a secret that is there already.
pub(super) fn token_of(
    secret: &Secret,
    name: &str,
    role: Role,
    created_by: Principal,
    created_at: Micros,
    expires_at: Option<Micros>,
) -> Token {
    let hash = secret.hash();
    Token {
        // Nothing about the secret can be learned from its hash, nor from a part of that.
        id: hash.chars().take(12).collect(),
        name: name.to_owned(),
        role,
        hash,
        created_at,
        created_by,
        expires_at,
        revoked_at: None,
    }
}

fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(4).div_ceil(3));
    for chunk in bytes.chunks(3) {
        let at = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..=chunk.len() {
            let shift = 18_usize.saturating_sub(6_usize.saturating_mul(place));
            let index = usize::try_from(group >> shift & 63).unwrap_or(0);
            text.push(ALPHABET.get(index).copied().map_or('A', char::from));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_that_of_rfc_4648() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff, 0xfe], "-__-"),
        ] {
            assert_eq!(base64url(bytes), text);
        }
    }

    #[test]
    fn secrets_differ_and_are_read_back() {
        let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), 47);
        assert_eq!(Secret::parse(one.reveal()), Some(one.clone()));
        assert_eq!(format!("{one:?}"), "Secret(…)");
        for bad in
            ["", "stm_", "x", one.reveal().trim_start_matches('s'), &format!("{}A", one.reveal())]
        {
            assert_eq!(Secret::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn hashes_are_sha_256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash("abc"), expected);
    }

    #[test]
    fn a_token_holds_the_hash_and_not_the_secret() {
        let (secret, token) =
            issue("ci", Role::Operator, Principal::Anonymous, Micros(5), Some(Micros(9))).unwrap();
        assert_eq!(token.hash, secret.hash());
        assert!(token.hash.starts_with(&token.id));
        assert!(!format!("{token:?}").contains(secret.reveal()));
        assert!(token.is_valid(Micros(8)));
        assert!(!token.is_valid(Micros(9)));
    }
}
