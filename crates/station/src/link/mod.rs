//! Links: the transports to targets, one directory each, the table of them, and what they share.
//!
//! ```text
//!             ┌─▶ local: processes here ───────┐  runs, live   who is running and can be signalled
//! start ─▶ Links ─▶ ssh: commands on nodes ────┤  flow, capture   output on its way to the store
//!             ├─▶ instrument: equipment ───────┤  report   exactly one end
//!             └─▶ outstation: telecontrol ─────┘
//! ```

mod capture;
mod clock;
mod command;
mod flow;
mod instrument;
mod lazy_timer;
mod live;
pub mod local;
mod marks;
mod outstation;
mod report;
mod runs;
pub mod ssh;
mod tail;

use std::sync::Arc;
use std::time::Duration;

use station_core::model::{ExecutionId, Node, ProcessRecord, Record, RecordKind, Remains};

use crate::port::{
    CommandRequest, Link, OperateRequest, RunRequest, RunSink, StopSignal, SurvivorReport,
};
use instrument::InstrumentLink;
use local::{LocalConfig, LocalLink};
use outstation::OutstationLink;
use ssh::{SshConfig, SshLink};
use station_instrument::bench::Bench;
use station_outstation::desk::Outstations;

/// All links of a station, with their defaults, as one.
#[must_use]
pub fn table(
    store_id: &str,
    bench: Bench,
    outstations: Outstations,
    sink: Arc<dyn RunSink>,
) -> Box<dyn Link> {
    let (local, ssh) = (LocalConfig::new(store_id), SshConfig::new(store_id));
    Box::new(Links::new(local, ssh, bench, outstations, sink))
}

/// All links as one: what is for a node goes over SSH, what is for equipment to the bench, what is for
/// an outstation to the desk, everything else stays here.
pub struct Links {
    local: LocalLink,
    ssh: SshLink,
    instrument: InstrumentLink,
    outstation: OutstationLink,
}

impl Links {
    /// The links, all of which report to `sink`.
    pub fn new(
        local: LocalConfig,
        ssh: SshConfig,
        bench: Bench,
        outstations: Outstations,
        sink: Arc<dyn RunSink>,
    ) -> Self {
        let local = LocalLink::new(local, Arc::clone(&sink));
        let ssh = SshLink::new(ssh, Arc::clone(&sink));
        let instrument = InstrumentLink::new(bench, local.clone(), ssh.clone(), Arc::clone(&sink));
        let outstation = OutstationLink::new(outstations, sink);
        Self { local, ssh, instrument, outstation }
    }
}

impl Link for Links {
    fn start(&self, mut request: RunRequest) {
        match request.node.take() {
            None => self.local.start(request),
            Some(node) => self.ssh.start(*node, request),
        }
    }

    fn operate(&self, request: OperateRequest) {
        self.instrument.operate(request);
    }

    fn command(&self, request: CommandRequest) {
        self.outstation.command(request);
    }

    fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool {
        self.local.signal(execution, signal)
            || self.ssh.signal(execution, signal)
            || self.instrument.signal(execution, signal)
            || self.outstation.signal(execution, signal)
    }

    fn kill_all(&self) {
        self.local.kill_all();
        self.ssh.kill_all();
        self.instrument.kill_all();
        self.outstation.kill_all();
    }

    fn end_survivors(
        &self,
        node: Option<Box<Node>>,
        runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
        grace: Duration,
        report: SurvivorReport,
    ) {
        if let Some(node) = node {
            self.ssh.end_survivors(*node, runs, grace, report);
            return;
        }
        let instance = self.local.instance().to_owned();
        tokio::spawn(async move {
            let found = local::end_survivors(&instance, &runs, grace).await;
            let remains = |found| if found { Remains::Ended } else { Remains::Nothing };
            report(found.into_iter().map(|(run, found)| (run, remains(found))).collect());
        });
    }

    fn make_safe(&self, runs: Vec<OperateRequest>, report: SurvivorReport) {
        self.instrument.make_safe(runs, report);
    }

    fn kept(&self, record: &Record) {
        self.outstation.kept(record);
    }

    fn removed(&self, kind: RecordKind, key: &str) {
        self.outstation.removed(kind, key);
    }

    fn close(&self, closed: Box<dyn FnOnce() + Send>) {
        self.outstation.close(closed);
    }
}
