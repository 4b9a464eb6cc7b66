//! Whole schedules: special zones, bounds, words.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::time;

use super::*;
use crate::model::{
    CronTrigger, DailyTrigger, DateTrigger, Exclusion, GapRule, IntervalTrigger, MonthlyTrigger,
    OverlapRule, WeeklyTrigger,
};

fn micros(text: &str) -> Micros {
    text.parse::<Timestamp>().unwrap().into()
}

fn cron(expression: &str, zone: &str, clock: ClockRule) -> Trigger {
    let (expression, zone) = (expression.to_owned(), zone.to_owned());
    let seconds = expression.split(' ').count() == 6;
    Trigger::Cron(CronTrigger { expression, seconds, zone, clock })
}

fn schedule(trigger: &Trigger, bounds: &Bounds) -> Schedule {
    Schedule::compile(trigger, bounds, &TimeZoneDatabase::bundled()).unwrap()
}

/// The firings after an instant, on the clock of the zone.
fn fires(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let mut at = micros(after);
    let mut fires = Vec::new();
    while fires.len() < count {
        let Some(next) = schedule.next(at) else { break };
        let local = next.timestamp().to_zoned(schedule.zone().clone());
        fires.push(local.strftime("%m-%d %H:%M:%S%.f%:z").to_string());
        at = next;
    }
    fires
}

fn simple(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    fires(
        &schedule(&cron(expression, zone, ClockRule::default()), &Bounds::default()),
        after,
        count,
    )
}

