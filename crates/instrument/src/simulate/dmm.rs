//! A multimeter: what it measures drifts slowly and is noisy, the less so the longer it looks.

use std::f64::consts::TAU;

use super::language::{Call, Complaint, Outcome, Range, Scale};
use super::machine::{Command, Conditions, Machine, both, command, query};
use super::reply::{INFINITY, NOT_A_NUMBER};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Voltage,
    VoltageAc,
    Current,
    CurrentAc,
    Resistance,
    FourWire,
    Frequency,
    Temperature,
}

/// How the functions are called in `FUNC "VOLT:DC"`.
const FUNCTIONS: [(&str, Function); 12] = [
    ("VOLT", Function::Voltage),
    ("VOLT:AC", Function::VoltageAc),
    ("CURR", Function::Current),
    ("CURR:AC", Function::CurrentAc),
    ("RES", Function::Resistance),
    ("FRES", Function::FourWire),
    ("FREQ", Function::Frequency),
    ("TEMP", Function::Temperature),
    ("VOLT:DC", Function::Voltage),
    ("VOLTAGE:DC", Function::Voltage),
    ("CURR:DC", Function::Current),
    ("CURRENT:DC", Function::Current),
];

impl Function {
    /// What is at the terminals, and by how much it drifts: volts, amperes, ohms, hertz, degrees.
    const fn usual(self) -> (f64, f64) {
        match self {
            Self::Voltage => (5.0, 1e-3),
            Self::VoltageAc => (1.0, 1e-3),
            Self::Current => (0.1, 1e-5),
            Self::CurrentAc => (0.01, 1e-5),
            Self::Resistance | Self::FourWire => (1000.0, 0.01),
            Self::Frequency => (1000.0, 0.01),
            Self::Temperature => (23.0, 0.2),
        }
    }

    /// The ranges it has: the smallest and the largest; each is ten times the one before.
    const fn ranges(self) -> Range {
        match self {
            Self::Voltage => Range::new(Scale::Volt, 0.1, 1000.0, 10.0),
            Self::VoltageAc => Range::new(Scale::Volt, 0.1, 750.0, 10.0),
            Self::Current | Self::CurrentAc => Range::new(Scale::Ampere, 1e-4, 3.0, 1.0),
            Self::Resistance | Self::FourWire => Range::new(Scale::Ohm, 100.0, 1e8, 1e3),
            Self::Frequency => Range::new(Scale::Hertz, 3.0, 3e5, 3e5),
            Self::Temperature => Range::new(Scale::Celsius, 100.0, 1000.0, 100.0),
        }
    }

    /// What the noise of one power line cycle is, as a part of the range.
    const fn noise(self) -> f64 {
        match self {
            Self::Voltage | Self::Resistance | Self::FourWire => 1e-6,
            Self::Current | Self::Frequency => 3e-6,
            Self::VoltageAc | Self::CurrentAc => 3e-5,
            Self::Temperature => 1e-4,
        }
    }

    fn place(self) -> usize {
        FUNCTIONS.iter().position(|(_, function)| *function == self).unwrap_or_default()
    }
}

const CYCLES: Range = Range::new(Scale::Bare, 0.02, 100.0, 10.0);

/// How one function is set up.
#[derive(Clone, Copy, Debug)]
struct Setup {
    range: f64,
    automatic: bool,
    cycles: f64,
    /// What is at the terminals; wiring, not a setting.
    input: f64,
}

/// What starts a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Immediate,
    Bus,
    External,
}

const SOURCES: [(&str, Source); 3] =
    [("IMMediate", Source::Immediate), ("BUS", Source::Bus), ("EXTernal", Source::External)];

/// The meter.
#[derive(Clone, Debug)]
pub(crate) struct Dmm {
    function: Function,
    setups: [Setup; 8],
    samples: u32,
    triggers: u32,
    source: Source,
    /// The latest readings; empty when nothing was measured yet.
    readings: Vec<f64>,
}

impl Default for Dmm {
    fn default() -> Self {
        let mut functions = FUNCTIONS.iter().map(|(_, function)| *function);
        let setups = [(); 8].map(|()| {
            let function = functions.next().unwrap_or(Function::Voltage);
            Setup {
                range: function.ranges().default,
                automatic: true,
                cycles: CYCLES.default,
                input: function.usual().0,
            }
        });
        Self {
            function: Function::Voltage,
            setups,
            samples: 1,
            triggers: 1,
            source: Source::Immediate,
            readings: Vec::new(),
        }
    }
}

