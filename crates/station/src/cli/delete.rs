//! `station delete`: removes jobs, and their executions if asked to.

use clap::Args;
use station_core::model::JobId;

use super::each::each;
use super::error::CliError;
use super::{Cx, api};

/// Options of `station delete`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A job that runs is refused: cancel it first. `station cancel` ends a job's plan and keeps the job.")]
pub struct DeleteArgs {
    /// Jobs
    #[arg(value_name = "ID", required = true, value_parser = api::job_id)]
    pub(crate) ids: Vec<JobId>,
    /// Delete its executions and their output too, instead of keeping them until they expire
    #[arg(long)]
    pub history: bool,
}

/// Deletes each.
pub(crate) fn run(args: &DeleteArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let query = if args.history { "?history=delete" } else { "" };
    each(&args.ids, cx, &mut |id, station| {
        api::delete(station, &format!("/api/scheduler/jobs/{id}{query}"))?;
        let also = if args.history { " with its history" } else { "" };
        Ok(format!("job {id} deleted{also}"))
    })
}
