//! IEC 60870-5-104, the protocol of telecontrol over TCP, without I/O.

pub mod codec;
pub mod command;
pub mod link;
pub mod query;

/// The TCP port that IANA gave to it.
pub const PORT: u16 = 2404;

/// The TCP port of the same over TLS.
pub const TLS_PORT: u16 = 19998;
