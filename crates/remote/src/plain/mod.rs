//! Plain channels: an `ssh` or `ush` process for one command.

mod argv;
mod process;

pub(crate) use process::open;
