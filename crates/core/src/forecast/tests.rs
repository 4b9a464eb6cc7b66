use jiff::Timestamp;
use jiff::civil::time;

use super::*;
use crate::model::{ClockRule, CronTrigger, DailyTrigger, IntervalTrigger};

fn at(text: &str) -> Micros {
    text.parse::<Timestamp>().unwrap().into()
}

fn candidate(id: i64, trigger: Trigger) -> Candidate {
    Candidate {
        job: JobId(id),
        name: format!("job {id}"),
        lanes: vec!["local".to_owned()],
        trigger,
        bounds: Bounds::default(),
        runs_left: None,
        duration: Duration::ZERO,
    }
}

fn every(seconds: u64, first: &str) -> Trigger {
    Trigger::Interval(IntervalTrigger {
        every: Duration::from_secs(seconds),
        first: at(first),
        zone: "UTC".to_owned(),
    })
}

fn cron(expression: &str, zone: &str) -> Trigger {
    Trigger::Cron(CronTrigger {
        expression: expression.to_owned(),
        seconds: false,
        zone: zone.to_owned(),
        clock: ClockRule::default(),
    })
}

fn daily(hour: i8, minute: i8, zone: &str) -> Trigger {
    Trigger::Daily(DailyTrigger {
        time: time(hour, minute, 0, 0),
        zone: zone.to_owned(),
        clock: ClockRule::default(),
    })
}

fn foresee(candidates: &[Candidate], from: &str, to: &str) -> Forecast {
    let question = Question { from: at(from), to: at(to), most_firings: 1_000_000, top: 3 };
    forecast(candidates, &question, &TimeZoneDatabase::bundled())
}

#[test]
fn the_beginning_belongs_to_the_span_and_the_end_does_not() {
    let jobs = [candidate(1, every(600, "2027-01-01T00:00Z"))];
    let told = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-01T01:00Z");
    assert_eq!(told.firings, 6);
    assert_eq!(told.jobs[0].first, Some(at("2027-01-01T00:00Z")));
    assert_eq!(told.jobs[0].last, Some(at("2027-01-01T00:50Z")));
    assert_eq!(told.load, BTreeMap::from([(0, 54), (1, 6)]));
    assert_eq!(told.until, at("2027-01-01T01:00Z"));
    let later = foresee(&jobs, "2027-01-01T00:00:01Z", "2027-01-01T00:00:02Z");
    assert_eq!((later.firings, later.load), (0, BTreeMap::from([(0, 1)])));
}

#[test]
fn the_busiest_minutes_come_first() {
    let jobs = [
        candidate(1, every(600, "2027-01-01T00:00Z")),
        candidate(2, every(900, "2027-01-01T00:00Z")),
        candidate(3, every(900, "2027-01-01T00:00Z")),
    ];
    let told = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-01T01:00Z");
    let expected = vec![
        (at("2027-01-01T00:00Z"), 3),
        (at("2027-01-01T00:30Z"), 3),
        (at("2027-01-01T00:15Z"), 2),
    ];
    assert_eq!(told.busiest, expected);
    assert_eq!(told.jobs.iter().map(|job| job.firings).collect::<Vec<_>>(), [6, 4, 4]);
    assert_eq!(told.load, BTreeMap::from([(0, 52), (1, 4), (2, 2), (3, 2)]));
}

#[test]
fn runs_that_are_left_and_firings_that_are_too_many_end_it() {
    let mut jobs = [
        candidate(1, every(60, "2027-01-01T00:00Z")),
        candidate(2, every(60, "2027-01-01T00:00Z")),
    ];
    jobs[0].runs_left = Some(2);
    let told = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-01T01:00Z");
    assert_eq!((told.jobs[0].firings, told.jobs[1].firings), (2, 60));
    let question = Question {
        from: at("2027-01-01T00:00Z"),
        to: at("2028-01-01T00:00Z"),
        most_firings: 10,
        top: 1,
    };
    let told = forecast(&jobs[1..], &question, &TimeZoneDatabase::bundled());
    assert_eq!((told.firings, told.until), (10, at("2027-01-01T00:10Z")));
    assert_eq!(told.load, BTreeMap::from([(1, 10)]));
}

