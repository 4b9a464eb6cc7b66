//! The parts of the `station` program; see ARCHITECTURE.md for how they fit together.

pub mod access;
pub mod alarm_view;
pub mod api;
pub mod audit;
pub mod cli;
pub mod client;
pub mod config;
pub mod daemon;
pub mod doctor;
pub mod embed;
pub mod exporter;
pub mod import;
pub mod link;
pub mod log;
pub mod metrics;
pub mod notify;
pub mod outstation_words;
mod pem;
pub mod port;
pub mod runtime;
pub mod server;
pub mod store;

pub use outstation_words::outstation_words;
