//! A power supply of three channels, each with a resistor across its output.
//!
//! ```text
//!            V set, I limit                  load R
//!  output on ───────────────▶ CV: V = set,   I = V/R
//!                             CC: I = limit, V = I·R      as soon as V set / R exceeds the limit
//!                             tripped: 0                  V above the protection level; latches
//! ```

use super::language::{Call, Complaint, Outcome, Range, Scale, integer};
use super::machine::{Command, Conditions, Machine, both, command, query};
use super::reply;

const CHANNELS: u32 = 3;
/// Bits of the questionable register (SCPI-1999 volume 1, 9.4): a channel is not in constant
/// voltage, or has tripped.
const CURRENT_LIMITED: u16 = 1 << 0;
const TRIPPED: u16 = 1 << 9;

/// The supply.
#[derive(Clone, Debug)]
pub(crate) struct Psu {
    channels: [Channel; 3],
    selected: u32,
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    voltage: f64,
    current: f64,
    on: bool,
    protection: f64,
    protected: bool,
    tripped: bool,
    /// The resistor across the output, in ohms; wiring, not a setting.
    load: f64,
    /// The highest voltage it can be set to.
    most: f64,
}

/// What is at the terminals.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Output {
    voltage: f64,
    current: f64,
    limited: bool,
}

impl Channel {
    const fn new(most: f64) -> Self {
        Self {
            voltage: 0.0,
            current: 1.0,
            on: false,
            protection: most * 1.1,
            protected: true,
            tripped: false,
            load: 10.0,
            most,
        }
    }

    fn voltage_range(&self) -> Range {
        Range::new(Scale::Volt, 0.0, self.most, 0.0)
    }

    fn protection_range(&self) -> Range {
        Range::new(Scale::Volt, 0.01, self.most * 1.1, self.most * 1.1)
    }

    fn output(&self) -> Output {
        if !self.on || self.tripped {
            return Output { voltage: 0.0, current: 0.0, limited: false };
        }
        let wanted = self.voltage / self.load;
        if wanted > self.current {
            Output { voltage: self.current * self.load, current: self.current, limited: true }
        } else {
            Output { voltage: self.voltage, current: wanted, limited: false }
        }
    }
}

const CURRENT: Range = Range::new(Scale::Ampere, 0.0, 3.0, 1.0);
const LOAD: Range = Range::new(Scale::Ohm, 0.001, reply::INFINITY, 10.0);

impl Default for Psu {
    fn default() -> Self {
        Self { channels: [Channel::new(30.0), Channel::new(30.0), Channel::new(5.0)], selected: 1 }
    }
}

impl Machine for Psu {
    fn commands() -> Vec<Command<Self>> {
        vec![
            both("[:SOURce#]:VOLTage[:LEVel][:IMMediate][:AMPLitude]", Self::voltage),
            both("[:SOURce#]:CURRent[:LEVel][:IMMediate][:AMPLitude]", Self::current),
            both("[:SOURce#]:VOLTage:PROTection[:LEVel]", Self::protection),
            both("[:SOURce#]:VOLTage:PROTection:STATe", Self::protected),
            query("[:SOURce#]:VOLTage:PROTection:TRIPped", Self::tripped),
            command("[:SOURce#]:VOLTage:PROTection:CLEar", Self::reset_trip),
            both(":OUTPut#[:STATe]", Self::output),
            query(":OUTPut#:MODE", Self::mode),
            command(":OUTPut#:PROTection:CLEar", Self::reset_trip),
            both(":INSTrument:NSELect", Self::select_number),
            both(":INSTrument[:SELect]", Self::select),
            both(":APPLy", Self::apply),
            query(":MEASure[:SCALar]:VOLTage[:DC]", Self::measure_voltage),
            query(":MEASure[:SCALar]:CURRent[:DC]", Self::measure_current),
            query(":MEASure[:SCALar]:POWer[:DC]", Self::measure_power),
            query(":MEASure:ALL[:DC]", Self::measure_all),
            both(":SIMulate:LOAD", Self::load),
        ]
    }

    fn keep_wiring(&mut self, before: &Self) {
        for (channel, before) in self.channels.iter_mut().zip(&before.channels) {
            channel.load = before.load;
        }
    }

