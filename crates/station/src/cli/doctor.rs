//! `station doctor`: checks what the station needs and says what to do.

use clap::Args;

use super::Cx;
use super::error::{CliError, ExitKind};

/// Options of `station doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Checks.
pub(crate) fn run(args: &DoctorArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let data_dir = cx.data_dir()?;
    let healthy = (cx.externals.doctor)(&data_dir, args.json, &mut *cx.world.screen.out)?;
    if healthy { Ok(()) } else { Err(CliError::silent(ExitKind::Station)) }
}
