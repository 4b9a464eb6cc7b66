//! Masters: the `ssh -M` processes whose connections our commands share, one or more for a host.
//!
//! ```text
//!  open ──▶ slot: a place on a master                    pool     which masters, places, queues
//!            │   none: wait; the first one connects       connect  `ssh -M -N` until it listens
//!            ▼                                             life     idle, retired, dead
//!          begin: the command's session, by mux            begin    heals what has gone meanwhile
//! ```
//!
//! - All who want a host that has no connection wait for one attempt, and share its failure.
//! - Once a host has a connection, more are made when commands have waited for a place for 100 ms.
//! - A connection that refuses a session shows how many its host takes; it is not asked for more.
//! - At most [`ClientConfig::masters`](crate::ClientConfig::masters) connections are kept: to make
//!   another, the one unused for longest is closed. While all are in use, more are made, and closed
//!   as soon as they are not.
//! - Whatever happens to us, the keeper ends them.

mod base;
mod begin;
mod connect;
mod directory;
mod keeper;
mod life;
mod pool;
mod process;
mod seats;
mod watch;

pub(crate) use base::Log;
pub(crate) use keeper::Keeper;
pub(crate) use pool::{Place, Pool};
pub(crate) use process::{common_arguments, in_words};
