//! HiSLIP (IVI-6.1): instruments on the network over two connections, with ends of messages, a device
//! clear that always works, and replies that are known by their ids.

use std::time::Duration;

use station_wire::hislip::{
    self, AsyncOpened, Client, Event, Fault, Header, LockReply, MESSAGE_SIZE, MessageType, Opened,
    Unopened,
};
use tokio::time::timeout;

use super::buffered::Buffered;
use super::{Act, Cleared, Transport};
use crate::{Error, ErrorKind};

/// How long an answer on the asynchronous channel may be, in bytes.
const LONGEST_ANSWER: u64 = 4096;

/// How often more is looked for when what came unasked is thrown away.
const MOST_DISCARDS: usize = 64;

/// A connection to an instrument by HiSLIP.
#[derive(Debug)]
pub struct Hislip {
    /// What people know it by.
    name: String,
    /// Messages and replies.
    sync: Buffered,
    /// Status bytes, locks, device clear.
    other: Buffered,
    client: Client,
    /// Device clears begun and not acknowledged on the asynchronous channel.
    unacknowledged: u32,
    /// Why the connection is of no more use.
    broken: Option<Error>,
}

impl Hislip {
    /// Opens both channels to a device (`hislip0`) within `limit`; the usual port is
    /// [`hislip::PORT`]. No lock is taken.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unreachable`], or [`ErrorKind::Busy`] when the instrument serves as many clients as
    /// it can.
    pub async fn connect(
        host: &str,
        port: u16,
        device: &str,
        limit: Duration,
    ) -> Result<Self, Error> {
        let name = format!("{device} at {host}:{port} (HiSLIP)");
        match timeout(limit, Self::open(host, port, device, &name, limit)).await {
            Ok(opened) => opened,
            Err(_) => {
                let text = format!("{name} accepts connections but did not open one in {limit:?}");
                Err(Error::new(ErrorKind::Unreachable, text))
            }
        }
    }

    async fn open(
        host: &str,
        port: u16,
        device: &str,
        name: &str,
        limit: Duration,
    ) -> Result<Self, Error> {
        let mut sync = Buffered::connect(host, port, name, limit).await?;
        sync.outbound().extend(hislip::initialize(device));
        let opened = answer(&mut sync, name, Opened::read).await?;
        let mut other = Buffered::connect(host, port, name, limit).await?;
        other.outbound().extend(hislip::async_initialize(opened.session));
        answer(&mut other, name, AsyncOpened::read).await?;
        other.outbound().extend(hislip::max_message_size());
        let most = answer(&mut other, name, AsyncOpened::read_max_message_size).await?;
        let client = Client::new(if most == 0 { MESSAGE_SIZE } else { most });
        let name = name.to_owned();
        let mut it = Self { name, sync, other, client, unacknowledged: 0, broken: None };
        if opened.prefers_overlap {
            // A device clear is where the synchronised mode can be asked for (IVI-6.1, 3.3).
            it.clear_both().await?;
        }
        Ok(it)
    }

    /// Locks the instrument for this client alone, waiting for others at most so long.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`] when another client held it all the time.
    pub async fn lock(&mut self, wait: Duration) -> Result<(), Error> {
        let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        match self.lock_answer(Client::lock(wait_ms)).await? {
            Some(LockReply::Success) => Ok(()),
            Some(LockReply::Failure) => {
                let text = format!("{} was locked by another client for {wait:?}", self.name);
                Err(Error::new(ErrorKind::Busy, text))
            }
            Some(LockReply::SharedReleased | LockReply::Error) | None => {
                Err(self.reply_error("refused a lock, which this client may hold already"))
            }
        }
    }

    /// Gives the lock back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Reply`] when this client holds none.
    pub async fn unlock(&mut self) -> Result<(), Error> {
        match self.lock_answer(self.client.unlock()).await? {
            Some(LockReply::Success | LockReply::SharedReleased) => Ok(()),
            Some(LockReply::Failure | LockReply::Error) | None => {
                Err(self.reply_error("did not take a lock back: this client holds none"))
            }
        }
    }

    async fn lock_answer(
        &mut self,
        question: [u8; hislip::HEADER_LENGTH],
    ) -> Result<Option<LockReply>, Error> {
        let answer = self.ask(question, MessageType::ASYNC_LOCK_RESPONSE).await?;
        Ok(LockReply::from_code(answer.control))
    }

