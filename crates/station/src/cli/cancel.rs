//! `station cancel`: cancels jobs or ends executions.

use clap::Args;

use super::Cx;
use super::api::{self, Subject};
use super::each::each;
use super::error::CliError;

/// Options of `station cancel`.
#[derive(Args, Clone, Debug)]
pub struct CancelArgs {
    /// Jobs (42) or executions (42.3)
    #[arg(value_name = "ID", required = true, value_parser = api::subject)]
    pub(crate) ids: Vec<Subject>,
}

/// Cancels each.
pub(crate) fn run(args: &CancelArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    each(&args.ids, cx, &mut |id, station| {
        let answer = api::post(station, &format!("{}/cancel", id.path()), None)?;
        let running = api::text(&answer, "execution_id");
        let label = id.label();
        Ok(if running.is_empty() {
            format!("{label} cancelled")
        } else if matches!(id, Subject::Job(_)) {
            format!("{label} is being ended ({})", super::plain(running))
        } else {
            format!("{label} is being ended")
        })
    })
}
