//! The packets of OpenSSH's PROTOCOL.mux, version 4, as far as commands need them.

/// The version both sides speak.
pub(super) const VERSION: u32 = 4;
/// A longer packet is none of a master's.
const LONGEST_REPLY: usize = 256 << 10;

const HELLO: u32 = 0x0000_0001;
const NEW_SESSION: u32 = 0x1000_0002;
const ALIVE_CHECK: u32 = 0x1000_0004;
const TERMINATE: u32 = 0x1000_0005;
const OK: u32 = 0x8000_0001;
const PERMISSION_DENIED: u32 = 0x8000_0002;
const FAILURE: u32 = 0x8000_0003;
const EXIT_MESSAGE: u32 = 0x8000_0004;
const ALIVE: u32 = 0x8000_0005;
const SESSION_OPENED: u32 = 0x8000_0006;

/// What a master says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The version it speaks.
    Hello(u32),
    /// What was asked for is done.
    Ok,
    /// The command's session is open.
    Opened,
    /// The command exited with this status.
    Exit(i32),
    /// The master is there.
    Alive,
    /// It does not do what was asked for.
    Failed(String),
    /// It, or its user, does not allow what was asked for.
    Denied(String),
    /// Something that is of no interest here.
    Other(u32),
}

/// The bytes are none of a master's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The first packet of each side.
pub(super) fn hello() -> Vec<u8> {
    packet(HELLO, |body| put_u32(body, VERSION))
}

/// Asks for a session for a command. Three descriptors follow. The agent is forwarded if the
/// master's own configuration says so.
pub(super) fn new_session(command: &[u8]) -> Vec<u8> {
    const NO_ESCAPE: u32 = u32::MAX;
    let (tty, x11, agent, subsystem) = (0, 0, 1, 0);
    packet(NEW_SESSION, |body| {
        put_u32(body, 0); // Request id: one request a socket.
        put_string(body, b""); // Reserved.
        for value in [tty, x11, agent, subsystem, NO_ESCAPE] {
            put_u32(body, value);
        }
        put_string(body, b""); // Terminal type.
        put_string(body, command);
    })
}

/// Asks whether the master is there.
pub(super) fn alive_check() -> Vec<u8> {
    packet(ALIVE_CHECK, |body| put_u32(body, 0))
}

/// Asks the master to end.
pub(super) fn terminate() -> Vec<u8> {
    packet(TERMINATE, |body| put_u32(body, 0))
}

/// The first packet in the buffer, and how long it is; `None` while it is not complete.
pub(super) fn decode(buffer: &[u8]) -> Result<Option<(Reply, usize)>, Malformed> {
    let mut fields = Fields(buffer);
    let Ok(length) = fields.u32() else { return Ok(None) };
    let length = usize::try_from(length).map_err(|_| Malformed)?;
    if !(4..=LONGEST_REPLY).contains(&length) {
        return Err(Malformed);
    }
    let Some(body) = fields.0.get(..length) else { return Ok(None) };
    Ok(Some((reply(Fields(body))?, 4 + length)))
}

fn reply(mut fields: Fields<'_>) -> Result<Reply, Malformed> {
    let kind = fields.u32()?;
    if kind == HELLO {
        return fields.u32().map(Reply::Hello);
    }
    let known = [OK, PERMISSION_DENIED, FAILURE, EXIT_MESSAGE, ALIVE, SESSION_OPENED];
    if !known.contains(&kind) {
        return Ok(Reply::Other(kind));
    }
    fields.u32()?; // The request's id, or the session's.
    Ok(match kind {
        OK => Reply::Ok,
        PERMISSION_DENIED => Reply::Denied(fields.text()?),
        FAILURE => Reply::Failed(fields.text()?),
        EXIT_MESSAGE => Reply::Exit(fields.u32()?.cast_signed()),
        ALIVE => Reply::Alive,
        _ => Reply::Opened,
    })
}

fn packet(kind: u32, body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut content = Vec::with_capacity(64);
    put_u32(&mut content, kind);
    body(&mut content);
    let mut packet = Vec::with_capacity(content.len() + 4);
    put_string(&mut packet, &content);
    packet
}

