//! A timer for deadlines of the monotonic clock, exact to what the kernel can do.
//!
//! The runtime's own timers are whole milliseconds, which is too coarse for a grid of ticks. A timer
//! here is a `timerfd` armed with an absolute deadline: lateness of one deadline never moves the next.

use std::io::ErrorKind::WouldBlock;
use std::time::Duration;

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::net::unix::pipe::Receiver;

use crate::{Error, ErrorKind};

/// A clock, and a timer on it. Readings of it are time since some instant in the past.
#[derive(Debug)]
pub(crate) enum Timer {
    /// `CLOCK_MONOTONIC`. A timer is no pipe, but is read like one; the type for descriptors of any
    /// kind, `AsyncFd`, would need unsafe code.
    Fine(Receiver),
    /// The runtime's clock, from an instant of it: in tests, time is what they say it is.
    #[cfg(test)]
    Virtual(tokio::time::Instant),
}

impl Timer {
    /// A timer of its own. Must be made within a runtime that drives I/O.
    pub(crate) fn new() -> Result<Self, Error> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).map_err(std::io::Error::from);
        let timer = timer.and_then(Receiver::from_owned_fd_unchecked);
        timer.map(Self::Fine).map_err(|error| failed("make", &error))
    }

    /// Another timer on the same clock.
    pub(crate) fn another(&self) -> Result<Self, Error> {
        match self {
            Self::Fine(_) => Self::new(),
            #[cfg(test)]
            Self::Virtual(origin) => Ok(Self::Virtual(*origin)),
        }
    }

    /// The present.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::Fine(_) => monotonic(),
            #[cfg(test)]
            Self::Virtual(origin) => origin.elapsed(),
        }
    }

    /// Waits until the clock shows that time; not at all if it is over.
    pub(crate) async fn until(&mut self, deadline: Duration) -> Result<(), Error> {
        if deadline <= self.now() {
            return Ok(());
        }
        match self {
            Self::Fine(timer) => until(timer, deadline).await,
            #[cfg(test)]
            Self::Virtual(origin) => {
                tokio::time::sleep_until(*origin + deadline).await;
                Ok(())
            }
        }
    }
}

/// The present by `CLOCK_MONOTONIC`.
pub(crate) fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// May be dropped while it waits: the next deadline replaces this one.
async fn until(timer: &Receiver, deadline: Duration) -> Result<(), Error> {
    // What the runtime remembers of a deadline before this one. The kernel forgets it when the timer is
    // set, so that it never has to be read.
    timer.try_io(|| Err::<(), _>(WouldBlock.into())).ok();
    let at = Timespec {
        tv_sec: i64::try_from(deadline.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: deadline.subsec_nanos().into(),
    };
    let never = Timespec { tv_sec: 0, tv_nsec: 0 };
    let spec = Itimerspec { it_interval: never, it_value: at };
    timerfd_settime(timer, TimerfdTimerFlags::ABSTIME, &spec)
        .map_err(|error| failed("set", &error.into()))?;
    loop {
        timer.readable().await.map_err(|error| failed("wait for", &error))?;
        if monotonic() >= deadline {
            return Ok(());
        }
        let mut count = [0_u8; 8];
        match timer.try_read(&mut count) {
            Ok(_) => return Ok(()),
            // A deadline before this one was over just before the timer was set.
            Err(error) if error.kind() == WouldBlock => {}
            Err(error) => return Err(failed("read", &error)),
        }
    }
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Local, format!("failed to {what} a timer: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_wakes_at_the_deadline_and_not_before() {
        let mut timer = Timer::new().expect("can be made");
        let start = timer.now();
        for tick in 1..=5 {
            let deadline = start + Duration::from_micros(1500) * tick;
            timer.until(deadline).await.expect("waits");
            assert!(timer.now() >= deadline);
        }
        timer.until(start).await.expect("is over");
    }

    #[tokio::test]
    async fn a_deadline_given_up_does_not_wake_the_next() {
        let mut timer = Timer::new().expect("can be made");
        let start = timer.now();
        for _ in 0..20 {
            let soon = timer.now() + Duration::from_micros(50);
            tokio::select! {
                biased;
                waited = timer.until(soon) => waited.expect("waits"),
                () = tokio::task::yield_now() => {}
            }
            let later = timer.now() + Duration::from_micros(400);
            timer.until(later).await.expect("waits");
            assert!(timer.now() >= later);
        }
        assert!(timer.now() > start);
    }
}
