//! Watches one run with equipment to its end: its work, its transcript, and being told to stop.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use station_core::model::{End, Stream};
use station_instrument::work::{self, Stop, Stopper, WorkEnd, WorkOutcome};
use tokio::time::Instant;

use super::lines::{Line, Received, lines};
use super::stage::Stage;
use super::{FLUSH, InstrumentLink, work_of};
use crate::link::flow::{Flow, Limits};
use crate::link::lazy_timer::LazyTimer;
use crate::link::live::Live;
use crate::link::report::{Report, failed};
use crate::port::{OperateRequest, RunEnd, StopSignal};

/// How long the end of a killed run is awaited: as long as what follows its work may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What happened.
enum Event {
    Asked(StopSignal),
    Stored,
    Line(Line),
    Ended(WorkEnd),
    Timer,
}

/// Carries a run out and reports it.
pub(super) async fn run(link: InstrumentLink, live: Arc<Live>, mut request: OperateRequest) {
    let report = Report::new(Arc::clone(&link.runs), Arc::clone(&live), request.execution);
    let limits = Limits::new(request.cap, request.idle_timeout, FLUSH);
    let (lines, received) = lines();
    let stage = Stage::new(lines, link.commands(&mut request));
    let (stopper, stop) = Stop::new();
    let mut watch = Watch {
        flow: Flow::new(report, limits),
        live,
        lines: received,
        stopper,
        obeyed: None,
        give_up_at: None,
        timer: LazyTimer::default(),
    };
    let ended = {
        let mut doing = pin!(work::carry_out(&link.bench, work_of(request), Arc::new(stage), stop));
        watch.until_over(doing.as_mut()).await
    };
    watch.finish(ended).await;
}

struct Watch {
    flow: Flow,
    live: Arc<Live>,
    lines: Received,
    stopper: Stopper,
    obeyed: Option<StopSignal>,
    /// When a killed run is given up.
    give_up_at: Option<Instant>,
    timer: LazyTimer,
}

impl Watch {
    /// Resolves when the work is over; `None` when it was given up.
    async fn until_over<W>(&mut self, mut doing: Pin<&mut W>) -> Option<WorkEnd>
    where
        W: Future<Output = WorkEnd>,
    {
        loop {
            let event = self.next(doing.as_mut()).await;
            let now = Instant::now();
            match event {
                Event::Asked(signal) => {
                    self.obeyed = Some(signal);
                    self.stopper.ask();
                    // What follows the work is worth more than a quick end; it has its own limits.
                    let killed = signal == StopSignal::Kill;
                    self.give_up_at = self.give_up_at.or(killed.then(|| now + PATIENCE));
                }
                Event::Stored => self.flow.stored(),
                Event::Line((stream, line)) => {
                    self.flow.put(stream, line.as_bytes());
                    self.flow.has_read(now);
                }
                Event::Ended(end) => return Some(end),
                Event::Timer => {}
            }
            if self.give_up_at.is_some_and(|at| at <= now) {
                return None;
            }
            self.flow.flush(now);
            // There is no process to be found by a later daemon.
            self.flow.introduce(now, || None);
            self.flow.tell_idle(now, false);
        }
    }

    async fn next<W>(&mut self, mut doing: Pin<&mut W>) -> Event
    where
        W: Future<Output = WorkEnd>,
    {
        let deadlines = [self.flow.deadline(false), self.give_up_at];
        let deadline = deadlines.into_iter().flatten().min();
        let Self { flow, live, lines, obeyed, timer, .. } = self;
        let full = flow.is_full();
        let (_, sent) = flow.split();
        poll_fn(|cx| {
            if let Some(signal) = live.asked(cx.waker())
                && *obeyed != Some(signal)
            {
                return Poll::Ready(Event::Asked(signal));
            }
            if sent.poll_stored(cx).is_ready() {
                return Poll::Ready(Event::Stored);
            }
            // Before its lines: deadlines wait for nobody.
            if let Poll::Ready(end) = doing.as_mut().poll(cx) {
                return Poll::Ready(Event::Ended(end));
            }
            if !full && let Poll::Ready(Some(line)) = lines.poll_next(cx) {
                return Poll::Ready(Event::Line(line));
            }
            timer.poll(cx, deadline).map(|()| Event::Timer)
        })
        .await
    }

    async fn finish(mut self, ended: Option<WorkEnd>) {
        while let Some((stream, line)) = self.lines.next_now() {
            self.flow.put(stream, line.as_bytes());
        }
        let lost = self.lines.lost();
        if lost > 0 {
            let remark = format!("[… {lost} lines not kept: the store could not follow …]\n");
            self.flow.put(Stream::Station, remark.as_bytes());
        }
        let (report, chunks, output) = self.flow.finish().await;
        report.end(RunEnd { chunks, output, ..end_of(ended) });
    }
}

fn end_of(ended: Option<WorkEnd>) -> RunEnd {
    let Some(WorkEnd { outcome, error, result }) = ended else {
        let sentence = "it was killed where it stood: whether its equipment is in its safe state is \
                        not known";
        return failed(End::Unknown, sentence);
    };
    let end = match outcome {
        WorkOutcome::Done => End::Done,
        WorkOutcome::Failed => End::Failed,
        WorkOutcome::NotStarted => End::NotStarted,
        WorkOutcome::Unknown => End::Unknown,
    };
    let result = result.map(|value| value.to_string());
    RunEnd { error, result, ..failed(end, "") }
}
