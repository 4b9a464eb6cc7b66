//! `station list`: the jobs, as a table or as JSON.

use clap::Args;
use serde_json::{Value, json};
use station_core::model::ExecutionStatus;

use super::error::CliError;
use super::job::LOCAL;
use super::table::{Sheet, command_cell};
use super::{Cx, api, plan, shown};
use crate::client::{Station, encode};

/// The most jobs asked for at a time with `--all`.
const PAGE: u32 = 1000;

/// The status of jobs that do not fire until they are resumed.
const PAUSED: &str = "paused";

/// Options of `station list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only jobs with this status, or one of these: pending, running, completed, failed,
    /// cancelled, skipped, missed, interrupted; or paused, which goes by itself
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = status_or_paused)]
    pub status: Vec<&'static str>,
    /// No more than this many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// All of them, however many
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads a status. Serves as a clap value parser.
pub(crate) fn status(text: &str) -> Result<&'static str, String> {
    ExecutionStatus::from_name(text).map(ExecutionStatus::name).ok_or_else(|| {
        let names: Vec<_> = ExecutionStatus::ALL.iter().map(|status| status.name()).collect();
        format!("a status is one of {}", names.join(", "))
    })
}

/// Reads what a list is narrowed to. Serves as a clap value parser.
fn status_or_paused(text: &str) -> Result<&'static str, String> {
    if text == PAUSED { Ok(PAUSED) } else { status(text).map_err(|e| format!("{e}, {PAUSED}")) }
}

/// Lists the jobs.
pub(crate) fn run(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let paused = args.status.contains(&PAUSED);
    if paused && args.status.iter().any(|status| *status != PAUSED) {
        return Err(CliError::usage("--status: paused goes by itself, not with other statuses"));
    }
    let mut station = cx.connect()?;
    let limit = if args.all { PAGE } else { args.limit };
    let mut query = format!("/api/scheduler/jobs?limit={limit}");
    if paused {
        query.push_str("&enabled=false");
    } else if !args.status.is_empty() {
        query.push_str(&format!("&status={}", encode(&args.status.join(","))));
    }
    if args.json {
        print_json(&query, args.all, &mut station, cx)
    } else {
        print_table(&query, args.all, &mut station, cx)
    }
}

/// Prints `{"jobs":[…],"count":N,"next_cursor":…}`, page after page, so that any number fits.
fn print_json(
    query: &str,
    all: bool,
    station: &mut Station,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let mut count: usize = 0;
    // Nothing is printed before the first page is here: a refusal leaves no half document.
    let cursor = pages(query, all, station, &mut |jobs| {
        for job in jobs {
            cx.world.screen.print(if count == 0 { OPENING } else { "," })?;
            cx.world.screen.print(&job.to_string())?;
            count += 1;
        }
        Ok(())
    })?;
    let opening = if count == 0 { OPENING } else { "" };
    cx.world.screen.line(&format!(r#"{opening}],"count":{count},"next_cursor":{cursor}}}"#))
}

const OPENING: &str = r#"{"jobs":["#;

fn print_table(
    query: &str,
    all: bool,
    station: &mut Station,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let zone = cx.world.local_zone();
    let mut rows = Vec::new();
    let (mut recurs, mut elsewhere) = (false, false);
    let cursor = pages(query, all, station, &mut |jobs| {
        for job in jobs {
            let schedule = plan::schedule(job);
            let at = if schedule.is_empty() { "planned_time" } else { "next_run" };
            recurs |= !schedule.is_empty();
            let target = api::text(job, "target");
            elsewhere |= !matches!(target, "" | LOCAL);
            rows.push([
                api::text(job, "job_id").to_owned(),
                plan::status(job),
                shown::cell(api::text(job, at), &zone),
                command_cell(what(job)),
                api::number(job, "retry_count").unwrap_or_default().to_string(),
                schedule,
                target.to_owned(),
            ]);
        }
        Ok(())
    })?;
    let count = rows.len();
    if count == 0 {
        return cx.world.screen.line("No jobs found.");
    }
    // The at-station's columns; more when there is anything to say in them.
    let columns = ["ID", "Status", "Execute At", "Command", "Retries", "Schedule", "Target"];
    let shows = [true, true, true, true, true, recurs, elsewhere];
    let shown_columns: Vec<&str> =
        columns.into_iter().zip(shows).filter_map(|(name, shown)| shown.then_some(name)).collect();
    let mut sheet = Sheet::new(&shown_columns, cx.world.screen.colour);
    for row in rows {
        let cells = row.into_iter().zip(shows);
        sheet.row(cells.filter_map(|(cell, shown)| shown.then_some(cell)).collect());
    }
    cx.world.screen.print(&sheet.render())?;
    if !cursor.is_null() {
        cx.world.screen.flush()?;
        cx.world.screen.note(&format!("these are the first {count}: --all lists every job"));
    }
    Ok(())
}

/// What a job runs; the scripts of at(1) are all run by the same shell, their names tell more.
fn what(job: &Value) -> &str {
    match api::text(job, "command") {
        "/bin/sh" => api::text(job, "name"),
        command => command,
    }
}

/// Hands over each page's jobs; answers the cursor that is left.
fn pages(
    query: &str,
    all: bool,
    station: &mut Station,
    on_jobs: &mut dyn FnMut(&[Value]) -> Result<(), CliError>,
) -> Result<Value, CliError> {
    let mut page = api::get(station, query)?;
    loop {
        on_jobs(api::list(&page, "jobs"))?;
        let cursor = api::part(&page, "next_cursor").clone();
        match cursor.as_str() {
            Some(next) if all => {
                page = api::get(station, &format!("{query}&cursor={}", encode(next)))?;
            }
            Some(_) => return Ok(cursor),
            None => return Ok(json!(null)),
        }
    }
}
