//! HiSLIP (IVI-6.1), the protocol of LAN instruments with message ends and device clear, without I/O.
//!
//! ```text
//!  synchronous channel    Initialize ─▶ messages and replies as Data… DataEND ─▶ device clear
//!  asynchronous channel   AsyncInitialize ─▶ sizes, locks, status bytes, device clear
//!
//!  header    16 bytes before every message        inbound  bytes of a channel, taken apart
//!  opening   the first messages of both channels  codes    what errors and locks are answered with
//!  client    the controller's side                server   the instrument's side
//! ```

mod client;
mod codes;
mod header;
mod inbound;
mod opening;
mod server;

pub use client::{Client, Event, Fault};
pub use codes::{LockReply, error_sentence, fatal_sentence};
pub use header::{HEADER_LENGTH, Header, LONGEST_PAYLOAD, Malformed, MessageType};
pub use inbound::{Inbound, Piece, Whole, whole};
pub use opening::{
    Answer, AsyncOpened, Opened, Unopened, async_initialize, initialize, max_message_size,
};
pub use server::{Asked, FromClient, Server};

/// The TCP port that IANA gave to HiSLIP; both channels use it (IVI-6.1, 2.1).
pub const PORT: u16 = 4880;

/// The message id a client starts with, also after a device clear (IVI-6.1, 3.1.2).
pub const FIRST_MESSAGE_ID: u32 = 0xffff_ff00;

/// The message id of a reply that belongs to whatever was asked last.
pub const ANY_MESSAGE_ID: u32 = 0xffff_ffff;

/// The protocol version spoken here: 1.0, major and minor in a byte each.
pub const VERSION: u16 = 0x0100;

/// The largest message either side here announces to take, in bytes with its header: short enough that
/// a device clear has little to wait for.
pub const MESSAGE_SIZE: u64 = 1 << 20;
