//! The 16 bytes before every HiSLIP message: what it is, two parameters, and how long it goes on.

/// How many bytes a header has (IVI-6.1, 2.2).
pub const HEADER_LENGTH: usize = 16;

/// The longest payload that is believed, in bytes: the longest block that is accepted, 64 MiB, and room
/// for what stands around it.
pub const LONGEST_PAYLOAD: u64 = (64 << 20) + 4096;

/// The two bytes every message begins with.
const PROLOGUE: [u8; 2] = *b"HS";

/// What a message is (IVI-6.1, table 4). A number and not an enumeration: any byte may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageType(pub u8);

/// The types up to version 1.1 of the protocol, by their names in the standard.
#[expect(missing_docs, reason = "the names are the standard's, table 4 says what each is for")]
impl MessageType {
    pub const INITIALIZE: Self = Self(0);
    pub const INITIALIZE_RESPONSE: Self = Self(1);
    pub const FATAL_ERROR: Self = Self(2);
    pub const ERROR: Self = Self(3);
    pub const ASYNC_LOCK: Self = Self(4);
    pub const ASYNC_LOCK_RESPONSE: Self = Self(5);
    pub const DATA: Self = Self(6);
    pub const DATA_END: Self = Self(7);
    pub const DEVICE_CLEAR_COMPLETE: Self = Self(8);
    pub const DEVICE_CLEAR_ACKNOWLEDGE: Self = Self(9);
    pub const ASYNC_REMOTE_LOCAL_CONTROL: Self = Self(10);
    pub const ASYNC_REMOTE_LOCAL_RESPONSE: Self = Self(11);
    pub const TRIGGER: Self = Self(12);
    pub const INTERRUPTED: Self = Self(13);
    pub const ASYNC_INTERRUPTED: Self = Self(14);
    pub const ASYNC_MAXIMUM_MESSAGE_SIZE: Self = Self(15);
    pub const ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE: Self = Self(16);
    pub const ASYNC_INITIALIZE: Self = Self(17);
    pub const ASYNC_INITIALIZE_RESPONSE: Self = Self(18);
    pub const ASYNC_DEVICE_CLEAR: Self = Self(19);
    pub const ASYNC_SERVICE_REQUEST: Self = Self(20);
    pub const ASYNC_STATUS_QUERY: Self = Self(21);
    pub const ASYNC_STATUS_RESPONSE: Self = Self(22);
    pub const ASYNC_DEVICE_CLEAR_ACKNOWLEDGE: Self = Self(23);
    pub const ASYNC_LOCK_INFO: Self = Self(24);
    pub const ASYNC_LOCK_INFO_RESPONSE: Self = Self(25);
}

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the message is.
    pub kind: MessageType,
    /// The control code: flags or a result, by the message's type.
    pub control: u8,
    /// The message parameter: a message id, a version, a time limit, by the message's type.
    pub parameter: u32,
    /// How many bytes of payload follow.
    pub length: u64,
}

/// Bytes that are not HiSLIP, or more of them than is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Something else is spoken on this port.
    #[error("a message has the byte {0:02x} where 48 53 (HS) should stand: this is not HiSLIP")]
    Prologue(u8),
    /// The payload is longer than anything that is accepted here.
    #[error("a message announces {length} bytes of payload; at most {longest} are accepted")]
    TooLong {
        /// How long it says it is.
        length: u64,
        /// What would have been accepted.
        longest: u64,
    },
}

impl Header {
    /// A header of a message that has no payload.
    #[must_use]
    pub const fn new(kind: MessageType, control: u8, parameter: u32) -> Self {
        Self { kind, control, parameter, length: 0 }
    }

    /// The same with so many bytes of payload to follow.
    #[must_use]
    pub const fn followed_by(self, length: u64) -> Self {
        Self { length, ..self }
    }

    /// As it stands on the wire, big-endian (IVI-6.1, 2.2).
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LENGTH] {
        let [h, s] = PROLOGUE;
        let [a, b, c, d] = self.parameter.to_be_bytes();
        let [i, j, k, l, m, n, o, p] = self.length.to_be_bytes();
        [h, s, self.kind.0, self.control, a, b, c, d, i, j, k, l, m, n, o, p]
    }

    /// Reads the header at the beginning of `bytes`; nothing while it is not whole.
    ///
    /// # Errors
    ///
    /// The bytes do not begin as a HiSLIP message does, which shows with the first of them.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        // The first wrong byte, and so the same error however the bytes were cut.
        let wrong = bytes.iter().zip(PROLOGUE).find(|(found, wanted)| *found != wanted);
        if let Some((found, _)) = wrong {
            return Err(Malformed::Prologue(*found));
        }
        let Some(&[_, _, kind, control, a, b, c, d, i, j, k, l, m, n, o, p]) = bytes.first_chunk()
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            kind: MessageType(kind),
            control,
            parameter: u32::from_be_bytes([a, b, c, d]),
            length: u64::from_be_bytes([i, j, k, l, m, n, o, p]),
        }))
    }

    /// Appends the message with that payload to `out`.
    pub fn write(self, payload: &[u8], out: &mut Vec<u8>) {
        let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
        out.extend_from_slice(&self.followed_by(length).encode());
        out.extend_from_slice(payload);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stands_on_the_wire_as_the_standard_says() {
        let header = Header::new(MessageType::DATA_END, 1, 0xffff_ff02).followed_by(6);
        assert_eq!(header.encode(), *b"HS\x07\x01\xff\xff\xff\x02\0\0\0\0\0\0\0\x06");
    }

    #[test]
    fn something_else_is_known_by_its_first_byte() {
        assert_eq!(Header::decode(b""), Ok(None));
        assert_eq!(Header::decode(b"H"), Ok(None));
        assert_eq!(Header::decode(b"+0"), Err(Malformed::Prologue(b'+')));
        assert_eq!(
            Header::decode(b"HTTP/1.1 400 Bad Request").unwrap_err().to_string(),
            "a message has the byte 54 where 48 53 (HS) should stand: this is not HiSLIP"
        );
    }

    proptest! {
        #[test]
        fn is_read_back_as_written(kind: u8, control: u8, parameter: u32, length: u64, more: Vec<u8>) {
            let header = Header { kind: MessageType(kind), control, parameter, length };
            let mut bytes = header.encode().to_vec();
            prop_assert_eq!(Header::decode(&bytes[..15]), Ok(None));
            bytes.extend(more);
            prop_assert_eq!(Header::decode(&bytes), Ok(Some(header)));
        }

        #[test]
        fn any_bytes_are_a_header_or_not(bytes: Vec<u8>) {
            if let Ok(Some(header)) = Header::decode(&bytes) {
                prop_assert_eq!(&header.encode()[..], &bytes[..HEADER_LENGTH]);
            }
        }
    }
}
