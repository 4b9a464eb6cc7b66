//! Frames of the trail as a capture file: packets of the TCP connections that they went over.
//!
//! ```text
//!  records ─▶ held, by connection and number ─▶ ten minutes later, oldest first ─▶ packets
//! ```
//!
//! Commands that overlap on a connection have frames in common, and the earlier of them may be told
//! last; so frames are held for a while before they are written, each once. What only the record
//! knows is made up: the three packets that open a connection, and the numbers of its octets.

mod packet;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use station_core::audit::{FrameDirection, Telecontrol, octets_of};
use station_core::model::Micros;

use self::packet::{ACK, PSH, SYN, Segment};

/// For how long frames are held, by the times of records: longer than a command may take.
const HOLD_NS: i64 = 600_000_000_000;

/// How many frames are held at most.
const MOST: usize = 50_000;

/// How many spans of written frames are remembered of a connection.
const SPANS: usize = 4096;

/// A capture under way.
#[derive(Debug, Default)]
pub struct Capture {
    /// What is to be written, by connection and by number there; no connection without frames.
    held: BTreeMap<String, BTreeMap<u64, Held>>,
    count: usize,
    flows: BTreeMap<String, Flow>,
}

#[derive(Debug)]
struct Held {
    t_ns: i64,
    sent: bool,
    octets: Vec<u8>,
}

/// A connection, as far as it is written.
#[derive(Debug)]
struct Flow {
    ours: SocketAddr,
    theirs: SocketAddr,
    /// The numbers of the next octets, ours and theirs; `None` before it is open.
    next: Option<(u32, u32)>,
    /// Which frames are written: the first and the last of each span.
    written: BTreeMap<u64, u64>,
}

impl Capture {
    /// What a capture file begins with.
    pub fn begin(out: &mut Vec<u8>) {
        packet::begin(out);
    }

    /// Takes the frames of a record, and writes those that nothing can come before any more.
    pub fn put(&mut self, told: &Telecontrol, at: Micros, out: &mut Vec<u8>) {
        if told.frames.is_empty() {
            return;
        }
        let name = told.connection.clone().unwrap_or_else(|| {
            let end = |end: &Option<String>| end.clone().unwrap_or_default();
            format!("{} {} {}", told.outstation, end(&told.local), end(&told.peer))
        });
        let flow = self.flows.entry(name.clone()).or_insert_with(|| Flow::of(told));
        for frame in &told.frames {
            let Some(octets) = octets_of(&frame.hex) else { continue };
            if flow.is_written(frame.n) {
                continue;
            }
            let sent = frame.dir == FrameDirection::Sent;
            let held = self.held.entry(name.clone()).or_default();
            if held.insert(frame.n, Held { t_ns: frame.t_ns, sent, octets }).is_none() {
                self.count = self.count.saturating_add(1);
            }
        }
        let now = at.0.saturating_mul(1000);
        self.write(out, |first, count| now.saturating_sub(first) > HOLD_NS || count > MOST);
    }

    /// Writes what is held.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.write(out, |_, _| true);
    }

    /// Writes the oldest frames, as long as their time and the number of all are due.
    fn write(&mut self, out: &mut Vec<u8>, due: impl Fn(i64, usize) -> bool) {
        loop {
            let firsts = self.held.iter().filter_map(|(name, frames)| {
                frames.first_key_value().map(|(_, first)| (first.t_ns, name))
            });
            let Some((_, name)) = firsts.min().filter(|(first, _)| due(*first, self.count)) else {
                return;
            };
            let name = name.clone();
            let Some(frames) = self.held.get_mut(&name) else { return };
            let first = frames.pop_first();
            if frames.is_empty() {
                self.held.remove(&name);
            }
            self.count = self.count.saturating_sub(1);
            if let (Some((n, frame)), Some(flow)) = (first, self.flows.get_mut(&name)) {
                flow.write(n, &frame, out);
            }
        }
    }
}

impl Flow {
    fn of(told: &Telecontrol) -> Self {
        let address = |text: &Option<String>, port| {
            let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
            text.as_ref().and_then(|text| text.parse().ok()).unwrap_or(nobody)
        };
        let (ours, theirs) =
            (address(&told.local, 49_152), address(&told.peer, station_wire::iec104::PORT));
        Self { ours, theirs, next: None, written: BTreeMap::new() }
    }

    fn is_written(&self, n: u64) -> bool {
        let before = self.written.range(..=n).next_back();
        // Below all that is remembered, it was written long ago.
        before.map_or_else(|| self.written.len() >= SPANS, |(_, last)| *last >= n)
    }

    fn remember(&mut self, n: u64) {
        let last = self.written.remove(&n.saturating_add(1)).unwrap_or(n);
        match self.written.range_mut(..=n).next_back() {
            Some((_, before)) if before.saturating_add(1) == n => *before = last,
            Some(_) | None => drop(self.written.insert(n, last)),
        }
        if self.written.len() > SPANS {
            self.written.pop_first();
        }
    }

    fn write(&mut self, n: u64, frame: &Held, out: &mut Vec<u8>) {
        self.remember(n);
        let (ours, theirs) = match self.next {
            Some(next) => next,
            None => self.open(frame.t_ns, out),
        };
        let length = u32::try_from(frame.octets.len()).unwrap_or(u32::MAX);
        let (flags, payload) = (PSH | ACK, frame.octets.as_slice());
        let (from, to, seq, ack) = if frame.sent {
            self.next = Some((ours.wrapping_add(length), theirs));
            (self.ours, self.theirs, ours, theirs)
        } else {
            self.next = Some((ours, theirs.wrapping_add(length)));
            (self.theirs, self.ours, theirs, ours)
        };
        Segment { from, to, seq, ack, flags, payload }.put(frame.t_ns, out);
    }

    /// The three packets that open it.
    fn open(&mut self, t_ns: i64, out: &mut Vec<u8>) -> (u32, u32) {
        let (ours, theirs, payload) = (self.ours, self.theirs, &[][..]);
        for (from, to, seq, ack, flags) in
            [(ours, theirs, 0, 0, SYN), (theirs, ours, 0, 1, SYN | ACK), (ours, theirs, 1, 1, ACK)]
        {
            Segment { from, to, seq, ack, flags, payload }.put(t_ns, out);
        }
        (1, 1)
    }
}
