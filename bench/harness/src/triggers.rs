//! How fast the next firing of a cron expression is found.

use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::tz::TimeZoneDatabase;
use station_core::model::{Bounds, ClockRule, CronTrigger, Micros, Trigger};
use station_core::trigger::Schedule;

use crate::Result;
use crate::args::Args;

const EXPRESSIONS: [&str; 10] = [
    "* * * * *",
    "*/5 * * * *",
    "0 * * * *",
    "0 3 * * *",
    "15 3 * * 1-5",
    "0 9-17 * * 1-5",
    "0 */6 * * *",
    "30 4 1,15 * 5",
    "0 0 1 1 *",
    "0 22 * * mon,wed,fri",
];

pub(crate) fn run(args: &Args) -> Result<()> {
    let zones = TimeZoneDatabase::from_env();
    let (mut sum, mut slowest) = (0.0_f64, f64::INFINITY);
    let mut count = 0_u32;
    for zone in ["UTC", "Europe/Berlin", "America/New_York"] {
        for expression in EXPRESSIONS {
            let trigger = Trigger::Cron(CronTrigger {
                expression: expression.to_owned(),
                seconds: false,
                zone: zone.to_owned(),
                clock: ClockRule::default(),
            });
            let schedule = Schedule::compile(&trigger, &Bounds::default(), &zones)?;
            let rate = rate(&schedule);
            slowest = slowest.min(rate);
            // Of rates the harmonic mean is the one that counts.
            sum += 1.0 / rate;
            count += 1;
        }
    }
    args.result("triggers.next_per_s", f64::from(count) / sum)?;
    args.result("triggers.slowest_per_s", slowest)
}

/// Firing after firing from 2026 on, for a while.
fn rate(schedule: &Schedule) -> f64 {
    let start = Micros(1_767_225_600_000_000);
    let (begun, mut at, mut calls) = (Instant::now(), start, 0_u32);
    while begun.elapsed() < Duration::from_millis(100) {
        for _ in 0..1000 {
            at = schedule.next(black_box(at)).unwrap_or(start);
        }
        calls += 1000;
    }
    f64::from(calls) / begun.elapsed().as_secs_f64()
}
