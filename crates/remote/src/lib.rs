//! The SSH command library: runs commands on nodes over the user's OpenSSH, and ends them there.
//!
//! ```text
//! Node, Session, Command, CommandManager      what people use; lines, sinks, time limits, repeats
//!        │
//! Client::start ─▶ Running                    one command under its guard: bytes, signals, its end
//!        │
//! Channel                                     three pipes and an end: over a ControlMaster, spoken
//!                                             to in-process, or over an `ssh` or `ush` of its own
//! ```

mod channel;
mod client;
mod failure;
mod plain;
mod request;
mod route;
mod running;

pub use client::{Client, ClientConfig};
pub use failure::{Failure, FailureKind};
pub use request::{Guard, Request};
pub use route::Route;
pub use running::{End, Ended, Read, RemoteProcess, Running, Stdin};
pub use station_core::model::{HostKeys, Kill, NodeKind, Remains};
