//! A function generator of two channels.

use super::language::{Call, Complaint, Outcome, Range, Scale};
use super::machine::{Command, Conditions, Machine, both, command, query};
use super::reply::INFINITY;

const CHANNELS: u32 = 2;

/// The shape of the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Sine,
    Square,
    Ramp,
    Pulse,
    Noise,
    Direct,
    Arbitrary,
}

const SHAPES: [(&str, Shape); 8] = [
    ("SINusoid", Shape::Sine),
    ("SQUare", Shape::Square),
    ("RAMP", Shape::Ramp),
    ("PULSe", Shape::Pulse),
    ("NOISe", Shape::Noise),
    ("DC", Shape::Direct),
    ("ARB", Shape::Arbitrary),
    ("USER", Shape::Arbitrary),
];

/// The generator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generator {
    channels: [Channel; 2],
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    shape: Shape,
    frequency: f64,
    /// Volts from peak to peak.
    amplitude: f64,
    offset: f64,
    phase: f64,
    duty: f64,
    symmetry: f64,
    on: bool,
    /// What it is told to drive, in ohms.
    load: f64,
}

const FREQUENCY: Range = Range::new(Scale::Hertz, 1e-6, 60e6, 1e3);
const AMPLITUDE: Range = Range::new(Scale::Volt, 2e-3, 20.0, 5.0);
const OFFSET: Range = Range::new(Scale::Volt, -10.0, 10.0, 0.0);
const PHASE: Range = Range::new(Scale::Degree, 0.0, 360.0, 0.0);
const DUTY: Range = Range::new(Scale::Percent, 1.0, 99.0, 50.0);
const SYMMETRY: Range = Range::new(Scale::Percent, 0.0, 100.0, 50.0);
const LOAD: Range = Range::new(Scale::Ohm, 1.0, 10e3, 50.0);

impl Default for Channel {
    fn default() -> Self {
        Self {
            shape: Shape::Sine,
            frequency: FREQUENCY.default,
            amplitude: AMPLITUDE.default,
            offset: OFFSET.default,
            phase: PHASE.default,
            duty: DUTY.default,
            symmetry: SYMMETRY.default,
            on: false,
            load: INFINITY,
        }
    }
}

impl Channel {
    /// What it cannot do: a sine of more than 60 MHz is refused by the range, other shapes earlier;
    /// peak and offset together stay within 10 V.
    fn check(&self) -> Outcome {
        let fastest = match self.shape {
            Shape::Sine | Shape::Noise | Shape::Direct => 60e6,
            Shape::Square | Shape::Pulse | Shape::Arbitrary => 25e6,
            Shape::Ramp => 1e6,
        };
        let peak = self.amplitude / 2.0 + self.offset.abs();
        let fits = self.frequency <= fastest && peak <= 10.0 + 1e-9;
        if fits { Ok(()) } else { Err(Complaint::CONFLICT) }
    }
}

/// `APPL:…` of one shape.
macro_rules! apply {
    ($word:literal, $shape:expr) => {
        command(concat!("[:SOURce#]:APPLy:", $word), |generator: &mut Generator, call| {
            generator.apply($shape, call)
        })
    };
}

impl Machine for Generator {
    fn commands() -> Vec<Command<Self>> {
        vec![
            both("[:SOURce#]:FUNCtion[:SHAPe]", |generator, call| {
                generator.change(call, |channel, call| call.choice(&mut channel.shape, &SHAPES))
            }),
            both("[:SOURce#]:FREQuency[:CW]", |generator, call| {
                generator.setting(call, &FREQUENCY, |channel| &mut channel.frequency)
            }),
            both("[:SOURce#]:FREQuency:FIXed", |generator, call| {
                generator.setting(call, &FREQUENCY, |channel| &mut channel.frequency)
            }),
            both("[:SOURce#]:VOLTage[:LEVel][:IMMediate][:AMPLitude]", |generator, call| {
                generator.setting(call, &AMPLITUDE, |channel| &mut channel.amplitude)
            }),
            both("[:SOURce#]:VOLTage[:LEVel][:IMMediate]:OFFSet", |generator, call| {
                generator.setting(call, &OFFSET, |channel| &mut channel.offset)
            }),
            both("[:SOURce#]:VOLTage:UNIT", |_, call| call.choice(&mut (), &[("VPP", ())])),
            both("[:SOURce#]:PHASe[:ADJust]", |generator, call| {
                generator.setting(call, &PHASE, |channel| &mut channel.phase)
            }),
            both("[:SOURce#]:FUNCtion:SQUare:DCYCle", |generator, call| {
                generator.setting(call, &DUTY, |channel| &mut channel.duty)
            }),
            both("[:SOURce#]:FUNCtion:PULSe:DCYCle", |generator, call| {
                generator.setting(call, &DUTY, |channel| &mut channel.duty)
            }),
            both("[:SOURce#]:FUNCtion:RAMP:SYMMetry", |generator, call| {
                generator.setting(call, &SYMMETRY, |channel| &mut channel.symmetry)
            }),
            both(":OUTPut#[:STATe]", |generator, call| {
                generator.change(call, |channel, call| call.switch(&mut channel.on))
            }),
            both(":OUTPut#:LOAD", Self::load),
            both(":OUTPut#:IMPedance", Self::load),
            query("[:SOURce#]:APPLy", Self::applied),
            apply!("SINusoid", Shape::Sine),
            apply!("SQUare", Shape::Square),
            apply!("RAMP", Shape::Ramp),
            apply!("PULSe", Shape::Pulse),
            apply!("NOISe", Shape::Noise),
            apply!("DC", Shape::Direct),
            apply!("USER", Shape::Arbitrary),
        ]
    }

