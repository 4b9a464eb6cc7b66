//! An oscilloscope of four channels, spoken to as Rigol's DS1000Z is.
//!
//! ```text
//!   RUN ──▶ running: a new record again and again ──▶ STOP
//!   SING ─▶ armed ── trigger found or forced, record full ──▶ stopped: the record stays as it is
//! ```

mod signal;
#[cfg(test)]
mod tests;
mod trigger;
mod wave;

use signal::{ITEMS, Signal, WIRED};
use trigger::{Acquiring, Slope, Sweep, Trigger};
use wave::Wave;

use super::language::{Call, Complaint, Outcome, Range, Scale, integer};
use super::machine::{Command, Conditions, Machine, both, command, query};
use super::reply::INFINITY;
use super::rounding::nearest;

const CHANNELS: u32 = 4;
/// Divisions of the screen, across.
const DIVISIONS: f64 = 12.0;
/// The fastest it samples, in samples a second.
const FASTEST: f64 = 1e9;
/// The deepest memory: its WORD data still fit into a block of 64 MiB.
const DEEPEST: u32 = 30_000_000;

const VERTICAL: Range = Range::new(Scale::Volt, 1e-3, 10.0, 1.0);
const OFFSET: Range = Range::new(Scale::Volt, -100.0, 100.0, 0.0);
const PROBE: Range = Range::new(Scale::Bare, 0.01, 1000.0, 1.0);
const TIMEBASE: Range = Range::new(Scale::Second, 5e-9, 50.0, 1e-3);
const DELAY: Range = Range::new(Scale::Second, -5000.0, 5000.0, 0.0);

/// How an input is coupled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coupling {
    Direct,
    Alternating,
    Ground,
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    shown: bool,
    scale: f64,
    offset: f64,
    coupling: Coupling,
    probe: f64,
    inverted: bool,
    limited: bool,
}

/// The oscilloscope.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    channels: [Channel; 4],
    timebase: f64,
    delay: f64,
    /// Samples in the memory; none: as many as fit the time.
    depth: Option<u32>,
    kind: Kind,
    averages: u32,
    trigger: Trigger,
    acquiring: Acquiring,
    wave: Wave,
    measured: usize,
}

/// How records are made of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Normal,
    Averages,
    Peak,
    HighResolution,
}

const KINDS: [(&str, Kind); 4] = [
    ("NORMal", Kind::Normal),
    ("AVERages", Kind::Averages),
    ("PEAK", Kind::Peak),
    ("HRESolution", Kind::HighResolution),
];

impl Default for Scope {
    fn default() -> Self {
        let channel = Channel {
            shown: false,
            scale: VERTICAL.default,
            offset: 0.0,
            coupling: Coupling::Direct,
            probe: 1.0,
            inverted: false,
            limited: false,
        };
        let channels = [Channel { shown: true, ..channel }, channel, channel, channel];
        Self {
            channels,
            timebase: TIMEBASE.default,
            delay: 0.0,
            depth: None,
            kind: Kind::Normal,
            averages: 2,
            trigger: Trigger::default(),
            acquiring: Acquiring::Running,
            wave: Wave::default(),
            measured: 0,
        }
    }
}

impl Machine for Scope {
    fn commands() -> Vec<Command<Self>> {
        let mut commands = front_panel();
        commands.extend(trigger::commands());
        commands.extend(wave::commands());
        commands
    }

    fn keep_wiring(&mut self, _before: &Self) {}

    fn observe(&mut self, now: f64) -> Conditions {
        self.advance(now);
        // Bit 5 of the operation register: it waits for a trigger; bit 3: it sweeps.
        let operation = match self.acquiring {
            Acquiring::Stopped { .. } => 0,
            Acquiring::Armed { .. } => 1 << 5,
            Acquiring::Running => 1 << 3,
        };
        Conditions { operation, questionable: 0 }
    }
}

