//! Kills the daemon with -9 at random moments while schedules fire, and accounts for every firing.

mod checks;
mod client;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::Client;
use serde_json::{Value, json};
use station::client::{Transport, UnixTransport};

use crate::support::{Random, Site, pause, seed, wait_for};

const ROUNDS: u32 = 40;

/// Every watched job: its name, what it says beside its command, and what its command does. None of
/// them is changed while the daemon is killed, so their firings can be told beforehand.
fn watched() -> Vec<(Value, &'static str)> {
    let every = |seconds: f64, more: Value| {
        let base =
            json!({"trigger_type": "interval", "interval_seconds": seconds, "run_at_start": true});
        merged(base, more)
    };
    let cron = |more: Value| {
        let base = json!({"trigger_type": "cron", "cron_expression": "*/1 * * * * *", "cron_seconds": true});
        merged(base, more)
    };
    vec![
        (every(1.0, json!({})), "true"),
        (every(0.2, json!({"misfire_grace_time": 0})), "true"),
        (every(0.2, json!({"misfire_grace_time": "forever", "coalesce": false})), "true"),
        (every(0.05, json!({"misfire_grace_time": 0.1})), "true"),
        (every(0.05, json!({"misfire_grace_time": 0.1, "coalesce": false})), "true"),
        (every(0.5, json!({"misfire_grace_time": 0, "on_failure_alarm": true})), "exit 3"),
        (every(0.3, json!({"conflict_policy": "queue"})), "sleep 0.3"),
        (every(0.1, json!({"conflict_policy": "queue", "queue_limit": 2})), "sleep 0.1"),
        (every(0.25, json!({"conflict_policy": "queue", "coalesce": false})), "true"),
        (every(0.2, json!({"conflict_policy": "replace", "max_instances": 2})), "sleep 0.3"),
        (
            every(
                0.3,
                json!({"conflict_policy": "replace", "max_instances": 3, "coalesce": false}),
            ),
            "exit 1",
        ),
        (every(0.4, json!({"conflict_policy": "cancel_running"})), "sleep 0.3"),
        (
            every(0.15, json!({"conflict_policy": "cancel_running", "misfire_grace_time": 0})),
            "sleep 0.3",
        ),
        (every(0.3, json!({"conflict_key": "bench", "conflict_policy": "queue"})), "sleep 0.1"),
        (
            every(0.3, json!({"conflict_key": "bench", "conflict_policy": "cancel_running"})),
            "sleep 0.1",
        ),
        (every(0.2, json!({"conflict_key": "bench"})), "true"),
        (cron(json!({})), "true"),
        (cron(json!({"conflict_policy": "queue", "coalesce": false})), "sleep 0.3"),
        (cron(json!({"misfire_grace_time": 0, "on_failure_alarm": true})), "exit 7"),
        (
            cron(
                json!({"conflict_policy": "replace", "max_instances": 2, "on_interrupted": "rerun"}),
            ),
            "sleep 0.3",
        ),
        (
            every(0.3, json!({"retries": 2, "retry_delay_seconds": 0.1, "on_failure_alarm": true})),
            "exit 2",
        ),
        (every(0.2, json!({"max_executions": 12})), "true"),
        (every(0.1, json!({"max_executions": 9, "conflict_policy": "queue"})), "sleep 0.1"),
        (
            every(0.1, json!({"max_executions": 7, "coalesce": false, "on_interrupted": "rerun"})),
            "sleep 0.1",
        ),
        (every(0.007, json!({"misfire_grace_time": 0.05})), "true"),
    ]
}

