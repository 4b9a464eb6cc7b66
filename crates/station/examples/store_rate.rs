//! Measures the store: commits a second alone and in groups, opening and listing with a million jobs.
//!
//! `cargo run --release --example store_rate [DIR [JOBS [FIRINGS]]]`; DIR should be on the disk in question.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use samples::{Chance, created, execution, job, recorded, recurring, state, surroundings};
use station::port::Store;
use station::store::{ExecutionFilter, JobFilter, JobOrder, Reader, SqliteStore};
use station_core::engine::Change;
use station_core::model::{Cause, ExecutionStatus, JobId, Micros, OutputChunk, Stream};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let dir = words.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let jobs: i64 = words.next().map_or(Ok(1_000_000), |count| count.parse())?;
    let firings: i64 = words.next().map_or(Ok(jobs), |count| count.parse())?;
    let path = dir.join(format!("store_rate.{}.db", std::process::id()));
    let measured = all(&path, jobs, firings);
    for suffix in ["", "-wal", "-shm", ".copy"] {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        if std::fs::remove_file(&name).is_err() {
            continue;
        }
    }
    measured
}

fn say(what: &str, figure: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{what:<58} {figure}")
}

fn all(path: &Path, jobs: i64, firings: i64) -> Outcome<()> {
    let start = Instant::now();
    let (mut store, reader) = SqliteStore::open(path)?;
    say("create a store", &millis(start))?;
    say("resident, empty store", &resident()?)?;
    let mut next = 1;
    store.apply(&[surroundings()])?;
    store.commit()?;
    inserts(&mut store, &mut next, 1, 5_000, Due::Ascending)?;
    inserts(&mut store, &mut next, 32, 30_000, Due::Ascending)?;
    inserts(&mut store, &mut next, 64, 60_000, Due::Ascending)?;
    inserts(&mut store, &mut next, 64, 60_000, Due::Random)?;
    let rest = jobs.saturating_sub(next).max(0).cast_unsigned();
    inserts(&mut store, &mut next, 1000, rest, Due::Random)?;
    say("jobs pending", &(next - 1).to_string())?;
    inserts(&mut store, &mut next, 1, 5_000, Due::Ascending)?;
    inserts(&mut store, &mut next, 32, 30_000, Due::Ascending)?;
    inserts(&mut store, &mut next, 64, 60_000, Due::Ascending)?;
    inserts(&mut store, &mut next, 32, 30_000, Due::Random)?;
    inserts(&mut store, &mut next, 64, 60_000, Due::Random)?;
    drop((store, reader));
    reads(path)?;
    ended(path, jobs)?;
    reads(path)?;
    runs_of_recurring(path, firings)?;
    figures(path)
}

/// Gives jobs that go on as many executions, in rounds of a thousand; the first job has half of them.
fn runs_of_recurring(path: &Path, executions: i64) -> Outcome<()> {
    let (mut store, _reader) = SqliteStore::open(path)?;
    let first = store.snapshot(1)?.last_job + 1;
    for id in first..first + RECURRING {
        store.apply(&[created(recurring(id, DAY0))])?;
    }
    let mut counts = BTreeMap::new();
    let start = Instant::now();
    let (mut rounds, cpu) = (0_u64, cpu_micros()?);
    for step in 0..executions {
        let id = if step % 2 == 0 { first } else { first + (step / 2) % RECURRING };
        let count = counts.entry(id).or_insert(0_u32);
        *count += 1;
        let n = *count;
        let at = DAY0 + step * 1_000_000;
        let mut run = execution(id, n, ExecutionStatus::Running);
        (run.planned, run.started) = (Micros(at), Some(Micros(at)));
        let mut over = run.clone();
        (over.status, over.ended) = (ExecutionStatus::Completed, Some(Micros(at + 20)));
        let next = Some(at + 60_000_000);
        store.apply(&[
            recorded(run),
            Change::JobUpdated { job: JobId(id), state: state(ExecutionStatus::Running, next, n) },
        ])?;
        store.apply(&[
            recorded(over),
            Change::JobUpdated { job: JobId(id), state: state(ExecutionStatus::Pending, next, n) },
        ])?;
        if step % 1000 == 0 {
            store.commit()?;
            rounds += 1;
        }
    }
    store.commit()?;
    let micros = u64::try_from(start.elapsed().as_micros())?.max(1);
    say(
        &format!("firings of {RECURRING} recurring jobs, {rounds} rounds"),
        &format!(
            "{} firings/s, {} ns CPU a firing",
            executions.cast_unsigned() * 1_000_000 / micros,
            (cpu_micros()? - cpu) * 1000 / executions.cast_unsigned().max(1)
        ),
    )?;
    Ok(())
}

