//! What a job takes along of the place it was submitted from, and what of it others may see.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use crate::support::Site;

#[test]
fn directory_mask_and_environment_are_those_of_the_submitter() {
    let mut site = Site::new();
    let mut daemon = site.station();
    daemon.env("DAEMON_ONLY", "secret of the daemon").current_dir("/");
    site.start_as(daemon, &[]);
    let place = site.scratch().join("a b");
    std::fs::create_dir(&place).unwrap();
    let mut shell = site.program("/bin/sh".as_ref());
    let odd = OsStr::from_bytes(b"caf\xe9\n'$(id)'\\");
    shell.args(["-c", "umask 0137; exec \"$0\" at now -- 'pwd; umask; env -0 > env; touch made'"]);
    shell.arg(env!("CARGO_BIN_EXE_station")).current_dir(&place);
    shell.env("ODD", odd).env("EMPTY", "").env("TERM", "xterm").env("DISPLAY", ":0");
    assert!(shell.output().unwrap().status.success());
    site.wait_status("1", &["completed"]);
    assert_eq!(site.ok(["logs", "1"]), format!("{}\n0137\n", place.display()));
    let made = std::fs::metadata(place.join("made")).unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o640);
    let env = std::fs::read(place.join("env")).unwrap();
    let has = |entry: &[u8]| env.split(|byte| *byte == 0).any(|found| found == entry);
    assert!(has(b"ODD=caf\xe9\n'$(id)'\\") && has(b"EMPTY=") && has(b"STATION_JOB=1"));
    for left_out in ["TERM=", "DISPLAY=", "DAEMON_ONLY="] {
        let there = env.split(|byte| *byte == 0).any(|e| e.starts_with(left_out.as_bytes()));
        assert!(!there, "{left_out}");
    }
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let mut site = Site::new();
    site.start();
    let mut submit = site.station();
    submit.env("PASSWORD", "open-sesame").args(["at", "now", "--retries", "0", "--", "exit 1"]);
    assert!(submit.output().unwrap().status.success());
    site.wait_status("1", &["failed"]);
    for args in [
        &["list"][..],
        &["list", "--json"],
        &["show", "1"],
        &["show", "1", "--json"],
        &["show", "1.1", "--json"],
        &["history", "--json"],
        &["doctor"],
    ] {
        let shown = site.station().args(args).output().unwrap();
        assert!(!String::from_utf8_lossy(&shown.stdout).contains("sesame"), "{args:?}");
    }
    for path in [
        "/api/scheduler/jobs",
        "/api/scheduler/jobs/1",
        "/api/scheduler/executions",
        "/api/scheduler/executions/1.1",
    ] {
        assert!(!site.get(path).to_string().contains("sesame"), "{path}");
    }
    assert!(site.ok(["show", "1", "--environment"]).contains("PASSWORD=open-sesame"));
    let log = std::fs::read_to_string(site.data().join("station.log")).unwrap();
    assert!(!log.contains("sesame"));
}

#[test]
fn what_lies_in_the_data_directory_is_for_its_owner_alone() {
    let mut site = Site::new();
    let mut shell = site.program("/bin/sh".as_ref());
    // The loosest mask there is; `serve` is appended.
    shell.args(["-c", "umask 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_station")]);
    site.start_as(shell, &[]);
    site.ok(["at", "now", "--", "echo x"]);
    site.wait_status("1", &["completed"]);
    let copy = site.scratch().join("copy.db");
    site.ok(["backup", copy.to_str().unwrap()]);
    let mode = |path: &std::path::Path| {
        std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    };
    assert_eq!(mode(&site.data()), 0o700);
    assert_eq!(mode(&copy), 0o600);
    let mut seen = 0;
    for entry in std::fs::read_dir(site.data()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 4, "store, lock, socket, log");
}

#[test]
fn times_are_meant_in_the_zone_of_the_submitter() {
    let mut site = Site::new();
    site.start();
    let at = |zone: &str, when: &str| {
        let mut command = site.station();
        let output = command.env("TZ", zone).args(["at", when, "--json", "--", "date +%Z"]);
        let output = output.output().unwrap();
        assert!(output.status.success(), "{zone}: {output:?}");
        let created: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        created["next_run"].as_str().unwrap().replace(".000000", "")
    };
    assert_eq!(at("America/New_York", "2099-07-01 10:00"), "2099-07-01T10:00:00-04:00");
    assert_eq!(at("Asia/Kolkata", "2099-07-01 10:00"), "2099-07-01T10:00:00+05:30");
    assert_eq!(at(":Europe/Berlin", "2099-07-01 10:00"), "2099-07-01T10:00:00+02:00");
    assert_eq!(at("", "2099-07-01 10:00"), "2099-07-01T10:00:00+00:00");
    assert_eq!(at("CET-1CEST,M3.5.0,M10.5.0/3", "2099-07-01 10:00"), "2099-07-01T10:00:00+02:00");
    at("Asia/Tokyo", "now");
    site.wait_status("6", &["completed"]);
    assert_eq!(site.ok(["logs", "6"]), "JST\n", "the run has the submitter's TZ");
}

#[test]
fn a_backup_under_load_is_a_store_that_serves() {
    let mut site = Site::new();
    site.start();
    let mut load = site.program("/bin/sh".as_ref());
    load.args(["-c", "for i in $(seq 60); do \"$0\" at now -- \"seq 500\" || exit 1; done"]);
    load.arg(env!("CARGO_BIN_EXE_station")).stdout(std::process::Stdio::null());
    let mut load = load.spawn().unwrap();
    crate::support::wait_for("some work", || {
        (site.json(["list", "--json"])["count"].as_u64() > Some(5)).then_some(())
    });
    let mut other = Site::new();
    std::fs::create_dir(other.data()).unwrap();
    std::fs::set_permissions(other.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let copy = other.data().join("station.db");
    site.ok(["backup", copy.to_str().unwrap()]);
    let again = site.run(["backup", copy.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(4), "it overwrites nothing: {again:?}");
    let nowhere = site.run(["backup", "/nonexistent/copy.db"]);
    assert_eq!(nowhere.status.code(), Some(4), "{nowhere:?}");
    assert!(load.wait().unwrap().success());
    other.start();
    let there = other.json(["list", "--json", "--all"])["count"].as_u64().unwrap();
    assert!(there > 5, "{there}");
    // Numbers go on where the copy ends.
    assert_eq!(
        other.json(["at", "now", "--json", "--", "true"])["job_id"],
        (there + 1).to_string()
    );
    crate::support::wait_for("all to end", || {
        let left = other.get("/api/scheduler/jobs?status=pending,running&limit=1");
        (left["count"] == 0).then_some(())
    });
    let doctor = other.run(["doctor"]);
    assert!(doctor.status.success(), "{doctor:?}");
}
