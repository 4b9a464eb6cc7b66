//! `station serve`: runs the station.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::error::CliError;
use super::{Cx, when};

/// Options of `station serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// How it listens on TCP.
    #[command(flatten)]
    pub listen: ListenArgs,
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

/// Options of `station serve` about TCP, as they were given.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenArgs {
    /// Also listen on TCP, for callers with a token; the first is written to the file `token` of the
    /// data directory
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Vec<String>,
    /// The certificate for TLS, in PEM, with those that vouch for it
    #[arg(long, value_name = "FILE", requires = "listen", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Let this machine's callers in without a token, as viewer or operator
    #[arg(long, value_name = "ROLE", requires = "listen")]
    pub allow_anonymous: Option<String>,
    /// Another name the station is called by
    #[arg(long, value_name = "NAME", requires = "listen")]
    pub allow_host: Vec<String>,
    /// Another origin whose web pages may call the station
    #[arg(long, value_name = "ORIGIN", requires = "listen")]
    pub allow_origin: Vec<String>,
    /// How many requests one address may make, or off [default: 5000/s]
    #[arg(long, value_name = "N/s", requires = "listen")]
    pub rate_limit: Option<String>,
    /// Let tokens cross the network unencrypted
    #[arg(long, requires = "listen", conflicts_with = "tls_cert")]
    pub insecure_plain_text: bool,
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
    /// How it listens on TCP.
    pub listen: ListenArgs,
}

/// Runs it until it is told to stop.
pub(crate) fn run(args: ServeArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let data_dir = cx.data_dir()?;
    let ServeArgs { store, max_running, shutdown_limit, listen } = args;
    (cx.externals.serve)(ServeRequest { data_dir, store, max_running, shutdown_limit, listen })
}
