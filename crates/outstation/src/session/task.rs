//! The task of a session: it owns the sockets, the links, and what is under way, and sleeps in one place.
//!
//! ```text
//!  a request, octets, room in a socket, or the one timer wakes it
//!     ▼
//!  requests ─▶ connections, reads: frames ─▶ link ─▶ ASDUs ─▶ values, work ─▶ deadlines
//!     ▼
//!  choose a line ─▶ upkeep ─▶ work: ASDUs ─▶ link ─▶ one write ─▶ arm the timer ─▶ sleep
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use station_core::model::OutstationTls;
use station_wire::iec104::link::{Params, Received};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::event::{Event, Status};
use super::intake::Intake;
use super::line::{Line, Lost, READ};
use super::path::{Path, Phase};
use super::redundant::HEAD_START;
use super::{Request, Shared};

/// How long an outstation may take to confirm that the data transfer stops when a session is closed.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) requests: UnboundedReceiver<Request>,
    pub(super) status: watch::Sender<Status>,
    pub(super) params: Params,
    pub(super) tls: Option<OutstationTls>,
    pub(super) paths: Vec<Path>,
    pub(super) intake: Intake,
    /// Which path's link is started, or being started or stopped.
    pub(super) active: Option<usize>,
    /// The path that is started only if there is no other: it was switched away from.
    pub(super) shunned: Option<usize>,
    lines: u64,
    pub(super) closing: Option<Duration>,
    timer: Pin<Box<Sleep>>,
    armed: Option<Duration>,
    buffer: Box<[u8]>,
}

impl Task {
    pub(super) fn new(
        shared: Arc<Shared>,
        requests: UnboundedReceiver<Request>,
        status: watch::Sender<Status>,
        (params, tls): (Params, Option<OutstationTls>),
        paths: Vec<Path>,
        intake: Intake,
    ) -> Self {
        Self {
            timer: Box::pin(tokio::time::sleep_until(shared.origin)),
            shared,
            requests,
            status,
            params,
            tls,
            paths,
            intake,
            active: None,
            shunned: None,
            lines: 0,
            closing: None,
            armed: None,
            buffer: vec![0; READ].into_boxed_slice(),
        }
    }

    /// Runs until the session is closed, or nobody holds it any more.
    pub(super) async fn run(mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
        let now = self.now();
        let closed = "the session was closed";
        self.intake.link_down(now, closed);
        for index in 0..self.paths.len() {
            self.lose(index, Lost::because(closed));
        }
        self.status.send_replace(Status { is_closed: true, ..Status::default() });
    }

