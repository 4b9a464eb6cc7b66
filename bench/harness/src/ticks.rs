//! Jobs that recur every second: whether every tick runs, and how late each starts.

use std::time::Duration;

use serde_json::json;

use crate::Result;
use crate::args::Args;
use crate::feeder::read_all;
use crate::stamp;
use crate::station::Station;
use crate::stats::{now_micros, percentile, rfc3339, sleep_until};

const SECOND: i64 = 1_000_000;

pub(crate) fn run(args: &Args) -> Result<()> {
    let jobs: i64 = args.number("jobs", 100)?;
    let seconds: i64 = args.number("seconds", 20)?;
    // Either all are due at the same instants, or each at its own within the second.
    let spread = args.text("spread").is_some();
    // A job that writes down when it was started tells what the station cannot: when the process ran.
    let stamped = args.text("stamped").is_some();
    let station = Station::fresh(args)?;
    let stamps = station.dir.join("stamps");
    let argv = if stamped {
        json!([stamp::program()?, "stamp", stamps.to_str().ok_or("not UTF-8")?])
    } else {
        json!(["/bin/true"])
    };
    let mut http = station.http()?;
    let first = (now_micros() / SECOND + 3) * SECOND;
    for n in 0..jobs {
        let first = first + if spread { n * SECOND / jobs } else { 0 };
        let end = first + (seconds - 1) * SECOND + SECOND / 2;
        let body = json!({
            "name": format!("tick {n}"),
            "schedule_type": "script",
            "trigger_type": "interval",
            "interval_seconds": 1,
            "start_date": rfc3339(first),
            "end_date": rfc3339(end),
            "parameters": {"argv": argv},
        });
        let body = body.to_string();
        let (status, answer) = http.call("POST", "/api/scheduler/jobs/create", body.as_bytes())?;
        if status != 200 {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&answer)).into());
        }
    }
    if now_micros() > first - SECOND / 10 {
        return Err("creating the jobs took too long".into());
    }
    drop(http);
    sleep_until(first + seconds * SECOND + SECOND);
    station.drained(Duration::from_secs(30))?;
    let mut told = read_all(&station)?;
    if stamped {
        let tick = |n: usize| i64::try_from(n).unwrap_or(0) / jobs;
        let mut seen = stamp::late(&stamps, |n| first + tick(n) * SECOND)?;
        args.result(&format!("ticks.seen.{jobs}.p50"), percentile(&mut seen, 0.5))?;
        return args.result(&format!("ticks.seen.{jobs}.p99"), percentile(&mut seen, 0.99));
    }
    let key = format!("ticks{}.{jobs}", if spread { ".spread" } else { "" });
    let ran = told.completed() as f64;
    println!("    {:?}", told.statuses);
    args.result(&format!("{key}.ran_share"), ran / (jobs * seconds) as f64)?;
    args.result(&format!("{key}.p50"), percentile(&mut told.late, 0.5))?;
    args.result(&format!("{key}.p99"), percentile(&mut told.late, 0.99))
}
