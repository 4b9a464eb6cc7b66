//! The simulator over real links: plain sockets, a pseudo-terminal, and PyVISA-py as a client.
#![cfg(test)]

mod links;
mod pyvisa;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use station_instrument::simulate::{Model, Simulator, SimulatorOptions};
use tokio::runtime::Runtime;

/// A running simulator, and the runtime that serves it.
struct Running {
    simulator: Simulator,
    runtime: Runtime,
}

fn options(model: Model, faults: &[&str]) -> SimulatorOptions {
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    SimulatorOptions { model, faults, fault_control: true, ..SimulatorOptions::default() }
}

fn start(options: SimulatorOptions) -> Running {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let entered = runtime.enter();
    let simulator = Simulator::start(options).unwrap();
    drop(entered);
    Running { simulator, runtime }
}

fn simulate(model: Model, faults: &[&str]) -> Running {
    start(options(model, faults))
}

/// A client that knows nothing of ours.
struct Client {
    reader: BufReader<TcpStream>,
}

impl Running {
    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.simulator.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        // So that a missing reply is a failure, not a hanging test.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client { reader: BufReader::new(stream) }
    }
}

impl Client {
    fn tell(&mut self, message: &str) {
        self.reader.get_mut().write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    /// A line with its end; empty at the end of the connection.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line
    }

    fn ask(&mut self, message: &str) -> String {
        self.tell(message);
        let line = self.line();
        line.strip_suffix('\n').unwrap_or_else(|| panic!("{message}: {line:?}")).to_owned()
    }

    /// All there is until the connection is closed, by an end or by a reset.
    fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
        rest
    }
}
