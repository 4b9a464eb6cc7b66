//! Reads records out: the WAVeform subsystem of the DS1000Z.
//!
//! Volts of a sample: (byte - YORigin - YREFerence) × YINCrement.

use std::sync::Arc;

use super::super::language::{Call, Complaint, Outcome, integer};
use super::super::machine::{Command, both, query};
use super::super::noise::mix;
use super::super::reply;
use super::super::rounding::{float, nearest};
use super::trigger::Acquiring;
use super::{Scope, source_setting};

/// Samples on the screen.
const SCREEN: u32 = 1200;
/// What YREFerence always is, and the steps of a division.
const MIDDLE: i64 = 127;
const STEPS: f64 = 25.0;
/// The longest block that is kept to be read again.
const KEPT: usize = 32 << 20;

/// What is read, and how.
#[derive(Clone, Debug)]
pub(super) struct Wave {
    source: usize,
    mode: Mode,
    format: Format,
    start: u32,
    stop: u32,
    /// The block that was read last, while the record stays the same.
    kept: Option<Arc<(Key, Vec<u8>)>>,
}

/// Of what: the screen, or the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Normal,
    Maximum,
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Byte,
    Word,
    Ascii,
}

impl Default for Wave {
    fn default() -> Self {
        Self {
            source: 0,
            mode: Mode::Normal,
            format: Format::Byte,
            start: 1,
            stop: SCREEN,
            kept: None,
        }
    }
}

/// All that a block depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    source: usize,
    format: Format,
    record: u64,
    first: u32,
    count: u32,
    axes: Axes,
    offset_of_signal: f64,
    peak_of_signal: f64,
}

/// What the numbers of a block mean.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axes {
    /// Samples there are.
    points: u32,
    interval: f64,
    origin: f64,
    step: f64,
    zero: i64,
    memory: bool,
}

impl Axes {
    /// The level of 0 V, in steps.
    fn middle(&self) -> f64 {
        let level = self.zero + MIDDLE;
        let size = float(level.unsigned_abs());
        if level < 0 { -size } else { size }
    }
}

/// The WAVeform subsystem.
pub(super) fn commands() -> Vec<Command<Scope>> {
    vec![
        both(":WAVeform:SOURce", |scope, call| source_setting(&mut scope.wave.source, call)),
        both(":WAVeform:MODE", |scope, call| {
            let words = [("NORMal", Mode::Normal), ("MAXimum", Mode::Maximum), ("RAW", Mode::Raw)];
            call.choice(&mut scope.wave.mode, &words)
        }),
        both(":WAVeform:FORMat", |scope, call| {
            let words = [("BYTE", Format::Byte), ("WORD", Format::Word), ("ASCii", Format::Ascii)];
            call.choice(&mut scope.wave.format, &words)
        }),
        both(":WAVeform:STARt", |scope, call| call.whole(&mut scope.wave.start, 1, super::DEEPEST)),
        both(":WAVeform:STOP", |scope, call| call.whole(&mut scope.wave.stop, 1, super::DEEPEST)),
        both(":WAVeform:POINts", Scope::wave_points),
        query(":WAVeform:PREamble", Scope::preamble),
        query(":WAVeform:DATA", Scope::wave_data),
        query(":WAVeform:XINCrement", |scope, call| scope.axis(call, |axes| axes.interval)),
        query(":WAVeform:XORigin", |scope, call| scope.axis(call, |axes| axes.origin)),
        query(":WAVeform:XREFerence", |scope, call| scope.axis(call, |_| 0.0)),
        query(":WAVeform:YINCrement", |scope, call| scope.axis(call, |axes| axes.step)),
        query(":WAVeform:YORigin", |scope, call| {
            let axes = scope.axes(call.now)?;
            call.end()?;
            call.word(&axes.zero.to_string());
            Ok(())
        }),
        query(":WAVeform:YREFerence", |_, call| {
            call.end()?;
            call.word(&MIDDLE.to_string());
            Ok(())
        }),
    ]
}

impl Scope {
    fn axes(&self, now: f64) -> Result<Axes, Complaint> {
        let channel = self.channels.get(self.wave.source).ok_or(Complaint::RANGE)?;
        let stopped = matches!(self.acquiring, Acquiring::Stopped { .. });
        let memory = match self.wave.mode {
            Mode::Normal => false,
            Mode::Maximum => stopped,
            Mode::Raw => true,
        };
        let record = self.record(now);
        let (points, interval) = match memory {
            true => (record.points, record.interval),
            false => (SCREEN, self.window() / f64::from(SCREEN)),
        };
        let step = channel.scale / STEPS;
        Ok(Axes {
            points,
            interval,
            origin: self.delay - f64::from(points) * interval / 2.0,
            step,
            zero: nearest(channel.offset / step),
            memory,
        })
    }

    fn axis(&mut self, call: &mut Call<'_>, value: fn(Axes) -> f64) -> Outcome {
        call.end()?;
        call.real(value(self.axes(call.now)?));
        Ok(())
    }

    /// `WAV:POIN N`: the first N; `WAV:POIN?`: how many are read.
    fn wave_points(&mut self, call: &mut Call<'_>) -> Outcome {
        if call.query {
            call.end()?;
            let axes = self.axes(call.now)?;
            call.word(&self.wave.stretch(axes)?.1.to_string());
            return Ok(());
        }
        let count = integer(call.take()?, 1, super::DEEPEST)?;
        call.end()?;
        (self.wave.start, self.wave.stop) = (1, count);
        Ok(())
    }

