//! The procedures of VXI-11's core and abort channels (B.6), their arguments and results.

use super::codes::DeviceError;
use super::xdr::{Reader, Writer};

/// Procedures by number (VXI-11, C).
#[expect(missing_docs, reason = "the names are the standard's")]
pub mod procedure {
    pub const DEVICE_ABORT: u32 = 1;
    pub const CREATE_LINK: u32 = 10;
    pub const DEVICE_WRITE: u32 = 11;
    pub const DEVICE_READ: u32 = 12;
    pub const DEVICE_READSTB: u32 = 13;
    pub const DEVICE_TRIGGER: u32 = 14;
    pub const DEVICE_CLEAR: u32 = 15;
    pub const DEVICE_REMOTE: u32 = 16;
    pub const DEVICE_LOCAL: u32 = 17;
    pub const DEVICE_LOCK: u32 = 18;
    pub const DEVICE_UNLOCK: u32 = 19;
    pub const DEVICE_ENABLE_SRQ: u32 = 20;
    pub const DEVICE_DOCMD: u32 = 22;
    pub const DESTROY_LINK: u32 = 23;
    pub const CREATE_INTR_CHAN: u32 = 25;
    pub const DESTROY_INTR_CHAN: u32 = 26;
}

/// Flags of a call (VXI-11, B.5.3).
pub mod flags {
    /// Wait for a lock of another link, up to the lock timeout.
    pub const WAIT_LOCK: u32 = 1;
    /// The last byte written ends the message.
    pub const END: u32 = 8;
    /// A termination character ends reading.
    pub const TERM_CHAR: u32 = 128;
}

/// `create_link`: the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateLink {
    /// A number of the client's own.
    pub client: i32,
    /// Whether the device is to be locked at once.
    pub lock: bool,
    /// How long to wait for that lock, in milliseconds.
    pub lock_timeout: u32,
    /// The device's name, such as `inst0`.
    pub device: Vec<u8>,
}

/// `create_link`: the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// By which every further call names the link.
    pub link: i32,
    /// The TCP port of the abort channel.
    pub abort_port: u16,
    /// How many bytes the server takes in one `device_write`.
    pub most: u32,
}

/// `device_write`: the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write<'b> {
    /// The link.
    pub link: i32,
    /// How long the device may take, in milliseconds.
    pub io_timeout: u32,
    /// How long to wait for another link's lock, in milliseconds.
    pub lock_timeout: u32,
    /// See [`flags`].
    pub flags: u32,
    /// What to write.
    pub data: &'b [u8],
}

/// `device_read`: the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The link.
    pub link: i32,
    /// How many bytes to read at most.
    pub most: u32,
    /// How long the device may take, in milliseconds.
    pub io_timeout: u32,
    /// How long to wait for another link's lock, in milliseconds.
    pub lock_timeout: u32,
    /// See [`flags`]; that of the termination character follows from the next field.
    pub flags: u32,
    /// The character that ends reading.
    pub term_char: Option<u8>,
}

/// `device_read`: the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadReply<'b> {
    /// Why no more could be read: there may be data all the same.
    pub error: Option<DeviceError>,
    /// Why reading stopped.
    pub reason: Reason,
    /// What was read.
    pub data: &'b [u8],
}

/// Why reading stopped: any of three bits (VXI-11, B.6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub u32);

/// The arguments of `device_readstb`, `device_trigger`, `device_clear`, `device_remote` and
/// `device_local`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generic {
    /// The link.
    pub link: i32,
    /// See [`flags`].
    pub flags: u32,
    /// How long to wait for another link's lock, in milliseconds.
    pub lock_timeout: u32,
    /// How long the device may take, in milliseconds.
    pub io_timeout: u32,
}

/// `device_lock`: the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The link.
    pub link: i32,
    /// See [`flags`].
    pub flags: u32,
    /// How long to wait for another link's lock, in milliseconds.
    pub lock_timeout: u32,
}

impl Reason {
    /// So many bytes as were asked for.
    pub const COUNT: Self = Self(1);
    /// The termination character.
    pub const CHARACTER: Self = Self(2);
    /// The message's end.
    pub const END: Self = Self(4);

    /// Whether all bits of another are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// With the bits of another.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Results that begin with an error number: the reader after it, or the error.
fn results(bytes: &[u8]) -> Option<Result<Reader<'_>, DeviceError>> {
    let mut reader = Reader::new(bytes);
    Some(match reader.number()? {
        0 => Ok(reader),
        other => Err(DeviceError(other)),
    })
}

/// Results that begin with an error number, the error or none.
fn failed(error: DeviceError) -> Writer {
    Writer::new().number(error.0)
}

impl CreateLink {
    /// As arguments.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let head = Writer::new().signed(self.client).truth(self.lock).number(self.lock_timeout);
        head.opaque(&self.device).finish()
    }

    /// Reads the arguments.
    #[must_use]
    pub fn decode(arguments: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(arguments);
        let (client, lock, lock_timeout) = (reader.signed()?, reader.truth()?, reader.number()?);
        Some(Self { client, lock, lock_timeout, device: reader.opaque()?.to_vec() })
    }
}

impl Link {
    /// As results.
    #[must_use]
    pub fn encode(outcome: Result<Self, DeviceError>) -> Vec<u8> {
        match outcome {
            Ok(it) => {
                let head = Writer::new().number(0).signed(it.link);
                head.number(u32::from(it.abort_port)).number(it.most).finish()
            }
            Err(error) => failed(error).number(0).number(0).number(0).finish(),
        }
    }

    /// Reads the results; nothing when they cannot be read.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Result<Self, DeviceError>> {
        let mut reader = match results(bytes)? {
            Ok(reader) => reader,
            Err(error) => return Some(Err(error)),
        };
        let (link, port, most) = (reader.signed()?, reader.number()?, reader.number()?);
        Some(Ok(Self { link, abort_port: u16::try_from(port).unwrap_or(0), most }))
    }
}

