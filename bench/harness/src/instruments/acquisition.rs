//! A thousand samples a second for a minute, through a job of a daemon.

use std::time::Duration;

use serde_json::json;
use station_instrument::simulate::Model;

use super::registered::{Registered, id, number};
use crate::Result;
use crate::args::Args;
use crate::tree::peak_while;

const RATE: u32 = 1000;

pub(crate) fn run(args: &Args) -> Result<()> {
    let seconds: u32 = args.number("seconds", 60)?;
    let registered = Registered::start(args, (Model::Dmm, "multimeter"), 1)?;
    let (station, span) = (&registered.station, Duration::from_secs(seconds.into()));
    let before = station.processor_time()?;
    registered.create(&json!({
        "name": "samples",
        "schedule_type": "acquisition",
        "equipment_id": id(0),
        "trigger_type": "date",
        "when": "now",
        "parameters": {"duration": seconds, "sample_rate": RATE, "format": "csv"},
    }))?;
    let (cpu, peak) = peak_while(station.pid(), Duration::from_millis(500), || {
        // Not to disturb what is measured, the first look is when it should be over.
        std::thread::sleep(span);
        let cpu = station.processor_time()? - before;
        station.drained(Duration::from_secs(30))?;
        Ok(cpu)
    })?;
    let result = &registered.only_execution()?["result"];
    let (samples, lost) = (number(result, "samples")?, number(result, "lost")?);
    args.result("instruments.acquisition.samples", samples)?;
    args.result("instruments.acquisition.lost", lost)?;
    // What is neither there nor told of as lost would be worse than lost.
    let wanted = f64::from(RATE) * f64::from(seconds);
    args.result("instruments.acquisition.missing", wanted - samples - lost)?;
    args.result("instruments.acquisition.rate", number(result, "achieved_rate")?)?;
    args.result("instruments.acquisition.cpu_percent", cpu / f64::from(seconds) * 100.0)?;
    args.result("instruments.acquisition.peak_mb", peak)
}
