//! The limit: a blocking socket that sends frames made before, and looks at no more of what comes than it
//! needs to know when it is over.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use station_wire::iec104::codec::{
    Cause, SEQUENCE_MODULUS, TypeId, U, encode_i, encode_s, encode_u,
};

use super::{POINT, asdus};
use crate::Result;

/// After how many frames an acknowledgement is due (the standard's w).
const DUE: u16 = 8;

/// A connection whose data transfer is started.
#[derive(Debug)]
pub(crate) struct Bare {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer is the beginning of a frame.
    held: usize,
    sent: u16,
    received: u16,
    acknowledged: u16,
    command: Vec<u8>,
    interrogation: Vec<u8>,
    /// What came since it was asked last, in octets.
    pub(crate) octets: usize,
}

impl Bare {
    /// Connects and starts the data transfer.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut out = Vec::new();
        encode_u(U::StartDtAct, &mut out);
        stream.write_all(&out)?;
        let mut confirmed = [0; 6];
        stream.read_exact(&mut confirmed)?;
        if confirmed.get(2) != Some(&U::StartDtCon.as_u8()) {
            return Err(format!("STARTDT was answered by {confirmed:02x?}").into());
        }
        let (mut command, mut interrogation) = (Vec::new(), Vec::new());
        encode_i(0, 0, &asdus::command(Cause::ACTIVATION, POINT)?, &mut command);
        encode_i(0, 0, &asdus::interrogation(Cause::ACTIVATION)?, &mut interrogation);
        Ok(Self {
            stream,
            buffer: vec![0; 16 << 10],
            held: 0,
            sent: 0,
            received: 0,
            acknowledged: 0,
            command,
            interrogation,
            octets: 0,
        })
    }

    /// Sends the command and waits for its confirmation, and what came with it.
    pub(crate) fn command(&mut self) -> Result<()> {
        let mut frame = std::mem::take(&mut self.command);
        self.send(&mut frame)?;
        self.command = frame;
        self.until(TypeId::C_SC_NA_1.as_u8(), Cause::ACTIVATION_CON.0)
    }

    /// Asks for all values and waits until all have come.
    pub(crate) fn interrogate(&mut self) -> Result<()> {
        let mut frame = std::mem::take(&mut self.interrogation);
        self.send(&mut frame)?;
        self.interrogation = frame;
        self.until(TypeId::C_IC_NA_1.as_u8(), Cause::ACTIVATION_TERM.0)
    }

    fn send(&mut self, frame: &mut [u8]) -> Result<()> {
        let ([a, b], [c, d]) = ((self.sent << 1).to_le_bytes(), (self.received << 1).to_le_bytes());
        if let Some(numbers) = frame.get_mut(2..6) {
            numbers.copy_from_slice(&[a, b, c, d]);
        }
        self.sent = (self.sent + 1) % SEQUENCE_MODULUS;
        self.acknowledged = self.received;
        Ok(self.stream.write_all(frame)?)
    }

    /// Reads until an ASDU of this type and cause has come.
    fn until(&mut self, type_id: u8, cause: u8) -> Result<()> {
        self.octets = 0;
        let mut is_over = false;
        while !is_over {
            let room = self.buffer.get_mut(self.held..).unwrap_or_default();
            let count = self.stream.read(room)?;
            if count == 0 {
                return Err("the outstation closed the connection".into());
            }
            self.octets += count;
            let end = self.held + count;
            let mut at = 0;
            while let Some(&[_, length]) =
                self.buffer.get(at..(at + 2).min(end)).and_then(<[u8]>::first_chunk)
            {
                let next = at + usize::from(length) + 2;
                if next > end {
                    break;
                }
                if let Some([_, _, control, _, _, _, kind, _, why, ..]) = self.buffer.get(at..next)
                    && control & 1 == 0
                {
                    self.received = (self.received + 1) % SEQUENCE_MODULUS;
                    is_over |= *kind == type_id && *why == cause;
                }
                at = next;
            }
            self.buffer.copy_within(at..end, 0);
            self.held = end - at;
            if self.received.wrapping_sub(self.acknowledged) % SEQUENCE_MODULUS >= DUE {
                self.acknowledged = self.received;
                let mut out = Vec::with_capacity(6);
                encode_s(self.received, &mut out);
                self.stream.write_all(&out)?;
            }
        }
        Ok(())
    }
}
