//! The end of a command: what its guard and its channel tell, how long is waited for the rest of its
//! output, and the proof that nothing of it is left.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use station_core::model::{Kill, Remains};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{End, Ended, RemoteProcess};
use crate::channel::ChannelEnd;
use crate::client::Client;
use crate::failure::{Failure, FailureKind};
use crate::guard::Age;
use crate::request::Guard;
use crate::route::Route;
use crate::sweep::{Look, look};

/// How long the end of a channel is waited for after SIGKILL, and after the grace.
const AFTER_KILL: Duration = Duration::from_secs(3);
/// How long a connection for the proof may take.
const PROOF_CONNECT: Duration = Duration::from_secs(5);
/// How much is read at most from pipes that are about to be given up.
const LAST_BYTES: usize = 4 << 20;
/// The highest number of a signal.
const LAST_SIGNAL: i32 = 64;

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What is needed for another look at the command's host.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) route: Route,
    pub(super) connect: Duration,
    pub(super) sudo: bool,
}

/// How a command ends.
pub(super) struct Ending {
    place: Place,
    process: Option<RemoteProcess>,
    /// `None`: it has no guard.
    guard: Option<Guard>,
    leak: Duration,
    channel: Option<Later<ChannelEnd>>,
    closed: Option<ChannelEnd>,
    /// What the guard has told.
    status: Option<i32>,
    terminated: bool,
    killed: bool,
    leaked: bool,
    /// When the rest is given up, and the timer for it.
    until: Option<(Instant, Pin<Box<Sleep>>)>,
    /// How much was read since then.
    late: usize,
    proof: Option<Later<Remains>>,
    ended: Option<Ended>,
}

impl Ending {
    pub(super) fn new(
        place: Place,
        process: Option<RemoteProcess>,
        (guard, leak): (Option<Guard>, Duration),
        channel: Later<ChannelEnd>,
    ) -> Self {
        Self {
            place,
            process,
            guard,
            leak,
            channel: Some(channel),
            closed: None,
            status: None,
            terminated: false,
            killed: false,
            leaked: false,
            until: None,
            late: 0,
            proof: None,
            ended: None,
        }
    }

    /// Takes note of a mark's word; others than the status are not for now.
    pub(super) fn hear(&mut self, word: &str) {
        if let Some(status) = word.strip_prefix("rc=").and_then(|text| text.parse().ok()) {
            self.status = Some(status);
            self.expect_end();
        }
    }

    /// Takes note that it was told to end.
    pub(super) fn stop(&mut self, kill: bool) {
        self.terminated = true;
        self.killed |= kill;
        if self.guard.is_none() {
            self.channel = None;
            self.set_until(Duration::ZERO);
        } else if kill {
            self.set_until(AFTER_KILL);
        } else if self.status.is_some() {
            self.expect_end();
        }
    }

    /// Whether its guard has told how it ended.
    pub(super) fn has_status(&self) -> bool {
        self.status.is_some()
    }

    /// Whether the end has been told.
    pub(super) fn is_told(&self) -> bool {
        self.ended.is_some() || self.proof.is_some()
    }

    /// Asks the channel whether it has ended.
    pub(super) fn poll_channel(&mut self, cx: &mut Context<'_>) {
        if let Some(channel) = &mut self.channel
            && let Poll::Ready(end) = channel.as_mut().poll(cx)
        {
            self.closed = Some(end);
            self.channel = None;
            self.set_until(self.leak);
        }
    }

    /// Whether the pipes are read no longer: their time is over, and what lay in them is read.
    pub(super) fn gives_up(&mut self) -> bool {
        if self.late < LAST_BYTES {
            return false;
        }
        self.leaked = self.status.is_some();
        self.channel = None;
        true
    }

    /// Takes note of bytes that were read.
    pub(super) fn drained(&mut self, count: usize) {
        if self.until.as_ref().is_some_and(|(at, _)| *at <= Instant::now()) {
            self.late += count;
        }
    }

