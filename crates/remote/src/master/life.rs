//! The life of a master from the moment it takes commands.
//!
//! ```text
//! in use ⇄ unused ──(idle, retired, or too many)──▶ told to end ──▶ dead
//!    └──────────(connection lost, killed)────────────────────────────▲
//! ```

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::pool::Pool;
use super::process::{Process, in_words};
use crate::channel::ChannelEnd;
use crate::classify::{self, Peer};
use crate::failure::{Failure, FailureKind};
use crate::mux;
use crate::route::Route;

/// How long a master may take to end after it was told to, or to be gone after its sockets are.
const ENDING: Duration = Duration::from_secs(2);

/// A master that takes commands.
#[derive(Debug)]
pub(super) struct Master {
    pub(super) route: Arc<Route>,
    /// No other process of the client has it.
    pub(super) number: u64,
    pub(super) socket: PathBuf,
    stop: Notify,
    at_once: AtomicBool,
    /// Why it is dead.
    dead: watch::Sender<Option<Failure>>,
}

impl Master {
    pub(super) fn new(route: Arc<Route>, number: u64, socket: PathBuf) -> Self {
        let (stop, at_once) = (Notify::new(), AtomicBool::new(false));
        Self { route, number, socket, stop, at_once, dead: watch::Sender::new(None) }
    }

    /// Ends it, in order or at once.
    pub(super) fn stop(&self, at_once: bool) {
        self.at_once.fetch_or(at_once, Ordering::Relaxed);
        self.stop.notify_one();
    }

    /// How a command ended of which no exit status was told: by a signal if the master still is
    /// there, else with the connection.
    pub(super) async fn unexplained(&self) -> ChannelEnd {
        let mut dead = self.dead.subscribe();
        let known = dead.borrow().clone();
        if known.is_none() && mux::is_alive(&self.socket).await {
            return ChannelEnd::Exit(255);
        }
        let told = timeout(ENDING, dead.wait_for(Option::is_some)).await;
        let told = told.ok().and_then(Result::ok).and_then(|failure| failure.clone());
        ChannelEnd::Lost(told.unwrap_or_else(|| {
            let message = format!("the connection to {} was lost", self.route.address);
            Failure::new(FailureKind::Lost, message)
        }))
    }
}

/// Watches over it until it is dead.
pub(super) async fn live(pool: Weak<Pool>, master: Arc<Master>, mut process: Process) {
    let mut look = Instant::now();
    let status = loop {
        tokio::select! {
            status = process.child.wait() => break status,
            () = master.stop.notified() => break end(&master, &mut process).await,
            () = sleep_until(look) => match pool.upgrade().and_then(|pool| pool.rest(&master)) {
                Some(next) => look = next,
                None => break end(&master, &mut process).await,
            },
        }
    };
    let peer = Peer::Node(&master.route.address);
    let failure = classify::lost(peer, &process.log.read(), &in_words(&status));
    tracing::debug!(host = master.route.address, %failure, "a connection has ended");
    master.dead.send_replace(Some(failure));
    // One that was killed leaves its socket behind.
    drop(std::fs::remove_file(&master.socket));
    if let Some(pool) = pool.upgrade() {
        pool.dead(&master);
    }
}

/// Asks it to end, if that is in order, and ends it.
async fn end(master: &Master, process: &mut Process) -> io::Result<ExitStatus> {
    if !master.at_once.load(Ordering::Relaxed)
        && mux::terminate(&master.socket).await
        && let Ok(status) = timeout(ENDING, process.child.wait()).await
    {
        return status;
    }
    process.end().await;
    process.child.wait().await
}

impl Pool {
    /// When to look again whether a master is unused for too long; `None`: it is, and is retired.
    fn rest(&self, master: &Master) -> Option<Instant> {
        let mut seats = self.seats();
        let seat = seats.seat(master)?;
        let now = Instant::now();
        let until = if seat.used == 0 { seat.idle } else { now } + self.config.idle;
        if until > now {
            return Some(until);
        }
        seat.retired = true;
        None
    }

    fn dead(self: &Arc<Self>, master: &Master) {
        let mut seats = self.seats();
        let host = seats.host(&master.route);
        host.seats.retain(|seat| seat.master.number != master.number);
        seats.tidy(&master.route);
    }
}