fn front_panel() -> Vec<Command<Scope>> {
    vec![
        both(":CHANnel#:DISPlay", |scope, call| call_switch(scope, call, |c| &mut c.shown)),
        both(":CHANnel#:SCALe", |scope, call| {
            call.setting(&mut scope.channel(call)?.scale, &VERTICAL)
        }),
        both(":CHANnel#:OFFSet", |scope, call| {
            call.setting(&mut scope.channel(call)?.offset, &OFFSET)
        }),
        both(":CHANnel#:COUPling", |scope, call| {
            let words = [
                ("DC", Coupling::Direct),
                ("AC", Coupling::Alternating),
                ("GND", Coupling::Ground),
            ];
            call.choice(&mut scope.channel(call)?.coupling, &words)
        }),
        both(":CHANnel#:PROBe", |scope, call| {
            call.setting(&mut scope.channel(call)?.probe, &PROBE)
        }),
        both(":CHANnel#:INVert", |scope, call| call_switch(scope, call, |c| &mut c.inverted)),
        both(":CHANnel#:BWLimit", |scope, call| {
            let words = [("OFF", false), ("20M", true)];
            call.choice(&mut scope.channel(call)?.limited, &words)
        }),
        both(":TIMebase[:MAIN]:SCALe", |scope, call| call.setting(&mut scope.timebase, &TIMEBASE)),
        both(":TIMebase[:MAIN]:OFFSet", |scope, call| call.setting(&mut scope.delay, &DELAY)),
        both(":TIMebase:MODE", |_, call| call.choice(&mut (), &[("MAIN", ())])),
        query(":ACQuire:SRATe", |scope, call| {
            call.end()?;
            call.real(scope.rate());
            Ok(())
        }),
        both(":ACQuire:MDEPth", Scope::memory),
        both(":ACQuire:TYPE", |scope, call| call.choice(&mut scope.kind, &KINDS)),
        both(":ACQuire:AVERages", |scope, call| call.whole(&mut scope.averages, 2, 1024)),
        command(":AUToscale", Scope::autoscale),
        both(":MEASure:SOURce", |scope, call| {
            let mut source = scope.measured;
            source_setting(&mut source, call)?;
            scope.measured = source;
            Ok(())
        }),
        both(":MEASure:ITEM", |scope, call| {
            let item = call.take_word(&ITEMS)?;
            scope.measure(item, call)
        }),
        query(":MEASure:VPP", |scope, call| scope.measure(signal::Item::PeakToPeak, call)),
        query(":MEASure:VMAX", |scope, call| scope.measure(signal::Item::Maximum, call)),
        query(":MEASure:VMIN", |scope, call| scope.measure(signal::Item::Minimum, call)),
        query(":MEASure:VRMS", |scope, call| scope.measure(signal::Item::Rms, call)),
        query(":MEASure:VAVerage", |scope, call| scope.measure(signal::Item::Average, call)),
        query(":MEASure:FREQuency", |scope, call| scope.measure(signal::Item::Frequency, call)),
        query(":MEASure:PERiod", |scope, call| scope.measure(signal::Item::Period, call)),
    ]
}

fn call_switch(
    scope: &mut Scope,
    call: &mut Call<'_>,
    field: fn(&mut Channel) -> &mut bool,
) -> Outcome {
    call.switch(field(scope.channel(call)?))
}

/// A channel by its word, `CHANnel2`: sets it, or answers it.
fn source_setting(source: &mut usize, call: &mut Call<'_>) -> Outcome {
    if call.query {
        call.end()?;
        call.word(&format!("CHAN{}", *source + 1));
        return Ok(());
    }
    let wanted = take_source(call)?;
    call.end()?;
    *source = wanted;
    Ok(())
}

/// The next parameter as a channel.
fn take_source(call: &mut Call<'_>) -> Result<usize, Complaint> {
    let word = call.take()?;
    let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (name, number) = word.split_at_checked(word.len() - digits).unwrap_or_default();
    let known = [b"CHAN".as_slice(), b"CHANNEL", b"CH"];
    if !known.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return Err(Complaint::ILLEGAL_VALUE);
    }
    let number = integer(number, 1, CHANNELS).map_err(|_| Complaint::ILLEGAL_VALUE)?;
    usize::try_from(number - 1).map_err(|_| Complaint::RANGE)
}

