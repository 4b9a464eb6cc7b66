//! Sets the parts of an expression against the present: which instant, and what was meant.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span as Amount, Timestamp, Zoned};

use super::clock::{self, ClockNote};
use super::error::{WhenError, WhenErrorKind};
use super::hint;
use super::parts::{ClockTime, DateSpec, Parts, Step, Unit, ZoneSpec};
use super::print::print;
use super::{Context, Resolved};
use crate::model::Intent;

/// Where the reckoning stands: a reading of the clock, or an instant.
#[derive(Clone, Copy, Debug)]
enum Point {
    Civil(DateTime),
    Instant(Timestamp),
}

/// The present, cut to what the expression can tell apart.
struct Present<'a> {
    ctx: &'a Context<'a>,
    cut: Timestamp,
    zone: TimeZone,
    here: Zoned,
    text: &'a str,
}

impl<'a> Present<'a> {
    fn new(text: &'a str, ctx: &'a Context<'a>, zone: TimeZone) -> Self {
        let cut = floor(ctx.now, if ctx.posix { 60_000_000 } else { 1 });
        let here = cut.to_zoned(zone.clone());
        Self { ctx, cut, zone, here, text }
    }

    /// The whole expression, for faults that no single word is guilty of.
    fn whole(&self) -> std::ops::Range<usize> {
        let start = self.text.len() - self.text.trim_start().len();
        start..self.text.trim_end().len().max(start)
    }

    fn too_far(&self) -> WhenError {
        let message = "This is beyond the year 9999.";
        WhenError::new(WhenErrorKind::TooFar, self.whole(), message)
    }
}

/// Cuts an instant to a multiple of so many microseconds.
fn floor(at: Timestamp, micros: i64) -> Timestamp {
    let whole = at.as_nanosecond().div_euclid(1000);
    let micros = i128::from(micros);
    Timestamp::from_nanosecond(whole.div_euclid(micros) * micros * 1000).unwrap_or(at)
}

/// Finds the instant of a parsed expression.
pub(super) fn evaluate(
    text: &str,
    parts: &Parts,
    ctx: &Context<'_>,
) -> Result<Resolved, WhenError> {
    let (zone, fixed) = match &parts.zone {
        None => (ctx.zone.clone(), false),
        Some((ZoneSpec::Named(zone), _)) => (zone.clone(), false),
        Some((ZoneSpec::Fixed(offset), _)) => (TimeZone::fixed(*offset), true),
    };
    let present = Present::new(text, ctx, zone);
    if parts.now.is_some() && parts.steps.is_empty() {
        let instant = if ctx.posix { present.cut } else { ctx.now };
        let (zone, intent) = (ctx.zone.clone(), Intent::elapsed(text));
        return Ok(Resolved { instant, zone, intent, note: None });
    }
    let (point, instant, note) = match (&parts.time, &parts.date) {
        (None, None) => settle(&present, Point::Instant(present.cut), &parts.steps)?,
        (None, Some((spec, span))) => {
            let start = match date(&present, present.here.date(), *spec, span)? {
                today if today == present.here.date() => Point::Instant(present.cut),
                other => Point::Civil(other.to_datetime(present.here.time())),
            };
            settle(&present, start, &parts.steps)?
        }
        (Some((time, _)), Some((spec, span))) => {
            // In "10:00 UTC tomorrow" the clock is UTC's, but tomorrow is the speaker's.
            let own = ctx.zone.to_datetime(present.cut).date();
            let start = at(&present, date(&present, own, *spec, span)?, *time)?;
            settle(&present, start, &parts.steps)?
        }
        (Some((time, _)), None) => upcoming(&present, *time, &parts.steps)?,
    };
    let calendar = |step: &Step| step.count != 0 && !elapses(step.unit);
    let stated = (parts.time.is_some() || parts.date.is_some()) && !fixed;
    let civil = stated || parts.steps.iter().any(calendar);
    conclude(&present, point, instant, note, civil).map_err(|error| {
        let old =
            |(spec, _): &(DateSpec, _)| matches!(spec, DateSpec::Full(date) if date.year() < 1970);
        let hint = "four digits behind a date are the year: write a time as 14:30";
        let year = parts.date.as_ref().is_some_and(old);
        error.with_hint_if((year && parts.time.is_none()).then(|| hint.to_owned()))
    })
}

/// Finds the instant of a reading of the clock in the context's zone.
pub(super) fn civil(text: &str, at: DateTime, ctx: &Context<'_>) -> Result<Resolved, WhenError> {
    let present = Present::new(text, ctx, ctx.zone.clone());
    let (point, instant, note) = settle(&present, Point::Civil(at), &[])?;
    conclude(&present, point, instant, note, true)
}

/// Refuses the past, drops what the resolution cannot hold, and notes what was meant.
fn conclude(
    present: &Present<'_>,
    point: Point,
    instant: Timestamp,
    note: Option<ClockNote>,
    civil: bool,
) -> Result<Resolved, WhenError> {
    let ctx = present.ctx;
    let instant = if ctx.posix { floor(instant, 60_000_000) } else { instant };
    if instant < present.cut {
        let (then, now) = (print(instant, ctx.zone), print(ctx.now, ctx.zone));
        let message = format!("This is {then}, which is past: it is now {now}.");
        return Err(WhenError::new(WhenErrorKind::Past, present.whole(), message));
    }
    let intent = if civil {
        let reading = match point {
            Point::Civil(reading) => reading,
            Point::Instant(_) => present.zone.to_datetime(instant),
        };
        let second = if ctx.posix { 0 } else { reading.second() };
        let reading = reading.with().second(second).build().unwrap_or(reading);
        Intent::civil(present.text, reading, &present.zone)
    } else {
        Intent::elapsed(present.text)
    };
    Ok(Resolved { instant, zone: ctx.zone.clone(), intent, note })
}

