//! Instruments on bare TCP: bytes both ways, no ends of messages, no device clear.

use std::time::Duration;

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Act, Cleared, Transport};
use crate::{Error, ErrorKind};

/// A TCP connection to an instrument.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    peer: String,
    is_closed: bool,
}

impl Socket {
    /// Connects to a host (a name, or an address without brackets).
    ///
    /// # Errors
    ///
    /// The name is unknown, or nobody answers there in time.
    pub async fn connect(host: &str, port: u16, timeout: Duration) -> Result<Self, Error> {
        let peer = format!("{host} port {port}");
        let unreachable = |why: String| {
            Error::new(ErrorKind::Unreachable, format!("cannot connect to {peer}: {why}"))
        };
        let stream = match tokio::time::timeout(timeout, TcpStream::connect((host, port))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(unreachable(error.to_string())),
            Err(_) => return Err(unreachable(format!("nobody answered within {timeout:?}"))),
        };
        // Else a command and the query after it wait for each other's acknowledgement.
        stream.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
        Ok(Self { stream, peer, is_closed: false })
    }

    fn lost(&self, error: &std::io::Error) -> Error {
        Error::new(ErrorKind::Lost, format!("the connection to {} was lost: {error}", self.peer))
    }
}

impl Transport for Socket {
    fn send<'a>(&'a mut self, message: &'a [u8]) -> Act<'a, ()> {
        Box::pin(async move {
            if self.is_closed {
                let message = format!("{} closed the connection before it was asked", self.peer);
                return Err(Error::new(ErrorKind::Unreachable, message));
            }
            self.stream.write_all(message).await.map_err(|error| self.lost(&error))
        })
    }

    fn receive<'a>(&'a mut self, reply: &'a mut Vec<u8>) -> Act<'a, bool> {
        Box::pin(async move {
            if reply.capacity() - reply.len() < 1024 {
                reply.reserve(16 << 10);
            }
            match self.stream.read_buf(reply).await {
                Ok(0) => {
                    self.is_closed = true;
                    let message = format!("{} closed the connection", self.peer);
                    Err(Error::new(ErrorKind::Lost, message))
                }
                Ok(_) => Ok(false),
                Err(error) => Err(self.lost(&error)),
            }
        })
    }

    fn clear(&mut self) -> Act<'_, Cleared> {
        Box::pin(std::future::ready(Ok(Cleared::Unsupported)))
    }

    fn status_byte(&mut self) -> Act<'_, Option<u8>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn discard(&mut self) -> usize {
        let mut scratch = [0; 4096];
        let mut discarded = 0;
        // The runtime may not know yet what has come, so the kernel is asked. Who never stops sending
        // is not drained here.
        for _ in 0..1024 {
            match recv(&self.stream, &mut scratch, RecvFlags::DONTWAIT) {
                Ok((read, _)) if read > 0 => discarded += super::data(&scratch, read),
                Ok(_) => {
                    self.is_closed = true;
                    break;
                }
                Err(error) => {
                    self.is_closed |= error != rustix::io::Errno::AGAIN;
                    break;
                }
            }
        }
        discarded
    }

    fn has_end(&self) -> bool {
        false
    }
}
