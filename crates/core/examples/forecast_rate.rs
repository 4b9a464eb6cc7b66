//! Measures how long a year of a thousand jobs takes to foresee.
//!
//! `cargo run --release -p station-core --example forecast_rate`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement reads the clock and prints what it found"
)]

use std::time::{Duration, Instant};

use jiff::tz::TimeZoneDatabase;
use station_core::forecast::{Candidate, Question, forecast};
use station_core::model::{Bounds, ClockRule, CronTrigger, JobId, Micros, Trigger};

/// A thousand jobs as large crontabs have them: most daily or hourly, some every few minutes.
fn jobs(expression: impl Fn(i64) -> String) -> Vec<Candidate> {
    let zones = ["UTC", "Europe/Berlin", "America/New_York"];
    (0..1000_i64)
        .zip(zones.iter().cycle())
        .map(|(number, zone)| Candidate {
            job: JobId(number),
            name: format!("job {number}"),
            lanes: vec![format!("target {}", number % 10)],
            trigger: Trigger::Cron(CronTrigger {
                expression: expression(number),
                seconds: false,
                zone: (*zone).to_owned(),
                clock: ClockRule::default(),
            }),
            bounds: Bounds::default(),
            runs_left: None,
            duration: Duration::from_secs(30),
        })
        .collect()
}

fn main() {
    let from = Micros(1_798_761_600_000_000);
    let to = from.plus(Duration::from_secs(365 * 86_400));
    let question = Question { from, to, most_firings: Question::MOST_FIRINGS, top: 10 };
    let zones = TimeZoneDatabase::bundled();
    let mixed = jobs(|number| match number % 10 {
        0 => format!("*/{} * * * *", 5 + number % 7),
        1..=3 => format!("{} * * * *", number % 60),
        4..=7 => format!("{} {} * * *", number % 60, number % 24),
        8 => format!("{} {} * * mon-fri", number % 60, number % 24),
        _ => format!("{} {} {} * *", number % 60, number % 24, 1 + number % 28),
    });
    let hourly = jobs(|number| format!("{} * * * *", number % 60));
    let minutely = jobs(|_| "* * * * *".to_owned());
    for (name, jobs) in [("mixed", mixed), ("hourly", hourly), ("every minute", minutely)] {
        let started = Instant::now();
        let told = forecast(&jobs, &question, &zones);
        let took = started.elapsed();
        let rate = f64::from(u32::try_from(told.firings).unwrap_or(u32::MAX)) / took.as_secs_f64();
        let whole = told.until == to;
        println!(
            "{name}: {} firings in {took:.2?} ({rate:.0}/s), whole year: {whole}",
            told.firings
        );
    }
}
