//! VXI-11: instruments on the network by remote procedure calls, with ends of messages and a device
//! clear.
//!
//! A call that nobody waits for any more is aborted over the abort channel, and its answer skipped by
//! its number, before the device clear is asked for.

mod calls;

use std::time::Duration;

use station_wire::vxi11::{
    CreateLink, DeviceError, Generic, GetPort, Link, Lock, PORTMAPPER_PORT, Read, ReadReply,
    Reason, Write, flags, procedure, program,
};
use tokio::time::timeout;

use self::calls::Calls;
use super::{Act, Cleared, Transport};
use crate::{Error, ErrorKind};

/// How long the instrument may take over a call before it says so, in milliseconds. Reading is asked for
/// again and again for as long as the caller waits, so a call that nobody waits for any more ends soon,
/// even at an instrument without an abort channel.
const IO_TIMEOUT: u32 = 2000;

/// How long a device clear may take, in milliseconds.
const CLEAR_TIMEOUT: u32 = 10_000;

/// How many bytes are asked for at once, or sent at once if the instrument takes so many.
const CHUNK: u32 = 1 << 20;

/// A link to a device by VXI-11.
#[derive(Debug)]
pub struct Vxi11 {
    /// What people know it by.
    name: String,
    host: String,
    core: Calls,
    link: Link,
    term_char: Option<u8>,
}

impl Vxi11 {
    /// Opens a link to a device (`inst0`) within `limit`, by the server's port or, without one, by
    /// asking the portmapper. No lock is taken.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unreachable`], or [`ErrorKind::Busy`] when the instrument is locked or has as many
    /// links as it can.
    pub async fn connect(
        host: &str,
        port: Option<u16>,
        device: &str,
        limit: Duration,
    ) -> Result<Self, Error> {
        match port {
            Some(port) => {
                Self::within(host, device, limit, Self::open(host, port, device, limit)).await
            }
            None => Self::connect_by(host, PORTMAPPER_PORT, device, limit).await,
        }
    }

    /// The same by asking a portmapper that is on a port of its own.
    ///
    /// # Errors
    ///
    /// As [`Self::connect`], and [`ErrorKind::Unreachable`] when the portmapper does not know a VXI-11
    /// server.
    pub async fn connect_by(
        host: &str,
        portmapper: u16,
        device: &str,
        limit: Duration,
    ) -> Result<Self, Error> {
        let opened = async {
            let name = format!("the portmapper of {host}");
            let mut calls =
                Calls::connect(host, portmapper, &name, program::PORTMAPPER, limit).await?;
            let question = GetPort { program: program::CORE, protocol: GetPort::TCP };
            let results = calls.call(GetPort::PROCEDURE, &question.encode()).await;
            let results = results.map_err(|why| why.while_opening(&name))?;
            let Some(Some(port)) = GetPort::decode_port(&results) else {
                let text = format!("{name} knows of no VXI-11 server there; is it an instrument?");
                return Err(Error::new(ErrorKind::Unreachable, text));
            };
            Self::open(host, port, device, limit).await
        };
        Self::within(host, device, limit, opened).await
    }

    async fn within(
        host: &str,
        device: &str,
        limit: Duration,
        opened: impl Future<Output = Result<Self, Error>>,
    ) -> Result<Self, Error> {
        timeout(limit, opened).await.unwrap_or_else(|_| {
            let text = format!("{device} at {host} (VXI-11) did not open a link within {limit:?}");
            Err(Error::new(ErrorKind::Unreachable, text))
        })
    }

    async fn open(host: &str, port: u16, device: &str, limit: Duration) -> Result<Self, Error> {
        let name = format!("{device} at {host}:{port} (VXI-11)");
        let mut core = Calls::connect(host, port, &name, program::CORE, limit).await?;
        let create = CreateLink {
            client: std::process::id().cast_signed(),
            lock: false,
            lock_timeout: 0,
            device: device.as_bytes().to_vec(),
        };
        let results = core.call(procedure::CREATE_LINK, &create.encode()).await;
        let results = results.map_err(|why| why.while_opening(&name))?;
        match Link::decode(&results) {
            Some(Ok(link)) => Ok(Self { name, host: host.to_owned(), core, link, term_char: None }),
            Some(Err(error)) => {
                let kind = match error {
                    DeviceError::LOCKED | DeviceError::OUT_OF_RESOURCES => ErrorKind::Busy,
                    _ => ErrorKind::Unreachable,
                };
                Err(Error::new(kind, format!("{name} cannot be opened: {error}")))
            }
            None => {
                let text = format!("{name} cannot be opened: its answer cannot be read");
                Err(Error::new(ErrorKind::Unreachable, text))
            }
        }
    }

