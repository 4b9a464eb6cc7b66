//! Fifty instruments read every second, each by a job of its own of one daemon.

use std::time::Duration;

use serde_json::json;
use station_instrument::simulate::Model;

use super::registered::{Registered, id};
use crate::Result;
use crate::args::Args;
use crate::feeder::read_all;
use crate::stats::{now_micros, percentile, rfc3339, sleep_until};
use crate::tree::peak_while;

const SECOND: i64 = 1_000_000;

pub(crate) fn run(args: &Args) -> Result<()> {
    let count: usize = args.number("jobs", 50)?;
    let seconds: i64 = args.number("seconds", 60)?;
    let registered = Registered::start(args, (Model::Dmm, "multimeter"), count)?;
    let station = &registered.station;
    let first = (now_micros() / SECOND + 3) * SECOND;
    // All are due at the same instants, the hardest there is.
    for n in 0..count {
        registered.create(&json!({
            "name": format!("reading {}", n + 1),
            "schedule_type": "measurement",
            "equipment_id": id(n),
            "trigger_type": "interval",
            "interval_seconds": 1,
            "start_date": rfc3339(first),
            "end_date": rfc3339(first + (seconds - 1) * SECOND + SECOND / 2),
            "parameters": {"command": "get_voltage"},
        }))?;
    }
    if now_micros() > first - SECOND / 10 {
        return Err("creating the jobs took too long".into());
    }
    sleep_until(first - SECOND / 20);
    let before = station.processor_time()?;
    let (cpu, peak) = peak_while(station.pid(), Duration::from_millis(500), || {
        sleep_until(first + seconds * SECOND - SECOND / 20);
        station.processor_time()
    })?;
    station.drained(Duration::from_secs(30))?;
    let mut told = read_all(station)?;
    println!("    {:?}", told.statuses);
    let wanted = count as f64 * seconds as f64;
    args.result("instruments.polled.missed", wanted - told.completed() as f64)?;
    args.result("instruments.polled.late_p50_ms", percentile(&mut told.late, 0.5))?;
    args.result("instruments.polled.late_p99_ms", percentile(&mut told.late, 0.99))?;
    args.result("instruments.polled.cpu_percent", (cpu - before) / seconds as f64 * 100.0)?;
    args.result("instruments.polled.peak_mb", peak)
}
