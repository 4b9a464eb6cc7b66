//! Watches one run on a node to its end: output, input, idleness and being told to stop.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use station_core::model::{ProcessRecord, Stream};
use station_remote::{Ended, Read, Running};
use tokio::time::Instant;

use crate::link::flow::Flow;
use crate::link::lazy_timer::LazyTimer;
use crate::link::live::Live;
use crate::port::StopSignal;

/// The writing of a command's input.
pub(super) type Input = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Everything about a run that is going on.
pub(super) struct Watch {
    flow: Flow,
    live: Arc<Live>,
    running: Running,
    input: Option<Input>,
    timer: LazyTimer,
    /// The strongest signal that was passed on.
    obeyed: Option<StopSignal>,
    kill_timeout: Duration,
    /// When a killed run is given up.
    give_up_at: Option<Instant>,
}

/// What happened.
enum Event {
    Asked(StopSignal),
    Stored,
    Written,
    Read(Read),
    Timer,
}

impl Watch {
    /// That of a command that runs.
    pub(super) fn new(
        flow: Flow,
        live: Arc<Live>,
        running: Running,
        input: Option<Input>,
        kill_timeout: Duration,
    ) -> Self {
        let timer = LazyTimer::default();
        let (obeyed, give_up_at) = (None, None);
        Self { flow, live, running, input, timer, obeyed, kill_timeout, give_up_at }
    }

    /// Resolves when the command is over and its output read; `None` when it was killed and does not
    /// tell of its end.
    pub(super) async fn until_over(&mut self) -> Option<Ended> {
        loop {
            let event = self.next().await;
            let now = Instant::now();
            match event {
                Event::Asked(signal) => self.obey(signal, now),
                Event::Stored => self.flow.stored(),
                Event::Written => self.input = None,
                Event::Read(Read::Stdout(count)) => self.took(Stream::Stdout, count, now),
                Event::Read(Read::Stderr(count)) => self.took(Stream::Stderr, count, now),
                Event::Read(Read::Ended(ended)) => return Some(ended),
                Event::Timer => {}
            }
            if self.give_up_at.is_some_and(|at| at <= now) {
                return None;
            }
            self.flow.flush(now);
            self.flow.introduce(now, || record(&self.running));
            self.flow.tell_idle(now, false);
        }
    }

    /// What is not sent yet. What is still there of the command is given up to its guard.
    pub(super) fn into_flow(self) -> Flow {
        self.flow
    }

    /// Waits for whatever comes first. All futures are kept until one is ready, since none need
    /// remember who waits for it once it is dropped.
    async fn next(&mut self) -> Event {
        let deadline = self.deadline();
        // After a kill everything is read, for the end to come; the capture is bounded by itself.
        let may_read = self.obeyed == Some(StopSignal::Kill) || !self.flow.is_full();
        let Self { flow, live, running, input, timer, obeyed, .. } = self;
        let (room, sent) = flow.split();
        let mut read = pin!(running.read(room));
        poll_fn(|cx| {
            if let Some(signal) = live.asked(cx.waker())
                && *obeyed != Some(signal)
            {
                return Poll::Ready(Event::Asked(signal));
            }
            if sent.poll_stored(cx).is_ready() {
                return Poll::Ready(Event::Stored);
            }
            if let Some(input) = input
                && input.as_mut().poll(cx).is_ready()
            {
                return Poll::Ready(Event::Written);
            }
            if may_read && let Poll::Ready(read) = read.as_mut().poll(cx) {
                return Poll::Ready(Event::Read(read));
            }
            timer.poll(cx, deadline).map(|()| Event::Timer)
        })
        .await
    }

    fn obey(&mut self, signal: StopSignal, now: Instant) {
        self.obeyed = Some(signal);
        match signal {
            StopSignal::Terminate => self.running.terminate(),
            StopSignal::Kill => {
                self.give_up_at = Some(now + self.kill_timeout);
                self.running.kill();
            }
        }
    }

    fn took(&mut self, stream: Stream, count: usize, now: Instant) {
        self.flow.took(stream, count);
        self.flow.has_read(now);
    }

    fn deadline(&self) -> Option<Instant> {
        [self.flow.deadline(false), self.give_up_at].into_iter().flatten().min()
    }
}

/// Where it runs; `None` when nobody could end it there.
fn record(running: &Running) -> Option<ProcessRecord> {
    running.process().map(|process| ProcessRecord {
        pid: process.group,
        start_ticks: 0,
        boot_id: String::new(),
        mark: Some(process.mark.clone()),
    })
}
