//! A sequence of a thousand steps on a tick of 16 ms through a daemon, and how late a thread is that
//! only sleeps to the same deadlines.

use std::process::{Command, Stdio};

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};
use serde_json::Value;
use station_instrument::simulate::Model;

use super::registered::{Registered, id, number};
use crate::Result;
use crate::args::Args;
use crate::stats::percentile;

const TICK: i64 = 16_000_000;

pub(crate) fn run(args: &Args) -> Result<()> {
    let steps: i64 = args.number("steps", 1000)?;
    let mut late = sleep_only(steps)?;
    tell(args, "bare", [0.5, 0.99, 1.0].map(|part| percentile(&mut late, part)))?;
    let registered = Registered::start(args, (Model::Psu, "power_supply"), 1)?;
    let file = registered.station.dir.join("bench.toml");
    std::fs::write(&file, sequence(steps))?;
    let output = Command::new(args.path("station")?)
        .arg("--data-dir")
        .arg(&registered.station.dir)
        .args(["sequence", "run", "--json"])
        .arg(&file)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("station sequence run: {}", output.status).into());
    }
    let told = String::from_utf8(output.stdout)?;
    let end: Value = serde_json::from_str(told.lines().last().ok_or("it told nothing")?)?;
    let result = &end["execution"]["result"];
    if number(result, "steps")? != steps as f64 {
        return Err(format!("it did {} of {steps} steps", result["steps"]).into());
    }
    let jitter = &result["jitter"];
    let micros = |name| number(jitter, name).map(|micros| micros / 1000.0);
    tell(args, "station", [micros("p50_us")?, micros("p99_us")?, micros("max_us")?])?;
    drift(args, &result["readings"])
}

/// Sets a voltage at every other tick and reads it back at those between.
fn sequence(steps: i64) -> String {
    let (id, count) = (id(0), steps / 2);
    format!(
        "tick_ms = 16\n[[step]]\nat = 0\nloop = {{ count = {count}, every = \"32ms\", steps = [\
         {{ at = 0, equipment = \"{id}\", verb = \"set_voltage\", parameters = {{ voltage = 5 }} }}, \
         {{ at = \"16ms\", equipment = \"{id}\", verb = \"get_voltage\" }}] }}\n"
    )
}

/// How much later the last steps were than the first, by the times of the readings: each is at every
/// second tick, from the first on.
fn drift(args: &Args, readings: &Value) -> Result<()> {
    let readings = readings.as_array().ok_or("there are no readings")?;
    let late: Result<Vec<f64>> = readings
        .iter()
        .enumerate()
        .map(|(n, reading)| {
            let due = (2 * n + 1) as f64 * TICK as f64 / 1e6;
            Ok(number(reading, "at")? * 1e3 - due)
        })
        .collect();
    let late = late?;
    let (first, last) = (late.get(..50), late.len().checked_sub(50).and_then(|at| late.get(at..)));
    let (Some(first), Some(last)) = (first, last) else {
        return Err("there are too few readings to see a drift".into());
    };
    let median = |some: &[f64]| percentile(&mut some.to_vec(), 0.5);
    args.result("instruments.sequence.drift_ms", (median(last) - median(first)).abs())?;
    let end = late.last().copied().unwrap_or(f64::NAN);
    args.result("instruments.sequence.last_step_ms", end)
}

/// How late a thread wakes that sleeps to deadlines and does nothing else, ms.
fn sleep_only(steps: i64) -> Result<Vec<f64>> {
    let nanos = |time: Timespec| time.tv_sec * 1_000_000_000 + time.tv_nsec;
    let start = nanos(clock_gettime(ClockId::Monotonic)) + TICK;
    let mut late = Vec::new();
    for step in 0..steps {
        let due = start + step * TICK;
        let deadline = Timespec { tv_sec: due / 1_000_000_000, tv_nsec: due % 1_000_000_000 };
        clock_nanosleep_absolute(ClockId::Monotonic, &deadline)?;
        late.push((nanos(clock_gettime(ClockId::Monotonic)) - due) as f64 / 1e6);
    }
    Ok(late)
}

fn tell(args: &Args, who: &str, [half, most, worst]: [f64; 3]) -> Result<()> {
    args.result(&format!("instruments.sequence.{who}.p50_ms"), half)?;
    args.result(&format!("instruments.sequence.{who}.p99_ms"), most)?;
    args.result(&format!("instruments.sequence.{who}.max_ms"), worst)
}
