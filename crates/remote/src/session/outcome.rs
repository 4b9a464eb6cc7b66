//! Outcomes: how a command ended, and what ended it.

use std::fmt;
use std::time::Duration;

use station_core::model::Kill;

use crate::failure::Failure;
use crate::running::{End, RemoteProcess};

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How its process ended.
    pub end: End,
    /// What ended it, if it did not end by itself.
    pub stopped: Option<Stopped>,
    /// What became of its process group when it was ended.
    pub kill: Option<Kill>,
    /// Why it never started, or why its end is not known.
    pub failure: Option<Failure>,
    /// A process it left behind still held its output open when that was given up.
    pub leaked: bool,
    /// Where it ran; `None` without a guard.
    pub process: Option<RemoteProcess>,
    /// From the call to its end.
    pub took: Duration,
}

/// What ended a command that did not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stopped {
    /// It did not run in time ([`Timeouts::connect`](crate::Timeouts::connect)).
    ConnectTimeout,
    /// It was not done in time ([`Timeouts::wall`](crate::Timeouts::wall)).
    WallTimeout,
    /// It put out nothing for too long ([`Timeouts::idle`](crate::Timeouts::idle)).
    IdleTimeout,
    /// Its switch was thrown ([`RexecOptions::cancel`](crate::RexecOptions::cancel)).
    Cancelled,
    /// Its session was closed.
    Closed,
}

impl Stopped {
    /// Whether a time limit ended it.
    #[must_use]
    pub fn is_timeout(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::WallTimeout | Self::IdleTimeout)
    }
}

impl Outcome {
    /// Whether it ended by itself with status 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.end == End::Exit(0) && self.stopped.is_none()
    }

    /// Its exit status, if it exited.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self.end {
            End::Exit(code) => Some(code),
            End::Signal(_) | End::NeverStarted | End::Unknown => None,
        }
    }

    /// Whether a time limit ended it, or it could not be carried out: what a repeated command counts
    /// as abnormal. An exit status other than 0 is not.
    #[must_use]
    pub fn is_abnormal(&self) -> bool {
        self.stopped.is_some_and(Stopped::is_timeout)
            || self.stopped.is_none() && matches!(self.end, End::NeverStarted | End::Unknown)
    }
}

impl fmt::Display for Outcome {
    /// A phrase: `exited with status 2`, `timed out after 30 s without output; its processes are gone`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.stopped, &self.failure) {
            (Some(Stopped::ConnectTimeout), _) => f.write_str("did not start in time")?,
            (Some(Stopped::WallTimeout), _) => f.write_str("was not done in time")?,
            (Some(Stopped::IdleTimeout), _) => f.write_str("put out nothing for too long")?,
            (Some(Stopped::Cancelled), _) => f.write_str("was cancelled")?,
            (Some(Stopped::Closed), _) => f.write_str("was closed")?,
            (None, Some(failure)) => write!(f, "{failure}")?,
            (None, None) => match self.end {
                End::Exit(code) => write!(f, "exited with status {code}")?,
                End::Signal(signal) => write!(f, "was ended by signal {signal}")?,
                End::NeverStarted => f.write_str("never started")?,
                End::Unknown => f.write_str("ended in an unknown way")?,
            },
        }
        match self.kill {
            Some(Kill::Killed) => f.write_str("; its processes are gone"),
            Some(Kill::KillFailed) => f.write_str("; some of its processes are still there"),
            Some(Kill::Unknown) => f.write_str("; whether its processes are gone is not known"),
            Some(Kill::Unsupported) => f.write_str("; its processes could not be ended there"),
            None => Ok(()),
        }
    }
}
