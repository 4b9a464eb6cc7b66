//! Recurring jobs from the command line: they fire, pause, change, end, and are accounted for.

use serde_json::{Value, json};

use crate::support::{Site, pause, wait_for};

/// Waits until a job has had so many executions that ended; the job.
fn wait_runs(site: &Site, job: &str, count: usize) -> Value {
    wait_for(&format!("{count} runs of job {job}"), || {
        let shown = site.json(["show", job, "--json"]);
        let runs = shown["executions"].as_array().unwrap();
        let ended = runs.iter().filter(|run| run["completed_at"].is_string()).count();
        (ended >= count).then_some(shown)
    })
}

#[test]
fn an_interval_runs_at_once_and_so_many_times() {
    let mut site = Site::new();
    site.start();
    let words =
        ["every", "200ms", "--now", "--count", "3", "--conflict", "queue", "--", "echo ran"];
    let told = site.ok(words);
    assert!(told.starts_with("job 1 at "), "{told}");
    assert!(told.contains("every 200ms") && told.contains("at most 3 times"), "{told}");
    let job = wait_runs(&site, "1", 3);
    assert_eq!((&job["next_run"], &job["fired"]), (&Value::Null, &json!(3)));
    let runs = job["executions"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["status"] == "completed"), "{runs:?}");
    assert_eq!(runs.len(), 3, "no row beyond the last run");
    let why = site.ok(["why", "1"]);
    assert!(why.contains("allows 3") && why.contains("So far 3 firings: 3 ran."), "{why}");
    assert!(site.ok(["list"]).contains("every 200ms"));
    assert!(site.ok(["show", "1"]).contains("3 of 3"));
    let next = site.run(["next", "1"]);
    assert!(next.status.success() && next.stdout.is_empty(), "{next:?}");
    assert!(String::from_utf8_lossy(&next.stderr).contains("does not run by itself any more"));
}

#[test]
fn a_cron_job_fires_pauses_changes_and_goes() {
    let mut site = Site::new();
    site.start();
    site.ok(["cron", "--seconds", "* * * * * *", "--name", "tick", "--", "true"]);
    wait_runs(&site, "1", 1);
    assert_eq!(site.ok(["pause", "1"]), "job 1 paused\n");
    let paused = site.json(["show", "1", "--json"]);
    assert_eq!((&paused["enabled"], &paused["next_run"]), (&json!(false), &Value::Null));
    assert!(site.ok(["list", "--status", "paused"]).contains("| paused |"));
    assert!(site.ok(["why", "1"]).contains("paused"));
    let changed = site.ok(["edit", "1", "--monthly", "31 09:30", "--alarm", "--name", "rare"]);
    assert_eq!(changed, "job 1 changed, and paused as before\n");
    let resumed = site.ok(["resume", "1"]);
    assert!(resumed.contains("-31 09:30:00 +00:00"), "{resumed}");
    let job = site.json(["show", "1", "--json"]);
    let fields = ["trigger_type", "day_of_month", "name", "on_failure_alarm", "enabled"];
    let shown: Vec<_> = fields.iter().map(|key| &job[*key]).collect();
    assert_eq!(json!(shown), json!(["monthly", 31, "rare", true, true]));
    assert!(job["cron_expression"].is_null());
    let next = site.ok(["next", "1"]);
    assert_eq!(site.ok(["fires", "1", "-n", "1"]), next);
    assert_eq!(next.trim().get(8..), Some("31T09:30:00+00:00"));
    let words = site.ok(["explain", "1"]);
    assert!(words.starts_with("at 09:30, on day 31 of the month"), "{words}");
    assert_eq!(site.ok(["run-now", "1", "--wait"]), "");
    assert_eq!(site.ok(["delete", "1"]), "job 1 deleted\n");
    assert_eq!(site.run(["show", "1"]).status.code(), Some(3));
    assert!(site.ok(["history"]).contains("1.1"), "its executions stay");
}

