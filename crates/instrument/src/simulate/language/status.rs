//! Keeps the status registers and the error queue (IEEE 488.2, 11; SCPI-1999 volume 1, 9).

use std::collections::VecDeque;

use super::complaint::Complaint;

/// How many errors the queue holds.
pub(crate) const QUEUE: usize = 16;

/// The bit of the event status register that says it was switched on.
pub(crate) const POWER_ON: u8 = 1 << 7;
/// The bit that says that all operations are complete.
pub(crate) const OPERATION_COMPLETE: u8 = 1;

/// Status registers and error queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) events: u8,
    pub(crate) event_enable: u8,
    pub(crate) service_enable: u8,
    pub(crate) operation: Group,
    pub(crate) questionable: Group,
    errors: VecDeque<Complaint>,
}

/// A group of a condition, an event and an enable register.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Group {
    pub(crate) condition: u16,
    pub(crate) event: u16,
    pub(crate) enable: u16,
}

impl Group {
    /// Takes over what is so now; what has become so is an event.
    pub(crate) fn observe(&mut self, condition: u16) {
        self.event |= condition & !self.condition;
        self.condition = condition;
    }

    fn summary(self) -> bool {
        self.event & self.enable != 0
    }
}

impl Status {
    /// As after switching on.
    pub(crate) fn power_on() -> Self {
        Self { events: POWER_ON, ..Self::default() }
    }

    /// Reports an error.
    pub(crate) fn complain(&mut self, complaint: Complaint) {
        self.events |= complaint.event_bit();
        if self.errors.len() < QUEUE {
            self.errors.push_back(complaint);
        } else {
            // The last one makes room for the news that there were more (21.8.1).
            self.errors.pop_back();
            self.errors.push_back(Complaint::OVERFLOW);
            self.events |= Complaint::OVERFLOW.event_bit();
        }
    }

    /// Takes the oldest error.
    pub(crate) fn next_error(&mut self) -> Complaint {
        self.errors.pop_front().unwrap_or(Complaint::NONE)
    }

    /// How many errors wait.
    pub(crate) fn errors(&self) -> usize {
        self.errors.len()
    }

    /// `*CLS`: forgets events and errors; enables stay.
    pub(crate) fn clear(&mut self) {
        self.events = 0;
        self.operation.event = 0;
        self.questionable.event = 0;
        self.errors.clear();
    }

    /// The status byte, with MSS in bit 6.
    pub(crate) fn byte(&self, message_available: bool) -> u8 {
        let bits = [
            (2, !self.errors.is_empty()),
            (3, self.questionable.summary()),
            (4, message_available),
            (5, self.events & self.event_enable != 0),
            (7, self.operation.summary()),
        ];
        let byte =
            bits.into_iter().filter(|(_, set)| *set).fold(0, |byte, (bit, _)| byte | 1 << bit);
        byte | u8::from(byte & self.service_enable & !(1 << 6) != 0) << 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_overflows_at_its_end() {
        let mut status = Status::power_on();
        for _ in 0..QUEUE + 3 {
            status.complain(Complaint::RANGE);
        }
        let drained: Vec<i16> = (0..=QUEUE).map(|_| status.next_error().code).collect();
        assert_eq!(drained[..QUEUE - 1], [-222; QUEUE - 1]);
        assert_eq!(drained[QUEUE - 1..], [-350, 0]);
        assert_eq!(status.events, 1 << 7 | 1 << 4 | 1 << 3);
    }

    #[test]
    fn the_status_byte_sums_up() {
        let mut status =
            Status { event_enable: 1 << 5, service_enable: 1 << 5, ..Status::default() };
        assert_eq!(status.byte(false), 0);
        status.complain(Complaint::UNDEFINED_HEADER);
        assert_eq!(status.byte(true), 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6);
        status.clear();
        status.questionable.enable = 2;
        status.questionable.observe(2);
        status.questionable.observe(0);
        assert_eq!(status.byte(false), 1 << 3);
    }
}
