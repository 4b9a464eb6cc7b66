//! `station serve`: runs the station.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::error::{CliError, ExitKind};
use super::{Cx, when};

/// Options of `station serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Also listen on TCP (not in this version)
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// The store [default: station.db in the data directory]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// No more than this many commands at the same time [default: 4 for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_running: Option<u32>,
    /// How long running commands may go on at a shutdown before they are ended
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub shutdown_limit: Option<Duration>,
}

/// What the daemon is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeRequest {
    /// The data directory.
    pub data_dir: PathBuf,
    /// The store's URL.
    pub store: Option<String>,
    /// The station-wide limit of commands at the same time.
    pub max_running: Option<u32>,
    /// How long runs may go on at a shutdown.
    pub shutdown_limit: Option<Duration>,
}

/// Runs it until it is told to stop.
pub(crate) fn run(args: ServeArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if args.listen.is_some() {
        return Err(CliError::new(ExitKind::Refused, "TCP is not offered in this version")
            .hint("leave --listen out: the station listens on its Unix socket"));
    }
    let data_dir = cx.data_dir()?;
    let ServeArgs { store, max_running, shutdown_limit, listen: _ } = args;
    (cx.externals.serve)(ServeRequest { data_dir, store, max_running, shutdown_limit })
}
