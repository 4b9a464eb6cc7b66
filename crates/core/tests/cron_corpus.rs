//! Holds the cron evaluator to what cron daemons and two other libraries were measured to do.
//!
//! `data/cron.tsv`: expression, zone, start, then the next five firings by the rules of vixie-cron
//! (checked against the running daemons), by cronsim and by croniter; then whether Debian's and
//! cronie's crontab took the expression. `data/cron-dst-debian-and-cronie.txt`: what the daemons
//! did across clock changes.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report of a fault")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use station_core::model::{Bounds, CronTrigger, Micros, Trigger};
use station_core::trigger::{Schedule, ScheduleError};

/// Expressions that a standard cron takes and we refuse, because they never fire.
const NEVER: &[&str] = &["0 0 30 2 *", "0 0 31 4 *", "0 0 31 2,4,6,9,11 *"];

/// Extensions and nicknames of ours that a standard cron refuses.
const EXTENSIONS: &[&str] = &[
    "* * * * * *",
    "0 0 * * 0#2",
    "0 0 * * 0L",
    "0 0 * * 1#1",
    "0 0 * * 1#1,1#3",
    "0 0 * * 5#3",
    "0 0 * * 5#5",
    "0 0 * * 5L",
    "0 0 * * 7#2",
    "0 0 * * 7L",
    "0 0 * * MON#1",
    "0 0 1 * 5#3",
    "0 0 12 * * *",
    "0 0 1W * *",
    "0 0 31W * *",
    "0 0 L * *",
    "0 0 L * 1",
    "0 0 L 2 *",
    "0 0 L-3 * *",
    "0 0 LW * *",
    "0 0 l * *",
    "30 2 * * 0#2",
    "30 2 * * 0L",
    "30 2 L * *",
    "@Daily",
];

/// Where we do not do what a library does.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("0 0 31W * *", "croniter", "a month without a 31st has no working day nearest to it"),
    ("0 0 12 * * *", "croniter", "it has the seconds in the last field, we have them in the first"),
    ("0 0 12 * * *", "cronsim", "with seconds, it loses 12:00 on the day of Lord Howe's gap"),
];

fn compile(expression: &str, seconds: bool, zone: &str) -> Result<Schedule, ScheduleError> {
    let cron = CronTrigger {
        expression: expression.to_owned(),
        seconds,
        zone: zone.to_owned(),
        clock: Default::default(),
    };
    Schedule::compile(&Trigger::Cron(cron), &Bounds::default(), &TimeZoneDatabase::bundled())
}

fn five(schedule: &Schedule, start: &str) -> Vec<Timestamp> {
    let mut at = Micros::from(start.parse::<Timestamp>().unwrap());
    let mut fires = Vec::new();
    while fires.len() < 5 {
        let Some(next) = schedule.next(at) else { break };
        fires.push(next.timestamp());
        at = next;
    }
    fires
}

fn instants(column: &str) -> Vec<Timestamp> {
    column.split(' ').map(|at| at.parse().unwrap()).collect()
}

fn rows() -> Vec<Vec<&'static str>> {
    let text = include_str!("data/cron.tsv");
    text.lines().skip(1).map(|line| line.split('\t').collect()).collect()
}

#[test]
fn standard_expressions_fire_as_in_vixie_cron() {
    let mut never = BTreeSet::new();
    let mut checked = 0;
    for row in rows().iter().filter(|row| !row[3].starts_with("ERR")) {
        let expression = row[0].replace("\\t", "\t");
        let schedule = compile(&expression, false, row[1]);
        if row[3] == "NONE" {
            assert!(schedule.is_err(), "{row:?}");
            never.insert(row[0]);
            continue;
        }
        assert_eq!(five(&schedule.unwrap(), row[2]), instants(row[3]), "{row:?}");
        checked += 1;
    }
    assert_eq!(never, NEVER.iter().copied().collect(), "the list is stale");
    assert!(checked > 400, "only {checked} rows");
}

