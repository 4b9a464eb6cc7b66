//! The audit trail as rows: appended by the writer, found and verified by readers.

mod pages;
mod reading;
mod writing;

pub(super) use self::writing::{Trail, is_open, keep, outstanding};
