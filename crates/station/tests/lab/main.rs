//! Equipment, profiles, states and acquisitions over the API and on the command line, against
//! simulated instruments: real engine, real store, real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a fault"
)]

mod acquisitions;
mod command_line;
mod commands;
mod profiles;
mod registry;
mod rig;
mod roles;
mod states;
