//! fires, explain, next and why: what a schedule means, worked out here or told by the station.

use serde_json::{Value, json};

use crate::support::{Fake, Line, Reply, refusal};

fn nobody() -> Fake {
    Fake::new(|_, _| refusal(500, "nothing should be asked"))
}

const FROM: [&str; 4] = ["--from", "2027-03-27T00:00:00Z", "--tz", "Europe/Berlin"];

#[test]
fn firings_are_worked_out_without_a_station() {
    let fires = |words: &[&str]| {
        let empty = tempfile::tempdir().unwrap();
        let ran = Line::new(&[&["station", "fires"], words, &FROM[..]].concat()).run(empty.path());
        ran.ok().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let eve = "2027-03-27T02:30:00+01:00";
    assert_eq!(
        fires(&["--cron", "30 2 * * *", "-n", "3"]),
        [eve, "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"]
    );
    assert_eq!(
        fires(&["--daily", "02:30", "-n", "2", "--dst-gap", "skip"]),
        [eve, "2027-03-29T02:30:00+02:00"]
    );
    // The instant to look from is left out, and intervals are counted from it.
    assert_eq!(
        fires(&["--every", "1.5s", "-n", "2"]),
        ["2027-03-27T01:00:01.500000+01:00", "2027-03-27T01:00:03+01:00"]
    );
    assert_eq!(fires(&["--daily", "01:00", "-n", "1"]), ["2027-03-28T01:00:00+01:00"]);
    assert_eq!(
        fires(&["--cron", "*/20 * * * * *", "--seconds", "-n", "1"]),
        ["2027-03-27T01:00:20+01:00"]
    );
    assert_eq!(
        fires(&["--weekly", "sun 09:00", "--start", "2027-04-01", "--end", "2027-04-11"]),
        ["2027-04-04T09:00:00+02:00", "2027-04-11T09:00:00+02:00"]
    );
    assert_eq!(
        fires(&["--monthly", "31 9:00", "-n", "2", "--exclude", "2027-03-31"]),
        ["2027-05-31T09:00:00+02:00", "2027-07-31T09:00:00+02:00"]
    );
    assert_eq!(fires(&["--daily", "12:00"]).len(), 10);
}

#[test]
fn firings_without_a_zone_are_those_of_the_environment() {
    let fake = nobody();
    let words =
        ["station", "fires", "--daily", "12:00", "-n", "1", "--from", "2027-01-01T00:00:00Z"];
    assert_eq!(fake.run(&words).ok(), "2027-01-01T12:00:00+01:00\n");
    let line = Line::new(&words).env("TZ", "Asia/Tokyo").run(fake.path());
    assert_eq!(line.ok(), "2027-01-01T12:00:00+09:00\n");
    let json = fake.run(&[&words[..], &["--json"]].concat()).ok();
    assert_eq!(json, "{\"count\":1,\"fires\":[\"2027-01-01T12:00:00+01:00\"]}\n");
    let over = fake.run(&[&words[..], &["--end", "2027-01-01T03:00"]].concat());
    assert_eq!((over.status, over.out.as_str()), (0, ""));
    assert_eq!(over.err, "it does not fire any more\n");
    assert!(fake.requests().is_empty());
}

#[test]
fn schedules_are_told_in_words() {
    let fake = nobody();
    let explain =
        |words: &[&str]| fake.run(&[&["station", "explain"], words, &FROM[..]].concat()).ok();
    let fixed = explain(&["--cron", "30 2 * * mon-fri,sun"]);
    let wild = explain(&["--cron", "*/15 2 * * *", "--dst-overlap", "first"]);
    let interval = explain(&["--every", "90m", "--end", "2027-03-27"]);
    insta::assert_snapshot!([fixed, wild, interval].join("\n"));
    let json: Value = serde_json::from_str(&explain(&["--daily", "02:30", "--json"])).unwrap();
    assert_eq!(json["fires"].as_array().unwrap().len(), 5);
    assert_eq!(json["clock_changes"].as_array().unwrap().len(), 2);
    let forever = ["station", "explain", "--daily", "9:00", "--tz", "UTC"];
    assert!(fake.run(&forever).ok().ends_with("Clock changes: none to come\n"));
    assert!(fake.requests().is_empty());
}

#[test]
fn bad_schedules_end_with_status_2() {
    let fake = nobody();
    let mut told = String::new();
    for line in [
        "fires",
        "fires --cron *5|*|*|*|*",
        "fires --cron 0|0|30|2|*",
        "fires --cron 0|22-2|*|*|*",
        "fires --cron *|*|*|*|*|*",
        "fires --cron @reboot",
        "fires --every 0s",
        "fires --every 200000d",
        "fires --daily 9:60",
        "fires --weekly monday",
        "fires --monthly 0|9:00",
        "fires --daily 9:00 --every 5m",
        "fires --daily 9:00 --seconds",
        "fires --daily 9:00 --from yesterday",
        "fires --daily 9:00 --tz Europe/Berlni",
        "fires --daily 9:00 --start 2028-01-01 --end 2027-01-01",
        "fires --daily 9:00 -n 0",
        "fires 42 --daily 9:00",
        "fires 42 --end tomorrow",
        "fires 42 -n 2000",
        "explain",
        "explain --cron x",
        "explain 42 --exclude 2027-01-01",
        "explain 42 --tz UTC",
        "next",
        "next x",
        "next 42 -n 0",
        "why",
        "why 42.1",
    ] {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('|', " ")).collect();
        let mut all = vec!["station"];
        all.extend(words.iter().map(String::as_str));
        let ran = fake.run(&all);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{line}: {ran:?}");
        let said: Vec<&str> = ran.err.lines().take_while(|l| !l.starts_with("Usage")).collect();
        told.push_str(&format!("$ station {line}\n{}\n", said.join("\n").trim_end()));
    }
    insta::assert_snapshot!(told);
    assert!(fake.requests().is_empty());
}

