//! The instrument's side of an open HiSLIP connection, in synchronised mode.
//!
//! A message is given out when its DataEND is there; its reply goes back under its id. A message that
//! comes before the last reply was delivered interrupts that (IVI-6.1, 3.1.1). Between
//! `AsyncDeviceClear` and `DeviceClearComplete` everything on the synchronous channel is skipped.

use super::header::{HEADER_LENGTH, Header, LONGEST_PAYLOAD, Malformed, MessageType};
use super::inbound::{Inbound, Piece};
use super::{FIRST_MESSAGE_ID, LockReply, MESSAGE_SIZE, VERSION, error_sentence};

/// The message-available bit of the status byte (IEEE 488.2, 11.2.1.2).
const MAV: u8 = 0x10;

/// The server's state of one client.
#[derive(Clone, Debug)]
pub struct Server {
    session: u16,
    inbound: Inbound,
    current: Current,
    /// The message so far, while its DataEND has not come.
    message: Vec<u8>,
    /// The id of the last message.
    id: u32,
    /// Whether the client has been sent a reply, or will be, that it has not said to be delivered.
    outstanding: bool,
    reply: Option<Reply>,
    /// How many bytes of payload may be in one message to the client.
    most: usize,
    clearing: bool,
    /// Whether the message is too long and only its end is waited for.
    oversized: bool,
}

/// A reply on its way.
#[derive(Clone, Debug)]
struct Reply {
    bytes: Vec<u8>,
    sent: usize,
    id: u32,
}

#[derive(Clone, Copy, Debug)]
enum Current {
    Skipped,
    Message { end: bool },
}

/// What a client wants on the synchronous channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromClient {
    /// A whole message.
    Message(Vec<u8>),
    /// A trigger.
    Trigger,
}

/// What a client wants on the asynchronous channel, beyond what was answered at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing more: it was answered.
    Nothing,
    /// The status byte: [`Server::status`] answers.
    Status,
    /// Device clear: messages and replies are forgotten already, the instrument has to forget too.
    Clear,
    /// A lock: [`Server::locked`] answers.
    Lock {
        /// How long to wait for it, in milliseconds.
        wait_ms: u32,
        /// The word that those share who share the lock; empty for a lock alone.
        key: String,
    },
    /// The lock back: [`Server::locked`] answers.
    Unlock,
    /// Who holds locks: [`Server::lock_info`] answers.
    LockInfo,
}

impl Server {
    /// The state of a client with that session number.
    #[must_use]
    pub fn new(session: u16) -> Self {
        Self {
            session,
            inbound: Inbound::new(LONGEST_PAYLOAD),
            current: Current::Skipped,
            message: Vec::new(),
            id: FIRST_MESSAGE_ID,
            outstanding: false,
            reply: None,
            most: payload_of(MESSAGE_SIZE),
            clearing: false,
            oversized: false,
        }
    }

    /// The answer to `Initialize`.
    #[must_use]
    pub fn opened(&self) -> [u8; HEADER_LENGTH] {
        let parameter = u32::from(VERSION) << 16 | u32::from(self.session);
        Header::new(MessageType::INITIALIZE_RESPONSE, 0, parameter).encode()
    }

    /// The answer to `AsyncInitialize`.
    #[must_use]
    pub fn async_opened() -> [u8; HEADER_LENGTH] {
        Header::new(MessageType::ASYNC_INITIALIZE_RESPONSE, 0, 0x5354).encode()
    }

    /// A fatal error, after which the connection is to be closed.
    #[must_use]
    pub fn fatal(code: u8, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        Header::new(MessageType::FATAL_ERROR, code, 0).write(text.as_bytes(), &mut out);
        out
    }