fn put_u32(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend_from_slice(&value.to_be_bytes());
}

fn put_string(bytes: &mut Vec<u8>, string: &[u8]) {
    put_u32(bytes, u32::try_from(string.len()).unwrap_or(u32::MAX));
    bytes.extend_from_slice(string);
}

/// What is left of a packet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn u32(&mut self) -> Result<u32, Malformed> {
        let (number, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| Malformed)?;
        let (string, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(string)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        self.string().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(kind: u32, numbers: &[u32], text: Option<&[u8]>) -> Vec<u8> {
        packet(kind, |body| {
            numbers.iter().for_each(|number| put_u32(body, *number));
            text.iter().for_each(|text| put_string(body, text));
        })
    }

    #[test]
    fn the_requests_are_the_bytes_of_the_protocol() {
        assert_eq!(hello(), [0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 4]);
        assert_eq!(alive_check(), [0, 0, 0, 8, 0x10, 0, 0, 4, 0, 0, 0, 0]);
        assert_eq!(terminate(), [0, 0, 0, 8, 0x10, 0, 0, 5, 0, 0, 0, 0]);
        let mut expected = vec![0, 0, 0, 42, 0x10, 0, 0, 2];
        expected.extend([[0; 4], [0; 4], [0; 4], [0; 4], [0, 0, 0, 1], [0; 4]].concat());
        expected.extend([0xff; 4]);
        expected.extend([0, 0, 0, 0, 0, 0, 0, 2, b'i', b'd']);
        assert_eq!(new_session(b"id"), expected);
    }

    #[test]
    fn the_replies_are_understood() {
        let cases = [
            (encode(HELLO, &[4], Some(b"info")), Reply::Hello(4)),
            (encode(OK, &[0], None), Reply::Ok),
            (encode(SESSION_OPENED, &[0, 2], None), Reply::Opened),
            (encode(EXIT_MESSAGE, &[2, 7], None), Reply::Exit(7)),
            (encode(ALIVE, &[0, 99], None), Reply::Alive),
            (encode(FAILURE, &[0], Some(b"no")), Reply::Failed("no".to_owned())),
            (encode(PERMISSION_DENIED, &[0], Some(b"no")), Reply::Denied("no".to_owned())),
            (encode(0x8000_0008, &[2], None), Reply::Other(0x8000_0008)),
        ];
        for (bytes, reply) in cases {
            assert_eq!(decode(&bytes), Ok(Some((reply, bytes.len()))));
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        assert_eq!(decode(&[0, 0, 0, 3, 0, 0, 0]), Err(Malformed), "too short for a type");
        assert_eq!(decode(&[0xff; 8]), Err(Malformed), "too long");
        assert_eq!(decode(&encode(FAILURE, &[0, 50], None)), Err(Malformed), "text cut off");
        assert_eq!(decode(&encode(EXIT_MESSAGE, &[2], None)), Err(Malformed), "no status");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_read_beyond_them(bytes: Vec<u8>) {
            if let Ok(Some((_, used))) = decode(&bytes) {
                prop_assert!((8..=bytes.len()).contains(&used));
            }
        }

        #[test]
        fn no_body_makes_it_panic(kind in 0x8000_0000_u32..0x8000_0010, body: Vec<u8>) {
            let bytes = packet(kind, |content| content.extend_from_slice(&body));
            if let Ok(read) = decode(&bytes) {
                prop_assert_eq!(read.map(|(_, used)| used), Some(bytes.len()));
            }
        }

        #[test]
        fn a_cut_packet_is_waited_for(text: Vec<u8>, cut: prop::sample::Index) {
            let bytes = encode(FAILURE, &[0], Some(&text));
            let cut = cut.index(bytes.len());
            prop_assert_eq!(decode(&bytes[..cut]), Ok(None));
        }

        #[test]
        fn the_command_is_in_the_request_as_it_is(command: Vec<u8>) {
            let bytes = new_session(&command);
            prop_assert_eq!(&bytes[bytes.len() - command.len()..], &command[..]);
            prop_assert_eq!(bytes.len(), 44 + command.len());
        }
    }
}
