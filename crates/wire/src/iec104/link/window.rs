//! The numbers of I frames in either direction, modulo 32768, and which are not acknowledged.

use std::collections::VecDeque;
use std::time::Duration;

/// The numbers there are, less one.
const MASK: u16 = 0x7fff;

/// How far it is from one number on to another.
const fn distance(from: u16, to: u16) -> u16 {
    to.wrapping_sub(from) & MASK
}

const fn after(number: u16) -> u16 {
    number.wrapping_add(1) & MASK
}

/// What was sent.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    /// V(S): the number of the next frame.
    next: u16,
    /// The oldest number that is not acknowledged.
    oldest: u16,
    /// When the frames that are not acknowledged were sent, oldest first.
    at: VecDeque<Duration>,
}

impl Sending {
    /// Begins with a number, which is 0 by the standard.
    pub(super) const fn new(first: u16) -> Self {
        // From 1 on, an acknowledgement "up to 0" must still be right: it says that nothing came.
        Self { next: first, oldest: 0, at: VecDeque::new() }
    }

    /// Whether another frame may go, with so many at most on their way.
    pub(super) fn has_room(&self, k: u16) -> bool {
        self.at.len() < usize::from(k) && distance(self.oldest, self.next) < MASK
    }

    /// The number for a frame that is sent now.
    pub(super) fn take(&mut self, now: Duration) -> u16 {
        let number = self.next;
        self.next = after(number);
        self.at.push_back(now);
        number
    }

    /// The other side says that it has everything up to a number, without it; whether that can be.
    pub(super) fn acknowledge(&mut self, number: u16) -> bool {
        if distance(self.oldest, number) > distance(self.oldest, self.next) {
            return false;
        }
        self.oldest = number;
        let left = usize::from(distance(number, self.next));
        while self.at.len() > left {
            self.at.pop_front();
        }
        true
    }

    /// How many frames are not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.at.len()
    }

    /// When the oldest of them was sent.
    pub(super) fn oldest_at(&self) -> Option<Duration> {
        self.at.front().copied()
    }

    /// The numbers between which an acknowledgement must lie.
    pub(super) const fn range(&self) -> (u16, u16) {
        (self.oldest, self.next)
    }
}

/// What was received.
#[derive(Clone, Debug)]
pub(super) struct Receiving {
    /// V(R): the number expected next.
    next: u16,
    /// How many frames were not acknowledged.
    owed: u16,
    /// When the first of them came.
    since: Duration,
    /// Whether the first frame may have number 1 instead of 0.
    may_skip: bool,
}

impl Receiving {
    pub(super) const fn new(may_begin_with_one: bool) -> Self {
        Self { next: 0, owed: 0, since: Duration::ZERO, may_skip: may_begin_with_one }
    }

    /// Whether a frame with this number is the one that was to come.
    pub(super) const fn expects(&self, number: u16) -> bool {
        number == self.next || (self.may_skip && number == 1)
    }

    /// A frame with a number that was expected came.
    pub(super) fn take(&mut self, number: u16, now: Duration) {
        self.may_skip = false;
        self.next = after(number);
        if self.owed == 0 {
            self.since = now;
        }
        self.owed = self.owed.saturating_add(1);
    }

    /// The number to acknowledge with; from here on nothing is owed.
    pub(super) const fn acknowledge(&mut self) -> u16 {
        self.owed = 0;
        self.next
    }

    /// V(R).
    pub(super) const fn next(&self) -> u16 {
        self.next
    }

    /// How many frames were not acknowledged.
    pub(super) const fn owed(&self) -> u16 {
        self.owed
    }

    /// When the first frame came that was not acknowledged.
    pub(super) fn owed_since(&self) -> Option<Duration> {
        (self.owed > 0).then_some(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn acknowledgements_lie_between_the_oldest_and_the_next_across_the_wrap() {
        let mut sending = Sending::new(0);
        for _ in 0..32_766 {
            let number = sending.take(NOW);
            assert!(sending.acknowledge(after(number)));
        }
        let numbers: Vec<u16> = (0..4).map(|_| sending.take(NOW)).collect();
        assert_eq!(numbers, [32_766, 32_767, 0, 1]);
        for wrong in [32_765, 3, 16_000] {
            assert!(!sending.acknowledge(wrong), "{wrong}");
        }
        assert_eq!(sending.unacknowledged(), 4);
        assert!(sending.acknowledge(0));
        assert_eq!(sending.unacknowledged(), 2);
        assert!(!sending.acknowledge(32_767), "back");
        assert!(sending.acknowledge(2));
        assert_eq!((sending.unacknowledged(), sending.oldest_at()), (0, None));
    }

    #[test]
    fn the_largest_window_is_not_mistaken_for_none() {
        for first in [0, 1] {
            let mut sending = Sending::new(first);
            let mut sent = 0;
            while sending.has_room(u16::MAX) {
                sending.take(NOW);
                sent += 1;
            }
            assert_eq!(sent, 32_767 - usize::from(first));
            assert!(sending.acknowledge(0));
            assert_eq!(sending.unacknowledged(), sent);
            let (_, next) = sending.range();
            assert!(sending.acknowledge(next));
            assert_eq!(sending.unacknowledged(), 0);
        }
    }

    #[test]
    fn the_time_of_the_oldest_is_kept() {
        let mut sending = Sending::new(0);
        let second = Duration::from_secs;
        for time in 1..=3 {
            sending.take(second(time));
        }
        assert_eq!(sending.oldest_at(), Some(second(1)));
        assert!(sending.acknowledge(2));
        assert_eq!(sending.oldest_at(), Some(second(3)));
    }

    #[test]
    fn the_first_number_may_be_one_where_that_is_allowed_and_only_the_first() {
        let mut receiving = Receiving::new(true);
        assert!(receiving.expects(0) && receiving.expects(1) && !receiving.expects(2));
        receiving.take(1, NOW);
        assert!(receiving.expects(2) && !receiving.expects(1));
        assert!(!Receiving::new(false).expects(1));
    }
}
