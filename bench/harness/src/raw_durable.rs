//! The limit of punctuality: a bare program that spawns jobs due at one instant, two commits each.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Result;
use crate::args::Args;
use crate::commits::{Client, Writer};
use crate::raw_spawn::spawn;
use crate::stamp;
use crate::stats::{now_micros, percentile, sleep_until};

/// Jobs spawned at a time, as many as the station's default on two cores.
const WORKERS: usize = 8;

pub(crate) fn run(args: &Args) -> Result<()> {
    let jobs = args.number("jobs", 1000)?;
    let dir = args.path("base")?.join(format!("durable-{}", now_micros()));
    std::fs::create_dir_all(&dir)?;
    if args.text("rate").is_some() {
        let writer = Writer::open(&dir.join("rate.db"))?;
        let begun = now_micros();
        one(&writer, jobs, begun, true, &["/bin/true"])?;
        let seconds = (now_micros() - begun) as f64 / 1e6;
        writer.close()?;
        args.result(&format!("raw.durable.{jobs}.rate"), jobs as f64 / seconds)?;
        return Ok(std::fs::remove_dir_all(&dir)?);
    }
    let stamps = dir.join("stamps");
    for (name, commits) in [("durable", true), ("bare", false)] {
        let file = dir.join(format!("{name}.db"));
        let writer = Writer::open(&file)?;
        let due = now_micros() + 200_000;
        let mut late = one(&writer, jobs, due, commits, &["/bin/true"])?;
        args.result(&format!("raw.{name}.{jobs}.p50"), percentile(&mut late, 0.5))?;
        args.result(&format!("raw.{name}.{jobs}.p99"), percentile(&mut late, 0.99))?;
        let program = stamp::program()?;
        let words = [program.as_str(), "stamp", stamps.to_str().ok_or("not UTF-8")?];
        let due = now_micros() + 200_000;
        one(&writer, jobs, due, commits, &words)?;
        writer.close()?;
        let mut seen = stamp::late(&stamps, |_| due)?;
        std::fs::remove_file(&stamps)?;
        args.result(&format!("raw.{name}.{jobs}.seen.p99"), percentile(&mut seen, 0.99))?;
    }
    Ok(std::fs::remove_dir_all(&dir)?)
}

/// Runs the jobs at `due`; how late each was started, in milliseconds.
fn one(writer: &Writer, jobs: usize, due: i64, commits: bool, words: &[&str]) -> Result<Vec<f64>> {
    let next = AtomicUsize::new(0);
    let late = Mutex::new(Vec::with_capacity(jobs));
    let work = |client: Client| -> Result<()> {
        sleep_until(due);
        while next.fetch_add(1, Ordering::Relaxed) < jobs {
            if commits {
                client.commit(due)?;
            }
            let micros = now_micros() - due;
            spawn(words)?;
            late.lock().map_err(|_| "a worker panicked")?.push(micros as f64 / 1000.0);
            if commits {
                client.commit(due)?;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..WORKERS)
            .map(|_| {
                let client = writer.client();
                scope.spawn(|| work(client))
            })
            .collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| "a worker panicked")?)
    })?;
    Ok(late.into_inner().map_err(|_| "a worker panicked")?)
}