    fn observe(&mut self, _now: f64) -> Conditions {
        let mut questionable = 0;
        for channel in &mut self.channels {
            if channel.protected && channel.output().voltage > channel.protection {
                channel.tripped = true;
                channel.on = false;
            }
            if channel.output().limited {
                questionable |= CURRENT_LIMITED;
            }
            if channel.tripped {
                questionable |= TRIPPED;
            }
        }
        Conditions { operation: 0, questionable }
    }
}

impl Psu {
    fn chosen(&self, call: &mut Call<'_>) -> Result<Vec<usize>, Complaint> {
        let selected = usize::try_from(self.selected - 1).unwrap_or_default();
        call.channels(selected, CHANNELS)
    }

    /// Does the same to all channels meant, or asks it of them.
    fn each(
        &mut self,
        call: &mut Call<'_>,
        act: impl Fn(&mut Channel, &mut Call<'_>) -> Outcome,
    ) -> Outcome {
        let chosen = self.chosen(call)?;
        let parameters = call.parameters.clone();
        let mut changed = self.channels;
        for place in chosen {
            call.parameters.clone_from(&parameters);
            act(changed.get_mut(place).ok_or(Complaint::RANGE)?, call)?;
        }
        // All of them or none.
        self.channels = changed;
        Ok(())
    }

    fn voltage(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| {
            let range = channel.voltage_range();
            call.setting(&mut channel.voltage, &range)
        })
    }

    fn current(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| call.setting(&mut channel.current, &CURRENT))
    }

    fn protection(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| {
            let range = channel.protection_range();
            call.setting(&mut channel.protection, &range)
        })
    }

    fn protected(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| call.switch(&mut channel.protected))
    }

    fn tripped(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| call.switch(&mut channel.tripped))
    }

    fn reset_trip(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| {
            call.end()?;
            channel.tripped = false;
            Ok(())
        })
    }

    fn output(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| {
            let was = channel.on;
            call.switch(&mut channel.on)?;
            if channel.on && channel.tripped {
                channel.on = was;
                return Err(Complaint::CONFLICT);
            }
            Ok(())
        })
    }

    fn mode(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| {
            call.end()?;
            call.word(match channel.output() {
                _ if !channel.on => "OFF",
                Output { limited: true, .. } => "CC",
                Output { limited: false, .. } => "CV",
            });
            Ok(())
        })
    }

    fn select_number(&mut self, call: &mut Call<'_>) -> Outcome {
        call.whole(&mut self.selected, 1, CHANNELS)
    }

    /// `INST CH2`, also `INST OUT2` as others call it.
    fn select(&mut self, call: &mut Call<'_>) -> Outcome {
        if call.query {
            call.end()?;
            call.word(&format!("CH{}", self.selected));
            return Ok(());
        }
        let word = call.take()?;
        let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (name, number) = word.split_at_checked(word.len() - digits).unwrap_or_default();
        let known = [b"CH".as_slice(), b"OUT", b"OUTP", b"OUTPUT"];
        if !known.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Err(Complaint::ILLEGAL_VALUE);
        }
        let number = integer(number, 1, CHANNELS).map_err(|_| Complaint::ILLEGAL_VALUE)?;
        call.end()?;
        self.selected = number;
        Ok(())
    }

    /// `APPL [CHn,]V[,I]`; selects the channel, as supplies with this command do.
    fn apply(&mut self, call: &mut Call<'_>) -> Outcome {
        let selected = self.chosen(call)?.first().copied().unwrap_or_default();
        let channel = self.channels.get_mut(selected).ok_or(Complaint::RANGE)?;
        if call.query {
            call.end()?;
            call.real(channel.voltage);
            call.real(channel.current);
            return Ok(());
        }
        let voltage = channel.voltage_range().read(call.take()?)?;
        let current = match call.parameters.is_empty() {
            true => channel.current,
            false => CURRENT.read(call.take()?)?,
        };
        call.end()?;
        (channel.voltage, channel.current) = (voltage, current);
        self.selected = u32::try_from(selected + 1).unwrap_or(1);
        Ok(())
    }

    fn measure(&mut self, call: &mut Call<'_>, values: fn(Output) -> Vec<f64>) -> Outcome {
        self.each(call, |channel, call| {
            call.end()?;
            let exact = channel.output();
            // A meter of 0.2 mV and 50 µA of noise; what is off reads a little of it too.
            let read = Output {
                voltage: exact.voltage + 2e-4 * call.noise.normal(),
                current: exact.current + 5e-5 * call.noise.normal(),
                ..exact
            };
            values(read).into_iter().for_each(|value| call.real(value));
            Ok(())
        })
    }

    fn measure_voltage(&mut self, call: &mut Call<'_>) -> Outcome {
        self.measure(call, |output| vec![output.voltage])
    }

    fn measure_current(&mut self, call: &mut Call<'_>) -> Outcome {
        self.measure(call, |output| vec![output.current])
    }

    fn measure_power(&mut self, call: &mut Call<'_>) -> Outcome {
        self.measure(call, |output| vec![output.voltage * output.current])
    }

    fn measure_all(&mut self, call: &mut Call<'_>) -> Outcome {
        self.measure(call, |output| {
            vec![output.voltage, output.current, output.voltage * output.current]
        })
    }

    fn load(&mut self, call: &mut Call<'_>) -> Outcome {
        self.each(call, |channel, call| call.setting(&mut channel.load, &LOAD))
    }
}

