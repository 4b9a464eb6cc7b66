//! A clock that is certainly wrong: behind what the store has seen. Nothing is fired until it is
//! right, or for as long as the station waits at most.
//!
//! The clock of a test cannot be set (the station asks the kernel, past what libfaketime
//! replaces), so the store is written in the future instead.

use std::time::Duration;

use crate::support::{Site, wait_for};
use station::daemon::{Options, Station};
use station::runtime::Mode;
use station_core::model::JobId;

/// A store whose newest record is so many seconds in the future, with a job that is due.
fn written_in(seconds: i64) -> Site {
    let site = Site::new();
    site.ok(["at", "now", "--grace", "forever", "--", "echo fired"]);
    site.ok(["at", "now + 1 hour", "--", "true"]);
    let store = rusqlite::Connection::open(site.data().join("station.db")).unwrap();
    let ahead = "UPDATE jobs SET created_at = created_at + ?1 * 1000000 WHERE id = 2";
    assert_eq!(store.execute(ahead, [seconds]).unwrap(), 1);
    site
}

/// Whether the kernel says its clock is synchronised: it is believed then.
fn is_synchronised() -> bool {
    station::runtime::clock_is_synchronised()
}

#[test]
fn firing_is_held_visibly_while_the_clock_is_behind_the_store() {
    if is_synchronised() {
        println!("skipped: a synchronised clock is believed");
        return;
    }
    let mut site = written_in(4 * 366 * 86_400);
    site.start();
    let health = site.get("/health");
    assert_eq!((&health["clock"], &health["status"]), (&"held".into(), &"degraded".into()));
    let doctor = site.ok(["doctor"]);
    assert!(doctor.contains("firing is held"), "{doctor}");
    let waiting = site.json(["show", "1", "--json"]);
    assert_eq!(waiting["status"], "pending");
    assert!(waiting["waiting"].as_str().is_some_and(|why| why.contains("clock")), "{waiting}");
    let log = std::fs::read_to_string(site.data().join("station.log")).unwrap();
    assert!(log.contains("clock cannot be trusted"), "{log}");
    // It takes jobs all the same, and is told to stop as ever.
    site.ok(["at", "now + 2 hours", "--", "true"]);
    assert_eq!(site.json(["show", "1", "--json"])["status"], "pending");
    site.signal(rustix::process::Signal::TERM);
    assert!(site.ended().success());
}

#[test]
fn firing_begins_when_the_clock_has_passed_what_the_store_has_seen() {
    let mut site = written_in(5);
    site.start();
    let job = site.wait_status("1", &["completed"]);
    let store = rusqlite::Connection::open(site.data().join("station.db")).unwrap();
    let (seen, started): (i64, i64) = store
        .query_row(
            "SELECT (SELECT created_at FROM jobs WHERE id = 2), started FROM executions",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert!(is_synchronised() || started >= seen, "started {} µs early", seen - started);
    assert_eq!(job["execution_count"], 1);
    wait_for("the hold to be over", || (site.get("/health")["clock"] == "ok").then_some(()));
}

#[test]
fn firing_begins_at_the_bound_though_the_clock_stays_wrong() {
    let site = written_in(4 * 366 * 86_400);
    let runtime = station::daemon::tokio_runtime().unwrap();
    let _inside = runtime.enter();
    let mut options = Options::new(site.data());
    options.clock_wait = Duration::from_millis(300);
    let station = Station::open(&options, Mode::Daemon).unwrap();
    wait_for("the job to run", || {
        let job = station.handle.reader().job(JobId(1)).unwrap().unwrap();
        (job.state.executions == 1).then_some(())
    });
    wait_for("the hold to be over", || (!station.handle.status().clock_held).then_some(()));
    station.handle.shut_down(Duration::from_secs(10));
    runtime.block_on(station.handle.stopped());
}
