//! The controller's side of an open HiSLIP connection, in synchronised mode: one query at a time.
//!
//! ```text
//!  idle ──frame…frame──▶ asked ──Data… DataEND with its id──▶ idle, reply delivered
//!    any ──device_clear──▶ clearing: everything is skipped
//!        ──AsyncDeviceClearAcknowledge, device_clear_complete, DeviceClearAcknowledge──▶ idle, ids anew
//! ```
//!
//! A reply whose message id is not that of the last message sent is an old one and skipped
//! (IVI-6.1, 3.1.2).

use super::header::{HEADER_LENGTH, Header, LONGEST_PAYLOAD, Malformed, MessageType};
use super::inbound::{Inbound, Piece};
use super::opening::said;
use super::{ANY_MESSAGE_ID, FIRST_MESSAGE_ID, MESSAGE_SIZE, error_sentence, fatal_sentence};

/// How much of a server's explanation is kept, in bytes.
const LONGEST_TEXT: usize = 1000;

/// The client's state.
#[derive(Clone, Debug)]
pub struct Client {
    /// The id of the next message.
    next: u32,
    /// The id of the last message that was sent, whose reply is waited for.
    awaited: Option<u32>,
    /// Whether a whole reply was handed on since the last message was sent.
    delivered: bool,
    /// How many bytes of payload may be in one message to the server.
    most: usize,
    inbound: Inbound,
    current: Current,
    /// Device clears begun whose end on the synchronous channel was not seen.
    clearing: bool,
    /// Ends of device clears said on the synchronous channel and not acknowledged.
    unacknowledged: u32,
    /// Old replies that were skipped.
    stale: u64,
}

/// What the payload that is coming belongs to.
#[derive(Clone, Debug)]
enum Current {
    Skipped,
    Reply { end: bool },
    Text { fatal: bool, code: u8, text: Vec<u8> },
}

/// What came on the synchronous channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'b> {
    /// A piece of the reply, which may be empty at its end.
    Reply {
        /// The bytes.
        bytes: &'b [u8],
        /// Whether the reply ends with them.
        end: bool,
    },
    /// The last device clear is over; both sides begin anew.
    Cleared,
}

/// Why the connection, or the message sent last, came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What came is not HiSLIP. The connection is of no more use.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A fatal error: the server closes the connection.
    #[error("the server gave the connection up: {0}")]
    Fatal(String),
    /// The server ignored a message.
    #[error("the server ignored a message: {0}")]
    Refused(String),
}

impl Fault {
    /// Whether the connection is of no more use.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Malformed(_) | Self::Fatal(_) => true,
            Self::Refused(_) => false,
        }
    }
}

impl Client {
    /// A client whose server takes messages of at most `max_message` bytes, header and all.
    #[must_use]
    pub fn new(max_message: u64) -> Self {
        let most = usize::try_from(max_message.min(MESSAGE_SIZE)).unwrap_or(usize::MAX);
        Self {
            next: FIRST_MESSAGE_ID,
            awaited: None,
            delivered: false,
            most: most.saturating_sub(HEADER_LENGTH).max(1),
            inbound: Inbound::new(LONGEST_PAYLOAD),
            current: Current::Skipped,
            clearing: false,
            unacknowledged: 0,
            stale: 0,
        }
    }

    /// Appends the next frame of a message to `out` and takes what is in it off `message`. To be called
    /// until `message` is empty; the last frame carries END.
    pub fn frame(&mut self, message: &mut &[u8], out: &mut Vec<u8>) {
        let (payload, rest) = message.split_at(self.most.min(message.len()));
        *message = rest;
        let kind = if rest.is_empty() { MessageType::DATA_END } else { MessageType::DATA };
        let (control, id) = self.begin();
        Header::new(kind, control, id).write(payload, out);
    }

    /// Appends a trigger (IEEE 488.1 GET) to `out`.
    pub fn trigger(&mut self, out: &mut Vec<u8>) {
        let (control, id) = self.begin();
        Header::new(MessageType::TRIGGER, control, id).write(&[], out);
    }

    /// The RMT-delivered flag and the id of a message that is about to be sent.
    fn begin(&mut self) -> (u8, u32) {
        let id = self.next;
        self.next = id.wrapping_add(2);
        self.awaited = Some(id);
        if let Current::Reply { .. } = self.current {
            // The rest of a reply that nobody read to its end.
            self.current = Current::Skipped;
            self.stale += 1;
        }
        (u8::from(std::mem::take(&mut self.delivered)), id)
    }

    /// Asks for the status byte, on the asynchronous channel.
    #[must_use]
    pub fn status_query(&self) -> [u8; HEADER_LENGTH] {
        let id = self.awaited.unwrap_or(FIRST_MESSAGE_ID.wrapping_sub(2));
        Header::new(MessageType::ASYNC_STATUS_QUERY, u8::from(self.delivered), id).encode()
    }

    /// Asks for an exclusive lock, on the asynchronous channel; the server waits for it so long, in
    /// milliseconds.
    #[must_use]
    pub fn lock(wait_ms: u32) -> [u8; HEADER_LENGTH] {
        Header::new(MessageType::ASYNC_LOCK, 1, wait_ms).encode()
    }

