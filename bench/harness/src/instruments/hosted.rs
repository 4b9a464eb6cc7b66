//! Simulated instruments on one thread of this process: a daemon that is measured shares no page of its
//! program with them, and its processor time is its own.

use std::sync::mpsc;
use std::thread::JoinHandle;

use station_instrument::simulate::{Model, Simulator, SimulatorOptions};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::Result;

/// Instruments that go with the value.
#[derive(Debug)]
pub(crate) struct Hosted {
    /// Where each is reached by raw TCP.
    pub(crate) resources: Vec<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Hosted {
    /// Starts so many of one model.
    pub(crate) fn start(model: Model, count: usize) -> Result<Self> {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let all: std::result::Result<Vec<Simulator>, _> =
                    (1..=count).map(|n| Simulator::start(options(model, n))).collect();
                let first = |simulator: &Simulator| simulator.resources().into_iter().next();
                let resources = all.as_ref().map(|all| all.iter().filter_map(first).collect());
                drop(tell.send(resources.map_err(ToString::to_string)));
                drop(stopped.await);
            });
        });
        let resources: Vec<String> = told.recv()??;
        Ok(Self { resources, stop: Some(stop), thread: Some(thread) })
    }
}

fn options(model: Model, number: usize) -> SimulatorOptions {
    let serial_number = format!("SIM{number:04}");
    SimulatorOptions { model, serial_number, ..SimulatorOptions::default() }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
