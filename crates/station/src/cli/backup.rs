//! `station backup`: writes a consistent copy of the store.

use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use super::{Cx, plain, shown};

/// Options of `station backup`.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// The file to write
    pub file: PathBuf,
}

/// Writes it.
pub(crate) fn run(args: &BackupArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let data_dir = cx.data_dir()?;
    let size = (cx.externals.backup)(&data_dir, &args.file)?;
    let file = plain(&args.file.display().to_string());
    cx.world.screen.line(&format!("{} written to {file}", shown::size(size)))
}
