//! Random texts let loose on the parsers.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use station_core::model::{Bounds, CronTrigger, Micros, Trigger};
use station_core::trigger::{Schedule, parse_exclusions, zone};

use crate::ZONES;

/// What expressions are made of, and what they are spoilt with.
const PIECES: &[&str] = &[
    "*",
    "*/",
    "/",
    "-",
    ",",
    "#",
    "L",
    "LW",
    "W",
    "L-",
    "?",
    "0",
    "1",
    "5",
    "7",
    "12",
    "31",
    "59",
    "60",
    "MON",
    "jan",
    "SUN-SAT",
    "@daily",
    "@",
    "%",
    " ",
    " ",
    " ",
    " ",
    "\t",
    "\n",
    "é",
    "٣",
    "999999999999",
    "* * * * ",
    "0 0 ",
    "~",
    "H",
];

/// What lists and calendars are made of.
const LINES: &[&str] = &[
    "BEGIN:VCALENDAR",
    "END:VCALENDAR",
    "BEGIN:VEVENT",
    "END:VEVENT",
    "BEGIN:VALARM",
    "END:VALARM",
    "DTSTART:20271224",
    "DTSTART;VALUE=DATE:20271224",
    "DTSTART:20271224T120000Z",
    "DTSTART;TZID=Europe/Berlin:20270328T023000",
    "DTEND:20271226",
    "DTEND:99991231T235959Z",
    "DURATION:PT1H",
    "DURATION:P2W",
    "DURATION:-P1D",
    "DURATION:P99999999999D",
    "RRULE:FREQ=YEARLY",
    "RRULE:FREQ=DAILY;COUNT=5000",
    "RRULE:FREQ=MONTHLY;INTERVAL=10000",
    "RRULE:FREQ=WEEKLY;UNTIL=20280101",
    "STATUS:CANCELLED",
    " folded",
    "2027-12-24",
    "2027-12-24..2027-12-26",
    "2027-12-24T12:00..2027-12-24T13:00",
    "9999-12-31",
    "# x",
    ":",
    "é",
];

fn try_cron(expression: &str, seconds: bool) {
    let zone = "Europe/Berlin".to_owned();
    let cron =
        CronTrigger { expression: expression.into(), seconds, zone, clock: Default::default() };
    match Schedule::compile(&Trigger::Cron(cron), &Bounds::default(), &ZONES) {
        Ok(schedule) => {
            assert!(schedule.next(Micros(0)).is_some(), "{expression}");
            assert!(schedule.describe().ends_with("Europe/Berlin"));
        }
        Err(error) => assert!(!error.to_string().contains(['\n', '\t', '\u{1b}']), "{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_schedule_or_refused(text in "\\PC{0,40}", seconds: bool) {
        try_cron(&text, seconds);
        let _refused = zone(&text, &ZONES);
    }

    #[test]
    fn pieces_of_expressions_are_a_schedule_or_refused(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14), seconds: bool,
    ) {
        try_cron(&pieces.concat(), seconds);
    }

    #[test]
    fn any_list_is_read_or_refused(
        lines in prop::collection::vec(prop::sample::select(LINES), 0..12),
        calendar: bool,
        noise in "\\PC{0,10}",
    ) {
        let mut text = lines.join("\r\n");
        if calendar {
            text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{text}\nEND:VEVENT\nEND:VCALENDAR\n");
        }
        let bounds = |exclude| Bounds { exclude, ..Bounds::default() };
        let zone = ZONES.get("America/New_York").unwrap();
        if let Ok(list) = parse_exclusions(&text, &zone, &ZONES) {
            for span in &list {
                prop_assert!(span.from < span.to);
            }
            let cron = CronTrigger {
                expression: "@hourly".into(),
                seconds: false,
                zone: "America/New_York".into(),
                clock: Default::default(),
            };
            let schedule = Schedule::compile(&Trigger::Cron(cron), &bounds(list), &ZONES).unwrap();
            let _next = schedule.next(Micros(1_800_000_000_000_000));
        }
        let _any = parse_exclusions(&noise, &TimeZone::UTC, &ZONES);
    }
}
