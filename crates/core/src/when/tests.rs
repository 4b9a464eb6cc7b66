//! Checks the examples of contracts/time.md, one by one, and how faults are shown.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::*;

/// A Sunday morning: 10:17:42.25 in UTC.
const NOW: &str = "2027-01-31T10:17:42.25Z";

struct Place {
    now: Timestamp,
    zone: TimeZone,
    zones: TimeZoneDatabase,
}

fn place(now: &str, zone: &str) -> Place {
    let zones = TimeZoneDatabase::bundled();
    Place { now: now.parse().unwrap(), zone: zones.get(zone).unwrap(), zones }
}

impl Place {
    fn context(&self, posix: bool) -> Context<'_> {
        Context { now: self.now, zone: &self.zone, zones: &self.zones, posix }
    }

    fn ask(&self, text: &str) -> Resolved {
        resolve(text, &self.context(false)).unwrap_or_else(|error| panic!("{}", error.render(text)))
    }

    fn says(&self, text: &str) -> String {
        print(self.ask(text).instant, &self.zone)
    }

    fn refuses(&self, text: &str) -> WhenError {
        match resolve(text, &self.context(false)) {
            Err(error) => error,
            Ok(resolved) => panic!("{text} is {}", print(resolved.instant, &self.zone)),
        }
    }
}

