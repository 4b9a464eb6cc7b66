//! The requests on the control endpoint (USBTMC, 4.2.1; USB488, 4.3.1) and their status.

/// A request that is specific to the class (bRequest).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlRequest(pub u8);

impl ControlRequest {
    /// Stop a transfer to the instrument.
    pub const INITIATE_ABORT_BULK_OUT: Self = Self(1);
    /// Whether that is done.
    pub const CHECK_ABORT_BULK_OUT_STATUS: Self = Self(2);
    /// Stop a transfer from the instrument.
    pub const INITIATE_ABORT_BULK_IN: Self = Self(3);
    /// Whether that is done.
    pub const CHECK_ABORT_BULK_IN_STATUS: Self = Self(4);
    /// Forget all messages.
    pub const INITIATE_CLEAR: Self = Self(5);
    /// Whether that is done.
    pub const CHECK_CLEAR_STATUS: Self = Self(6);
    /// What the interface can do.
    pub const GET_CAPABILITIES: Self = Self(7);
    /// The status byte (USB488).
    pub const READ_STATUS_BYTE: Self = Self(128);
}

/// What came of a request (USBTMC, table 16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u8);

impl Status {
    /// Done.
    pub const SUCCESS: Self = Self(1);
    /// Not yet done.
    pub const PENDING: Self = Self(2);
    /// Not done.
    pub const FAILED: Self = Self(0x80);
    /// There is no such transfer.
    pub const NOT_IN_PROGRESS: Self = Self(0x81);
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::SUCCESS => f.write_str("it is done"),
            Self::PENDING => f.write_str("it is not yet done"),
            Self::FAILED => f.write_str("it failed"),
            Self::NOT_IN_PROGRESS => f.write_str("there is no such transfer"),
            Self(other) => write!(f, "status {other:#04x}"),
        }
    }
}

/// The answer to `READ_STATUS_BYTE` with that tag (USB488, 4.3.1): the status byte, where it stands in
/// the answer itself because the interface has no interrupt endpoint.
#[must_use]
pub fn status_byte(answer: &[u8], tag: u8) -> Option<u8> {
    let [status, found, byte, ..] = *answer else { return None };
    (Status(status) == Status::SUCCESS && found == tag).then_some(byte)
}

/// The status byte in a packet of the interrupt endpoint that answers the request with that tag (USB488,
/// 3.4.2).
#[must_use]
pub fn interrupt_status_byte(packet: &[u8], tag: u8) -> Option<u8> {
    let [found, byte, ..] = *packet else { return None };
    (found == tag | 0x80).then_some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_of_the_interrupt_endpoint_names_its_request() {
        assert_eq!(interrupt_status_byte(&[0x85, 0x40], 5), Some(0x40));
        assert_eq!(interrupt_status_byte(&[0x81, 0x40], 5), None, "a service request");
        assert_eq!(interrupt_status_byte(&[], 5), None);
    }

    #[test]
    fn a_status_byte_is_that_of_its_own_request() {
        assert_eq!(status_byte(&[1, 5, 0x40], 5), Some(0x40));
        assert_eq!(status_byte(&[1, 6, 0x40], 5), None);
        assert_eq!(status_byte(&[0x80, 5, 0x40], 5), None);
        assert_eq!(status_byte(&[1, 5], 5), None);
    }
}
