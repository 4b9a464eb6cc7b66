//! The language of instruments (IEEE 488.2, SCPI-1999): messages, replies, blocks, numbers, status.
//!
//! ```text
//!  to the instrument    parameter ─▶ quote ─▶ message       what a unit's header is, whether it asks
//!  from the instrument  reader ─▶ response ─▶ number, block, error_entry, status
//! ```

mod block;
mod error_entry;
mod message;
mod number;
mod quote;
mod reader;
mod response;
mod scan;
mod status;

pub use block::{BlockError, block, encode_block, take_block};
pub use error_entry::{ErrorEntry, NotAnEntry};
pub use message::{Unit, is_query, queries, units};
pub use number::{NotANumber, boolean, integer, number};
pub use quote::{Unsafe, check_message, check_parameter, quote, unquote};
pub use reader::{Progress, ReaderError, ReplyReader};
pub use response::{fields, parts, strip_header};
pub use status::{EventStatus, StatusByte};
