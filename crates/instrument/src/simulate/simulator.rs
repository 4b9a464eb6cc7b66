//! A simulated instrument and the links it is reached by.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::device::{Device, Making};
use super::dmm::Dmm;
use super::fault::Fault;
use super::generator::Generator;
use super::load::Load;
use super::psu::Psu;
use super::pty::Pty;
use super::scope::Scope;
use super::socket::{self, Served};
use super::surroundings::Surroundings;
use super::{Clock, Model, SharedInstrument, hislip, vxi11};
use crate::{Error, ErrorKind};

/// What is simulated, and where it is reached.
#[derive(Clone)]
pub struct SimulatorOptions {
    /// The instrument.
    pub model: Model,
    /// Where raw TCP is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What is wrong with it from the start.
    pub faults: Vec<Fault>,
    /// Whether `SIM:FAULT NAME[,VALUE[,TIMES]]` switches faults while it runs.
    pub fault_control: bool,
    /// What the noise is made of: the same seed gives the same readings.
    pub seed: u64,
    /// Where HiSLIP is served as well.
    pub hislip: Option<SocketAddr>,
    /// Where VXI-11's core channel is served as well.
    pub vxi11: Option<SocketAddr>,
    /// Whether a pseudo-terminal is opened as well, as a serial line.
    pub serial: bool,
    /// The third field of its `*IDN?`.
    pub serial_number: String,
    /// How many clients raw TCP takes at the same time; the next ones are closed at once.
    pub max_clients: usize,
    /// The time since switching on; `None`: this machine's monotonic clock.
    pub clock: Option<Clock>,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            model: Model::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            faults: Vec::new(),
            fault_control: false,
            seed: 1,
            hislip: None,
            vxi11: None,
            serial: false,
            serial_number: "SIM0001".to_owned(),
            max_clients: 16,
            clock: None,
        }
    }
}

/// A running simulator; dropping it ends it and its connections.
pub struct Simulator {
    instrument: SharedInstrument,
    resources: Vec<String>,
    address: SocketAddr,
    /// Aborted when dropped.
    _links: JoinSet<()>,
}

impl Simulator {
    /// Switches the instrument on and opens its links. Must be called within a tokio runtime, which
    /// then serves them.
    ///
    /// # Errors
    /// An address that cannot be listened on, a pseudo-terminal that cannot be opened, a serial
    /// number that would break the identity, or no runtime.
    pub fn start(options: SimulatorOptions) -> Result<Self, Error> {
        if tokio::runtime::Handle::try_current().is_err() {
            let message = "the simulator was started outside of a tokio runtime";
            return Err(Error::new(ErrorKind::Local, message));
        }
        let serial = &options.serial_number;
        if serial.is_empty()
            || !serial.bytes().all(|b| b.is_ascii_graphic() && b != b',' && b != b';')
        {
            let message = format!(
                "the serial number {serial:?} cannot be one: letters, digits and signs but `,` and `;`"
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let surroundings = Arc::new(Surroundings::new(&options.faults));
        let instrument = instrument(&options, &surroundings);
        let served = Served { instrument: Arc::clone(&instrument), surroundings };
        let mut links = JoinSet::new();

        let (listener, address) = listen(options.listen)?;
        let mut resources = vec![format!("TCPIP0::{}::{}::SOCKET", host(address), address.port())];
        let max_clients = options.max_clients.max(1);
        links.spawn(socket::serve(listener, served.clone(), max_clients));
        if options.serial {
            let pty = Pty::open().map_err(|error| {
                let message = format!("no pseudo-terminal can be opened: {error}");
                Error::new(ErrorKind::Local, message)
            })?;
            resources.push(format!("ASRL{}::INSTR", pty.path));
            links.spawn(pty.serve(served));
        }
        if let Some(at) = options.hislip {
            let (listener, at) = listen(at)?;
            resources.push(format!("TCPIP0::{}::hislip0,{}::INSTR", host(at), at.port()));
            let instrument = Arc::clone(&instrument);
            links.spawn(ended(hislip::serve(listener, instrument, max_clients)));
        }
        if let Some(at) = options.vxi11 {
            let (listener, at) = listen(at)?;
            resources.push(format!("TCPIP0::{}::inst0,{}::INSTR", host(at), at.port()));
            let instrument = Arc::clone(&instrument);
            links.spawn(ended(vxi11::serve(listener, instrument, max_clients)));
        }
        Ok(Self { instrument, resources, address, _links: links })
    }

    /// The VISA resource strings it is reached by, raw TCP first.
    #[must_use]
    pub fn resources(&self) -> Vec<String> {
        self.resources.clone()
    }

    /// The address of raw TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The instrument itself, beside its links.
    #[must_use]
    pub fn instrument(&self) -> SharedInstrument {
        Arc::clone(&self.instrument)
    }
}

/// A listener that is of no use any more is told of, and the other links go on.
async fn ended(serving: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = serving.await {
        tracing::warn!(%error, "a link of the simulator has ended");
    }
}

fn instrument(options: &SimulatorOptions, surroundings: &Arc<Surroundings>) -> SharedInstrument {
    let making = Making {
        model: options.model,
        serial_number: options.serial_number.clone(),
        seed: options.seed,
        clock: options.clock.clone().unwrap_or_else(|| {
            let start = Instant::now();
            Arc::new(move || start.elapsed())
        }),
        fault_control: options.fault_control,
        surroundings: Arc::clone(surroundings),
    };
    match options.model {
        Model::Psu => Arc::new(Mutex::new(Device::<Psu>::new(making))),
        Model::Dmm => Arc::new(Mutex::new(Device::<Dmm>::new(making))),
        Model::Scope => Arc::new(Mutex::new(Device::<Scope>::new(making))),
        Model::Load => Arc::new(Mutex::new(Device::<Load>::new(making))),
        Model::Generator => Arc::new(Mutex::new(Device::<Generator>::new(making))),
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Local, format!("the simulator cannot listen on {address}: {error}"))
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let listener = TcpListener::from_std(listener).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The host of an address as resource strings have it.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}
