//! When triggers fire, by walking every minute of a zone's clock: a second implementation that
//! shares nothing with the engine's but the zone's offsets.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::civil::{DateTime, time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};
use station_core::model::{
    Bounds, ClockRule, CronTrigger, DailyTrigger, Micros, MonthlyTrigger, Trigger, WeeklyTrigger,
};

pub(crate) const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
const MINUTE: i64 = 60_000_000;
const FROM: &str = "2026-08-01T00:00:00Z";
const TO: &str = "2027-11-15T00:00:00Z";

/// A trigger of the calendar, and what it means.
pub(crate) struct Pattern {
    make: fn(&str) -> Trigger,
    /// It follows the clock; the others name fixed times.
    pub(crate) wildcard: bool,
    matches: fn(DateTime) -> bool,
}

fn cron(expression: &str, zone: &str) -> Trigger {
    let (expression, zone) = (expression.to_owned(), zone.to_owned());
    Trigger::Cron(CronTrigger { expression, seconds: false, zone, clock: ClockRule::default() })
}

fn daily(hour: i8, minute: i8, zone: &str) -> Trigger {
    let (time, zone) = (time(hour, minute, 0, 0), zone.to_owned());
    Trigger::Daily(DailyTrigger { time, zone, clock: ClockRule::default() })
}

fn weekly(day: u8, hour: i8, minute: i8, zone: &str) -> Trigger {
    let (time, zone) = (time(hour, minute, 0, 0), zone.to_owned());
    Trigger::Weekly(WeeklyTrigger { day, time, zone, clock: ClockRule::default() })
}

fn monthly(day: u8, hour: i8, minute: i8, zone: &str) -> Trigger {
    let (time, zone) = (time(hour, minute, 0, 0), zone.to_owned());
    Trigger::Monthly(MonthlyTrigger { day, time, zone, clock: ClockRule::default() })
}

fn at(t: DateTime, hour: i8, minute: i8) -> bool {
    (t.hour(), t.minute()) == (hour, minute)
}

/// 0 is Monday.
fn weekday(t: DateTime) -> i8 {
    t.weekday().to_monday_zero_offset()
}

macro_rules! pattern {
    ($wildcard:literal, $make:expr, $matches:expr) => {
        Pattern { make: $make, wildcard: $wildcard, matches: $matches }
    };
}

pub(crate) const PATTERNS: [Pattern; 17] = [
    pattern!(true, |z| cron("* * * * *", z), |_| true),
    pattern!(true, |z| cron("*/5 * * * *", z), |t| t.minute() % 5 == 0),
    pattern!(true, |z| cron("10,40 */2 * * *", z), |t| {
        t.hour() % 2 == 0 && (t.minute() == 10 || t.minute() == 40)
    }),
    pattern!(true, |z| cron("* 2 * * *", z), |t| t.hour() == 2),
    pattern!(true, |z| cron("0 * 1-7 * 1", z), |t| {
        t.minute() == 0 && (t.day() <= 7 || weekday(t) == 0)
    }),
    pattern!(false, |z| cron("30 2 * * *", z), |t| at(t, 2, 30)),
    pattern!(false, |z| cron("0 0-4 * * *", z), |t| t.minute() == 0 && t.hour() <= 4),
    pattern!(false, |z| cron("15 1,2,13 * * *", z), |t| {
        t.minute() == 15 && [1, 2, 13].contains(&t.hour())
    }),
    pattern!(false, |z| cron("0 9-17/4 * * mon-fri", z), |t| {
        t.minute() == 0 && [9, 13, 17].contains(&t.hour()) && weekday(t) < 5
    }),
    pattern!(false, |z| cron("0 0 */2 * 7", z), |t| {
        at(t, 0, 0) && t.day() % 2 == 1 && weekday(t) == 6
    }),
    pattern!(false, |z| cron("@daily", z), |t| at(t, 0, 0)),
    pattern!(false, |z| daily(2, 15, z), |t| at(t, 2, 15)),
    pattern!(false, |z| daily(12, 0, z), |t| at(t, 12, 0)),
    pattern!(false, |z| weekly(6, 2, 20, z), |t| at(t, 2, 20) && weekday(t) == 6),
    pattern!(false, |z| weekly(0, 1, 45, z), |t| at(t, 1, 45) && weekday(t) == 0),
    pattern!(false, |z| monthly(31, 1, 30, z), |t| at(t, 1, 30) && t.day() == 31),
    pattern!(false, |z| monthly(25, 2, 30, z), |t| at(t, 2, 30) && t.day() == 25),
];

/// What a zone's clock shows, minute by minute.
struct Walk {
    /// The reading, whether it is a second pass, and the readings skipped just before it.
    minutes: Vec<(DateTime, bool, Vec<DateTime>)>,
}

