//! The messages on the bulk endpoints (USBTMC, 3.2 and 3.3): a header of 12 bytes, data, and zeros up to
//! a multiple of four.

/// How many bytes a header has.
pub const HEADER_LENGTH: usize = 12;

/// The end of a message (bmTransferAttributes, bit 0).
const EOM: u8 = 1;

/// What a transfer is (USBTMC, table 2; USB488, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferKind(pub u8);

impl TransferKind {
    /// A message to the instrument.
    pub const MESSAGE_OUT: Self = Self(1);
    /// The request for a reply, and on the other endpoint the reply.
    pub const MESSAGE_IN: Self = Self(2);
    /// A trigger (USB488).
    pub const TRIGGER: Self = Self(128);
}

/// By which a transfer and its answer are known: 1 to 255, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u8);

impl Default for Tag {
    fn default() -> Self {
        Self(1)
    }
}

impl Tag {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Gives this tag out and goes on to the next; 0 is none.
    pub fn take(&mut self) -> Self {
        let taken = *self;
        self.0 = taken.0.checked_add(1).unwrap_or(1);
        taken
    }
}

/// A reply's header, or a part's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How many bytes of data follow, without what they are filled up with.
    pub length: u32,
    /// Whether the message ends with them.
    pub end: bool,
    /// Whether they end with the termination character that was asked for.
    pub at_term_char: bool,
}

/// Bytes on the bulk-IN endpoint that are no answer to what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Fewer than a header has.
    #[error("a reply of {0} bytes is shorter than its header of 12")]
    Short(usize),
    /// Not a reply.
    #[error("a transfer of type {0} came where a reply (type 2) is due")]
    Kind(u8),
    /// The reply to another request.
    #[error("a reply has the tag {found} (inverted {inverse}); asked was {wanted}")]
    Tag {
        /// The tag it has.
        found: u8,
        /// The same with all bits inverted, it says.
        inverse: u8,
        /// The tag of the request.
        wanted: u8,
    },
    /// More data than were asked for.
    #[error("a reply announces {length} bytes; at most {most} were asked for")]
    TooLong {
        /// How many there are said to be.
        length: u32,
        /// How many were asked for.
        most: u32,
    },
}

/// A header up to the fields that depend on its type.
fn head(kind: TransferKind, tag: Tag, length: u32) -> [u8; 8] {
    let [a, b, c, d] = length.to_le_bytes();
    [kind.0, tag.0, !tag.0, 0, a, b, c, d]
}

/// A part of a message to the instrument, ready for the bulk-OUT endpoint.
#[must_use]
pub fn message_out(tag: Tag, data: &[u8], end: bool) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(data.len().saturating_add(HEADER_LENGTH + 3));
    out.extend_from_slice(&head(TransferKind::MESSAGE_OUT, tag, length));
    out.extend_from_slice(&[if end { EOM } else { 0 }, 0, 0, 0]);
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// The request for a reply, or its next part, of at most so many bytes.
#[must_use]
pub fn request_in(tag: Tag, most: u32, term_char: Option<u8>) -> Vec<u8> {
    let mut out = head(TransferKind::MESSAGE_IN, tag, most).to_vec();
    let flag = if term_char.is_some() { 2 } else { 0 };
    out.extend_from_slice(&[flag, term_char.unwrap_or_default(), 0, 0]);
    out
}

/// A trigger (USB488, 3.2.1.1).
#[must_use]
pub fn trigger(tag: Tag) -> Vec<u8> {
    let mut out = head(TransferKind::TRIGGER, tag, 0).to_vec();
    out.extend_from_slice(&[0; 4]);
    out
}

impl Reply {
    /// As the instrument writes it.
    #[must_use]
    pub fn encode(&self, tag: Tag) -> Vec<u8> {
        let mut out = head(TransferKind::MESSAGE_IN, tag, self.length).to_vec();
        out.extend_from_slice(&[u8::from(self.end) | u8::from(self.at_term_char) << 1, 0, 0, 0]);
        out
    }

    /// Reads the header at the beginning of a transfer that answers the request with that tag for at
    /// most so many bytes.
    ///
    /// # Errors
    ///
    /// It is none, or answers something else.
    pub fn decode(transfer: &[u8], tag: Tag, most: u32) -> Result<Self, Malformed> {
        let Some(&[kind, found, inverse, _, a, b, c, d, attributes, _, _, _]) =
            transfer.first_chunk()
        else {
            return Err(Malformed::Short(transfer.len()));
        };
        if kind != TransferKind::MESSAGE_IN.0 {
            return Err(Malformed::Kind(kind));
        }
        if found != tag.0 || inverse != !tag.0 {
            return Err(Malformed::Tag { found, inverse, wanted: tag.0 });
        }
        let length = u32::from_le_bytes([a, b, c, d]);
        if length > most {
            return Err(Malformed::TooLong { length, most });
        }
        Ok(Self { length, end: attributes & EOM != 0, at_term_char: attributes & 2 != 0 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_stands_on_the_bus_as_the_standard_says() {
        let tag = Tag::default();
        assert_eq!(
            message_out(tag, b"*IDN?", true),
            b"\x01\x01\xfe\0\x05\0\0\0\x01\0\0\0*IDN?\0\0\0"
        );
        assert_eq!(request_in(tag, 1024, None), b"\x02\x01\xfe\0\0\x04\0\0\0\0\0\0");
        assert_eq!(request_in(tag, 1024, Some(10)), b"\x02\x01\xfe\0\0\x04\0\0\x02\x0a\0\0");
        assert_eq!(trigger(tag), b"\x80\x01\xfe\0\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn tags_leave_out_zero() {
        let mut tag = Tag::default();
        let numbers: Vec<u8> = (0..256).map(|_| tag.take().number()).collect();
        assert_eq!((numbers[0], numbers[254], numbers[255]), (1, 255, 1));
    }

    #[test]
    fn the_reply_to_another_request_is_told() {
        let mut tag = Tag::default();
        let reply = Reply { length: 4, end: true, at_term_char: false };
        let old = reply.encode(tag.take());
        assert_eq!(
            Reply::decode(&old, tag, 10).unwrap_err().to_string(),
            "a reply has the tag 1 (inverted 254); asked was 2"
        );
        let new = reply.encode(tag);
        assert_eq!(Reply::decode(&new, tag, 3), Err(Malformed::TooLong { length: 4, most: 3 }));
    }

    proptest! {
        #[test]
        fn a_reply_is_read_back_as_written(length: u32, end: bool, at_term_char: bool, turns in 0usize..600) {
            let mut tag = Tag::default();
            for _ in 0..turns {
                tag.take();
            }
            let reply = Reply { length, end, at_term_char };
            prop_assert_eq!(Reply::decode(&reply.encode(tag), tag, u32::MAX), Ok(reply));
        }

        #[test]
        fn any_bytes_are_a_reply_or_not(mut bytes: Vec<u8>, header: bool) {
            if header {
                bytes.splice(0..0, [2, 1, 254, 0]);
            }
            if let Ok(reply) = Reply::decode(&bytes, Tag::default(), 100) {
                prop_assert!(reply.length <= 100);
            }
        }

        #[test]
        fn a_message_is_filled_up_to_four(data: Vec<u8>) {
            let out = message_out(Tag::default(), &data, false);
            prop_assert_eq!(out.len() % 4, 0);
            prop_assert_eq!(&out[HEADER_LENGTH..HEADER_LENGTH + data.len()], data.as_slice());
        }
    }
}
