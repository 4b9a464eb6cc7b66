//! The guard: a POSIX shell script that is sent along with a command, runs it in a process group, ends
//! that when it is told to or when nobody is there any more, and tells how the command ended.
//!
//! ```text
//!            stdin (the lease)                          stdout, stderr
//! here  ──── T: SIGTERM, K: SIGKILL ────▶  guard  ────▶ RS STN nonce [group=N]      it begins
//!            its end: SIGTERM, grace, SIGKILL           … the command's own bytes …
//!                                                       RS STN nonce rc=N           it has ended
//! ```
//!
//! What comes before the first mark is not the command's: rc files of the login shell have written it.
//! A command that reads its standard input has the lease on a second channel (`lease.sh`). Whether
//! anything is left of a group is looked for on a channel of its own (`end.sh`).

mod marks;
mod nonce;
mod quote;
mod script;
#[cfg(test)]
mod tests;

pub(crate) use marks::Marks;
pub(crate) use nonce::Nonce;
pub(crate) use quote::{is_name, word};
pub(crate) use script::{Age, Reader, Run, end, lease};
