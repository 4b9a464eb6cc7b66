//! One address of an outstation: connected, being connected, or waiting for the next attempt.
//!
//! ```text
//!  Waiting ──its time has come──▶ Connecting ──▶ Up
//!     ▲                               │           │
//!     └───────────failed, lost────────┴───────────┘   1 s, 2 s … 60 s
//! ```

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use super::back_off::BackOff;
use super::connect::{Connection, Dial, Failure, Stream, connect};
use super::line::Line;

type Dialling = Pin<Box<dyn Future<Output = Result<(Stream, Connection), Failure>> + Send>>;

/// Where an address stands.
pub(super) enum Phase {
    Waiting { until: Duration },
    Connecting(Dialling),
    Up(Box<Line>),
}

impl fmt::Debug for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Waiting { .. } => "Waiting",
            Self::Connecting(_) => "Connecting",
            Self::Up(_) => "Up",
        })
    }
}

/// One address of an outstation.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) dial: Dial,
    pub(super) phase: Phase,
    back_off: BackOff,
    /// How many attempts failed in a row.
    pub(super) failures: u32,
}

impl Path {
    pub(super) fn new(dial: Dial) -> Self {
        let phase = Phase::Waiting { until: Duration::ZERO };
        Self { dial, phase, back_off: BackOff::default(), failures: 0 }
    }

    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match &mut self.phase {
            Phase::Up(line) => Some(line),
            Phase::Waiting { .. } | Phase::Connecting(_) => None,
        }
    }

    /// Goes on with making a connection, once it is time for that.
    pub(super) fn poll_connect(
        &mut self,
        cx: &mut Context<'_>,
        now: Duration,
    ) -> Poll<Result<(Stream, Connection), Failure>> {
        if let Phase::Waiting { until } = self.phase
            && until <= now
        {
            self.phase = Phase::Connecting(Box::pin(connect(self.dial.clone(), identity())));
        }
        match &mut self.phase {
            Phase::Connecting(dialling) => dialling.as_mut().poll(cx),
            Phase::Waiting { .. } | Phase::Up(_) => Poll::Pending,
        }
    }

    /// There is no connection: the next attempt comes later.
    pub(super) fn wait(&mut self, now: Duration) {
        let mut chance = [0];
        // Without chance the wait is the full one.
        SystemRandom::new().fill(&mut chance).ok();
        self.phase = Phase::Waiting { until: now + self.back_off.next(chance[0]) };
    }

    /// Data is transferred. That alone says little: some accept everything and hang up.
    pub(super) fn started(&mut self) {
        self.back_off.ease();
        self.failures = 0;
    }

    /// The connection proved to be of use.
    pub(super) fn proved(&mut self) {
        self.back_off.reset();
        self.failures = 0;
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Waiting { until } => Some(*until),
            Phase::Connecting(_) => None,
            Phase::Up(line) => [line.link.deadline(), line.write_by].into_iter().flatten().min(),
        }
    }
}

/// A name for a connection that no other has.
fn identity() -> String {
    let mut octets = [0; 8];
    let filled = SystemRandom::new().fill(&mut octets);
    match filled {
        Ok(()) => format!("{:016x}", u64::from_be_bytes(octets)),
        // As good as unique: nobody connects twice within a nanosecond.
        Err(_) => format!("{:x}", jiff::Timestamp::now().as_nanosecond()),
    }
}