    /// Whether all is over: the pipes are closed and so is the channel, or they are given up.
    pub(super) fn is_over(&mut self, closed: bool, cx: &mut Context<'_>) -> bool {
        if self.ended.is_some() || self.proof.is_some() {
            return true;
        }
        let quiet = closed && self.channel.is_none();
        if !quiet && self.is_late(cx) {
            self.leaked = self.status.is_some() && !closed;
            self.channel = None;
            return true;
        }
        quiet
    }

    /// The end; first, where it was stopped or lost, the proof.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let Some(ended) = &self.ended {
            return Poll::Ready(ended.clone());
        }
        let (mut end, mut failure) = self.end();
        let kill =
            if self.terminated || end == End::Unknown { ready!(self.poll_proof(cx)) } else { None };
        if self.killed && self.status.is_none() && kill == Some(Kill::Killed) {
            (end, failure) = (End::Signal(libc::SIGKILL), None);
        }
        let ended = Ended { end, kill, failure, leaked: self.leaked };
        self.ended = Some(ended.clone());
        self.proof = None;
        Poll::Ready(ended)
    }

    /// Looks for what is left, and ends it.
    fn poll_proof(&mut self, cx: &mut Context<'_>) -> Poll<Option<Kill>> {
        let (Some(process), Some(guard)) = (&self.process, self.guard) else {
            return Poll::Ready(Some(Kill::Unsupported));
        };
        let proof = self.proof.get_or_insert_with(|| {
            let Place { client, route, connect, sudo } = self.place.clone();
            let what = Look {
                process: process.clone(),
                grace: if self.terminated { 0 } else { guard.seconds() },
                age: match self.closed {
                    Some(ChannelEnd::Lost(_)) => Age::Cut,
                    Some(ChannelEnd::Exit(_)) | None => Age::Fresh,
                },
                sudo,
                connect: connect.min(PROOF_CONNECT),
            };
            Box::pin(async move { look(&client, &route, &what).await })
        });
        Poll::Ready(Some(match ready!(proof.as_mut().poll(cx)) {
            Remains::Nothing | Remains::Ended => Kill::Killed,
            Remains::Left => Kill::KillFailed,
            Remains::Unsupported => Kill::Unsupported,
            Remains::Unknown(reason) => {
                tracing::debug!(reason, "whether anything is left is not known");
                Kill::Unknown
            }
        }))
    }

    fn end(&self) -> (End, Option<Failure>) {
        let address = &self.place.route.address;
        match (self.status, &self.closed) {
            (Some(status), _) => (ended_with(status), None),
            (None, Some(ChannelEnd::Lost(failure))) => (End::Unknown, Some(failure.clone())),
            (None, Some(ChannelEnd::Exit(code))) if self.guard.is_none() => {
                (End::Exit(*code), None)
            }
            (None, Some(ChannelEnd::Exit(code))) => {
                let message = format!(
                    "{address}: the guard was ended before it told how the command did (status {code})"
                );
                (End::Unknown, Some(Failure::new(FailureKind::Lost, message)))
            }
            (None, None) => {
                let message = format!("{address}: the connection was ended before the command");
                (End::Unknown, Some(Failure::new(FailureKind::Lost, message)))
            }
        }
    }

    /// From now on the end of everything is waited for, no longer than is due to it: after a stop the
    /// guard gives what is left of the group its grace.
    fn expect_end(&mut self) {
        let grace = self.guard.filter(|_| self.terminated && !self.killed);
        let span =
            grace.map_or(self.leak, |guard| AFTER_KILL + Duration::from_secs(guard.seconds()));
        self.set_until(span);
    }

    fn set_until(&mut self, span: Duration) {
        let at = Instant::now() + span;
        self.until = Some((at, Box::pin(sleep_until(at))));
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        self.until.as_mut().is_some_and(|(_, timer)| timer.as_mut().poll(cx).is_ready())
    }
}

/// What a shell's status says: 128 and more is a signal, for ksh 256 and more.
fn ended_with(status: i32) -> End {
    match (status - 128, status - 256) {
        (signal @ 1..=LAST_SIGNAL, _) | (_, signal @ 1..=LAST_SIGNAL) => End::Signal(signal),
        _ => End::Exit(status),
    }
}
