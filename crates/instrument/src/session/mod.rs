//! Sessions: one conversation with one instrument, a query at a time, that knows when it is out of step.
//!
//! ```text
//!              a message goes out                the reply is whole
//!   in step ───────────────────────▶ midway ─────────────────────────▶ in step
//!                                     │ a time limit, a lost link, a reply that is none,
//!                                     │ a future dropped (nobody can know what still comes)
//!                                     ▼
//!                                  in doubt ── next operation: resynchronise ──▶ in step, or an error
//! ```
//!
//! To resynchronise: device clear where the link has one, else a new connection, else (serial) to read
//! until it is quiet; and then the same instrument must answer to `*IDN?`. A reply that comes late is
//! never taken for another's.

mod exchange;
mod identity;
mod questions;
mod resynchronise;
mod settings;

pub use settings::{FlowControl, Parity, Settings};
pub use station_core::model::Identity;

use std::pin::Pin;
use std::time::Duration;

use station_wire::scpi::{self, StatusByte};
use tokio::time::Sleep;

use crate::transport::{self, Transport};
use crate::{Error, ErrorKind, Resource};

/// A conversation with one instrument. Every future may be dropped: that leaves the session in doubt,
/// and its next operation resynchronises first.
pub struct Session {
    /// None when the connection was lost or could not be made again.
    link: Option<Box<dyn Transport>>,
    /// Where to connect again; None for a transport that was handed in.
    resource: Option<Resource>,
    name: String,
    settings: Settings,
    identity: Option<Identity>,
    step: Step,
    desyncs: u64,
    /// What is being read; what is left in it between messages came unasked.
    buffer: Vec<u8>,
    /// What is being sent.
    outgoing: Vec<u8>,
    /// The line end after a block did not come in time, and may still.
    line_end_due: bool,
    /// What ends the wait for a reply.
    reply_timer: Option<Pin<Box<Sleep>>>,
    /// When the first message since [`Session::forget_sending`] was handed to the link.
    sent_at: Option<Duration>,
    /// Bringing it in step fails if it was switched on meanwhile.
    watches_power: bool,
}

/// Whether the two sides agree on what has been said.
#[derive(Debug)]
enum Step {
    /// The next reply will be that to the next query.
    In,
    /// A message is on its way, or its reply. Found at the beginning of an operation: a future was
    /// dropped.
    Midway,
    /// Something failed, for the reason kept here.
    Out(String),
}

impl Session {
    /// Connects. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// Nothing is there within [`Settings::connect_timeout`], or it is taken.
    pub async fn open(resource: &Resource, settings: Settings) -> Result<Self, Error> {
        let link = transport::connect(resource, &settings).await?;
        let mut session = Self::over(link, settings);
        session.resource = Some(resource.clone());
        session.name = resource.to_string();
        Ok(session)
    }

    /// A session over a connection that is made. When it is lost, it cannot be made anew.
    #[must_use]
    pub fn over(transport: Box<dyn Transport>, settings: Settings) -> Self {
        Self {
            link: Some(transport),
            resource: None,
            name: "the instrument".to_owned(),
            settings,
            identity: None,
            step: Step::In,
            desyncs: 0,
            buffer: Vec::new(),
            outgoing: Vec::new(),
            line_end_due: false,
            reply_timer: None,
            sent_at: None,
            watches_power: false,
        }
    }

    /// Says who must be there: whoever answers otherwise after a reconnection is refused.
    pub fn expect(&mut self, identity: Identity) {
        self.identity = Some(identity);
    }

    /// Says whether what is sent from now on relies on what was set before: an instrument that was
    /// switched on when it had to be brought in step (PON; IEEE 488.2, 11.5.1.1.2) is then sent nothing,
    /// once, with [`ErrorKind::Identity`]. For those only that answer `*ESR?`.
    pub fn watch_power(&mut self, watches: bool) {
        self.watches_power = watches;
    }