    /// How many old replies were skipped since the connection was made: each is a desync that the
    /// protocol caught.
    #[must_use]
    pub fn stale_replies(&self) -> u64 {
        self.client.stale()
    }

    async fn send_message(&mut self, message: &[u8]) -> Result<(), Error> {
        // Found out before: nothing of this message was sent.
        self.usable().map_err(|error| {
            let is_lost = error.kind == ErrorKind::Lost;
            Error::new(if is_lost { ErrorKind::Unreachable } else { error.kind }, error.message)
        })?;
        let mut rest = message;
        loop {
            self.client.frame(&mut rest, self.sync.outbound());
            self.sync.flush().await.map_err(|error| self.lost(&error))?;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    async fn receive_reply(&mut self, reply: &mut Vec<u8>) -> Result<bool, Error> {
        self.usable()?;
        loop {
            let mut rest = self.sync.unread();
            let there = rest.len();
            let event = self.client.read(&mut rest).map(|event| match event {
                Some(Event::Reply { bytes, end }) => {
                    reply.extend_from_slice(bytes);
                    Some(end)
                }
                Some(Event::Cleared) | None => None,
            });
            let used = there - rest.len();
            self.sync.took(used);
            if let Some(end) = event.map_err(|fault| self.fault(&fault))? {
                return Ok(end);
            }
            match self.client.expected() {
                0 => self.sync.fill().await.map_err(|error| self.lost(&error))?,
                most => {
                    let read = self.sync.read_into(reply, most).await;
                    let count = read.map_err(|error| self.lost(&error))?;
                    return Ok(self.client.took(count));
                }
            }
        }
    }

    /// Asks on the asynchronous channel and waits for the answer of that type; others are skipped.
    async fn ask(
        &mut self,
        question: [u8; hislip::HEADER_LENGTH],
        wanted: MessageType,
    ) -> Result<Header, Error> {
        self.usable()?;
        self.other.outbound().extend_from_slice(&question);
        self.other.flush().await.map_err(|error| self.lost(&error))?;
        loop {
            while let Some(header) = self.next_answer()? {
                if header.kind == wanted {
                    return Ok(header);
                }
            }
            self.other.fill().await.map_err(|error| self.lost(&error))?;
        }
    }

    /// The next message that has come on the asynchronous channel.
    fn next_answer(&mut self) -> Result<Option<Header>, Error> {
        let (header, used, text) = match hislip::whole(self.other.unread(), LONGEST_ANSWER) {
            Ok(Some(found)) => {
                (found.header, found.used, String::from_utf8_lossy(found.payload).into_owned())
            }
            Ok(None) => return Ok(None),
            Err(malformed) => return Err(self.fault(&malformed.into())),
        };
        self.other.took(used);
        match header.kind {
            MessageType::FATAL_ERROR => {
                let sentence = hislip::fatal_sentence(header.control);
                Err(self.fault(&Fault::Fatal(format!("{sentence} {text}").trim_end().to_owned())))
            }
            MessageType::ERROR => {
                let sentence = hislip::error_sentence(header.control);
                Err(self.fault(&Fault::Refused(format!("{sentence} {text}").trim_end().to_owned())))
            }
            _ => Ok(Some(header)),
        }
    }

    /// The device clear of IVI-6.1, 6.12, which may begin again when it was dropped before its end.
    async fn clear_both(&mut self) -> Result<Cleared, Error> {
        self.usable()?;
        self.other.outbound().extend_from_slice(&self.client.device_clear());
        self.unacknowledged += 1;
        self.other.flush().await.map_err(|error| self.lost(&error))?;
        while self.unacknowledged > 0 {
            while let Some(header) = self.next_answer()? {
                if header.kind == MessageType::ASYNC_DEVICE_CLEAR_ACKNOWLEDGE {
                    self.unacknowledged = self.unacknowledged.saturating_sub(1);
                }
            }
            self.skip_replies()?;
            if self.unacknowledged > 0 {
                // A server that waits for its reply to be read must not wait for ever.
                let more = tokio::select! {
                    more = self.other.fill() => more,
                    more = self.sync.fill() => more,
                };
                more.map_err(|error| self.lost(&error))?;
            }
        }
        // The rest of a message that was cut short goes first: the server skips it.
        let complete = self.client.device_clear_complete();
        self.sync.outbound().extend_from_slice(&complete);
        self.sync.flush().await.map_err(|error| self.lost(&error))?;
        while !self.skip_replies()? {
            self.sync.fill().await.map_err(|error| self.lost(&error))?;
        }
        Ok(Cleared::Done)
    }

    /// Skips what has come on the synchronous channel; whether the device clear is over.
    fn skip_replies(&mut self) -> Result<bool, Error> {
        let mut rest = self.sync.unread();
        let there = rest.len();
        let outcome = loop {
            match self.client.read(&mut rest) {
                Ok(Some(Event::Cleared)) => break Ok(true),
                Ok(Some(Event::Reply { .. })) => {}
                Ok(None) => break Ok(false),
                Err(fault) => break Err(fault),
            }
        };
        let used = there - rest.len();
        self.sync.took(used);
        outcome.map_err(|fault| self.fault(&fault))
    }

    /// What has come unasked, and how many bytes it was. What goes wrong shows with the next message.
    fn discard_all(&mut self) -> usize {
        let mut count = 0;
        // Who never stops sending is not drained here.
        for _ in 0..MOST_DISCARDS {
            count += self.sync.unread().len();
            if self.broken.is_some() || self.skip_replies().is_err() {
                break;
            }
            match self.sync.try_fill() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.lost(&error);
                    break;
                }
            }
        }
        count
    }