/// The commands of one function: `MEAS:…?`, `CONF:…`, `…:RANG`, `…:RANG:AUTO`, `…:NPLC`, `…:RES`
/// and `SIM:INP:…`.
macro_rules! function {
    ($words:literal, $function:expr) => {
        [
            query(concat!(":MEASure[:SCALar]", $words), |dmm: &mut Dmm, call| {
                dmm.configure(call, $function)?;
                dmm.acquire(call);
                dmm.fetch(call)
            }),
            command(concat!(":CONFigure[:SCALar]", $words), |dmm: &mut Dmm, call| {
                dmm.configure(call, $function)
            }),
            both(concat!("[:SENSe]", $words, ":RANGe[:UPPer]"), |dmm: &mut Dmm, call| {
                dmm.range(call, $function)
            }),
            both(concat!("[:SENSe]", $words, ":RANGe:AUTO"), |dmm: &mut Dmm, call| {
                call.switch(&mut dmm.setup($function)?.automatic)
            }),
            both(concat!("[:SENSe]", $words, ":NPLCycles"), |dmm: &mut Dmm, call| {
                call.setting(&mut dmm.setup($function)?.cycles, &CYCLES)
            }),
            both(concat!(":SIMulate:INPut", $words), |dmm: &mut Dmm, call| {
                call.setting(&mut dmm.setup($function)?.input, &ANYTHING)
            }),
        ]
    };
}

const ANYTHING: Range = Range::new(Scale::Volt, -INFINITY, INFINITY, 0.0);

fn own() -> Vec<Command<Dmm>> {
    vec![
        query(":READ", |dmm, call| {
            call.end()?;
            dmm.acquire(call);
            dmm.fetch(call)
        }),
        query(":FETCh", |dmm, call| {
            call.end()?;
            dmm.fetch(call)
        }),
        command(":INITiate[:IMMediate]", |dmm, call| {
            call.end()?;
            dmm.acquire(call);
            Ok(())
        }),
        command(":ABORt", |_, call| call.end()),
        query(":CONFigure", Dmm::configuration),
        both("[:SENSe]:FUNCtion[:ON]", Dmm::function),
        both(":SAMPle:COUNt", |dmm, call| call.whole(&mut dmm.samples, 1, 10_000)),
        both(":TRIGger:COUNt", |dmm, call| call.whole(&mut dmm.triggers, 1, 100)),
        both(":TRIGger:SOURce", |dmm, call| call.choice(&mut dmm.source, &SOURCES)),
        query(":DATA:POINts", |dmm, call| {
            call.end()?;
            call.word(&dmm.readings.len().to_string());
            Ok(())
        }),
    ]
}

impl Machine for Dmm {
    fn commands() -> Vec<Command<Self>> {
        let mut commands = own();
        commands.extend(function!(":VOLTage[:DC]", Function::Voltage));
        commands.extend(function!(":VOLTage:AC", Function::VoltageAc));
        commands.extend(function!(":CURRent[:DC]", Function::Current));
        commands.extend(function!(":CURRent:AC", Function::CurrentAc));
        commands.extend(function!(":RESistance", Function::Resistance));
        commands.extend(function!(":FRESistance", Function::FourWire));
        commands.extend(function!(":FREQuency", Function::Frequency));
        commands.extend(function!(":TEMPerature", Function::Temperature));
        commands
    }

    fn keep_wiring(&mut self, before: &Self) {
        for (setup, before) in self.setups.iter_mut().zip(&before.setups) {
            setup.input = before.input;
        }
    }

    fn observe(&mut self, _now: f64) -> Conditions {
        Conditions::default()
    }

    fn trigger(&mut self, call: &mut Call<'_>) -> Outcome {
        if self.source != Source::Bus {
            return Err(Complaint::TRIGGER_IGNORED);
        }
        self.acquire(call);
        Ok(())
    }
}

impl Dmm {
    fn setup(&mut self, function: Function) -> Result<&mut Setup, Complaint> {
        self.setups.get_mut(function.place()).ok_or(Complaint::RANGE)
    }

    /// `MEAS:…? [RANGE[,RESOLUTION]]` and `CONF:…`: as SCPI-1999 volume 2, 3 has it.
    fn configure(&mut self, call: &mut Call<'_>, function: Function) -> Outcome {
        let range = match call.parameters.is_empty() {
            true => None,
            false => Some(call.take()?.to_vec()),
        };
        // The resolution is read and not kept: the power line cycles decide.
        if !call.parameters.is_empty() {
            Range::new(function.ranges().scale, 0.0, INFINITY, 0.0).read(call.take()?)?;
        }
        call.end()?;
        let setup = self.setup(function)?;
        match range.filter(|text| !text.eq_ignore_ascii_case(b"AUTO")) {
            None => setup.automatic = true,
            Some(text) => {
                setup.range = step(function, function.ranges().read(&text)?);
                setup.automatic = false;
            }
        }
        self.function = function;
        (self.samples, self.triggers) = (1, 1);
        self.readings.clear();
        Ok(())
    }

    fn range(&mut self, call: &mut Call<'_>, function: Function) -> Outcome {
        let setting = !call.query;
        let setup = self.setup(function)?;
        call.setting(&mut setup.range, &function.ranges())?;
        if setting {
            setup.range = step(function, setup.range);
            setup.automatic = false;
        }
        Ok(())
    }

    fn function(&mut self, call: &mut Call<'_>) -> Outcome {
        if call.query {
            call.end()?;
            let name = FUNCTIONS.get(self.function.place()).map_or("", |(name, _)| *name);
            call.quoted(name);
            return Ok(());
        }
        let wanted = call.take_word(&FUNCTIONS)?;
        call.end()?;
        if self.function != wanted {
            self.readings.clear();
        }
        self.function = wanted;
        Ok(())
    }

