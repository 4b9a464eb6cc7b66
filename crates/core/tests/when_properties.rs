//! Lets random texts, instants, zones and durations loose on the time-expression language.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a fault"
)]

use std::sync::LazyLock;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use station_core::when::{
    Context, WhenErrorKind, parse_duration, print, print_duration, resolve, resolve_touch,
};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| ZONES.available().map(|name| name.to_string()).collect());

/// 9999-01-01: what is meant "tomorrow" then still exists.
const LATE: i64 = 253_370_764_800;

/// What expressions are made of, and what they are spoilt with.
const PIECES: &[&str] = &[
    "now",
    "noon",
    "midnight",
    "teatime",
    "today",
    "tomorrow",
    "next",
    "in",
    "at",
    "on",
    "am",
    "pm",
    "ago",
    "an",
    "and",
    "utc",
    "Z",
    "T",
    "monday",
    "sun",
    "thurs",
    "jan",
    "Feb",
    "sept",
    "december",
    "seconds",
    "min",
    "hours",
    "day",
    "weeks",
    "month",
    "years",
    "+",
    "-",
    ":",
    ",",
    ".",
    "/",
    "'",
    "h",
    ";",
    "@",
    "*",
    "0",
    "1",
    "5",
    "12",
    "24",
    "29",
    "31",
    "60",
    "99",
    "930",
    "1030",
    "2400",
    "2460",
    "2028",
    "9999",
    "10227",
    "122527",
    "1022027",
    "12252027",
    "99999999999999999999",
    "8:15",
    "23:60",
    "14:30:15.5",
    "02:30",
    "25.12.2027",
    "2027-12-25",
    "12/25/2027",
    "+02:00",
    "-0330",
    "Europe/Berlin",
    "America/New_York",
    "Etc/GMT+5",
    "EST5EDT",
    "Mars/Base",
    "tomorow",
    "ñ",
    "漢",
    "\0",
    "\u{1b}",
    "\t",
    "\n",
    " ",
    "  ",
    "\u{202e}",
];

fn zone() -> impl Strategy<Value = TimeZone> {
    (0..NAMES.len()).prop_map(|at| ZONES.get(&NAMES[at]).unwrap())
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0..LATE, 0..1_000_000_000_i32)
        .prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap())
}

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec((0..PIECES.len(), prop::bool::weighted(0.7)), 0..12).prop_map(|pieces| {
        let space = |(at, space): (usize, bool)| [PIECES[at], if space { " " } else { "" }];
        pieces.into_iter().flat_map(space).collect()
    })
}

/// Expressions that are mostly well-formed.
fn likely() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        (0..24, 0..60).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}")),
        (1..13, prop::bool::ANY).prop_map(|(h, pm)| format!("{h}{}", if pm { "pm" } else { "am" })),
        Just("noon".to_owned()),
        Just(String::new()),
    ];
    let date = prop_oneof![
        Just("today".to_owned()),
        Just("tomorrow".to_owned()),
        Just("sunday".to_owned()),
        (1..13, 1..32).prop_map(|(month, day)| format!("{day:02}.{month:02}.2090")),
        (1..32).prop_map(|day| format!("Mar {day}")),
        Just(String::new()),
    ];
    let unit = prop::sample::select(vec![
        "seconds", "minutes", "hours", "days", "weeks", "months", "years",
    ]);
    let step = prop_oneof![
        3 => (1..2000, unit, prop::bool::weighted(0.2))
            .prop_map(|(n, unit, back)| format!("{} {n} {unit}", if back { '-' } else { '+' })),
        1 => Just(String::new()),
    ];
    (time, date, step).prop_map(|(time, date, step)| {
        let start = if time.is_empty() && date.is_empty() { "now" } else { "" };
        format!("{start}{time} {date} {step}")
    })
}

