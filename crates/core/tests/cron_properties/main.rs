//! Compares schedules with a second, slow implementation, at clock changes of all zones and over
//! half centuries; then bounds them, and lets random texts loose on the parsers.
//!
//! `STATION_CRON_CASES` says how many cases are tried, `STATION_CRON_SEED` which.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a fault"
)]

mod expected;
mod generate;
mod random;
mod texts;

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use station_core::model::{Bounds, Exclusion, IntervalTrigger, Micros, Trigger};
use station_core::trigger::{Schedule, ScheduleErrorKind, zone};

use random::Random;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = ZONES.available().map(|name| name.to_string());
    names.filter(|name| name != "Factory").collect()
});

/// Rules that no place has, but a POSIX TZ string can.
const POSIX: [&str; 5] = [
    "EST5EDT,M3.2.0,M11.1.0",
    "AAA0BBB,J88/2,J300/2",
    "XXX-3:30YYY,M2.1.0/-50,M6.1.0/50",
    "AAA12BBB-12,J60/0,J300/0",
    "AAA3BBB3:30,J60/2,J61/2",
];

#[expect(clippy::disallowed_methods, reason = "the size of a test run is set from outside")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Runs cases, each from a seed of its own that a failure names.
fn cases(default: u64, mut case: impl FnMut(&mut Random)) {
    let first = setting("STATION_CRON_SEED", 1);
    for seed in first..first + setting("STATION_CRON_CASES", default) {
        let mut chance = Random::new(seed.wrapping_mul(0x9E6D));
        let run = std::panic::AssertUnwindSafe(|| case(&mut chance));
        if let Err(panic) = std::panic::catch_unwind(run) {
            let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            panic!("STATION_CRON_SEED={seed} STATION_CRON_CASES=1: {said}");
        }
    }
}

/// A zone that changes its clocks, and one of its changes.
fn change(chance: &mut Random) -> (String, TimeZone, Timestamp) {
    loop {
        let name = if chance.chance(5) {
            chance.pick(&POSIX)
        } else {
            &NAMES[usize::try_from(chance.next()).unwrap() % NAMES.len()]
        };
        let zone = zone(name, &ZONES).unwrap();
        let changes: Vec<Timestamp> = zone
            .following("1850-01-01T00:00Z".parse::<Timestamp>().unwrap())
            .map(|change| change.timestamp())
            .take_while(|at| *at < "2080-01-01T00:00Z".parse().unwrap())
            .collect();
        if !changes.is_empty() {
            let at = chance.pick(&changes);
            return (name.to_owned(), zone, at);
        }
    }
}

/// The schedule; nothing if no day matches, which happens to random ones.
fn compile(trigger: &Trigger, bounds: &Bounds) -> Option<Schedule> {
    match Schedule::compile(trigger, bounds, &ZONES) {
        Ok(schedule) => {
            assert!(!schedule.describe().is_empty());
            Some(schedule)
        }
        Err(error) => {
            assert_eq!(error.kind(), ScheduleErrorKind::Impossible, "{trigger:?}: {error}");
            None
        }
    }
}

