//! TEMP
mod date;
use crate::model::{Bounds, Micros};
pub use crate::model::{DateTrigger, Trigger};
use jiff::tz::TimeZoneDatabase;
use std::time::Duration;
/// temp
#[derive(Clone, Debug)]
pub struct Schedule {
    trigger: Trigger,
    bounds: Bounds,
}
/// temp
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct ScheduleError;
impl Schedule {
    /// temp
    pub fn compile(
        trigger: &Trigger,
        bounds: &Bounds,
        _zones: &TimeZoneDatabase,
    ) -> Result<Self, ScheduleError> {
        Ok(Self { trigger: trigger.clone(), bounds: bounds.clone() })
    }
    /// temp
    pub fn next(&self, after: Micros) -> Option<Micros> {
        let at = match &self.trigger {
            Trigger::Date(date) => date.next(after),
            Trigger::Interval(i) => {
                if after < i.first {
                    Some(i.first)
                } else {
                    let every = i.every.as_micros() as i64;
                    let k = (after.0 - i.first.0) / every + 1;
                    Some(Micros(i.first.0 + k * every))
                }
            }
            _ => None,
        };
        at.filter(|at| self.bounds.end.is_none_or(|end| *at <= end))
    }
    /// temp
    pub fn follows_clock(&self) -> bool {
        false
    }
    /// temp
    pub fn is_recurring(&self) -> bool {
        !matches!(self.trigger, Trigger::Date(_))
    }
}
impl Bounds {
    /// temp
    pub fn jitter_of(&self, _seed: u64, _nominal: Micros) -> Duration {
        Duration::ZERO
    }
}
impl Trigger {
    /// temp
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Date(_) => "date",
            _ => "x",
        }
    }
}
