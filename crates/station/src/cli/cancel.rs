//! `station cancel`: cancels jobs or ends executions.

use clap::Args;

use super::Cx;
use super::api::{self, Subject};
use super::error::{CliError, ExitKind};

/// Options of `station cancel`.
#[derive(Args, Clone, Debug)]
pub struct CancelArgs {
    /// Jobs (42) or executions (42.3)
    #[arg(value_name = "ID", required = true, value_parser = api::subject)]
    pub(crate) ids: Vec<Subject>,
}

/// Cancels each, says so for each, and goes on with the others when one is refused.
///
/// The exit status is that of the first refusal.
pub(crate) fn run(args: &CancelArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let mut first = None;
    for id in &args.ids {
        match api::post(&mut station, &format!("{}/cancel", id.path()), None) {
            Ok(answer) => {
                let running = api::text(&answer, "execution_id");
                let label = id.label();
                cx.world.screen.line(&if running.is_empty() {
                    format!("{label} cancelled")
                } else if matches!(id, Subject::Job(_)) {
                    format!("{label} is being ended ({})", super::plain(running))
                } else {
                    format!("{label} is being ended")
                })?;
            }
            Err(error) if matches!(error.kind, ExitKind::NotFound | ExitKind::Refused) => {
                cx.world.screen.flush()?;
                cx.world.screen.err_bytes(error.render("station").as_bytes());
                first.get_or_insert(error.kind);
            }
            Err(error) => return Err(error),
        }
    }
    first.map_or(Ok(()), |kind| Err(CliError::silent(kind)))
}
