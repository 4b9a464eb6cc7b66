//! Much at once: nothing is dropped, and nothing is left behind in the daemon.

use std::collections::BTreeMap;

use crate::support::{Site, wait_for};
use serde_json::{Value, json};
use station::client::{Flow, Transport, UnixTransport};
use station::daemon::{Options, Station};
use station::runtime::Mode;

fn create(transport: &mut UnixTransport, when: &str, command: &Value) -> String {
    let body = json!({
        "name": "load", "schedule_type": "script", "when": when, "retries": 0,
        "misfire_grace_time": "forever", "parameters": command,
    });
    let answer = transport.call("POST", "/api/scheduler/jobs/create", Some(&body)).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let created: Value = serde_json::from_slice(&answer.body).unwrap();
    created["job_id"].as_str().unwrap().to_owned()
}

fn all_ended(site: &Site) {
    wait_for("all jobs to end", || {
        let left = site.get("/api/scheduler/jobs?status=pending,running&limit=1");
        (left["count"] == 0).then_some(())
    });
}

/// How many file descriptors and resident kilobytes the daemon has.
fn weight(site: &Site) -> (usize, u64) {
    let fds = std::fs::read_dir(format!("/proc/{}/fd", site.pid())).unwrap().count();
    let status = std::fs::read_to_string(format!("/proc/{}/status", site.pid())).unwrap();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    (fds, rss.trim().trim_end_matches(" kB").parse().unwrap())
}

/// The daemon's children, zombies too.
fn children(site: &Site) -> usize {
    let pid = site.pid();
    let children = format!("/proc/{pid}/task/{pid}/children");
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    assert!(std::path::Path::new(&children).exists());
    tasks
        .map(|task| {
            let path = task.unwrap().path().join("children");
            std::fs::read_to_string(path).unwrap_or_default().split_whitespace().count()
        })
        .sum()
}

#[test]
fn two_thousand_jobs_due_at_once_all_run_eight_at_a_time() {
    let mut site = Site::new();
    let command = site.station();
    site.start_as(command, &["--max-running", "8"]);
    let mut transport = site.connect().unwrap();
    let (ledger, go) = (site.scratch().join("ledger"), site.scratch().join("go"));
    // They take all slots until everything else is due.
    let blocker = format!("until [ -e {} ]; do sleep 0.02; done", go.display());
    for _ in 0..8 {
        create(&mut transport, "now", &json!({"command": blocker}));
    }
    let text = format!("echo $STATION_JOB >> {}", ledger.display());
    for _ in 0..2000 {
        create(&mut transport, "now", &json!({"command": text}));
    }
    assert_eq!(site.get("/health")["running"], 8);
    assert!(!ledger.exists());
    std::fs::write(&go, "").unwrap();
    wait_for("all jobs to end", || {
        assert!(site.get("/health")["running"].as_u64().unwrap() <= 8);
        let left = site.get("/api/scheduler/jobs?status=pending,running&limit=1");
        (left["count"] == 0).then_some(())
    });
    let mut runs: BTreeMap<String, u32> = BTreeMap::new();
    for line in std::fs::read_to_string(&ledger).unwrap().lines() {
        *runs.entry(line.to_owned()).or_default() += 1;
    }
    assert_eq!(runs.len(), 2000);
    assert!(runs.values().all(|count| *count == 1));
    assert_eq!(site.json(["list", "--all", "--status", "completed", "--json"])["count"], 2008);
    wait_for("the children to be gone", || (children(&site) == 0).then_some(()));
}

#[test]
fn runs_and_followers_leave_nothing_behind() {
    let mut site = Site::new();
    site.start();
    let mut transport = site.connect().unwrap();
    let mut round = |times: usize| {
        for _ in 0..times {
            let id = create(&mut transport, "now", &json!({"command": "echo x; echo y >&2"}));
            let path = format!("/api/scheduler/jobs/{id}/output?follow=true");
            let mut follower = site.connect().unwrap();
            let mut ended = false;
            follower
                .stream(&path, &mut |event| {
                    ended |= event.name == "end";
                    if ended { Flow::Stop } else { Flow::Continue }
                })
                .unwrap();
            assert!(ended);
            // Another one goes away in the middle.
            let mut quitter = site.connect().unwrap();
            quitter.stream(&path, &mut |_| Flow::Stop).unwrap();
        }
    };
    round(150);
    let (fds, rss) = weight(&site);
    round(500);
    let now = wait_for("the connections to be closed", || {
        let now = weight(&site);
        (now.0 <= fds + 4).then_some(now)
    });
    assert!(now.1 < rss + 8192, "{rss} kB grew to {} kB over 500 runs", now.1);
    wait_for("the children to be gone", || (children(&site) == 0).then_some(()));
}