#[cfg(test)]
mod tests {
    use crate::simulate::device::bench;

    use super::*;

    fn near(read: f64, wanted: f64) -> bool {
        (read - wanted).abs() < 0.002
    }

    #[test]
    fn holds_voltage_until_the_current_limit() {
        let mut psu = bench::<Psu>();
        psu.tell("VOLT 5;CURR 1;:OUTP ON");
        assert!(near(psu.number("MEAS:VOLT?"), 5.0) && near(psu.number("MEAS:CURR?"), 0.5));
        assert!(near(psu.number("MEAS:POW?"), 2.5));
        assert_eq!(psu.ask("OUTP:MODE?;:STAT:QUES:COND?"), "CV;0");
        psu.tell("CURR 0.2");
        assert!(near(psu.number("MEAS:VOLT?"), 2.0) && near(psu.number("MEAS:CURR?"), 0.2));
        assert_eq!(psu.ask("OUTP:MODE?;:STAT:QUES:COND?"), "CC;1");
        psu.tell("OUTP OFF");
        assert!(near(psu.number("MEAS:VOLT?"), 0.0));
        assert_eq!(psu.ask("VOLT?;VOLT? MAX"), "5.000000E+00;3.000000E+01");
        assert_eq!(psu.errors(), [0_i16; 0]);
    }

    #[test]
    fn trips_above_the_protection_level_until_cleared() {
        let mut psu = bench::<Psu>();
        psu.tell("SOUR1:VOLT:PROT 4;PROT:STAT ON;:VOLT 5;:OUTP ON");
        assert_eq!(psu.ask("VOLT:PROT:TRIP?;:OUTP?"), "1;0");
        psu.tell("OUTP ON");
        assert_eq!(psu.errors(), [-221]);
        psu.tell("VOLT:PROT 6;PROT:CLE;:OUTP ON");
        assert_eq!(psu.ask("VOLT:PROT:TRIP?;:OUTP?"), "0;1");
    }

    #[test]
    fn channels_are_meant_in_all_the_usual_ways() {
        let mut psu = bench::<Psu>();
        psu.tell("VOLT 1,(@1);VOLT 2,(@2:3)");
        assert_eq!(psu.ask("VOLT? (@1,3)"), "1.000000E+00,2.000000E+00");
        psu.tell("INST:NSEL 2;:VOLT 7;:INST CH3;:VOLT 3");
        assert_eq!(psu.ask("INST?;:SOUR2:VOLT?;:VOLT?"), "CH3;7.000000E+00;3.000000E+00");
        psu.tell("APPL CH1,12,0.5;:OUTP CH1,ON;:OUTP2 ON");
        assert_eq!(psu.ask("OUTP? (@1:3);:OUTP? CH2"), "1,1,0;1");
        assert_eq!(psu.ask("APPL? CH1"), "1.200000E+01,5.000000E-01");
        assert!(near(psu.number("MEAS:VOLT? CH2"), 7.0));
        assert_eq!(psu.ask("MEAS:ALL? CH1").split(',').count(), 3);
        assert_eq!(psu.errors(), [0_i16; 0]);
        psu.tell("VOLT 6,(@1:3)");
        assert_eq!(psu.errors(), [-222], "channel 3 has 5 V");
        assert_eq!(psu.number("VOLT? (@1)"), 12.0, "all of them or none");
    }

    #[test]
    fn resetting_keeps_what_is_wired() {
        let mut psu = bench::<Psu>();
        psu.tell("SIM:LOAD 5,(@1);*RST;:VOLT 5;CURR 3;:OUTP ON");
        assert!(near(psu.number("MEAS:CURR?"), 1.0));
    }
}
