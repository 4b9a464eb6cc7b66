//! The numbers in control codes, as sentences: errors of both kinds, and what becomes of locks.

/// What a fatal error is about (IVI-6.1, table 7); after it the connection is closed.
#[must_use]
pub const fn fatal_sentence(code: u8) -> &'static str {
    match code {
        0 => "an error it does not name",
        1 => "a message header is malformed",
        2 => "the connection was used before both its channels were open",
        3 => "the channels were not opened in the right order",
        4 => "it serves as many clients as it can",
        5 => "the secure connection failed",
        128.. => "an error of its maker's own",
        6..128 => "an error this version of the protocol does not know",
    }
}

/// What an error is about (IVI-6.1, table 9); the connection stays, the message was ignored.
#[must_use]
pub const fn error_sentence(code: u8) -> &'static str {
    match code {
        0 => "an error it does not name",
        1 => "it does not know this type of message",
        2 => "it does not know this control code",
        3 => "it does not know this message of a maker's own",
        4 => "the message is too large",
        5 => "the authentication failed",
        128.. => "an error of its maker's own",
        6..128 => "an error this version of the protocol does not know",
    }
}

/// What came of asking for a lock or giving it back (IVI-6.1, table 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockReply {
    /// Another client held it until the time was over.
    Failure,
    /// Granted; or an exclusive one given back.
    Success,
    /// A shared one given back.
    SharedReleased,
    /// Asked for what is held already, or gave back what is not.
    Error,
}

impl LockReply {
    /// By its control code; nothing for one the standard does not have.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Failure),
            1 => Some(Self::Success),
            2 => Some(Self::SharedReleased),
            3 => Some(Self::Error),
            _ => None,
        }
    }

    /// Its control code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Failure => 0,
            Self::Success => 1,
            Self::SharedReleased => 2,
            Self::Error => 3,
        }
    }
}