/// Recurring jobs, and when the first of them fires.
const RECURRING: i64 = 1000;
const DAY0: i64 = 1_800_000_000_000_000;

/// How long the answers take that are counted, not listed.
fn figures(path: &Path) -> Outcome<()> {
    let (mut store, reader) = SqliteStore::open(path)?;
    let last = JobId(store.snapshot(1)?.last_job);
    let busy = JobId(last.0 - RECURRING + 1);
    let day = Micros(DAY0 + 86_400_000_000);
    timed("statistics", || Ok(reader.statistics(Micros(DAY0), day, 10)?.total_today()))?;
    timed("history of the busiest job", || {
        Ok(reader.history(busy)?.map_or(0, |history| history.total))
    })?;
    timed("ledger of the busiest job", || {
        Ok(reader.ledger(busy)?.map_or(0, |ledger| ledger.accounted()))
    })?;
    timed("running jobs", || Ok(reader.running_jobs()?.len() as u64))?;
    timed("execution near an instant", || {
        Ok(reader.execution_near(busy, day)?.map_or(0, |run| run.id.n.into()))
    })?;
    let of_busy = ExecutionFilter { job: Some(busy), ..Default::default() };
    timed("executions of the busiest job", || count(&reader, &of_busy))?;
    let hour = ExecutionFilter { planned_from: Some(day), limit: 100, ..of_busy.clone() };
    timed("its executions from an instant on", || count(&reader, &hour))?;
    let failed = ExecutionFilter { statuses: vec![ExecutionStatus::Failed], ..Default::default() };
    timed("failed executions", || count(&reader, &failed))?;
    let manual = ExecutionFilter { cause: Some(Cause::Manual), ..Default::default() };
    timed("manual executions", || count(&reader, &manual))?;
    timed("jobs by number", || {
        let filter = JobFilter { order: JobOrder::Id, ..Default::default() };
        Ok(reader.jobs(&filter)?.items.len() as u64)
    })?;
    timed("paused jobs", || {
        let filter = JobFilter { enabled: Some(false), ..Default::default() };
        Ok(reader.jobs(&filter)?.items.len() as u64)
    })?;
    timed("recurring jobs to plan anew", || {
        Ok(store.planned_from(JobId(0), true, 4096)?.0.len() as u64)
    })?;
    let old = Micros(DAY0 + 1_000_000_000_000);
    timed("expired executions", || Ok(store.expired(old, 1000)?.0.len() as u64))?;
    timed("faults of all ledgers", || Ok(reader.ledger_faults()?.len() as u64))?;
    let expired = store.expired(old, 10_000)?.0;
    timed("removal of 1000 expired executions", || {
        let (part, _) = store.expired(old, 1000)?;
        for (execution, _) in part {
            store.apply(&[Change::ExecutionRemoved { execution }])?;
        }
        store.commit()?;
        Ok(expired.len() as u64)
    })?;
    Ok(())
}

fn count(reader: &Reader, filter: &ExecutionFilter) -> Outcome<u64> {
    Ok(reader.executions(filter)?.items.len() as u64)
}

fn timed(what: &str, mut ask: impl FnMut() -> Outcome<u64>) -> Outcome<()> {
    for round in ["first", "again"] {
        let start = Instant::now();
        let answer = ask()?;
        say(&format!("{what}: {answer}, {round}"), &millis(start))?;
    }
    Ok(())
}

/// When the jobs made are due.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// One after the other.
    Ascending,
    /// Anywhere in a year.
    Random,
}

fn inserts(
    store: &mut SqliteStore,
    next: &mut i64,
    group: u64,
    count: u64,
    due: Due,
) -> Outcome<()> {
    let mut chance = Chance(7);
    let begin = 1_800_000_000_000_000_i64;
    let mut slowest = 0;
    let (start, cpu) = (Instant::now(), cpu_micros()?);
    for _ in 0..count / group {
        let round = Instant::now();
        for _ in 0..group {
            let at = match due {
                Due::Ascending => begin + *next * 1000,
                Due::Random => begin + chance.below(31_536_000_000_000).cast_signed(),
            };
            // One change at a time, as the engine's rounds come.
            store.apply(&[surroundings(), created(job(*next, at))])?;
            *next += 1;
        }
        store.commit()?;
        slowest = slowest.max(round.elapsed().as_micros());
    }
    let taken = start.elapsed().as_micros().max(1);
    let done = u128::from(count / group * group);
    say(
        &format!("insert, {due:?}, groups of {group}"),
        &format!(
            "{} jobs/s, {} ns CPU a job, slowest round {} ms",
            done * 1_000_000 / taken,
            u128::from(cpu_micros()? - cpu) * 1000 / done.max(1),
            slowest / 1000
        ),
    )?;
    Ok(())
}

