//! The time limits of a running command, as pure decisions.
//!
//! ```text
//! runs ─stop─▶ told to end ─grace─▶ killed ─10 s─▶ given up
//! ```

use std::time::Duration;

use tokio::time::Instant;

use super::options::Timeouts;
use super::outcome::Stopped;

/// How long a killed command may take to be seen ended.
const PROOF: Duration = Duration::from_secs(10);

/// When what is due.
#[derive(Debug)]
pub(super) struct Timers {
    wall: Option<Instant>,
    idle: Option<Duration>,
    grace: Duration,
    heard: Instant,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Runs,
    ToldToEnd(Instant),
    Killed(Instant),
}

/// What is to be done when a limit has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Tell it to end.
    Stop(Stopped),
    /// Kill it.
    Kill,
    /// Wait no longer.
    GiveUp,
}

impl Timers {
    /// Those of a command that was called for at `begun` and runs since `now`.
    pub(super) fn new(timeouts: &Timeouts, begun: Instant, now: Instant) -> Self {
        Self {
            wall: timeouts.wall.and_then(|wall| begun.checked_add(wall)),
            idle: timeouts.idle,
            grace: timeouts.grace,
            heard: now,
            stage: Stage::Runs,
        }
    }

    /// Whether it has not been told to end.
    pub(super) fn runs(&self) -> bool {
        self.stage == Stage::Runs
    }

    /// There was output.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// It was told to end.
    pub(super) fn stopped(&mut self, now: Instant) {
        self.stage = Stage::ToldToEnd(now + self.grace);
    }

    /// When the next limit passes that holds however much is put out, and what is due then.
    pub(super) fn next(&self) -> Option<(Instant, Due)> {
        match self.stage {
            Stage::Runs => self.wall.map(|at| (at, Due::Stop(Stopped::WallTimeout))),
            Stage::ToldToEnd(at) => Some((at, Due::Kill)),
            Stage::Killed(at) => Some((at, Due::GiveUp)),
        }
    }

    /// When it has been silent for too long.
    pub(super) fn silent(&self) -> Option<Instant> {
        self.idle.filter(|_| self.runs()).and_then(|idle| self.heard.checked_add(idle))
    }

    /// It was killed.
    pub(super) fn killed(&mut self, now: Instant) {
        self.stage = Stage::Killed(now + PROOF);
    }
}

/// Waits until then; for ever without a time.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stop_leads_to_a_kill_and_that_to_giving_up() {
        let second = Duration::from_secs(1);
        let timeouts = Timeouts {
            wall: Some(30 * second),
            idle: Some(5 * second),
            grace: 2 * second,
            ..Timeouts::default()
        };
        let begun = Instant::now();
        let mut timers = Timers::new(&timeouts, begun, begun + second);
        assert_eq!(
            timers.next(),
            Some((begun + 30 * second, Due::Stop(Stopped::WallTimeout))),
            "from the call, not from the start"
        );
        assert_eq!(timers.silent(), Some(begun + 6 * second));
        timers.heard(begun + 3 * second);
        assert_eq!(timers.silent(), Some(begun + 8 * second));
        timers.stopped(begun + 8 * second);
        assert_eq!(
            (timers.next(), timers.silent()),
            (Some((begun + 10 * second, Due::Kill)), None)
        );
        timers.killed(begun + 10 * second);
        assert_eq!(timers.next(), Some((begun + 20 * second, Due::GiveUp)));
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_nothing_is_due() {
        let now = Instant::now();
        let timers = Timers::new(&Timeouts::endless(), now, now);
        assert_eq!((timers.next(), timers.silent()), (None, None));
        let far = Timeouts {
            wall: Some(Duration::MAX),
            idle: Some(Duration::MAX),
            ..Timeouts::default()
        };
        let timers = Timers::new(&far, now, now);
        assert_eq!((timers.next(), timers.silent()), (None, None));
    }
}
