//! `station history`: executions, newest first.

use clap::Args;
use serde_json::json;
use station_core::model::JobId;

use super::error::CliError;
use super::{Cx, api, show};

/// Options of `station history`.
#[derive(Args, Clone, Debug)]
pub struct HistoryArgs {
    /// Only this job's
    #[arg(value_name = "ID", value_parser = api::job_id)]
    pub(crate) id: Option<JobId>,
    /// No more than this many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists them.
pub(crate) fn run(args: &HistoryArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let mut path = format!("/api/scheduler/executions?limit={}", args.limit);
    if let Some(id) = args.id {
        // An unknown job is an error, one without executions is not.
        api::get(&mut station, &format!("/api/scheduler/jobs/{id}"))?;
        path.push_str(&format!("&job_id={id}"));
    }
    let answer = api::get(&mut station, &path)?;
    let executions = api::list(&answer, "executions");
    if args.json {
        let document = json!({
            "count": executions.len(),
            "executions": executions,
            "next_cursor": api::part(&answer, "next_cursor"),
        });
        return cx.world.screen.json(&document);
    }
    if executions.is_empty() {
        return cx.world.screen.line("No executions found.");
    }
    let zone = cx.world.local_zone();
    let sheet = show::sheet(executions, &zone, cx.world.screen.colour);
    cx.world.screen.print(&sheet)
}
