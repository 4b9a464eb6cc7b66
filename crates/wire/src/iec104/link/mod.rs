//! One connection of IEC 60870-5-104 as a state machine: who may send, what is acknowledged, when the
//! other side is given up.
//!
//! ```text
//!  controlling    Stopped ──start: STARTDT act──▶ Starting ──con──▶ Started
//!                    ▲                                                 │ stop: S, STOPDT act
//!                    └───────────────────con── Stopping ◀──────────────┘ what comes is still taken
//!
//!  controlled     Stopped ──STARTDT act: con──▶ Started
//!                    ▲                             │ STOPDT act: S
//!                    └──con── Stopping ◀───────────┘ until all that was sent is acknowledged
//!
//!  any            a wrong frame, number or role ─▶ Closed
//!                 t1 after an I frame, STARTDT, STOPDT or TESTFR without its answer ─▶ Closed
//!                 t2 after the first I frame that is not acknowledged, or w of them ─▶ S
//!                 t3 without any frame ─▶ TESTFR act;   TESTFR act ─▶ con at once
//! ```
//!
//! It has no clock and no socket. After [`Link::start`], [`Link::stop`], [`Link::receive`],
//! [`Link::send`] and [`Link::on_deadline`] there may be frames to [`Link::transmit`] and another
//! [`Link::deadline`]. Calls at the wrong time do nothing. A link is for one connection: what comes
//! after it begins with a new one, and no frame is ever sent twice.

mod fault;
mod params;
mod receive;
mod window;

use std::time::Duration;

pub use fault::{Awaited, LinkError, SendError};
pub use params::{BadParams, LARGEST_WINDOW, Params};

use super::codec::{HEADER_LENGTH, LONGEST_ASDU, START, U, encode_i, encode_s, encode_u, parse};
use window::{Receiving, Sending};

/// Which side of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It made the connection, starts and stops the data transfer, and gives commands.
    Controlling,
    /// The outstation.
    Controlled,
}

/// Whether data may be transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not: the connection is only tested.
    Stopped,
    /// STARTDT was sent and not confirmed.
    Starting,
    /// It may.
    Started,
    /// Nothing more is sent; what is on its way is taken and acknowledged.
    Stopping,
    /// The connection is to be closed.
    Closed,
}

/// What a frame brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'f> {
    /// The octets of an ASDU.
    Asdu(&'f [u8]),
    /// The data transfer is started.
    Started,
    /// It is stopped.
    Stopped,
    /// Nothing that matters beyond the link.
    Nothing,
}

/// One side of one connection.
#[derive(Clone, Debug)]
pub struct Link {
    role: Role,
    params: Params,
    state: State,
    fault: Option<LinkError>,
    sending: Sending,
    receiving: Receiving,
    /// When a frame came last.
    heard: Duration,
    /// When STARTDT or STOPDT was sent, while it is not confirmed.
    asked: Option<Duration>,
    /// When TESTFR was sent, while it is not confirmed.
    tested: Option<Duration>,
    /// Frames to be sent, one behind the other, and how much of that was taken.
    queue: Vec<u8>,
    taken: usize,
}

impl Link {
    /// The link of a connection that was made just now.
    #[must_use]
    pub const fn new(role: Role, params: Params, now: Duration) -> Self {
        let (first, may_skip) = match role {
            Role::Controlling => (0, params.first_sequence_one),
            Role::Controlled if params.first_sequence_one => (1, false),
            Role::Controlled => (0, false),
        };
        Self {
            role,
            params,
            state: State::Stopped,
            fault: None,
            sending: Sending::new(first),
            receiving: Receiving::new(may_skip),
            heard: now,
            asked: None,
            tested: None,
            queue: Vec::new(),
            taken: 0,
        }
    }

    /// Whether data may be transferred.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Why it is closed.
    #[must_use]
    pub const fn fault(&self) -> Option<&LinkError> {
        self.fault.as_ref()
    }

