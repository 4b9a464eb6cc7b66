//! `station history`: executions, newest first; and their removal.

use clap::{Args, Subcommand};
use serde_json::json;
use station_core::model::JobId;

use super::error::CliError;
use super::{Cx, api, list, sheet};
use crate::client::encode;

/// Options of `station history`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HistoryArgs {
    /// Only this job's
    #[arg(value_name = "ID", value_parser = api::job_id)]
    pub(crate) id: Option<JobId>,
    /// Only executions with this status, or one of these: pending, running, completed, failed,
    /// cancelled, skipped, missed, interrupted
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = list::status)]
    pub status: Vec<&'static str>,
    /// No more than this many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Something else with them.
    #[command(subcommand)]
    pub command: Option<HistoryCommand>,
}

/// What can be done with executions.
#[derive(Clone, Debug, Subcommand)]
pub enum HistoryCommand {
    /// Delete executions that ended long ago, with their output
    Prune(PruneArgs),
}

/// Options of `station history prune`.
#[derive(Args, Clone, Debug)]
pub struct PruneArgs {
    /// Those that ended more than this many days ago
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub days: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists or prunes them.
pub(crate) fn run(args: &HistoryArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        Some(HistoryCommand::Prune(args)) => prune(args, cx),
        None => show(args, cx),
    }
}

fn show(args: &HistoryArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let mut path = format!("/api/scheduler/executions?limit={}", args.limit);
    if let Some(id) = args.id {
        // An unknown job is an error, one without executions is not.
        api::get(&mut station, &format!("/api/scheduler/jobs/{id}"))?;
        path.push_str(&format!("&job_id={id}"));
    }
    if !args.status.is_empty() {
        path.push_str(&format!("&status={}", encode(&args.status.join(","))));
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
    let sheet = sheet::executions(executions, &zone, cx.world.screen.colour);
    cx.world.screen.print(&sheet)
}

fn prune(args: &PruneArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let body = json!({ "days": args.days });
    let answer = api::post(&mut station, "/api/scheduler/history/prune", Some(&body))?;
    let deleted = api::number(&answer, "deleted").unwrap_or_default();
    if args.json {
        return cx.world.screen.json(&json!({ "deleted": deleted }));
    }
    let noun = if deleted == 1 { "execution" } else { "executions" };
    cx.world.screen.line(&format!("{deleted} {noun} deleted"))
}
