//! Outstations by the API: the router over a real engine and store, and an independent outstation that
//! is really spoken to.
#![cfg(test)]

mod consent;
mod jobs;
#[path = "../outstations/peer.rs"]
mod peer;
mod registry;
mod rig;
mod roles;
mod writes;
