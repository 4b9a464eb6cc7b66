//! Sinks: where lines go while a command runs.
//!
//! A session tells each line to each of its sinks, its own and its node's. A sink may be shared by
//! any number of sessions: [`Source`] says whose line it is. After each chunk of output the session
//! waits for its sinks ([`LineSink::ready`]) before it reads on, so that a sink that falls behind holds up
//! the command, through its pipes and the connection, rather than filling memory.

mod channel;
mod file;
mod log_file;
mod tracing;

use std::pin::Pin;
use std::sync::Arc;

use super::lines::Line;

pub use channel::{ChannelSink, OwnedLine, channel};
pub use log_file::{LogFile, LogFileOptions, LogStats, WhenFull};
pub use tracing::TracingSink;

/// Whose line it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The node's name.
    pub node: Arc<str>,
    /// The command.
    pub command: Arc<str>,
}

/// Takes lines. Closures become one by [`callback`].
pub trait LineSink: Send + Sync {
    /// Takes a line. It is called where the session runs, so it must not block.
    fn line(&self, from: &Source, line: &Line<'_>);

    /// Waits until there is room for more; for a sink that always has, not at all.
    fn ready(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// A sink that calls a closure for each line.
///
/// ```
/// use std::sync::Mutex;
/// use station_remote::{RexecOptions, callback};
///
/// let seen = std::sync::Arc::new(Mutex::new(Vec::new()));
/// let lines = seen.clone();
/// let sink = callback(move |from, line| {
///     lines.lock().unwrap().push(format!("{}: {}", from.node, line.text()));
/// });
/// let options = RexecOptions { sinks: vec![sink], ..RexecOptions::default() };
/// # drop(options);
/// ```
pub fn callback<F>(each: F) -> Arc<dyn LineSink>
where
    F: Fn(&Source, &Line<'_>) + Send + Sync + 'static,
{
    Arc::new(Callback(each))
}

struct Callback<F>(F);

impl<F: Fn(&Source, &Line<'_>) + Send + Sync> LineSink for Callback<F> {
    fn line(&self, from: &Source, line: &Line<'_>) {
        (self.0)(from, line);
    }
}
