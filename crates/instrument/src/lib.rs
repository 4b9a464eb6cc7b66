//! Instruments: how they are reached, spoken to and described, and what jobs do with them.
//!
//! ```text
//!  resource ─▶ transport: socket, serial, hislip, vxi11, usbtmc     bytes and ends of messages
//!                  ▲
//!               session: one query in flight, errors drained, resynchronised when in doubt
//!                  ▲
//!   driver ─────▶ bench: one session per equipment, leased; idle close, back-off, breaker, wear
//!                  ▲
//!               work: what jobs do;  acquisition: samples into files;  sequence: steps on a grid
//! ```
//!
//! `simulate` is an instrument of our own: for those who have none, and for faults.

pub mod acquisition;
pub mod bench;
pub mod discover;
pub mod driver;
pub mod error;
mod hands;
pub mod resource;
pub mod sequence;
pub mod session;
pub mod simulate;
mod stage;
mod stop;
mod timer;
mod together;
pub mod transport;
pub mod work;

pub use error::{Error, ErrorKind};
pub use resource::Resource;