impl Scope {
    fn channel(&mut self, call: &Call<'_>) -> Result<&mut Channel, Complaint> {
        let place = call.suffix(0, CHANNELS)?;
        self.channels.get_mut(place).ok_or(Complaint::HEADER_SUFFIX)
    }

    /// The seconds across the screen.
    fn window(&self) -> f64 {
        DIVISIONS * self.timebase
    }

    /// How many samples a record has.
    fn points(&self) -> u32 {
        self.depth.unwrap_or_else(|| {
            let fill = nearest(self.window() * FASTEST).clamp(600, 12_000_000);
            u32::try_from(fill).unwrap_or(DEEPEST)
        })
    }

    /// The sample rate, in samples a second.
    fn rate(&self) -> f64 {
        (f64::from(self.points()) / self.window()).min(FASTEST)
    }

    /// `ACQ:MDEP AUTO` or a number of samples.
    fn memory(&mut self, call: &mut Call<'_>) -> Outcome {
        if call.query {
            call.end()?;
            let told = self.depth.map_or_else(|| "AUTO".to_owned(), |depth| depth.to_string());
            call.word(&told);
            return Ok(());
        }
        let word = call.take()?;
        let automatic = word.eq_ignore_ascii_case(b"AUTO");
        let depth = if automatic { None } else { Some(integer(word, 100, DEEPEST)?) };
        call.end()?;
        self.depth = depth;
        Ok(())
    }

    /// What is seen of the signal at a channel.
    fn signal(&self, place: usize) -> Option<(Channel, Signal)> {
        let channel = *self.channels.get(place)?;
        let mut signal = *WIRED.get(place)?;
        match channel.coupling {
            Coupling::Direct => {}
            Coupling::Alternating => signal.offset = 0.0,
            Coupling::Ground => (signal.peak, signal.offset) = (0.0, 0.0),
        }
        if channel.inverted {
            signal.offset = -signal.offset;
        }
        Some((channel, signal))
    }

    /// Shows what has a signal, three periods of the slowest, each over six of eight divisions.
    fn autoscale(&mut self, call: &mut Call<'_>) -> Outcome {
        call.end()?;
        for (channel, signal) in self.channels.iter_mut().zip(&WIRED) {
            channel.shown = signal.peak > 0.0;
            channel.coupling = Coupling::Direct;
            channel.offset = -signal.offset;
            channel.scale = (signal.peak / 3.0).clamp(VERTICAL.min, VERTICAL.max);
        }
        let slowest = WIRED
            .iter()
            .filter(|signal| signal.frequency > 0.0)
            .fold(f64::INFINITY, |slowest, signal| slowest.min(signal.frequency));
        self.timebase = (3.0 / slowest / DIVISIONS).clamp(TIMEBASE.min, TIMEBASE.max);
        self.delay = 0.0;
        self.trigger =
            Trigger { sweep: Sweep::Automatic, slope: Slope::Rising, ..Trigger::default() };
        self.acquiring = Acquiring::Running;
        Ok(())
    }

    /// `MEAS:ITEM? ITEM[,CHANn]`; the command form only says what is shown on the screen.
    fn measure(&mut self, item: signal::Item, call: &mut Call<'_>) -> Outcome {
        let place = if call.parameters.is_empty() { self.measured } else { take_source(call)? };
        call.end()?;
        if !call.query {
            return Ok(());
        }
        let (channel, signal) = self.signal(place).ok_or(Complaint::RANGE)?;
        let exact = signal.measure(item, self.window());
        let told = match channel.shown {
            false => INFINITY,
            true if exact == INFINITY => INFINITY,
            true => exact + 1e-4 * exact.abs().min(1.0) * call.noise.normal(),
        };
        call.real(told);
        Ok(())
    }
}
