//! `station simulate`: an instrument, an outstation, or what the jobs' schedules lead to.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::error::CliError;
use super::simulate_instrument::{self, InstrumentArgs};
use super::simulate_outstation::{self, OutstationArgs};
use super::table::Sheet;
use super::{Cx, api, plain, shown, window};
use crate::client::encode;

/// Options of `station simulate`.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// What is simulated.
    #[command(subcommand)]
    pub what: Simulation,
}

/// What can be simulated.
#[derive(Subcommand, Clone, Debug)]
pub enum Simulation {
    /// When all jobs fire: the busiest minutes, who collides with whom, what clock changes do
    ///
    /// Nothing is run. Paused jobs and jitter are left out. Two firings on one target, or with one
    /// conflict key, collide when the second comes within the first one's average duration, or in
    /// the same minute.
    Schedule(ScheduleArgs),
    /// A lab instrument: a power supply, multimeter, oscilloscope, load or function generator
    ///
    /// Prints the resource strings it is reached by, one a line, and serves until it is interrupted.
    Instrument(InstrumentArgs),
    /// An outstation that is spoken to over IEC 60870-5-104: a small substation, or points of yours
    ///
    /// Prints where it listens, then each command that it carries out, until it is interrupted. It
    /// answers interrogations of the station and of groups, of counters, reads, the clock, tests and
    /// resets, and commands: direct, after a selection, cancelled. Of several connections one is
    /// started; who starts another takes over from it.
    Outstation(OutstationArgs),
}

/// Options of `station simulate schedule`.
#[derive(Args, Clone, Debug)]
pub struct ScheduleArgs {
    /// From this time on, such as 2027-03-01 or `next monday` [default: now]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Up to this time; a date alone counts whole [default: a year after --from]
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// How many of the busiest minutes, jobs and pairs are shown
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub top: u16,
    /// Print JSON, with all jobs
    #[arg(long)]
    pub json: bool,
}

/// Simulates.
pub(crate) fn run(args: &SimulateArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.what {
        Simulation::Schedule(args) => schedule(args, cx),
        Simulation::Instrument(args) => simulate_instrument::run(args, cx),
        Simulation::Outstation(args) => simulate_outstation::run(args, cx),
    }
}

fn schedule(args: &ScheduleArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let zone = cx.world.local_zone();
    let mut query = format!("/api/scheduler/simulate?top={}", args.top);
    let now = Timestamp::now();
    let from = args.from.as_ref().map(|text| window::moment(text, &zone, now));
    let to = args.to.as_ref().map(|text| window::last_moment(text, &zone, now));
    for (name, instant) in [("from", from), ("to", to)] {
        if let Some(instant) = instant {
            query.push_str(&format!("&{name}={}", encode(&instant?.to_string())));
        }
    }
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &query)?;
    let told = api::part(&answer, "simulation");
    if args.json {
        return cx.world.screen.json(told);
    }
    let top = usize::from(args.top);
    let report = Report { told, zone, top };
    for text in [report.summary(), report.load(), report.busiest(), report.shared()] {
        cx.world.screen.print(&text)?;
    }
    cx.world.screen.print(&report.clock_changes())?;
    cx.world.screen.print(&report.jobs())?;
    cx.world.screen.flush()?;
    for fault in api::list(told, "unforeseen") {
        let (job, why) = (plain(api::text(fault, "job_id")), plain(api::text(fault, "reason")));
        cx.world.screen.note(&format!("job {job} cannot be foreseen: {why}"));
    }
    if told.get("complete").and_then(Value::as_bool) == Some(false) {
        let until = report.time(api::text(told, "until"));
        cx.world.screen.note(&format!(
            "there are too many firings to look further than {until}; bring --from and --to nearer \
             together"
        ));
    }
    Ok(())
}

struct Report<'a> {
    told: &'a Value,
    zone: TimeZone,
    top: usize,
}

