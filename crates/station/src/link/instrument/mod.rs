//! The link to equipment: what jobs do with instruments, by the library that speaks to them.
//!
//! ```text
//! operate ─▶ work: lease, profile, the work, on_release, release ─▶ Ended
//!              │ ▲
//!              │ └─ signal: stops the work; a second one gives it up where it stands
//!              └─▶ stage: the transcript as output; commands of sequences over the other links
//! ```

use std::sync::Arc;
use std::time::Duration;

use station_core::model::{ExecutionId, Remains};
use station_instrument::bench::Bench;
use station_instrument::work::{self, WorkRequest};

use super::local::{self, LocalLink};
use super::runs::Runs;
use super::ssh::SshLink;
use crate::port::{OperateRequest, RunSink, StopSignal, SurvivorReport};

mod commands;
mod lines;
mod run;
mod stage;

use commands::Commands;
use stage::Stage;

/// How often collected output is sent at most.
const FLUSH: Duration = Duration::from_millis(50);
/// How long a command that was told to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Does what jobs do with equipment.
#[derive(Clone)]
pub(super) struct InstrumentLink {
    bench: Bench,
    runs: Arc<Runs>,
    local: LocalLink,
    ssh: SshLink,
}

impl InstrumentLink {
    /// A link over that bench, which reports to `sink`; commands of sequences go as over these links.
    pub(super) fn new(
        bench: Bench,
        local: LocalLink,
        ssh: SshLink,
        sink: Arc<dyn RunSink>,
    ) -> Self {
        Self { bench, runs: Arc::new(Runs::new(sink)), local, ssh }
    }

    /// Starts a run; its end comes back as exactly one [`RunEvent::Ended`](crate::port::RunEvent::Ended).
    pub(super) fn operate(&self, request: OperateRequest) {
        let live = self.runs.enter(request.execution);
        tokio::spawn(run::run(self.clone(), live, request));
    }

    /// Stops a run; false when it is not under way any more.
    pub(super) fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool {
        self.runs.signal(execution, signal)
    }

    /// Gives all runs up where they stand.
    pub(super) fn kill_all(&self) {
        self.runs.kill_all();
    }

    /// Brings equipment that runs of a killed daemon held into its safe state, all at once, and ends
    /// what commands of theirs were left here. On nodes, their guards have ended them.
    pub(super) fn make_safe(&self, runs: Vec<OperateRequest>, report: SurvivorReport) {
        let link = self.clone();
        tokio::spawn(async move {
            let left: Vec<_> = runs.iter().map(|run| (run.execution, None)).collect();
            local::end_survivors(link.local.instance(), &left, GRACE).await;
            let mut safe = tokio::task::JoinSet::new();
            for run in runs {
                let bench = link.bench.clone();
                safe.spawn(async move {
                    let execution = run.execution;
                    let stage = Arc::new(Stage::silent());
                    let made = work::make_safe(&bench, work_of(run), stage).await;
                    let remains = match made {
                        Ok(true) => Remains::Ended,
                        Ok(false) => Remains::Unsupported,
                        Err(error) => Remains::Unknown(error.message),
                    };
                    (execution, remains)
                });
            }
            report(safe.join_all().await);
        });
    }

    fn commands(&self, request: &mut OperateRequest) -> Commands {
        let nodes = std::mem::take(&mut request.nodes);
        Commands::new(self.local.clone(), self.ssh.clone(), request.execution, nodes)
    }
}

fn work_of(request: OperateRequest) -> WorkRequest {
    WorkRequest {
        label: format!("execution {}", request.execution),
        execution: Some(request.execution),
        action: *request.action,
        equipment: request.equipment,
        profile: request.profile,
    }
}
