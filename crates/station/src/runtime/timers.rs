//! The dispatcher's timers: one on the wall clock that also tells of clock steps, one monotonic.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use station_core::engine::Deadline;

use super::mailbox::Mailbox;

/// A wall time no deadline reaches (the year 2200): the timer then only tells of clock steps.
const FAR: i64 = 7_258_118_400_000_000;

/// Both timers.
#[derive(Debug)]
pub(super) struct Timers {
    wall: OwnedFd,
    mono: OwnedFd,
    wall_at: Option<i64>,
    mono_at: Option<i64>,
}

/// What woke the dispatcher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Woken {
    /// A timer expired, the clock was set, or the given wait was over.
    pub(super) tick: bool,
}

impl Timers {
    pub(super) fn new() -> rustix::io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Self {
            wall: timerfd_create(TimerfdClockId::Realtime, flags)?,
            mono: timerfd_create(TimerfdClockId::Monotonic, flags)?,
            wall_at: None,
            mono_at: None,
        })
    }

    /// Sets both timers to a deadline; touches only what changed.
    pub(super) fn set(&mut self, deadline: Deadline) -> rustix::io::Result<()> {
        let wall = deadline.wall.map_or(FAR, |at| at.0.clamp(1, FAR));
        if self.wall_at != Some(wall) {
            let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
            match timerfd_settime(&self.wall, flags, &spec(wall)) {
                // The clock was set since the last read: armed all the same, and read next.
                Ok(_) | Err(Errno::CANCELED) => {}
                Err(error) => return Err(error),
            }
            self.wall_at = Some(wall);
        }
        let mono = deadline.mono.map_or(0, |at| i64::try_from(at.0).unwrap_or(FAR).max(1));
        if self.mono_at != Some(mono) {
            timerfd_settime(&self.mono, TimerfdTimerFlags::ABSTIME, &spec(mono))?;
            self.mono_at = Some(mono);
        }
        Ok(())
    }

    /// Sleeps until there is mail, a timer expires, the clock is set, or `limit` is over.
    pub(super) fn wait(&mut self, mailbox: &Mailbox, limit: Option<Duration>) -> Woken {
        let limit = limit.map(|span| Timespec {
            tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(span.subsec_nanos()),
        });
        let mut fds = [
            PollFd::from_borrowed_fd(mailbox.bell(), PollFlags::IN),
            PollFd::new(&self.wall, PollFlags::IN),
            PollFd::new(&self.mono, PollFlags::IN),
        ];
        let ready = poll(&mut fds, limit.as_ref());
        let [_, wall, mono] = fds.map(|fd| !fd.revents().is_empty());
        if wall {
            drain(&self.wall);
            self.wall_at = None;
        }
        if mono {
            drain(&self.mono);
            self.mono_at = None;
        }
        Woken { tick: wall || mono || ready == Ok(0) }
    }
}

/// Reads a timer empty; that it was cancelled by a clock step is news enough as a tick.
fn drain(timer: &OwnedFd) {
    let mut count = [0_u8; 8];
    rustix::io::read(timer.as_fd(), &mut count).ok();
}

/// A one-shot timer at an absolute time in microseconds; 0 disarms it.
fn spec(micros: i64) -> Itimerspec {
    let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
    let at = Timespec {
        tv_sec: micros.div_euclid(1_000_000),
        tv_nsec: micros.rem_euclid(1_000_000) * 1000,
    };
    Itimerspec { it_interval: zero, it_value: at }
}
