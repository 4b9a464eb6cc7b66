//! Simulates instruments: what answers messages, and the protocols by which it can be reached.

use std::sync::Arc;

pub mod hislip;
mod lock;
pub mod vxi11;

/// Something that answers program messages as an instrument does.
pub trait Instrument: Send {
    /// Carries out a whole program message, without its terminator. The reply, without a terminator,
    /// when there is one.
    fn message(&mut self, message: &[u8]) -> Option<Vec<u8>>;

    /// Device clear: forgets messages half received and replies not yet sent.
    fn clear(&mut self);

    /// The status byte (IEEE 488.2, 11.2.1), without knowing whether a message is available.
    fn status_byte(&mut self) -> u8;
}

/// An instrument that several listeners serve.
pub type SharedInstrument = Arc<tokio::sync::Mutex<dyn Instrument>>;

/// The message without the newline that may stand before the END of its link.
fn without_terminator(message: &[u8]) -> &[u8] {
    let message = message.strip_suffix(b"\n").unwrap_or(message);
    message.strip_suffix(b"\r").unwrap_or(message)
}
