//! Brings a session back in step: the next reply will be that to the next query, of the same instrument.

use station_wire::scpi::{self, EventStatus};
use tokio::time::Instant;

use super::{Identity, Session, Step, identity};
use crate::transport::{self, Cleared};
use crate::{Error, ErrorKind, Resource};

/// How both sides were brought in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By a device clear or a new connection: what was said before is forgotten.
    Forgotten,
    /// By reading until it was quiet: something may still come.
    Drained,
}

/// How often it is asked who it is, if other replies are still coming.
const ATTEMPTS: usize = 4;

impl Session {
    /// Brings both sides in step: device clear, or a new connection, or reading until it is quiet; then
    /// the same instrument as before must answer who it is. Its error queue may tell of what was cut
    /// off.
    ///
    /// # Errors
    ///
    /// It cannot be reached or does not answer, or another one does ([`ErrorKind::Identity`]). The
    /// session stays in doubt then, and its next operation tries again.
    pub async fn resynchronise(&mut self) -> Result<(), Error> {
        let before = match std::mem::replace(&mut self.step, Step::Midway) {
            Step::In => None,
            Step::Midway => Some("an operation was cut off".to_owned()),
            Step::Out(why) => Some(why),
        };
        tracing::debug!(instrument = %self.name, reason = before.as_deref(), "resynchronising");
        self.buffer.clear();
        self.line_end_due = false;
        match self.straighten().await {
            Ok(()) => {
                self.step = Step::In;
                Ok(())
            }
            Err(mut error) => {
                error = self.fail(error);
                // The reason stays the first one, however often this is tried.
                if let Some(before) = before {
                    error.message = format!("{} (out of step since: {before})", error.message);
                    self.step = Step::Out(before);
                }
                Err(error)
            }
        }
    }

    async fn straighten(&mut self) -> Result<(), Error> {
        let mut unasked = 0;
        let done = self.bring_in_step(&mut unasked).await;
        if unasked > 0 {
            self.desyncs += 1;
            tracing::warn!(instrument = %self.name, bytes = unasked, "discarded a late reply");
        }
        done?;
        if self.watches_power { self.stayed_on().await } else { Ok(()) }
    }

    /// Fails if it says that it was switched on since it was last asked.
    async fn stayed_on(&mut self) -> Result<(), Error> {
        const QUERY: &str = "*ESR?";
        self.buffer.clear();
        self.write(QUERY).await?;
        let reply = self.read_reply(QUERY, self.settings.io_timeout).await?;
        let text = String::from_utf8_lossy(self.buffer.get(..reply.length).unwrap_or_default());
        let status = scpi::integer(scpi::strip_header(&text)).ok();
        let status = status.and_then(|bits| u8::try_from(bits).ok()).map(EventStatus);
        self.buffer.drain(..reply.next);
        if status.is_some_and(|status| status.power_on()) {
            let said = "it was switched off and on: its settings are gone";
            return Err(Error::new(ErrorKind::Identity, said));
        }
        Ok(())
    }

    async fn bring_in_step(&mut self, unasked: &mut usize) -> Result<(), Error> {
        let way = self.forget(unasked).await?;
        let Some(query) = self.settings.identity_query.clone() else { return Ok(()) };
        let mut answered: Option<Identity> = None;
        for _ in 0..ATTEMPTS {
            let identity = match self.who(&query).await {
                Ok(identity) => identity,
                Err(error) if way == Way::Drained && error.kind == ErrorKind::Timeout => continue,
                Err(error) => return Err(error),
            };
            let is_right = match (&self.identity, &answered) {
                (Some(known), _) => known.is_same(&identity),
                (None, _) if way == Way::Forgotten => true,
                // Any late reply may look like an answer, but not twice.
                (None, Some(before)) => before.is_same(&identity),
                (None, None) => false,
            };
            if way == Way::Forgotten && (is_right || self.marks_ends()) {
                return if is_right {
                    self.accept(identity)
                } else {
                    Err(self.wrong(Some(identity)))
                };
            }
            // Where it cannot forget, this may have been the answer to an earlier question, and the
            // right one is still to come.
            let more = self.drain().await?;
            *unasked += more;
            if is_right && more == 0 {
                return self.accept(identity);
            }
            answered = Some(identity);
        }
        Err(self.wrong(answered))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the good end of bringing a session in step")]
    fn accept(&mut self, identity: Identity) -> Result<(), Error> {
        self.identity.get_or_insert(identity);
        Ok(())
    }

    fn marks_ends(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.has_end())
    }

