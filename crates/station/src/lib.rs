//! The parts of the `station` program; see ARCHITECTURE.md for how they fit together.

pub mod api;
pub mod daemon;
pub mod link;
pub mod notify;
pub mod port;
pub mod runtime;
pub mod server;
pub mod store;
