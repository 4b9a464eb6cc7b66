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

mod cancel;
mod channel;
mod classify;
mod client;
mod command;
mod command_manager;
mod failure;
mod guard;
mod lines;
mod master;
mod mux;
mod node;
mod pause;
mod plain;
mod request;
mod route;
mod running;
mod session;
mod sink;
mod sweep;
mod together;

pub use cancel::Cancel;
pub use client::{Client, ClientConfig};
pub use command::{Command, CommandError, Finished, OnAbnormal, Overrun, Plan, Tick, Ticks};
pub use command_manager::{AbnormalEnd, ActiveCommand, CommandId, CommandManager};
pub use failure::{Failure, FailureKind};
pub use lines::{Line, LineEnd, LinePolicy, Lines, Partial, Returns, Utf8};
pub use node::{Node, NodeBuilder};
pub use pause::{pause, pause_unless};
pub use request::{Guard, Request};
pub use route::Route;
pub use running::{End, Ended, Read, RemoteProcess, Running, Stdin};
pub use session::{Input, InputWriter, Outcome, Results, RexecOptions, Session, Stopped, Timeouts};
pub use sink::{
    ChannelSink, LineSink, LogFile, LogFileOptions, LogStats, OwnedLine, Source, TracingSink,
    WhenFull, callback, channel,
};
pub use station_core::model::{HostKeys, Kill, NodeKind, OutputCap, Remains, Stream};
pub use together::{Batches, FailedFast, Rolled, fail_fast, fan_out, join_all, rolling};