impl<'b> Write<'b> {
    /// As arguments.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let head = Writer::new().signed(self.link).number(self.io_timeout);
        head.number(self.lock_timeout).number(self.flags).opaque(self.data).finish()
    }

    /// Reads the arguments.
    #[must_use]
    pub fn decode(arguments: &'b [u8]) -> Option<Self> {
        let mut reader = Reader::new(arguments);
        let (link, io_timeout) = (reader.signed()?, reader.number()?);
        let (lock_timeout, flags) = (reader.number()?, reader.number()?);
        Some(Self { link, io_timeout, lock_timeout, flags, data: reader.opaque()? })
    }

    /// How many bytes were taken, as results.
    #[must_use]
    pub fn encode_taken(outcome: Result<u32, DeviceError>) -> Vec<u8> {
        encode_number(outcome)
    }

    /// Reads how many bytes were taken; nothing when the results cannot be read.
    #[must_use]
    pub fn decode_taken(bytes: &[u8]) -> Option<Result<u32, DeviceError>> {
        decode_number(bytes)
    }
}

impl Read {
    /// As arguments.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let flag = if self.term_char.is_some() { flags::TERM_CHAR } else { 0 };
        let head = Writer::new().signed(self.link).number(self.most).number(self.io_timeout);
        let head = head.number(self.lock_timeout).number(self.flags & !flags::TERM_CHAR | flag);
        head.number(u32::from(self.term_char.unwrap_or_default())).finish()
    }

    /// Reads the arguments.
    #[must_use]
    pub fn decode(arguments: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(arguments);
        let (link, most, io_timeout) = (reader.signed()?, reader.number()?, reader.number()?);
        let (lock_timeout, flags) = (reader.number()?, reader.number()?);
        let [.., character] = reader.number()?.to_be_bytes();
        let term_char = (flags & flags::TERM_CHAR != 0).then_some(character);
        let flags = flags & !flags::TERM_CHAR;
        Some(Self { link, most, io_timeout, lock_timeout, flags, term_char })
    }
}

impl<'b> ReadReply<'b> {
    /// As results.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let head = failed(self.error.unwrap_or(DeviceError(0)));
        head.number(self.reason.0).opaque(self.data).finish()
    }

    /// Reads the results; nothing when they cannot be read.
    #[must_use]
    pub fn decode(bytes: &'b [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let error = match reader.number()? {
            0 => {
                return Some(Self {
                    error: None,
                    reason: Reason(reader.number()?),
                    data: reader.opaque()?,
                });
            }
            other => Some(DeviceError(other)),
        };
        // With an error some servers leave out the rest.
        let reason = Reason(reader.number().unwrap_or_default());
        Some(Self { error, reason, data: reader.opaque().unwrap_or_default() })
    }
}

impl Generic {
    /// As arguments.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let head = Writer::new().signed(self.link).number(self.flags);
        head.number(self.lock_timeout).number(self.io_timeout).finish()
    }

    /// Reads the arguments.
    #[must_use]
    pub fn decode(arguments: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(arguments);
        let (link, flags) = (reader.signed()?, reader.number()?);
        Some(Self { link, flags, lock_timeout: reader.number()?, io_timeout: reader.number()? })
    }

    /// The status byte, as results of `device_readstb`.
    #[must_use]
    pub fn encode_status(outcome: Result<u8, DeviceError>) -> Vec<u8> {
        encode_number(outcome.map(u32::from))
    }

    /// Reads the status byte; nothing when the results cannot be read.
    #[must_use]
    pub fn decode_status(bytes: &[u8]) -> Option<Result<u8, DeviceError>> {
        let status = decode_number(bytes)?;
        Some(status.map(|number| {
            let [.., byte] = number.to_be_bytes();
            byte
        }))
    }

    /// The results of procedures that have no others, [`Link`]s given back and locks included.
    #[must_use]
    pub fn encode_done(outcome: Result<(), DeviceError>) -> Vec<u8> {
        failed(outcome.err().unwrap_or(DeviceError(0))).finish()
    }

    /// Reads the results of such procedures; nothing when they cannot be read.
    #[must_use]
    pub fn decode_done(bytes: &[u8]) -> Option<Result<(), DeviceError>> {
        Some(results(bytes)?.map(|_| ()))
    }
}

impl Lock {
    /// As arguments.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new().signed(self.link).number(self.flags).number(self.lock_timeout).finish()
    }

    /// Reads the arguments.
    #[must_use]
    pub fn decode(arguments: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(arguments);
        let (link, flags) = (reader.signed()?, reader.number()?);
        Some(Self { link, flags, lock_timeout: reader.number()? })
    }

    /// A link alone, as `device_unlock`, `destroy_link` and `device_abort` have it.
    #[must_use]
    pub fn encode_link(link: i32) -> Vec<u8> {
        Writer::new().signed(link).finish()
    }

    /// Reads a link alone.
    #[must_use]
    pub fn decode_link(arguments: &[u8]) -> Option<i32> {
        Reader::new(arguments).signed()
    }
}

/// A number after the error, as results.
fn encode_number(outcome: Result<u32, DeviceError>) -> Vec<u8> {
    match outcome {
        Ok(number) => Writer::new().number(0).number(number).finish(),
        Err(error) => failed(error).number(0).finish(),
    }
}

/// Reads a number after the error.
fn decode_number(bytes: &[u8]) -> Option<Result<u32, DeviceError>> {
    Some(match results(bytes)? {
        Ok(mut reader) => Ok(reader.number()?),
        Err(error) => Err(error),
    })
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
