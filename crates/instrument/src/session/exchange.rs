//! The two halves of an exchange: a message goes out, a reply comes in.

use std::time::Duration;

use station_wire::scpi::{Progress, ReplyReader, check_message};
use tokio::time::{Instant, sleep_until};

use super::{Session, Step, shown};
use crate::{Error, ErrorKind, timer};

/// Where a reply ends in the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole {
    /// The length of the reply without its terminator.
    pub(super) length: usize,
    /// The length with it.
    pub(super) next: usize,
}

/// The longest answer to a question that is answered in some words, in bytes: who an instrument is, an
/// entry of its error queue, a register. Room is left for what may follow in the same packet.
const LONGEST_ANSWER: usize = 65_536;

/// The most that room is made for at once, since a length is only what the other side says.
const STRIDE: usize = 4 << 20;

impl Session {
    /// Sends a message and reads the reply to it, which must begin within `limit`.
    pub(super) async fn ask_within(
        &mut self,
        message: &str,
        limit: Duration,
    ) -> Result<String, Error> {
        self.transmit(message).await?;
        let Whole { length, next } = self.read_reply(message, limit).await?;
        let reply = String::from_utf8_lossy(self.buffer.get(..length).unwrap_or_default());
        let reply = reply.into_owned();
        self.buffer.drain(..next);
        self.step = Step::In;
        Ok(reply)
    }

    /// Sends a question whose answer is a line of some words, which must begin within `limit` and be
    /// whole within twice that: who goes on for ever does not hold its caller up.
    pub(super) async fn question(&mut self, query: &str, limit: Duration) -> Result<String, Error> {
        self.transmit(query).await?;
        let Whole { length, next } = self.read_answer(query, limit).await?;
        let reply = String::from_utf8_lossy(self.buffer.get(..length).unwrap_or_default());
        let reply = reply.into_owned();
        self.buffer.drain(..next);
        self.step = Step::In;
        Ok(reply)
    }

    /// Reads the answer to a question into the buffer; see [`Session::question`].
    pub(super) async fn read_answer(
        &mut self,
        query: &str,
        limit: Duration,
    ) -> Result<Whole, Error> {
        let whole = limit * 2;
        let read = tokio::time::timeout(whole, self.read_up_to(LONGEST_ANSWER, query, limit)).await;
        read.unwrap_or_else(|_| {
            let said = format!(
                "{} did not come to an end of its reply to {} within {whole:?}",
                self.name,
                shown(query)
            );
            Err(self.fail(Error::new(ErrorKind::Timeout, said)))
        })
    }