impl Report<'_> {
    fn time(&self, text: &str) -> String {
        shown::cell(text, &self.zone)
    }

    fn summary(&self) -> String {
        let number = |key: &str| api::number(self.told, key).unwrap_or_default();
        let time = |key: &str| self.time(api::text(self.told, key));
        let jobs = api::list(self.told, "jobs").len();
        let mut text = format!(
            "From {} to {}: {} of {}",
            time("from"),
            time("until"),
            count(number("firings"), "firing"),
            count(u64::try_from(jobs).unwrap_or(u64::MAX), "job"),
        );
        if number("paused_jobs") > 0 {
            text.push_str(&format!(" ({} paused)", number("paused_jobs")));
        }
        text.push_str(".\n");
        text
    }

    /// How many minutes have how many firings, in ranges that double.
    fn load(&self) -> String {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for entry in api::list(self.told, "load") {
            let firings = api::number(entry, "firings").unwrap_or_default();
            let minutes = api::number(entry, "minutes").unwrap_or_default();
            let from = firings.checked_ilog2().map_or(0, |power| 1_u64 << power);
            match ranges.last_mut() {
                Some((last, sum)) if *last == from => *sum += minutes,
                Some(_) | None => ranges.push((from, minutes)),
            }
        }
        let mut sheet = Sheet::new(&["Firings a minute", "Minutes"], false);
        for (from, minutes) in ranges {
            let range = match from {
                0 | 1 => from.to_string(),
                _ => format!("{from} to {}", from.saturating_mul(2) - 1),
            };
            sheet.row(vec![range, minutes.to_string()]);
        }
        format!("\nLoad\n{}", sheet.render())
    }

    fn busiest(&self) -> String {
        let minutes = api::list(self.told, "busiest_minutes");
        if minutes.is_empty() {
            return String::new();
        }
        let mut sheet = Sheet::new(&["Busiest minute", "Firings"], false);
        for entry in minutes {
            let firings = api::number(entry, "firings").unwrap_or_default();
            sheet.row(vec![self.time(api::text(entry, "minute")), firings.to_string()]);
        }
        format!("\n{}", sheet.render())
    }

    fn shared(&self) -> String {
        let mut text = String::from("\nCollisions\n");
        let lanes = api::list(self.told, "shared");
        for lane in lanes {
            let name = plain(api::text(lane, "name"));
            let number = |key: &str| api::number(lane, key).unwrap_or_default();
            let collisions = number("collisions");
            text.push_str(&format!(
                "  {name}: {}, {}, {}",
                count(number("jobs"), "job"),
                count(number("firings"), "firing"),
                count(collisions, "collision"),
            ));
            if collisions > 0 {
                let first = self.time(api::text(lane, "first_collision"));
                text.push_str(&format!(", the first at {first}"));
            }
            text.push('\n');
            for pair in api::list(lane, "pairs") {
                let (job, with) =
                    (plain(api::text(pair, "job_id")), plain(api::text(pair, "with")));
                let times = count(api::number(pair, "times").unwrap_or_default(), "time");
                text.push_str(&if job == with {
                    format!("    job {job} is not done when it fires again: {times}\n")
                } else {
                    format!("    job {with} fires within a minute or run of job {job}: {times}\n")
                });
            }
        }
        if lanes.is_empty() {
            text.push_str("  none: there is no job\n");
        }
        text
    }

    fn clock_changes(&self) -> String {
        let changes = api::list(self.told, "clock_changes");
        if changes.is_empty() {
            return String::new();
        }
        let mut text = String::from("\nClock changes\n");
        for change in changes {
            text.push_str(&format!(
                "  {} {} ({} to {}): {}\n",
                self.time(api::text(change, "at")),
                plain(api::text(change, "timezone")),
                plain(api::text(change, "offset_before")),
                plain(api::text(change, "offset_after")),
                effect(change),
            ));
            let jobs = api::list(change, "jobs");
            for job in jobs.iter().take(self.top) {
                let (id, name) = (plain(api::text(job, "job_id")), plain(api::text(job, "name")));
                text.push_str(&format!("    job {id} ({name}): {}\n", effect(job)));
            }
            if jobs.len() > self.top {
                text.push_str(&format!("    and {} more\n", jobs.len() - self.top));
            }
        }
        text
    }

    fn jobs(&self) -> String {
        let mut jobs: Vec<&Value> = api::list(self.told, "jobs").iter().collect();
        if jobs.is_empty() {
            return String::new();
        }
        let firings = |job: &Value| api::number(job, "firings").unwrap_or_default();
        // A stable sort: equals stay in the order of their numbers.
        jobs.sort_by_key(|job| std::cmp::Reverse(firings(job)));
        let mut sheet = Sheet::new(&["ID", "Firings", "First", "Last", "Name"], false);
        for job in jobs.iter().take(self.top) {
            sheet.row(vec![
                api::text(job, "job_id").to_owned(),
                firings(job).to_string(),
                self.time(api::text(job, "first")),
                self.time(api::text(job, "last")),
                api::text(job, "name").to_owned(),
            ]);
        }
        let mut text = format!("\n{}", sheet.render());
        if jobs.len() > self.top {
            text.push_str(&format!("and {} more: --json tells all\n", jobs.len() - self.top));
        }
        text
    }
}

/// What a clock change does, in words.
fn effect(change: &Value) -> String {
    let words: Vec<String> = ["skipped", "moved", "doubled"]
        .iter()
        .filter_map(|word| {
            let number = api::number(change, word).filter(|number| *number > 0)?;
            Some(format!("{number} {word}"))
        })
        .collect();
    if words.is_empty() { "no firing is touched".to_owned() } else { words.join(", ") }
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