    /// Gives the lock back, on the asynchronous channel.
    #[must_use]
    pub fn unlock(&self) -> [u8; HEADER_LENGTH] {
        let id = self.awaited.unwrap_or(FIRST_MESSAGE_ID.wrapping_sub(2));
        Header::new(MessageType::ASYNC_LOCK, 0, id).encode()
    }

    /// Begins a device clear, on the asynchronous channel. From here on everything on the synchronous
    /// one is skipped.
    pub fn device_clear(&mut self) -> [u8; HEADER_LENGTH] {
        self.clearing = true;
        self.current = Current::Skipped;
        Header::new(MessageType::ASYNC_DEVICE_CLEAR, 0, 0).encode()
    }

    /// What to say on the synchronous channel once the server has acknowledged the device clear on the
    /// asynchronous one. Synchronised mode is asked for.
    pub fn device_clear_complete(&mut self) -> [u8; HEADER_LENGTH] {
        self.unacknowledged += 1;
        Header::new(MessageType::DEVICE_CLEAR_COMPLETE, 0, 0).encode()
    }

    /// Whether a device clear was begun and is not over.
    #[must_use]
    pub const fn is_clearing(&self) -> bool {
        self.clearing
    }

    /// How many old replies were skipped so far.
    #[must_use]
    pub const fn stale(&self) -> u64 {
        self.stale
    }

    /// Takes what came on the synchronous channel off `bytes`, up to the next event; nothing when more
    /// is needed.
    ///
    /// # Errors
    ///
    /// It is no HiSLIP, or the server complains.
    pub fn read<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Option<Event<'b>>, Fault> {
        while let Some(piece) = self.inbound.next(bytes)? {
            let (piece, left) = match piece {
                Piece::Header(header) => {
                    if let Some(cleared) = self.begins(&header) {
                        return Ok(Some(cleared));
                    }
                    (&[][..], header.length)
                }
                Piece::Payload { bytes, left } => (bytes, left),
            };
            if let Some(event) = self.goes_on(piece, left)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// How many bytes of the reply come next, for callers that read them past this state machine and
    /// then say so with [`Self::took`]. Only when [`Self::read`] has nothing more.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        match self.current {
            Current::Reply { .. } => self.inbound.left(),
            Current::Skipped | Current::Text { .. } => 0,
        }
    }

    /// So many expected bytes of the reply were taken; whether the reply ends with them.
    pub fn took(&mut self, bytes: usize) -> bool {
        let left = self.inbound.advance(bytes);
        self.ends(left)
    }

    /// A message begins.
    fn begins(&mut self, header: &Header) -> Option<Event<'static>> {
        self.current = Current::Skipped;
        match header.kind {
            MessageType::DATA | MessageType::DATA_END if !self.clearing => {
                let ours = header.parameter == ANY_MESSAGE_ID
                    || self.awaited.is_some_and(|id| id == header.parameter);
                if ours {
                    self.current = Current::Reply { end: header.kind == MessageType::DATA_END };
                } else {
                    self.stale += 1;
                }
            }
            MessageType::FATAL_ERROR | MessageType::ERROR => {
                let fatal = header.kind == MessageType::FATAL_ERROR;
                self.current = Current::Text { fatal, code: header.control, text: Vec::new() };
            }
            MessageType::DEVICE_CLEAR_ACKNOWLEDGE => {
                self.unacknowledged = self.unacknowledged.saturating_sub(1);
                if self.clearing && self.unacknowledged == 0 {
                    self.clearing = false;
                    self.next = FIRST_MESSAGE_ID;
                    self.awaited = None;
                    self.delivered = false;
                    return Some(Event::Cleared);
                }
            }
            // Interrupted, whose reply is skipped by its id anyway, and what this version has not.
            _ => {}
        }
        None
    }

    /// The message goes on with these bytes, and so many to come.
    fn goes_on<'b>(&mut self, bytes: &'b [u8], left: u64) -> Result<Option<Event<'b>>, Fault> {
        match &mut self.current {
            Current::Skipped => Ok(None),
            Current::Reply { .. } => {
                let end = self.ends(left);
                Ok((end || !bytes.is_empty()).then_some(Event::Reply { bytes, end }))
            }
            Current::Text { fatal, code, text } => {
                let room = LONGEST_TEXT.saturating_sub(text.len()).min(bytes.len());
                text.extend_from_slice(bytes.get(..room).unwrap_or_default());
                if left > 0 {
                    return Ok(None);
                }
                let fault = if *fatal {
                    Fault::Fatal(said(fatal_sentence(*code), text))
                } else {
                    Fault::Refused(said(error_sentence(*code), text))
                };
                let while_clearing = self.clearing && !fault.is_final();
                self.current = Current::Skipped;
                // What was refused before a device clear is forgotten with it.
                if while_clearing { Ok(None) } else { Err(fault) }
            }
        }
    }

    /// Whether the reply is over, with so many bytes of its message left.
    fn ends(&mut self, left: u64) -> bool {
        let Current::Reply { end } = self.current else { return false };
        if left > 0 {
            return false;
        }
        self.current = Current::Skipped;
        if end {
            self.delivered = true;
            self.awaited = None;
        }
        end
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
