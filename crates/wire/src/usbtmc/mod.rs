//! USBTMC 1.0 and its subclass USB488: instruments on USB, the messages on their bulk endpoints.
//!
//! ```text
//!  bulk-OUT  DEV_DEP_MSG_OUT, the last with EOM ─▶ REQUEST_DEV_DEP_MSG_IN
//!  bulk-IN                                       ◀─ DEV_DEP_MSG_IN with the same tag, the last with EOM
//! ```

mod message;
mod request;

pub use message::{
    HEADER_LENGTH, Malformed, Reply, Tag, TransferKind, message_out, request_in, trigger,
};
pub use request::{ControlRequest, Status, interrupt_status_byte, status_byte};