    /// Gets ready for a message: in step, and rid of what came unasked.
    pub(super) async fn prepare(&mut self) -> Result<(), Error> {
        if self.is_in_doubt() || self.link.is_none() {
            self.resynchronise().await.map_err(|error| self.unsent(error))?;
        }
        let unasked = self.buffer.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).count();
        self.buffer.clear();
        let unasked = unasked + self.link.as_mut().map_or(0, |link| link.discard());
        if unasked > 0 {
            self.desyncs += 1;
            tracing::warn!(instrument = %self.name, bytes = unasked, "discarded what came unasked");
        }
        Ok(())
    }

    /// Says of a failure to resynchronise what it means for the message that should have gone out.
    fn unsent(&self, error: Error) -> Error {
        let kind = match error.kind {
            ErrorKind::Timeout | ErrorKind::Lost | ErrorKind::Reply => ErrorKind::Unreachable,
            ErrorKind::Invalid
            | ErrorKind::Refused
            | ErrorKind::Busy
            | ErrorKind::Unreachable
            | ErrorKind::Instrument
            | ErrorKind::Identity
            | ErrorKind::Local
            | ErrorKind::Stopped => error.kind,
        };
        Error::new(kind, format!("nothing was sent to {}: {}", self.name, error.message))
    }

    /// Sends a message; the session is midway afterwards.
    pub(super) async fn transmit(&mut self, message: &str) -> Result<(), Error> {
        check_message(message).map_err(|why| {
            Error::new(ErrorKind::Invalid, format!("cannot send {}: {why}", shown(message)))
        })?;
        self.prepare().await?;
        match self.write(message).await {
            // Closed while it was idle, and nothing was sent: a new connection is as good.
            Err(error) if error.kind == ErrorKind::Unreachable && self.resource.is_some() => {
                tracing::debug!(instrument = %self.name, %error, "connecting anew");
                self.resynchronise().await.map_err(|error| self.unsent(error))?;
                self.write(message).await
            }
            written => written,
        }?;
        self.sent_at.get_or_insert_with(timer::monotonic);
        Ok(())
    }

    /// Writes a message and its terminator at once.
    pub(super) async fn write(&mut self, message: &str) -> Result<(), Error> {
        self.outgoing.clear();
        self.outgoing.extend_from_slice(message.as_bytes());
        self.outgoing.extend_from_slice(&self.settings.terminator);
        self.step = Step::Midway;
        let limit = self.settings.io_timeout;
        let Some(link) = self.link.as_mut() else { return Err(self.unconnected()) };
        let sent = match tokio::time::timeout(limit, link.send(&self.outgoing)).await {
            Ok(sent) => sent,
            Err(_) => {
                let said =
                    format!("{} did not take {} within {limit:?}", self.name, shown(message));
                Err(Error::new(ErrorKind::Timeout, said))
            }
        };
        sent.map_err(|error| self.fail(error))
    }

    /// Reads a reply into the buffer, which is empty or holds what came with the last one.
    pub(super) async fn read_reply(
        &mut self,
        message: &str,
        limit: Duration,
    ) -> Result<Whole, Error> {
        // The longest block, and its header.
        let longest = self.settings.max_block.saturating_add(64);
        self.read_up_to(longest, message, limit).await
    }

    async fn read_up_to(
        &mut self,
        longest: usize,
        message: &str,
        limit: Duration,
    ) -> Result<Whole, Error> {
        // Decided before anything is awaited: a transport is not Sync.
        let marks_ends = self.link.as_ref().is_some_and(|link| link.has_end());
        let read = if marks_ends {
            self.read_to_end(longest, message, limit).await
        } else {
            self.read_to_line_end(longest, message, limit).await
        };
        read.map_err(|error| self.fail(error))
    }

    async fn read_to_end(
        &mut self,
        longest: usize,
        message: &str,
        limit: Duration,
    ) -> Result<Whole, Error> {
        while !self.receive(message, limit).await? {
            self.check_length(longest, message)?;
        }
        self.check_length(longest, message)?;
        let next = self.buffer.len();
        let length = match self.buffer.as_slice() {
            [.., b'\r', b'\n'] => next - 2,
            [.., b'\n'] => next - 1,
            _ => next,
        };
        Ok(Whole { length, next })
    }

    fn check_length(&self, longest: usize, message: &str) -> Result<(), Error> {
        if self.buffer.len() <= longest {
            return Ok(());
        }
        Err(self.no_reply(message, format!("it is longer than {longest} bytes")))
    }

    async fn read_to_line_end(
        &mut self,
        longest: usize,
        message: &str,
        limit: Duration,
    ) -> Result<Whole, Error> {
        let line_end = self.settings.reply_end;
        let mut reader = ReplyReader::new(line_end, longest);
        loop {
            let progress = reader.advance(&self.buffer);
            match progress.map_err(|why| self.no_reply(message, why.to_string()))? {
                Progress::Done { length: 0, next } if self.line_end_due => {
                    self.line_end_due = false;
                    self.buffer.drain(..next);
                    reader = ReplyReader::new(line_end, longest);
                }
                Progress::Done { length, next } => {
                    self.line_end_due = false;
                    return Ok(Whole { length, next });
                }
                Progress::More(missing) => {
                    self.buffer.reserve(missing.min(STRIDE));
                    self.receive(message, limit).await?;
                }
                Progress::LineEnd => {
                    let quiet = self.settings.quiet.min(limit);
                    match self.receive(message, quiet).await {
                        Err(error) if error.kind == ErrorKind::Timeout => {
                            self.line_end_due = true;
                            let length = self.buffer.len();
                            return Ok(Whole { length, next: length });
                        }
                        received => received.map(drop)?,
                    }
                }
            }
        }
    }

    /// Waits for some more of the reply.
    async fn receive(&mut self, message: &str, limit: Duration) -> Result<bool, Error> {
        let Some(link) = self.link.as_mut() else { return Err(self.unconnected()) };
        // One timer for all replies: to put it off costs the runtime next to nothing, whereas each new
        // one wakes the thread that waits for the earliest.
        let until = Instant::now() + limit;
        let timer = self.reply_timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        timer.as_mut().reset(until);
        let received = tokio::select! {
            biased;
            received = link.receive(&mut self.buffer) => Some(received),
            () = timer.as_mut() => None,
        };
        let have = self.buffer.len();
        match received {
            Some(Err(mut error)) if have > 0 => {
                error
                    .message
                    .push_str(&format!(", {have} bytes into its reply to {}", shown(message)));
                Err(error)
            }
            Some(received) => received,
            None if have > 0 => {
                let said = format!(
                    "{} stopped after {have} bytes of its reply to {} and sent nothing for {limit:?}",
                    self.name,
                    shown(message)
                );
                Err(Error::new(ErrorKind::Timeout, said))
            }
            None => {
                let said =
                    format!("{} did not answer {} within {limit:?}", self.name, shown(message));
                Err(Error::new(ErrorKind::Timeout, said))
            }
        }
    }

    fn no_reply(&self, message: &str, why: String) -> Error {
        let said =
            format!("the reply of {} to {} cannot be read: {why}", self.name, shown(message));
        Error::new(ErrorKind::Reply, said)
    }

    pub(super) fn unconnected(&self) -> Error {
        let said = format!("the connection to {} was lost and is not made again", self.name);
        Error::new(ErrorKind::Unreachable, said)
    }

    /// Remembers that, and why, both sides may be out of step.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        if matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable) {
            self.link = None;
        }
        self.buffer.clear();
        self.step = Step::Out(error.message.clone());
        error
    }
}
