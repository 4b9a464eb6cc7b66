//! Links: the transports to targets, one file or directory each.

pub mod local;
