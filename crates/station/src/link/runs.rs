//! The table of a link's runs that are going on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use station_core::model::ExecutionId;

use super::live::Live;
use crate::port::{RunEvent, RunSink, StopSignal};

/// The runs of a link, and whom it reports to.
pub(super) struct Runs {
    sink: Arc<dyn RunSink>,
    live: Mutex<BTreeMap<ExecutionId, Arc<Live>>>,
}

impl Runs {
    /// No runs yet.
    pub(super) fn new(sink: Arc<dyn RunSink>) -> Self {
        Self { sink, live: Mutex::default() }
    }

    /// Enters a run that is about to start.
    pub(super) fn enter(&self, execution: ExecutionId) -> Arc<Live> {
        let live = Arc::new(Live::new());
        self.table().insert(execution, Arc::clone(&live));
        live
    }

    /// Signals a run; false when it is not here any more.
    pub(super) fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool {
        let live = self.table().get(&execution).map(Arc::clone);
        live.is_some_and(|live| live.signal(signal))
    }

    /// Kills all of them.
    pub(super) fn kill_all(&self) {
        let all: Vec<Arc<Live>> = self.table().values().map(Arc::clone).collect();
        for live in all {
            live.signal(StopSignal::Kill);
        }
    }

    /// Tells the sink of a run.
    pub(super) fn send(&self, execution: ExecutionId, event: RunEvent) {
        self.sink.send(execution, event);
    }

    /// Forgets the run, unless the execution has been started anew.
    pub(super) fn forget(&self, execution: ExecutionId, live: &Arc<Live>) {
        let mut table = self.table();
        if table.get(&execution).is_some_and(|known| Arc::ptr_eq(known, live)) {
            table.remove(&execution);
        }
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<ExecutionId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
