//! Links: the transports to targets, one file or directory each, and the table of them.

pub mod local;

use std::sync::Arc;
use std::time::Duration;

use station_core::model::{ExecutionId, Node, ProcessRecord, Remains};

use crate::port::{Link, RunRequest, RunSink, StopSignal, SurvivorReport};
use local::{LocalConfig, LocalLink};

/// All links of a station. So far there is one: commands on this machine.
#[must_use]
pub fn table(store_id: &str, sink: Arc<dyn RunSink>) -> Box<dyn Link> {
    Box::new(LocalLink::new(LocalConfig::new(store_id), sink))
}

impl Link for LocalLink {
    fn start(&self, request: RunRequest) {
        Self::start(self, request);
    }

    fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool {
        Self::signal(self, execution, signal)
    }

    fn kill_all(&self) {
        Self::kill_all(self);
    }

    fn end_survivors(
        &self,
        _node: Option<Box<Node>>,
        runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
        grace: Duration,
        report: SurvivorReport,
    ) {
        let instance = self.instance().to_owned();
        tokio::spawn(async move {
            let found = local::end_survivors(&instance, &runs, grace).await;
            let remains = |found| if found { Remains::Ended } else { Remains::Nothing };
            report(found.into_iter().map(|(run, found)| (run, remains(found))).collect());
        });
    }
}
