//! The messages by which both channels are opened, and the largest message agreed on.

use super::header::{Header, Malformed, MessageType};
use super::{MESSAGE_SIZE, VERSION, Whole, error_sentence, fatal_sentence, whole};

/// The two letters by which this implementation names its maker (IVI-6.1, 6.1): none registered.
const VENDOR: u32 = 0x5354;

/// How long the text of an answer may be, in bytes.
const LONGEST_ANSWER: u64 = 4096;

/// The synchronous channel is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// By which the asynchronous channel is tied to this one.
    pub session: u16,
    /// The version of the protocol to be spoken, major and minor in a byte each.
    pub version: u16,
    /// Whether the server would rather overlap queries; here it never is done.
    pub prefers_overlap: bool,
}

/// The asynchronous channel is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsyncOpened {
    /// Two letters that name the server's maker.
    pub vendor: u16,
}

/// Why a channel is not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// What came is not HiSLIP.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The server serves as many clients as it can.
    #[error("it serves as many clients as it can")]
    Full,
    /// The server will not.
    #[error("the server refused it: {0}")]
    Refused(String),
    /// The server answered with something else.
    #[error("the server answered with a message of type {0}")]
    Unexpected(u8),
    /// The server speaks only versions that are not known here.
    #[error("the server speaks HiSLIP {}.{}; known here is 1.x", .0 >> 8, .0 & 0xff)]
    Version(u16),
}

/// The first message on the synchronous channel, for the device of that name (`hislip0`).
#[must_use]
pub fn initialize(device: &str) -> Vec<u8> {
    let parameter = u32::from(VERSION) << 16 | VENDOR;
    let mut out = Vec::new();
    Header::new(MessageType::INITIALIZE, 0, parameter).write(device.as_bytes(), &mut out);
    out
}

/// The first message on the asynchronous channel.
#[must_use]
pub fn async_initialize(session: u16) -> Vec<u8> {
    Header::new(MessageType::ASYNC_INITIALIZE, 0, u32::from(session)).encode().to_vec()
}

/// Says how large messages may be that come this way.
#[must_use]
pub fn max_message_size() -> Vec<u8> {
    let mut out = Vec::new();
    Header::new(MessageType::ASYNC_MAXIMUM_MESSAGE_SIZE, 0, 0)
        .write(&MESSAGE_SIZE.to_be_bytes(), &mut out);
    out
}

/// An answer and how many bytes it took; nothing while it is not whole.
pub type Answer<T> = Result<Option<(T, usize)>, Unopened>;

impl Opened {
    /// Reads the server's answer at the beginning of `bytes`.
    ///
    /// # Errors
    ///
    /// It is no HiSLIP, or the server will not.
    pub fn read(bytes: &[u8]) -> Answer<Self> {
        let Some(Whole { header, used, .. }) = answer(bytes, MessageType::INITIALIZE_RESPONSE)?
        else {
            return Ok(None);
        };
        let [major, minor, one, two] = header.parameter.to_be_bytes();
        let version = u16::from_be_bytes([major, minor]);
        if major == 0 {
            return Err(Unopened::Version(version));
        }
        let session = u16::from_be_bytes([one, two]);
        Ok(Some((Self { session, version, prefers_overlap: header.control & 1 == 1 }, used)))
    }
}

impl AsyncOpened {
    /// Reads the server's answer at the beginning of `bytes`.
    ///
    /// # Errors
    ///
    /// It is no HiSLIP, or the server will not.
    pub fn read(bytes: &[u8]) -> Answer<Self> {
        let found = answer(bytes, MessageType::ASYNC_INITIALIZE_RESPONSE)?;
        Ok(found.map(|Whole { header, used, .. }| {
            let [_, _, one, two] = header.parameter.to_be_bytes();
            (Self { vendor: u16::from_be_bytes([one, two]) }, used)
        }))
    }

    /// Reads how large the messages may be that the server takes, in bytes.
    ///
    /// # Errors
    ///
    /// It is no HiSLIP, or the server will not.
    pub fn read_max_message_size(bytes: &[u8]) -> Answer<u64> {
        let kind = MessageType::ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE;
        let Some(Whole { payload, used, .. }) = answer(bytes, kind)? else { return Ok(None) };
        let size = payload.try_into().map_or(u64::MAX, u64::from_be_bytes);
        Ok(Some((size, used)))
    }
}

/// The answer of that type.
fn answer(bytes: &[u8], wanted: MessageType) -> Result<Option<Whole<'_>>, Unopened> {
    let Some(found) = whole(bytes, LONGEST_ANSWER)? else { return Ok(None) };
    let (control, payload) = (found.header.control, found.payload);
    match found.header.kind {
        kind if kind == wanted => Ok(Some(found)),
        MessageType::FATAL_ERROR if control == 4 => Err(Unopened::Full),
        MessageType::FATAL_ERROR => Err(Unopened::Refused(said(fatal_sentence(control), payload))),
        MessageType::ERROR => Err(Unopened::Refused(said(error_sentence(control), payload))),
        other => Err(Unopened::Unexpected(other.0)),
    }
}

/// The sentence of a code with the server's own words, if it has any that can be shown.
pub(super) fn said(sentence: &str, payload: &[u8]) -> String {
    let text = String::from_utf8_lossy(payload);
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(200).collect();
    if text.is_empty() { sentence.to_owned() } else { format!("{sentence} ({text})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_as_the_standard_says() {
        assert_eq!(initialize("hislip0"), b"HS\0\0\x01\0ST\0\0\0\0\0\0\0\x07hislip0");
        assert_eq!(async_initialize(7), b"HS\x11\0\0\0\0\x07\0\0\0\0\0\0\0\0");
        assert_eq!(max_message_size()[..16], *b"HS\x0f\0\0\0\0\0\0\0\0\0\0\0\0\x08");
    }

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let bytes = Header::new(MessageType::INITIALIZE_RESPONSE, 1, 0x0100_0007).encode();
        assert_eq!(Opened::read(&bytes[..9]), Ok(None));
        let opened = Opened { session: 7, version: 0x0100, prefers_overlap: true };
        assert_eq!(Opened::read(&bytes), Ok(Some((opened, 16))));
    }

    #[test]
    fn refusals_are_told_in_the_servers_words() {
        let mut full = Vec::new();
        Header::new(MessageType::FATAL_ERROR, 4, 0).write(b"", &mut full);
        assert_eq!(Opened::read(&full), Err(Unopened::Full));
        let mut other = Vec::new();
        Header::new(MessageType::FATAL_ERROR, 0, 0).write(b"no such device\n", &mut other);
        assert_eq!(
            Opened::read(&other).unwrap_err().to_string(),
            "the server refused it: an error it does not name (no such device)"
        );
    }
}
