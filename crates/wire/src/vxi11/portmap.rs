//! The portmapper (RFC 1833, 3): on which TCP port a program is.

use super::xdr::{Reader, Writer};

/// The port of the portmapper itself.
pub const PORTMAPPER_PORT: u16 = 111;

/// The question for a program's TCP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetPort {
    /// The program and its version.
    pub program: (u32, u32),
    /// 6 for TCP, 17 for UDP.
    pub protocol: u32,
}

impl GetPort {
    /// The procedure's number.
    pub const PROCEDURE: u32 = 3;

    /// TCP, as the protocol's number.
    pub const TCP: u32 = 6;

    /// The arguments.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (program, version) = self.program;
        Writer::new().number(program).number(version).number(self.protocol).number(0).finish()
    }

    /// Reads the arguments.
    #[must_use]
    pub fn decode(arguments: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(arguments);
        let program = (reader.number()?, reader.number()?);
        let protocol = reader.number()?;
        reader.number()?;
        Some(Self { program, protocol })
    }

    /// The answer, 0 for none.
    #[must_use]
    pub fn encode_port(port: u16) -> Vec<u8> {
        Writer::new().number(u32::from(port)).finish()
    }

    /// Reads the answer: no port where the program is not there.
    #[must_use]
    pub fn decode_port(results: &[u8]) -> Option<Option<u16>> {
        let port = u16::try_from(Reader::new(results).number()?).ok()?;
        Some((port != 0).then_some(port))
    }
}
