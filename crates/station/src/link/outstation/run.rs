//! Watches one run with an outstation to its end: the desk's report, or being told to stop.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use station_core::audit::Actor;
use station_core::model::{Control, Stream};
use station_outstation::desk::{ControlRequest, Outstations, Recall, Refused, Report};

use super::told;
use crate::link::flow::{Flow, Limits};
use crate::link::live::Live;
use crate::link::report;
use crate::link::runs::Runs;
use crate::port::{CommandRequest, RunEnd, StopSignal};

/// What a desk answers.
type Answer = Result<Report, Refused>;

/// Carries a run out and reports it.
pub(super) async fn run(
    outstations: Outstations,
    runs: Arc<Runs>,
    live: Arc<Live>,
    request: CommandRequest,
) {
    let report = report::Report::new(runs, Arc::clone(&live), request.execution);
    // Its one line goes out with its end.
    let mut flow = Flow::new(report, Limits::new(request.cap, None, Duration::ZERO));
    let (place, recall) = (told::place(&request), Recall::default());
    let is_command = request.control.commanded().is_some();
    let answer = {
        let doing = pin!(outstations.control(asked(request, &recall)));
        until_over(doing, &live, &recall, is_command).await
    };
    let told = match answer {
        Some(Ok(report)) => told::of_report(&place, &report),
        Some(Err(refused)) => told::of_refusal(&place, &refused),
        None => told::of_given_up(&place, !is_command || recall.recall()),
    };
    flow.put(Stream::Stdout, told.line.as_bytes());
    let (report, chunks, output) = flow.finish().await;
    report.end(RunEnd {
        chunks,
        output,
        error: told.error,
        result: Some(told.result.to_string()),
        ..report::failed(told.end, "")
    });
}

/// What the desk is asked for.
fn asked(request: CommandRequest, recall: &Recall) -> ControlRequest {
    let CommandRequest { execution, control, outstation, by, expires, cap: _ } = request;
    let (reason, ticket) = match &control {
        Control::Write(write) => (write.reason.clone(), write.ticket.clone()),
        Control::Interrogate { .. }
        | Control::Counters { .. }
        | Control::Read { .. }
        | Control::SyncClock
        | Control::Test => (None, None),
    };
    let by = Actor {
        principal: Some(by),
        execution: Some(execution),
        reason,
        ticket,
        ..Actor::default()
    };
    ControlRequest {
        expires: Some(expires),
        job: Some(execution.job),
        recall: recall.clone(),
        ..ControlRequest::new(outstation, control, by)
    }
}

/// Resolves when the desk answers; `None` when that is not waited for any more. A command that was
/// sent is waited for until the run is killed: its outcome is worth more than a quick end.
async fn until_over<D>(
    mut doing: Pin<&mut D>,
    live: &Live,
    recall: &Recall,
    is_command: bool,
) -> Option<Answer>
where
    D: Future<Output = Answer>,
{
    poll_fn(|cx| {
        if let Some(signal) = live.asked(cx.waker()) {
            let _sent = recall.recall();
            if signal == StopSignal::Kill || !is_command {
                return Poll::Ready(None);
            }
        }
        doing.as_mut().poll(cx).map(Some)
    })
    .await
}