#[test]
fn special_clock_changes() {
    // Half an hour.
    assert_eq!(
        simple("10,20 2 * * *", "Australia/Lord_Howe", "2026-10-02T18:00:00Z", 2),
        ["10-04 02:30:00+11:00", "10-05 02:10:00+11:00"]
    );
    // A day that does not exist.
    assert_eq!(
        simple("0 9 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
        ["12-29 09:00:00-10:00", "12-31 00:00:00+14:00", "12-31 09:00:00+14:00"]
    );
    // Days that begin at 01:00.
    assert_eq!(
        simple("0 0,1 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 2),
        ["11-04 01:00:00-02:00", "11-05 00:00:00-02:00"]
    );
    assert_eq!(
        simple("@daily", "Asia/Beirut", "2024-03-30T12:00:00Z", 2),
        ["03-31 01:00:00+03:00", "04-01 00:00:00+03:00"]
    );
    // The evening comes twice.
    assert_eq!(
        simple("30 23 * * *", "America/Sao_Paulo", "2019-02-16T12:00:00Z", 2),
        ["02-16 23:30:00-02:00", "02-17 23:30:00-03:00"]
    );
}

#[test]
fn a_pass_that_is_wanted_is_found_though_the_next_reading_is_far() {
    let rule = ClockRule { gap: None, overlap: Some(OverlapRule::Second) };
    let schedule = schedule(&cron("0 1 24,7 * *", "America/Halifax", rule), &Bounds::default());
    assert_eq!(
        fires(&schedule, "2010-10-25T00:00:00Z", 2),
        ["11-07 01:00:00-04:00", "11-24 01:00:00-04:00"]
    );
}

#[test]
fn a_second_of_its_own_and_the_rule_of_its_own() {
    assert_eq!(
        simple("*/20 59 1 * * *", "Europe/Berlin", "2027-03-28T00:59:20Z", 2),
        ["03-28 01:59:40+01:00", "03-29 01:59:00+02:00"]
    );
    let rule = ClockRule { gap: Some(GapRule::RunAfter), overlap: Some(OverlapRule::First) };
    let hourly = schedule(&cron("30 * * * *", "Europe/Berlin", rule), &Bounds::default());
    assert_eq!(
        fires(&hourly, "2027-03-28T00:30:00Z", 2),
        ["03-28 03:00:00+02:00", "03-28 03:30:00+02:00"]
    );
    assert_eq!(
        fires(&hourly, "2027-10-31T00:00:00Z", 2),
        ["10-31 02:30:00+02:00", "10-31 03:30:00+01:00"]
    );
    assert!(hourly.follows_clock() && hourly.is_recurring());
}

#[test]
fn parts_of_a_second_are_kept() {
    let at = time(2, 30, 0, 123_456_789);
    let (zone, clock) = ("Europe/Berlin".to_owned(), ClockRule::default());
    let bounds = Bounds::default();
    let daily = Trigger::Daily(DailyTrigger { time: at, zone: zone.clone(), clock });
    let daily = schedule(&daily, &bounds);
    assert_eq!(
        fires(&daily, "2027-03-26T12:00:00Z", 3),
        ["03-27 02:30:00.123456+01:00", "03-28 03:00:00+02:00", "03-29 02:30:00.123456+02:00"]
    );
    assert!(!daily.follows_clock());
    let weekly = Trigger::Weekly(WeeklyTrigger { day: 6, time: at, zone: zone.clone(), clock });
    assert_eq!(
        fires(&schedule(&weekly, &bounds), "2027-03-22T00:00:00Z", 2),
        ["03-28 03:00:00+02:00", "04-04 02:30:00.123456+02:00"]
    );
    let monthly = Trigger::Monthly(MonthlyTrigger { day: 31, time: at, zone, clock });
    assert_eq!(
        fires(&schedule(&monthly, &bounds), "2027-02-01T00:00:00Z", 2),
        ["03-31 02:30:00.123456+02:00", "05-31 02:30:00.123456+02:00"]
    );
}

#[test]
fn dates_and_intervals_keep_to_their_bounds() {
    let date = Trigger::Date(DateTrigger { at: Micros(5), zone: "UTC".into(), intent: None });
    let once = schedule(&date, &Bounds::default());
    assert_eq!((once.next(Micros(4)), once.next(Micros(5))), (Some(Micros(5)), None));
    assert!(!once.is_recurring());
    let late = Bounds { start: Some(Micros(6)), ..Bounds::default() };
    assert_eq!(schedule(&date, &late).next(Micros(i64::MIN)), None);

    let every = Duration::from_millis(10);
    let interval = IntervalTrigger { every, first: Micros(7), zone: "UTC".into() };
    let (start, end) = (Some(Micros(20_007)), Some(Micros(30_007)));
    let bounds = Bounds { start, end, ..Bounds::default() };
    let bounded = schedule(&Trigger::Interval(interval), &bounds);
    assert_eq!(bounded.next(Micros(0)), Some(Micros(20_007)));
    assert_eq!(bounded.next(Micros(20_007)), Some(Micros(30_007)));
    assert_eq!(bounded.next(Micros(30_007)), None);
}

#[test]
fn what_cannot_be_compiled_is_explained() {
    let zones = TimeZoneDatabase::bundled();
    let refused = |trigger: &Trigger, bounds: &Bounds| {
        Schedule::compile(trigger, bounds, &zones).unwrap_err().to_string()
    };
    let interval =
        |every| Trigger::Interval(IntervalTrigger { every, first: Micros(0), zone: "UTC".into() });
    for (every, what) in [
        (Duration::from_micros(999), "too short"),
        (Duration::from_secs(3_155_695_201), "too long"),
        (Duration::from_nanos(2_000_001), "too fine"),
    ] {
        let said = refused(&interval(every), &Bounds::default());
        assert!(said.contains(what), "{said}");
    }
    let (time, zone, clock) = (time(9, 0, 0, 0), "UTC".to_owned(), ClockRule::default());
    let weekly = Trigger::Weekly(WeeklyTrigger { day: 7, time, zone: zone.clone(), clock });
    assert_eq!(
        refused(&weekly, &Bounds::default()),
        "There is no day 7 of the week. The days are 0 (Monday) to 6 (Sunday)."
    );
    let monthly = Trigger::Monthly(MonthlyTrigger { day: 0, time, zone, clock });
    assert!(refused(&monthly, &Bounds::default()).starts_with("There is no day 0 of the month."));
    let minute = interval(Duration::from_secs(60));
    let (start, end) = (Some(Micros(2)), Some(Micros(1)));
    let said = refused(&minute, &Bounds { start, end, ..Bounds::default() });
    assert!(said.contains("lies after the end"), "{said}");
    let day = jiff::civil::date(2027, 1, 1).at(0, 0, 0, 0);
    let exclude = vec![Exclusion { from: day, to: day }];
    let said = refused(&minute, &Bounds { exclude, ..Bounds::default() });
    assert!(said.contains("ends before it begins"), "{said}");
}

#[test]
fn exclusions_hold_on_the_clock_of_the_zone() {
    let exclude = ["2027-12-24", "2027-12-25", "2027-12-26"]
        .iter()
        .flat_map(|day| {
            parse_exclusions(day, &TimeZone::UTC, &TimeZoneDatabase::bundled()).unwrap()
        })
        .collect();
    let bounds = Bounds { exclude, ..Bounds::default() };
    let nightly = cron("0 0 * * *", "America/New_York", ClockRule::default());
    let nightly = schedule(&nightly, &bounds);
    assert_eq!(nightly.closed.len(), 1);
    assert_eq!(
        fires(&nightly, "2027-12-23T00:00:00Z", 2),
        ["12-23 00:00:00-05:00", "12-27 00:00:00-05:00"]
    );
}

#[test]
fn schedules_are_told_in_words() {
    let berlin = |expression: &str| {
        let trigger = cron(expression, "Europe/Berlin", ClockRule::default());
        schedule(&trigger, &Bounds::default()).describe()
    };
    for (expression, words) in [
        ("0 9,17 * * 1-5", "at 09:00 and 17:00, Monday to Friday"),
        ("* * * * *", "every minute, every day"),
        ("*/20 9-17 * * *", "every 20 minutes, in the hours 9 to 17, every day"),
        ("0 * * * *", "every hour, every day"),
        ("5,10 */2 * * *", "at minutes 5 and 10 past hours 0 to 22 in steps of 2, every day"),
        ("0 0 1,15 * 3", "at 00:00, on days 1 and 15 of the month or Wednesday"),
        ("0 0 1-7 1-3 *", "at 00:00, on days 1 to 7 of the month, in January to March"),
        ("0 0 L * *", "at 00:00, on the last day of the month"),
        ("0 0 * * 5#2,5L", "at 00:00, the second Friday and the last Friday"),
        ("0 0 * * 6,0", "at 00:00, Saturday and Sunday"),
        ("15 * 9-17 * * *", "at second 15 of every minute, in the hours 9 to 17, every day"),
    ] {
        assert_eq!(berlin(expression), format!("{words}, in Europe/Berlin"), "{expression}");
    }
    let exclude = parse_exclusions(
        "2027-12-24\n2027-12-30..2028-01-02\n2027-05-01T12:00..2027-05-01T18:00",
        &TimeZone::UTC,
        &TimeZoneDatabase::bundled(),
    );
    let bounds = Bounds {
        start: Some(micros("2027-01-01T08:00:00Z")),
        end: None,
        max_executions: Some(10),
        jitter: Duration::from_secs(30),
        exclude: exclude.unwrap(),
    };
    let rule = ClockRule { gap: Some(GapRule::Skip), overlap: None };
    let (time, zone) = (time(9, 0, 0, 0), "Europe/Berlin".to_owned());
    let daily = Trigger::Daily(DailyTrigger { time, zone, clock: rule });
    assert_eq!(
        schedule(&daily, &bounds).describe(),
        "at 09:00, every day, in Europe/Berlin, times that the clocks skip are left out, not before \
         2027-01-01 09:00, except 2027-12-24, 2027-12-30 to 2028-01-02 and 2027-05-01 12:00 to \
         2027-05-01 18:00, put off by up to 30s, at most 10 times"
    );
}

#[test]
fn clock_changes_are_told_in_words() {
    let told = |expression: &str, zone: &str, after: &str| {
        let trigger = cron(expression, zone, ClockRule::default());
        schedule(&trigger, &Bounds::default()).clock_changes(micros(after), 2)
    };
    assert_eq!(
        told("30 2 * * *", "Europe/Berlin", "2027-01-01T00:00:00Z"),
        [
            "2027-03-28 02:00 clocks go forward to 03:00: 02:30 does not exist that day, it fires \
             at 03:00",
            "2027-10-31 03:00 clocks go back to 02:00: 02:30 comes twice, it fires the first time",
        ]
    );
    assert_eq!(
        told("*/15 * * * *", "Europe/Berlin", "2027-01-01T00:00:00Z"),
        [
            "2027-03-28 02:00 clocks go forward to 03:00: 02:00, 02:15, 02:30 and more do not \
             exist that day, they do not fire",
            "2027-10-31 03:00 clocks go back to 02:00: 02:00, 02:15, 02:30 and more come twice, \
             they fire both times",
        ]
    );
    assert_eq!(
        told("0 9 * * *", "Pacific/Apia", "2011-12-01T00:00:00Z"),
        [
            "2011-12-30 00:00 clocks go forward to 2011-12-31 00:00: 09:00 does not exist that \
             day, it fires at 2011-12-31 00:00",
            "2012-04-01 04:00 clocks go back to 03:00: not affected",
        ]
    );
    assert_eq!(told("0 9 * * *", "UTC", "2011-12-01T00:00:00Z"), Vec::<String>::new());
}
