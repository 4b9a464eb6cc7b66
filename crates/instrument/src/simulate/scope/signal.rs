//! The signals at the oscilloscope's inputs, and what can be measured of them.

use std::f64::consts::{PI, TAU};

use crate::simulate::reply::INFINITY;

/// The shape of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Sine,
    Square,
    Triangle,
    Direct,
}

/// A signal that crosses its middle, rising, at time 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    pub(super) shape: Shape,
    /// In hertz.
    pub(super) frequency: f64,
    /// Half of peak to peak, in volts.
    pub(super) peak: f64,
    /// The middle, in volts.
    pub(super) offset: f64,
}

/// What is wired to the four channels.
pub(super) const WIRED: [Signal; 4] = [
    Signal { shape: Shape::Sine, frequency: 1000.0, peak: 1.0, offset: 0.0 },
    Signal { shape: Shape::Square, frequency: 1000.0, peak: 1.5, offset: 1.5 },
    Signal { shape: Shape::Triangle, frequency: 500.0, peak: 2.0, offset: 0.0 },
    Signal { shape: Shape::Direct, frequency: 0.0, peak: 0.0, offset: 1.0 },
];

/// What can be measured of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Maximum,
    Minimum,
    PeakToPeak,
    Average,
    Rms,
    Period,
    Frequency,
    RiseTime,
    PositiveWidth,
    NegativeWidth,
    PositiveDuty,
    Overshoot,
}

/// The words for them.
pub(super) const ITEMS: [(&str, Item); 18] = [
    ("VMAX", Item::Maximum),
    ("VMIN", Item::Minimum),
    ("VPP", Item::PeakToPeak),
    ("VTOP", Item::Maximum),
    ("VBASe", Item::Minimum),
    ("VAMP", Item::PeakToPeak),
    ("VAVG", Item::Average),
    ("VAVerage", Item::Average),
    ("VRMS", Item::Rms),
    ("PERiod", Item::Period),
    ("FREQuency", Item::Frequency),
    ("RTIMe", Item::RiseTime),
    ("FTIMe", Item::RiseTime),
    ("PWIDth", Item::PositiveWidth),
    ("NWIDth", Item::NegativeWidth),
    ("PDUTy", Item::PositiveDuty),
    ("OVERshoot", Item::Overshoot),
    ("PREShoot", Item::Overshoot),
];

impl Signal {
    /// Its value at a place in its period, from 0 to 1.
    pub(super) fn at(&self, phase: f64) -> f64 {
        let part = match self.shape {
            Shape::Sine => (TAU * phase).sin(),
            Shape::Square => {
                if phase < 0.5 {
                    1.0
                } else {
                    -1.0
                }
            }
            Shape::Triangle => 2.0 / PI * (TAU * phase).sin().asin(),
            Shape::Direct => 0.0,
        };
        self.offset + self.peak * part
    }

    /// What a measurement of a stretch of so many seconds gives; 9.9E37 when it does not show.
    pub(super) fn measure(&self, item: Item, stretch: f64) -> f64 {
        let rms = match self.shape {
            Shape::Sine => self.peak / 2.0_f64.sqrt(),
            Shape::Square => self.peak,
            Shape::Triangle => self.peak / 3.0_f64.sqrt(),
            Shape::Direct => 0.0,
        };
        match item {
            Item::Maximum => return self.offset + self.peak,
            Item::Minimum => return self.offset - self.peak,
            Item::PeakToPeak => return 2.0 * self.peak,
            Item::Average => return self.offset,
            Item::Rms => return self.offset.hypot(rms),
            Item::Overshoot => return 0.0,
            Item::Period
            | Item::Frequency
            | Item::RiseTime
            | Item::PositiveWidth
            | Item::NegativeWidth
            | Item::PositiveDuty => {}
        }
        // Times need a whole period on the screen.
        if self.frequency <= 0.0 || stretch * self.frequency < 1.0 {
            return INFINITY;
        }
        let period = 1.0 / self.frequency;
        match item {
            Item::Frequency => self.frequency,
            Item::PositiveWidth | Item::NegativeWidth => period / 2.0,
            Item::PositiveDuty => 0.5,
            Item::RiseTime => match self.shape {
                // From 10 % to 90 % of the swing.
                Shape::Sine => 2.0 * 0.8_f64.asin() / TAU * period,
                Shape::Triangle => 0.4 * period,
                Shape::Square | Shape::Direct => 1e-8,
            },
            Item::Period
            | Item::Maximum
            | Item::Minimum
            | Item::PeakToPeak
            | Item::Average
            | Item::Rms
            | Item::Overshoot => period,
        }
    }
}
