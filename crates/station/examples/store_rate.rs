//! Measures the store: commits a second alone and in groups, opening and listing with a million jobs.
//!
//! `cargo run --release --example store_rate [DIR [JOBS]]`; DIR should be on the disk in question.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use samples::{Chance, created, execution, job, recorded, state, surroundings};
use station::port::Store;
use station::store::{ExecutionFilter, JobFilter, SqliteStore};
use station_core::engine::Change;
use station_core::model::{ExecutionStatus, JobId, Micros, OutputChunk, Stream};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let dir = words.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let jobs: i64 = words.next().map_or(Ok(1_000_000), |count| count.parse())?;
    let path = dir.join(format!("store_rate.{}.db", std::process::id()));
    let measured = all(&path, jobs);
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

fn all(path: &Path, jobs: i64) -> Outcome<()> {
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
    reads(path)
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
    let start = Instant::now();
    for id in first..first + jobs {
        let mut run = execution(id, 1, ExecutionStatus::Running);
        run.started = Some(Micros(id));
        let mut over = run.clone();
        over.status = ExecutionStatus::Completed;
        over.ended = Some(Micros(id + 1));
        let bytes = b"one line of output\n".to_vec();
        let chunks = vec![OutputChunk { stream: Stream::Stdout, at: Micros(id), bytes }];
        let status =
            if id % 1000 == 0 { ExecutionStatus::Failed } else { ExecutionStatus::Completed };
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
    say("whole lives (created, run, output, ended), groups of 64", &format!("{rate} jobs/s"))?;
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
    let timed = |what: &str, filter: &JobFilter| -> Outcome<()> {
        for round in ["first", "again"] {
            let start = Instant::now();
            let page = reader.jobs(filter)?;
            say(&format!("{what}: {} jobs, {round}", page.items.len()), &millis(start))?;
        }
        Ok(())
    };
    timed("agenda", &JobFilter::default())?;
    let failed = vec![ExecutionStatus::Failed];
    timed("agenda, failed only", &JobFilter { statuses: failed.clone(), ..Default::default() })?;
    timed("agenda, an unknown tag", &JobFilter { tag: Some("none".into()), ..Default::default() })?;
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
