//! Carries one run out on a node: connects, watches and reports its end.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use station_core::model::{End, Kill, Node, Usage};
use station_remote::{self as remote, Ended, Failure, FailureKind, Request, Route, Running};

use super::watch::{Input, Watch};
use super::{Shared, plan, route};
use crate::link::flow::{Flow, Limits};
use crate::link::live::Live;
use crate::link::report::{Report, failed};
use crate::port::{RunEnd, RunRequest};

/// Carries a run out and reports it.
pub(super) async fn run(shared: Arc<Shared>, live: Arc<Live>, node: Node, request: RunRequest) {
    let report = Report::new(Arc::clone(&shared.runs), Arc::clone(&live), request.execution);
    let wanted = match plan::plan(&shared.config, &node, &request) {
        Ok(wanted) => wanted,
        Err(sentence) => return report.end(failed(End::NotStarted, sentence)),
    };
    let mut running = match connect(&shared, &live, &route(&node), wanted).await {
        Some(Ok(running)) => running,
        Some(Err(failure)) => return report.end(not_started(failure)),
        None => {
            let sentence = "The run was stopped before its command was started.";
            return report.end(failed(End::NotStarted, sentence));
        }
    };
    let limits = Limits::new(request.cap, request.idle_timeout, shared.config.flush_interval);
    let input = input(&mut running, request.stdin);
    let flow = Flow::new(report, limits);
    let watch = Watch::new(flow, live, running, input, shared.config.kill_timeout);
    finish(&node, watch).await;
}

/// Starts the command; `None` when the run was asked to stop before it ran.
async fn connect(
    shared: &Shared,
    live: &Live,
    route: &Route,
    wanted: Request,
) -> Option<Result<Running, Failure>> {
    let mut start = pin!(shared.client().start(route, wanted));
    poll_fn(|cx| {
        if live.asked(cx.waker()).is_some() {
            return Poll::Ready(None);
        }
        start.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Writes what the command reads, while it is watched.
fn input(running: &mut Running, bytes: Option<Vec<u8>>) -> Option<Input> {
    let mut stdin = running.take_stdin()?;
    Some(Box::pin(async move {
        // Not to read it to its end is the command's own business.
        stdin.write_all(&bytes.unwrap_or_default()).await.ok();
    }))
}

/// Watches the run to its end and reports it.
async fn finish(node: &Node, mut watch: Watch) {
    let ended = watch.until_over().await;
    let flow = watch.into_flow();
    let (report, chunks, output) = flow.finish().await;
    let start = match ended {
        Some(ended) => end_of(node, ended),
        None => RunEnd {
            kill: Some(Kill::Unknown),
            ..failed(
                End::Unknown,
                format!("The command was killed, but '{}' did not tell of its end.", node.name),
            )
        },
    };
    report.end(RunEnd { chunks, output, ..start });
}

fn end_of(node: &Node, ended: Ended) -> RunEnd {
    let Ended { end, kill, failure, leaked, .. } = ended;
    let unknown = || format!("How the command ended on '{}' is not known.", node.name);
    let (end, error) = match end {
        remote::End::NeverStarted => {
            let none = || Failure::new(FailureKind::Other, "The command was not started.");
            return RunEnd { kill, leaked, ..not_started(failure.unwrap_or_else(none)) };
        }
        remote::End::Exit(code) => (End::Exit(code), None),
        remote::End::Signal(signal) => (End::Signal(signal), None),
        remote::End::Unknown => (End::Unknown, Some(unknown())),
    };
    let error = failure.map(|failure| failure.message).or(error);
    RunEnd { kill, leaked, error, usage: Usage::default(), ..failed(end, "") }
}

/// The end of a run whose command has not begun.
fn not_started(failure: Failure) -> RunEnd {
    let unreachable = is_unreachable(failure.kind);
    RunEnd { unreachable, ..failed(End::NotStarted, failure.message) }
}

/// Whether a failure before the start says something of the node or the way to it, rather than of
/// what was asked for or of this machine.
fn is_unreachable(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Resolve
        | FailureKind::Refused
        | FailureKind::NoRoute
        | FailureKind::Timeout
        | FailureKind::Auth
        | FailureKind::HostKeyUnknown
        | FailureKind::HostKeyChanged
        | FailureKind::Relay
        | FailureKind::Lost => true,
        // It was reached, but full, or its shell is none that takes a guard.
        FailureKind::Sessions | FailureKind::Other => false,
        FailureKind::Invalid | FailureKind::Local => false,
    }
}