    pub(super) fn now(&self) -> Duration {
        self.shared.now()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared.counters.woke();
        loop {
            self.take_requests(cx);
            for index in 0..self.paths.len() {
                self.poll_path(index, cx);
            }
            // What has come in time counts, however late it is read.
            self.on_deadlines();
            self.send(cx);
            if self.is_closed() {
                return Poll::Ready(());
            }
            if self.sleep(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn take_requests(&mut self, cx: &mut Context<'_>) {
        if self.closing.is_some() {
            return;
        }
        while let Poll::Ready(request) = self.requests.poll_recv(cx) {
            let now = self.now();
            match request {
                Some(Request::Command(order, reply)) => self.intake.work.order(*order, reply, now),
                Some(Request::Ask(ask, trace, recheck, reply)) => {
                    self.intake.work.ask(ask, (trace, recheck), reply);
                }
                Some(Request::ClockDone(was_set)) => self.intake.upkeep.clock_done(was_set, now),
                Some(Request::SwitchOver) => self.switch_over(now),
                Some(Request::Close) | None => {
                    self.closing = Some(now + FAREWELL);
                    self.intake.link_down(now, "the session was closed");
                    if let Some(line) = self.active_line() {
                        line.link.stop(now);
                    }
                    return;
                }
            }
        }
    }

    /// Whether the session was closed, and has said so to the outstation or cannot.
    fn is_closed(&mut self) -> bool {
        let now = self.now();
        self.closing.is_some_and(|until| until <= now || self.active.is_none())
    }

    fn on_deadlines(&mut self) {
        let now = self.now();
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        for index in 0..self.paths.len() {
            let Some(line) = self.paths.get_mut(index).and_then(Path::line) else { continue };
            if line.write_by.is_some_and(|until| until <= now) {
                let why =
                    "the socket took a command too slowly: it expired before it was sent whole";
                self.lose(index, Lost::because(why));
            } else if line.link.deadline().is_some_and(|deadline| deadline <= now)
                && let Err(error) = line.link.on_deadline(now)
            {
                self.lose(index, Lost::because(error.to_string()));
            }
        }
        self.intake.work.on_deadline(now);
    }

    fn poll_path(&mut self, index: usize, cx: &mut Context<'_>) {
        let now = self.now();
        if self.closing.is_none()
            && let Some(path) = self.paths.get_mut(index)
            && let Poll::Ready(made) = path.poll_connect(cx, now)
        {
            match made {
                Ok(made) => {
                    self.lines += 1;
                    let tap = Arc::clone(&self.shared.tap);
                    let line = Line::new(self.lines, made, self.params, tap, self.shared.now());
                    self.shared.counters.connected();
                    path.phase = Phase::Up(Box::new(line));
                    if self.active.is_some() {
                        self.show();
                    }
                }
                Err(failure) => {
                    path.failures = path.failures.saturating_add(1);
                    path.wait(now);
                    let (attempts, endpoint) = (path.failures, path.dial.endpoint.clone());
                    self.status.send_modify(|status| status.why = Some(failure.why.clone()));
                    let (why, security) = (failure.why, failure.security);
                    self.intake.tell(Event::Unreachable { endpoint, why, security, attempts });
                }
            }
        }
        while let Poll::Ready(read) = self.poll_read(index, cx) {
            let flushed = match read {
                Ok(()) => self.flush(index, cx),
                Err(lost) => Err(lost),
            };
            if let Err(lost) = flushed {
                self.lose(index, lost);
                return;
            }
        }
    }

    /// Reads once, and does what the frames ask for.
    fn poll_read(&mut self, index: usize, cx: &mut Context<'_>) -> Poll<Result<(), Lost>> {
        let Some(path) = self.paths.get_mut(index) else { return Poll::Pending };
        let Phase::Up(line) = &mut path.phase else { return Poll::Pending };
        let octets = match line.poll_read(cx, &mut self.buffer, self.tls.as_ref()) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(lost)) => return Poll::Ready(Err(lost)),
            Poll::Ready(Ok(octets)) => octets,
        };
        let (now, number) = (self.shared.now(), line.number);
        let about = Arc::clone(&line.about);
        let (mut started, mut stopped) = (false, false);
        self.intake.begin(now);
        let received = line.receive(octets, now, |received, seen| match received {
            Received::Asdu(asdu) => self.intake.take(asdu, seen, &about),
            Received::Started => started = true,
            Received::Stopped => stopped = true,
            Received::Nothing => {}
        });
        self.intake.end();
        if let Some(why) = self.intake.fault.take() {
            return Poll::Ready(Err(Lost::because(why)));
        }
        if started {
            path.started();
            self.shunned = None;
            self.intake.work.link_up(&about, number);
            self.intake.upkeep.begin(now);
            self.intake.tell(Event::Up(about));
            self.show();
        } else if stopped && self.active == Some(index) {
            self.active = None;
            self.pause("the data transfer was stopped to switch over");
            self.show();
        }
        Poll::Ready(received)
    }

    /// Sends what there is to send, until there is nothing more.
    fn send(&mut self, cx: &mut Context<'_>) {
        loop {
            let now = self.now();
            self.choose(now);
            self.intake.keep_up(now);
            let active =
                self.active.and_then(|index| self.paths.get_mut(index)).and_then(Path::line);
            self.intake.work.step(active);
            let mut was_lost = false;
            for index in 0..self.paths.len() {
                if let Err(lost) = self.flush(index, cx) {
                    self.lose(index, lost);
                    was_lost = true;
                }
            }
            if !was_lost {
                return;
            }
        }
    }

    fn flush(&mut self, index: usize, cx: &mut Context<'_>) -> Result<(), Lost> {
        let Some(line) = self.paths.get_mut(index).and_then(Path::line) else { return Ok(()) };
        let flushed = line.flush(cx);
        self.shared.counters.add(std::mem::take(&mut line.counts));
        flushed
    }

    /// When something is due.
    fn deadline(&self) -> Option<Duration> {
        let waiting = self.closing.is_none();
        let paths = self.paths.iter().filter(|path| waiting || matches!(path.phase, Phase::Up(_)));
        let head_start = (self.active.is_none() && self.paths.len() > 1).then_some(HEAD_START);
        let head_start = head_start.filter(|until| self.now() < *until);
        let upkeep = self.intake.upkeep.deadline();
        paths
            .filter_map(Path::deadline)
            .chain(
                [self.intake.work.deadline(), self.closing, upkeep, head_start]
                    .into_iter()
                    .flatten(),
            )
            .min()
    }

    /// Arms the timer. It is ready when something is due already. A timer that is set too early is left
    /// as it is: deadlines mostly move on, and to wake once in vain is cheaper than to set it each time.
    fn sleep(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(deadline) = self.deadline() else { return Poll::Pending };
            if self.armed.is_none_or(|armed| deadline < armed) {
                let at = self.shared.origin.checked_add(deadline);
                self.timer.as_mut().reset(at.unwrap_or_else(far_away));
                self.armed = Some(deadline);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.armed = None;
            if deadline <= self.now() {
                return Poll::Ready(());
            }
        }
    }
}

/// A year from now, for what is due beyond what the clock can say.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(365 * 24 * 3600)
}
