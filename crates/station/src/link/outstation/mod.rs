//! The link to outstations: what jobs do there, by the desk that speaks to them.
//!
//! ```text
//! command ─▶ desk: permit, intent, frames, outcome ─▶ Ended, with its report and a line of output
//!              ▲
//!              └─ signal: takes back what was not sent yet; a second one waits no more for the outcome
//! ```

use std::sync::Arc;

use station_core::model::{ExecutionId, Record, RecordKind};
use station_outstation::desk::Outstations;

use super::runs::Runs;
use crate::port::{CommandRequest, RunSink, StopSignal};

mod run;
mod told;

/// Does what jobs do with outstations.
pub(super) struct OutstationLink {
    outstations: Outstations,
    runs: Arc<Runs>,
}

impl OutstationLink {
    /// A link over that desk, which reports to `sink`.
    pub(super) fn new(outstations: Outstations, sink: Arc<dyn RunSink>) -> Self {
        Self { outstations, runs: Arc::new(Runs::new(sink)) }
    }

    /// Starts a run; its end comes back as exactly one [`RunEvent::Ended`](crate::port::RunEvent::Ended).
    pub(super) fn command(&self, request: CommandRequest) {
        let live = self.runs.enter(request.execution);
        tokio::spawn(run::run(self.outstations.clone(), Arc::clone(&self.runs), live, request));
    }

    /// Stops a run; false when it is not under way any more.
    pub(super) fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool {
        self.runs.signal(execution, signal)
    }

    /// Waits for no outcome any more.
    pub(super) fn kill_all(&self) {
        self.runs.kill_all();
    }

    /// What a record permits or forbids, it does from now on.
    pub(super) fn kept(&self, record: &Record) {
        self.outstations.kept(record);
    }

    /// What a record permitted or forbade, it does no more.
    pub(super) fn removed(&self, kind: RecordKind, key: &str) {
        self.outstations.removed(kind, key);
    }

    /// Closes all sessions.
    pub(super) fn close(&self, closed: Box<dyn FnOnce() + Send>) {
        let outstations = self.outstations.clone();
        tokio::spawn(async move {
            outstations.close().await;
            closed();
        });
    }
}
