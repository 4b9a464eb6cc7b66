//! Our client of OpenSSH's multiplexing protocol, by which an `ssh -M` runs commands for us.
//!
//! ```text
//! wire      requests and replies as bytes; pure
//! control   a socket to a master: packets in and out, descriptors out
//! session   one command: hello ─▶ opened ─▶ exit status ─▶ the master closes the socket
//! ```

mod control;
mod session;
mod wire;

pub(crate) use session::{LONGEST_COMMAND, Refusal, Session, is_alive, terminate};
