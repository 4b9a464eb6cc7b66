//! The SSH command library: nodes, sessions, repeating commands; usable without the daemon.
//!
//! The crate is empty until remote nodes land.
