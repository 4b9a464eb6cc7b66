//! Values of an iCalendar: dates, times and durations.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Span, ToSpan as _};

use crate::trigger::error::{ScheduleError, shown};
use crate::trigger::zone::zone;

/// Whose clock a time is on.
#[derive(Clone, Debug)]
pub(super) enum Clock {
    /// That of whoever reads it.
    Floating,
    /// That of a zone.
    Zone(TimeZone),
}

/// A date or a time.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) at: DateTime,
    pub(super) is_date: bool,
    pub(super) clock: Clock,
}

impl Moment {
    /// What another clock reads then; a floating time is taken as it is.
    pub(super) fn on(&self, clock: &Clock) -> Option<DateTime> {
        match (&self.clock, clock) {
            (Clock::Zone(own), Clock::Zone(other)) => {
                let instant = own.to_ambiguous_timestamp(self.at).compatible().ok()?;
                Some(other.to_datetime(instant))
            }
            (Clock::Floating, _) | (_, Clock::Floating) => Some(self.at),
        }
    }
}

/// How long an event is: days of the calendar, then time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    days: i64,
    time: SignedDuration,
}

impl Length {
    pub(super) const fn day() -> Self {
        Self { days: 1, time: SignedDuration::ZERO }
    }

    pub(super) fn between(from: DateTime, to: DateTime) -> Self {
        let time = to.duration_since(from);
        let days = if from.time() == to.time() { time.as_hours() / 24 } else { 0 };
        Self { days, time: time - SignedDuration::from_hours(24 * days) }
    }

    pub(super) fn is_nothing(self) -> bool {
        self.days <= 0 && self.time <= SignedDuration::ZERO
    }

    pub(super) fn after(self, from: DateTime) -> Option<DateTime> {
        let days = Span::new().try_days(self.days).ok()?;
        from.checked_add(days).ok()?.checked_add(self.time).ok()
    }
}

/// Reads the value of DTSTART or DTEND with its parameters.
pub(super) fn moment(
    parameters: &str,
    value: &str,
    zones: &TimeZoneDatabase,
) -> Result<Moment, ScheduleError> {
    let mut clock = Clock::Floating;
    for parameter in parameters.split(';') {
        let (key, given) = parameter.split_once('=').unwrap_or((parameter, ""));
        if key.trim().eq_ignore_ascii_case("TZID") {
            clock = Clock::Zone(zone(given.trim().trim_matches('"'), zones)?);
        }
    }
    let (at, is_date, utc) = date_or_time(value).ok_or_else(|| {
        ScheduleError::exclusion(format!("\"{}\" is not a date or a time.", shown(value)))
            .with_hint("Write 20271224, 20271224T120000 or 20271224T120000Z.")
    })?;
    if utc {
        clock = Clock::Zone(TimeZone::UTC);
    }
    if is_date {
        clock = Clock::Floating;
    }
    Ok(Moment { at, is_date, clock })
}

/// A date or time, whether it is a date, and whether it is in UTC.
pub(super) fn date_or_time(value: &str) -> Option<(DateTime, bool, bool)> {
    let (date, time) = match value.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (value, None),
    };
    let [year, month, day] = numbers(date, [4, 2, 2])?;
    let day = i8::try_from(day).ok()?;
    let date = Date::new(year, i8::try_from(month).ok()?, day).ok()?;
    let Some(time) = time else {
        return Some((date.to_datetime(Time::midnight()), true, false));
    };
    let (time, utc) = match time.strip_suffix('Z') {
        Some(time) => (time, true),
        None => (time, false),
    };
    let [hour, minute, second] = numbers(time, [2, 2, 2])?.map(i8::try_from);
    // A leap second is the end of the second before it.
    let time = Time::new(hour.ok()?, minute.ok()?, second.ok()?.min(59), 0).ok()?;
    Some((date.to_datetime(time), false, utc))
}

/// Numbers of so many digits each, one after the other.
fn numbers(text: &str, lengths: [usize; 3]) -> Option<[i16; 3]> {
    let mut rest = text;
    let mut numbers = [0; 3];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let (digits, after) = rest.split_at_checked(length)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = digits.parse().ok()?;
        rest = after;
    }
    rest.is_empty().then_some(numbers)
}

/// Reads a DURATION: `P1D`, `PT1H30M`, `P2W`.
pub(super) fn length(value: &str) -> Result<Length, ScheduleError> {
    try_length(value).ok_or_else(|| {
        ScheduleError::exclusion(format!("\"{}\" is not a duration.", shown(value)))
            .with_hint("Write P1D, PT1H30M or P2W.")
    })
}

fn try_length(value: &str) -> Option<Length> {
    let mut rest = value.strip_prefix('+').unwrap_or(value).strip_prefix('P')?;
    let (mut days, mut seconds) = (0_i64, 0_i64);
    let mut in_time = false;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T').filter(|after| !in_time && !after.is_empty()) {
            (rest, in_time) = (after, true);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, after) = rest.split_at_checked(end)?;
        let number: i64 = digits.parse().ok()?;
        let (sum, unit) = match (in_time, after.chars().next()?) {
            (false, 'W') => (&mut days, 7),
            (false, 'D') => (&mut days, 1),
            (true, 'H') => (&mut seconds, 3600),
            (true, 'M') => (&mut seconds, 60),
            (true, 'S') => (&mut seconds, 1),
            (_, _) => return None,
        };
        *sum = sum.checked_add(number.checked_mul(unit)?)?;
        rest = after.get(1..)?;
    }
    // Longer than all of the calendar is not meant.
    (days <= 4_000_000 && seconds <= 400_000_000_000)
        .then(|| Length { days, time: SignedDuration::from_secs(seconds) })
}

/// The span of so many months, if a calendar has that many.
pub(super) fn months(count: i64) -> Option<Span> {
    0.months().try_months(count).ok()
}
