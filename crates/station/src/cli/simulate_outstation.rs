//! `station simulate outstation`: a substation for those who have none.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use station_core::model::Point;
use station_outstation::points;
use station_outstation::simulate::{
    Config, LinkFault, Operated, SimulateError, Simulator, TlsFiles, built_in, fault_points,
    measurements,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::error::{CliError, ExitKind};
use super::{Cx, plain, shown};

/// Options of `station simulate outstation`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Points with --faults: fault-NAME at 9001 and on, fault-NAME-sbo at 9101 and on,
fault-NAME-selection at 9201 and on, where NAME is refuse, late, never, no-term, close,
negative-term, stuck, doubled, early, wrong-echo or wrong-originator, in this order.
Faults of links: silent, no-testfr, bad-sequence.")]
pub struct OutstationArgs {
    /// Where it is reached; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:2404")]
    pub listen: SocketAddr,
    /// Its common address
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=65_534))]
    pub ca: u16,
    /// Its points, from a file as `station outstation` takes it [default: a small substation]
    #[arg(long, value_name = "FILE")]
    pub points: Option<PathBuf>,
    /// So many more measurements, at 20001 and on
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub values: u32,
    /// How many values change by themselves in a second
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub spontaneous: f64,
    /// How long a selection is kept, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub select_window: Duration,
    /// Never say that a command is finished
    #[arg(long)]
    pub no_term: bool,
    /// Also have points with faults
    #[arg(long)]
    pub faults: bool,
    /// How late the points that are late answer, in seconds
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    pub late: Duration,
    /// Let something be wrong with its links
    #[arg(long, value_name = "NAME", value_parser = link_fault)]
    pub link_fault: Option<LinkFault>,
    /// Speak TLS with ca.pem, outstation.pem and outstation.key of this directory, and demand a
    /// certificate that ca.pem signed
    #[arg(long, value_name = "DIR")]
    pub tls: Option<PathBuf>,
    /// Print the points as a file, for `station outstation`, and do nothing else
    #[arg(long)]
    pub print_points: bool,
    /// Print a JSON document a line
    #[arg(long, conflicts_with = "print_points")]
    pub json: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    number.map(Duration::from_secs_f64).ok_or_else(|| "it goes from 0.001 to 86400".to_owned())
}

fn link_fault(text: &str) -> Result<LinkFault, SimulateError> {
    text.parse()
}

/// Simulates until it is interrupted.
pub(super) fn run(args: &OutstationArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let points = own_points(args)?;
    if args.print_points {
        return cx.world.screen.bytes(points::write(&all_points(args, points)).as_bytes());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        CliError::new(ExitKind::Station, format!("the simulator cannot start: {error}"))
    })?;
    let stopped = Arc::new(Notify::new());
    let stop = Arc::clone(&stopped);
    (cx.externals.on_interrupt)(Box::new(move || stop.notify_one()))?;
    runtime.block_on(async {
        let (journal, operated) = unbounded_channel();
        let config = Config { journal: Some(journal), ..config(args, points) };
        let simulator = Simulator::bind(args.listen, config).await.map_err(refused)?;
        announce(args, simulator.local_addr(), cx)?;
        tokio::select! {
            told = tell(args, operated, cx) => told,
            () = stopped.notified() => Ok(()),
        }
    })
}

/// The points of the file; none when there is no file.
fn own_points(args: &OutstationArgs) -> Result<Vec<Point>, CliError> {
    let Some(path) = &args.points else { return Ok(Vec::new()) };
    let (usage, name) = (|message| CliError::new(ExitKind::Usage, message), path.display());
    let text = std::fs::read_to_string(path)
        .map_err(|error| usage(format!("{name} cannot be read: {error}")))?;
    let points = points::read(&text, points::Format::of_file(&path.to_string_lossy()))
        .map_err(|error| usage(format!("{name}: {error}")))?;
    if points.is_empty() {
        return Err(usage(format!("{name} has no point: each is a table [[point]]")));
    }
    Ok(points)
}

/// Those of the file or the substation, and those that options add.
fn all_points(args: &OutstationArgs, own: Vec<Point>) -> Vec<Point> {
    let mut points = if own.is_empty() { built_in() } else { own };
    points.extend(args.faults.then(fault_points).into_iter().flatten());
    points.extend(measurements(args.values));
    points
}

fn config(args: &OutstationArgs, points: Vec<Point>) -> Config {
    Config {
        ca: args.ca,
        points,
        values: args.values,
        faults: args.faults,
        link_fault: args.link_fault,
        spontaneous: args.spontaneous,
        select_window: args.select_window,
        termination: !args.no_term,
        late: args.late,
        tls: args.tls.as_deref().map(TlsFiles::in_directory),
        ..Config::default()
    }
}

/// Says where it is reached.
fn announce(args: &OutstationArgs, address: SocketAddr, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let screen = &mut cx.world.screen;
    if args.json {
        screen.json(&json!({ "listening": address.to_string(), "ca": args.ca }))?;
    } else {
        screen.line(&format!("listening on {address}"))?;
    }
    screen.flush()?;
    if !address.ip().is_loopback() && args.tls.is_none() {
        screen.note(&format!(
            "station: warning: the simulated outstation listens on {address}: whoever reaches it \
             can command it, there is no password"
        ));
    }
    Ok(())
}

/// Prints each command that is carried out, for ever.
async fn tell(
    args: &OutstationArgs,
    mut operated: UnboundedReceiver<Operated>,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let zone = cx.world.local_zone();
    while let Some(one) = operated.recv().await {
        let screen = &mut cx.world.screen;
        let at = one.at.to_string();
        if args.json {
            screen.json(&json!({
                "at": at, "point": one.point, "ca": one.ca, "ioa": one.ioa, "value": one.value,
                "selected": one.selected,
            }))?;
        } else {
            let how = if one.selected { "selected before" } else { "direct" };
            let (at, point) = (shown::full(&at, &zone), plain(&one.point));
            let (ca, ioa, value) = (one.ca, one.ioa, one.value);
            screen.line(&format!("{at}  {point} ({ca}/{ioa}): {value}, {how}"))?;
        }
        screen.flush()?;
    }
    Ok(())
}

fn refused(error: SimulateError) -> CliError {
    let kind = match error {
        SimulateError::Listen { .. } => ExitKind::Station,
        SimulateError::Config(_) | SimulateError::Params(_) => ExitKind::Usage,
    };
    CliError::new(kind, error.to_string())
}
