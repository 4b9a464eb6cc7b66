//! Kills the daemon with -9 at random moments while schedules fire, and accounts for every firing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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
        check_watched(&site, *id, grid, &next[id], &runs, &mut total);
    }
    check_all(&site, &runs);
    check_lanes(&site, jobs.keys().copied(), &runs);
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
        let every = job["interval_seconds"].as_f64().unwrap_or(1.0) * 1e6;
        let grid = Grid { first: micros(&answer.1["next_run"]), every: every.round() as i64 };
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

/// Every firing from the first to the last has exactly one row, or is inside one row's span.
fn check_watched(site: &Site, id: i64, grid: &Grid, next: &Value, runs: &Runs, total: &mut Tally) {
    let job = job(site, id);
    let rows = all(site, "executions", &format!("&job_id={id}"));
    let mut planned: Vec<(i64, i64, u64, &str)> = Vec::new();
    let (mut to_alarm, mut started) = (0_u64, 0_u64);
    for (name, row) in &rows {
        let status = row["status"].as_str().unwrap();
        // A run that is done again may have been cut off before its first attempt began.
        let attempt = u32::try_from(row["attempt"].as_u64().unwrap()).unwrap();
        let ran = runs.range((name.clone(), 0)..=(name.clone(), attempt)).next().is_some();
        let last = runs.contains_key(&(name.clone(), attempt));
        assert!(last || status != "completed", "{row} did not run");
        assert!(!ran || !matches!(status, "missed" | "skipped"), "{row} ran");
        to_alarm += u64::from(matches!(status, "failed" | "missed" | "interrupted"));
        let info = &row["trigger_info"];
        let firings = info["firings"].as_u64().unwrap();
        if info["cause"] == "manual" {
            assert_eq!((firings, &info["first_planned"]), (0, &Value::Null), "{row}");
            continue;
        }
        started += u64::from(ran);
        let last = micros(&row["scheduled_time"]);
        let first = match &info["first_planned"] {
            Value::Null => last,
            first => micros(first),
        };
        planned.push((first, last, firings, name));
        *match status {
            "missed" => &mut total.missed,
            "skipped" => &mut total.skipped,
            "interrupted" => &mut total.interrupted,
            _ => &mut total.ran,
        } += 1;
        total.combined += u64::from(firings > 1 && status != "missed");
        let in_a_row = matches!(status, "missed" | "skipped");
        assert!(firings == 1 || in_a_row || job["coalesce"] == true, "{row}");
    }
    planned.sort_unstable();
    let mut at = grid.first;
    for (first, last, firings, name) in &planned {
        assert_eq!(*first, at, "{name} begins at another firing than the next: {planned:?} {job}");
        let inside = (last - first) / grid.every + 1;
        assert_eq!(
            ((last - first) % grid.every, inside.cast_unsigned()),
            (0, *firings),
            "{name} accounts for other firings than it says: {job}"
        );
        at = last + grid.every;
    }
    if !next.is_null() {
        assert!(at >= micros(next), "job {id} has lost its firings from {at} to {next}");
    }
    let firings: u64 = planned.iter().map(|(_, _, firings, _)| firings).sum();
    assert_eq!(job["planned"], firings, "{job}");
    assert_eq!(job["execution_count"], rows.len(), "{job}");
    if let Some(most) = job["max_executions"].as_u64() {
        assert_eq!(
            (job["fired"].as_u64().unwrap(), &job["next_run"]),
            (most, &Value::Null),
            "{job}"
        );
        assert!(started <= most, "{started} runs: {job}");
    }
    let alarms = site.get("/api/alarms/events/active");
    let of_job = |alarm: &&Value| alarm["additional_data"]["job_id"] == job["job_id"];
    let alarms: Vec<&Value> = alarms["events"].as_array().unwrap().iter().filter(of_job).collect();
    let wants = job["on_failure_alarm"] == true && to_alarm > 0;
    assert_eq!(alarms.len(), usize::from(wants), "{alarms:?} {job}");
    for alarm in alarms {
        assert_eq!(alarm["additional_data"]["occurrences"], to_alarm, "{alarm} {job}");
    }
}

/// No attempt ran twice or without a row, and of all jobs every firing is accounted for.
fn check_all(site: &Site, runs: &Runs) {
    let rows = all(site, "executions", "");
    for (name, attempt) in runs.keys() {
        let row = rows.get(name).unwrap_or_else(|| panic!("{name} ran and is not recorded"));
        assert!(row["attempt"].as_u64().unwrap() >= u64::from(*attempt), "{row}: {attempt}");
    }
    for (id, job) in all(site, "jobs", "") {
        let of_job = |row: &&Value| row["job_id"] == job["job_id"];
        let firings =
            rows.values().filter(of_job).map(|row| row["trigger_info"]["firings"].as_u64());
        assert_eq!(job["planned"].as_u64(), firings.sum::<Option<u64>>(), "job {id}: {job}");
        if let Some(most) = job["max_executions"].as_u64() {
            assert!(job["fired"].as_u64().unwrap() <= most, "{job}");
        }
    }
}