/// What holds for every text: no panic, nothing in the past, errors that point into the text.
fn check(text: &str, now: Timestamp, zone: &TimeZone, posix: bool) -> Result<(), TestCaseError> {
    let ctx = Context { now, zone, zones: &ZONES, posix };
    let resolution =
        if posix { SignedDuration::from_secs(60) } else { SignedDuration::from_micros(1) };
    match resolve(text, &ctx) {
        Ok(resolved) => {
            prop_assert!(now.duration_since(resolved.instant) < resolution, "in the past");
            let again = resolved.intent.resolve_again(resolved.instant, &ZONES);
            // Until 1972 a zone had an offset with seconds, which whole minutes do not go with.
            let odd_offset = posix && resolved.instant.as_second() < 100_000_000;
            prop_assert!(
                again == Some(resolved.instant) || odd_offset,
                "meant: {:?}",
                resolved.intent
            );
            let printed = print(resolved.instant, &resolved.zone);
            let read = resolve(&printed, &Context { now: Timestamp::MIN, posix: false, ..ctx });
            prop_assert_eq!(print(read.unwrap().instant, zone), printed);
        }
        Err(error) => {
            prop_assert!(text.get(error.span()).is_some(), "the fault is outside the text");
            prop_assert!(!error.message().is_empty());
            let shown = error.render(text);
            prop_assert!(shown.lines().count() >= 3);
            prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
            prop_assert!(shown.chars().count() < 1500, "{} characters", shown.chars().count());
        }
    }
    if let Err(error) = resolve_touch(text, &ctx) {
        prop_assert!(text.get(error.span()).is_some());
    }
    if let Err(error) = parse_duration(text) {
        prop_assert!(text.get(error.span()).is_some());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>(), now in instant(), zone in zone(), posix: bool) {
        check(&text, now, &zone, posix)?;
    }

    #[test]
    fn any_bytes_of_ascii_are_answered(text in "[ -~\t\n]{0,40}", now in instant(), posix: bool) {
        check(&text, now, &TimeZone::UTC, posix)?;
    }

    #[test]
    fn any_soup_of_words_is_answered(text in soup(), now in instant(), zone in zone(), posix: bool) {
        check(&text, now, &zone, posix)?;
    }

    #[test]
    fn likely_expressions_are_answered(text in likely(), now in instant(), zone in zone(), posix: bool) {
        check(&text, now, &zone, posix)?;
    }

    #[test]
    fn digits_are_answered(text in "[0-9]{1,14}([.][0-9]{0,3})?", now in instant(), zone in zone()) {
        check(&text, now, &zone, false)?;
    }

    #[test]
    fn a_printed_instant_is_read_back(at in instant(), zone in zone(), other in zone()) {
        let whole = Timestamp::from_microsecond(at.as_microsecond()).unwrap();
        let printed = print(at, &zone);
        let ctx = Context { now: Timestamp::UNIX_EPOCH, zone: &other, zones: &ZONES, posix: false };
        let read = resolve(&printed, &ctx).unwrap();
        prop_assert_eq!(read.instant, whole, "{}", printed);
    }

    #[test]
    fn a_bare_time_is_within_the_coming_day(hour in 0..24, minute in 0..60, now in instant(), zone in zone()) {
        let ctx = Context { now, zone: &zone, zones: &ZONES, posix: false };
        let found = resolve(&format!("{hour}:{minute:02}"), &ctx).unwrap().instant;
        prop_assert!(found > now);
        // A day of 25 hours, and one that is skipped altogether (Pacific/Apia).
        prop_assert!(found.duration_since(now) <= SignedDuration::from_hours(50));
    }

    #[test]
    fn hours_are_elapsed_time(hours in 0..1_000_000_i64, now in instant(), zone in zone()) {
        let ctx = Context { now, zone: &zone, zones: &ZONES, posix: false };
        match resolve(&format!("now + {hours} hours"), &ctx) {
            Ok(found) => {
                let micros = found.instant.as_microsecond() - now.as_microsecond();
                prop_assert_eq!(micros, hours * 3_600_000_000);
            }
            Err(error) => prop_assert_eq!(error.kind(), WhenErrorKind::TooFar),
        }
    }

    #[test]
    fn a_printed_duration_is_read_back(micros in any::<u64>()) {
        let duration = Duration::from_micros(micros);
        prop_assert_eq!(parse_duration(&print_duration(duration)), Ok(duration));
    }

    #[test]
    fn a_text_of_any_length_ends_soon(piece in 0..PIECES.len(), times in 0..100_000_usize) {
        let text = PIECES[piece].repeat(times.min(200_000 / PIECES[piece].len()));
        check(&text, Timestamp::UNIX_EPOCH, &TimeZone::UTC, false)?;
    }
}
