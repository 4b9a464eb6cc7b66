//! `station explain`: a schedule in words, with its next firings and clock changes.

use clap::Args;
use serde_json::{Value, json};
use station_core::model::{JobId, Micros};
use station_core::when::print;

use super::error::CliError;
use super::schedule::{self, ScheduleArgs};
use super::{Cx, api, plain, shown};

/// So many firings are shown.
const FIRES: usize = 5;
/// So many clock changes are shown.
const CHANGES: usize = 2;

/// Options of `station explain`.
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// A job, whose own schedule is meant
    #[arg(value_name = "JOB-ID", value_parser = api::job_id, conflicts_with = "cadence")]
    pub(crate) id: Option<JobId>,
    /// The schedule.
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Explains it.
pub(crate) fn run(args: &ExplainArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let plan = match (args.id, args.schedule.cadence.cadence()) {
        (Some(id), _) => of_job(id, args, cx)?,
        (None, Some(cadence)) => {
            let compiled = args.schedule.compile(cadence, cx)?;
            let from = args.schedule.from();
            let fires: Vec<String> = schedule::firings(&compiled, from, FIRES)
                .map(|at| print(at, compiled.zone()))
                .collect();
            json!({
                "description": compiled.describe(),
                "fires": fires,
                "clock_changes": compiled.clock_changes(Micros::from(from), CHANGES),
            })
        }
        (None, None) => {
            let error = CliError::usage("there is nothing to explain");
            return Err(error.hint("name a job, or give a schedule such as --daily 09:00"));
        }
    };
    if args.json {
        return cx.world.screen.json(&plan);
    }
    cx.world.screen.line(&plain(api::text(&plan, "description")))?;
    let texts = |key| api::list(&plan, key).iter().filter_map(Value::as_str);
    let fires: Vec<String> = texts("fires").take(FIRES).map(shown::as_written).collect();
    section("Next:", &fires, "at no time that is known", cx)?;
    let changes: Vec<String> = texts("clock_changes").map(plain).collect();
    section("Clock changes:", &changes, "none to come", cx)
}

fn section(head: &str, lines: &[String], none: &str, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if lines.is_empty() {
        return cx.world.screen.line(&format!("{head} {none}"));
    }
    cx.world.screen.line(head)?;
    for line in lines {
        cx.world.screen.line(&format!("  {line}"))?;
    }
    Ok(())
}

fn of_job(id: JobId, args: &ExplainArgs, cx: &mut Cx<'_>) -> Result<Value, CliError> {
    args.schedule.refuse_for_job()?;
    for (option, given) in
        [("--from", args.schedule.from.is_some()), ("--tz", args.schedule.tz.is_some())]
    {
        if given {
            let text = format!("{option} does not go with a job, which is explained as of now");
            return Err(CliError::usage(text));
        }
    }
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &format!("/api/scheduler/jobs/{id}/explain"))?;
    Ok(json!({
        "job_id": id.to_string(),
        "description": api::part(&answer, "description"),
        "fires": api::list(&answer, "fires"),
        "clock_changes": api::list(&answer, "clock_changes"),
    }))
}
