//! ONC remote procedure calls, version 2 (RFC 5531): what stands before every call and every answer.

use super::xdr::{Reader, Writer};

/// The version of the protocol.
const RPC_VERSION: u32 = 2;

/// Programs by number, with the version that is spoken here.
pub mod program {
    /// The portmapper (RFC 1833), version 2.
    pub const PORTMAPPER: (u32, u32) = (100_000, 2);
    /// The core channel of VXI-11 (B.6.1).
    pub const CORE: (u32, u32) = (0x0006_07af, 1);
    /// Its abort channel (B.6.2).
    pub const ABORT: (u32, u32) = (0x0006_07b0, 1);
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'b> {
    /// By which its answer is known.
    pub xid: u32,
    /// The program and its version.
    pub program: (u32, u32),
    /// The procedure.
    pub procedure: u32,
    /// The arguments.
    pub arguments: &'b [u8],
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'b> {
    /// The call it answers.
    pub xid: u32,
    /// What came of it: results, or why there are none.
    pub outcome: Result<&'b [u8], Denied>,
}

/// Why a call was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Another version of the protocol is spoken.
    #[error("the server does not speak version 2 of ONC RPC")]
    Version,
    /// Who asks does not suit the server.
    #[error("the server wants to be told who asks (authentication status {0})")]
    Authentication(u32),
    /// The server came to nothing with it.
    #[error("{0}")]
    Accepted(Accepted),
}

/// Why a call came to nothing at the server (RFC 5531, 9: `accept_stat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Accepted {
    /// No such program.
    #[error("the server does not have this program")]
    NoProgram,
    /// Not in this version.
    #[error("the server has other versions of this program only")]
    NoVersion,
    /// No such procedure.
    #[error("the server does not have this procedure")]
    NoProcedure,
    /// The arguments cannot be read.
    #[error("the server cannot read the arguments")]
    Garbage,
    /// Trouble of its own, or a status that the protocol does not have.
    #[error("the server has trouble of its own")]
    System,
}

impl<'b> Call<'b> {
    /// The call as the body of a record, without credentials (`AUTH_NONE`).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (program, version) = self.program;
        let head = Writer::new().number(self.xid).number(0).number(RPC_VERSION);
        let head = head.number(program).number(version).number(self.procedure);
        // Credentials and their verifier, none of either.
        let mut out = head.number(0).opaque(b"").number(0).opaque(b"").finish();
        out.extend_from_slice(self.arguments);
        out
    }

    /// Reads a call; nothing when the record is none, or of another version of the protocol.
    #[must_use]
    pub fn decode(record: &'b [u8]) -> Option<Self> {
        let mut reader = Reader::new(record);
        let xid = reader.number()?;
        if reader.number()? != 0 || reader.number()? != RPC_VERSION {
            return None;
        }
        let program = (reader.number()?, reader.number()?);
        let procedure = reader.number()?;
        for _ in 0..2 {
            reader.number()?;
            reader.opaque()?;
        }
        Some(Self { xid, program, procedure, arguments: reader.rest() })
    }
}

impl<'b> Reply<'b> {
    /// The answer as the body of a record.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let head = Writer::new().number(self.xid).number(1);
        let accepted = |head: Writer, status| head.number(0).number(0).opaque(b"").number(status);
        let status = match self.outcome {
            Ok(results) => {
                let mut out = accepted(head, 0).finish();
                out.extend_from_slice(results);
                return out;
            }
            Err(Denied::Version) => return head.number(1).number(0).number(2).number(2).finish(),
            Err(Denied::Authentication(status)) => {
                return head.number(1).number(1).number(status).finish();
            }
            Err(Denied::Accepted(why)) => why,
        };
        match status {
            Accepted::NoProgram => accepted(head, 1).finish(),
            Accepted::NoVersion => accepted(head, 2).number(1).number(1).finish(),
            Accepted::NoProcedure => accepted(head, 3).finish(),
            Accepted::Garbage => accepted(head, 4).finish(),
            Accepted::System => accepted(head, 5).finish(),
        }
    }

    /// Reads an answer; nothing when the record is none.
    #[must_use]
    pub fn decode(record: &'b [u8]) -> Option<Self> {
        let mut reader = Reader::new(record);
        let xid = reader.number()?;
        if reader.number()? != 1 {
            return None;
        }
        if reader.number()? != 0 {
            let outcome = match reader.number()? {
                0 => Denied::Version,
                _ => Denied::Authentication(reader.number()?),
            };
            return Some(Self { xid, outcome: Err(outcome) });
        }
        reader.number()?;
        reader.opaque()?;
        let why = match reader.number()? {
            0 => return Some(Self { xid, outcome: Ok(reader.rest()) }),
            1 => Accepted::NoProgram,
            2 => Accepted::NoVersion,
            3 => Accepted::NoProcedure,
            4 => Accepted::Garbage,
            _ => Accepted::System,
        };
        Some(Self { xid, outcome: Err(Denied::Accepted(why)) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DENIALS: [Denied; 7] = [
        Denied::Version,
        Denied::Authentication(5),
        Denied::Accepted(Accepted::NoProgram),
        Denied::Accepted(Accepted::NoVersion),
        Denied::Accepted(Accepted::NoProcedure),
        Denied::Accepted(Accepted::Garbage),
        Denied::Accepted(Accepted::System),
    ];

    #[test]
    fn denials_are_read_back_as_written() {
        for denied in DENIALS {
            let reply = Reply { xid: 9, outcome: Err(denied) };
            assert_eq!(Reply::decode(&reply.encode()), Some(reply));
        }
    }

    #[test]
    fn a_call_stands_on_the_wire_as_the_standard_says() {
        let call = Call { xid: 1, program: program::CORE, procedure: 10, arguments: b"abcd" };
        let head = [1_u32, 0, 2, 0x607af, 1, 10, 0, 0, 0, 0];
        let mut wanted: Vec<u8> = head.iter().flat_map(|n| n.to_be_bytes()).collect();
        wanted.extend(b"abcd");
        assert_eq!(call.encode(), wanted);
    }

    proptest! {
        #[test]
        fn calls_and_answers_are_read_back_as_written(xid: u32, program: (u32, u32), procedure: u32, body: Vec<u8>) {
            let call = Call { xid, program, procedure, arguments: &body };
            let bytes = call.encode();
            prop_assert_eq!(Call::decode(&bytes), Some(call));
            prop_assert_eq!(Reply::decode(&bytes), None);
            let reply = Reply { xid, outcome: Ok(&body) };
            let bytes = reply.encode();
            prop_assert_eq!(Reply::decode(&bytes), Some(reply));
            prop_assert_eq!(Call::decode(&bytes), None);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(words in prop::collection::vec(0u32..3, 0..14), tail: Vec<u8>) {
            let mut bytes: Vec<u8> = words.iter().flat_map(|n| n.to_be_bytes()).collect();
            bytes.extend(tail);
            if let Some(call) = Call::decode(&bytes) {
                prop_assert!(call.arguments.len() <= bytes.len());
            }
            if let Some(Reply { outcome: Ok(results), .. }) = Reply::decode(&bytes) {
                prop_assert!(results.len() <= bytes.len());
            }
        }
    }
}
