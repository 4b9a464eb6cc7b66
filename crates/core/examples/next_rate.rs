//! Measures how many firings a second `Schedule::next` finds, over typical expressions and zones,
//! and the slowest single call over awkward ones.
//!
//! `cargo run --release -p station-core --example next_rate`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a measurement reads the clock and prints what it found"
)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::tz::TimeZoneDatabase;
use station_core::model::{
    Bounds, ClockRule, CronTrigger, Exclusion, GapRule, Micros, OverlapRule, Trigger,
};
use station_core::trigger::Schedule;

static ZONE_DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

const TYPICAL: [&str; 20] = [
    "* * * * *",
    "*/5 * * * *",
    "*/15 * * * *",
    "0 * * * *",
    "30 */2 * * *",
    "0 */6 * * *",
    "0 0 * * *",
    "30 2 * * *",
    "0 9 * * 1-5",
    "0 9,17 * * MON-FRI",
    "*/20 9-17 * * 1-5",
    "15 3 * * 6,0",
    "0 0 1 * *",
    "0 0 1,15 * *",
    "0 0 L * *",
    "0 12 15W * *",
    "30 8 * * 1#1",
    "0 22 * * 5L",
    "0 0 1 */3 *",
    "@yearly",
];
const ZONES: [&str; 3] = ["UTC", "Europe/Berlin", "America/New_York"];
const AWKWARD: [&str; 7] = [
    "0 0 29 2 1",
    "0 0 29 2 */2",
    "0 0 */29 2 1",
    "0 0 */31 12 0",
    "0 0 29W 2 *",
    "59 23 31 12 *",
    "30 2 29 3 *",
];

fn compile(expression: &str, zone: &str, clock: ClockRule, exclude: Vec<Exclusion>) -> Schedule {
    let cron =
        CronTrigger { expression: expression.into(), seconds: false, zone: zone.into(), clock };
    let bounds = Bounds { exclude, ..Bounds::default() };
    Schedule::compile(&Trigger::Cron(cron), &bounds, &ZONE_DATABASE).unwrap()
}

fn main() {
    let start: jiff::Timestamp = "2026-11-20T12:34:56Z".parse().unwrap();
    let (mut count, mut spent) = (0_u64, Duration::ZERO);
    for zone in ZONES {
        for expression in TYPICAL {
            let schedule = compile(expression, zone, ClockRule::default(), Vec::new());
            let (mut at, mut fires) = (Micros::from(start), 0_u64);
            let since = Instant::now();
            while fires < 50_000 {
                at = schedule.next(at).unwrap_or(start.into());
                fires += 1;
            }
            let took = since.elapsed();
            println!("{:>6} ns  {expression:20} {zone}", took.as_nanos() as u64 / fires);
            count += fires;
            spent += took;
        }
    }
    println!("{:.2} million next() a second", count as f64 / spent.as_secs_f64() / 1e6);

    let since = Instant::now();
    for _ in 0..100 {
        for expression in TYPICAL {
            compile(expression, "Europe/Berlin", ClockRule::default(), Vec::new());
        }
    }
    println!("{:.1} us to compile one", since.elapsed().as_secs_f64() * 1e6 / 2000.0);

    let mut slowest = (Duration::ZERO, String::new());
    let rules = [
        ClockRule::default(),
        ClockRule { gap: Some(GapRule::Skip), overlap: Some(OverlapRule::Second) },
    ];
    let days: Vec<Exclusion> = (0..5000)
        .map(|n| {
            let day = jiff::civil::date(2020, 1, 1).checked_add(jiff::Span::new().days(n)).unwrap();
            Exclusion { from: day.at(8, 0, 0, 0), to: day.at(20, 0, 0, 0) }
        })
        .collect();
    for zone in ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "AAA0BBB,J88/2,J300/2"] {
        for expression in AWKWARD.iter().chain(&TYPICAL) {
            for (rule, days) in [(rules[0], &days), (rules[1], &Vec::new())] {
                let schedule = compile(expression, zone, rule, days.clone());
                let mut at = Micros(-377_000_000_000_000_000);
                for step in 0..3000 {
                    let since = Instant::now();
                    let next = schedule.next(at);
                    let took = since.elapsed();
                    if took > slowest.0 {
                        slowest = (took, format!("{expression} {zone} after {at}"));
                    }
                    let Some(next) = next else { break };
                    at = Micros(next.0 + (step % 7) * 4_000_000_000_000_000);
                }
            }
        }
    }
    println!("slowest call: {:?} ({})", slowest.0, slowest.1);
}
