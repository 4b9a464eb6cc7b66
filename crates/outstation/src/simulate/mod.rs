//! Simulates an outstation: for those who have none, for tests, and for faults.
//!
//! ```text
//!  simulator: listens          connection: a socket, TLS, the link of the controlled side
//!                                   │ ASDUs in, ASDUs out
//!                                   ▼
//!  model: points, selections, commands, interrogations, counters, the clock; pure: time comes in
//!                                   ▲
//!  substation: the points there are without a file        fault: what is wrong with some points
//! ```
//!
//! It answers to the letter: whatever is asked is confirmed, refused, or answered with the cause that
//! says what is unknown; commands return the feedback point's value (cause 11) and end with a
//! termination. Several connections may stand, one of them is started: who starts another takes over
//! from the first, which then gets nothing more, and is closed if it goes on.

mod config;
mod connection;
mod fault;
mod model;
mod simulator;
mod substation;
mod tls;

pub use config::{Config, LinkFault, SimulateError, TlsFiles};
pub use fault::PointFault;
pub use model::Operated;
pub use simulator::Simulator;
pub use substation::{built_in, fault_points, measurements};
