//! Durable submits over the socket: jobs due in a year, next one when the last is acknowledged.

use std::path::Path;
use std::time::Duration;

use crate::Result;
use crate::args::Args;
use crate::body::{Work, create_request};
use crate::load::{Done, Until, drive};
use crate::station::Station;
use crate::stats::{now_micros, rfc3339};

/// A year, in microseconds.
pub(crate) const YEAR: i64 = 365 * 86_400_000_000;

pub(crate) fn run(args: &Args) -> Result<()> {
    let connections = args.number("connections", 1)?;
    let time = Duration::from_secs_f64(args.number("seconds", 3.0)?);
    let station = if args.text("socket").is_some() { None } else { Some(Station::fresh(args)?) };
    let socket = station.as_ref().map_or_else(|| args.path("socket"), |own| Ok(own.socket()))?;
    // As long as the store's log still grows, a commit costs one of the file system's besides.
    submit(&socket, 64, Until::Count(10_000))?;
    let before = station.as_ref().map(Station::usage).transpose()?;
    let mut done = submit(&socket, connections, Until::Time(time))?;
    let key = format!("submit.{connections}");
    args.result(&key, done.rate())?;
    args.result(&format!("{key}.p50_ms"), done.latency_ms(0.5))?;
    args.result(&format!("{key}.p99_ms"), done.latency_ms(0.99))?;
    if let (Some(before), Some(station)) = (before, station) {
        let after = station.usage()?;
        let micros = (after.ticks - before.ticks) as f64 * 10_000.0 / done.count.max(1) as f64;
        args.result(&format!("{key}.daemon_cpu_us"), micros)?;
    }
    Ok(())
}

/// Submits the same job again and again.
pub(crate) fn submit(socket: &Path, connections: usize, until: Until) -> Result<Done> {
    let line = Work::Line("/usr/local/bin/backup --all | logger -t backup".to_owned());
    let fixed = create_request(&line, &rfc3339(now_micros() + YEAR));
    drive(&socket.into(), connections, until, |request| {
        if request.is_empty() {
            request.extend_from_slice(&fixed);
        }
    })
}