impl Walk {
    fn new(zone: &TimeZone) -> Self {
        let (from, to) = (start(), end());
        let mut minutes: Vec<(DateTime, bool, Vec<DateTime>)> = Vec::new();
        let mut latest = DateTime::MIN;
        let mut offset = (i64::MIN, jiff::tz::Offset::UTC);
        for minute in from..to {
            let mut skipped = Vec::new();
            // Offsets change on the half hour at most.
            if minute / 30 != offset.0 {
                let now = zone.to_offset(instant(minute));
                let reading = now.to_datetime(instant(minute));
                if let Some((before, ..)) = minutes.last().filter(|_| now != offset.1) {
                    let after = std::iter::successors(Some(*before), |one| Some(*one + 1.minute()));
                    skipped = after.skip(1).take_while(|one| *one < reading).collect();
                }
                offset = (minute / 30, now);
            }
            let reading = offset.1.to_datetime(instant(minute));
            minutes.push((reading, reading <= latest, skipped));
            latest = latest.max(reading);
        }
        Self { minutes }
    }

    fn instants(&self, pattern: &Pattern) -> Vec<i64> {
        let matches = pattern.matches;
        let fires = |(reading, again, skipped): &(DateTime, bool, Vec<DateTime>)| {
            if pattern.wildcard {
                return matches(*reading);
            }
            (matches(*reading) && !again) || skipped.iter().any(|one| matches(*one))
        };
        let all = (start()..end()).zip(&self.minutes);
        all.filter(|(_, minute)| fires(minute)).map(|(minute, _)| minute * MINUTE).collect()
    }
}

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn start() -> i64 {
    FROM.parse::<Timestamp>().unwrap().as_second() / 60
}

fn end() -> i64 {
    TO.parse::<Timestamp>().unwrap().as_second() / 60
}

fn all() -> &'static Vec<Vec<Vec<i64>>> {
    static ALL: OnceLock<Vec<Vec<Vec<i64>>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let walk = |name: &&str| Walk::new(&TimeZoneDatabase::bundled().get(name).unwrap());
        let of = |walk: Walk| PATTERNS.iter().map(|pattern| walk.instants(pattern)).collect();
        ZONES.iter().map(walk).map(of).collect()
    })
}

/// When a trigger fires, as far as this file knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Once(i64),
    Every { first: i64, every: i64 },
    Calendar { zone: usize, pattern: usize },
}

impl Plan {
    /// Whether it fires more than once.
    pub(crate) fn recurs(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// A pattern in a zone, as a plan and as a trigger.
    pub(crate) fn calendar(zone: usize, pattern: usize) -> (Self, Trigger) {
        (Self::Calendar { zone, pattern }, (PATTERNS[pattern].make)(ZONES[zone]))
    }

    pub(crate) fn of(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::Date(date) => Self::Once(date.at.0),
            Trigger::Interval(interval) => Self::Every {
                first: interval.first.0,
                every: i64::try_from(interval.every.as_micros()).unwrap(),
            },
            Trigger::Boot(_) => panic!("not in these worlds: {trigger:?}"),
            Trigger::Cron(_) | Trigger::Daily(_) | Trigger::Weekly(_) | Trigger::Monthly(_) => {
                let zone = ZONES.iter().position(|zone| *zone == trigger.zone()).unwrap();
                let is = |pattern: &Pattern| (pattern.make)(ZONES[zone]) == *trigger;
                let pattern = PATTERNS.iter().position(is).unwrap();
                Self::Calendar { zone, pattern }
            }
        }
    }

    pub(crate) fn follows_clock(self) -> bool {
        matches!(self, Self::Calendar { pattern, .. } if PATTERNS[pattern].wildcard)
    }

    /// The first instant after this one, within the bounds.
    pub(crate) fn next(self, after: Micros, bounds: &Bounds) -> Option<Micros> {
        let mut at = after.0;
        loop {
            at = self.next_raw(at)?;
            if bounds.end.is_some_and(|end| at > end.0) {
                return None;
            }
            let early = bounds.start.is_some_and(|start| at < start.0);
            if !early && !self.is_excluded(at, bounds) {
                return Some(Micros(at));
            }
        }
    }

    /// Exclusions are read on the clock of the trigger.
    fn is_excluded(self, at: i64, bounds: &Bounds) -> bool {
        let Some(first) = bounds.exclude.first() else { return false };
        let zone = match self {
            Self::Calendar { zone, .. } => ZONES[zone],
            Self::Once(_) | Self::Every { .. } => ZONES[0],
        };
        let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
        let reading = zone.to_datetime(Micros(at).timestamp());
        reading >= first.from
            && bounds.exclude.iter().any(|span| span.from <= reading && reading < span.to)
    }

    fn next_raw(self, after: i64) -> Option<i64> {
        match self {
            Self::Once(at) => (at > after).then_some(at),
            Self::Every { first, .. } if after < first => Some(first),
            Self::Every { first, every } => Some(after + every - (after - first) % every),
            Self::Calendar { zone, pattern } => {
                assert!(
                    (start() * MINUTE..end() * MINUTE).contains(&after),
                    "outside the calendar"
                );
                let instants = &all()[zone][pattern];
                instants.get(instants.partition_point(|at| *at <= after)).copied()
            }
        }
    }
}

/// The firing of an instant is put off by this.
pub(crate) fn put_off(bounds: &Bounds, job: i64, nominal: Micros) -> Duration {
    let by = bounds.jitter_of(u64::try_from(job).unwrap(), nominal);
    assert!(by < bounds.jitter || by.is_zero(), "put off by more than the jitter");
    by
}
