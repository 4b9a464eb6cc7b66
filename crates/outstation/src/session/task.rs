//! The task of a session: it owns the sockets, the links, and what is under way, and sleeps in one place.
//!
//! ```text
//!  a request, octets, room in a socket, or the one timer wakes it
//!     ▼
//!  requests ─▶ deadlines ─▶ connections, reads: frames ─▶ link ─▶ ASDUs ─▶ values, work
//!     ▼
//!  choose a line ─▶ upkeep ─▶ work: ASDUs ─▶ link ─▶ one write ─▶ arm the timer ─▶ sleep
//! ```
//!
//! Of two lines one is started; the other is only tested, and is started when the first is lost.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use station_core::model::OutstationTls;
use station_wire::iec104::link::{Params, Received, State};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::event::{Event, Status};
use super::intake::Intake;
use super::line::{Line, Lost, READ};
use super::path::{Path, Phase};
use super::{Request, Shared};

/// How long the preferred address alone is waited for at first.
const HEAD_START: Duration = Duration::from_secs(1);
/// How long an outstation may take to confirm that the data transfer stops when a session is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection that stood for so long is made again soon when it is lost, also if it was only tested.
const LASTING: Duration = Duration::from_secs(60);

pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) requests: UnboundedReceiver<Request>,
    pub(super) status: watch::Sender<Status>,
    pub(super) params: Params,
    pub(super) tls: Option<OutstationTls>,
    pub(super) paths: Vec<Path>,
    pub(super) intake: Intake,
    /// Which path's link is started, or being started or stopped.
    active: Option<usize>,
    /// The path that is started only if there is no other: it was switched away from.
    shunned: Option<usize>,
    lines: u64,
    closing: Option<Duration>,
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

    fn now(&self) -> Duration {
        self.shared.now()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared.counters.woke();
        loop {
            self.take_requests(cx);
            self.on_deadlines();
            for index in 0..self.paths.len() {
                self.poll_path(index, cx);
            }
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
                Some(Request::Ask(ask, trace, reply)) => self.intake.work.ask(ask, trace, reply),
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

    fn switch_over(&mut self, now: Duration) {
        let stand = self.paths.iter().filter(|path| matches!(path.phase, Phase::Up(_))).count();
        if stand < 2 {
            return;
        }
        self.shunned = self.active;
        if let Some(line) = self.active_line() {
            line.link.stop(now);
        }
    }

    fn active_line(&mut self) -> Option<&mut Line> {
        self.paths.get_mut(self.active?)?.line()
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
        if started {
            path.proved();
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

    /// Data is not transferred any more.
    fn pause(&mut self, why: &str) {
        let now = self.now();
        self.intake.link_down(now, why);
        self.status.send_modify(|status| status.why = Some(why.to_owned()));
    }

    /// Shows how the session stands now.
    fn show(&mut self) {
        let (mut up, mut standby) = (None, None);
        for path in &self.paths {
            match &path.phase {
                Phase::Up(line) if line.link.state() == State::Started => up = Some(&line.about),
                Phase::Up(line) if line.link.state() == State::Stopped => {
                    standby = Some(&line.about)
                }
                Phase::Up(_) | Phase::Waiting { .. } | Phase::Connecting(_) => {}
            }
        }
        let (up, standby) = (up.cloned(), standby.cloned());
        let new = standby.clone().filter(|_| self.status.borrow().standby != standby);
        self.status.send_if_modified(|status| {
            let changed = (&status.up, &status.standby) != (&up, &standby);
            status.why = status.why.take().filter(|_| up.is_none());
            status.up = up;
            status.standby = standby;
            changed
        });
        if let Some(standby) = new {
            self.intake.tell(Event::Standby(standby));
        }
    }

    /// Gives a connection up.
    fn lose(&mut self, index: usize, lost: Lost) {
        let now = self.now();
        let Some(path) = self.paths.get_mut(index) else { return };
        let Some(line) = path.line() else { return };
        let (connection, counts) = (Arc::clone(&line.about), line.counts);
        let was_active = self.active == Some(index);
        let stood = now.saturating_sub(line.made);
        if stood >= LASTING {
            path.proved();
        }
        path.failures = path.failures.saturating_add(1);
        // Its socket is closed with it.
        path.wait(now);
        self.shared.counters.add(counts);
        if was_active {
            self.active = None;
            self.pause(&lost.why);
        }
        let (why, security) = (lost.why, lost.security);
        self.intake.tell(Event::Down { connection, was_active, why, security });
        self.show();
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

    /// Starts a line when none is: the first that stands, and at the very beginning rather the preferred.
    fn choose(&mut self, now: Duration) {
        if self.active.is_some() || self.closing.is_some() {
            return;
        }
        let awaited = now < HEAD_START
            && self.paths.first().is_some_and(|path| matches!(path.phase, Phase::Connecting(_)));
        if awaited {
            return;
        }
        let shunned = self.shunned;
        let usable = |(index, path): (usize, &mut Path)| {
            path.line().is_some_and(|line| line.link.state() == State::Stopped).then_some(index)
        };
        let usable: Vec<usize> = self.paths.iter_mut().enumerate().filter_map(usable).collect();
        let chosen = usable.iter().find(|index| Some(**index) != shunned).or(usable.first());
        self.active = chosen.copied();
        if let Some(line) = self.active_line() {
            line.link.start(now);
            self.show();
        }
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
