//! A million pending jobs: what the next one costs on the way, start, memory, list, and idling.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::args::Args;
use crate::body::{Work, create_request};
use crate::load::{Until, drive};
use crate::station::Station;
use crate::stats::{now_micros, percentile, rfc3339};
use crate::submit::{YEAR, submit};

pub(crate) fn run(args: &Args) -> Result<()> {
    let count: u64 = args.number("count", 1_000_000)?;
    let station = Station::fresh(args)?;
    // A small store gets the same load in turns: neighbours and the disk's moods are in both.
    let small = Station::fresh(args)?;
    let (mut filled, mut marks) = (0, vec![1000, 10_000, 100_000, count]);
    marks.retain(|mark| *mark <= count);
    marks.dedup();
    for mark in marks {
        filled += fill(&station, mark.saturating_sub(filled))?;
        println!("    {filled} jobs stored");
        filled += in_turns(args, &station, &small, &format!("cost.{mark}"))?;
    }
    let size = std::fs::metadata(station.dir.join("station.db"))?.len();
    args.result("pending.bytes_per_job", size as f64 / filled as f64)?;
    let dir = station.stop()?;
    let station = Station::start(&args.path("station")?, dir)?;
    args.result("pending.ready_ms", station.ready.as_secs_f64() * 1000.0)?;
    idle(args, &station, "pending")?;
    let usage = station.usage()?;
    args.result("pending.rss_mb", usage.rss)?;
    args.result("pending.peak_at_rest_mb", usage.peak)?;
    first_page(args, &station)?;
    let small = Station::start(&args.path("station")?, small.stop()?)?;
    in_turns(args, &station, &small, "pending.submit")?;
    let usage = station.usage()?;
    args.result("pending.rss_loaded_mb", usage.rss)?;
    args.result("pending.peak_mb", usage.peak)
}

/// An empty daemon: memory at rest and after its first page, start, idling.
pub(crate) fn empty(args: &Args) -> Result<()> {
    let station = Station::fresh(args)?;
    args.result("empty.ready_ms", station.ready.as_secs_f64() * 1000.0)?;
    idle(args, &station, "empty")?;
    args.result("empty.rss_mb", station.usage()?.rss)
}

/// Submits jobs spread over a day, a year from now.
fn fill(station: &Station, count: u64) -> Result<u64> {
    let line = Work::Line("/usr/local/bin/backup --all | logger -t backup".to_owned());
    let first = now_micros() + YEAR;
    let mut request_of = 0;
    let fixed = create_request(&line, &rfc3339(first));
    let mark = rfc3339(first);
    let at = fixed.windows(mark.len()).position(|part| part == mark.as_bytes());
    let at = at.ok_or("the date is not in the request")?;
    let done = drive(&station.socket().as_path().into(), 64, Until::Count(count), |request| {
        if request.is_empty() {
            request.extend_from_slice(&fixed);
        }
        let spread = rfc3339(first + (request_of * 7_919 % 86_400) * 1_000_000);
        if let Some(place) = request.get_mut(at..at + spread.len()) {
            place.copy_from_slice(spread.as_bytes());
        }
        request_of += 1;
    })?;
    Ok(done.count)
}

/// Submits to the full and to the small store in three turns, one connection and many; how many
/// the full one got.
fn in_turns(args: &Args, full: &Station, small: &Station, key: &str) -> Result<u64> {
    for station in [full, small] {
        submit(&station.socket(), 64, Until::Count(3000))?;
    }
    let mut count = 3000;
    for _ in 0..3 {
        for (connections, millis) in [(1, 700), (64, 700)] {
            let until = Until::Time(Duration::from_millis(millis));
            let done = submit(&full.socket(), connections, until)?;
            args.result(&format!("{key}.{connections}"), done.rate())?;
            count += done.count;
            let done = submit(&small.socket(), connections, until)?;
            args.result(&format!("{key}.{connections}.small"), done.rate())?;
        }
    }
    Ok(count)
}

fn first_page(args: &Args, station: &Station) -> Result<()> {
    let mut http = station.http()?;
    let mut took = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        http.get("/api/scheduler/jobs?limit=100")?;
        took.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    args.result("pending.page_first_ms", took.first().copied().unwrap_or(f64::NAN))?;
    args.result("pending.page_ms", percentile(&mut took, 0.5))?;
    let mut took = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        let status = Command::new(args.path("station")?)
            .args(["list", "--data-dir"])
            .arg(&station.dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !status.success() {
            return Err(format!("station list: {status}").into());
        }
        took.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    args.result("pending.list_first_ms", took.first().copied().unwrap_or(f64::NAN))?;
    args.result("pending.list_ms", percentile(&mut took, 0.5))
}

/// Context switches and CPU of a daemon left alone.
fn idle(args: &Args, station: &Station, name: &str) -> Result<()> {
    let seconds = args.number("idle", 30)?;
    // Threads that served the start go to rest first.
    std::thread::sleep(Duration::from_secs(12));
    let before = station.usage()?;
    std::thread::sleep(Duration::from_secs(seconds));
    let after = station.usage()?;
    args.result(&format!("{name}.idle.switches"), (after.switches - before.switches) as f64)?;
    args.result(&format!("{name}.idle.ticks"), (after.ticks - before.ticks) as f64)
}
