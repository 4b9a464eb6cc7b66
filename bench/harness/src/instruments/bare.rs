//! The limit: blocking sockets that send and read the same bytes and do nothing besides.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::Result;

/// Somebody who can be asked.
pub(crate) trait Bare {
    /// Sends a message and reads its reply into `reply`, which is cleared before; whatever ends the
    /// reply on this link stays in it.
    fn ask(&mut self, message: &[u8], reply: &mut Vec<u8>) -> Result<()>;

    /// Sends a message and reads a reply of exactly that many bytes.
    fn block(&mut self, message: &[u8], reply: &mut [u8]) -> Result<()>;
}

fn connect(address: SocketAddr) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(64 << 10, stream))
}

/// Lines over TCP.
#[derive(Debug)]
pub(crate) struct Lines(BufReader<TcpStream>);

impl Lines {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        Ok(Self(connect(address)?))
    }
}

impl Bare for Lines {
    fn ask(&mut self, message: &[u8], reply: &mut Vec<u8>) -> Result<()> {
        self.0.get_mut().write_all(message)?;
        reply.clear();
        match self.0.read_until(b'\n', reply)? {
            0 => Err("the instrument closed the connection".into()),
            _ => Ok(()),
        }
    }

    fn block(&mut self, message: &[u8], reply: &mut [u8]) -> Result<()> {
        self.0.get_mut().write_all(message)?;
        Ok(self.0.read_exact(reply)?)
    }
}

/// HiSLIP's frames, as far as a question and its reply need them (IVI-6.1, 2.2 and 6).
#[derive(Debug)]
pub(crate) struct Frames {
    sync: BufReader<TcpStream>,
    /// Kept open: the instrument ends a session whose second connection is closed.
    _other: BufReader<TcpStream>,
    id: u32,
    /// 1 when a whole reply was read since the last message.
    delivered: u8,
    out: Vec<u8>,
}

const LENGTH: usize = 16;
const DATA: u8 = 6;
const DATA_END: u8 = 7;

impl Frames {
    /// Opens both connections.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let (mut sync, mut other) = (connect(address)?, connect(address)?);
        let mut out = Vec::new();
        // Version 1.0, a vendor of two letters.
        frame(&mut out, 0, 0, 0x0100_5358, b"hislip0");
        sync.get_mut().write_all(&out)?;
        let (kind, number, _) = header(&mut sync)?;
        if kind != 1 {
            return Err(format!("Initialize was answered by {kind}").into());
        }
        out.clear();
        frame(&mut out, 17, 0, number & 0xffff, b"");
        other.get_mut().write_all(&out)?;
        let (kind, ..) = header(&mut other)?;
        if kind != 18 {
            return Err(format!("AsyncInitialize was answered by {kind}").into());
        }
        Ok(Self { sync, _other: other, id: 0xffff_ff00, delivered: 0, out })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        self.out.clear();
        frame(&mut self.out, DATA_END, self.delivered, self.id, message);
        self.id = self.id.wrapping_add(2);
        self.delivered = 1;
        Ok(self.sync.get_mut().write_all(&self.out)?)
    }

    /// The header of the next piece of a reply: its length, and whether it is the last.
    fn piece(&mut self) -> Result<(usize, bool)> {
        let (kind, _, length) = header(&mut self.sync)?;
        match kind {
            DATA | DATA_END => Ok((usize::try_from(length)?, kind == DATA_END)),
            other => Err(format!("a question was answered by {other}").into()),
        }
    }
}

impl Bare for Frames {
    fn ask(&mut self, message: &[u8], reply: &mut Vec<u8>) -> Result<()> {
        self.send(message)?;
        reply.clear();
        loop {
            let (length, end) = self.piece()?;
            let begin = reply.len();
            reply.resize(begin + length, 0);
            self.sync.read_exact(reply.get_mut(begin..).unwrap_or_default())?;
            if end {
                return Ok(());
            }
        }
    }

    fn block(&mut self, message: &[u8], mut reply: &mut [u8]) -> Result<()> {
        self.send(message)?;
        loop {
            let (length, end) = self.piece()?;
            let (piece, rest) = reply.split_at_mut_checked(length).ok_or("the reply is longer")?;
            self.sync.read_exact(piece)?;
            reply = rest;
            if end {
                return if reply.is_empty() { Ok(()) } else { Err("the reply is shorter".into()) };
            }
        }
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, control: u8, parameter: u32, payload: &[u8]) {
    out.extend_from_slice(&[b'H', b'S', kind, control]);
    out.extend_from_slice(&parameter.to_be_bytes());
    out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    out.extend_from_slice(payload);
}

/// A frame's kind, parameter and length.
fn header(from: &mut BufReader<TcpStream>) -> Result<(u8, u32, u64)> {
    let mut bytes = [0_u8; LENGTH];
    from.read_exact(&mut bytes)?;
    let [b'H', b'S', kind, _, a, b, c, d, length @ ..] = bytes else {
        return Err("this is not HiSLIP".into());
    };
    Ok((kind, u32::from_be_bytes([a, b, c, d]), u64::from_be_bytes(length)))
}
