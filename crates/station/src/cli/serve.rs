//! `station serve`: runs the station.

use std::net::{Ipv4Addr, SocketAddr};
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
    /// The configuration [default: station.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Serve metrics for Prometheus over HTTP, on 127.0.0.1 unless an address is given
    #[arg(long, value_name = "[ADDR:]PORT", value_parser = metrics_address)]
    pub metrics: Option<SocketAddr>,
    /// Append each checkpoint of the audit trail to this file, best on another machine
    #[arg(long, value_name = "FILE")]
    pub audit_witness: Option<PathBuf>,
    /// No more than this many commands at the same time [default: 128]
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
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// The witness of the audit trail.
    pub audit_witness: Option<PathBuf>,
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
    let ServeArgs { store, config, metrics, audit_witness, max_running, shutdown_limit, listen } =
        args;
    (cx.externals.serve)(ServeRequest {
        data_dir,
        store,
        config,
        metrics,
        audit_witness,
        max_running,
        shutdown_limit,
        listen,
    })
}

/// Reads where metrics are served.
fn metrics_address(text: &str) -> Result<SocketAddr, String> {
    let port: Option<u16> = text.strip_prefix(':').unwrap_or(text).parse().ok();
    let address = match port {
        Some(port) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None => text.replacen("localhost:", "127.0.0.1:", 1).parse().ok(),
    };
    address
        .ok_or_else(|| "it takes a port, or an address as in 127.0.0.1:9470 or [::1]:9470".into())
}

#[cfg(test)]
mod tests {
    use super::metrics_address;

    #[test]
    fn metrics_stay_on_this_machine_unless_told_otherwise() {
        for (text, address) in [
            ("9470", "127.0.0.1:9470"),
            (":9470", "127.0.0.1:9470"),
            ("localhost:9470", "127.0.0.1:9470"),
            ("0.0.0.0:9470", "0.0.0.0:9470"),
            ("[::1]:9470", "[::1]:9470"),
        ] {
            assert_eq!(metrics_address(text).unwrap().to_string(), address);
        }
        for wrong in ["", "x", "70000", "127.0.0.1", "example.org:80"] {
            assert!(metrics_address(wrong).is_err(), "{wrong}");
        }
    }
}
