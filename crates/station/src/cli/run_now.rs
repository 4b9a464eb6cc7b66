//! `station run-now`: runs a job now, besides its plan.

use clap::Args;
use serde_json::json;
use station_core::model::JobId;

use super::error::CliError;
use super::follow::{self, OnInterrupt, Watched};
use super::plain;
use super::{Cx, api, at};
use crate::client::{Station, encode};

/// Options of `station run-now`.
#[derive(Args, Clone, Debug)]
pub struct RunNowArgs {
    /// The job
    #[arg(value_name = "ID", value_parser = api::job_id)]
    pub(crate) id: JobId,
    /// Wait for its end and print its lines meanwhile
    #[arg(long)]
    pub wait: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Triggers it.
pub(crate) fn run(args: &RunNowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, &format!("/api/scheduler/jobs/{}/run", args.id), None)?;
    let execution = api::text(&answer, "execution_id");
    if args.json {
        let id = args.id.to_string();
        cx.world.screen.json(&json!({"job_id": id, "execution_id": execution}))?;
    } else if !args.wait {
        cx.world.screen.line(&format!("job {} runs as {}", args.id, plain(execution)))?;
    }
    cx.world.screen.flush()?;
    if args.wait {
        let watched = Watched {
            job_id: args.id.to_string(),
            label: format!("execution {}", plain(execution)),
            path: format!("/api/scheduler/executions/{}", encode(execution)),
        };
        return follow::wait(cx, station, &watched, OnInterrupt::LeaveToDaemon, args.json);
    }
    if matches!(station, Station::InProcess(_)) {
        at::no_daemon(cx);
    }
    Ok(())
}
