//! Measurements that change by themselves, one after the other; the same ones each time.

use std::collections::BTreeSet;

use station_wire::iec104::codec::Value;

use super::points::Points;
use super::{Model, Now};
use crate::value::Kind;

/// How far a value is drawn back to where it began, and the noise as a part of that.
const PULL: f32 = 0.1;
const NOISE: f32 = 0.004;

/// Which point is next, and how it changes.
#[derive(Debug)]
pub(super) struct Drift {
    /// The measurements that no command sets.
    places: Vec<(u32, Value)>,
    next: usize,
    random: u64,
}

impl Drift {
    pub(super) fn of(points: &Points) -> Self {
        let feedbacks: BTreeSet<u32> = points.feedbacks().collect();
        let measured = |kind| matches!(kind, Kind::Float | Kind::Scaled | Kind::Normalized);
        let places = (0..)
            .zip(points.watched())
            .filter(|(place, point)| measured(point.kind) && !feedbacks.contains(place))
            .map(|(place, point)| (place, point.value))
            .collect();
        Self { places, next: 0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    /// Whether anything changes at all.
    pub(super) const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The next point, and what it showed at first.
    fn next(&mut self) -> Option<(u32, Value)> {
        let found = self.places.get(self.next).or_else(|| self.places.first()).copied();
        self.next = if self.next + 1 < self.places.len() { self.next + 1 } else { 0 };
        found
    }

    /// A number from -1 to 1 (xorshift, Marsaglia 2003).
    fn noise(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let [low, high, ..] = self.random.to_le_bytes();
        f32::from(i16::from_le_bytes([low, high])) / 32_768.0
    }

    fn varied(&mut self, now: Value, first: Value) -> Value {
        let noise = self.noise();
        match (now, first) {
            (Value::Float(now), Value::Float(first)) => {
                Value::Float(now + (first - now) * PULL + noise * first.abs().max(1.0) * NOISE)
            }
            (Value::Scaled(_), Value::Scaled(first)) => {
                Value::Scaled(first.saturating_add(if noise < 0.0 { -1 } else { 1 }))
            }
            (Value::Normalized(_), Value::Normalized(first)) => {
                Value::Normalized(first.saturating_add(if noise < 0.0 { -50 } else { 50 }))
            }
            (now, _) => now,
        }
    }
}

impl Model {
    /// Whether any value changes by itself.
    pub(in super::super) const fn drifts(&self) -> bool {
        !self.drift.is_empty()
    }

    /// Lets so many values change, and every counter count one.
    pub(in super::super) fn tick(&mut self, changes: u32, now: Now) {
        for _ in 0..changes {
            let Some((place, first)) = self.drift.next() else { return };
            let Some(shown) = self.points.at(place).map(|point| point.value) else { return };
            let value = self.drift.varied(shown, first);
            self.points.show(place, value);
            self.changed(place, now);
        }
        for point in self.points.watched_mut() {
            if let Value::Counter { value, .. } = &mut point.value {
                *value = value.wrapping_add(1);
            }
        }
    }
}
