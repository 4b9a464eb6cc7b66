//! The frames of a session as they went over the wire, kept while somebody needs them for a record.
//!
//! ```text
//!  no trace open ──▶ frames are counted
//!  one opened    ──▶ each is kept before it is parsed, or written ──▶ all closed: none is kept
//! ```
//!
//! Frames are numbered on their connection from 0, kept or not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use station_core::audit::{Frame, FrameDirection};
use station_wire::iec104::codec::START;

/// How many frames are kept before values that nobody asked for are left out.
const MOST: usize = 16_384;
/// The same in octets; of everything else but our own ASDUs twice as many are kept.
const MOST_OCTETS: usize = 1 << 20;

/// A frame that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapFrame {
    /// The number of its connection in this session.
    pub(super) connection: u64,
    /// Its number on its connection, from 0.
    pub n: u64,
    /// Which way it went.
    pub direction: FrameDirection,
    /// When, in nanoseconds since 1970-01-01 UTC.
    pub t_ns: i64,
    /// Its octets, from the start octet on.
    pub octets: Box<[u8]>,
}

impl TapFrame {
    /// As it stands in the audit trail.
    #[must_use]
    pub fn record(&self) -> Frame {
        let mut hex = String::with_capacity(self.octets.len() * 2);
        for octet in &self.octets {
            for digit in [octet >> 4, octet & 15] {
                hex.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        Frame { n: self.n, dir: self.direction, t_ns: self.t_ns, hex }
    }
}

/// A frame that came and is being taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'f> {
    /// The number of its connection.
    pub(super) connection: u64,
    /// Its number there.
    pub(super) n: u64,
    /// Its octets.
    pub(super) frame: &'f [u8],
}

impl Seen<'_> {
    /// Keeps it, whether or not a trace is open.
    pub(super) fn keep(self) -> TapFrame {
        let Self { connection, n, frame } = self;
        let direction = FrameDirection::Received;
        TapFrame { connection, n, direction, t_ns: wall_ns(), octets: frame.into() }
    }
}

/// The time of day, in nanoseconds since 1970-01-01 UTC.
pub(super) fn wall_ns() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Where the frames of a session pass by.
#[derive(Debug, Default)]
pub(super) struct Tap {
    open: AtomicUsize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Of each open trace, how many frames had been kept in all when it was opened.
    traces: Vec<u64>,
    frames: VecDeque<TapFrame>,
    /// How many octets they have.
    octets: usize,
    /// How many frames were kept before the first of `frames`.
    before: u64,
    /// How many were left out since the first of the traces that are open was opened.
    left_out: u64,
}

impl Kept {
    fn end(&self) -> u64 {
        self.before + u64::try_from(self.frames.len()).unwrap_or(u64::MAX)
    }
}

impl Tap {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // What is kept is whole after every statement.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a frame; `now` is asked for the time only if it is kept.
    pub(super) fn pass(
        &self,
        connection: u64,
        n: u64,
        direction: FrameDirection,
        octets: &[u8],
        now: impl FnOnce() -> i64,
    ) {
        if self.open.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut kept = self.kept();
        let times = match direction {
            _ if is_a_value(direction, octets) => 1,
            FrameDirection::Sent if octets.len() > 6 => usize::MAX,
            FrameDirection::Sent | FrameDirection::Received => 2,
        };
        if kept.frames.len() >= MOST.saturating_mul(times)
            || kept.octets >= MOST_OCTETS.saturating_mul(times)
        {
            kept.left_out += 1;
            return;
        }
        kept.octets += octets.len();
        let frame = TapFrame { connection, n, direction, t_ns: now(), octets: octets.into() };
        kept.frames.push_back(frame);
    }

    /// Keeps frames from now on.
    pub(super) fn trace(self: &Arc<Self>) -> Trace {
        let mut kept = self.kept();
        let (from, left_out) = (kept.end(), kept.left_out);
        kept.traces.push(from);
        self.open.store(kept.traces.len(), Ordering::Release);
        drop(kept);
        Trace { tap: Arc::clone(self), from, left_out }
    }
}

/// Whether it is a value the outstation sent: there may be thousands in the time of a command.
fn is_a_value(direction: FrameDirection, octets: &[u8]) -> bool {
    let value =
        matches!(octets, [START, _, c1, _, _, _, type_id, ..] if c1 & 1 == 0 && *type_id < 45);
    value && direction == FrameDirection::Received
}

/// While it exists, the frames of the session are kept.
#[derive(Debug)]
pub struct Trace {
    tap: Arc<Tap>,
    from: u64,
    /// How many frames had been left out before.
    left_out: u64,
}

