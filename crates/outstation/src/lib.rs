//! Outstations: how they are reached and watched over IEC 60870-5-104, which of their points may be
//! commanded, and how a command goes.
//!
//! ```text
//!  points: text ─▶ points       value: text ⇄ octets       hours, interlock: rules, read once
//!                       ▼
//!  session: socket, TLS, tap ─▶ cache: the latest value of each point
//!                       ▼
//!  permit: may this be sent now? ─▶ desk: permit ─▶ previous value ─▶ intent ─▶ frames ─▶ outcome
//! ```
//!
//! `simulate` is an outstation of our own: for those who have none, and for faults.

pub mod cache;
pub mod desk;
pub mod hours;
pub mod interlock;
pub mod permit;
pub mod points;
pub mod rate;
pub mod session;
pub mod simulate;
pub mod value;