/// A station with job 42, paused job 43 and job 44, which is done.
fn telling() -> Fake {
    Fake::new(|what, _| {
        let job = |next: Value, enabled: bool| {
            let job = json!({
                "next_run": next, "enabled": enabled, "status": "completed",
                "timezone": "Europe/Berlin",
            });
            Reply::Json(200, json!({ "job": job }))
        };
        let fires = json!(["2027-01-31T10:22:40.000000+01:00", "2027-02-01T10:22:40.000000+01:00"]);
        let explained = json!({
            "description": "at 10:22:40\u{1b}, every day", "fires": fires,
            "clock_changes": ["2027-03-28 02:00 clocks go forward to 03:00: not affected"],
        });
        let why = json!({
            "success": true, "answer": "Execution 42.1 was skipped.\nIt fires next at noon.\u{7}",
            "execution": null, "ledger": {"planned": 3, "ran": 1, "combined": 1, "skipped": 1},
        });
        match what.split('?').next().unwrap() {
            "GET /api/scheduler/jobs/42" => job(json!("2027-01-31T10:22:42.250000+01:00"), true),
            "GET /api/scheduler/jobs/43" => job(Value::Null, false),
            "GET /api/scheduler/jobs/44" => job(Value::Null, true),
            "GET /api/scheduler/jobs/42/fires" => Reply::Json(200, json!({ "fires": fires })),
            "GET /api/scheduler/jobs/42/explain" => Reply::Json(200, explained),
            "GET /api/scheduler/jobs/42/why" => Reply::Json(200, why),
            _ => refusal(404, "Job 7 not found"),
        }
    })
}

#[test]
fn a_jobs_own_schedule_is_asked_for() {
    let fake = telling();
    let fires =
        fake.run(&["station", "fires", "42", "-n", "2", "--from", "2027-01-01T00:00:00+01:00"]);
    assert_eq!(fires.ok(), "2027-01-31T10:22:40+01:00\n2027-02-01T10:22:40+01:00\n");
    let asked = &fake.requests()[0].0;
    assert_eq!(asked, "GET /api/scheduler/jobs/42/fires?n=2&from=2026-12-31T23%3A00%3A00Z");
    let utc = fake.run(&["station", "fires", "42", "--tz", "UTC", "-n", "2"]).ok();
    assert_eq!(utc, "2027-01-31T09:22:40+00:00\n2027-02-01T09:22:40+00:00\n");
    insta::assert_snapshot!(fake.run(&["station", "explain", "42"]).ok());
    for command in ["fires", "explain", "next", "why"] {
        let unknown = fake.run(&["station", command, "7"]);
        assert_eq!((unknown.status, unknown.err.as_str()), (3, "station: Job 7 not found\n"));
    }
}

#[test]
fn next_tells_what_comes_or_why_nothing_does() {
    let fake = telling();
    assert_eq!(fake.run(&["station", "next", "42"]).ok(), "2027-01-31T10:22:42.250000+01:00\n");
    let two = fake.run(&["station", "next", "42", "-n", "2"]).ok();
    assert_eq!(two, "2027-01-31T10:22:42.250000+01:00\n2027-02-01T10:22:40+01:00\n");
    let paused = fake.run(&["station", "next", "43"]);
    let done = fake.run(&["station", "next", "44"]);
    assert_eq!((paused.status, done.status), (0, 0));
    assert_eq!(paused.err, "job 43 is paused: `station resume 43` lets it fire\n");
    assert_eq!(done.err, "job 44 does not run by itself any more: it is completed\n");
    let json = fake.run(&["station", "next", "44", "--json"]).ok();
    assert_eq!(json, "{\"count\":0,\"fires\":[]}\n");
}

#[test]
fn why_is_asked_of_a_time_in_the_jobs_zone() {
    let fake = telling();
    insta::assert_snapshot!(fake.run(&["station", "why", "42"]).ok());
    fake.run(&["station", "why", "42", "2027-01-31", "10:22"]).ok();
    let asked = fake.requests().last().unwrap().0.clone();
    assert_eq!(asked, "GET /api/scheduler/jobs/42/why?at=2027-01-31T09%3A22%3A00Z");
    let json: Value =
        serde_json::from_str(&fake.run(&["station", "why", "42", "--json"]).ok()).unwrap();
    assert_eq!(json["ledger"]["planned"], 3);
    let wrong = fake.run(&["station", "why", "42", "yesterdya"]);
    assert_eq!(wrong.status, 2, "{wrong:?}");
}