    /// Has replies end with this character too, for instruments that leave out END.
    #[must_use]
    pub fn with_term_char(mut self, character: u8) -> Self {
        self.term_char = Some(character);
        self
    }

    /// Locks the instrument for this client alone, waiting for others at most so long.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`] when another client held it all the time.
    pub async fn lock(&mut self, wait: Duration) -> Result<(), Error> {
        let lock_timeout = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        let lock = Lock { link: self.link.link, flags: flags::WAIT_LOCK, lock_timeout };
        let results = self.call(procedure::DEVICE_LOCK, &lock.encode()).await?;
        self.done(Generic::decode_done(&results))
    }

    /// Gives the lock back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Instrument`] when this client holds none.
    pub async fn unlock(&mut self) -> Result<(), Error> {
        let link = Lock::encode_link(self.link.link);
        let results = self.call(procedure::DEVICE_UNLOCK, &link).await?;
        self.done(Generic::decode_done(&results))
    }

    async fn send_message(&mut self, message: &[u8]) -> Result<(), Error> {
        let most = usize::try_from(self.link.most.clamp(1, CHUNK)).unwrap_or(1);
        let mut rest = message;
        loop {
            let data = rest.get(..most).unwrap_or(rest);
            let end = if data.len() == rest.len() { flags::END } else { 0 };
            let write = Write {
                link: self.link.link,
                io_timeout: IO_TIMEOUT,
                lock_timeout: 0,
                flags: end,
                data,
            };
            let results = self.call(procedure::DEVICE_WRITE, &write.encode()).await?;
            let taken = self.done(Write::decode_taken(&results))?;
            let taken = usize::try_from(taken).unwrap_or(usize::MAX);
            if (taken == 0 && !data.is_empty()) || taken > data.len() {
                let text = format!("{taken} of {} bytes written", data.len());
                return Err(self.reply_error(&text));
            }
            rest = rest.get(taken..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    async fn receive_reply(&mut self, reply: &mut Vec<u8>) -> Result<bool, Error> {
        let read = Read {
            link: self.link.link,
            most: CHUNK,
            io_timeout: IO_TIMEOUT,
            lock_timeout: 0,
            flags: 0,
            term_char: self.term_char,
        };
        let arguments = read.encode();
        loop {
            let results = self.call(procedure::DEVICE_READ, &arguments).await?;
            let Some(found) = ReadReply::decode(&results) else {
                return Err(self.reply_error("the results of a read cannot be read"));
            };
            reply.extend_from_slice(found.data);
            match found.error {
                // Not yet: whoever called says how long to wait.
                Some(DeviceError::IO_TIMEOUT) if found.data.is_empty() => continue,
                Some(DeviceError::IO_TIMEOUT) | None => {}
                Some(error) => return Err(self.device_error(error)),
            }
            let at_character = self.term_char.is_some() && found.reason.has(Reason::CHARACTER);
            if found.reason.has(Reason::END) || at_character {
                return Ok(true);
            }
            if found.data.is_empty() {
                let text = "a read ended with neither data nor the end of a reply";
                return Err(self.reply_error(text));
            }
            return Ok(false);
        }
    }

    async fn clear_link(&mut self) -> Result<Cleared, Error> {
        if !self.core.connection.is_flushed() {
            // The rest of a call would complete what nobody wants any more; a new link forgets it.
            return Ok(Cleared::Unsupported);
        }
        if let Some(xid) = self.core.outstanding {
            let abort = abort(&self.host, self.link);
            let mut answer = std::pin::pin!(self.core.answer(xid));
            let skipped = tokio::select! {
                skipped = &mut answer => skipped,
                () = abort => answer.await,
            };
            skipped.map_err(|why| why.of(&self.name))?;
        }
        let clear =
            Generic { link: self.link.link, flags: 0, lock_timeout: 0, io_timeout: CLEAR_TIMEOUT };
        let results = self.call(procedure::DEVICE_CLEAR, &clear.encode()).await?;
        match Generic::decode_done(&results) {
            Some(Err(DeviceError::NOT_SUPPORTED)) => Ok(Cleared::Unsupported),
            other => self.done(other).map(|()| Cleared::Done),
        }
    }

    async fn read_status(&mut self) -> Result<Option<u8>, Error> {
        let generic =
            Generic { link: self.link.link, flags: 0, lock_timeout: 0, io_timeout: IO_TIMEOUT };
        let results = self.call(procedure::DEVICE_READSTB, &generic.encode()).await?;
        match Generic::decode_status(&results) {
            Some(Err(DeviceError::NOT_SUPPORTED)) => Ok(None),
            other => self.done(other).map(Some),
        }
    }

    async fn call(&mut self, procedure: u32, arguments: &[u8]) -> Result<Vec<u8>, Error> {
        self.core.call(procedure, arguments).await.map_err(|why| why.of(&self.name))
    }

    /// The results, if they can be read and are no error.
    fn done<T>(&self, results: Option<Result<T, DeviceError>>) -> Result<T, Error> {
        match results {
            Some(Ok(results)) => Ok(results),
            Some(Err(error)) => Err(self.device_error(error)),
            None => Err(self.reply_error("the results of a call cannot be read")),
        }
    }

    fn device_error(&self, error: DeviceError) -> Error {
        let kind = match error {
            DeviceError::LOCKED => ErrorKind::Busy,
            DeviceError::IO_TIMEOUT => ErrorKind::Timeout,
            DeviceError::INVALID_LINK => ErrorKind::Lost,
            _ => ErrorKind::Instrument,
        };
        Error::new(kind, format!("{}: {error}", self.name))
    }

    fn reply_error(&self, what: &str) -> Error {
        Error::new(ErrorKind::Reply, format!("{}: {what}", self.name))
    }
}

/// Aborts what the link is doing, as far as the instrument has an abort channel: without one the call
/// ends by its own time limit.
async fn abort(host: &str, link: Link) {
    let limit = Duration::from_millis(u64::from(CLEAR_TIMEOUT));
    let opened = Calls::connect(host, link.abort_port, "", program::ABORT, limit).await;
    if let Ok(mut calls) = opened {
        let aborted = calls.call(procedure::DEVICE_ABORT, &Lock::encode_link(link.link)).await;
        if let Err(error) = aborted {
            tracing::debug!(?error, "a VXI-11 call could not be aborted");
        }
    }
}

impl Drop for Vxi11 {
    /// Gives the link back if that takes no waiting: some instruments have few and keep them for long.
    fn drop(&mut self) {
        if self.core.outstanding.is_none() && self.core.connection.is_flushed() {
            let link = Lock::encode_link(self.link.link);
            self.core.begin(procedure::DESTROY_LINK, &link);
            if let Err(error) = self.core.connection.try_flush() {
                tracing::debug!(%error, "a VXI-11 link was not given back");
            }
        }
    }
}

impl Transport for Vxi11 {
    fn send<'a>(&'a mut self, message: &'a [u8]) -> Act<'a, ()> {
        Box::pin(self.send_message(message))
    }

    fn receive<'a>(&'a mut self, reply: &'a mut Vec<u8>) -> Act<'a, bool> {
        Box::pin(self.receive_reply(reply))
    }

    fn clear(&mut self) -> Act<'_, Cleared> {
        Box::pin(self.clear_link())
    }

    fn status_byte(&mut self) -> Act<'_, Option<u8>> {
        Box::pin(self.read_status())
    }

    /// Nothing comes unasked here: a reply waits in the instrument until it is read.
    fn discard(&mut self) -> usize {
        0
    }

    fn has_end(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpSocket;

    use super::*;
    use crate::transport::Buffered;

    #[tokio::test]
    async fn a_call_that_was_cut_short_needs_a_new_connection() {
        // What fits in the sockets' buffers is far less than a call, and nothing is read.
        let server = TcpSocket::new_v4().unwrap();
        server.set_recv_buffer_size(4096).unwrap();
        server.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = server.listen(1).unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(4096).unwrap();
        let stream = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        let mut link = Vxi11 {
            name: "inst0".to_owned(),
            host: "127.0.0.1".to_owned(),
            core: Calls::over(Buffered::over(stream).unwrap(), program::CORE),
            link: Link { link: 1, abort_port: 0, most: CHUNK },
            term_char: None,
        };
        let message = vec![b'x'; 1 << 20];
        let sent = timeout(Duration::from_millis(50), link.send(&message)).await;
        assert!(sent.is_err() && !link.core.connection.is_flushed());
        assert_eq!(link.clear().await, Ok(Cleared::Unsupported));
    }
}
