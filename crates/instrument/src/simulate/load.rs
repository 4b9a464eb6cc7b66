//! An electronic load on a source of 12 V behind 0.1 Ω.
//!
//! ```text
//!  source E, Ri ──▶ CURR: I = set     VOLT: I = (E - set)/Ri     RES: I = E/(Ri + set)
//!                   POW: the smaller I with I·(E - I·Ri) = set
//! ```
//! Never more than the source's short-circuit current, E/Ri, nor than the load's own limits.

use super::language::{Call, Outcome, Range, Scale};
use super::machine::{Command, Conditions, Machine, both, query};

/// Bit of the questionable register: it cannot draw what is set.
const UNREGULATED: u16 = 1 << 0;

const CURRENT: Range = Range::new(Scale::Ampere, 0.0, 30.0, 0.0);
const VOLTAGE: Range = Range::new(Scale::Volt, 0.0, 150.0, 150.0);
const RESISTANCE: Range = Range::new(Scale::Ohm, 0.05, 15000.0, 15000.0);
const POWER: Range = Range::new(Scale::Watt, 0.0, 300.0, 0.0);
const SOURCE: Range = Range::new(Scale::Volt, 0.0, 150.0, 12.0);
const INNER: Range = Range::new(Scale::Ohm, 0.001, 1000.0, 0.1);
const SLEW: Range = Range::new(Scale::Bare, 0.001, 2.5, 2.5);

/// What the load holds constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Current,
    Voltage,
    Resistance,
    Power,
}

const MODES: [(&str, Mode); 12] = [
    ("CURRent", Mode::Current),
    ("VOLTage", Mode::Voltage),
    ("RESistance", Mode::Resistance),
    ("POWer", Mode::Power),
    ("CC", Mode::Current),
    ("CV", Mode::Voltage),
    ("CR", Mode::Resistance),
    ("CP", Mode::Power),
    ("CW", Mode::Power),
    ("CURR:DC", Mode::Current),
    ("VOLT:DC", Mode::Voltage),
    ("RES:DC", Mode::Resistance),
];

/// The load.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    mode: Mode,
    current: f64,
    voltage: f64,
    resistance: f64,
    power: f64,
    slew: f64,
    on: bool,
    short: bool,
    /// The source, in volts and ohms; wiring, not settings.
    source: f64,
    inner: f64,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            mode: Mode::Current,
            current: CURRENT.default,
            voltage: VOLTAGE.default,
            resistance: RESISTANCE.default,
            power: POWER.default,
            slew: SLEW.default,
            on: false,
            short: false,
            source: SOURCE.default,
            inner: INNER.default,
        }
    }
}

impl Machine for Load {
    fn commands() -> Vec<Command<Self>> {
        vec![
            both("[:SOURce]:FUNCtion[:MODE]", Self::mode),
            both("[:SOURce]:MODE", Self::mode),
            both("[:SOURce]:CURRent[:LEVel][:IMMediate][:AMPLitude]", |load, call| {
                call.setting(&mut load.current, &CURRENT)
            }),
            both("[:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]", |load, call| {
                call.setting(&mut load.voltage, &VOLTAGE)
            }),
            both("[:SOURce]:RESistance[:LEVel][:IMMediate][:AMPLitude]", |load, call| {
                call.setting(&mut load.resistance, &RESISTANCE)
            }),
            both("[:SOURce]:POWer[:LEVel][:IMMediate][:AMPLitude]", |load, call| {
                call.setting(&mut load.power, &POWER)
            }),
            both("[:SOURce]:CURRent:SLEW[:BOTH]", |load, call| call.setting(&mut load.slew, &SLEW)),
            both("[:SOURce]:INPut[:STATe]", |load, call| call.switch(&mut load.on)),
            both("[:SOURce]:INPut:SHORt[:STATe]", |load, call| call.switch(&mut load.short)),
            query(":MEASure[:SCALar]:VOLTage[:DC]", |load, call| load.measure(call, |v, _| v)),
            query(":MEASure[:SCALar]:CURRent[:DC]", |load, call| load.measure(call, |_, i| i)),
            query(":MEASure[:SCALar]:POWer[:DC]", |load, call| load.measure(call, |v, i| v * i)),
            query(":MEASure[:SCALar]:RESistance[:DC]", |load, call| {
                load.measure(
                    call,
                    |v, i| if i.abs() < 1e-3 { super::reply::INFINITY } else { v / i },
                )
            }),
            query(":FETCh[:SCALar]:VOLTage[:DC]", |load, call| load.measure(call, |v, _| v)),
            query(":FETCh[:SCALar]:CURRent[:DC]", |load, call| load.measure(call, |_, i| i)),
            query(":FETCh[:SCALar]:POWer[:DC]", |load, call| load.measure(call, |v, i| v * i)),
            both(":SIMulate:SOURce", |load, call| call.setting(&mut load.source, &SOURCE)),
            both(":SIMulate:RESistance", |load, call| call.setting(&mut load.inner, &INNER)),
        ]
    }

