//! Policies: small pure functions that say what is done when things are late, fail or collide.

pub mod conflict;
pub mod expiry;
pub mod misfire;
pub mod retry;