    fn keep_wiring(&mut self, _before: &Self) {}

    fn observe(&mut self, _now: f64) -> Conditions {
        Conditions::default()
    }
}

impl Generator {
    /// Asks a channel, or changes it if it can then do what it is told.
    fn change(
        &mut self,
        call: &mut Call<'_>,
        act: impl FnOnce(&mut Channel, &mut Call<'_>) -> Outcome,
    ) -> Outcome {
        let place = call.channels(0, CHANNELS)?.first().copied().unwrap_or_default();
        let channel = self.channels.get_mut(place).ok_or(Complaint::RANGE)?;
        let mut changed = *channel;
        act(&mut changed, call)?;
        changed.check()?;
        *channel = changed;
        Ok(())
    }

    fn setting(
        &mut self,
        call: &mut Call<'_>,
        range: &Range,
        field: impl FnOnce(&mut Channel) -> &mut f64,
    ) -> Outcome {
        self.change(call, |channel, call| call.setting(field(channel), range))
    }

    fn load(&mut self, call: &mut Call<'_>) -> Outcome {
        self.change(call, |channel, call| {
            let infinite = call.parameters.first().is_some_and(|text| {
                ["INF", "INFINITY"].iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
            });
            if infinite && !call.query {
                call.take()?;
                call.end()?;
                channel.load = INFINITY;
                return Ok(());
            }
            call.setting(&mut channel.load, &LOAD)
        })
    }

    /// `APPL:SIN [FREQUENCY[,AMPLITUDE[,OFFSET[,PHASE]]]]`; switches nothing on.
    fn apply(&mut self, shape: Shape, call: &mut Call<'_>) -> Outcome {
        self.change(call, |channel, call| {
            channel.shape = shape;
            let fields = [
                (&mut channel.frequency, FREQUENCY),
                (&mut channel.amplitude, AMPLITUDE),
                (&mut channel.offset, OFFSET),
                (&mut channel.phase, PHASE),
            ];
            for (field, range) in fields {
                if !call.parameters.is_empty() {
                    *field = range.read(call.take()?)?;
                }
            }
            call.end()
        })
    }

    fn applied(&mut self, call: &mut Call<'_>) -> Outcome {
        self.change(call, |channel, call| {
            call.end()?;
            let found = SHAPES.iter().find(|(_, shape)| *shape == channel.shape);
            let name: String = found
                .map_or("", |(word, _)| word)
                .bytes()
                .filter(|byte| !byte.is_ascii_lowercase())
                .map(char::from)
                .collect();
            let mut told = name.into_bytes();
            for value in [channel.frequency, channel.amplitude, channel.offset] {
                told.push(b',');
                super::reply::real(&mut told, value);
            }
            call.quoted(&String::from_utf8_lossy(&told));
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::simulate::device::bench;

    use super::*;

    #[test]
    fn is_set_piece_by_piece_or_at_once() {
        let mut generator = bench::<Generator>();
        generator.tell("FUNC SQU;FREQ 2 kHz;VOLT 3 Vpp;VOLT:OFFS 500 mV;:FUNC:SQU:DCYC 20");
        assert_eq!(generator.ask("FUNC?;FREQ?;:VOLT:OFFS?"), "SQU;2.000000E+03;5.000000E-01");
        generator.tell(":SOUR2:APPL:SIN 1 MHz,2,0;:OUTP2 ON;:OUTP2:LOAD 50");
        assert_eq!(
            generator.ask("SOUR2:APPL?;:OUTP1?;:OUTP2?;:OUTP2:LOAD?"),
            "\"SIN,1.000000E+06,2.000000E+00,0.000000E+00\";0;1;5.000000E+01"
        );
        generator.tell("OUTP2:LOAD INF");
        assert_eq!(generator.ask("OUTP2:LOAD?"), "9.900000E+37");
        assert_eq!(generator.errors(), [0_i16; 0]);
    }

    #[test]
    fn refuses_what_does_not_go_together() {
        let mut generator = bench::<Generator>();
        generator.tell("VOLT 10;VOLT:OFFS 6");
        generator.tell("FUNC RAMP;FREQ 2 MHz");
        generator.tell("SOUR3:FREQ 1");
        assert_eq!(generator.errors(), [-221, -221, -114]);
        assert_eq!(generator.ask("VOLT:OFFS?;:FREQ?"), "0.000000E+00;1.000000E+03");
    }
}