    fn configuration(&mut self, call: &mut Call<'_>) -> Outcome {
        call.end()?;
        let name = FUNCTIONS.get(self.function.place()).map_or("", |(name, _)| *name);
        let setup = self.setup(self.function)?;
        let mut told = Vec::new();
        super::reply::real(&mut told, setup.range);
        call.quoted(&format!("{name} {}", String::from_utf8_lossy(&told)));
        Ok(())
    }

    /// Measures as often as samples and triggers say.
    fn acquire(&mut self, call: &mut Call<'_>) {
        let count = self.samples.saturating_mul(self.triggers);
        self.readings = (0..count).map(|_| self.reading(call)).collect();
    }

    fn fetch(&mut self, call: &mut Call<'_>) -> Outcome {
        if self.readings.is_empty() {
            call.real(NOT_A_NUMBER);
        }
        self.readings.iter().for_each(|reading| call.real(*reading));
        Ok(())
    }

    fn reading(&mut self, call: &mut Call<'_>) -> f64 {
        let function = self.function;
        let Ok(setup) = self.setup(function) else { return NOT_A_NUMBER };
        let drift = function.usual().1 * (TAU * call.now / 60.0).sin();
        let exact = setup.input + drift;
        if setup.automatic {
            setup.range = step(function, exact.abs().min(function.ranges().max));
        }
        let noise = function.noise() * setup.range / setup.cycles.sqrt() * call.noise.normal();
        // Meters read up to a fifth beyond the range.
        if exact.abs() > setup.range * 1.2 { INFINITY.copysign(exact) } else { exact + noise }
    }
}

/// The smallest range of a function that holds a value.
fn step(function: Function, value: f64) -> f64 {
    let ranges = function.ranges();
    let mut range = ranges.min;
    while range < value && range < ranges.max {
        range = (range * 10.0).min(ranges.max);
    }
    range
}

#[cfg(test)]
mod tests {
    use crate::simulate::device::bench;

    use super::*;

    #[test]
    fn nothing_measured_is_not_a_number() {
        let mut dmm = bench::<Dmm>();
        assert_eq!(dmm.number("FETC?"), NOT_A_NUMBER);
        let read = dmm.number("READ?");
        assert!((read - 5.0).abs() < 0.002);
        assert_eq!(dmm.number("FETC?"), read);
        dmm.tell("CONF:RES");
        assert_eq!(dmm.number("FETC?"), NOT_A_NUMBER);
        assert!((dmm.number("READ?") - 1000.0).abs() < 0.1);
        assert_eq!(dmm.errors(), [0_i16; 0]);
    }

    #[test]
    fn measures_every_function() {
        let mut dmm = bench::<Dmm>();
        for (query, wanted, within) in [
            ("MEAS:VOLT?", 5.0, 0.01),
            ("MEAS:VOLT:DC? 10,0.001", 5.0, 0.01),
            ("MEAS:VOLT:AC?", 1.0, 0.01),
            ("MEAS:CURR:DC?", 0.1, 0.001),
            ("MEAS:CURR:AC?", 0.01, 0.001),
            ("MEAS:RES?", 1e3, 0.1),
            ("MEAS:FRES? AUTO", 1e3, 0.1),
            ("MEAS:FREQ?", 1e3, 5.0),
            ("MEAS:TEMP?", 23.0, 0.5),
        ] {
            let read = dmm.number(query);
            assert!((read - wanted).abs() < within, "{query} {read}");
        }
        dmm.tell("SIM:INP:VOLT 3.3;:FUNC \"VOLT:DC\"");
        assert!((dmm.number("READ?") - 3.3).abs() < 0.002);
        assert_eq!(dmm.ask("FUNC?"), "\"VOLT\"");
        assert_eq!(dmm.errors(), [0_i16; 0]);
    }

    #[test]
    fn a_longer_look_is_less_noisy_and_a_small_range_overloads() {
        let mut dmm = bench::<Dmm>();
        let mut spread = |cycles: &str| {
            dmm.tell(&format!("CONF:VOLT 10;:SENS:VOLT:NPLC {cycles};:SAMP:COUN 500"));
            let reply = dmm.ask("READ?");
            let readings: Vec<f64> = reply.split(',').map(|text| text.parse().unwrap()).collect();
            assert_eq!(readings.len(), 500);
            let mean = readings.iter().sum::<f64>() / 500.0;
            readings.iter().map(|reading| (reading - mean).powi(2)).sum::<f64>()
        };
        assert!(spread("0.02") > 100.0 * spread("100"));
        dmm.tell("CONF:VOLT 0.1");
        assert_eq!(dmm.number("READ?"), INFINITY);
        dmm.tell("TRIG:SOUR BUS;*TRG");
        assert_eq!(dmm.number("FETC?"), INFINITY);
        dmm.tell("TRIG:SOUR IMM;*TRG;:CONF:VOLT 5000");
        assert_eq!(dmm.errors(), [-211, -222]);
    }
}
