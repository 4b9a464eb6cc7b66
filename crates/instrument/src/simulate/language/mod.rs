//! Understands program messages as IEEE 488.2 and SCPI-1999 define them, and keeps the status.

mod call;
mod complaint;
mod message;
mod status;
mod tree;
mod value;

pub(crate) use call::{Call, Outcome};
pub(crate) use complaint::Complaint;
pub(crate) use message::{Unit, ends_message, units};
pub(crate) use status::{Group, OPERATION_COMPLETE, QUEUE, Status};
pub(crate) use tree::{Access, Tree};
pub(crate) use value::{Range, Scale, integer};
