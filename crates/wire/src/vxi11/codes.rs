//! The errors of VXI-11's procedures (B.5.2, table B.2), as sentences.

/// An error number that is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceError(pub u32);

#[expect(missing_docs, reason = "the names are the standard's, and Display says what each means")]
impl DeviceError {
    pub const SYNTAX: Self = Self(1);
    pub const NOT_ACCESSIBLE: Self = Self(3);
    pub const INVALID_LINK: Self = Self(4);
    pub const PARAMETER: Self = Self(5);
    pub const NO_CHANNEL: Self = Self(6);
    pub const NOT_SUPPORTED: Self = Self(8);
    pub const OUT_OF_RESOURCES: Self = Self(9);
    pub const LOCKED: Self = Self(11);
    pub const NO_LOCK: Self = Self(12);
    pub const IO_TIMEOUT: Self = Self(15);
    pub const IO_ERROR: Self = Self(17);
    pub const INVALID_ADDRESS: Self = Self(21);
    pub const ABORT: Self = Self(23);
    pub const CHANNEL_EXISTS: Self = Self(29);
}

impl std::fmt::Display for DeviceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match *self {
            Self::SYNTAX => "it cannot read the call (error 1)",
            Self::NOT_ACCESSIBLE => "it has no such device, or cannot reach it (error 3)",
            Self::INVALID_LINK => "it does not know this link (error 4)",
            Self::PARAMETER => "it does not take a parameter of the call (error 5)",
            Self::NO_CHANNEL => "a channel is not established (error 6)",
            Self::NOT_SUPPORTED => "it does not support this operation (error 8)",
            Self::OUT_OF_RESOURCES => "it serves as many links as it can (error 9)",
            Self::LOCKED => "another client has locked it (error 11)",
            Self::NO_LOCK => "this client holds no lock (error 12)",
            Self::IO_TIMEOUT => "it was not ready in time (error 15)",
            Self::IO_ERROR => "it has trouble with its input or output (error 17)",
            Self::INVALID_ADDRESS => "an address is not valid (error 21)",
            Self::ABORT => "the operation was aborted (error 23)",
            Self::CHANNEL_EXISTS => "a channel is established already (error 29)",
            Self(other) => {
                return write!(f, "it reports error {other}, which VXI-11 does not have");
            }
        })
    }
}
