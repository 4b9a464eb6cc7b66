//! A steady stream: each job due on its own step, a hundred a second.

use std::time::Duration;

use crate::Result;
use crate::args::Args;
use crate::body::Work;
use crate::feeder::{collect, feed, soon};
use crate::stamp;
use crate::station::Station;
use crate::stats::percentile;

pub(crate) fn run(args: &Args) -> Result<()> {
    let rate: i64 = args.number("rate", 100)?;
    let seconds: i64 = args.number("seconds", 20)?;
    let jobs = u64::try_from(rate * seconds)?;
    let step = 1_000_000 / rate.max(1);
    let stamped = args.text("stamped").is_some();
    let station = Station::fresh(args)?;
    let stamps = station.dir.join("stamps");
    let work = if stamped {
        Work::program(&[&stamp::program()?, "stamp", stamps.to_str().ok_or("not UTF-8")?])
    } else {
        Work::program(&["/bin/true"])
    };
    let due = soon(jobs);
    feed(&station, &work, jobs, due, step)?;
    let end = due + seconds * 1_000_000;
    let mut told = collect(&station, end, Duration::from_secs(30))?;
    let (name, mut late) = if stamped {
        let due = |n| due + i64::try_from(n).unwrap_or(0) * step;
        ("steady.seen", stamp::late(&stamps, due)?)
    } else {
        ("steady", std::mem::take(&mut told.late))
    };
    args.result(&format!("{name}.p50"), percentile(&mut late, 0.5))?;
    args.result(&format!("{name}.p99"), percentile(&mut late, 0.99))?;
    args.result(&format!("{name}.dropped"), jobs as f64 - told.completed() as f64)
}
