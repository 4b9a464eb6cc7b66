//! Holds what a parsed time expression consists of, before it is set against the present.

use std::ops::Range;

use jiff::civil::{Date, Weekday};
use jiff::tz::{Offset, TimeZone};

/// Where in the text something stands, in bytes.
pub(super) type Span = Range<usize>;

/// The most increments an expression may hold.
pub(super) const MAX_STEPS: usize = 8;

/// A clock time, counted from midnight; `24:00`, `23:60` and the like reach into the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClockTime {
    pub(super) seconds: i64,
    pub(super) micros: i32,
}

impl ClockTime {
    pub(super) const fn hour(hour: i64) -> Self {
        Self { seconds: hour * 3600, micros: 0 }
    }
}

/// A date as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateSpec {
    Today,
    Tomorrow,
    /// The next such day, strictly after today.
    Weekday(Weekday),
    /// Without a year: this year's, or next year's if this year's is gone.
    MonthDay {
        month: i8,
        day: i8,
    },
    Full(Date),
}

/// A zone as written.
#[derive(Clone, Debug)]
pub(super) enum ZoneSpec {
    Named(TimeZone),
    /// `Z` or `+02:00`: the text states an instant.
    Fixed(Offset),
}

/// What an increment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// One increment; `count` is negative for `- 5 minutes`.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) count: i64,
    pub(super) unit: Unit,
    pub(super) span: Span,
}

/// A whole expression; each part with the place where it stands.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) now: Option<Span>,
    pub(super) time: Option<(ClockTime, Span)>,
    pub(super) date: Option<(DateSpec, Span)>,
    pub(super) zone: Option<(ZoneSpec, Span)>,
    pub(super) steps: Vec<Step>,
    /// A `+` or `-` was read; nothing but further increments and a zone may follow.
    pub(super) closed: bool,
}