/// Of two runs that must not overlap, one had ended before the other began.
fn check_lanes(site: &Site, jobs: impl Iterator<Item = i64>, runs: &Runs) {
    let mut lanes: BTreeMap<String, Vec<(i64, i64, &str)>> = BTreeMap::new();
    for id in jobs {
        let job = job(site, id);
        if job["conflict_policy"] == "replace" {
            continue;
        }
        let lane = job["conflict_key"].as_str().map_or(id.to_string(), ToOwned::to_owned);
        let of_job = format!("{id}.");
        for ((name, _), (begun, ended)) in runs.iter().filter(|run| run.0.0.starts_with(&of_job)) {
            // When one ended that was cut off is not known.
            lanes
                .entry(lane.clone())
                .or_default()
                .extend(ended.map(|ended| (*begun, ended, &**name)));
        }
    }
    for (lane, mut spans) in lanes {
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "lane {lane}: {pair:?} overlap");
        }
    }
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

/// What a client knows of a job of its own.
#[derive(Default)]
struct Known {
    /// Whether it is to fire, if the answer to the last request about that came in.
    enabled: Option<bool>,
    /// Whether it is deleted; unknown if the answer did not come in.
    deleted: Option<bool>,
}

/// One that creates jobs and changes its own, and only runs and cuts short the watched ones.
struct Client {
    random: Random,
    own: BTreeMap<i64, Known>,
    watched: Vec<String>,
    ledger: String,
}

impl Client {
    /// One request; none once the daemon is gone.
    fn act(&mut self, transport: &mut UnixTransport) -> Option<()> {
        let choice = self.random.below(10);
        if choice < 2 {
            let nth = usize::try_from(self.random.below(self.watched.len() as u64)).unwrap();
            let id = self.watched[nth].clone();
            let path = if choice == 0 {
                format!("jobs/{id}/run")
            } else {
                let run =
                    call(transport, "GET", &format!("/api/scheduler/jobs/{id}"), &Value::Null)?;
                let count = run.1["job"]["execution_count"].as_u64().unwrap();
                format!("executions/{id}.{}/cancel", count.max(1))
            };
            let answer = call(transport, "POST", &format!("/api/scheduler/{path}"), &json!({}))?;
            assert!(matches!(answer.0, 200 | 404 | 409), "{path}: {}", answer.1);
            return Some(());
        }
        let alive: Vec<i64> =
            self.own.iter().filter(|own| own.1.deleted == Some(false)).map(|own| *own.0).collect();
        if alive.len() < 4 {
            return self.create(transport);
        }
        let id = alive[usize::try_from(self.random.below(alive.len() as u64)).unwrap()];
        self.change(transport, id, choice)
    }

    fn create(&mut self, transport: &mut UnixTransport) -> Option<()> {
        let policy = ["skip", "queue", "replace", "cancel_running"][self.random.below(4) as usize];
        let millis = 50 + self.random.below(400);
        let trigger = json!({
            "trigger_type": "interval", "interval_seconds": millis as f64 / 1000.0,
            "conflict_policy": policy, "max_instances": 2, "coalesce": self.random.below(2) == 0,
            "on_failure_alarm": true, "jitter_seconds": self.random.below(2) as f64 * 0.05,
            "max_executions": 5 + self.random.below(1000), "misfire_grace_time": self.random.below(2),
        });
        let act = ["true", "exit 1", "sleep 0.3"][self.random.below(3) as usize];
        let body = merged(trigger, script("own", &self.ledger, act));
        let (status, answer) = call(transport, "POST", "/api/scheduler/jobs/create", &body)?;
        assert_eq!(status, 200, "{answer}");
        let id = answer["job_id"].as_str().unwrap().parse().unwrap();
        let known = Known { enabled: Some(true), deleted: Some(false) };
        assert!(self.own.insert(id, known).is_none(), "job number {id} was given twice");
        Some(())
    }

    fn change(&mut self, transport: &mut UnixTransport, id: i64, choice: u64) -> Option<()> {
        let path = format!("/api/scheduler/jobs/{id}");
        let interval = (20 + self.random.below(300)) as f64 / 1000.0;
        let known = self.own.get_mut(&id).unwrap();
        let (method, path, body, enabled) = match choice {
            2 => ("POST", format!("{path}/pause"), json!({}), Some(false)),
            3 => ("POST", format!("{path}/resume"), json!({}), Some(true)),
            4 => ("PATCH", path, json!({"interval_seconds": interval}), known.enabled),
            5 => ("PATCH", path, json!({"conflict_key": "bench"}), known.enabled),
            6 => ("POST", format!("{path}/cancel"), json!({}), Some(true)),
            7 => ("DELETE", path, Value::Null, known.enabled),
            8 => (
                "PATCH",
                path,
                json!({"max_executions": 2000, "conflict_key": null}),
                known.enabled,
            ),
            _ => ("POST", format!("{path}/run"), json!({}), known.enabled),
        };
        let before = known.enabled.take();
        if method == "DELETE" {
            known.deleted = None;
        }
        let (status, answer) = call(transport, method, &path, &body)?;
        assert!(
            matches!(status, 200 | 409) || status == 400 && method == "PATCH",
            "{path}: {answer}"
        );
        known.enabled = if status == 200 { enabled } else { before };
        if method == "DELETE" {
            known.deleted = Some(status == 200);
        }
        Some(())
    }

    /// What was told it is still so.
    fn check(&self, site: &Site) {
        let mut transport = site.connect().unwrap();
        for (id, known) in &self.own {
            let path = format!("/api/scheduler/jobs/{id}");
            let (status, answer) = call(&mut transport, "GET", &path, &Value::Null).unwrap();
            if let Some(deleted) = known.deleted {
                assert_eq!(status, if deleted { 404 } else { 200 }, "job {id}: {answer}");
            }
            if let (200, Some(enabled)) = (status, known.enabled) {
                assert_eq!(answer["job"]["enabled"], enabled, "{answer}");
            }
        }
    }
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