    /// Who is there, as far as known: what was expected, or the first answer to `*IDN?`.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// How the instrument is spoken to.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How the instrument is spoken to, to be changed between operations; what concerns connecting
    /// (serial parameters among it) holds from the next connection on.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// How often there was something where nothing should have been: bytes nobody had asked for
    /// before a message, or left over when it resynchronised.
    #[must_use]
    pub fn desyncs(&self) -> u64 {
        self.desyncs
    }

    /// When the first message since [`Session::forget_sending`] was handed to the link, by the
    /// monotonic clock; what resynchronising sends does not count.
    pub(crate) fn sent_at(&self) -> Option<Duration> {
        self.sent_at
    }

    /// Has the next message count as the first.
    pub(crate) fn forget_sending(&mut self) {
        self.sent_at = None;
    }

    /// Whether the next operation has to resynchronise first.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        !matches!(self.step, Step::In)
    }

    /// Sends a message to which no reply is expected.
    ///
    /// # Errors
    ///
    /// The message cannot be sent: it is empty or has a control character in it
    /// ([`ErrorKind::Invalid`]), or the link fails.
    pub async fn send(&mut self, message: &str) -> Result<(), Error> {
        self.transmit(message).await?;
        self.step = Step::In;
        Ok(())
    }

    /// Sends a message and reads the one reply to it, without its terminator; bytes that are no UTF-8
    /// are replaced.
    ///
    /// # Errors
    ///
    /// The message cannot be sent, or no whole reply comes in time.
    pub async fn ask(&mut self, message: &str) -> Result<String, Error> {
        self.ask_within(message, self.settings.io_timeout).await
    }

    /// Sends a message and reads the block that is the reply to it: a definite one (`#15hello`), or,
    /// where the link marks ends, one of no stated length.
    ///
    /// # Errors
    ///
    /// As for [`Session::ask`], and when the reply is no block.
    pub async fn ask_block(&mut self, message: &str) -> Result<Vec<u8>, Error> {
        self.transmit(message).await?;
        let whole = self.read_reply(message, self.settings.io_timeout).await?;
        let mut reply = std::mem::take(&mut self.buffer);
        // The terminator stays: what looks like one may be the last byte of the block.
        self.buffer = reply.split_off(whole.next);
        self.step = Step::In;
        scpi::take_block(reply).map_err(|why| {
            let said =
                format!("the reply of {} to {} is no block: {why}", self.name, shown(message));
            Error::new(ErrorKind::Reply, said)
        })
    }

    /// Sends a message and reads a reply if one is expected; None decides by the headers of the
    /// message (one that ends in `?` asks).
    ///
    /// # Errors
    ///
    /// As for [`Session::send`] and [`Session::ask`].
    pub async fn exchange(
        &mut self,
        message: &str,
        expect_reply: Option<bool>,
    ) -> Result<Option<String>, Error> {
        if expect_reply.unwrap_or_else(|| scpi::is_query(message)) {
            self.ask(message).await.map(Some)
        } else {
            self.send(message).await.map(|()| None)
        }
    }

    /// Reads the status byte beside the messages (serial poll); None where the link cannot.
    ///
    /// # Errors
    ///
    /// The link fails.
    pub async fn status_byte(&mut self) -> Result<Option<StatusByte>, Error> {
        self.prepare().await?;
        let limit = self.settings.io_timeout;
        self.step = Step::Midway;
        let Some(link) = self.link.as_mut() else { return Err(self.unconnected()) };
        let read = match tokio::time::timeout(limit, link.status_byte()).await {
            Ok(read) => read,
            Err(_) => {
                let message =
                    format!("{} did not give its status byte within {limit:?}", self.name);
                Err(Error::new(ErrorKind::Timeout, message))
            }
        };
        let byte = read.map_err(|error| self.fail(error))?;
        self.step = Step::In;
        Ok(byte.map(StatusByte))
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.name)
            .field("step", &self.step)
            .field("desyncs", &self.desyncs)
            .finish_non_exhaustive()
    }
}

/// A message as errors name it.
fn shown(message: &str) -> String {
    const LONGEST: usize = 60;
    let mut characters = message.chars();
    let short: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() { format!("{short:?}…") } else { format!("{short:?}") }
}
