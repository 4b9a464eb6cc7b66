//! Transports: connections to instruments as bytes and ends of messages, one file each.

use std::pin::Pin;

use crate::Error;

/// Something a transport does: a future that owns its way back.
pub type Act<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A connection to one instrument. Time limits are the caller's: every future may be dropped, after
/// which only [`Transport::clear`] and dropping it are allowed.
pub trait Transport: Send {
    /// Sends one whole program message, in one write where the link allows. The terminator is in it
    /// already; a link with message ends (HiSLIP, VXI-11, USBTMC) marks its last byte.
    fn send<'a>(&'a mut self, message: &'a [u8]) -> Act<'a, ()>;

    /// Appends what has come of the reply, at least one byte, and says whether that was its end.
    /// Always false on links without message ends. Waits while nothing is there.
    fn receive<'a>(&'a mut self, reply: &'a mut Vec<u8>) -> Act<'a, bool>;

    /// Makes both sides forget all messages (device clear), so that the next query is answered by its
    /// own reply; [`Cleared::Unsupported`] where the link has none: then one has to connect anew.
    fn clear(&mut self) -> Act<'_, Cleared>;

    /// The status byte, where the link can ask for it beside the messages.
    fn status_byte(&mut self) -> Act<'_, Option<u8>>;

    /// Throws away what has come unasked and lies in buffers here; how many bytes that was. Never waits.
    fn discard(&mut self) -> usize;

    /// Whether the link marks the ends of messages.
    fn has_end(&self) -> bool;
}

/// What a device clear came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleared {
    /// Both sides are in step again.
    Done,
    /// The link has no such thing.
    Unsupported,
}
