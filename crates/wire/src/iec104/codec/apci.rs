//! The six octets before every ASDU: numbered I frames, acknowledging S frames, and U frames that start,
//! stop and test a connection (IEC 60870-5-104, 5).

/// The octet every frame begins with.
pub const START: u8 = 0x68;

/// How many octets the longest frame has, start and length octet included.
pub const LONGEST_FRAME: usize = 255;

/// How many octets the longest ASDU has.
pub const LONGEST_ASDU: usize = 249;

/// The sequence numbers go up to one less than this and begin again.
pub const SEQUENCE_MODULUS: u16 = 1 << 15;

/// A frame taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apdu<'a> {
    /// An ASDU with its number, which acknowledges as well.
    I {
        /// N(S), the number of this frame.
        ns: u16,
        /// N(R), the number of the frame its sender expects next.
        nr: u16,
        /// The octets of the ASDU, at least six.
        asdu: &'a [u8],
    },
    /// An acknowledgement alone.
    S {
        /// N(R), the number of the frame its sender expects next.
        nr: u16,
    },
    /// What is said about the connection.
    U(U),
}

/// What a U frame says, by its first control octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum U {
    /// Asks for the transfer of data to start.
    StartDtAct = 0x07,
    /// Says that it started.
    StartDtCon = 0x0b,
    /// Asks for the transfer of data to stop.
    StopDtAct = 0x13,
    /// Says that it stopped.
    StopDtCon = 0x23,
    /// Asks whether the other side is there.
    TestFrAct = 0x43,
    /// Says that it is.
    TestFrCon = 0x83,
}

/// Octets that are no frame. The connection they came on is of no more use: where the next frame begins
/// is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Something else is spoken on this connection, or an octet was lost.
    #[error(
        "a frame begins with the octet {0:02x} where 68 should stand: this is not IEC 60870-5-104"
    )]
    Start(u8),
    /// The length is none a frame can have, or none a frame of its format has.
    #[error("a frame announces {0} octets; I frames have 10 to 253, S and U frames have 4")]
    Length(u8),
    /// The control field is none of the three formats.
    #[error("a frame has the control octets {:02x} {:02x} {:02x} {:02x}, which mean nothing", .0[0], .0[1], .0[2], .0[3])]
    Control([u8; 4]),
    /// The slice is not one whole frame; a [`Deframer`](super::Deframer) never yields such.
    #[error("{got} octets were given as a frame of {announced}")]
    Whole {
        /// How many octets the frame has by its length octet; 0 when even that is missing.
        announced: usize,
        /// How many there are.
        got: usize,
    },
}

impl U {
    /// By its control octet; nothing for one that is no U frame's.
    #[must_use]
    pub const fn from_u8(octet: u8) -> Option<Self> {
        match octet {
            0x07 => Some(Self::StartDtAct),
            0x0b => Some(Self::StartDtCon),
            0x13 => Some(Self::StopDtAct),
            0x23 => Some(Self::StopDtCon),
            0x43 => Some(Self::TestFrAct),
            0x83 => Some(Self::TestFrCon),
            _ => None,
        }
    }

    /// Its control octet.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::StartDtAct => 0x07,
            Self::StartDtCon => 0x0b,
            Self::StopDtAct => 0x13,
            Self::StopDtCon => 0x23,
            Self::TestFrAct => 0x43,
            Self::TestFrCon => 0x83,
        }
    }

    /// The standard's name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StartDtAct => "STARTDT act",
            Self::StartDtCon => "STARTDT con",
            Self::StopDtAct => "STOPDT act",
            Self::StopDtCon => "STOPDT con",
            Self::TestFrAct => "TESTFR act",
            Self::TestFrCon => "TESTFR con",
        }
    }
}

/// How many octets the frame has that begins with `octets`; nothing while its length octet is missing.
///
/// # Errors
///
/// The start or the length octet is none of a frame, which shows as soon as it is there.
pub(super) const fn announced(octets: &[u8]) -> Result<Option<usize>, FrameError> {
    match octets {
        [] | [START] => Ok(None),
        [START, length @ 4..=253, ..] => Ok(Some(*length as usize + 2)),
        [START, length, ..] => Err(FrameError::Length(*length)),
        [other, ..] => Err(FrameError::Start(*other)),
    }
}

/// Takes one whole frame apart, as a [`Deframer`](super::Deframer) yields it.
///
/// # Errors
///
/// The octets are not one frame, or one of no format there is.
pub const fn parse(frame: &[u8]) -> Result<Apdu<'_>, FrameError> {
    let whole = match announced(frame) {
        Ok(Some(length)) => length,
        Ok(None) => 0,
        Err(error) => return Err(error),
    };
    let &[_, length, c1, c2, c3, c4, ref asdu @ ..] = frame else {
        return Err(FrameError::Whole { announced: whole, got: frame.len() });
    };
    if whole != frame.len() {
        return Err(FrameError::Whole { announced: whole, got: frame.len() });
    }
    let (first, second) = (u16::from_le_bytes([c1, c2]), u16::from_le_bytes([c3, c4]));
    let control = Err(FrameError::Control([c1, c2, c3, c4]));
    if first & 1 == 0 {
        return match asdu.len() {
            _ if second & 1 != 0 => control,
            0..6 => Err(FrameError::Length(length)),
            _ => Ok(Apdu::I { ns: first >> 1, nr: second >> 1, asdu }),
        };
    }
    if !asdu.is_empty() {
        return Err(FrameError::Length(length));
    }
    match (U::from_u8(c1), c2, second) {
        (None, 0, _) if c1 == 1 && second & 1 == 0 => Ok(Apdu::S { nr: second >> 1 }),
        (Some(u), 0, 0) => Ok(Apdu::U(u)),
        _ => control,
    }
}