type Settled = (Point, Timestamp, Option<ClockNote>);

/// A clock time without a date: today if that is later than now, else tomorrow.
///
/// As at(1) has it, increments count: at 10:17, `10:00 + 3 hours` is today. In a zone other than
/// one's own "today" is not obvious, so there the next such time comes first: `10:00 UTC + 3 hours`
/// is three hours after the next 10:00 UTC.
fn upcoming(present: &Present<'_>, time: ClockTime, steps: &[Step]) -> Result<Settled, WhenError> {
    let today = present.here.date();
    let start = at(present, today, time)?;
    let settled = settle(present, start, steps)?;
    let abroad = present.zone != *present.ctx.zone;
    let gone = if abroad { instant_of(present, start)?.0 } else { settled.1 } <= present.cut;
    if !gone {
        return Ok(settled);
    }
    let tomorrow = today.tomorrow().map_err(|_| present.too_far())?;
    settle(present, at(present, tomorrow, time)?, steps)
}

/// A clock time on a date; `24:00` is the next day's beginning.
fn at(present: &Present<'_>, date: Date, time: ClockTime) -> Result<Point, WhenError> {
    let seconds = if present.ctx.posix { time.seconds / 60 * 60 } else { time.seconds };
    let micros = if present.ctx.posix { 0 } else { time.micros };
    date.to_datetime(Time::midnight())
        .checked_add(SignedDuration::new(seconds, micros * 1000))
        .map(Point::Civil)
        .map_err(|_| present.too_far())
}

/// The date that is meant on the day `today`.
fn date(
    present: &Present<'_>,
    today: Date,
    spec: DateSpec,
    span: &std::ops::Range<usize>,
) -> Result<Date, WhenError> {
    let days = match spec {
        DateSpec::Today => 0,
        DateSpec::Tomorrow => 1,
        DateSpec::Weekday(day) => match today.weekday().until(day) {
            0 => 7,
            days => i64::from(days),
        },
        DateSpec::Full(date) => return Ok(date),
        DateSpec::MonthDay { month, day } => {
            let gone = (month, day) < (today.month(), today.day());
            let year = today.year().saturating_add(i16::from(gone));
            return Date::new(year, month, day)
                .map_err(|_| hint::no_such_date(Some(year), month, day, span.clone()));
        }
    };
    today.checked_add(Amount::new().days(days)).map_err(|_| present.too_far())
}

const fn elapses(unit: Unit) -> bool {
    match unit {
        Unit::Second | Unit::Minute | Unit::Hour => true,
        Unit::Day | Unit::Week | Unit::Month | Unit::Year => false,
    }
}

/// Adds the increments and finds the instant.
///
/// Hours, minutes and seconds are elapsed time; days and longer are counted on the calendar, with
/// a month's last day where the day does not exist.
fn settle(present: &Present<'_>, start: Point, steps: &[Step]) -> Result<Settled, WhenError> {
    let mut point = start;
    for step in steps.iter().filter(|step| step.count != 0) {
        point = add(present, point, step).ok_or_else(|| beyond(step))??;
    }
    let (instant, note) = instant_of(present, point)?;
    Ok((point, instant, note))
}

fn instant_of(
    present: &Present<'_>,
    point: Point,
) -> Result<(Timestamp, Option<ClockNote>), WhenError> {
    match point {
        Point::Instant(instant) => Ok((instant, None)),
        Point::Civil(at) => {
            let prefer = present.ctx.posix.then(|| present.here.offset());
            let found = clock::settle(at, &present.zone, present.cut, prefer);
            found.ok_or_else(|| present.too_far())
        }
    }
}

/// One increment; nothing if that leaves the calendar.
fn add(present: &Present<'_>, point: Point, step: &Step) -> Option<Result<Point, WhenError>> {
    let seconds = |unit: i64| Some(SignedDuration::from_secs(step.count.checked_mul(unit)?));
    let (elapsed, calendar) = match step.unit {
        Unit::Second => (seconds(1)?, Amount::new()),
        Unit::Minute => (seconds(60)?, Amount::new()),
        Unit::Hour => (seconds(3600)?, Amount::new()),
        Unit::Day => (SignedDuration::ZERO, Amount::new().try_days(step.count).ok()?),
        Unit::Week => (SignedDuration::ZERO, Amount::new().try_weeks(step.count).ok()?),
        Unit::Month => (SignedDuration::ZERO, Amount::new().try_months(step.count).ok()?),
        Unit::Year => (SignedDuration::ZERO, Amount::new().try_years(step.count).ok()?),
    };
    if elapses(step.unit) {
        let from = match instant_of(present, point) {
            Ok((from, _)) => from,
            Err(error) => return Some(Err(error)),
        };
        return Some(Ok(Point::Instant(from.checked_add(elapsed).ok()?)));
    }
    let from = match point {
        Point::Civil(at) => at,
        Point::Instant(at) => present.zone.to_datetime(at),
    };
    Some(Ok(Point::Civil(from.checked_add(calendar).ok()?)))
}

fn beyond(step: &Step) -> WhenError {
    let span = step.span.clone();
    if step.count < 0 {
        return WhenError::new(WhenErrorKind::Past, span, "This is long past.");
    }
    WhenError::new(WhenErrorKind::TooFar, span, "This is beyond the year 9999.")
}