/// Checks each expression's answer.
fn table(now: &str, zone: &str, lines: &[(&str, &str)]) {
    let place = place(now, zone);
    for (text, expected) in lines {
        let found = place.says(text);
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn posix_times_and_dates() {
    table(
        NOW,
        "UTC",
        &[
            ("now", "2027-01-31T10:17:42.250000+00:00"),
            ("8", "2027-02-01T08:00:00+00:00"),
            ("12", "2027-01-31T12:00:00+00:00"),
            ("1430", "2027-01-31T14:30:00+00:00"),
            ("9:5", "2027-02-01T09:05:00+00:00"),
            ("1030am", "2027-01-31T10:30:00+00:00"),
            ("10:30 PM", "2027-01-31T22:30:00+00:00"),
            ("noon", "2027-01-31T12:00:00+00:00"),
            ("midnight", "2027-02-01T00:00:00+00:00"),
            ("10:17", "2027-02-01T10:17:00+00:00"),
            ("8:15 Jul 31", "2027-07-31T08:15:00+00:00"),
            ("8:15 jan 1", "2028-01-01T08:15:00+00:00"),
            ("8:15am July 31, 2028", "2028-07-31T08:15:00+00:00"),
            ("noon sunday", "2027-02-07T12:00:00+00:00"),
            ("11:00 today", "2027-01-31T11:00:00+00:00"),
            ("now next day", "2027-02-01T10:17:42.250000+00:00"),
            ("noon tomorrow next week", "2027-02-08T12:00:00+00:00"),
            ("now + 5 minutes", "2027-01-31T10:22:42.250000+00:00"),
            ("tomorrow", "2027-02-01T10:17:42.250000+00:00"),
            ("0100 utc", "2027-02-01T01:00:00+00:00"),
        ],
    );
}

#[test]
fn what_debian_adds() {
    table(
        NOW,
        "UTC",
        &[
            ("teatime", "2027-01-31T16:00:00+00:00"),
            ("14'30", "2027-01-31T14:30:00+00:00"),
            ("14h30", "2027-01-31T14:30:00+00:00"),
            ("14,30", "2027-01-31T14:30:00+00:00"),
            ("14.30", "2027-01-31T14:30:00+00:00"),
            ("2,30 pm", "2027-01-31T14:30:00+00:00"),
            ("2h30pm", "2027-01-31T14:30:00+00:00"),
            ("24:00", "2027-02-01T00:00:00+00:00"),
            ("2460", "2027-02-01T01:00:00+00:00"),
            ("8:15 31 Jul 28", "2028-07-31T08:15:00+00:00"),
            ("next friday", "2027-02-05T10:17:42.250000+00:00"),
            ("8:15 12/25/27", "2027-12-25T08:15:00+00:00"),
            ("8:15 25.12.2027", "2027-12-25T08:15:00+00:00"),
            ("8:15 27-12-25", "2027-12-25T08:15:00+00:00"),
            ("8:15 10228", "2028-01-02T08:15:00+00:00"),
            ("8:15 122527", "2027-12-25T08:15:00+00:00"),
            ("8:15 1022028", "2028-01-02T08:15:00+00:00"),
            ("8:15 12252027", "2027-12-25T08:15:00+00:00"),
            ("12:00 tomorrow - 1 hour", "2027-02-01T11:00:00+00:00"),
            ("now + 5 min", "2027-01-31T10:22:42.250000+00:00"),
            ("8:15 Jan 1 69", "2069-01-01T08:15:00+00:00"),
        ],
    );
}

#[test]
fn what_we_add() {
    table(
        NOW,
        "UTC",
        &[
            ("now + 30 seconds", "2027-01-31T10:18:12.250000+00:00"),
            ("in 5 minutes", "2027-01-31T10:22:42.250000+00:00"),
            ("in 1 hour 30 minutes", "2027-01-31T11:47:42.250000+00:00"),
            ("in an hour and 5 mins", "2027-01-31T11:22:42.250000+00:00"),
            ("2027-12-25T10:00:00Z", "2027-12-25T10:00:00+00:00"),
            ("2027-12-25t10:00:00.5z", "2027-12-25T10:00:00.500000+00:00"),
            ("2027-12-25T10:00:00.123456789-03:30", "2027-12-25T13:30:00.123456+00:00"),
            ("2027-12-25 10:00", "2027-12-25T10:00:00+00:00"),
            ("2027-12-25 10:00:15", "2027-12-25T10:00:15+00:00"),
            ("10:00:15 2027-12-25", "2027-12-25T10:00:15+00:00"),
            ("tomorrow noon", "2027-02-01T12:00:00+00:00"),
            ("thurs 8:15", "2027-02-04T08:15:00+00:00"),
            ("8:15 Sept 1", "2027-09-01T08:15:00+00:00"),
            ("at 8:15 on tues", "2027-02-02T08:15:00+00:00"),
            ("10:00 America/New_York", "2027-01-31T15:00:00+00:00"),
            ("10:00 tomorrow Asia/Kolkata", "2027-02-01T04:30:00+00:00"),
            ("10:00 Etc/GMT+5 + 1 day", "2027-02-01T15:00:00+00:00"),
            ("01:00 UTC+3hours", "2027-02-01T04:00:00+00:00"),
            ("now + 1 day + 2 hours", "2027-02-01T12:17:42.250000+00:00"),
            ("next week at 8:15", "2027-02-07T08:15:00+00:00"),
            ("in 2 days at 8:15", "2027-02-02T08:15:00+00:00"),
            ("Jul 31, 10am", "2027-07-31T10:00:00+00:00"),
        ],
    );
}

#[test]
fn answers_of_debian_that_we_do_not_copy() {
    let new_york = "America/New_York";
    let eve = "2026-03-07T22:30:15-05:00";
    table(
        eve,
        new_york,
        &[
            ("now + 4 hours", "2026-03-08T03:30:15-04:00"),
            ("now + 1 day", "2026-03-08T22:30:15-04:00"),
            ("01:00 UTC", "2026-03-08T21:00:00-04:00"),
            ("02:15", "2026-03-08T03:00:00-04:00"),
        ],
    );
    // The evening before in New York is already Sunday in UTC; a stated day is the speaker's.
    table(
        eve,
        new_york,
        &[
            ("10:00 UTC tomorrow", "2026-03-08T06:00:00-04:00"),
            ("10:00 UTC sunday", "2026-03-08T06:00:00-04:00"),
            ("10:00 UTC + 3 hours", "2026-03-08T09:00:00-04:00"),
            ("midnight UTC", "2026-03-08T20:00:00-04:00"),
        ],
    );
    let morning = "2026-03-08T01:30:00-05:00";
    table(morning, new_york, &[("2:30am sunday", "2026-03-15T02:30:00-04:00")]);
    table(morning, new_york, &[("now + 1 hour", "2026-03-08T03:30:00-04:00")]);
    let autumn = "2026-11-01T01:30:00-04:00";
    table(autumn, new_york, &[("now + 1 hour", "2026-11-01T01:30:00-05:00")]);
    let lord_howe = "Australia/Lord_Howe";
    table(
        "2026-10-03T23:30:59+10:30",
        lord_howe,
        &[("1200 tomorrow", "2026-10-04T12:00:00+11:00"), ("0215", "2026-10-04T02:30:00+11:00")],
    );
    table(
        NOW,
        "UTC",
        &[
            ("now + 1 month", "2027-02-28T10:17:42.250000+00:00"),
            ("now + 3 months", "2027-04-30T10:17:42.250000+00:00"),
            ("noon Feb 29 2028 + 1 year", "2029-02-28T12:00:00+00:00"),
        ],
    );
    for text in ["Feb 29 2027", "Feb 29", "June 31", "02/30/2027", "120027"] {
        assert_eq!(place(NOW, "UTC").refuses(text).kind(), WhenErrorKind::Range, "{text}");
    }
    for text in ["now + 99999999999999999999 years", "now + 8000 years", "next year + 99999 weeks"]
    {
        let far = place("9998-12-31T00:00:00Z", "UTC");
        assert_eq!(far.refuses(text).kind(), WhenErrorKind::TooFar, "{text}");
    }
}

#[test]
fn the_past_is_refused() {
    let place = place(NOW, "UTC");
    for text in ["midnight today", "Dec 31 1999", "2027-01-31T10:17:42Z", "now - 1 second"] {
        assert_eq!(place.refuses(text).kind(), WhenErrorKind::Past, "{text}");
    }
    assert_eq!(place.says("now - 0 minutes"), place.says("now"));
    assert_eq!(place.refuses("now - 99999 years").kind(), WhenErrorKind::Past);
}

#[test]
fn minute_resolution_drops_seconds() {
    let place = place(NOW, "UTC");
    for (text, expected) in [
        ("now", "2027-01-31T10:17:00+00:00"),
        ("now + 90 seconds", "2027-01-31T10:18:00+00:00"),
        ("11:00:59", "2027-01-31T11:00:00+00:00"),
        ("2027-12-25T10:00:59.5Z", "2027-12-25T10:00:00+00:00"),
        ("tomorrow", "2027-02-01T10:17:00+00:00"),
    ] {
        let resolved = resolve(text, &place.context(true)).unwrap();
        assert_eq!(print(resolved.instant, &place.zone), expected, "{text}");
        let again = resolved.intent.resolve_again(resolved.instant, &place.zones);
        assert_eq!(again, Some(resolved.instant), "{text}");
    }
}

#[test]
fn now_is_the_present_to_the_nanosecond() {
    let place = place("2027-01-31T10:17:42.123456789Z", "UTC");
    assert_eq!(place.ask("now").instant, place.now);
    assert_eq!(place.says("in 0 seconds"), "2027-01-31T10:17:42.123456+00:00");
}

#[test]
fn what_was_meant_is_kept() {
    let place = place(NOW, "Europe/Berlin");
    let civil = |datetime: &str, zone: &str| IntentKind::Civil {
        datetime: datetime.to_owned(),
        zone: zone.to_owned(),
    };
    for (text, kind) in [
        ("now", IntentKind::Elapsed),
        ("now + 2 hours", IntentKind::Elapsed),
        ("in 1 hour 30 minutes", IntentKind::Elapsed),
        ("2027-12-25T10:00:00+02:00", IntentKind::Elapsed),
        ("2027-12-25T10:00", civil("2027-12-25T10:00:00", "Europe/Berlin")),
        ("14:30 UTC", civil("2027-01-31T14:30:00", "UTC")),
        ("now + 1 day", civil("2027-02-01T11:17:42.25", "Europe/Berlin")),
        ("14:30 + 2 hours", civil("2027-01-31T16:30:00", "Europe/Berlin")),
        ("2:30 Mar 28 2027", civil("2027-03-28T02:30:00", "Europe/Berlin")),
    ] {
        let resolved = place.ask(text);
        assert_eq!(resolved.intent.kind, kind, "{text}");
        assert_eq!(resolved.intent.expression, text);
        assert_eq!(resolved.zone, place.zone);
        let again = resolved.intent.resolve_again(resolved.instant, &place.zones);
        assert_eq!(again, Some(resolved.instant), "{text}");
    }
}

#[test]
fn clock_changes_are_remarked() {
    let berlin = place(NOW, "Europe/Berlin");
    let note = berlin.ask("2:30 Mar 28 2027").note.unwrap();
    assert_eq!(
        note.to_string(),
        "02:30 does not exist on 2027-03-28 in Europe/Berlin (clocks go forward); \
         it will run at 03:00:00+02:00"
    );
    let note = berlin.ask("2:30 Oct 31 2027").note.unwrap();
    assert!(matches!(note, ClockNote::Overlap { pass: Pass::First, .. }));
    assert_eq!(berlin.says("2:30 Oct 31 2027"), "2027-10-31T02:30:00+02:00");
    assert_eq!(berlin.ask("4:30 Oct 31 2027").note, None);
}

#[test]
fn in_the_second_pass_its_own_times_are_still_to_come() {
    let place = place("2026-11-01T01:30:00-05:00", "America/New_York");
    assert_eq!(place.says("1:45"), "2026-11-01T01:45:00-05:00");
    assert_eq!(place.says("today"), "2026-11-01T01:30:00-05:00");
    assert_eq!(place.says("now + 0 days"), "2026-11-01T01:30:00-05:00");
    let resolved = place.ask("1:45");
    assert!(matches!(resolved.note, Some(ClockNote::Overlap { pass: Pass::Second, .. })));
    let again = resolved.intent.resolve_again(resolved.instant, &place.zones);
    assert_eq!(again, Some(resolved.instant));
}

/// at(1) takes the pass that has the offset in force when it is asked.
#[test]
fn in_place_of_at_the_pass_of_an_overlap_is_as_in_at() {
    let winter = place("2026-03-07T22:30:15-05:00", "America/New_York");
    let asked = resolve("1:30 Nov 1", &winter.context(true)).unwrap();
    assert_eq!(print(asked.instant, &winter.zone), "2026-11-01T01:30:00-05:00");
    assert_eq!(winter.says("1:30 Nov 1"), "2026-11-01T01:30:00-04:00");
}

#[test]
fn the_time_option_is_read_as_touch_reads_it() {
    let place = place(NOW, "UTC");
    let ask = |text: &str| match resolve_touch(text, &place.context(false)) {
        Ok(resolved) => print(resolved.instant, &resolved.zone),
        Err(error) => format!("{:?}", error.kind()),
    };
    for (text, expected) in [
        ("12251430", "2027-12-25T14:30:00+00:00"),
        ("2812251430.15", "2028-12-25T14:30:15+00:00"),
        ("202812251430", "2028-12-25T14:30:00+00:00"),
        ("202812252359.60", "2028-12-26T00:00:00+00:00"),
        ("01010000", "Past"),
        ("6901010000", "Range"),
        ("196912312359", "Range"),
        ("197001010000", "Past"),
        ("202702290000", "Range"),
        ("202713010000", "Range"),
        ("202712012400", "Range"),
        ("202712011260", "Range"),
        ("2027120112", "Range"),
        ("20271201123", "Syntax"),
        ("202712011230.5", "Syntax"),
        ("202712011230.", "Syntax"),
        ("now", "Syntax"),
        ("", "Syntax"),
        ("+2271201", "Syntax"),
        ("２０２７１２", "Syntax"),
    ] {
        assert_eq!(ask(text), expected, "{text}");
    }
    let minute = resolve_touch("12251430.59", &place.context(true)).unwrap();
    assert_eq!(print(minute.instant, &place.zone), "2027-12-25T14:30:00+00:00");
}

#[test]
fn faults_are_shown_with_their_place_and_a_way_out() {
    let place = place(NOW, "UTC");
    for (text, expected) in [
        (
            "10:00 tomorow",
            "        ^^^^^^^\n\"tomorow\" is not a word that times are written with.\n\
             hint: did you mean \"tomorrow\"?",
        ),
        (
            "now + 5 minuts",
            "          ^^^^^^\n\"minuts\" is not a unit of time.\nhint: did you mean \"minutes\"?",
        ),
        ("14;30", "    ^\n\";\" is not expected here.\nhint: write 14:30"),
        ("13pm", "  ^^^^\n13pm: with am or pm the hour is 1 to 12.\nhint: write 13:00"),
        ("25:00", "  ^^^^^\n25:00: the hours go from 0 to 23 (and 24:00)."),
        (
            "in 5 minutes ago",
            "               ^^^\n\"ago\" is not expected here.\n\
             hint: a job can only run in the future: write in 5 minutes",
        ),
        (
            "5 minutes",
            "  ^^^^^^^^^\n\"5 minutes\" does not say from when.\n\
             hint: write in 5 minutes, or now + 5 minutes",
        ),
        (
            "*/5 * * * *",
            "  ^^^^^^^^^^^\nThat is a cron expression, not a time.\n\
             hint: for a repeated job use: station cron \"*/5 * * * *\" -- COMMAND",
        ),
        (
            "@daily",
            "  ^^^^^^\nThat is a cron expression, not a time.\n\
             hint: for a repeated job use: station cron \"@daily\" -- COMMAND",
        ),
        (
            "",
            "  ^\nThe time is missing.\n\
             hint: write, for example, 14:30 tomorrow, now + 5 minutes or 2027-12-25 10:00",
        ),
        ("Feb 29", "  ^^^^^^\nFebruary 2027 has 28 days.\nhint: 2028 is the next leap year"),
        (
            "10:00 Europe/Berln",
            "        ^^^^^^^^^^^^\nThere is no time zone \"Europe/Berln\".\n\
             hint: did you mean Europe/Berlin?",
        ),
        (
            "10am 31-Jul-2027",
            "       ^^^^^^^^^^^\nA date with a month's name has no dashes.\nhint: write 31 Jul 2027",
        ),
        (
            "noon midnight",
            "       ^^^^^^^^\n\"noon\" and \"midnight\" cannot both be meant.\n\
             hint: leave one of them out",
        ),
        (
            "midnight today",
            "  ^^^^^^^^^^^^^^\nThis is 2027-01-31T00:00:00+00:00, which is past: \
             it is now 2027-01-31T10:17:42.250000+00:00.",
        ),
        (
            "13/01/2028",
            "  ^^^^^^^^^^\nThe month must be 1 to 12.\n\
             hint: the month stands first: write 01/13/2028",
        ),
        ("930am", "  ^^^\n\"930\" is neither a time nor a date.\nhint: write 9:30am"),
        (
            "25.12",
            "  ^^^^^\n25.12: the hours go from 0 to 23 (and 24:00).\n\
             hint: for a date write the year too: 25.12.2027",
        ),
        (
            "now + 1.5 hours",
            "        ^^^\nAn increment is a whole number.\n\
             hint: use a smaller unit: 90 minutes, not 1.5 hours",
        ),
    ] {
        let shown = place.refuses(text).render(text);
        assert_eq!(shown, format!("  {text}\n{expected}"), "{text}");
    }
}

#[test]
fn what_nobody_can_mean_is_refused() {
    let place = place(NOW, "UTC");
    let long = format!("now{}", " ".repeat(MAX_TEXT));
    let many = format!("now{}", " + 1 day".repeat(9));
    for text in [
        "10:00,tomorrow",
        "10:00 friday next",
        "10:00 tomorrow tuesday",
        "10:00 now",
        "now tomorrow",
        "now + 1 day 10:00",
        "10:00 UTC CET",
        "10:00 Etc/Unknown",
        "10:00 Factory",
        "noon 3rd may",
        "10:00\0",
        "ma\u{f1}ana",
        "\u{6f22}\u{5b57}",
        "10:00\u{a0}tomorrow",
        "UTC",
        "at",
        "10:00 on",
        "at on 10:00",
        "12:005",
        "10:61",
        "10:00:61",
        "10:",
        "2027-12-25T",
        "2027-12-25T10:00+24:00",
        "0am",
        "+ 1 day",
        "now +",
        "now + 5",
        "now + -1 hour",
        "in",
        "in -5 minutes",
        "next",
        "12/25",
        "123456789",
        "Jul",
        "Jul 31 123",
        long.as_str(),
        many.as_str(),
    ] {
        let error = place.refuses(text);
        assert_ne!(error.kind(), WhenErrorKind::Past, "{text}");
        assert!(text.get(error.span()).is_some(), "{text}");
    }
}
