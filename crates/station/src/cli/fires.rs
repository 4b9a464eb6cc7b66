//! `station fires`: when a schedule fires, one instant a line.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use station_core::model::JobId;
use station_core::when::print;

use super::error::{CliError, ExitKind};
use super::schedule::{self, ScheduleArgs};
use super::{Cx, api, shown, zone};

/// The most firings asked for at a time.
const MOST: u32 = 100_000;
/// The most firings of a job that the station is asked for.
const MOST_OF_JOB: u32 = 1000;

/// Options of `station fires`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Nothing is stored, and no station is needed unless a job is named.

Examples:
  station fires --cron '0 9 * * mon-fri' --tz Europe/Berlin -n 3
  station fires --weekly 'fri 17:30' --from 2027-01-01T00:00:00Z --exclude holidays.ics
  station fires 42")]
pub struct FiresArgs {
    /// A job, whose own schedule is meant
    #[arg(value_name = "JOB-ID", value_parser = api::job_id, conflicts_with = "cadence")]
    pub(crate) id: Option<JobId>,
    /// The schedule.
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// So many
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    pub n: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints them.
pub(crate) fn run(args: &FiresArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if let Some(id) = args.id {
        args.schedule.refuse_for_job()?;
        let fires = of_job(id, args, cx)?;
        return show(&fires, args.json, cx);
    }
    let Some(cadence) = args.schedule.cadence.cadence() else {
        let error = CliError::usage("there is no schedule whose firings could be told");
        return Err(error.hint("name a job, or give a schedule such as --daily 09:00"));
    };
    let compiled = args.schedule.compile(cadence, cx)?;
    let count = usize::try_from(args.n).unwrap_or(usize::MAX);
    let fires = schedule::firings(&compiled, args.schedule.from(), count)
        .map(|at| print(at, compiled.zone()))
        .collect::<Vec<_>>();
    show(&fires, args.json, cx)
}

fn of_job(id: JobId, args: &FiresArgs, cx: &mut Cx<'_>) -> Result<Vec<String>, CliError> {
    if args.n > MOST_OF_JOB {
        return Err(CliError::usage(format!(
            "-n: at most {MOST_OF_JOB} firings of a job are told"
        )));
    }
    let tz = args.schedule.tz.as_deref().map(zone::named).transpose()?;
    let mut path = format!("/api/scheduler/jobs/{id}/fires?n={}", args.n);
    if let Some(from) = args.schedule.from {
        path.push_str(&format!("&from={}", crate::client::encode(&from.to_string())));
    }
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &path)?;
    let fires = api::list(&answer, "fires").iter().filter_map(Value::as_str);
    match tz {
        None => Ok(fires.map(shown::rfc3339).collect()),
        Some(zone) => fires
            .map(|text| match text.parse::<Timestamp>() {
                Ok(at) => Ok(print(at, &zone)),
                Err(_) => {
                    let message = format!("the station tells a time that is none: {text}");
                    Err(CliError::new(ExitKind::Station, super::plain(&message)))
                }
            })
            .collect(),
    }
}

/// Prints firings, one a line.
pub(crate) fn show(fires: &[String], as_json: bool, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if as_json {
        return cx.world.screen.json(&json!({"count": fires.len(), "fires": fires}));
    }
    if fires.is_empty() {
        cx.world.screen.note("it does not fire any more");
    }
    for fire in fires {
        cx.world.screen.line(fire)?;
    }
    Ok(())
}
