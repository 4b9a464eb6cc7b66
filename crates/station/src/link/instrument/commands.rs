//! Commands of sequences: run here or on nodes over the links that commands have, and awaited.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use station_core::model::{CommandLine, ExecutionId, Node, NodeSet, OutputCap, ShellContext};
use station_instrument::transport::Act;
use station_instrument::work::CommandEnd;
use station_instrument::{Error, ErrorKind};
use tokio::sync::oneshot;

use super::GRACE;
use super::lines::Lines;
use crate::link::local::LocalLink;
use crate::link::ssh::SshLink;
use crate::port::{RunEnd, RunEvent, RunRequest, RunSink, StopSignal};

/// Runs commands for one execution.
#[derive(Clone)]
pub(super) struct Commands {
    local: LocalLink,
    ssh: SshLink,
    execution: ExecutionId,
    nodes: Arc<BTreeMap<String, (Node, ())>>,
}

impl Commands {
    /// Those of an execution; `nodes` are all that may be named.
    pub(super) fn new(
        local: LocalLink,
        ssh: SshLink,
        execution: ExecutionId,
        nodes: Vec<Node>,
    ) -> Self {
        let nodes = nodes.into_iter().map(|node| (node.name.clone(), (node, ()))).collect();
        Self { local, ssh, execution, nodes: Arc::new(nodes) }
    }

    /// Runs a command, here or on every node of a set, and resolves when all have ended.
    pub(super) fn run(
        &self,
        on: String,
        command: CommandLine,
        timeout: Duration,
        lines: Lines,
    ) -> Act<'static, CommandEnd> {
        let commands = self.clone();
        Box::pin(async move {
            let places = commands.places(&on)?;
            let mut runs = tokio::task::JoinSet::new();
            for place in places {
                let label = place.as_ref().map_or("local", |node| &node.name).to_owned();
                let run = commands.start(place, command.clone(), lines.clone());
                runs.spawn(async move { (label, run.wait(timeout).await) });
            }
            let (mut success, mut told) = (true, Vec::new());
            while let Some(ended) = runs.join_next().await {
                let Ok((label, ended)) = ended else {
                    return Err(Error::new(ErrorKind::Local, "a command's end was not seen"));
                };
                success &= ended.is_ok();
                told.extend(ended.err().map(|why| format!("{label}: {why}")));
            }
            told.sort();
            let summary = if success { "done".to_owned() } else { told.join("; ") };
            Ok(CommandEnd { success, summary })
        })
    }

    /// Where it is run: `None` is here.
    fn places(&self, on: &str) -> Result<Vec<Option<Node>>, Error> {
        if on == "local" {
            return Ok(vec![None]);
        }
        let invalid = |why: String| Error::new(ErrorKind::Invalid, why);
        let set = NodeSet::parse(on).map_err(|error| invalid(error.to_string()))?;
        let names = set.expand(&*self.nodes).map_err(|error| invalid(error.to_string()))?;
        let find = |name: &String| self.nodes.get(name).map(|(node, ())| Some(node.clone()));
        Ok(names.iter().filter_map(find).collect())
    }

    fn start(&self, node: Option<Node>, command: CommandLine, lines: Lines) -> Run {
        let (ended, end) = oneshot::channel();
        let sink = Arc::new(Collector { lines, ended: Mutex::new(Some(ended)) });
        let request = RunRequest {
            execution: self.execution,
            attempt: 1,
            node: None,
            command,
            context: ShellContext::default(),
            stdin: None,
            sudo: false,
            cap: OutputCap::default(),
            idle_timeout: None,
        };
        // A link has one run of an execution at a time: each command has links of its own.
        let link = match node {
            None => {
                let link = self.local.beside(sink);
                link.start(request);
                Beside::Local(link)
            }
            Some(node) => {
                let link = self.ssh.beside(sink);
                link.start(node, request);
                Beside::Ssh(link)
            }
        };
        Run { link, execution: self.execution, end: Some(end) }
    }
}

/// A link for one command.
#[derive(Clone)]
enum Beside {
    Local(LocalLink),
    Ssh(SshLink),
}

impl Beside {
    fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool {
        match self {
            Self::Local(link) => link.signal(execution, signal),
            Self::Ssh(link) => link.signal(execution, signal),
        }
    }
}

/// A command under way; dropped, it is told to end.
struct Run {
    link: Beside,
    execution: ExecutionId,
    end: Option<oneshot::Receiver<RunEnd>>,
}

impl Run {
    /// Waits for its end, and ends it when it takes too long.
    async fn wait(mut self, timeout: Duration) -> Result<(), String> {
        let unseen = || "its end was not seen".to_owned();
        let Some(mut end) = self.end.take() else { return Err(unseen()) };
        let (late, ended) = match tokio::time::timeout(timeout, &mut end).await {
            Ok(ended) => (false, ended),
            Err(_) => {
                self.link.signal(self.execution, StopSignal::Terminate);
                if let Ok(ended) = tokio::time::timeout(GRACE, &mut end).await {
                    (true, ended)
                } else {
                    self.link.signal(self.execution, StopSignal::Kill);
                    (true, end.await)
                }
            }
        };
        let ended = ended.map_err(|_| unseen())?;
        match ended.error {
            _ if late => Err(format!("timed out after {} s", timeout.as_secs_f64())),
            _ if ended.end.is_success() => Ok(()),
            Some(error) => Err(error),
            None => Err(told(ended.end)),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.link.signal(self.execution, StopSignal::Terminate) {
            let (link, execution) = (self.link.clone(), self.execution);
            tokio::spawn(async move {
                tokio::time::sleep(GRACE).await;
                link.signal(execution, StopSignal::Kill);
            });
        }
    }
}

fn told(end: station_core::model::End) -> String {
    use station_core::model::End;
    match end {
        End::Exit(code) => format!("exited with status {code}"),
        End::Signal(signal) => format!("ended by signal {signal}"),
        End::NotStarted => "could not be started".to_owned(),
        End::Unknown | End::Done | End::Failed => "it is not known how it ended".to_owned(),
    }
}

/// Puts a command's output into the transcript, and tells of its end.
struct Collector {
    lines: Lines,
    ended: Mutex<Option<oneshot::Sender<RunEnd>>>,
}

impl RunSink for Collector {
    fn send(&self, _: ExecutionId, event: RunEvent) {
        let chunks = match event {
            RunEvent::Output { chunks, stored } => {
                // Nobody waits for it when its run is over.
                stored.send(()).ok();
                chunks
            }
            RunEvent::Ended(mut end) => {
                let chunks = std::mem::take(&mut end.chunks);
                let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
                self.put(chunks);
                if let Some(ended) = ended {
                    ended.send(end).ok();
                }
                return;
            }
            RunEvent::Started(_) | RunEvent::Idle => return,
        };
        self.put(chunks);
    }
}

impl Collector {
    fn put(&self, chunks: Vec<station_core::model::OutputChunk>) {
        for chunk in chunks {
            self.lines.put(chunk.stream, String::from_utf8_lossy(&chunk.bytes).into_owned());
        }
    }
}