/// Ends as many jobs, each with a run and a line of output.
fn ended(path: &Path, jobs: i64) -> Outcome<()> {
    let (mut store, _reader) = SqliteStore::open(path)?;
    let first = store.snapshot(1)?.last_job + 1;
    let (start, cpu) = (Instant::now(), cpu_micros()?);
    for id in first..first + jobs {
        let mut run = execution(id, 1, ExecutionStatus::Running);
        run.started = Some(Micros(id));
        let mut over = run.clone();
        let status =
            if id % 1000 == 0 { ExecutionStatus::Failed } else { ExecutionStatus::Completed };
        over.status = status;
        over.ended = Some(Micros(id + 1));
        let bytes = b"one line of output\n".to_vec();
        let chunks = vec![OutputChunk { stream: Stream::Stdout, at: Micros(id), bytes }];
        store.apply(&[created(job(id, id)), recorded(run.clone())])?;
        store.apply(&[
            Change::JobUpdated { job: JobId(id), state: state(ExecutionStatus::Running, None, 1) },
            Change::OutputStored { execution: run.id, attempt: 1, chunks },
            recorded(over),
            Change::JobUpdated { job: JobId(id), state: state(status, None, 1) },
        ])?;
        if id % 64 == 0 {
            store.commit()?;
        }
    }
    store.commit()?;
    let rate = jobs.cast_unsigned() * 1000 / u64::try_from(start.elapsed().as_millis())?.max(1);
    let cpu = (cpu_micros()? - cpu) * 1000 / jobs.cast_unsigned().max(1);
    say(
        "whole lives (created, run, output, ended), groups of 64",
        &format!("{rate} jobs/s, {cpu} ns CPU a job"),
    )?;
    Ok(())
}

fn reads(path: &Path) -> Outcome<()> {
    let start = Instant::now();
    let (mut store, reader) = SqliteStore::open(path)?;
    let opened = millis(start);
    let snapshot = store.snapshot(2048)?;
    say("open", &opened)?;
    say(&format!("open + snapshot of {}", snapshot.due.len()), &millis(start))?;
    say("resident", &resident()?)?;
    let listed = |what: &str, filter: &JobFilter| -> Outcome<()> {
        for round in ["first", "again"] {
            let start = Instant::now();
            let page = reader.jobs(filter)?;
            say(&format!("{what}: {} jobs, {round}", page.items.len()), &millis(start))?;
        }
        Ok(())
    };
    listed("agenda", &JobFilter::default())?;
    let failed = vec![ExecutionStatus::Failed];
    listed("agenda, failed only", &JobFilter { statuses: failed.clone(), ..Default::default() })?;
    listed(
        "agenda, an unknown tag",
        &JobFilter { tag: Some("none".into()), ..Default::default() },
    )?;
    let start = Instant::now();
    let found = reader.executions(&ExecutionFilter::default())?.items.len();
    say(&format!("newest executions: {found}"), &millis(start))?;
    let start = Instant::now();
    store.oldest_outputs(1 << 20)?;
    say("oldest outputs of 1 MiB", &millis(start))?;
    let start = Instant::now();
    let counts = reader.counts()?;
    say(&format!("counts, file of {} MB", counts.file_bytes / 1_000_000), &millis(start))?;
    let mut copy = path.to_owned().into_os_string();
    copy.push(".copy");
    let start = Instant::now();
    let bytes = reader.backup(Path::new(&copy))?;
    say(&format!("backup of {} MB", bytes / 1_000_000), &millis(start))?;
    std::fs::remove_file(&copy)?;
    let start = Instant::now();
    let wrong = reader.check()?;
    say(&format!("check: {} complaints", wrong.len()), &millis(start))?;
    say("resident", &resident()?)?;
    Ok(())
}

fn millis(start: Instant) -> String {
    let micros = start.elapsed().as_micros();
    format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10)
}

/// Memory this process has resident.
fn resident() -> Outcome<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("?", str::trim).to_owned()
    };
    Ok(format!("{} (at most {})", line("VmRSS:"), line("VmHWM:")))
}

/// CPU time this process has used.
fn cpu_micros() -> Outcome<u64> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Ok(u64::try_from(now.tv_sec)? * 1_000_000 + u64::try_from(now.tv_nsec)? / 1000)
}