    /// Takes what came on the synchronous channel off `bytes`, up to the next thing to be done; nothing
    /// when more is needed. What has to be said goes to `out` and, on the other channel, `async_out`.
    ///
    /// # Errors
    ///
    /// It is no HiSLIP.
    pub fn read(
        &mut self,
        bytes: &mut &[u8],
        out: &mut Vec<u8>,
        async_out: &mut Vec<u8>,
    ) -> Result<Option<FromClient>, Malformed> {
        while let Some(piece) = self.inbound.next(bytes)? {
            let (piece, left) = match piece {
                Piece::Header(header) => {
                    if self.begins(&header, out, async_out) {
                        return Ok(Some(FromClient::Trigger));
                    }
                    (&[][..], header.length)
                }
                Piece::Payload { bytes, left } => (bytes, left),
            };
            if let Current::Message { end } = self.current {
                self.take(piece, out);
                if left == 0 && end {
                    self.current = Current::Skipped;
                    let message = std::mem::take(&mut self.message);
                    if !std::mem::take(&mut self.oversized) {
                        return Ok(Some(FromClient::Message(message)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// A message begins; whether it is a trigger.
    fn begins(&mut self, header: &Header, out: &mut Vec<u8>, async_out: &mut Vec<u8>) -> bool {
        self.current = Current::Skipped;
        match header.kind {
            MessageType::DATA | MessageType::DATA_END | MessageType::TRIGGER if !self.clearing => {
                self.id = header.parameter;
                if header.control & 1 == 1 {
                    self.outstanding = false;
                }
                if std::mem::take(&mut self.outstanding) {
                    self.reply = None;
                    Header::new(MessageType::INTERRUPTED, 0, self.id).write(&[], out);
                    Header::new(MessageType::ASYNC_INTERRUPTED, 0, self.id).write(&[], async_out);
                }
                if header.kind == MessageType::TRIGGER {
                    return true;
                }
                self.current = Current::Message { end: header.kind == MessageType::DATA_END };
            }
            MessageType::DATA | MessageType::DATA_END | MessageType::TRIGGER => {}
            MessageType::DEVICE_CLEAR_COMPLETE => {
                self.forget();
                self.clearing = false;
                Header::new(MessageType::DEVICE_CLEAR_ACKNOWLEDGE, 0, 0).write(&[], out);
            }
            MessageType::ERROR | MessageType::FATAL_ERROR => {}
            _ => refuse(1, out),
        }
        false
    }

    /// Adds to the message, or says once that it is too long.
    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let length = self.message.len().saturating_add(bytes.len());
        if self.oversized {
        } else if u64::try_from(length).unwrap_or(u64::MAX) > LONGEST_PAYLOAD {
            self.oversized = true;
            self.message = Vec::new();
            refuse(4, out);
        } else {
            self.message.extend_from_slice(bytes);
        }
    }

    /// Has that reply sent, under the id of the last message; [`Self::frame`] gives it out.
    pub fn reply(&mut self, bytes: Vec<u8>) {
        self.outstanding = true;
        self.reply = Some(Reply { bytes, sent: 0, id: self.id });
    }

    /// Appends the next frame of the reply to `out`; whether there was one.
    pub fn frame(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(reply) = &mut self.reply else { return false };
        let rest = reply.bytes.get(reply.sent..).unwrap_or_default();
        let payload = rest.get(..self.most).unwrap_or(rest);
        let end = payload.len() == rest.len();
        let kind = if end { MessageType::DATA_END } else { MessageType::DATA };
        Header::new(kind, 0, reply.id).write(payload, out);
        reply.sent += payload.len();
        if end {
            self.reply = None;
        }
        true
    }

    /// Whether a device clear was begun and is not over: until then the synchronous channel is only
    /// skipped, whoever holds the lock.
    #[must_use]
    pub const fn is_clearing(&self) -> bool {
        self.clearing
    }

    /// Takes a message of the asynchronous channel; what can be answered at once goes to `out`.
    pub fn asked(&mut self, header: &Header, payload: &[u8], out: &mut Vec<u8>) -> Asked {
        match header.kind {
            MessageType::ASYNC_MAXIMUM_MESSAGE_SIZE => {
                let size = payload.try_into().map_or(MESSAGE_SIZE, u64::from_be_bytes);
                self.most = payload_of(size.min(MESSAGE_SIZE));
                Header::new(MessageType::ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE, 0, 0)
                    .write(&MESSAGE_SIZE.to_be_bytes(), out);
            }
            MessageType::ASYNC_STATUS_QUERY => {
                if header.control & 1 == 1 {
                    self.outstanding = false;
                }
                return Asked::Status;
            }
            MessageType::ASYNC_DEVICE_CLEAR => {
                self.forget();
                self.clearing = true;
                Header::new(MessageType::ASYNC_DEVICE_CLEAR_ACKNOWLEDGE, 0, 0).write(&[], out);
                return Asked::Clear;
            }
            MessageType::ASYNC_LOCK if header.control == 1 => {
                let key = String::from_utf8_lossy(payload).into_owned();
                return Asked::Lock { wait_ms: header.parameter, key };
            }
            MessageType::ASYNC_LOCK if header.control == 0 => return Asked::Unlock,
            MessageType::ASYNC_LOCK => refuse(2, out),
            MessageType::ASYNC_LOCK_INFO => return Asked::LockInfo,
            MessageType::ASYNC_REMOTE_LOCAL_CONTROL => {
                Header::new(MessageType::ASYNC_REMOTE_LOCAL_RESPONSE, 0, 0).write(&[], out);
            }
            MessageType::ERROR | MessageType::FATAL_ERROR => {}
            _ => refuse(1, out),
        }
        Asked::Nothing
    }

    /// Answers with the status byte; whether a message is available is known here.
    pub fn status(&self, byte: u8, out: &mut Vec<u8>) {
        let byte = if self.outstanding { byte | MAV } else { byte };
        Header::new(MessageType::ASYNC_STATUS_RESPONSE, byte, 0).write(&[], out);
    }

    /// Answers what became of a lock.
    pub fn locked(reply: LockReply, out: &mut Vec<u8>) {
        Header::new(MessageType::ASYNC_LOCK_RESPONSE, reply.code(), 0).write(&[], out);
    }

    /// Answers whether somebody holds an exclusive lock, and how many hold any.
    pub fn lock_info(exclusive: bool, holders: u32, out: &mut Vec<u8>) {
        let kind = MessageType::ASYNC_LOCK_INFO_RESPONSE;
        Header::new(kind, u8::from(exclusive), holders).write(&[], out);
    }

    /// Forgets all messages and replies. A payload that is coming is skipped to its end.
    fn forget(&mut self) {
        self.current = Current::Skipped;
        self.message = Vec::new();
        self.oversized = false;
        self.outstanding = false;
        self.reply = None;
        self.id = FIRST_MESSAGE_ID;
    }
}

/// How many bytes of payload fit in messages of that size.
fn payload_of(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(HEADER_LENGTH).max(1)
}

/// Says that a message was ignored, and why.
fn refuse(code: u8, out: &mut Vec<u8>) {
    Header::new(MessageType::ERROR, code, 0).write(error_sentence(code).as_bytes(), out);
}
