//! What a mark is known by: 128 random bits that nobody else can have written.

use std::io;

use rustix::io::retry_on_intr;
use rustix::rand::{GetRandomFlags, getrandom};

/// 32 hexadecimal digits, new each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// A new one.
    pub(crate) fn new() -> io::Result<Self> {
        let mut bytes = [0_u8; 16];
        // The kernel gives up to 256 bytes at once.
        retry_on_intr(|| getrandom(&mut bytes[..], GetRandomFlags::empty()))?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// How every mark with it begins.
    pub(crate) fn mark(&self) -> Vec<u8> {
        format!("\u{1e}STN {}", self.0).into_bytes()
    }
}
