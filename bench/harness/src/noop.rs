//! Executions per second, every one fully recorded, out of a backlog of due jobs.

use std::time::Duration;

use crate::Result;
use crate::args::Args;
use crate::body::Work;
use crate::feeder::{collect, feed, soon};
use crate::station::Station;

pub(crate) fn run(args: &Args) -> Result<()> {
    let jobs = args.number("jobs", 5000)?;
    let name = args.text("command").unwrap_or("true");
    let work = match name {
        "true" => Work::Line("true".to_owned()),
        "argv" => Work::program(&["/bin/true"]),
        "sh" => Work::program(&["/bin/sh", "-c", "true"]),
        "bash" => Work::program(&["/bin/bash", "-c", "true"]),
        // Shell syntax, so the station runs its shell, with the script's head before it.
        "shell" => Work::Line("true;".to_owned()),
        other => return Err(format!("--command {other}: not known").into()),
    };
    let station = Station::fresh(args)?;
    let due = soon(jobs);
    feed(&station, &work, jobs, due, 0)?;
    let before = station.usage()?;
    let told = collect(&station, due, Duration::from_secs(60))?;
    let after = station.usage()?;
    if told.completed() as u64 != jobs {
        return Err(format!("not all of {jobs} completed: {:?}", told.statuses).into());
    }
    let seconds = (told.end - due) as f64 / 1e6;
    let micros = (after.ticks - before.ticks) as f64 * 10_000.0 / jobs as f64;
    args.result(&format!("noop.{name}"), jobs as f64 / seconds)?;
    args.result(&format!("noop.{name}.daemon_cpu_us"), micros)
}
