//! Sessions: one command on a node at a time, its lines told as they come, its end awaited.
//!
//! A command is done when its process has exited, both of its pipes are at their end, and its last
//! lines were told. However it is stopped, by a time limit, a switch or [`Session::close`], its
//! process group on the node is ended first; what it put out is read to the end and kept. A future
//! of [`Session::post_cmd`] that is dropped ends it as well, through its guard, without waiting.

mod drive;
mod input;
mod options;
mod outcome;
mod repeat;
mod results;
mod timers;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

pub use input::{Input, InputWriter};
pub use options::{RexecOptions, Timeouts};
pub use outcome::{Outcome, Stopped};
pub(crate) use repeat::quote;
pub use results::Results;

use super::cancel::Cancel;
use super::node::Place;
use super::running::End;
use drive::Drive;

/// Commands on a node, one at a time.
///
/// ```no_run
/// use station_remote::{Node, RexecOptions};
///
/// # async fn example() -> Result<(), station_remote::Failure> {
/// let node = Node::builder("pi", "192.168.1.39").build()?;
/// let session = node.session();
/// let outcome = session.post_cmd("uname -r", RexecOptions::default()).await;
/// println!("{outcome}: {}", session.results().text());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Session {
    place: Arc<Place>,
    /// Held by the command that runs.
    turn: Turn<()>,
    closed: Cancel,
    last: Mutex<Last>,
}

/// What is known of the last command.
#[derive(Debug, Default)]
struct Last {
    results: Results,
    outcome: Option<Outcome>,
}

impl Session {
    pub(crate) fn new(place: Arc<Place>) -> Self {
        Self { place, turn: Turn::new(()), closed: Cancel::new(), last: Mutex::default() }
    }

    /// The name of its node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.place.name
    }

    /// Runs a command, and returns when it is done. A second one waits for the first; on a session
    /// that was closed, none starts.
    pub async fn post_cmd(&self, command: impl Into<String>, options: RexecOptions) -> Outcome {
        let begun = Instant::now();
        let turn = tokio::select! {
            biased;
            () = self.closed.cancelled() => return never(Stopped::Closed, begun),
            turn = self.turn.lock() => turn,
        };
        *self.last() = Last { results: Results::new(options.results), outcome: None };
        let outcome = Drive::new(self, command.into(), options, begun).run().await;
        self.last().outcome = Some(outcome.clone());
        drop(turn);
        outcome
    }

    /// Ends the command that runs, and returns when it is done; no further one starts.
    pub async fn close(&self) {
        self.closed.cancel();
        drop(self.turn.lock().await);
    }

    /// What the last command has put out; while it runs, so far.
    #[must_use]
    pub fn results(&self) -> Results {
        self.last().results.clone()
    }

    /// How the last command ended; `None` while it runs, and before the first.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.last().outcome.clone()
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The outcome of a command that was stopped before it ran.
fn never(stopped: Stopped, begun: Instant) -> Outcome {
    Outcome {
        end: End::NeverStarted,
        stopped: Some(stopped),
        kill: None,
        failure: None,
        leaked: false,
        process: None,
        took: begun.elapsed(),
    }
}