#[test]
fn a_storm_of_cancels_leaves_every_job_cancelled_or_ended() {
    let mut site = Site::new();
    let command = site.station();
    site.start_as(command, &["--max-running", "8"]);
    let mut transport = site.connect().unwrap();
    let ids: Vec<String> = (0..100)
        .map(|_| create(&mut transport, "now", &json!({"command": "exec sleep 1000"})))
        .collect();
    let stormers: Vec<_> = (0..4)
        .map(|_| {
            let mut transport = site.connect().unwrap();
            let ids = ids.clone();
            std::thread::spawn(move || {
                for id in ids {
                    let path = format!("/api/scheduler/jobs/{id}/cancel");
                    let answer = transport.call("POST", &path, Some(&json!({}))).unwrap();
                    assert!(matches!(answer.status, 200 | 409), "{}", answer.status);
                }
            })
        })
        .collect();
    for stormer in stormers {
        stormer.join().unwrap();
    }
    all_ended(&site);
    let cancelled = site.get("/api/scheduler/jobs?status=cancelled&limit=200");
    assert_eq!(cancelled["count"], 100);
    wait_for("the children to be gone", || (children(&site) == 0).then_some(()));
    assert!(site.run(["doctor"]).status.success());
}

#[test]
fn five_thousand_jobs_are_listed_in_pages_and_whole() {
    let mut site = Site::new();
    site.start();
    let mut transport = site.connect().unwrap();
    for _ in 0..5000 {
        create(&mut transport, "tomorrow", &json!({"argv": ["true"]}));
    }
    let first = site.run(["list"]);
    assert!(first.status.success());
    assert!(String::from_utf8_lossy(&first.stderr).contains("--all"), "{first:?}");
    assert_eq!(site.json(["list", "--all", "--json"])["count"], 5000);
    // A header and its rules beside the jobs.
    assert!(site.ok(["list", "--all"]).lines().count() >= 5001);
}

#[test]
fn a_daemon_restarted_over_and_over_stays_well() {
    let mut site = Site::new();
    site.ok(["at", "now + 1 hour", "--", "true"]);
    for turn in 0..10 {
        site.start();
        if turn % 2 == 0 {
            site.signal(rustix::process::Signal::TERM);
            assert!(site.ended().success());
        } else {
            site.kill();
        }
    }
    // A log that cannot be written is no reason not to serve.
    let log = site.data().join("station.log");
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    site.start();
    assert_eq!(site.json(["list", "--json"])["count"], 1);
}

#[test]
fn output_over_the_budget_is_dropped_even_after_a_time_when_none_could_be() {
    let site = Site::new();
    let go = site.scratch().join("go");
    let text =
        format!("head -c 300000 /dev/zero; until [ -e {} ]; do sleep 0.02; done", go.display());
    site.ok(["at", "now", "--grace", "forever", "--", &text]);
    let runtime = station::daemon::tokio_runtime().unwrap();
    let _inside = runtime.enter();
    let mut options = Options::new(site.data());
    options.output_budget = 100_000;
    let station = Station::open(&options, Mode::Daemon).unwrap();
    let kept = || station.handle.reader().counts().unwrap().output_bytes;
    // All of it belongs to a run under way: nothing may be dropped yet.
    wait_for("the output to be stored", || (kept() == 300_000).then_some(()));
    std::fs::write(&go, "").unwrap();
    wait_for("the output to be dropped", || (kept() <= 100_000).then_some(()));
    station.handle.shut_down(std::time::Duration::from_secs(10));
    runtime.block_on(station.handle.stopped());
}
