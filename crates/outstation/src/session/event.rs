//! What a session tells: how it stands, what happened, how much passed by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::connect::Connection;
use super::line::Counts;
use super::tap::TapFrame;
use super::{Ask, AskEnd, CommandEnd};
use crate::cache::Reading;

/// What happened to a session. None is lost: they wait until they are taken.
#[derive(Debug)]
pub enum Event {
    /// Data is transferred over this connection from now on.
    Up(Arc<Connection>),
    /// The second connection of a redundant pair stands, and is only tested.
    Standby(Arc<Connection>),
    /// A connection was lost, or closed because of what came over it.
    Down {
        /// Which one.
        connection: Arc<Connection>,
        /// Whether data was transferred over it.
        was_active: bool,
        /// Why, as a sentence.
        why: String,
        /// The other side did not accept our certificate.
        security: bool,
    },
    /// No connection could be made.
    Unreachable {
        /// Where to.
        endpoint: String,
        /// Why, as a sentence.
        why: String,
        /// Somebody answered and is not to be trusted, or does not trust us: for the audit trail.
        security: bool,
        /// How many attempts failed in a row, this one included.
        attempts: u32,
    },
    /// The outstation says that it was restarted. Its values are asked for anew.
    Restarted {
        /// Its common address.
        ca: u16,
        /// COI: 0 power on, 1 reset there, 2 reset from afar; 128 more after a change of parameters.
        coi: u8,
    },
    /// The outstation's clock is to be set. That is a write, so that a session does not do it by itself:
    /// whoever keeps the trail does, and says with [`Session::clock_done`](super::Session::clock_done)
    /// whether it was done. Until then it is not told again.
    ClockDue,
    /// What the session does by itself ended: it asked for all values.
    Upkept {
        /// What.
        ask: Ask,
        /// How it ended.
        end: Box<AskEnd>,
    },
    /// A command ended whose caller had gone away after it was sent.
    Ended {
        /// What the caller called it.
        correlation: String,
        /// How it ended.
        end: Box<CommandEnd>,
    },
    /// Something came that belongs to a command that had ended.
    Late {
        /// What its caller called it.
        correlation: String,
        /// Over which connection it was sent, and this came.
        connection: Arc<Connection>,
        /// What it is, as records call it: `act_con`, `act_term` …
        kind: &'static str,
        /// The frame it came in.
        frame: TapFrame,
    },
}

/// A point whose value or quality changed, or is not the newest any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Its common address.
    pub ca: u16,
    /// Its address.
    pub ioa: u32,
    /// What is known of it now.
    pub reading: Reading,
}

/// How a session stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Over which data is transferred.
    pub up: Option<Arc<Connection>>,
    /// The other one of a redundant pair.
    pub standby: Option<Arc<Connection>>,
    /// Why data is not transferred, as a sentence; of the last failure.
    pub why: Option<String>,
    /// It was closed, and nothing will come of it any more.
    pub is_closed: bool,
}

/// How much passed by since the session was opened.
#[derive(Debug, Default)]
pub(super) struct Counters {
    frames_received: AtomicU64,
    frames_sent: AtomicU64,
    octets_received: AtomicU64,
    octets_sent: AtomicU64,
    asdus_ignored: AtomicU64,
    connections: AtomicU64,
    wakes: AtomicU64,
}

/// How much passed by, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// APDUs from the outstation.
    pub frames_received: u64,
    /// APDUs to it.
    pub frames_sent: u64,
    /// Octets from it, without those of TLS.
    pub octets_received: u64,
    /// Octets to it.
    pub octets_sent: u64,
    /// ASDUs of unknown types, or of a wrong length.
    pub asdus_ignored: u64,
    /// Connections that were made.
    pub connections: u64,
    /// How often the session's task woke up.
    pub wakes: u64,
}

impl Counters {
    /// What they are now.
    pub(super) fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            frames_received: read(&self.frames_received),
            frames_sent: read(&self.frames_sent),
            octets_received: read(&self.octets_received),
            octets_sent: read(&self.octets_sent),
            asdus_ignored: read(&self.asdus_ignored),
            connections: read(&self.connections),
            wakes: read(&self.wakes),
        }
    }

    pub(super) fn add(&self, counts: Counts) {
        for (counter, more) in [
            (&self.frames_received, counts.frames_received),
            (&self.frames_sent, counts.frames_sent),
            (&self.octets_received, counts.octets_received),
            (&self.octets_sent, counts.octets_sent),
        ] {
            if more > 0 {
                counter.fetch_add(more, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn woke(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ignored(&self) {
        self.asdus_ignored.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }
}
