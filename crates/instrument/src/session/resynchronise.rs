//! Brings a session back in step: the next reply will be that to the next query, of the same instrument.

use station_wire::scpi;
use tokio::time::Instant;

use super::{Identity, Session, Step};
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
const ATTEMPTS: usize = 3;

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
        let way = self.forget().await?;
        let Some(query) = self.settings.identity_query.clone() else { return Ok(()) };
        let mut answered = None;
        for _ in 0..ATTEMPTS {
            match self.who(&query).await {
                Ok(identity) => {
                    let is_known =
                        self.identity.as_ref().is_none_or(|known| known.is_same(&identity));
                    // On a link that cannot forget, the answer may be to an earlier question: then the
                    // right one is still to come.
                    if is_known && (way == Way::Forgotten || self.drain().await? == 0) {
                        self.identity.get_or_insert(identity);
                        return Ok(());
                    }
                    let marks_ends = self.link.as_ref().is_some_and(|link| link.has_end());
                    answered = Some(identity);
                    // Where replies have ends and were cleared, it is no late one.
                    if marks_ends && way == Way::Forgotten {
                        break;
                    }
                    if !is_known {
                        self.drain().await?;
                    }
                }
                Err(error) if way == Way::Drained && error.kind == ErrorKind::Timeout => {
                    answered = None;
                }
                Err(error) => return Err(error),
            }
        }
        Err(self.not_the_same(answered))
    }

    fn not_the_same(&self, answered: Option<Identity>) -> Error {
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
        let reply = self.read_reply(query, self.settings.io_timeout).await?;
        let text = String::from_utf8_lossy(self.buffer.get(..reply.length).unwrap_or_default());
        let identity = Identity::parse(scpi::strip_header(&text)).unwrap_or_default();
        // What came with it speaks against it.
        self.buffer.drain(..reply.next);
        Ok(identity)
    }

    /// Makes both sides forget what was said.
    async fn forget(&mut self) -> Result<Way, Error> {
        let limit = self.settings.io_timeout;
        if let Some(link) = self.link.as_mut() {
            match tokio::time::timeout(limit, link.clear()).await {
                Ok(Ok(Cleared::Done)) => {
                    let discarded = link.discard();
                    self.note(discarded);
                    return Ok(Way::Forgotten);
                }
                Ok(Ok(Cleared::Unsupported)) if self.reconnects() => {}
                Ok(Ok(Cleared::Unsupported)) => {
                    let drained = self.drain().await?;
                    self.note(drained);
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

    fn note(&mut self, unasked: usize) {
        if unasked > 0 {
            self.desyncs += 1;
            tracing::warn!(instrument = %self.name, bytes = unasked, "discarded a late reply");
        }
    }
}

fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).count()
}