    fn keep_wiring(&mut self, before: &Self) {
        (self.source, self.inner) = (before.source, before.inner);
    }

    fn observe(&mut self, _now: f64) -> Conditions {
        let short = self.on && !self.short && self.drawn().1;
        Conditions { operation: 0, questionable: if short { UNREGULATED } else { 0 } }
    }
}

impl Load {
    fn mode(&mut self, call: &mut Call<'_>) -> Outcome {
        call.choice(&mut self.mode, &MODES)
    }

    /// The current, and whether the source gives less than was set.
    fn drawn(&self) -> (f64, bool) {
        let (source, inner) = (self.source, self.inner);
        let limit = (source / inner).min(CURRENT.max);
        let wanted = match self.mode {
            _ if self.short => limit,
            Mode::Current => self.current,
            Mode::Voltage => ((source - self.voltage) / inner).max(0.0),
            Mode::Resistance => source / (inner + self.resistance),
            Mode::Power => {
                let root = source * source - 4.0 * inner * self.power;
                if root < 0.0 { f64::INFINITY } else { (source - root.sqrt()) / (2.0 * inner) }
            }
        };
        (wanted.min(limit), wanted > limit)
    }

    fn measure(&mut self, call: &mut Call<'_>, value: fn(f64, f64) -> f64) -> Outcome {
        call.end()?;
        let current = if self.on { self.drawn().0 } else { 0.0 };
        let voltage = self.source - current * self.inner + 5e-4 * call.noise.normal();
        // Nothing flows into an input that is off but for the meter's noise.
        let current = current + 1e-4 * call.noise.normal();
        call.real(value(voltage, current));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::simulate::device::bench;

    use super::*;

    #[test]
    fn holds_what_its_mode_says() {
        let mut load = bench::<Load>();
        let mut read = |setting: &str, query: &str, wanted: f64| {
            load.tell(setting);
            let value = load.number(query);
            assert!((value - wanted).abs() < 0.02, "{setting} {query} {value}");
            assert_eq!(load.errors(), [0_i16; 0], "{setting}");
        };
        read("CURR 2", "MEAS:CURR?", 0.0);
        read("INP ON", "MEAS:CURR?", 2.0);
        read("FUNC CURR", "MEAS:VOLT?", 11.8);
        read("FUNC VOLT;:VOLT 11", "MEAS:CURR?", 10.0);
        read("FUNC RES;:RES 11.9", "MEAS:CURR?", 1.0);
        read("MODE POW;:POW 50", "MEAS:POW?", 50.0);
        read("INP:SHOR ON", "MEAS:CURR?", 30.0);
        read("*RST", "MEAS:VOLT?", 12.0);
    }

    #[test]
    fn says_when_the_source_gives_less() {
        let mut load = bench::<Load>();
        load.tell("SIM:SOUR 2;RES 1;:CURR 5;:INP ON");
        assert_eq!(load.ask("STAT:QUES:COND?;:FUNC?;:INP?"), "1;CURR;1");
        assert!((load.number("MEAS:CURR?") - 2.0).abs() < 0.001);
        load.tell("FUNC SIDEWAYS;:CURR 31");
        assert_eq!(load.errors(), [-224, -222]);
    }
}
