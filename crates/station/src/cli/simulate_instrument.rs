//! `station simulate instrument`: a lab instrument for those who have none.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use station_instrument::simulate::{Fault, Model, Simulator, SimulatorOptions};
use station_instrument::{Error, ErrorKind};
use tokio::sync::Notify;

use super::Cx;
use super::error::{CliError, ExitKind};

/// Options of `station simulate instrument`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Faults: silent[=N] late=MS half-block drop wrong-identity busy[=second|all] power-cycle[=N]
error-flood echo-header no-opc crlf chunked unasked; NAME*TIMES strikes so many times only.")]
pub struct InstrumentArgs {
    /// The instrument: psu, dmm, scope, load or generator
    #[arg(long, value_name = "MODEL", default_value = "psu", value_parser = model)]
    pub model: Model,
    /// Where raw SCPI is served over TCP [default: a free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Also serve HiSLIP there
    #[arg(long, value_name = "ADDR:PORT")]
    pub hislip: Option<SocketAddr>,
    /// Also serve VXI-11 there
    #[arg(long, value_name = "ADDR:PORT")]
    pub vxi11: Option<SocketAddr>,
    /// Also serve raw SCPI on a pseudo-terminal, as on a serial line
    #[arg(long)]
    pub serial: bool,
    /// Let something be wrong with it, such as late=500 or drop*1
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = fault)]
    pub fault: Vec<Fault>,
    /// Let clients switch faults with the SCPI command SIM:FAULT NAME[,VALUE]
    #[arg(long)]
    pub fault_control: bool,
    /// What the noise of its readings is made of
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The serial number in its identity
    #[arg(long, value_name = "TEXT", default_value = "SIM0001")]
    pub serial_number: String,
    /// How many clients it takes at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub max_clients: u16,
    /// Print one JSON document instead of resource strings
    #[arg(long)]
    pub json: bool,
}

fn model(text: &str) -> Result<Model, Error> {
    text.parse()
}

fn fault(text: &str) -> Result<Fault, Error> {
    text.parse()
}

/// Simulates until it is interrupted.
pub(super) fn run(args: &InstrumentArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        CliError::new(ExitKind::Station, format!("the simulator cannot start: {error}"))
    })?;
    let stopped = Arc::new(Notify::new());
    let stop = Arc::clone(&stopped);
    (cx.externals.on_interrupt)(Box::new(move || stop.notify_one()))?;
    runtime.block_on(async {
        let simulator = Simulator::start(options(args)).map_err(refused)?;
        announce(args, &simulator, cx)?;
        stopped.notified().await;
        Ok(())
    })
}

fn options(args: &InstrumentArgs) -> SimulatorOptions {
    SimulatorOptions {
        model: args.model,
        listen: args.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        faults: args.fault.clone(),
        fault_control: args.fault_control,
        seed: args.seed,
        hislip: args.hislip,
        vxi11: args.vxi11,
        serial: args.serial,
        serial_number: args.serial_number.clone(),
        max_clients: usize::from(args.max_clients),
        clock: None,
    }
}

/// Says where it is reached.
fn announce(args: &InstrumentArgs, simulator: &Simulator, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let resources = simulator.resources();
    let screen = &mut cx.world.screen;
    if args.json {
        screen.json(&json!({ "model": args.model.name(), "resources": resources }))?;
    } else {
        resources.iter().try_for_each(|resource| screen.line(resource))?;
    }
    screen.flush()?;
    let open = [args.listen, args.hislip, args.vxi11].into_iter().flatten();
    for address in open.filter(|address| !address.ip().is_loopback()) {
        screen.note(&format!(
            "station: warning: the simulated instrument listens on {address}: whoever reaches it \
             can use it, there is no password"
        ));
    }
    Ok(())
}

fn refused(error: Error) -> CliError {
    let kind = if error.kind == ErrorKind::Invalid { ExitKind::Usage } else { ExitKind::Station };
    CliError::new(kind, error.message)
}
