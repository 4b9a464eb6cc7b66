//! A time-zone database that changes between two lives of the daemon.

use std::path::PathBuf;

use serde_json::{Value, json};
use station::client::Transport;

use crate::support::{Site, wait_for};

/// A database in which the plant's clock is that of this zone.
fn database(site: &Site, version: &str, zone: &str) -> PathBuf {
    let dir = site.scratch().join(version);
    std::fs::create_dir_all(dir.join("Test")).unwrap();
    std::fs::copy(format!("/usr/share/zoneinfo/{zone}"), dir.join("Test/Plant")).unwrap();
    std::fs::copy("/usr/share/zoneinfo/UTC", dir.join("UTC")).unwrap();
    std::fs::write(dir.join("tzdata.zi"), format!("# version {version}\n")).unwrap();
    dir
}

fn start(site: &mut Site, zones: &std::path::Path) {
    let mut command = site.station();
    command.env("TZDIR", zones);
    site.start_as(command, &[]);
}

fn create(site: &Site, mut body: Value) -> String {
    body["name"] = json!("zones");
    body["schedule_type"] = json!("script");
    body["parameters"] = json!({"command": "true"});
    let path = "/api/scheduler/jobs/create";
    let answer = site.connect().unwrap().call("POST", path, Some(&body)).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let created: Value = serde_json::from_slice(&answer.body).unwrap();
    created["job_id"].as_str().unwrap().to_owned()
}

fn next_run(site: &Site, job: &str) -> String {
    let shown = site.get(&format!("/api/scheduler/jobs/{job}"));
    shown["job"]["next_run"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn readings_of_a_clock_move_with_its_rules_and_instants_do_not() {
    let mut site = Site::new();
    let berlin = database(&site, "test-a", "Europe/Berlin");
    let new_york = database(&site, "test-b", "America/New_York");
    start(&mut site, &berlin);
    let zone = "Test/Plant";
    let daily = json!({"trigger_type": "daily", "time_of_day": "12:00", "timezone": zone,
        "start_date": "2032-07-01T00:00:00"});
    let daily = create(&site, daily);
    let reading =
        json!({"trigger_type": "date", "run_date": "2032-07-01T12:00:00", "timezone": zone});
    let reading = create(&site, reading);
    let instant =
        json!({"trigger_type": "date", "run_date": "2032-07-01T10:00:00Z", "timezone": zone});
    let instant = create(&site, instant);
    let berlin_noon = "2032-07-01T12:00:00.000000+02:00";
    for job in [&daily, &reading, &instant] {
        assert_eq!(next_run(&site, job), berlin_noon);
    }
    site.kill();

    start(&mut site, &new_york);
    let noon = "2032-07-01T12:00:00.000000-04:00";
    wait_for("the jobs to be planned anew", || (next_run(&site, &daily) == noon).then_some(()));
    assert_eq!(next_run(&site, &reading), noon);
    assert_eq!(next_run(&site, &instant), "2032-07-01T06:00:00.000000-04:00");
    let log = std::fs::read_to_string(site.data().join("station.log")).unwrap();
    assert!(log.contains("jobs=2") && log.contains("test-b"), "{log}");
    site.kill();

    // The same database again: nothing is looked at.
    start(&mut site, &new_york);
    assert_eq!(next_run(&site, &daily), noon);
    let log = std::fs::read_to_string(site.data().join("station.log")).unwrap();
    assert_eq!(log.matches("time-zone database has changed").count(), 2, "{log}");
}