#[test]
fn a_firing_collides_with_runs_that_still_go_on_and_with_those_of_its_minute() {
    let mut jobs = [
        candidate(1, every(3600, "2027-01-01T00:00:00Z")),
        candidate(2, every(3600, "2027-01-01T00:00:30Z")),
        candidate(3, every(3600, "2027-01-01T00:05:00Z")),
        candidate(4, every(3600, "2027-01-01T00:05:00Z")),
    ];
    jobs[3].lanes = vec!["psu_1".to_owned()];
    let told = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-01T02:00Z");
    let lanes: Vec<_> =
        told.lanes.iter().map(|l| (l.name.as_str(), l.jobs, l.collisions)).collect();
    assert_eq!(lanes, [("local", 3, 2), ("psu_1", 1, 0)]);
    assert_eq!(told.lanes[0].first, Some(at("2027-01-01T00:00:30Z")));
    assert_eq!(told.lanes[0].pairs, [Pair { holder: JobId(1), comer: JobId(2), times: 2 }]);

    // The first runs for six minutes: it is in the way of the third, too.
    jobs[0].duration = Duration::from_secs(360);
    let told = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-01T02:00Z");
    assert_eq!(told.lanes[0].collisions, 4);
    let pairs: Vec<_> = told.lanes[0].pairs.iter().map(|p| (p.holder.0, p.comer.0)).collect();
    assert_eq!(pairs, [(1, 2), (1, 3)]);
}

#[test]
fn a_job_that_shares_several_things_collides_at_each() {
    let mut jobs = [
        candidate(1, every(3600, "2027-01-01T00:00:00Z")),
        candidate(2, every(3600, "2027-01-01T00:00:30Z")),
        candidate(3, every(3600, "2027-01-01T00:00:40Z")),
    ];
    let lanes = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    jobs[0].lanes = lanes(&["dmm_1", "psu_1"]);
    jobs[1].lanes = lanes(&["psu_1"]);
    jobs[2].lanes = lanes(&["dmm_1"]);
    let told = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-01T01:00Z");
    let lanes: Vec<_> =
        told.lanes.iter().map(|l| (l.name.as_str(), l.jobs, l.collisions)).collect();
    assert_eq!(lanes, [("dmm_1", 2, 1), ("psu_1", 2, 1)]);
    assert_eq!(told.lanes[0].pairs, [Pair { holder: JobId(1), comer: JobId(3), times: 1 }]);
}

#[test]
fn a_job_is_in_its_own_way_only_when_its_runs_take_too_long() {
    let mut jobs = [candidate(1, every(10, "2027-01-01T00:00Z"))];
    let short = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-01T00:01Z");
    assert_eq!((short.firings, short.lanes[0].collisions), (6, 0));
    jobs[0].duration = Duration::from_secs(11);
    let long = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-01T00:01Z");
    assert_eq!(long.lanes[0].collisions, 5);
}

#[test]
fn clock_changes_skip_move_and_double() {
    let jobs = [
        candidate(1, cron("*/15 * * * *", "Europe/Berlin")),
        candidate(2, cron("30 2 * * *", "Europe/Berlin")),
        candidate(3, cron("0,30 2,3 * * *", "Europe/Berlin")),
        candidate(4, daily(2, 30, "Europe/Berlin")),
        candidate(5, daily(12, 0, "Europe/Berlin")),
        candidate(6, every(60, "2027-01-01T00:00Z")),
        candidate(7, cron("0 0 * * *", "UTC")),
    ];
    let told = foresee(&jobs, "2027-03-01T00:00Z", "2027-11-30T00:00Z");
    let changes = &told.clock_changes;
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(changes[0].at, at("2027-03-28T01:00Z"));
    assert_eq!((changes[0].before, changes[0].after), (3600, 7200));
    let rows = |place: usize| {
        let rows = changes[place].jobs.iter();
        rows.map(|j: &JobChange| (j.job.0, j.skipped, j.moved, j.doubled)).collect::<Vec<_>>()
    };
    // The third fires at 03:00 anyway, so what fell into the gap has no firing of its own.
    assert_eq!(rows(0), [(1, 4, 0, 0), (2, 0, 1, 0), (3, 2, 0, 0), (4, 0, 1, 0)]);
    assert_eq!(rows(1), [(1, 0, 0, 4)]);
    assert_eq!((changes[0].skipped, changes[0].moved, changes[0].doubled), (6, 2, 0));
}

#[test]
fn half_hour_changes_and_offsets_west_are_told_too() {
    let jobs = [
        candidate(1, daily(2, 15, "Australia/Lord_Howe")),
        candidate(2, daily(2, 30, "America/St_Johns")),
    ];
    let told = foresee(&jobs, "2027-01-01T00:00Z", "2028-01-01T00:00Z");
    let moved: Vec<_> = told.clock_changes.iter().map(|c| (c.zone.as_str(), c.moved)).collect();
    let expected = [
        ("America/St_Johns", 1),
        ("Australia/Lord_Howe", 0),
        ("Australia/Lord_Howe", 1),
        ("America/St_Johns", 0),
    ];
    assert_eq!(moved, expected);
}

#[test]
fn a_job_that_cannot_be_foreseen_is_named() {
    let jobs = [candidate(9, cron("0 0 * * *", "Mars/Olympus"))];
    let told = foresee(&jobs, "2027-01-01T00:00Z", "2027-01-02T00:00Z");
    assert_eq!(told.faults.len(), 1);
    assert_eq!(told.faults[0].0, JobId(9));
    assert_eq!(told.firings, 0);
}
