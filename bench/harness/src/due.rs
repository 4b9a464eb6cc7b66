//! Many jobs due at one instant: how late each starts, and whether any is dropped.

use std::time::Duration;

use crate::Result;
use crate::args::Args;
use crate::body::Work;
use crate::feeder::{collect, feed, soon};
use crate::stamp;
use crate::station::Station;
use crate::stats::percentile;

pub(crate) fn run(args: &Args) -> Result<()> {
    let jobs = args.number("jobs", 1000)?;
    let key = format!("due.{jobs}");
    let stamped = args.text("stamped").is_some();
    let station = Station::fresh(args)?;
    let stamps = station.dir.join("stamps");
    let work = if stamped {
        Work::program(&[&stamp::program()?, "stamp", stamps.to_str().ok_or("not UTF-8")?])
    } else {
        Work::program(&["/bin/true"])
    };
    let due = soon(jobs);
    feed(&station, &work, jobs, due, 0)?;
    let mut told = collect(&station, due, Duration::from_secs(60))?;
    if stamped {
        let mut seen = stamp::late(&stamps, |_| due)?;
        args.result(&format!("{key}.seen.p50"), percentile(&mut seen, 0.5))?;
        args.result(&format!("{key}.seen.p99"), percentile(&mut seen, 0.99))?;
    } else {
        args.result(&format!("{key}.p50"), percentile(&mut told.late, 0.5))?;
        args.result(&format!("{key}.p99"), percentile(&mut told.late, 0.99))?;
        args.result(&format!("{key}.all_done_ms"), (told.end - due) as f64 / 1000.0)?;
    }
    println!("    {:?}", told.statuses);
    args.result(&format!("{key}.dropped"), jobs as f64 - told.completed() as f64)
}