#[test]
fn extensions_fire_as_elsewhere_and_rubbish_is_refused() {
    let mut extensions = BTreeSet::new();
    let mut deviations = BTreeMap::new();
    for row in rows().iter().filter(|row| row[3].starts_with("ERR")) {
        let seconds = row[0].split(' ').count() == 6 && EXTENSIONS.contains(&row[0]);
        let schedule = compile(row[0], seconds, row[1]);
        let Ok(schedule) = schedule else {
            assert!(!EXTENSIONS.contains(&row[0]), "{row:?}: {schedule:?}");
            continue;
        };
        assert!(EXTENSIONS.contains(&row[0]), "{row:?} was taken");
        extensions.insert(row[0]);
        let ours = five(&schedule, row[2]);
        for (column, library) in [(4, "cronsim"), (5, "croniter")] {
            if !row[column].starts_with("ERR") && ours != instants(row[column]) {
                deviations.insert((row[0], library), format!("{ours:?} {row:?}"));
            }
        }
    }
    for (expression, library, reason) in DEVIATIONS {
        let found = deviations.remove(&(*expression, *library));
        assert!(found.is_some(), "stale: {expression} {library} ({reason})");
    }
    assert!(deviations.is_empty(), "{deviations:#?}");
    let known: BTreeSet<&str> = EXTENSIONS.iter().copied().collect();
    let in_corpus: BTreeSet<&str> = rows().iter().map(|row| row[0]).collect();
    assert_eq!(extensions, known.intersection(&in_corpus).copied().collect());
}

#[test]
fn nothing_is_refused_without_a_reason() {
    for row in rows() {
        if let Err(error) = compile(&row[0].replace("\\t", "\t"), false, row[1]) {
            let said = error.to_string();
            assert!(said.ends_with(['.', '?']) && said.len() > 20, "{row:?}: {said}");
            assert!(error.hint().is_some(), "{row:?}: {said}");
        }
    }
}

#[test]
fn clock_changes_are_passed_as_the_daemons_pass_them() {
    let mut checked = 0;
    let (mut zone, mut start, mut month) = ("", "", "");
    for line in include_str!("data/cron-dst-debian-and-cronie.txt").lines() {
        if let Some(head) = line.strip_prefix("## ") {
            let words: Vec<&str> = head.split(' ').collect();
            (zone, start) = (words[1], head.split_at(head.len() - 19).1);
            month = start.split_at(8).0;
            continue;
        }
        let Some((expression, fires)) = line.split_at_checked(17) else { continue };
        let expression = expression.trim();
        if line.starts_with('#') {
            continue;
        }
        let schedule = compile(expression, false, zone).unwrap();
        let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
        let started = Micros::from(instant(&start.replace(' ', "T"), &zone));
        checked += 1;
        if let Some((count, _)) = fires.split_once(" fires ") {
            let words: Vec<&str> = line.split_whitespace().collect();
            let last = words[words.len() - 2..].join(" ");
            let last = daemon_time(month, &last);
            let mut at = started;
            for _ in 0..count.trim().parse::<usize>().unwrap() {
                at = schedule.next(at).unwrap();
            }
            assert_eq!(at.timestamp(), last, "{line}");
            continue;
        }
        let mut theirs: Vec<Timestamp> = fires
            .split(", ")
            .filter(|at| !at.trim().is_empty())
            .map(|at| daemon_time(month, at))
            .collect();
        // Where a daemon starts a job twice in a minute, we start it once.
        theirs.dedup();
        let mut ours = Vec::new();
        let mut at = started;
        // The daemons were watched for some hours.
        while let Some(next) = schedule.next(at)
            && next.timestamp() <= *theirs.last().unwrap_or(&started.timestamp())
        {
            ours.push(next.timestamp());
            at = next;
        }
        assert_eq!(ours, theirs, "{zone:?} {line}");
        if theirs.is_empty() {
            let next = schedule.next(started).unwrap().timestamp();
            assert!(next.duration_since(started.timestamp()).as_hours() > 4, "{line}");
        }
    }
    assert_eq!(checked, 112);
}

fn instant(reading: &str, zone: &TimeZone) -> Timestamp {
    let at: jiff::civil::DateTime = reading.parse().unwrap();
    zone.to_ambiguous_timestamp(at).compatible().unwrap()
}

/// `04 02:30+1100`, in the month given.
fn daemon_time(month: &str, at: &str) -> Timestamp {
    let (day, time) = at.trim().split_once(' ').unwrap();
    let (time, offset) = time.split_at(5);
    format!("{month}{day}T{time}{offset}").parse().unwrap()
}