    /// How many I frames were sent and not acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        self.sending.unacknowledged()
    }

    /// Asks for the data transfer to start. For the controlling side, while it is stopped.
    pub fn start(&mut self, now: Duration) {
        if self.role == Role::Controlling && self.state == State::Stopped {
            self.state = State::Starting;
            self.asked = Some(now);
            self.queue_u(U::StartDtAct);
        }
    }

    /// Asks for it to stop, after acknowledging everything. For the controlling side, while it is started.
    pub fn stop(&mut self, now: Duration) {
        if self.role == Role::Controlling && self.state == State::Started {
            self.acknowledge();
            self.state = State::Stopping;
            self.asked = Some(now);
            self.queue_u(U::StopDtAct);
        }
    }

    /// Whether [`Self::send`] would take an ASDU.
    #[must_use]
    pub fn can_send(&self) -> bool {
        self.state == State::Started && self.sending.has_room(self.k())
    }

    /// Puts an ASDU into an I frame to be transmitted, which acknowledges all that came as well.
    ///
    /// # Errors
    ///
    /// It cannot be sent now. Nothing is kept of it.
    pub fn send(&mut self, asdu: &[u8], now: Duration) -> Result<(), SendError> {
        if !(HEADER_LENGTH..=LONGEST_ASDU).contains(&asdu.len()) {
            return Err(SendError::Length(asdu.len()));
        }
        if self.state != State::Started {
            return Err(SendError::NotStarted);
        }
        if !self.sending.has_room(self.k()) {
            return Err(SendError::WindowFull(self.sending.unacknowledged()));
        }
        self.make_room();
        let (ns, nr) = (self.sending.take(now), self.receiving.acknowledge());
        encode_i(ns, nr, asdu, &mut self.queue);
        Ok(())
    }

    /// The next frame to be sent, whole; nothing when there is none. A frame that is taken must go out
    /// before those after it, or the connection be closed.
    pub fn transmit(&mut self) -> Option<&[u8]> {
        let left = self.queue.get(self.taken..)?;
        let &[START, length, ..] = left else { return None };
        let frame = left.get(..usize::from(length) + 2)?;
        self.taken += frame.len();
        Some(frame)
    }

    /// Takes a frame of the peer, as the deframer cut it.
    ///
    /// # Errors
    ///
    /// It must not have come: the connection is to be closed at once. The error comes again at every call.
    pub fn receive<'f>(
        &mut self,
        frame: &'f [u8],
        now: Duration,
    ) -> Result<Received<'f>, LinkError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        match parse(frame).map_err(LinkError::from).and_then(|apdu| self.take(apdu, now)) {
            Ok(received) => {
                self.heard = now;
                Ok(received)
            }
            Err(error) => Err(self.close(error)),
        }
    }

    /// When [`Self::on_deadline`] is to be called; never once it is closed.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        if self.state == State::Closed {
            return None;
        }
        let idle = self.tested.is_none().then(|| self.heard.saturating_add(self.params.t3));
        let owed = self.receiving.owed_since().map(|since| since.saturating_add(self.params.t2));
        let awaited = self.first_awaited().map(|(until, _)| until);
        [idle, owed, awaited].into_iter().flatten().min()
    }

    /// Does what is due: acknowledges, tests, or gives up.
    ///
    /// # Errors
    ///
    /// t1 is over: the connection is to be closed at once. The error comes again at every call.
    pub fn on_deadline(&mut self, now: Duration) -> Result<(), LinkError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if let Some((until, what)) = self.first_awaited()
            && until <= now
        {
            return Err(self.close(LinkError::Unanswered(what)));
        }
        if self.receiving.owed_since().is_some_and(|at| at.saturating_add(self.params.t2) <= now) {
            self.acknowledge();
        }
        if self.tested.is_none() && self.heard.saturating_add(self.params.t3) <= now {
            self.tested = Some(now);
            self.queue_u(U::TestFrAct);
        }
        Ok(())
    }

    /// What t1 ends first, and when.
    fn first_awaited(&self) -> Option<(Duration, Awaited)> {
        let what = if self.state == State::Starting { Awaited::Start } else { Awaited::Stop };
        let frame = self.sending.oldest_at().map(|at| (at, Awaited::Acknowledgement));
        let (asked, tested) = (self.asked.map(|at| (at, what)), self.tested);
        let first = [frame, asked, tested.map(|at| (at, Awaited::Test))]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at);
        first.map(|(at, what)| (at.saturating_add(self.params.t1), what))
    }

    /// Acknowledges what is owed, if anything is.
    fn acknowledge(&mut self) {
        if self.receiving.owed() > 0 {
            self.make_room();
            encode_s(self.receiving.acknowledge(), &mut self.queue);
        }
    }

    fn queue_u(&mut self, u: U) {
        self.make_room();
        encode_u(u, &mut self.queue);
    }

    /// Forgets the frames that were taken, keeping their memory for the next.
    fn make_room(&mut self) {
        if self.taken >= self.queue.len() {
            self.queue.clear();
            self.taken = 0;
        }
    }

    fn close(&mut self, error: LinkError) -> LinkError {
        self.state = State::Closed;
        self.fault = Some(error.clone());
        // Nothing may follow what was wrong.
        self.queue.clear();
        self.taken = 0;
        error
    }

    fn k(&self) -> u16 {
        self.params.k.max(1)
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod pair_tests;
