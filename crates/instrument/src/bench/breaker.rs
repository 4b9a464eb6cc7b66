//! The breaker: an instrument that could not be reached is left alone for a while.
//!
//! ```text
//!  closed ──── could not be reached ───▶ open until a time ──── that has come ───▶ one may try
//!     ▲                                     ▲                                         │
//!     └────────────── reached ──────────────┼─────────────────────────────────────────┤
//!                                           └───────── could not be reached ──────────┘
//! ```

use std::time::Duration;

use station_core::model::Micros;
use tokio::time::Instant;

use crate::{Error, ErrorKind};

/// Whether an instrument may be tried, and why not.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaker {
    open: Option<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    until: Instant,
    /// The same for people.
    until_wall: Micros,
    /// What went wrong when it opened.
    first: Error,
}

impl Breaker {
    /// Whether it may be tried; else why it is left alone.
    pub(super) fn check(&self, now: Instant) -> Result<(), Error> {
        match &self.open {
            Some(open) if now < open.until => {
                let text = super::wear::rounded_up(open.until_wall).to_string();
                let clock: String = text.chars().skip(11).take(8).collect();
                let first = &open.first.message;
                let message = format!("not tried again before {clock} UTC: {first}");
                Err(Error::new(ErrorKind::Refused, message))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// It could not be reached; true if that is news.
    pub(super) fn failed(
        &mut self,
        (now, wall): (Instant, Micros),
        interval: Duration,
        error: &Error,
    ) -> bool {
        let first = self.open.take().map(|open| open.first);
        let is_news = first.is_none();
        self.open = Some(Open {
            until: now + interval,
            until_wall: wall.plus(interval),
            first: first.unwrap_or_else(|| error.clone()),
        });
        is_news
    }

    /// It was reached; true if that is news.
    pub(super) fn reached(&mut self) -> bool {
        self.open.take().is_some()
    }

    /// It may be tried at once. What went wrong is remembered until it is reached.
    pub(super) fn close(&mut self) {
        if let Some(open) = &mut self.open {
            open.until = Instant::now();
        }
    }

    /// Until when it is left alone.
    pub(super) fn skipped_until(&self, now: Instant) -> Option<Micros> {
        self.open.as_ref().filter(|open| now < open.until).map(|open| open.until_wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_opens_for_the_interval_and_tells_its_changes_once() {
        let interval = Duration::from_secs(15);
        let wall = Micros(1_763_740_800_000_000);
        let error = Error::new(ErrorKind::Unreachable, "connection refused");
        let now = Instant::now();
        let mut breaker = Breaker::default();
        assert_eq!(breaker.check(now), Ok(()));
        assert!(breaker.failed((now, wall), interval, &error));
        let said = breaker.check(now).unwrap_err().message;
        assert_eq!(said, "not tried again before 16:00:15 UTC: connection refused");
        assert_eq!(breaker.skipped_until(now), Some(wall.plus(interval)));

        let later = now + interval;
        assert_eq!(breaker.check(later), Ok(()));
        assert_eq!(breaker.skipped_until(later), None);
        let other = Error::new(ErrorKind::Unreachable, "no route to host");
        assert!(!breaker.failed((later, wall), interval, &other));
        let said = breaker.check(later).unwrap_err().message;
        assert!(said.ends_with(": connection refused"), "{said}");

        breaker.close();
        assert_eq!(breaker.check(later), Ok(()));
        assert!(breaker.reached());
        assert!(!breaker.reached());
        assert_eq!(breaker.check(later), Ok(()));
    }
}
