//! Drives one command from the call to its end.

use std::sync::Arc;
use std::time::Duration;

use station_core::model::Stream;
use tokio::time::Instant;

use super::input::Input;
use super::options::RexecOptions;
use super::outcome::{Outcome, Stopped};
use super::timers::{Due, Timers, until};
use super::{Session, never, repeat};
use crate::failure::{Failure, FailureKind};
use crate::lines::{Line, Lines};
use crate::request::{Guard, Request};
use crate::running::{End, Ended, Read, Running};
use crate::sink::{LineSink, Source, TracingSink};

/// How much is read at once.
const CHUNK: usize = 256 << 10;
/// How long sinks may hold up the end of a command that was stopped.
const LAST_LINES: Duration = Duration::from_secs(10);

pub(super) struct Drive<'a> {
    session: &'a Session,
    request: Request,
    options: RexecOptions,
    source: Source,
    sinks: Vec<Arc<dyn LineSink>>,
    begun: Instant,
    stopped: Option<Stopped>,
}

impl<'a> Drive<'a> {
    pub(super) fn new(
        session: &'a Session,
        command: String,
        mut options: RexecOptions,
        begun: Instant,
    ) -> Self {
        let place = &session.place;
        let mut sinks = place.sinks.clone();
        if !place.silent {
            sinks.push(Arc::new(TracingSink));
        }
        sinks.append(&mut options.sinks);
        let source = Source { node: Arc::clone(&place.name), command: command.as_str().into() };
        let text = match options.repeat {
            Some(pause) => repeat::looped(&command, pause),
            None => command,
        };
        let request = Request {
            env: std::mem::take(&mut options.env),
            directory: options.directory.take(),
            stdin: !options.input.is_empty(),
            sudo: options.sudo,
            guard: place.guard.then_some(Guard { grace: options.timeouts.grace }),
            connect_timeout: options.timeouts.connect,
            ..Request::new(text)
        };
        Self { session, request, options, source, sinks, begun, stopped: None }
    }

    /// Runs it to its end.
    pub(super) async fn run(mut self) -> Outcome {
        let mut running = match self.start().await {
            Ok(running) => running,
            Err(outcome) => return outcome,
        };
        let process = running.process().cloned();
        let ended = self.read(&mut running).await;
        Outcome {
            end: ended.end,
            stopped: self.stopped,
            kill: ended.kill,
            failure: ended.failure,
            leaked: ended.leaked,
            process,
            took: self.begun.elapsed(),
        }
    }

    /// Starts it, within its time limits.
    async fn start(&self) -> Result<Running, Outcome> {
        let place = &self.session.place;
        let limits = &self.options.timeouts;
        let start = place.client.start(&place.route, self.request.clone());
        let wall = limits.wall.and_then(|wall| self.begun.checked_add(wall));
        let connect = self.begun.checked_add(limits.connect);
        let stopped = tokio::select! {
            biased;
            why = self.asked() => why,
            started = start => return started.map_err(|failure| {
                let late = failure.kind == FailureKind::Timeout;
                Outcome {
                    stopped: late.then_some(Stopped::ConnectTimeout),
                    failure: Some(failure),
                    ..never(Stopped::ConnectTimeout, self.begun)
                }
            }),
            () = until(connect) => Stopped::ConnectTimeout,
            () = until(wall) => Stopped::WallTimeout,
        };
        let mut outcome = never(stopped, self.begun);
        if stopped.is_timeout() {
            let waited = outcome.took.as_secs_f64();
            let message = format!("{} did not answer within {waited:.1} s", place.route.address);
            outcome.failure = Some(Failure::new(FailureKind::Timeout, message));
        }
        Err(outcome)
    }

    /// Waits until somebody wants it to end.
    async fn asked(&self) -> Stopped {
        let cancelled = async {
            match &self.options.cancel {
                Some(cancel) => cancel.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.session.closed.cancelled() => Stopped::Closed,
            () = cancelled => Stopped::Cancelled,
        }
    }

    /// Reads it to its end, and ends it when it has to.
    async fn read(&mut self, running: &mut Running) -> Ended {
        let mut timers = Timers::new(&self.options.timeouts, self.begun, Instant::now());
        let mut out = Lines::new(Stream::Stdout, self.options.lines);
        let mut err = Lines::new(Stream::Stderr, self.options.lines);
        let mut buffer = Vec::with_capacity(CHUNK);
        let input = std::mem::take(&mut self.options.input);
        let mut feed = std::pin::pin!(Input::feed(input, running.take_stdin()));
        let (mut fed, mut full) = (false, false);
        let ended = loop {
            let next = timers.next();
            // Sinks first and silence last: a limit on silence must not fire over bytes unread.
            tokio::select! {
                biased;
                why = self.asked(), if timers.runs() => self.stop(why, running, &mut timers),
                () = until(next.map(|(at, _)| at)) => match next.map(|(_, due)| due) {
                    Some(Due::Stop(why)) => self.stop(why, running, &mut timers),
                    Some(Due::Kill) => {
                        running.kill();
                        timers.killed(Instant::now());
                    }
                    Some(Due::GiveUp) => break given_up(&self.session.place.route.address),
                    None => {}
                },
                () = &mut feed, if !fed => fed = true,
                () = ready(&self.sinks), if full => {
                    full = false;
                    timers.heard(Instant::now());
                }
                read = running.read(&mut buffer), if !full => {
                    match read {
                        Read::Stdout(_) => out.push(&buffer, &mut |line| self.tell(line)),
                        Read::Stderr(_) => err.push(&buffer, &mut |line| self.tell(line)),
                        Read::Ended(ended) => break ended,
                    }
                    self.session.last().results.push(&buffer);
                    buffer.clear();
                    full = !self.sinks.is_empty();
                    timers.heard(Instant::now());
                }
                () = until(timers.silent()), if !full => {
                    self.stop(Stopped::IdleTimeout, running, &mut timers);
                }
            }
        };
        out.finish(&mut |line| self.tell(line));
        err.finish(&mut |line| self.tell(line));
        self.settle().await;
        ended
    }

    fn stop(&mut self, why: Stopped, running: &mut Running, timers: &mut Timers) {
        self.stopped = Some(why);
        running.terminate();
        timers.stopped(Instant::now());
    }

    fn tell(&self, line: &Line<'_>) {
        for sink in &self.sinks {
            sink.line(&self.source, line);
        }
    }

    /// Waits until the sinks have taken the last lines; not for ever when it is to end.
    async fn settle(&self) {
        let hurried = async {
            if self.stopped.is_none() {
                self.asked().await;
            }
            tokio::time::sleep(LAST_LINES).await;
        };
        tokio::select! {
            biased;
            () = ready(&self.sinks) => {}
            () = hurried => {}
        }
    }
}

/// Waits until all sinks have room.
async fn ready(sinks: &[Arc<dyn LineSink>]) {
    for sink in sinks {
        sink.ready().await;
    }
}

/// The end of a command that was killed and is not seen to have ended.
fn given_up(address: &str) -> Ended {
    let message = format!("{address} does not say that the command has ended");
    Ended {
        end: End::Unknown,
        kill: Some(station_core::model::Kill::Unknown),
        failure: Some(Failure::new(FailureKind::Lost, message)),
        leaked: false,
    }
}