/// All firings in `from..=to`; they must come in order.
fn fires(schedule: &Schedule, from: Timestamp, to: Timestamp) -> BTreeSet<Timestamp> {
    let mut all = BTreeSet::new();
    let mut at = Micros(Micros::from(from).0 - 1);
    while let Some(next) = schedule.next(at) {
        assert!(next > at, "{schedule:?} goes from {at} to {next}");
        if next.timestamp() > to {
            break;
        }
        all.insert(next.timestamp());
        at = next;
    }
    all
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// A minute, where the clock shows whole minutes; in the days of local mean time, a second.
fn step(zone: &TimeZone, at: Timestamp) -> SignedDuration {
    let whole = |at: Timestamp| zone.to_offset(at).seconds() % 60 == 0;
    let whole = whole(at) && whole(at - hours(27)) && whole(at + hours(27));
    SignedDuration::from_secs(if whole && at.as_second() % 60 == 0 { 60 } else { 1 })
}

#[test]
fn at_clock_changes_schedules_fire_as_the_clock_says() {
    let mut seconds = 0;
    cases(1000, |chance| {
        let (name, zone, at) = change(chance);
        let (trigger, meaning) = generate::trigger(chance, &name, false);
        let Some(schedule) = compile(&trigger, &Bounds::default()) else { return };
        let by_seconds = matches!(&trigger, Trigger::Cron(cron) if cron.seconds);
        let step = if by_seconds { SignedDuration::from_secs(1) } else { step(&zone, at) };
        let minutes = i64::try_from(chance.within(0, 180)).unwrap();
        let from = at - SignedDuration::from_mins(minutes);
        let mut to = at + hours(30);
        if step.as_secs() == 1 {
            to = at + hours(4);
            seconds += 1;
            if seconds > 12 {
                return;
            }
        }
        let expected = meaning.walk(&zone, from, to, step);
        assert_eq!(fires(&schedule, from, to), expected, "{trigger:?} from {from}, {at}");
        for line in schedule.clock_changes(Micros::from(from), 2) {
            assert!(line.contains("clocks go"), "{line}");
        }
    });
}

#[test]
fn over_fifty_years_nothing_is_skipped_or_added() {
    cases(150, |chance| {
        let (name, zone, _) = change(chance);
        let (trigger, meaning) = generate::trigger(chance, &name, true);
        let Some(schedule) = compile(&trigger, &Bounds::default()) else { return };
        let year = i16::try_from(chance.within(1975, 2060)).unwrap();
        let (first, last) = (jiff::civil::date(year, 1, 1), jiff::civil::date(year + 50, 1, 1));
        let mut expected = meaning.days(&zone, first, last);
        let from = first.tomorrow().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
        let to = last.yesterday().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
        expected.retain(|at| (from..=to).contains(at));
        let ours = fires(&schedule, from, to);
        let differ: Vec<_> = ours.symmetric_difference(&expected).take(5).collect();
        assert!(differ.is_empty(), "{trigger:?}: {differ:?}");
    });
}

#[test]
fn windows_and_exclusions_take_away_exactly_what_they_cover() {
    cases(1500, |chance| {
        let (name, zone, change) = change(chance);
        let (trigger, _) = match chance.chance(80) {
            true => {
                let (trigger, meaning) = generate::trigger(chance, &name, false);
                (trigger, Some(meaning))
            }
            false => {
                let every = Duration::from_secs(chance.within(60, 20_000));
                let first = Micros::from(change - hours(60)).plus(Duration::from_micros(7));
                (Trigger::Interval(IntervalTrigger { every, first, zone: name }), None)
            }
        };
        let Some(free) = compile(&trigger, &Bounds::default()) else { return };
        let (from, to) = (change - hours(50), change + hours(50));
        let mut bounds = Bounds::default();
        for _ in 0..chance.within(0, 6) {
            let start = from + SignedDuration::from_secs(chance.within(0, 360_000).cast_signed());
            let start = zone.to_datetime(start).round(jiff::Unit::Minute).unwrap();
            let length = chance.within(1, 2_000).cast_signed().minutes();
            bounds.exclude.push(Exclusion { from: start, to: start.checked_add(length).unwrap() });
        }
        let edge = |chance: &mut Random| {
            let span = SignedDuration::from_secs(chance.within(0, 360_000).cast_signed());
            chance.chance(30).then(|| Micros::from(from + span))
        };
        let (one, two) = (edge(chance), edge(chance));
        (bounds.start, bounds.end) = match (one, two) {
            (Some(one), Some(two)) => (Some(one.min(two)), Some(one.max(two))),
            either => either,
        };
        let bounded = compile(&trigger, &bounds).unwrap();
        let mut expected = fires(&free, from, to);
        expected.retain(|at| {
            let reading = zone.to_datetime(*at);
            bounds.start.is_none_or(|start| start <= Micros::from(*at))
                && bounds.end.is_none_or(|end| Micros::from(*at) <= end)
                && !bounds.exclude.iter().any(|span| (span.from..span.to).contains(&reading))
        });
        assert_eq!(fires(&bounded, from, to), expected, "{trigger:?} {bounds:?}");
    });
}

#[test]
fn intervals_count_elapsed_time() {
    cases(300, |chance| {
        let every = Duration::from_micros(chance.within(1_000, 3_000_000_000_000_000));
        let first = Micros(chance.within(0, 4_000_000_000_000_000).cast_signed());
        let trigger = Trigger::Interval(IntervalTrigger { every, first, zone: "UTC".into() });
        let schedule = compile(&trigger, &Bounds::default()).unwrap();
        let mut at = Micros(i64::MIN);
        let mut expected = first;
        for _ in 0..20 {
            let next = schedule.next(at).unwrap();
            assert_eq!(next, expected);
            at = Micros(next.0 + chance.within(0, 1).cast_signed() * 999);
            expected = next.plus(every);
        }
    });
}

#[test]
fn every_call_ends_at_the_edges_of_time() {
    cases(400, |chance| {
        let (name, _, _) = change(chance);
        let (trigger, _) = generate::trigger(chance, &name, false);
        let Some(schedule) = compile(&trigger, &Bounds::default()) else { return };
        for after in [i64::MIN, i64::MIN + 1, -377_705_023_201_000_000, i64::MAX - 1, i64::MAX] {
            let next = schedule.next(Micros(after));
            assert!(next.is_none_or(|next| next.0 > after), "{trigger:?} {after}");
            let _lines = schedule.clock_changes(Micros(after), 2);
        }
        let late: Timestamp = "9999-12-20T00:00Z".parse().unwrap();
        let _all = fires(&schedule, late, Timestamp::MAX);
    });
}
