//! Takes the bytes of one HiSLIP channel apart, however they are cut on their way.

use super::header::{HEADER_LENGTH, Header, Malformed};

/// The reader of one channel: in a payload or between messages.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// Bytes of payload that are still to come.
    left: u64,
    /// The longest payload that is accepted.
    longest: u64,
}

/// A piece of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'b> {
    /// A message begins.
    Header(Header),
    /// At least one byte of the payload of the message that began last.
    Payload {
        /// The bytes.
        bytes: &'b [u8],
        /// How many are still to come after these.
        left: u64,
    },
}

impl Inbound {
    /// A reader before the first message, which accepts payloads of at most so many bytes.
    #[must_use]
    pub const fn new(longest: u64) -> Self {
        Self { left: 0, longest }
    }

    /// Takes the next piece off the front of `bytes`; nothing when more of them are needed.
    ///
    /// # Errors
    ///
    /// The bytes are not HiSLIP, or the payload is too long. The channel is of no more use then.
    pub fn next<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Option<Piece<'b>>, Malformed> {
        if self.left > 0 {
            if bytes.is_empty() {
                return Ok(None);
            }
            let most = usize::try_from(self.left).unwrap_or(usize::MAX);
            let (piece, rest) = bytes.split_at(most.min(bytes.len()));
            *bytes = rest;
            let left = self.advance(piece.len());
            return Ok(Some(Piece::Payload { bytes: piece, left }));
        }
        let Some(header) = Header::decode(bytes)? else { return Ok(None) };
        if header.length > self.longest {
            return Err(Malformed::TooLong { length: header.length, longest: self.longest });
        }
        *bytes = bytes.get(HEADER_LENGTH..).unwrap_or_default();
        self.left = header.length;
        Ok(Some(Piece::Header(header)))
    }

    /// How many bytes of payload are still to come before the next header.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// Says that so many bytes of payload were taken past this reader; how many are left.
    pub fn advance(&mut self, taken: usize) -> u64 {
        self.left = self.left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
        self.left
    }
}

/// A message with its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<'b> {
    /// Its header.
    pub header: Header,
    /// Its payload.
    pub payload: &'b [u8],
    /// How many bytes both have.
    pub used: usize,
}

/// The message at the beginning of `bytes`; nothing while it is not whole. For channels whose messages
/// are short.
///
/// # Errors
///
/// The bytes are not HiSLIP, or the payload has more than `longest` bytes.
pub fn whole(bytes: &[u8], longest: u64) -> Result<Option<Whole<'_>>, Malformed> {
    let Some(header) = Header::decode(bytes)? else { return Ok(None) };
    if header.length > longest {
        return Err(Malformed::TooLong { length: header.length, longest });
    }
    let length = usize::try_from(header.length).unwrap_or(usize::MAX);
    let payload = bytes.get(HEADER_LENGTH..).and_then(|rest| rest.get(..length));
    Ok(payload.map(|payload| Whole { header, payload, used: HEADER_LENGTH + length }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hislip::{LONGEST_PAYLOAD, MessageType};

    /// All messages in the bytes, read in pieces of so many bytes.
    fn read(bytes: &[u8], cut: usize) -> Result<Vec<(Header, Vec<u8>)>, Malformed> {
        let mut inbound = Inbound::new(1000);
        let mut found: Vec<(Header, Vec<u8>)> = Vec::new();
        let mut buffer = Vec::new();
        for chunk in bytes.chunks(cut) {
            buffer.extend_from_slice(chunk);
            let mut rest = buffer.as_slice();
            while let Some(piece) = inbound.next(&mut rest)? {
                match piece {
                    Piece::Header(header) => found.push((header, Vec::new())),
                    Piece::Payload { bytes, .. } => found.last_mut().unwrap().1.extend(bytes),
                }
            }
            buffer = rest.to_vec();
        }
        Ok(found)
    }

    #[test]
    fn a_payload_beyond_belief_is_refused_before_it_comes() {
        let bytes = Header::new(MessageType::DATA, 0, 0).followed_by(u64::MAX).encode();
        let error = Inbound::new(LONGEST_PAYLOAD).next(&mut &bytes[..]).unwrap_err();
        assert!(error.to_string().contains("18446744073709551615 bytes"), "{error}");
        assert!(whole(&bytes, LONGEST_PAYLOAD).is_err());
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_does_not_matter(
            messages in prop::collection::vec((any::<u8>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..99)), 0..9),
            cut in 1usize..80,
        ) {
            let mut bytes = Vec::new();
            let mut wanted = Vec::new();
            for (kind, parameter, payload) in messages {
                let header = Header::new(MessageType(kind), 0, parameter);
                header.write(&payload, &mut bytes);
                wanted.push((header.followed_by(payload.len() as u64), payload));
            }
            prop_assert_eq!(read(&bytes, cut), Ok(wanted.clone()));
            let mut rest = bytes.as_slice();
            for (header, payload) in wanted {
                let found = whole(rest, 1000).unwrap().unwrap();
                prop_assert_eq!((found.header, found.payload), (header, payload.as_slice()));
                rest = &rest[found.used..];
            }
        }

        #[test]
        fn any_bytes_read_the_same_in_any_pieces(bytes: Vec<u8>, tail: Vec<u8>, cut in 1usize..9) {
            let mut bytes = [b"HS".as_slice(), &bytes].concat();
            bytes.extend(tail);
            let at_once = read(&bytes, bytes.len());
            let in_pieces = read(&bytes, cut);
            prop_assert_eq!(at_once.is_ok(), in_pieces.is_ok());
            if let (Ok(one), Ok(other)) = (at_once, in_pieces) {
                prop_assert_eq!(one, other);
            }
        }
    }
}
