//! A TCP connection whose reads and writes may be dropped at any time without losing count of a byte.

use std::io::{Error as IoError, ErrorKind as Io, Result as IoResult};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, Interest};
use tokio::net::TcpStream;

use crate::{Error, ErrorKind};

/// How much room is made for a read, in bytes.
const ROOM: usize = 64 << 10;

/// How much room is made in a reply that is read straight from the socket, in bytes.
const DIRECT_ROOM: u64 = 1 << 20;

/// A connection, with what has come and is not used, and what is to be sent and has not gone.
#[derive(Debug)]
pub(crate) struct Buffered {
    stream: TcpStream,
    inbound: Vec<u8>,
    used: usize,
    outbound: Vec<u8>,
    sent: usize,
}

impl Buffered {
    /// Connects, within so long; `name` is what people know the instrument by.
    pub(crate) async fn connect(
        host: &str,
        port: u16,
        name: &str,
        limit: Duration,
    ) -> Result<Self, Error> {
        let unreachable = |why: &str| {
            let text = format!(
                "{name} cannot be reached at {host}, port {port}: {why}; is it switched on, and is \
                 this its address?"
            );
            Error::new(ErrorKind::Unreachable, text)
        };
        match tokio::time::timeout(limit, TcpStream::connect((host, port))).await {
            Ok(Ok(stream)) => Self::over(stream).map_err(|error| unreachable(&error.to_string())),
            Ok(Err(error)) => Err(unreachable(&error.to_string())),
            Err(_) => Err(unreachable(&format!("no answer within {limit:?}"))),
        }
    }

    /// Over an open connection.
    pub(crate) fn over(stream: TcpStream) -> IoResult<Self> {
        // A query must not wait for the acknowledgement of the command before it.
        stream.set_nodelay(true)?;
        Ok(Self { stream, inbound: Vec::new(), used: 0, outbound: Vec::new(), sent: 0 })
    }

    /// Where to append what is to be sent.
    pub(crate) fn outbound(&mut self) -> &mut Vec<u8> {
        if self.is_flushed() {
            self.outbound.clear();
            self.sent = 0;
        }
        &mut self.outbound
    }

    /// Whether everything has gone.
    pub(crate) fn is_flushed(&self) -> bool {
        self.sent >= self.outbound.len()
    }

    /// Sends what is to be sent.
    pub(crate) async fn flush(&mut self) -> IoResult<()> {
        while !self.try_flush()? {
            self.stream.writable().await?;
        }
        Ok(())
    }

    /// Sends what can be sent without waiting; whether that is all.
    pub(crate) fn try_flush(&mut self) -> IoResult<bool> {
        while let Some(rest) = self.outbound.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.try_write(rest) {
                Ok(0) => return Err(Io::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == Io::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// What has come and is not used.
    pub(crate) fn unread(&self) -> &[u8] {
        self.inbound.get(self.used..).unwrap_or_default()
    }

    /// So many bytes of it are used.
    pub(crate) fn took(&mut self, count: usize) {
        self.used = self.used.saturating_add(count).min(self.inbound.len());
        if self.used == self.inbound.len() {
            self.inbound.clear();
            self.used = 0;
        }
    }

    /// Waits for more.
    pub(crate) async fn fill(&mut self) -> IoResult<()> {
        while !self.try_fill()? {
            self.stream.readable().await?;
        }
        Ok(())
    }

    /// Takes what has come since, without waiting; whether there was anything.
    pub(crate) fn try_fill(&mut self) -> IoResult<bool> {
        if self.used > ROOM {
            self.inbound.drain(..self.used);
            self.used = 0;
        }
        self.inbound.reserve(ROOM);
        match self.stream.try_read_buf(&mut self.inbound) {
            Ok(0) => Err(IoError::new(Io::UnexpectedEof, "the other side closed it")),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Io::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits for more and appends it to `reply`, at most so many bytes, when nothing is unread; how many
    /// there were.
    pub(crate) async fn read_into(&mut self, reply: &mut Vec<u8>, most: u64) -> IoResult<usize> {
        reply.reserve(usize::try_from(most.min(DIRECT_ROOM)).unwrap_or(ROOM));
        match (&mut self.stream).take(most).read_buf(reply).await? {
            0 => Err(IoError::new(Io::UnexpectedEof, "the other side closed it")),
            count => Ok(count),
        }
    }

    /// Waits until something can be sent that is to be, or until more has come, if that is wanted; does
    /// what can be done.
    pub(crate) async fn turn(&mut self, wants_more: bool) -> IoResult<()> {
        let interest = match (self.is_flushed(), wants_more) {
            (true, true) => Interest::READABLE,
            (false, true) => Interest::READABLE | Interest::WRITABLE,
            (false, false) => Interest::WRITABLE,
            (true, false) => return std::future::pending().await,
        };
        let ready = self.stream.ready(interest).await?;
        if ready.is_writable() {
            self.try_flush()?;
        }
        if wants_more && (ready.is_readable() || ready.is_read_closed()) {
            self.try_fill()?;
        }
        Ok(())
    }
}