    fn usable(&self) -> Result<(), Error> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// The connection is lost: remembers and says so.
    fn lost(&mut self, error: &std::io::Error) -> Error {
        let text = format!("the connection to {} was lost: {error}", self.name);
        self.broken.insert(Error::new(ErrorKind::Lost, text)).clone()
    }

    /// What the client's side makes of what came, as an error of ours.
    fn fault(&mut self, fault: &Fault) -> Error {
        let kind = match fault {
            Fault::Fatal(_) => ErrorKind::Lost,
            Fault::Malformed(_) | Fault::Refused(_) => ErrorKind::Reply,
        };
        let error = Error::new(kind, format!("{}: {fault}", self.name));
        if fault.is_final() {
            self.broken = Some(error.clone());
        }
        error
    }

    fn reply_error(&self, what: &str) -> Error {
        Error::new(ErrorKind::Reply, format!("{} {what}", self.name))
    }
}

/// Sends what is to be sent and waits for the answer that `read` reads.
async fn answer<T>(
    channel: &mut Buffered,
    name: &str,
    read: fn(&[u8]) -> hislip::Answer<T>,
) -> Result<T, Error> {
    let lost = |error: std::io::Error| {
        let text = format!("{name} closed a connection while it was being opened: {error}");
        Error::new(ErrorKind::Unreachable, text)
    };
    channel.flush().await.map_err(lost)?;
    loop {
        let found = read(channel.unread()).map_err(|why| {
            let kind = match why {
                Unopened::Full => ErrorKind::Busy,
                Unopened::Malformed(_)
                | Unopened::Refused(_)
                | Unopened::Unexpected(_)
                | Unopened::Version(_) => ErrorKind::Unreachable,
            };
            Error::new(kind, format!("{name} cannot be opened: {why}"))
        })?;
        if let Some((found, used)) = found {
            channel.took(used);
            return Ok(found);
        }
        channel.fill().await.map_err(lost)?;
    }
}

impl Transport for Hislip {
    fn send<'a>(&'a mut self, message: &'a [u8]) -> Act<'a, ()> {
        Box::pin(self.send_message(message))
    }

    fn receive<'a>(&'a mut self, reply: &'a mut Vec<u8>) -> Act<'a, bool> {
        Box::pin(self.receive_reply(reply))
    }

    fn clear(&mut self) -> Act<'_, Cleared> {
        Box::pin(self.clear_both())
    }

    fn status_byte(&mut self) -> Act<'_, Option<u8>> {
        Box::pin(async {
            let question = self.client.status_query();
            let answer = self.ask(question, MessageType::ASYNC_STATUS_RESPONSE).await?;
            Ok(Some(answer.control))
        })
    }

    fn discard(&mut self) -> usize {
        self.discard_all()
    }

    fn has_end(&self) -> bool {
        true
    }
}
