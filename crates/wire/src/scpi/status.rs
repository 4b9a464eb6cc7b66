//! The standard event status register and the status byte (IEEE 488.2 chapter 11).

/// The standard event status register (IEEE 488.2 11.5.1), which `*ESR?` reads and clears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventStatus(pub u8);

impl EventStatus {
    /// Bit 0, OPC: all that was begun before `*OPC` has ended.
    #[must_use]
    pub fn operation_complete(self) -> bool {
        self.has(0)
    }

    /// Bit 2, QYE: a reply was asked for where none was due, or was lost.
    #[must_use]
    pub fn query_error(self) -> bool {
        self.has(2)
    }

    /// Bit 3, DDE: something in the device is wrong.
    #[must_use]
    pub fn device_error(self) -> bool {
        self.has(3)
    }

    /// Bit 4, EXE: a command could not be carried out.
    #[must_use]
    pub fn execution_error(self) -> bool {
        self.has(4)
    }

    /// Bit 5, CME: a command was not understood.
    #[must_use]
    pub fn command_error(self) -> bool {
        self.has(5)
    }

    /// Bit 7, PON: it was switched on since the last reading; its volatile settings are gone.
    #[must_use]
    pub fn power_on(self) -> bool {
        self.has(7)
    }

    /// Whether one of the four error bits is set.
    #[must_use]
    pub fn has_error(self) -> bool {
        self.0 & 0b0011_1100 != 0
    }

    fn has(self, bit: u8) -> bool {
        self.0 & (1 << bit) != 0
    }
}

/// The status byte (IEEE 488.2 11.2), which `*STB?` and a serial poll read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusByte(pub u8);

impl StatusByte {
    /// Bit 2: the error queue has entries (SCPI-1999 volume 1, 9.1).
    #[must_use]
    pub fn has_errors(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// Bit 4, MAV: a reply waits to be read.
    #[must_use]
    pub fn message_available(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Bit 5, ESB: a bit of the event status register is set that is enabled there.
    #[must_use]
    pub fn event(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Bit 6, RQS or MSS: it requests service.
    #[must_use]
    pub fn requests_service(self) -> bool {
        self.0 & 0x40 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_their_names() {
        let after_power_on = EventStatus(128);
        assert!(after_power_on.power_on() && !after_power_on.has_error());
        for (bit, read) in [
            (4_u8, EventStatus::query_error as fn(EventStatus) -> bool),
            (8, EventStatus::device_error),
            (16, EventStatus::execution_error),
            (32, EventStatus::command_error),
        ] {
            assert!(read(EventStatus(bit)) && !read(EventStatus(!bit)));
            assert!(EventStatus(bit).has_error());
        }
        assert!(EventStatus(1).operation_complete() && !EventStatus(1).has_error());
        let byte = StatusByte(0x54);
        assert!(byte.has_errors() && byte.message_available() && byte.requests_service());
        assert!(!byte.event() && StatusByte(0x20).event());
    }
}
