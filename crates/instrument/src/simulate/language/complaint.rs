//! The errors an instrument reports (SCPI-1999 volume 2, 21.8).

/// An error of the instrument's error queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// Its number.
    pub(crate) code: i16,
    /// What SCPI-1999 calls it.
    pub(crate) text: &'static str,
}

macro_rules! complaints {
    ($($name:ident = $code:literal $text:literal;)*) => {
        impl Complaint {
            $(pub(crate) const $name: Self = Self { code: $code, text: $text };)*
        }
    };
}

complaints! {
    NONE = 0 "No error";
    SYNTAX = -102 "Syntax error";
    INVALID_CHARACTER = -101 "Invalid character";
    DATA_TYPE = -104 "Data type error";
    NOT_ALLOWED = -108 "Parameter not allowed";
    MISSING = -109 "Missing parameter";
    UNDEFINED_HEADER = -113 "Undefined header";
    HEADER_SUFFIX = -114 "Header suffix out of range";
    NUMBER_CHARACTER = -121 "Invalid character in number";
    EXPONENT = -123 "Exponent too large";
    INVALID_SUFFIX = -131 "Invalid suffix";
    NO_SUFFIX = -138 "Suffix not allowed";
    INVALID_STRING = -151 "Invalid string data";
    INVALID_BLOCK = -161 "Invalid block data";
    INVALID_EXPRESSION = -171 "Invalid expression";
    TRIGGER_IGNORED = -211 "Trigger ignored";
    CONFLICT = -221 "Settings conflict";
    RANGE = -222 "Data out of range";
    ILLEGAL_VALUE = -224 "Illegal parameter value";
    MEMORY = -290 "Memory use error";
    SYSTEM = -310 "System error";
    OVERFLOW = -350 "Queue overflow";
    OVERRUN = -363 "Input buffer overrun";
    INTERRUPTED = -410 "Query INTERRUPTED";
    DEADLOCKED = -430 "Query DEADLOCKED";
}

impl Complaint {
    /// The bit of the standard event status register that it sets (IEEE 488.2, 11.5.1.1).
    pub(crate) fn event_bit(self) -> u8 {
        match self.code {
            -199..=-100 => 1 << 5,
            -299..=-200 => 1 << 4,
            -499..=-400 => 1 << 2,
            0 => 0,
            _ => 1 << 3,
        }
    }

    /// Whether the rest of the message cannot be understood either.
    pub(crate) fn is_syntax(self) -> bool {
        (-199..=-100).contains(&self.code)
    }
}
