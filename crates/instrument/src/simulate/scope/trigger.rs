//! When the oscilloscope takes a record: RUN, STOP, SINGle and the trigger.

use super::super::language::{Outcome, Range, Scale};
use super::super::machine::{Command, both, command, query};
use super::super::rounding::nearest;
use super::{CHANNELS, Call, Scope, WIRED, source_setting};

/// Whether records are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Acquiring {
    Running,
    Armed {
        /// Seconds since it was switched on.
        since: f64,
        forced: bool,
    },
    Stopped {
        record: Record,
    },
}

/// A record in the memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    /// Which one it is; its noise is made of it.
    pub(super) number: u64,
    pub(super) points: u32,
    /// Seconds from sample to sample.
    pub(super) interval: f64,
}

/// What a record waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger {
    pub(super) sweep: Sweep,
    pub(super) slope: Slope,
    pub(super) source: usize,
    pub(super) level: f64,
}

/// Whether a record is taken without a trigger too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sweep {
    Automatic,
    Normal,
    Single,
}

/// The edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slope {
    Rising,
    Falling,
    Either,
}

const LEVEL: Range = Range::new(Scale::Volt, -100.0, 100.0, 0.0);

impl Default for Trigger {
    fn default() -> Self {
        Self { sweep: Sweep::Automatic, slope: Slope::Rising, source: 0, level: 0.0 }
    }
}

/// RUN, STOP, SINGle, TFORce and the TRIGger subsystem.
pub(super) fn commands() -> Vec<Command<Scope>> {
    vec![
        command(":RUN", |scope, call| scope.go(call, Acquiring::Running)),
        command(":STOP", |scope, call| {
            let record = scope.record(call.now);
            scope.go(call, Acquiring::Stopped { record })
        }),
        command(":SINGle", |scope, call| {
            let since = call.now;
            scope.go(call, Acquiring::Armed { since, forced: false })
        }),
        command(":TFORce", |scope, call| {
            call.end()?;
            if let Acquiring::Armed { forced, .. } = &mut scope.acquiring {
                *forced = true;
            }
            Ok(())
        }),
        command(":CLEar", |_, call| call.end()),
        query(":TRIGger:STATus", |scope, call| {
            call.end()?;
            call.word(scope.trigger_state(call.now));
            Ok(())
        }),
        both(":TRIGger:MODE", |_, call| call.choice(&mut (), &[("EDGE", ())])),
        both(":TRIGger:SWEep", |scope, call| {
            let words =
                [("AUTO", Sweep::Automatic), ("NORMal", Sweep::Normal), ("SINGle", Sweep::Single)];
            call.choice(&mut scope.trigger.sweep, &words)
        }),
        both(":TRIGger:EDGe:SOURce", |scope, call| source_setting(&mut scope.trigger.source, call)),
        both(":TRIGger:EDGe:SLOPe", |scope, call| {
            let words = [
                ("POSitive", Slope::Rising),
                ("NEGative", Slope::Falling),
                ("RFALl", Slope::Either),
            ];
            call.choice(&mut scope.trigger.slope, &words)
        }),
        both(":TRIGger:EDGe:LEVel", |scope, call| call.setting(&mut scope.trigger.level, &LEVEL)),
    ]
}

impl Scope {
    fn go(&mut self, call: &Call<'_>, acquiring: Acquiring) -> Outcome {
        call.end()?;
        self.acquiring = acquiring;
        Ok(())
    }

    /// Whether the trigger's source ever crosses its level.
    fn triggers(&self) -> bool {
        let source = self.trigger.source.min(usize::try_from(CHANNELS - 1).unwrap_or(0));
        WIRED.get(source).is_some_and(|signal| {
            signal.frequency > 0.0 && (self.trigger.level - signal.offset).abs() <= signal.peak
        })
    }

    /// Brings a single record to its end when its time has come.
    pub(super) fn advance(&mut self, now: f64) {
        let Acquiring::Armed { since, forced } = self.acquiring else { return };
        // A tenth of a second later a record is taken without a trigger, unless that is unwanted.
        let automatic = self.trigger.sweep == Sweep::Automatic && now - since > 0.1;
        let found = forced || self.triggers() || automatic;
        if found && now - since >= self.window() {
            self.acquiring = Acquiring::Stopped { record: self.record(now) };
        }
    }

    fn trigger_state(&self, now: f64) -> &'static str {
        match self.acquiring {
            Acquiring::Stopped { .. } => "STOP",
            Acquiring::Armed { since, .. } if now - since < self.window() / 2.0 => "RUN",
            Acquiring::Armed { .. } => "WAIT",
            Acquiring::Running if self.triggers() => "TD",
            Acquiring::Running if self.trigger.sweep == Sweep::Automatic => "AUTO",
            Acquiring::Running => "WAIT",
        }
    }

    /// The record in the memory at that time.
    pub(super) fn record(&self, now: f64) -> Record {
        if let Acquiring::Stopped { record } = self.acquiring {
            return record;
        }
        // Fifty records a second, or as many as the time on the screen allows.
        let number = nearest((now / self.window().max(0.02)).floor());
        let interval = 1.0 / self.rate();
        Record { number: number.unsigned_abs(), points: self.points(), interval }
    }
}