#[test]
fn kill_9_under_recurring_load_accounts_for_every_firing() {
    let mut site = Site::new();
    let ledger = site.scratch().join("ledger").display().to_string();
    let mut random = Random(seed());
    site.start();
    let jobs = create_watched(&site, &ledger);
    let watched: Vec<String> = jobs.keys().map(i64::to_string).collect();
    let mut clients: Vec<Client> = (0..3)
        .map(|_| Client {
            random: Random(random.next()),
            own: BTreeMap::new(),
            watched: watched.clone(),
            ledger: ledger.clone(),
        })
        .collect();
    for round in 0..ROUNDS {
        if round > 0 {
            site.start();
        }
        let stop = Arc::new(AtomicBool::new(false));
        let acting: Vec<_> = std::mem::take(&mut clients)
            .into_iter()
            .map(|mut client| {
                let (stop, mut transport) = (Arc::clone(&stop), site.connect().unwrap());
                std::thread::spawn(move || {
                    while !stop.load(Ordering::SeqCst) && client.act(&mut transport).is_some() {
                        pause();
                    }
                    client
                })
            })
            .collect();
        let life = Duration::from_micros(random.below(400_000));
        let started = Instant::now();
        while started.elapsed() < life {
            pause();
        }
        site.kill();
        stop.store(true, Ordering::SeqCst);
        clients = acting.into_iter().map(|client| client.join().unwrap()).collect();
    }
    site.start();
    for client in &clients {
        client.check(&site);
    }
    let next: BTreeMap<i64, Value> =
        jobs.keys().map(|id| (*id, job(&site, *id)["next_run"].clone())).collect();
    calm(&site);
    let runs = runs_of(&ledger);
    let mut total = Tally::default();
    for (id, grid) in &jobs {
        checks::check_watched(&site, *id, grid, &next[id], &runs, &mut total);
    }
    checks::check_all(&site, &runs);
    checks::check_lanes(&site, jobs.keys().copied(), &runs);
    eprintln!("{total:?}, {} attempts in the ledger", runs.len());
    assert!(total.combined > 0 && total.missed > 0 && total.ran > 100, "too little happened");
    let doctor = site.run(["doctor"]);
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

/// When a watched job fires, in microseconds.
struct Grid {
    first: i64,
    every: i64,
}

#[derive(Debug, Default)]
struct Tally {
    ran: u64,
    combined: u64,
    missed: u64,
    skipped: u64,
    interrupted: u64,
}

/// The times of one attempt: of its beginning, and of its end if it came that far.
type Runs = BTreeMap<(String, u32), (i64, Option<i64>)>;

fn create_watched(site: &Site, ledger: &str) -> BTreeMap<i64, Grid> {
    let mut jobs = BTreeMap::new();
    for (nth, (body, act)) in watched().into_iter().enumerate() {
        let body = merged(body, script(&format!("watched {nth}"), ledger, act));
        let mut transport = site.connect().unwrap();
        let answer = call(&mut transport, "POST", "/api/scheduler/jobs/create", &body).unwrap();
        assert_eq!(answer.0, 200, "{body}: {}", answer.1);
        let job = &answer.1["job"];
        let every = Duration::from_secs_f64(job["interval_seconds"].as_f64().unwrap_or(1.0));
        let every = i64::try_from(every.as_micros()).unwrap();
        let grid = Grid { first: micros(&answer.1["next_run"]), every };
        jobs.insert(answer.1["job_id"].as_str().unwrap().parse().unwrap(), grid);
    }
    jobs
}

fn script(name: &str, ledger: &str, act: &str) -> Value {
    let line = |what: &str| {
        format!("echo {what} $STATION_EXECUTION $STATION_ATTEMPT $(date +%s%6N) >> {ledger}")
    };
    let command = format!("{}; ({act}); code=$?; {}; exit $code", line("begin"), line("end"));
    json!({"name": name, "schedule_type": "script", "parameters": {"command": command}})
}

/// Stops all schedules, and waits until nothing is left to be done.
fn calm(site: &Site) {
    let mut transport = site.connect().unwrap();
    for id in all(site, "jobs", "").into_keys() {
        let path = format!("/api/scheduler/jobs/{id}/pause");
        let (status, answer) = call(&mut transport, "POST", &path, &json!({})).unwrap();
        // A job may have had all its runs.
        assert!(status == 200 || status == 409, "{id}: {answer}");
    }
    wait_for("all runs to end", || {
        let left = site.get("/api/scheduler/executions?status=pending,running&limit=1");
        (left["count"] == 0).then_some(())
    });
    assert_eq!(site.get("/api/scheduler/running")["count"], 0);
}

fn runs_of(ledger: &str) -> Runs {
    let mut runs = Runs::new();
    for line in std::fs::read_to_string(ledger).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, name, attempt, at] = words[..] else { panic!("a torn line: {line}") };
        let (key, at) = ((name.to_owned(), attempt.parse().unwrap()), at.parse().unwrap());
        match what {
            "begin" => assert!(runs.insert(key, (at, None)).is_none(), "{line}: a second time"),
            _ => {
                let run = runs.get_mut(&key).unwrap();
                assert!(run.1.replace(at).is_none(), "{line}: a second time");
            }
        }
    }
    runs
}

fn call(
    transport: &mut UnixTransport,
    method: &str,
    path: &str,
    body: &Value,
) -> Option<(u16, Value)> {
    let body = Some(body).filter(|body| !body.is_null());
    let answer = transport.call(method, path, body).ok()?;
    assert!(answer.status < 500, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
    Some((answer.status, serde_json::from_slice(&answer.body).ok()?))
}

fn job(site: &Site, id: i64) -> Value {
    site.get(&format!("/api/scheduler/jobs/{id}"))["job"].clone()
}

/// All rows of a kind by their name.
fn all(site: &Site, what: &str, query: &str) -> BTreeMap<String, Value> {
    let mut rows = BTreeMap::new();
    let mut cursor = String::new();
    let key = if what == "jobs" { "job_id" } else { "execution_id" };
    loop {
        let page = site.get(&format!("/api/scheduler/{what}?limit=500{query}{cursor}"));
        for row in page[what].as_array().unwrap() {
            let name = row[key].as_str().unwrap().to_owned();
            assert!(rows.insert(name, row.clone()).is_none(), "there twice: {row}");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

fn micros(at: &Value) -> i64 {
    at.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

fn merged(mut base: Value, more: Value) -> Value {
    if let (Some(base), Value::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}
