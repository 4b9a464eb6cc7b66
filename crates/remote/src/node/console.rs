//! Consoles: a stream of each node's kernel messages, for as long as it is wanted.
//!
//! The design this follows ends consoles with `pkill dmesg`, everybody's. Here a console is a
//! session like any other, ended by its own process group; and what earlier ones of this machine left,
//! because there was no guard to end it, is found by the mark in its environment (`clean`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use station_core::model::NodeKind;
use tokio::task::{JoinHandle, JoinSet};

use super::clean::{self, Owner};
use super::{Node, Place};
use crate::cancel::Cancel;
use crate::failure::{Failure, FailureKind};
use crate::session::{Outcome, RexecOptions, Session, Timeouts};

/// A console that is open. Dropped, it is ended without waiting.
#[derive(Debug)]
pub(super) struct Console {
    session: Arc<Session>,
    stream: JoinHandle<Outcome>,
}

impl Drop for Console {
    fn drop(&mut self) {
        self.stream.abort();
    }
}

impl Node {
    /// How long a console may take to be opened, and a clean-up to be done.
    pub const CONSOLE_TIMEOUT: Duration = Duration::from_secs(20);

    /// Opens a console on each SSH node that somebody holds and whose [`NodeBuilder::console`](super::NodeBuilder::console)
    /// is on, one for each way to a host, cleaning up first. Its lines go to the node's sinks and, unless
    /// the node or this call is silent, to the log. Returns, for each node that was tried, its name and
    /// whether its console runs; a console that is open already stays.
    pub async fn open_consoles(silent: bool) -> Vec<(String, Result<(), Failure>)> {
        let (mut seen, mut opening) = (BTreeSet::new(), JoinSet::new());
        for node in Self::instances() {
            let route = node.route();
            let wanted = node.about.console && route.kind == NodeKind::Ssh;
            if wanted && seen.insert(route.clone()) {
                let place = seen.len();
                opening.spawn(async move {
                    let opened = node.open_console(silent).await;
                    (place, node.name().to_owned(), opened)
                });
            }
        }
        let mut opened = opening.join_all().await;
        opened.sort_unstable_by_key(|(place, ..)| *place);
        opened.into_iter().map(|(_, name, opened)| (name, opened)).collect()
    }

    /// Closes the console of each node that somebody holds, and returns when they have ended there.
    pub async fn close_consoles() {
        let mut closing = JoinSet::new();
        for node in Self::instances() {
            closing.spawn(async move { node.close_console().await });
        }
        closing.join_all().await;
    }

    /// Opens this node's console, cleaning up first; returns when it has begun to run. One that is
    /// open already stays.
    ///
    /// # Errors
    /// When the node cannot be reached, or the console's command ends at once.
    pub async fn open_console(&self, silent: bool) -> Result<(), Failure> {
        let mut console = self.console.lock().await;
        if console.as_ref().is_some_and(|console| !console.stream.is_finished()) {
            return Ok(());
        }
        *console = None;
        self.clean().await?;
        *console = Some(open(&self.place, &self.about.console_command, silent).await?);
        Ok(())
    }

    /// Whether its console is open and running.
    pub async fn has_console(&self) -> bool {
        self.console.lock().await.as_ref().is_some_and(|console| !console.stream.is_finished())
    }

    /// Closes its console, and returns when that has ended on the node: how it ended, if one was
    /// open.
    pub async fn close_console(&self) -> Option<Outcome> {
        let console = self.console.lock().await.take()?;
        console.session.close().await;
        console.session.outcome()
    }

    /// Ends, on the node, consoles that this program or a program of this machine that is gone has
    /// left there; returns how many. Others' processes, and consoles that are in use, stay.
    ///
    /// # Errors
    /// When the node cannot be reached, or cannot look.
    pub async fn clean(&self) -> Result<usize, Failure> {
        let open = match self.console.try_lock() {
            Ok(console) => console.as_ref().is_some_and(|console| !console.stream.is_finished()),
            // Whoever holds it is opening one, and calls this before that.
            Err(_) => false,
        };
        if open { Ok(0) } else { clean::clean(&self.place).await }
    }
}

/// Starts the stream, and waits until its shell says that it runs.
async fn open(place: &Arc<Place>, command: &str, silent: bool) -> Result<Console, Failure> {
    let ready = Cancel::new();
    let seen = ready.clone();
    // The first line is the shell's own, right before it becomes the console.
    let begun = crate::sink::callback(move |_, line| {
        if line.raw == Owner::HELLO.as_bytes() {
            seen.cancel();
        }
    });
    let silent = place.silent || silent;
    let quiet = Arc::new(Place {
        name: Arc::clone(&place.name),
        route: place.route.clone(),
        client: place.client.clone(),
        guard: place.guard,
        silent,
        sinks: place.sinks.clone(),
    });
    let session = Arc::new(Session::new(quiet));
    let text = Owner::own().marked(command);
    let options = RexecOptions {
        timeouts: Timeouts::endless(),
        sinks: vec![begun],
        ..RexecOptions::default()
    };
    let running = Arc::clone(&session);
    let stream = tokio::spawn(async move { running.post_cmd(text, options).await });
    let mut console = Console { session, stream };
    tokio::select! {
        biased;
        () = ready.cancelled() => Ok(console),
        ended = &mut console.stream => Err(ended.map_or_else(
            |error| Failure::new(FailureKind::Local, format!("the console failed: {error}")),
            |outcome| outcome.failure.clone().unwrap_or_else(|| {
                let text = console.session.results().text();
                let last = text.lines().last().unwrap_or_default();
                let message = format!("the console of {} {outcome}: {last}", place.name);
                Failure::new(FailureKind::Other, message)
            }),
        )),
        () = tokio::time::sleep(Node::CONSOLE_TIMEOUT) => {
            let message = format!("the console of {} did not begin", place.name);
            Err(Failure::new(FailureKind::Timeout, message))
        }
    }
}
