//! `station pause` and `station resume`: hold a job's schedule, and let it go on.

use clap::Args;
use station_core::model::JobId;

use super::each::each;
use super::error::CliError;
use super::{Cx, api, shown};

/// Options of `station pause`.
#[derive(Args, Clone, Debug)]
pub struct PauseArgs {
    /// Jobs
    #[arg(value_name = "ID", required = true, value_parser = api::job_id)]
    pub(crate) ids: Vec<JobId>,
}

/// Options of `station resume`.
#[derive(Args, Clone, Debug)]
pub struct ResumeArgs {
    /// Jobs
    #[arg(value_name = "ID", required = true, value_parser = api::job_id)]
    pub(crate) ids: Vec<JobId>,
}

/// Pauses each.
pub(crate) fn pause(args: &PauseArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    each(&args.ids, cx, &mut |id, station| {
        api::post(station, &format!("/api/scheduler/jobs/{id}/pause"), None)?;
        Ok(format!("job {id} paused"))
    })
}

/// Resumes each, and says when it runs next.
pub(crate) fn resume(args: &ResumeArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    each(&args.ids, cx, &mut |id, station| {
        let path = format!("/api/scheduler/jobs/{id}");
        api::post(station, &format!("{path}/resume"), None)?;
        let answer = api::get(station, &path)?;
        let next = api::text(api::part(&answer, "job"), "next_run");
        Ok(if next.is_empty() {
            format!("job {id} resumed; it does not fire any more")
        } else {
            format!("job {id} resumed, next at {}", shown::as_written(next))
        })
    })
}
