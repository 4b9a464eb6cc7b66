//! Compares every answer with Debian's: `at` 3.2.5 was asked each expression of
//! `data/at-timespec.tsv`. Where we differ, `data/at-ours.tsv` says what we answer and why.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a fault"
)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZoneDatabase;
use jiff::{Timestamp, Zoned};
use station_core::when::{Context, print, resolve};

const DEBIAN: &str = include_str!("data/at-timespec.tsv");
const DEVIATIONS: &str = include_str!("data/at-deviations.tsv");
const OURS: &str = include_str!("data/at-ours.tsv");

/// What Debian refuses as a syntax error and we accept: contracts/time.md lists all of it as
/// POSIX-legal or as ours.
const EXTENSIONS: &[&str] = &[
    // POSIX-legal: an hour alone, a wall clock time of four digits, `now` with `next`.
    "12",
    "1",
    "24",
    "1030am",
    "now next week",
    // Ours: seconds, `in`, RFC 3339, several increments.
    "now + 30 seconds",
    "12:00:30",
    "in 5 minutes",
    "in 1 hour",
    "2027-12-25T10:00:00Z",
    "10:00 + 1 day + 2 hours",
    "now + 1 day + 2 hours",
    // Ours: more abbreviations, zones by name, prepositions, the date first.
    "weds",
    "Sept 1",
    "10:00 tomorrow UTC",
    "10:00 CET",
    "10:00 America/New_York",
    "at 10:00",
    "10:00 on monday",
    "monday 10:00",
    "tomorrow 10:00",
];

/// Why our answer may differ; each is a sentence of contracts/time.md.
const REASONS: &[&str] = &[
    "elapsed",     // `+ N hours` (minutes) is elapsed time across a clock change
    "month-end",   // month and year arithmetic keeps to the month's last day
    "no-such-day", // 29 February 2027, 31 June, day 0 are errors
    "next-utc",    // a bare time in UTC is the next such time, strictly later
    "gap-end",     // a time in a gap runs at the first instant after it
    "clock-time",  // a stated clock time is that time, whatever the offset does before it
];

type Key = (String, String, String);

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split('\t').collect())
}

fn key(row: &[&str]) -> Key {
    (row[0].to_owned(), row[1].to_owned(), row[2].to_owned())
}

/// Our answer: an instant, or the kind of the error behind a `!`.
fn answer(row: &[&str], posix: bool) -> String {
    let zones = TimeZoneDatabase::bundled();
    let zone = zones.get(row[1]).unwrap();
    let now: Timestamp = row[0].parse().unwrap();
    let text = row[2].replace("\\t", "\t");
    match resolve(&text, &Context { now, zone: &zone, zones: &zones, posix }) {
        Ok(resolved) => print(resolved.instant, &resolved.zone),
        Err(error) => format!("!{:?}", error.kind()),
    }
}

fn ours() -> BTreeMap<Key, (&'static str, &'static str)> {
    let mut table = BTreeMap::new();
    for row in rows(OURS) {
        assert!(REASONS.contains(&row[4]), "unknown reason: {row:?}");
        assert!(table.insert(key(&row), (row[3], row[4])).is_none(), "twice: {row:?}");
    }
    table
}

#[test]
fn we_answer_as_debian_does_or_as_the_contract_says() {
    let ours = ours();
    let published: BTreeSet<Key> = rows(DEVIATIONS).map(|row| key(&row)).collect();
    let mut used = BTreeSet::new();
    let mut extended = BTreeSet::new();
    let mut faults = Vec::new();
    let (mut agree, mut refused) = (0, 0);
    for row in rows(DEBIAN) {
        let (found, listed) = (answer(&row, true), ours.get(&key(&row)));
        let past = row[6].contains("in the past");
        let right = match (row[3], listed) {
            (_, Some((expected, _))) => {
                let debian = if past { "!Past" } else { row[4] };
                used.insert(key(&row));
                let differs = found != debian || published.contains(&key(&row));
                found == *expected && differs && (row[3] == "0" || past)
            }
            ("0", None) => {
                agree += 1;
                found == row[4]
            }
            (_, None) if past => {
                refused += 1;
                found == "!Past"
            }
            (_, None) if EXTENSIONS.contains(&row[2]) => {
                extended.insert(row[2]);
                !found.starts_with('!')
            }
            (_, None) => {
                refused += 1;
                found.starts_with('!') && found != "!Past"
            }
        };
        if !right {
            faults.push(format!(
                "{}\t{}\t{}\t{found}\tdebian {}{}",
                row[0], row[1], row[2], row[4], row[6]
            ));
        }
    }
    for row in rows(DEVIATIONS) {
        let found = answer(&row, true);
        used.insert(key(&row));
        if ours.get(&key(&row)).map(|(expected, _)| *expected) != Some(found.as_str()) {
            faults.push(format!(
                "{}\t{}\t{}\t{found}\tdeviation {} {}",
                row[0], row[1], row[2], row[3], row[5]
            ));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let unused: Vec<_> = ours.keys().filter(|key| !used.contains(*key)).collect();
    assert!(unused.is_empty(), "at-ours.tsv has rows that are not needed: {unused:?}");
    let unused: Vec<_> = EXTENSIONS.iter().filter(|text| !extended.contains(**text)).collect();
    assert!(unused.is_empty(), "not in the corpus, or accepted by Debian too: {unused:?}");
    assert!(agree >= 500 && refused >= 150, "{agree} agree, {refused} refused");
}

/// The published deviations say which clock time was asked for: it is the one we answer with, or
/// the end of the gap that it is in.
#[test]
fn published_deviations_are_answered_with_the_time_asked_for() {
    let zones = TimeZoneDatabase::bundled();
    for row in rows(DEVIATIONS) {
        let instant: Timestamp = answer(&row, true).parse().unwrap();
        let zone = zones.get(row[1]).unwrap();
        let found: Zoned = instant.to_zoned(zone.clone());
        let asked: jiff::civil::Time = row[4].parse().unwrap();
        if row[5] == "exists" {
            assert_eq!(found.time(), asked, "{row:?}");
        } else {
            let change = zone.preceding(instant + jiff::SignedDuration::from_secs(1)).next();
            assert_eq!(change.map(|change| change.timestamp()), Some(instant), "{row:?}");
            assert!(found.time() > asked, "{row:?}");
        }
    }
}

/// Seconds are kept where at(1) drops them; beyond that the resolution changes nothing (but for
/// the pass of an overlap, where at(1) takes the offset in force when it is asked).
#[test]
fn the_finer_resolution_gives_the_same_minute() {
    let overlap = |row: &[&str]| row[1] == "America/New_York" && row[2].starts_with("1:30");
    for row in
        rows(DEBIAN).filter(|row| row[3] == "0" && !(overlap(row) && row[2].contains("Nov 1")))
    {
        let (coarse, fine) = (answer(&row, true), answer(&row, false));
        let same = match (coarse.parse::<Timestamp>(), fine.parse::<Timestamp>()) {
            (Ok(coarse), Ok(fine)) => (0..60).contains(&(fine - coarse).get_seconds()),
            (_, _) => coarse == fine,
        };
        assert!(same, "{row:?}: {coarse} and {fine}");
    }
}