#[test]
fn a_run_at_once_stands_beside_the_schedule() {
    let mut site = Site::new();
    site.start();
    let told = site.ok(["daily", "23:59:59", "--count", "1", "--now", "--", "echo now"]);
    assert!(told.ends_with("  and now, as 1.1\n"), "{told}");
    let job = wait_runs(&site, "1", 1);
    assert_eq!(job["executions"][0]["trigger_info"]["cause"], "manual");
    assert_eq!(job["fired"], 0, "it does not count");
    assert!(job["next_run"].is_string());
    assert_eq!(site.ok(["logs", "1"]), "now\n");
}

#[test]
fn skipped_and_missed_firings_are_told() {
    let mut site = Site::new();
    site.start();
    site.ok(["every", "20ms", "--now", "--grace", "0", "--", "sleep 1000"]);
    wait_for("a skipped firing", || {
        site.ok(["history", "1", "--status", "skipped"])
            .contains("Job already running")
            .then_some(())
    });
    site.kill();
    // Some firings fall into the time without a daemon.
    for _ in 0..40 {
        pause();
    }
    site.start();
    let missed = wait_for("a missed firing", || {
        let shown = site.ok(["history", "1", "--status", "missed"]);
        shown.contains("1.").then_some(shown)
    });
    assert!(missed.contains("the station could not run it"), "{missed}");
    site.ok(["pause", "1"]);
    site.ok(["cancel", "1"]);
    let ledger = site.json(["why", "1", "--json"])["ledger"].clone();
    let count = |key: &str| ledger[key].as_u64().unwrap();
    let parts = ["ran", "combined", "skipped", "missed", "waiting", "interrupted", "cancelled"];
    let all: u64 = parts.iter().map(|key| count(key)).sum();
    assert_eq!(all, count("planned"), "{ledger}");
    assert!(count("skipped") > 0 && count("missed") > 0, "{ledger}");
}

#[test]
fn recurring_jobs_can_be_made_without_a_daemon() {
    let mut site = Site::new();
    let made = site.run(["weekly", "mon", "09:00", "--paused", "--json", "--", "true"]);
    assert!(made.status.success(), "{made:?}");
    assert!(String::from_utf8_lossy(&made.stderr).contains("until a daemon does"));
    let file = site.scratch().join("off.ics");
    let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20991224\r\n\
        DTEND;VALUE=DATE:20991227\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    std::fs::write(&file, calendar).unwrap();
    site.ok([
        "daily",
        "12:00",
        "--exclude",
        file.to_str().unwrap(),
        "--exclude",
        "2098-01-01",
        "--",
        "true",
    ]);
    site.start();
    let jobs = site.json(["list", "--json"]);
    assert_eq!(jobs["count"], 2);
    let job = site.json(["show", "2", "--json"]);
    assert_eq!(job["exclude"], json!(["2098-01-01", "2099-12-24..2099-12-26"]));
    let fires = site.ok(["fires", "2", "--from", "2099-12-23T12:00:00Z", "-n", "1"]);
    assert_eq!(fires, "2099-12-27T12:00:00+00:00\n");
    let why = site.ok(["why", "2", "2099-12-25", "12:00"]);
    assert!(why.contains("is excluded from the schedule"), "{why}");
}

#[test]
fn what_the_station_refuses_is_a_mistake_of_usage() {
    let mut site = Site::new();
    site.start();
    for words in [
        &["cron", "*5 * * * *"][..],
        &["cron", "0 0 30 2 *"],
        &["cron", "* * * * * *"],
        &["every", "0"],
        &["every", "200000d"],
        &["daily", "9:00", "--start", "2030-01-01", "--end", "2029-01-01"],
        &["daily", "9:00", "--start", "2030-01-01T10:00", "--end", "2030-01-01T11:00"],
        &["daily", "9:00", "--name", ""],
    ] {
        let output = site.station().args(words).args(["--", "true"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{words:?}: {output:?}");
    }
    assert_eq!(site.json(["list", "--json"])["count"], 0, "a refused job leaves nothing");
}
