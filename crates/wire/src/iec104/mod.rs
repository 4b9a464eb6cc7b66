//! IEC 60870-5-104, the protocol of telecontrol over TCP, without I/O.
//!
//! ```text
//!  octets ──Deframer──▶ frames ──Link::receive──▶ ASDUs ──Asdu::parse──▶ Command, Query ::receive
//!  octets ◀──Link::transmit── frames ◀──Link::send── ASDUs ◀──encode── Command, Query ::step
//!
//!  codec    octets as values        command  one command to one point, to its one outcome
//!  link     one connection          query    one question, and whether the answer is whole
//! ```

pub mod codec;
pub mod command;
pub mod link;
pub mod query;

/// The TCP port that IANA gave to it.
pub const PORT: u16 = 2404;

/// The TCP port of the same over TLS.
pub const TLS_PORT: u16 = 19998;