    fn wrong(&self, answered: Option<Identity>) -> Error {
        match (answered, self.identity.as_ref()) {
            (Some(other), Some(known)) if !known.is_same(&other) => {
                let said = format!(
                    "{} is another instrument now: it says it is {other}, not {known}; register it \
                     anew if it was replaced",
                    self.name
                );
                Error::new(ErrorKind::Identity, said)
            }
            (Some(_), _) => {
                let said = format!("{} goes on sending what nobody asked for", self.name);
                Error::new(ErrorKind::Reply, said)
            }
            (None, _) => {
                let said = format!("{} does not answer who it is", self.name);
                Error::new(ErrorKind::Timeout, said)
            }
        }
    }

    /// Asks who it is; an answer that says nothing is that of nobody.
    async fn who(&mut self, query: &str) -> Result<Identity, Error> {
        self.buffer.clear();
        self.write(query).await?;
        let reply = self.read_answer(query, self.settings.io_timeout).await?;
        let text = String::from_utf8_lossy(self.buffer.get(..reply.length).unwrap_or_default());
        let identity = identity::parse(scpi::strip_header(&text)).unwrap_or_default();
        // What came with it speaks against it.
        self.buffer.drain(..reply.next);
        Ok(identity)
    }

    /// Makes both sides forget what was said.
    async fn forget(&mut self, unasked: &mut usize) -> Result<Way, Error> {
        let limit = self.settings.io_timeout;
        if let Some(link) = self.link.as_mut() {
            match tokio::time::timeout(limit, link.clear()).await {
                Ok(Ok(Cleared::Done)) => {
                    *unasked += link.discard();
                    return Ok(Way::Forgotten);
                }
                Ok(Ok(Cleared::Unsupported)) if self.reconnects() => {}
                Ok(Ok(Cleared::Unsupported)) => {
                    *unasked += self.drain().await?;
                    return Ok(Way::Drained);
                }
                Ok(Err(error)) if self.resource.is_none() => return Err(error),
                Err(_) if self.resource.is_none() => {
                    let said = format!("{} did not clear within {limit:?}", self.name);
                    return Err(Error::new(ErrorKind::Timeout, said));
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
        // The old connection first: many instruments take one only.
        self.link = None;
        let Some(resource) = self.resource.as_ref() else { return Err(self.unconnected()) };
        self.link = Some(transport::connect(resource, &self.settings).await?);
        // What a serial line held goes on coming after its port is opened again.
        Ok(if self.reconnects() { Way::Forgotten } else { Way::Drained })
    }

    /// Whether a new connection makes it forget: that of a network does, a serial line does not.
    fn reconnects(&self) -> bool {
        !matches!(self.resource, None | Some(Resource::Serial { .. }))
    }

    /// Reads until nothing has come for a while; how many bytes that were, line ends not counted.
    async fn drain(&mut self) -> Result<usize, Error> {
        let until = Instant::now() + self.settings.io_timeout + self.settings.quiet;
        let mut drained = count(&self.buffer);
        self.buffer.clear();
        loop {
            let Some(link) = self.link.as_mut() else { return Err(self.unconnected()) };
            match tokio::time::timeout(self.settings.quiet, link.receive(&mut self.buffer)).await {
                Err(_) => return Ok(drained),
                Ok(received) => received.map(drop)?,
            }
            drained += count(&self.buffer);
            self.buffer.clear();
            if Instant::now() >= until {
                let said = format!("{} does not stop sending what nobody asked for", self.name);
                return Err(Error::new(ErrorKind::Reply, said));
            }
        }
    }
}

fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).count()
}