    /// Format, type, points, count, X increment, origin, reference, Y increment, origin, reference.
    fn preamble(&mut self, call: &mut Call<'_>) -> Outcome {
        call.end()?;
        let axes = self.axes(call.now)?;
        let format = match self.wave.format {
            Format::Byte => "0",
            Format::Word => "1",
            Format::Ascii => "2",
        };
        call.word(format);
        call.word(if axes.memory { "2" } else { "0" });
        call.word(&axes.points.to_string());
        call.word(
            &(if self.kind == super::Kind::Averages { self.averages } else { 1 }).to_string(),
        );
        call.real(axes.interval);
        call.real(axes.origin);
        call.word("0");
        call.real(axes.step);
        call.word(&axes.zero.to_string());
        call.word(&MIDDLE.to_string());
        Ok(())
    }

    fn wave_data(&mut self, call: &mut Call<'_>) -> Outcome {
        call.end()?;
        let (channel, signal) = self.signal(self.wave.source).ok_or(Complaint::RANGE)?;
        let axes = self.axes(call.now)?;
        let stopped = matches!(self.acquiring, Acquiring::Stopped { .. });
        // A channel that is off has no record, and the memory is read only when it stands still.
        if !channel.shown || (self.wave.mode == Mode::Raw && !stopped) {
            return Err(Complaint::CONFLICT);
        }
        let (first, count) = self.wave.stretch(axes)?;
        let key = Key {
            source: self.wave.source,
            format: self.wave.format,
            record: self.record(call.now).number,
            first,
            count,
            axes,
            offset_of_signal: signal.offset,
            peak_of_signal: if channel.inverted { -signal.peak } else { signal.peak },
        };
        if let Some(kept) = self.wave.kept.as_ref().filter(|kept| kept.0 == key) {
            // Room for the terminator too.
            call.reply.reserve_exact(kept.1.len() + 2);
            call.reply.extend_from_slice(&kept.1);
            return Ok(());
        }
        let inverted = super::Signal { peak: key.peak_of_signal, ..signal };
        let begin = call.reply.len();
        block(&key, &inverted, call.reply);
        let block = call.reply.get(begin..).unwrap_or_default();
        let keep = stopped && block.len() <= KEPT;
        self.wave.kept = keep.then(|| Arc::new((key, block.to_vec())));
        Ok(())
    }
}

impl Wave {
    /// The first sample, from 0, and how many are read.
    fn stretch(&self, axes: Axes) -> Result<(u32, u32), Complaint> {
        let first = self.start - 1;
        let last = self.stop.min(axes.points);
        last.checked_sub(first)
            .filter(|count| *count > 0)
            .map(|count| (first, count))
            .ok_or(Complaint::CONFLICT)
    }
}

/// Writes the block of a record.
fn block(key: &Key, signal: &super::Signal, reply: &mut Vec<u8>) {
    let count = usize::try_from(key.count).unwrap_or_default();
    match key.format {
        Format::Byte => {
            reply.reserve_exact(count + 13);
            reply::block_header(reply, count);
            samples(key, signal, |byte| reply.push(byte));
        }
        Format::Word => {
            reply.reserve_exact(2 * count + 13);
            reply::block_header(reply, 2 * count);
            samples(key, signal, |byte| reply.extend_from_slice(&[byte, 0]));
        }
        Format::Ascii => {
            let mut text = Vec::with_capacity(count * 14);
            samples(key, signal, |byte| {
                if !text.is_empty() {
                    text.push(b',');
                }
                let steps = f64::from(byte) - key.axes.middle();
                reply::real(&mut text, steps * key.axes.step);
            });
            reply.reserve_exact(text.len() + 13);
            reply::block_header(reply, text.len());
            reply.extend_from_slice(&text);
        }
    }
}

/// The bytes of a record's stretch, made quickly: the period comes from a table of 4096 places in
/// 1/256 of a step, and eight samples share 64 bits of noise.
fn samples(key: &Key, signal: &super::Signal, mut sink: impl FnMut(u8)) {
    const PLACES: u32 = 4096;
    let axes = &key.axes;
    let middle = axes.middle();
    let table: Vec<i32> = (0..PLACES)
        .map(|place| {
            let volts = signal.at(f64::from(place) / f64::from(PLACES));
            let level = volts / axes.step + middle;
            // Far out of the screen is as good as at its edge.
            i32::try_from(nearest(level.clamp(-64.0, 320.0) * 256.0)).unwrap_or_default()
        })
        .collect();
    // The place in the period in 2^-32 parts; it wraps as the period does.
    let part = |periods: f64| {
        u32::try_from(nearest(periods.rem_euclid(1.0) * 4_294_967_296.0)).unwrap_or(0)
    };
    let begin = axes.origin + f64::from(key.first) * axes.interval;
    let mut phase = part(begin * signal.frequency);
    let step = part(axes.interval * signal.frequency);
    let seed =
        mix(key.record.wrapping_mul(8).wrapping_add(u64::try_from(key.source).unwrap_or_default()));
    let first = u64::from(key.first);
    let mut noise = mix(seed ^ (first / 8)) >> (8 * (first % 8));
    for index in first..first + u64::from(key.count) {
        if index % 8 == 0 {
            noise = mix(seed ^ (index / 8));
        }
        let [low, ..] = noise.to_le_bytes();
        noise >>= 8;
        let place = usize::try_from(phase >> 20).unwrap_or_default();
        let level = table.get(place).copied().unwrap_or_default() + i32::from(low);
        sink(u8::try_from((level >> 8).clamp(0, 255)).unwrap_or(255));
        phase = phase.wrapping_add(step);
    }
}
