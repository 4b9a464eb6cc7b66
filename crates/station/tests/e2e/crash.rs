//! Kills the daemon with -9 at random moments under load, and looks for what must not be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{Random, Site, seed, wait_for};
use serde_json::{Value, json};
use station::client::{Transport, UnixTransport};

const ROUNDS: u32 = 100;

/// What clients were told, and so must find again.
#[derive(Default)]
struct Acknowledged {
    jobs: BTreeSet<i64>,
    cancelled: BTreeSet<i64>,
}

#[test]
fn kill_9_under_load_loses_and_repeats_nothing() {
    let mut site = Site::new();
    let ledger = site.scratch().join("ledger");
    let mut random = Random(seed());
    let told = Arc::new(Mutex::new(Acknowledged::default()));
    for _ in 0..ROUNDS {
        site.start();
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..3)
            .map(|_| {
                let mut client = Client {
                    transport: site.connect().unwrap(),
                    random: Random(random.next()),
                    told: Arc::clone(&told),
                    ledger: ledger.display().to_string(),
                };
                let stop = Arc::clone(&stop);
                std::thread::spawn(move || while !stop.load(Ordering::SeqCst) && client.act() {})
            })
            .collect();
        let life = Duration::from_micros(random.below(120_000));
        let started = Instant::now();
        while started.elapsed() < life {
            std::thread::yield_now();
        }
        site.kill();
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().unwrap();
        }
    }
    site.start();
    let told = told.lock().unwrap();
    let jobs = everything_ended(&site);
    check(&jobs, &told, &ledger);
    let doctor = site.run(["doctor"]);
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

/// Waits until nothing is pending or running; all jobs by number.
fn everything_ended(site: &Site) -> BTreeMap<i64, Value> {
    wait_for("all jobs to end", || {
        let answer = site.get("/api/scheduler/jobs?status=pending,running&limit=1");
        (answer["count"] == 0).then_some(())
    });
    let mut jobs = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = site.get(&format!("/api/scheduler/jobs?order=id&limit=500{cursor}"));
        for job in page["jobs"].as_array().unwrap() {
            let id = job["job_id"].as_str().unwrap().parse().unwrap();
            assert!(jobs.insert(id, job.clone()).is_none(), "job {id} is there twice");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return jobs,
        }
    }
}

fn check(jobs: &BTreeMap<i64, Value>, told: &Acknowledged, ledger: &std::path::Path) {
    let mut runs: BTreeMap<i64, u32> = BTreeMap::new();
    for line in std::fs::read_to_string(ledger).unwrap_or_default().lines() {
        *runs.entry(line.parse().unwrap()).or_default() += 1;
    }
    let mut completed = 0;
    for id in &told.jobs {
        let job = jobs.get(id).unwrap_or_else(|| panic!("job {id} was acknowledged and is lost"));
        let status = job["status"].as_str().unwrap();
        let ran = runs.get(id).copied().unwrap_or(0);
        assert!(ran <= 1, "job {id} ran {ran} times");
        assert!(job["execution_count"].as_u64().unwrap() <= 1, "{job}");
        match status {
            "completed" => assert_eq!(ran, 1, "job {id} is completed and did not run"),
            "cancelled" | "interrupted" => {}
            other => panic!("job {id} is {other}: {job}"),
        }
        completed += u32::from(status == "completed");
    }
    for id in &told.cancelled {
        let status = &jobs[id]["status"];
        assert!(status != "completed" || runs.contains_key(id), "job {id}: {status}");
    }
    for (id, ran) in &runs {
        assert!(*ran <= 1, "job {id} ran {ran} times");
    }
    eprintln!(
        "{} jobs acknowledged, {completed} completed, {} in the ledger",
        told.jobs.len(),
        runs.len()
    );
    assert!(completed > 100, "too little happened to trust this test: {completed} completed");
}

struct Client {
    transport: UnixTransport,
    random: Random,
    told: Arc<Mutex<Acknowledged>>,
    ledger: String,
}

impl Client {
    /// One request; false once the daemon is gone.
    fn act(&mut self) -> bool {
        let jobs = self.told.lock().unwrap().jobs.len() as u64;
        if jobs > 0 && self.random.below(5) == 0 {
            let nth = usize::try_from(self.random.below(jobs)).unwrap();
            let id = *self.told.lock().unwrap().jobs.iter().nth(nth).unwrap();
            let path = format!("/api/scheduler/jobs/{id}/cancel");
            let Ok(answer) = self.transport.call("POST", &path, Some(&json!({}))) else {
                return false;
            };
            if answer.status == 200 {
                self.told.lock().unwrap().cancelled.insert(id);
            }
            return true;
        }
        let when = if self.random.below(2) == 0 { "now" } else { "now + 1 second" };
        let command = format!("echo $STATION_JOB >> {}", self.ledger);
        let body = json!({
            "name": "crash", "schedule_type": "script", "when": when, "misfire_grace_time": "forever",
            "parameters": {"command": command},
        });
        let path = "/api/scheduler/jobs/create";
        match self.transport.call("POST", path, Some(&body)) {
            Ok(answer) if answer.status == 200 => {
                let document: Value = serde_json::from_slice(&answer.body).unwrap();
                let id = document["job_id"].as_str().unwrap().parse().unwrap();
                let first = self.told.lock().unwrap().jobs.insert(id);
                assert!(first, "job number {id} was given twice");
                true
            }
            Ok(answer) => panic!("{}", String::from_utf8_lossy(&answer.body)),
            Err(_) => false,
        }
    }
}