impl Trace {
    /// The frames of a connection since it was opened, and how many of the session were left out,
    /// because there were too many values among them.
    pub(super) fn frames(&self, connection: u64) -> (Vec<TapFrame>, u64) {
        let kept = self.tap.kept();
        let skipped = usize::try_from(self.from - kept.before).unwrap_or(usize::MAX);
        let frames = kept.frames.iter().skip(skipped);
        let mine = frames.filter(|frame| frame.connection == connection);
        (mine.cloned().collect(), kept.left_out - self.left_out)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let mut kept = self.tap.kept();
        if let Some(place) = kept.traces.iter().position(|from| *from == self.from) {
            kept.traces.swap_remove(place);
        }
        let end = kept.end();
        let needed = kept.traces.iter().min().copied().unwrap_or(end);
        let unneeded = usize::try_from(needed - kept.before).unwrap_or(usize::MAX);
        let unneeded = unneeded.min(kept.frames.len());
        let freed: usize = kept.frames.drain(..unneeded).map(|frame| frame.octets.len()).sum();
        kept.octets = kept.octets.saturating_sub(freed);
        kept.before = needed;
        if kept.traces.is_empty() {
            kept.frames.shrink_to(64);
            kept.left_out = 0;
        }
        self.tap.open.store(kept.traces.len(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &[u8] = &[START, 14, 0, 0, 0, 0, 1, 1, 3, 0, 1, 0, 1, 0, 0, 0];
    const TESTFR: &[u8] = &[START, 4, 0x43, 0, 0, 0];

    fn pass(tap: &Tap, connection: u64, n: u64, octets: &[u8]) {
        tap.pass(connection, n, FrameDirection::Received, octets, || 7);
    }

    fn numbers(trace: &Trace, connection: u64) -> Vec<u64> {
        trace.frames(connection).0.iter().map(|frame| frame.n).collect()
    }

    #[test]
    fn frames_are_kept_while_a_trace_is_open_and_each_trace_has_its_own() {
        let tap = Arc::new(Tap::default());
        tap.pass(0, 0, FrameDirection::Sent, TESTFR, || unreachable!("nobody wants it"));
        let first = tap.trace();
        pass(&tap, 0, 1, TESTFR);
        let second = tap.trace();
        pass(&tap, 0, 2, VALUE);
        pass(&tap, 1, 0, VALUE);
        assert_eq!((numbers(&first, 0), numbers(&second, 0)), (vec![1, 2], vec![2]));
        drop(first);
        assert_eq!((numbers(&second, 0), numbers(&second, 1)), (vec![2], vec![0]));
        drop(second);
        assert_eq!(tap.kept().frames.len(), 0);
        tap.pass(0, 3, FrameDirection::Sent, TESTFR, || unreachable!("nobody wants it any more"));
    }

    #[test]
    fn too_many_values_are_left_out_and_nothing_else_is() {
        let tap = Arc::new(Tap::default());
        let trace = tap.trace();
        for n in 0..20_000 {
            pass(&tap, 0, n, VALUE);
        }
        pass(&tap, 0, 20_000, TESTFR);
        let (frames, left_out) = trace.frames(0);
        assert_eq!((frames.len(), left_out), (MOST + 1, 20_000 - MOST as u64));
        assert_eq!(frames.last().unwrap().n, 20_000);
    }

    #[test]
    fn a_flood_of_tests_fills_no_memory_and_what_we_command_is_kept() {
        let tap = Arc::new(Tap::default());
        let trace = tap.trace();
        for n in 0..100_000 {
            pass(&tap, 0, n, TESTFR);
            tap.pass(0, n, FrameDirection::Sent, TESTFR, || 7);
        }
        tap.pass(0, 100_000, FrameDirection::Sent, VALUE, || 7);
        let (frames, left_out) = trace.frames(0);
        assert_eq!((frames.len(), left_out), (2 * MOST + 1, 200_000 - 2 * MOST as u64));
        drop((frames, trace));
        assert_eq!(tap.kept().octets, 0);
        let long = [[START, 253, 0, 0, 0, 0].as_slice(), &[1; 249]].concat();
        let trace = tap.trace();
        for n in 0..10_000 {
            pass(&tap, 0, n, &long);
        }
        assert_eq!(trace.frames(0).0.len(), MOST_OCTETS.div_ceil(255));
    }

    #[test]
    fn a_record_shows_the_octets() {
        let tap = Arc::new(Tap::default());
        let trace = tap.trace();
        tap.pass(0, 4, FrameDirection::Sent, TESTFR, || -1);
        let record = trace.frames(0).0.first().unwrap().record();
        let shown =
            Frame { n: 4, dir: FrameDirection::Sent, t_ns: -1, hex: "680443000000".to_owned() };
        assert_eq!(record, shown);
    }
}