/// Appends an I frame to `out`. The sequence numbers are taken modulo 32768; of an ASDU longer than 249
/// octets nothing is appended, as [`encode`](super::encode) makes none.
pub fn encode_i(ns: u16, nr: u16, asdu: &[u8], out: &mut Vec<u8>) {
    let Some(length) =
        u8::try_from(asdu.len()).ok().filter(|length| usize::from(*length) <= LONGEST_ASDU)
    else {
        return;
    };
    let ([c1, c2], [c3, c4]) = ((ns << 1).to_le_bytes(), (nr << 1).to_le_bytes());
    out.extend_from_slice(&[START, length + 4, c1, c2, c3, c4]);
    out.extend_from_slice(asdu);
}

/// Appends an S frame to `out`.
pub fn encode_s(nr: u16, out: &mut Vec<u8>) {
    let [c3, c4] = (nr << 1).to_le_bytes();
    out.extend_from_slice(&[START, 4, 1, 0, c3, c4]);
}

/// Appends a U frame to `out`.
pub fn encode_u(u: U, out: &mut Vec<u8>) {
    out.extend_from_slice(&[START, 4, u.as_u8(), 0, 0, 0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 6] = [100, 1, 6, 0, 1, 0];

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    #[test]
    fn frames_are_those_of_the_standard() {
        let golden: [(U, [u8; 6]); 6] = [
            (U::StartDtAct, [0x68, 4, 0x07, 0, 0, 0]),
            (U::StartDtCon, [0x68, 4, 0x0b, 0, 0, 0]),
            (U::StopDtAct, [0x68, 4, 0x13, 0, 0, 0]),
            (U::StopDtCon, [0x68, 4, 0x23, 0, 0, 0]),
            (U::TestFrAct, [0x68, 4, 0x43, 0, 0, 0]),
            (U::TestFrCon, [0x68, 4, 0x83, 0, 0, 0]),
        ];
        for (u, frame) in golden {
            assert_eq!(written(|out| encode_u(u, out)), frame);
            assert_eq!(parse(&frame), Ok(Apdu::U(u)));
        }
        assert_eq!(written(|out| encode_s(8, out)), [0x68, 4, 1, 0, 0x10, 0]);
        assert_eq!(parse(&[0x68, 4, 1, 0, 0x10, 0]), Ok(Apdu::S { nr: 8 }));
        let frame = written(|out| encode_i(0x7fff, 0x0081, &HEADER, out));
        assert_eq!(frame, [&[0x68, 10, 0xfe, 0xff, 0x02, 0x01][..], &HEADER].concat());
        assert_eq!(parse(&frame), Ok(Apdu::I { ns: 0x7fff, nr: 0x81, asdu: &HEADER }));
    }

    #[test]
    fn sequence_numbers_begin_again_after_the_last() {
        let modulus = SEQUENCE_MODULUS;
        assert_eq!(written(|out| encode_s(modulus, out)), written(|out| encode_s(0, out)));
    }

    #[test]
    fn an_asdu_too_long_for_a_frame_writes_none() {
        assert_eq!(written(|out| encode_i(0, 0, &[0; LONGEST_ASDU + 1], out)), b"");
        let longest = written(|out| encode_i(0, 0, &[0; LONGEST_ASDU], out));
        assert_eq!(longest.len(), LONGEST_FRAME);
        assert!(parse(&longest).is_ok());
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let mut short = vec![0x68, 9, 0, 0, 0, 0];
        short.extend_from_slice(&HEADER[1..]);
        let wrong: [(&[u8], FrameError); 14] = [
            (&[], FrameError::Whole { announced: 0, got: 0 }),
            (&[0x68, 4, 7], FrameError::Whole { announced: 6, got: 3 }),
            (&[0x68, 4, 7, 0, 0, 0, 0], FrameError::Whole { announced: 6, got: 7 }),
            (&[0x67, 4, 7, 0, 0, 0], FrameError::Start(0x67)),
            (&[0x68, 3, 7, 0, 0, 0], FrameError::Length(3)),
            (&[0x68, 5, 7, 0, 0, 0, 0], FrameError::Length(5)),
            (&[0x68, 5, 1, 0, 0, 0, 0], FrameError::Length(5)),
            (&[0x68, 4, 0, 0, 0, 0], FrameError::Length(4)),
            (&short, FrameError::Length(9)),
            // Two things said at once, and nothing.
            (&[0x68, 4, 0x0f, 0, 0, 0], FrameError::Control([0x0f, 0, 0, 0])),
            (&[0x68, 4, 0x03, 0, 0, 0], FrameError::Control([0x03, 0, 0, 0])),
            (&[0x68, 4, 0x07, 0, 2, 0], FrameError::Control([0x07, 0, 2, 0])),
            (&[0x68, 4, 0x01, 0, 1, 0], FrameError::Control([0x01, 0, 1, 0])),
            (&[0x68, 4, 0x05, 0, 0, 0], FrameError::Control([0x05, 0, 0, 0])),
        ];
        for (frame, error) in wrong {
            assert_eq!(parse(frame), Err(error), "{frame:02x?}");
        }
        let control = FrameError::Control([0x0f, 0, 0, 0xa0]);
        let said = "a frame has the control octets 0f 00 00 a0, which mean nothing";
        assert_eq!(control.to_string(), said);
    }
}
